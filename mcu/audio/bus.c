// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/audio/level.h"

// How long a member who fell silent keeps its own encode: moving between streams costs a little
// quality, and who spoke speaks again.
#define HOLD_TICKS        50
#define THIN_BIT_RATE     16000
#define THIN_BYTES_MAX    (THIN_BIT_RATE / 8 * 60 / 1000 * 5 / 4) // what a hard frame may take
#define FLOOR_FAINT       (AUDIO_GAIN_ONE / 8)                    // 18 dB under the interpreter
#define FLOOR_FALL        (AUDIO_GAIN_ONE / 5)                    // a tick
#define FLOOR_RISE        (AUDIO_GAIN_ONE / 50)
#define SPOKEN_DBOV       (-50)
#define SPOKEN_HOLD_TICKS 75 // an interpreter's pause for breath

static void set_loss(OpusEncoder *encoder, int loss_percent)
{
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(loss_percent > 0));
    opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(loss_percent));
}

static int open_encoder(int bit_rate, int loss_percent, OpusEncoder **out)
{
    int error = 0;
    OpusEncoder *encoder = opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    if (error != OPUS_OK)
        return -ENOMEM;
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bit_rate));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(BUS_ENCODE_COMPLEXITY));
    set_loss(encoder, loss_percent);
    *out = encoder;
    return 0;
}

int mixer_bus_open(const struct mixer_bus_config *config, struct mixer_bus **out)
{
    struct mixer_bus *bus = calloc(1, sizeof(*bus));
    if (!bus)
        abort();
    bus->config = *config;
    int rc = 0;
    for (int i = 0; rc == 0 && i < MIXER_LANGUAGES; i++) {
        struct bus_channel *channel = &bus->channels[i];
        limiter_init(&channel->shared.limiter);
        channel->floor_gain = AUDIO_GAIN_ONE;
        rc = open_encoder(config->bit_rate, config->loss_percent, &channel->shared.encoder);
        if (rc == 0)
            rc = open_encoder(THIN_BIT_RATE, config->loss_percent, &channel->thin_encoder);
    }
    for (int i = 0; rc == 0 && i < BUS_OWNS; i++)
        rc = open_encoder(config->bit_rate, config->loss_percent, &bus->owns[i].encoder);
    if (rc < 0) {
        mixer_bus_close(bus);
        return rc;
    }
    *out = bus;
    return 0;
}

static void close_output(struct bus_output *output)
{
    if (output->encoder)
        opus_encoder_destroy(output->encoder);
}

void mixer_bus_close(struct mixer_bus *bus)
{
    if (!bus)
        return;
    for (int i = 0; i < MIXER_LANGUAGES; i++) {
        close_output(&bus->channels[i].shared);
        if (bus->channels[i].thin_encoder)
            opus_encoder_destroy(bus->channels[i].thin_encoder);
    }
    for (int i = 0; i < BUS_OWNS; i++)
        close_output(&bus->owns[i]);
    free(bus);
}

void bus_set_language(struct mixer_bus *bus, struct mixer_input *input, uint8_t speaks,
        uint8_t hears, bool is_thin)
{
    if (input->hears != hears)
        bus->channels[hears].break_prediction = true;
    if (input->speaks != speaks)
        input->gain_now = 0; // fades in where it now is
    input->speaks = speaks;
    input->hears = hears;
    input->is_thin = is_thin;
    input->rank.pinned = input->is_asked_pinned || speaks != 0;
}

void bus_set_loss(struct mixer_bus *bus, int loss_percent)
{
    for (int i = 0; i < MIXER_LANGUAGES; i++) {
        set_loss(bus->channels[i].shared.encoder, loss_percent);
        set_loss(bus->channels[i].thin_encoder, loss_percent);
    }
    for (int i = 0; i < BUS_OWNS; i++)
        set_loss(bus->owns[i].encoder, loss_percent);
}

void bus_forget_input(struct mixer_bus *bus, const struct mixer_input *input)
{
    for (int i = 0; i < BUS_OWNS; i++)
        if (bus->owns[i].input == input)
            bus->owns[i].input = NULL;
    for (size_t i = 0; i < bus->input_count; i++) {
        if (bus->inputs[i] != input)
            continue;
        bus->inputs[i] = bus->inputs[--bus->input_count];
        return;
    }
}

static int wanted_gain(struct mixer_input *input)
{
    if (!input->rank.chosen)
        return 0;
    if (!input->is_even)
        return input->gain;
    const int level = input->has_levels ? level_dbov(input_pcm(input), AUDIO_FRAME) : input->level;
    const int64_t gain = (int64_t)input->gain * agc_step(&input->agc, level) / AUDIO_GAIN_ONE;
    return gain < AUDIO_GAIN_MOST ? (int)gain : AUDIO_GAIN_MOST;
}

static void take_part(struct mixer_bus *bus, struct mixer_input *input, uint32_t tick,
        struct mixer_counters *counters)
{
    struct bus_channel *channel = &bus->channels[input->speaks];
    const bool is_wanted = input->rank.chosen && input->gain != 0;
    input->adds = is_wanted || input->gain_now != 0;
    if (!input->adds)
        return;
    input_decode(input, counters);
    const int target = wanted_gain(input);
    mix_scale(input->part, input_pcm(input), input->gain_now, target);
    mix_add(channel->sum, input->part);
    input->gain_now = target;
    if (input->rank.chosen && input->level > SPOKEN_DBOV) {
        channel->spoken_at = tick;
        channel->was_spoken = true;
    }
}

// The floor under an interpretation: `floor` is what of it this listener may hear.
static void mix_under(const struct bus_channel *channel, const int32_t *spoken,
        const int32_t *floor, int32_t *out)
{
    const int64_t step = channel->floor_gain - channel->floor_from;
    for (int i = 0; i < AUDIO_FRAME; i++) {
        const int64_t gain = channel->floor_from + step * (i + 1) / AUDIO_FRAME;
        out[i] = spoken[i] + (int32_t)(floor[i] * gain / AUDIO_GAIN_ONE);
    }
}

static void mix_channels(struct mixer_bus *bus, uint32_t tick)
{
    for (int i = 1; i < MIXER_LANGUAGES; i++) {
        struct bus_channel *channel = &bus->channels[i];
        const bool is_spoken = channel->was_spoken && tick - channel->spoken_at < SPOKEN_HOLD_TICKS;
        channel->floor_from = channel->floor_gain;
        if (is_spoken && channel->floor_gain > FLOOR_FAINT)
            channel->floor_gain -= FLOOR_FALL;
        if (!is_spoken && channel->floor_gain < AUDIO_GAIN_ONE)
            channel->floor_gain += FLOOR_RISE;
        if (is_spoken && channel->floor_gain < FLOOR_FAINT)
            channel->floor_gain = FLOOR_FAINT;
        if (channel->floor_gain > AUDIO_GAIN_ONE)
            channel->floor_gain = AUDIO_GAIN_ONE;
        if (channel->listeners + channel->thin_listeners > 0)
            mix_under(channel, channel->sum, bus->channels[0].sum, channel->mix);
    }
    memcpy(bus->channels[0].mix, bus->channels[0].sum, sizeof(bus->channels[0].mix));
}

// It would hear its own voice in the shared encode of the language that it hears.
static bool hears_itself(const struct mixer_input *input)
{
    return input->adds && (input->speaks == input->hears || input->speaks == 0);
}

// What it hears without itself.
static void mix_own(const struct mixer_bus *bus, const struct mixer_input *input, int32_t *out)
{
    const struct bus_channel *channel = &bus->channels[input->hears];
    int32_t rest[AUDIO_FRAME];
    if (!hears_itself(input)) {
        memcpy(out, channel->mix, sizeof(channel->mix));
    } else if (input->hears == 0) {
        mix_minus(out, channel->sum, input->part);
    } else if (input->speaks == input->hears) {
        mix_minus(rest, channel->sum, input->part);
        mix_under(channel, rest, bus->channels[0].sum, out);
    } else {
        mix_minus(rest, bus->channels[0].sum, input->part);
        mix_under(channel, channel->sum, rest, out);
    }
}

static void mix_inputs(
        struct mixer_bus *bus, uint32_t tick, int64_t now_us, struct mixer_counters *counters)
{
    for (int i = 0; i < MIXER_LANGUAGES; i++) {
        bus->channels[i].listeners = bus->channels[i].thin_listeners = 0;
        mix_clear(bus->channels[i].sum);
    }
    struct ranking_entry *ranks[BUS_INPUTS_MAX];
    for (size_t i = 0; i < bus->input_count; i++) {
        struct mixer_input *input = bus->inputs[i];
        input_advance(input, now_us, counters);
        if (!input->has_levels && input->action != AUDIO_JITTER_SILENCE)
            input_decode(input, counters);
        input->rank.candidate = input->heard;
        input->rank.level = input->level;
        ranks[i] = &input->rank;
        bus->channels[input->hears].listeners += !input->is_thin;
        bus->channels[input->hears].thin_listeners += input->is_thin;
    }
    ranking_choose(ranks, bus->input_count, MIXER_CHOSEN_MAX, now_us / 1000);

    for (size_t i = 0; i < bus->input_count; i++)
        take_part(bus, bus->inputs[i], tick, counters);
    mix_channels(bus, tick);
}

// Free, else the one whose member was silent the longest.
static struct bus_output *output_to_take(struct mixer_bus *bus, uint32_t tick)
{
    struct bus_output *best = NULL;
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input)
            return own;
        if (!hears_itself(own->input) && (!best || tick - own->added_at > tick - best->added_at))
            best = own;
    }
    return best;
}

static struct bus_output *output_of(struct mixer_bus *bus, const struct mixer_input *input)
{
    for (int i = 0; i < BUS_OWNS; i++)
        if (bus->owns[i].input == input)
            return &bus->owns[i];
    return NULL;
}

// The receiver's decoder has followed the shared stream: its own goes on from the same state, so no
// click is heard. An encoder's state is one block of memory that may be copied (opus.h).
static void give_output(struct mixer_bus *bus, struct mixer_input *input, uint32_t tick)
{
    struct bus_output *own = output_to_take(bus, tick);
    if (own->input)
        bus->channels[own->input->hears].break_prediction = true;
    const struct bus_output *shared = &bus->channels[input->hears].shared;
    own->input = input;
    own->added_at = tick;
    own->limiter = shared->limiter;
    memcpy(own->encoder, shared->encoder, (size_t)opus_encoder_get_size(1));
    opus_encoder_ctl(own->encoder, OPUS_SET_PREDICTION_DISABLED(0));
}

static void assign_outputs(struct mixer_bus *bus, uint32_t tick)
{
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input || hears_itself(own->input) || tick - own->added_at <= HOLD_TICKS)
            continue;
        bus->channels[own->input->hears].break_prediction = true;
        own->input = NULL;
    }
    for (size_t i = 0; i < bus->input_count; i++) {
        struct mixer_input *input = bus->inputs[i];
        if (!hears_itself(input))
            continue;
        struct bus_output *own = output_of(bus, input);
        if (own)
            own->added_at = tick;
        else
            give_output(bus, input, tick);
    }
}

static void emit(OpusEncoder *encoder, const int16_t *pcm, int samples, struct mixer_output *out,
        mixer_output_fn *fn, void *user)
{
    uint8_t payload[MIXER_PAYLOAD_MAX];
    const int size = opus_encode(
            encoder, pcm, samples, payload, out->is_thin ? THIN_BYTES_MAX : sizeof(payload));
    if (size <= 0)
        return;
    out->data = payload;
    out->size = (size_t)size;
    fn(user, out);
}

static void encode_owns(struct mixer_bus *bus, uint32_t tick, struct mixer_counters *counters,
        mixer_output_fn *fn, void *user)
{
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input)
            continue;
        struct mixer_output out = { .bus = bus->config.id,
            .slot = own->input->slot,
            .language = own->input->hears,
            .tick = tick };
        int32_t sum[AUDIO_FRAME];
        int16_t pcm[AUDIO_FRAME];
        mix_own(bus, own->input, sum);
        limiter_run(&own->limiter, sum, pcm);
        emit(own->encoder, pcm, AUDIO_FRAME, &out, fn, user);
        counters->encoded_own++;
    }
}

static void encode_thin(struct bus_channel *channel, const int16_t *pcm, struct mixer_output out,
        struct mixer_counters *counters, mixer_output_fn *fn, void *user)
{
    if (channel->thin_listeners == 0) {
        channel->thin_filled = 0;
        return;
    }
    memcpy(channel->thin_pcm + channel->thin_filled, pcm, AUDIO_FRAME * sizeof(pcm[0]));
    channel->thin_filled += AUDIO_FRAME;
    if (channel->thin_filled < MIXER_THIN_TICKS * AUDIO_FRAME)
        return;
    channel->thin_filled = 0;
    out.is_thin = true;
    out.tick -= MIXER_THIN_TICKS - 1;
    emit(channel->thin_encoder, channel->thin_pcm, MIXER_THIN_TICKS * AUDIO_FRAME, &out, fn, user);
    counters->encoded_thin++;
}

static void encode_shared(struct mixer_bus *bus, uint8_t language, uint32_t tick,
        struct mixer_counters *counters, mixer_output_fn *fn, void *user)
{
    struct bus_channel *channel = &bus->channels[language];
    if (language != 0 && channel->listeners + channel->thin_listeners == 0)
        return;
    struct mixer_output out = {
        .bus = bus->config.id, .slot = MIXER_SHARED, .language = language, .tick = tick
    };
    int16_t pcm[AUDIO_FRAME];
    limiter_run(&channel->shared.limiter, channel->mix, pcm);
    // A frame that leans on no earlier one lets members who come join the shared stream.
    opus_encoder_ctl(channel->shared.encoder,
            OPUS_SET_PREDICTION_DISABLED(channel->break_prediction ? 1 : 0));
    channel->break_prediction = false;
    emit(channel->shared.encoder, pcm, AUDIO_FRAME, &out, fn, user);
    counters->encoded_shared++;
    encode_thin(channel, pcm, out, counters, fn, user);
}

// Who comes to a language that nobody heard so far comes from the floor, as a rule: it begins where
// the floor's stream is.
static void start_channels(struct mixer_bus *bus)
{
    const struct bus_output *floor = &bus->channels[0].shared;
    for (int i = 1; i < MIXER_LANGUAGES; i++) {
        struct bus_channel *channel = &bus->channels[i];
        const bool is_heard = channel->listeners + channel->thin_listeners > 0;
        if (is_heard && !channel->is_running) {
            channel->shared.limiter = floor->limiter;
            memcpy(channel->shared.encoder, floor->encoder, (size_t)opus_encoder_get_size(1));
            channel->break_prediction = false;
        }
        channel->is_running = is_heard;
    }
}

void bus_tick(struct mixer_bus *bus, uint32_t tick, int64_t now_us, struct mixer_counters *counters,
        mixer_output_fn *fn, void *user)
{
    mix_inputs(bus, tick, now_us, counters);
    assign_outputs(bus, tick);
    start_channels(bus);
    encode_owns(bus, tick, counters, fn, user);
    for (uint8_t language = 0; language < MIXER_LANGUAGES; language++)
        encode_shared(bus, language, tick, counters, fn, user);
}
