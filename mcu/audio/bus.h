// SPDX-License-Identifier: Apache-2.0
// The mix of one conference and its encoders. Private to mcu/audio; owned by the mixer's thread;
// allocates only in mixer_bus_open().
#pragma once

#include <opus.h>

#include "mcu/audio/input.h"
#include "mcu/audio/limiter.h"

#define BUS_ENCODE_COMPLEXITY 5 // of Opus: 0 to 10
#define BUS_INPUTS_MAX        512
// Those chosen, as many fading out, and some who keep theirs a while longer.
#define BUS_OWNS (2 * MIXER_CHOSEN_MAX + 8)

// One encode: its limiter and encoder go on where the shared one is when a member gets it.
struct bus_output {
    struct mixer_input *input; // whose it is; NULL: free, or the shared one
    uint32_t added_at;         // the last tick in which the member added something
    struct limiter limiter;
    OpusEncoder *encoder;
};

struct mixer_bus {
    struct mixer_bus_config config;
    size_t input_count;
    struct mixer_input *inputs[BUS_INPUTS_MAX];
    struct bus_output shared;
    struct bus_output owns[BUS_OWNS];
    bool break_prediction; // a member comes back to the shared stream in this tick
    int32_t sum[AUDIO_FRAME];
};

void bus_tick(struct mixer_bus *bus, uint32_t tick, int64_t now_us, struct mixer_counters *counters,
        mixer_output_fn *fn, void *user);
// An input that leaves gives its encoder back.
void bus_forget_input(struct mixer_bus *bus, const struct mixer_input *input);
