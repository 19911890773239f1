// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// How long a member who fell silent keeps its own encode: moving between streams costs a little
// quality, and who spoke speaks again.
#define HOLD_TICKS 50

static int open_encoder(const struct mixer_bus_config *config, OpusEncoder **out)
{
    int error = 0;
    OpusEncoder *encoder = opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    if (error != OPUS_OK)
        return -ENOMEM;
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(config->bit_rate));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(BUS_ENCODE_COMPLEXITY));
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(config->loss_percent > 0));
    opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(config->loss_percent));
    *out = encoder;
    return 0;
}

int mixer_bus_open(const struct mixer_bus_config *config, struct mixer_bus **out)
{
    struct mixer_bus *bus = calloc(1, sizeof(*bus));
    if (!bus)
        abort();
    bus->config = *config;
    limiter_init(&bus->shared.limiter);
    int rc = open_encoder(config, &bus->shared.encoder);
    for (int i = 0; rc == 0 && i < BUS_OWNS; i++)
        rc = open_encoder(config, &bus->owns[i].encoder);
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
    close_output(&bus->shared);
    for (int i = 0; i < BUS_OWNS; i++)
        close_output(&bus->owns[i]);
    free(bus);
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

static void take_part(
        struct mixer_bus *bus, struct mixer_input *input, struct mixer_counters *counters)
{
    int target = input->rank.chosen ? input->gain : 0;
    input->adds = target != 0 || input->gain_now != 0;
    if (!input->adds)
        return;
    input_decode(input, counters);
    mix_scale(input->part, input_pcm(input), input->gain_now, target);
    mix_add(bus->sum, input->part);
    input->gain_now = target;
}

static void mix_inputs(struct mixer_bus *bus, int64_t now_us, struct mixer_counters *counters)
{
    struct ranking_entry *ranks[BUS_INPUTS_MAX];
    for (size_t i = 0; i < bus->input_count; i++) {
        struct mixer_input *input = bus->inputs[i];
        input_advance(input, now_us, counters);
        if (!input->has_levels && input->action != AUDIO_JITTER_SILENCE)
            input_decode(input, counters);
        input->rank.candidate = input->heard;
        input->rank.level = input->level;
        ranks[i] = &input->rank;
    }
    ranking_choose(ranks, bus->input_count, MIXER_CHOSEN_MAX, now_us / 1000);

    mix_clear(bus->sum);
    for (size_t i = 0; i < bus->input_count; i++)
        take_part(bus, bus->inputs[i], counters);
}

// Free, else the one whose member was silent the longest.
static struct bus_output *output_to_take(struct mixer_bus *bus, uint32_t tick)
{
    struct bus_output *best = NULL;
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input)
            return own;
        if (!own->input->adds && (!best || tick - own->added_at > tick - best->added_at))
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
        bus->break_prediction = true;
    own->input = input;
    own->added_at = tick;
    own->limiter = bus->shared.limiter;
    memcpy(own->encoder, bus->shared.encoder, (size_t)opus_encoder_get_size(1));
    opus_encoder_ctl(own->encoder, OPUS_SET_PREDICTION_DISABLED(0));
}

static void assign_outputs(struct mixer_bus *bus, uint32_t tick)
{
    bus->break_prediction = false;
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input || own->input->adds || tick - own->added_at <= HOLD_TICKS)
            continue;
        own->input = NULL;
        bus->break_prediction = true;
    }
    for (size_t i = 0; i < bus->input_count; i++) {
        struct mixer_input *input = bus->inputs[i];
        if (!input->adds)
            continue;
        struct bus_output *own = output_of(bus, input);
        if (own)
            own->added_at = tick;
        else
            give_output(bus, input, tick);
    }
}

static void encode(struct mixer_bus *bus, struct bus_output *output, const int32_t *sum,
        struct mixer_output *out, mixer_output_fn *fn, void *user)
{
    int16_t pcm[AUDIO_FRAME];
    uint8_t payload[MIXER_PAYLOAD_MAX];
    limiter_run(&output->limiter, sum, pcm);
    int size = opus_encode(output->encoder, pcm, AUDIO_FRAME, payload, sizeof(payload));
    if (size <= 0)
        return;
    out->bus = bus->config.id;
    out->slot = output->input ? output->input->slot : MIXER_SHARED;
    out->data = payload;
    out->size = (size_t)size;
    fn(user, out);
}

void bus_tick(struct mixer_bus *bus, uint32_t tick, int64_t now_us, struct mixer_counters *counters,
        mixer_output_fn *fn, void *user)
{
    mix_inputs(bus, now_us, counters);
    assign_outputs(bus, tick);

    struct mixer_output out = { .tick = tick };
    for (int i = 0; i < BUS_OWNS; i++) {
        struct bus_output *own = &bus->owns[i];
        if (!own->input)
            continue;
        int32_t rest[AUDIO_FRAME];
        if (own->input->adds)
            mix_minus(rest, bus->sum, own->input->part);
        encode(bus, own, own->input->adds ? rest : bus->sum, &out, fn, user);
        counters->encoded_own++;
    }
    // A frame that leans on no earlier one lets members who come back join the shared stream.
    opus_encoder_ctl(
            bus->shared.encoder, OPUS_SET_PREDICTION_DISABLED(bus->break_prediction ? 1 : 0));
    encode(bus, &bus->shared, bus->sum, &out, fn, user);
    counters->encoded_shared++;
}
