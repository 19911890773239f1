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

// What one language hears, for all who have no output of their own.
struct bus_channel {
    struct bus_output shared;
    OpusEncoder *thin_encoder;
    int listeners, thin_listeners;
    bool is_running;       // it was encoded in the last tick
    bool break_prediction; // a member comes to the shared stream in this tick
    int thin_filled;       // samples
    int16_t thin_pcm[MIXER_THIN_TICKS * AUDIO_FRAME];
    int32_t sum[AUDIO_FRAME]; // of those who speak on it
    int32_t mix[AUDIO_FRAME]; // with the floor underneath
    // How loud the floor is in it: faint while an interpreter speaks, and moving evenly.
    int floor_from, floor_gain;
    uint32_t spoken_at;
    bool was_spoken;
};

struct mixer_bus {
    struct mixer_bus_config config;
    size_t input_count;
    struct mixer_input *inputs[BUS_INPUTS_MAX];
    struct bus_channel channels[MIXER_LANGUAGES];
    struct bus_output owns[BUS_OWNS];
};

void bus_tick(struct mixer_bus *bus, uint32_t tick, int64_t now_us, struct mixer_counters *counters,
        mixer_output_fn *fn, void *user);
void bus_set_language(struct mixer_bus *bus, struct mixer_input *input, uint8_t speaks,
        uint8_t hears, bool is_thin);
void bus_set_loss(struct mixer_bus *bus, int loss_percent);
// An input that leaves gives its encoder back.
void bus_forget_input(struct mixer_bus *bus, const struct mixer_input *input);
