// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "audio"

#include "mcu/audio_thread.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/ring.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

#define COMMANDS      4096
#define PACKETS_IN    2048
#define PACKETS_OUT   256
#define CATCH_UP_US   (3 * AUDIO_TICK_US) // more is left out: late sound helps nobody
#define FIFO_PRIORITY 20

enum audio_op {
    AUDIO_ADD_CONFERENCE,
    AUDIO_REMOVE_CONFERENCE,
    AUDIO_ADD_MEMBER,
    AUDIO_REMOVE_MEMBER,
    AUDIO_RESTART_MEMBER,
    AUDIO_SET_MEMBER,
    AUDIO_SET_LOSS,
    AUDIO_STOP,
};

// Towards the audio thread with what is to be added; back with what is to be freed.
struct audio_command {
    enum audio_op op;
    uint16_t conference, slot;
    struct audio_member wishes;
    int loss_percent;
    struct mixer_bus *bus;
    struct mixer_input *input;
};

// What a net thread hands over. Not when the tick takes it, but when it came tells the jitter
// buffer how long it may wait.
struct audio_in {
    int64_t came_us;
    struct mixer_packet packet;
};

struct audio_thread {
    struct audio_thread_config config;
    pthread_t thread;
    bool has_thread;
    struct ticker ticker;
    struct mixer *mixer;          // the audio thread's
    struct ring *commands, *back; // struct audio_command
    struct ring *in[AUDIO_THREAD_NETS_MAX], *out[AUDIO_THREAD_NETS_MAX];
    bool has_output[AUDIO_THREAD_NETS_MAX];
    int64_t due_us; // of the running tick

    GQueue waiting; // control thread: commands that found the ring full
    int on_the_way; // control thread: objects that must come back
};

// --- audio thread --------------------------------------------------------------------------------

static void give_back(struct audio_thread *audio, struct audio_command *command)
{
    // As many slots as commands, and the control thread sends no more than come back.
    bool pushed = ring_push(audio->back, command);
    (void)pushed;
}

static bool carry_out(struct audio_thread *audio, struct audio_command *command)
{
    struct mixer *mixer = audio->mixer;
    switch (command->op) {
    case AUDIO_ADD_CONFERENCE:
        if (mixer_add_bus(mixer, command->bus) < 0)
            give_back(audio, command);
        break;
    case AUDIO_REMOVE_CONFERENCE:
        command->bus = mixer_remove_bus(mixer, command->conference);
        give_back(audio, command);
        break;
    case AUDIO_ADD_MEMBER:
        if (mixer_add_input(mixer, command->conference, command->input) < 0)
            give_back(audio, command);
        break;
    case AUDIO_REMOVE_MEMBER:
        command->input = mixer_remove_input(mixer, command->slot);
        give_back(audio, command);
        break;
    case AUDIO_RESTART_MEMBER:
        mixer_restart(mixer, command->slot);
        break;
    case AUDIO_SET_MEMBER:
        mixer_set(mixer, command->slot, command->wishes.heard, command->wishes.pinned,
                command->wishes.gain);
        mixer_set_even(mixer, command->slot, command->wishes.is_even);
        mixer_set_language(mixer, command->slot, command->wishes.speaks, command->wishes.hears,
                command->wishes.is_thin);
        break;
    case AUDIO_SET_LOSS:
        mixer_set_loss(mixer, command->conference, command->loss_percent);
        break;
    case AUDIO_STOP:
        return false;
    }
    return true;
}

static void take_output(void *user, const struct mixer_output *output)
{
    struct audio_thread *audio = user;
    struct audio_out out = {
        .conference = output->bus,
        .slot = output->slot,
        .language = output->language,
        .is_thin = output->is_thin,
        .tick = output->tick,
        .due_us = audio->due_us - (output->is_thin ? MIXER_THIN_TICKS - 1 : 0) * AUDIO_TICK_US,
        .size = (uint16_t)output->size,
    };
    memcpy(out.data, output->data, output->size);
    // Only the net thread knows which of its members an own frame is for.
    for (int net = 0; net < audio->config.net_count; net++) {
        if (ring_push(audio->out[net], &out))
            audio->has_output[net] = true;
        else
            metric_add(&mcu_audio_out_ring_full_total, 1);
    }
}

static void wake_nets(struct audio_thread *audio)
{
    const uint64_t one = 1;
    for (int net = 0; net < audio->config.net_count; net++) {
        if (!audio->has_output[net])
            continue;
        ssize_t written = write(audio->config.net_wake_fds[net], &one, sizeof(one));
        (void)written;
        audio->has_output[net] = false;
    }
}

static void update_metrics(const struct audio_thread *audio)
{
    const struct mixer_counters *counters = mixer_counters(audio->mixer);
    metric_set(&mcu_audio_packets_total, (int64_t)counters->packets);
    metric_set(&mcu_audio_no_input_total, (int64_t)counters->no_input);
    metric_set(&mcu_audio_late_total, (int64_t)counters->late);
    metric_set(&mcu_audio_duplicate_total, (int64_t)counters->duplicate);
    metric_set(&mcu_audio_overflow_total, (int64_t)counters->overflow);
    metric_set(&mcu_audio_decoded_total, (int64_t)counters->decoded);
    metric_set(&mcu_audio_decode_errors_total, (int64_t)counters->decode_errors);
    metric_set(&mcu_audio_corrected_total, (int64_t)counters->corrected);
    metric_set(&mcu_audio_concealed_total, (int64_t)counters->concealed);
    metric_set(&mcu_audio_concealed_total, (int64_t)counters->concealed);
    metric_set(&mcu_audio_red_used_total, (int64_t)counters->red_used);
    metric_set(&mcu_audio_silent_total, (int64_t)counters->silent);
    metric_set(&mcu_audio_encoded_shared_total, (int64_t)counters->encoded_shared);
    metric_set(&mcu_audio_encoded_thin_total, (int64_t)counters->encoded_thin);
    metric_set(&mcu_audio_encoded_own_total, (int64_t)counters->encoded_own);
}

static void tick(struct audio_thread *audio, int64_t due_us)
{
    struct audio_in in;
    const int64_t now_us = ticker_now_us();
    audio->due_us = due_us;
    for (int net = 0; net < audio->config.net_count; net++)
        while (ring_pop(audio->in[net], &in))
            mixer_push(audio->mixer, &in.packet, in.came_us);
    mixer_tick(audio->mixer, (uint32_t)(due_us / AUDIO_TICK_US), now_us, take_output, audio);
    wake_nets(audio);

    update_metrics(audio);
    metric_add(&mcu_audio_ticks_total, 1);
    metric_add(&mcu_audio_ticks_late_total, now_us - due_us > AUDIO_TICK_US);
    metric_add(&mcu_audio_ticks_skipped_total, ticker_skip(&audio->ticker, CATCH_UP_US));
}

static void *thread_main(void *data)
{
    struct audio_thread *audio = data;
    pthread_setname_np(pthread_self(), "audio");
    for (;;) {
        int64_t due_us = 0;
        if (ticker_wait(&audio->ticker, &due_us))
            tick(audio, due_us);
        struct audio_command command;
        while (ring_pop(audio->commands, &command))
            if (!carry_out(audio, &command))
                return NULL;
        ticker_run(&audio->ticker, !mixer_is_empty(audio->mixer));
    }
}

// --- control thread ------------------------------------------------------------------------------

static void start_thread(struct audio_thread *audio)
{
    pthread_create(&audio->thread, NULL, thread_main, audio);
    audio->has_thread = true;
    const struct sched_param parameters = { .sched_priority = FIFO_PRIORITY };
    int rc = pthread_setschedparam(audio->thread, SCHED_FIFO, &parameters);
    if (rc != 0)
        log_info("no real-time priority for the audio thread reason=\"%s\"", g_strerror(rc));
}

int audio_thread_open(const struct audio_thread_config *config, struct audio_thread **out)
{
    struct audio_thread *audio = g_new0(struct audio_thread, 1);
    audio->config = *config;
    g_queue_init(&audio->waiting);
    audio->mixer = mixer_new();
    audio->commands = ring_new(sizeof(struct audio_command), COMMANDS);
    audio->back = ring_new(sizeof(struct audio_command), COMMANDS);
    for (int net = 0; net < config->net_count; net++) {
        audio->in[net] = ring_new(sizeof(struct audio_in), PACKETS_IN);
        audio->out[net] = ring_new(sizeof(struct audio_out), PACKETS_OUT);
    }
    int rc = ticker_open(&audio->ticker, AUDIO_TICK_US);
    if (rc < 0) {
        audio_thread_close(audio);
        return rc;
    }
    start_thread(audio);
    *out = audio;
    return 0;
}

static void flush_waiting(struct audio_thread *audio)
{
    struct audio_command *command;
    while ((command = g_queue_peek_head(&audio->waiting)) != NULL) {
        if (!ring_push(audio->commands, command))
            break;
        g_free(g_queue_pop_head(&audio->waiting));
    }
}

static void send_command(struct audio_thread *audio, const struct audio_command *command)
{
    flush_waiting(audio);
    if (!g_queue_is_empty(&audio->waiting) || !ring_push(audio->commands, command)) {
        struct audio_command *copy = g_new(struct audio_command, 1);
        *copy = *command;
        g_queue_push_tail(&audio->waiting, copy);
    }
    ticker_wake(&audio->ticker);
}

bool audio_thread_collect(struct audio_thread *audio)
{
    flush_waiting(audio);
    struct audio_command command;
    while (ring_pop(audio->back, &command)) {
        mixer_bus_close(command.bus);
        mixer_input_close(command.input);
        if (command.op == AUDIO_REMOVE_CONFERENCE || command.op == AUDIO_REMOVE_MEMBER)
            audio->on_the_way--;
    }
    return audio->on_the_way > 0 || !g_queue_is_empty(&audio->waiting);
}

void audio_thread_stop(struct audio_thread *audio)
{
    if (!audio || !audio->has_thread)
        return;
    do {
        flush_waiting(audio);
    } while (!g_queue_is_empty(&audio->waiting));
    send_command(audio, &(struct audio_command){ .op = AUDIO_STOP });
    pthread_join(audio->thread, NULL);
    audio->has_thread = false;
}

void audio_thread_close(struct audio_thread *audio)
{
    if (!audio)
        return;
    audio_thread_stop(audio);
    audio_thread_collect(audio);
    mixer_free(audio->mixer);
    ring_free(audio->commands);
    ring_free(audio->back);
    for (int net = 0; net < AUDIO_THREAD_NETS_MAX; net++) {
        ring_free(audio->in[net]);
        ring_free(audio->out[net]);
    }
    g_queue_clear_full(&audio->waiting, g_free);
    ticker_close(&audio->ticker);
    g_free(audio);
}

int audio_thread_add_conference(struct audio_thread *audio, uint16_t conference)
{
    struct audio_command command = { .op = AUDIO_ADD_CONFERENCE, .conference = conference };
    const struct mixer_bus_config config = {
        .id = conference,
        .bit_rate = audio->config.bit_rate,
        .loss_percent = audio->config.loss_percent,
    };
    int rc = mixer_bus_open(&config, &command.bus);
    if (rc == 0)
        send_command(audio, &command);
    return rc;
}

void audio_thread_remove_conference(struct audio_thread *audio, uint16_t conference)
{
    audio->on_the_way++;
    send_command(audio,
            &(struct audio_command){ .op = AUDIO_REMOVE_CONFERENCE, .conference = conference });
}

int audio_thread_add_member(struct audio_thread *audio, uint16_t conference, uint16_t slot)
{
    struct audio_command command = {
        .op = AUDIO_ADD_MEMBER,
        .conference = conference,
        .slot = slot,
    };
    int rc = mixer_input_open(slot, &command.input);
    if (rc == 0)
        send_command(audio, &command);
    return rc;
}

void audio_thread_remove_member(struct audio_thread *audio, uint16_t slot)
{
    audio->on_the_way++;
    send_command(audio, &(struct audio_command){ .op = AUDIO_REMOVE_MEMBER, .slot = slot });
}

void audio_thread_restart_member(struct audio_thread *audio, uint16_t slot)
{
    send_command(audio, &(struct audio_command){ .op = AUDIO_RESTART_MEMBER, .slot = slot });
}

void audio_thread_set_member(
        struct audio_thread *audio, uint16_t slot, const struct audio_member *wishes)
{
    send_command(audio,
            &(struct audio_command){ .op = AUDIO_SET_MEMBER, .slot = slot, .wishes = *wishes });
}

void audio_thread_set_loss(struct audio_thread *audio, uint16_t conference, int loss_percent)
{
    send_command(audio,
            &(struct audio_command){
                    .op = AUDIO_SET_LOSS, .conference = conference, .loss_percent = loss_percent });
}

uint32_t audio_thread_concealed(const struct audio_thread *audio, uint16_t slot)
{
    return mixer_concealed(audio->mixer, slot);
}

int audio_thread_level(const struct audio_thread *audio, uint16_t slot)
{
    return mixer_level(audio->mixer, slot);
}

bool audio_thread_push(
        struct audio_thread *audio, int net, const struct mixer_packet *packet, int64_t came_us)
{
    struct audio_in in = { .came_us = came_us };
    memcpy(&in.packet, packet, offsetof(struct mixer_packet, data) + packet->size);
    return ring_push(audio->in[net], &in);
}

bool audio_thread_pop(struct audio_thread *audio, int net, struct audio_out *out)
{
    return ring_pop(audio->out[net], out);
}
