// SPDX-License-Identifier: Apache-2.0
// One member's sound within the mixer: jitter buffer and decoder. Private to mcu/audio; owned by
// the mixer's thread; allocates only in mixer_input_open().
#pragma once

#include <opus.h>

#include "common/rtp/audio_jitter.h"
#include "mcu/audio/agc.h"
#include "mcu/audio/mixer.h"
#include "mcu/audio/ranking.h"

#define INPUT_KEPT        2 // payloads kept to warm a decoder up that was idle
#define INPUT_SAMPLES_MAX 5760

struct input_payload {
    uint16_t size;
    uint8_t data[MIXER_PAYLOAD_MAX];
};

struct mixer_input {
    uint16_t slot;
    struct mixer_bus *bus;
    struct audio_jitter *jitter;
    OpusDecoder *decoder;

    bool heard, is_asked_pinned;
    uint8_t speaks, hears; // languages
    bool is_thin;
    int gain;     // asked for
    bool is_even; // and evened out besides
    struct agc agc;
    int gain_now; // at the end of the last tick; moves within one
    bool has_levels;
    int level; // of the newest frame
    int display_level;
    struct ranking_entry rank;

    // What the jitter buffer said last; decoded only when somebody wants to hear it.
    enum audio_jitter_action action;
    struct input_payload current; // a copy: the buffer lends only until the next push
    int total, left;              // samples of it; those that were not yet played
    bool is_decoded, is_warm;
    int16_t pcm[INPUT_SAMPLES_MAX];
    struct input_payload kept[INPUT_KEPT];
    unsigned kept_next;

    int32_t part[AUDIO_FRAME]; // what it adds to the sum in this tick
    bool adds;
};

// Takes the next 20 ms from the jitter buffer and learns its level as far as the header tells.
void input_advance(struct mixer_input *input, int64_t now_us, struct mixer_counters *counters);
// Decodes the current 20 ms, if they are not yet, and measures the level.
void input_decode(struct mixer_input *input, struct mixer_counters *counters);
// The current 20 ms; silence when they were not decoded.
const int16_t *input_pcm(const struct mixer_input *input);
void input_restart(struct mixer_input *input);
