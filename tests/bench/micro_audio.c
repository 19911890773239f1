// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "micro_audio"

#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/tone.h"
#include "mcu/audio/mixer.h"
#include "tests/bench/clock.h"
#include "tests/bench/material.h"
#include "tests/bench/micro.h"
#include "tests/load/voice.h"

#define BUS        1
#define ROOMS      20
#define TALKERS    8
#define TICK_US    20000
#define WARM_TICKS 50

// --- the tick with eight who talk at once --------------------------------------------------------

struct hall {
    struct mixer *mixer;
    uint8_t frames[TALKERS][CLIP_SOUND_FRAMES][MIXER_PAYLOAD_MAX];
    uint16_t sizes[TALKERS][CLIP_SOUND_FRAMES];
    uint32_t tick;
    uint64_t outputs;
    mixer_output_fn *listener;
    void *listener_user;
};

static void count_output(void *user, const struct mixer_output *output)
{
    struct hall *hall = user;
    hall->outputs++;
    if (hall->listener)
        hall->listener(hall->listener_user, output);
}

static struct mixer *open_mixer(int rooms)
{
    const struct mixer_bus_config config = {
        .id = BUS, .bit_rate = MATERIAL_SOUND_BPS, .loss_percent = MATERIAL_SOUND_LOSS
    };
    struct mixer *mixer = mixer_new();
    struct mixer_bus *bus = NULL;
    int rc = mixer_bus_open(&config, &bus);
    if (rc == 0)
        rc = mixer_add_bus(mixer, bus);
    for (uint16_t slot = 0; rc == 0 && slot < rooms; slot++) {
        struct mixer_input *input = NULL;
        rc = mixer_input_open(slot, &input);
        if (rc == 0)
            rc = mixer_add_input(mixer, BUS, input);
    }
    if (rc == 0)
        return mixer;
    log_error("no mixer errno=%d", -rc);
    mixer_free(mixer);
    return NULL;
}

static void record_talker(struct hall *hall, int talker)
{
    int error = OPUS_OK;
    OpusEncoder *opus = opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    struct tone tone;
    tone_init(&tone, 300 + 125 * talker, -20, AUDIO_RATE_HZ);
    for (int i = 0; i < CLIP_SOUND_FRAMES; i++) {
        int16_t pcm[AUDIO_FRAME] = { 0 };
        tone_add(&tone, pcm, AUDIO_FRAME);
        hall->sizes[talker][i] = (uint16_t)opus_encode(
                opus, pcm, AUDIO_FRAME, hall->frames[talker][i], MIXER_PAYLOAD_MAX);
    }
    opus_encoder_destroy(opus);
}

static void tick_hall(void *user)
{
    struct hall *hall = user;
    const uint32_t tick = hall->tick++;
    const unsigned frame = tick % CLIP_SOUND_FRAMES;
    for (uint16_t talker = 0; talker < TALKERS; talker++) {
        struct mixer_packet packet = { .slot = talker,
            .seq = (uint16_t)tick,
            .timestamp = tick * AUDIO_FRAME,
            .level = 20,
            .has_level = true,
            .size = hall->sizes[talker][frame] };
        memcpy(packet.data, hall->frames[talker][frame], packet.size);
        mixer_push(hall->mixer, &packet, (int64_t)tick * TICK_US);
    }
    mixer_tick(hall->mixer, tick, (int64_t)tick * TICK_US + TICK_US / 2, count_output, hall);
}

static double measure_tick(const struct micro *micro)
{
    struct hall *hall = calloc(1, sizeof(*hall));
    double us = -1;
    if (hall)
        hall->mixer = open_mixer(ROOMS);
    if (hall && hall->mixer) {
        for (uint16_t talker = 0; talker < TALKERS; talker++) {
            mixer_set(hall->mixer, talker, true, false, AUDIO_GAIN_ONE);
            record_talker(hall, talker);
        }
        for (int i = 0; i < WARM_TICKS; i++)
            tick_hall(hall);
        hall->outputs = 0;
        const uint32_t from = hall->tick;
        us = clock_time_us(tick_hall, hall, micro->for_ms);
        if (hall->outputs != (uint64_t)(hall->tick - from) * (TALKERS + 1))
            us = -1; // not all eight were mixed
        mixer_free(hall->mixer);
    }
    free(hall);
    return us;
}

// --- the tick of a large meeting
// ------------------------------------------------------------------

#define MANY         200
#define SILENT_EVERY 10
#define SILENT_LEVEL 127

struct crowd {
    struct mixer *mixer;
    struct voices *voices;
    GBytes *silence;
    uint16_t talkers;
    uint32_t tick;
    uint64_t outputs;
};

static void count_crowd(void *user, const struct mixer_output *output)
{
    (void)output;
    ((struct crowd *)user)->outputs++;
}

static void push_crowd(struct crowd *crowd, uint16_t slot, GBytes *frame, uint8_t level)
{
    struct mixer_packet packet = { .slot = slot,
        .seq = (uint16_t)(slot < crowd->talkers ? crowd->tick : crowd->tick / SILENT_EVERY),
        .timestamp = crowd->tick * AUDIO_FRAME,
        .level = level,
        .has_level = true };
    size_t size;
    const uint8_t *data = g_bytes_get_data(frame, &size);
    packet.size = (uint16_t)MIN(size, sizeof(packet.data));
    memcpy(packet.data, data, packet.size);
    mixer_push(crowd->mixer, &packet, (int64_t)crowd->tick * TICK_US);
}

static void tick_crowd(void *user)
{
    struct crowd *crowd = user;
    for (uint16_t slot = 0; slot < MANY; slot++) {
        const unsigned at = (crowd->tick + slot * 7u) % VOICE_FRAMES;
        const struct voice *voice = voices_of(crowd->voices, slot); // NULL: it does not speak
        if (slot < crowd->talkers)
            push_crowd(crowd, slot, voice->frames[at], voice->levels[at]);
        else if ((crowd->tick + slot) % SILENT_EVERY == 0)
            push_crowd(crowd, slot, crowd->silence, SILENT_LEVEL);
    }
    mixer_tick(crowd->mixer, crowd->tick, (int64_t)crowd->tick * TICK_US + TICK_US / 2, count_crowd,
            crowd);
    crowd->tick++;
}

static double measure_crowd(const struct micro *micro, uint16_t talkers)
{
    struct crowd crowd = { .mixer = open_mixer(MANY),
        .voices = voices_new(NULL, 0, talkers),
        .silence = clip_silence(),
        .talkers = talkers };
    double us = -1;
    if (crowd.mixer) {
        for (uint16_t slot = 0; slot < MANY; slot++)
            mixer_set(crowd.mixer, slot, true, false, AUDIO_GAIN_ONE);
        for (int i = 0; i < WARM_TICKS; i++)
            tick_crowd(&crowd);
        crowd.outputs = 0;
        const uint32_t from = crowd.tick;
        us = clock_time_us(tick_crowd, &crowd, micro->for_ms);
        if (crowd.outputs < 2 * (uint64_t)(crowd.tick - from))
            us = -1; // nobody was mixed
    }
    mixer_free(crowd.mixer);
    voices_free(crowd.voices);
    g_bytes_unref(crowd.silence);
    return us;
}

static double measure_quiet_crowd(const struct micro *micro)
{
    return measure_crowd(micro, 3);
}

static double measure_noisy_crowd(const struct micro *micro)
{
    return measure_crowd(micro, MANY);
}

// --- how much later a sound leaves the mixer than it came ----------------------------------------

#define FRAMES     120
#define ONSET      80 // the frame that begins loud
#define QUIET_DBFS (-50)
#define LOUD_DBFS  (-12)
#define PHASES     8
#define HEARD_FROM 3000 // of a tone of 8 200

struct ear {
    OpusDecoder *decoder;
    int64_t onset_us; // when the loud part begins, as the frames come; -1: not yet
    uint32_t tick;
};

// The place of the onset in frames of 20 ms, the first of which begins at `at_us`.
static void listen(struct ear *ear, const uint8_t *data, size_t size, int64_t at_us)
{
    int16_t pcm[AUDIO_FRAME];
    const int samples = opus_decode(ear->decoder, data, (opus_int32)size, pcm, AUDIO_FRAME, 0);
    for (int i = 0; i < samples && ear->onset_us < 0; i++)
        if (abs(pcm[i]) > HEARD_FROM)
            ear->onset_us = at_us + (int64_t)i * 1000000 / AUDIO_RATE_HZ;
}

static void hear_mix(void *user, const struct mixer_output *output)
{
    struct ear *ear = user;
    if (output->slot == MIXER_SHARED)
        listen(ear, output->data, output->size, (int64_t)output->tick * TICK_US);
}

static int open_ear(struct ear *ear)
{
    int error = OPUS_OK;
    *ear = (struct ear){ .decoder = opus_decoder_create(AUDIO_RATE_HZ, 1, &error), .onset_us = -1 };
    return error == OPUS_OK ? 0 : -1;
}

// Packets come `phase_us` after each tick; `direct` hears them as they come, the other the mix.
static double delay_ms(struct mixer *mixer, int64_t phase_us)
{
    struct ear direct = { 0 }, mixed = { 0 };
    int error = OPUS_OK;
    OpusEncoder *opus = opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    struct tone quiet, loud;
    tone_init(&quiet, 1000, QUIET_DBFS, AUDIO_RATE_HZ);
    tone_init(&loud, 1000, LOUD_DBFS, AUDIO_RATE_HZ);
    const bool is_open = open_ear(&direct) == 0 && open_ear(&mixed) == 0 && error == OPUS_OK;
    struct hall hall = { .listener = hear_mix, .listener_user = &mixed };
    mixer_set(mixer, 0, true, true, AUDIO_GAIN_ONE);
    for (uint32_t frame = 0; is_open && frame < FRAMES; frame++) {
        int16_t pcm[AUDIO_FRAME] = { 0 };
        tone_add(frame < ONSET ? &quiet : &loud, pcm, AUDIO_FRAME);
        struct mixer_packet packet = {
            .seq = (uint16_t)frame, .timestamp = frame * AUDIO_FRAME, .level = 20, .has_level = true
        };
        packet.size =
                (uint16_t)opus_encode(opus, pcm, AUDIO_FRAME, packet.data, sizeof(packet.data));
        const int64_t came_us = (int64_t)frame * TICK_US + phase_us;
        listen(&direct, packet.data, packet.size, came_us);
        mixer_push(mixer, &packet, came_us);
        mixer_tick(mixer, frame + 1, (int64_t)(frame + 1) * TICK_US, count_output, &hall);
    }
    opus_encoder_destroy(opus);
    opus_decoder_destroy(direct.decoder);
    opus_decoder_destroy(mixed.decoder);
    if (direct.onset_us < 0 || mixed.onset_us < 0)
        return -1;
    return (double)(mixed.onset_us - direct.onset_us) / 1000;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// The delays of all phases, shortest first; false: no sound came through.
static bool measure_delays(double delays[PHASES])
{
    for (int phase = 0; phase < PHASES; phase++) {
        struct mixer *mixer = open_mixer(2);
        if (!mixer)
            return false;
        delays[phase] = delay_ms(mixer, (int64_t)TICK_US * (2 * phase + 1) / (2 * PHASES));
        mixer_free(mixer);
    }
    qsort(delays, PHASES, sizeof(delays[0]), compare);
    return delays[0] >= 0;
}

static double measure_delay(const struct micro *micro)
{
    (void)micro;
    double delays[PHASES];
    return measure_delays(delays) ? (delays[PHASES / 2 - 1] + delays[PHASES / 2]) / 2 : -1;
}

static double measure_worst_delay(const struct micro *micro)
{
    (void)micro;
    double delays[PHASES];
    return measure_delays(delays) ? delays[PHASES - 1] : -1;
}

const struct micro_row micro_audio_rows[] = {
    { "audio.mix_tick_8_talkers", "µs", measure_tick,
            "20 rooms: 8 decodes, 9 encodes; there is one tick every 20 000 µs" },
    { "audio.mix_tick_200_rooms", "µs", measure_quiet_crowd,
            "3 talk, the others send silence: decode, mix, encode, packets prepared" },
    { "audio.mix_tick_200_noisy", "µs", measure_noisy_crowd, "all 200 talk" },
    { "audio.added_delay_in_mixer", "ms", measure_delay,
            "clean link, median of 8 phases of arrival: jitter buffer, mix, limiter, Opus; no "
            "sockets" },
    { "audio.added_delay_in_mixer_worst", "ms", measure_worst_delay,
            "of the same phases: a packet that just missed its tick" },
    { 0 },
};
