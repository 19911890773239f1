// SPDX-License-Identifier: Apache-2.0
// The sound of all conferences, one 20 ms tick at a time: jitter buffers, who is chosen, Opus
// decoding of those alone, N−1 sums, one shared encode for everybody who is not chosen and one more
// for each who is. Owned by one thread. Objects are made by whoever has time to allocate and are
// handed over; mixer_push(), mixer_set() and mixer_tick() allocate, lock and log nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "mcu/audio/mix.h"

#define MIXER_SLOTS       1024
#define MIXER_PAYLOAD_MAX 1276
#define MIXER_SHARED      UINT16_MAX // in place of a slot: for everybody without an output of its own
#define MIXER_CHOSEN_MAX  8
#define MIXER_LANGUAGES   3 // buses of a conference: 0 is the floor, the others interpretation
#define MIXER_THIN_TICKS  3 // in one packet for thin links: 20 ms ones would be mostly headers

struct mixer;
struct mixer_bus;   // the mix of one conference, in all its languages
struct mixer_input; // one member's sound

struct mixer_bus_config {
    uint16_t id;      // comes back in the outputs; below MIXER_SLOTS
    int bit_rate;     // of each encode
    int loss_percent; // that forward error correction is made for
};

// A packet as it came: one Opus frame, or the copy of an earlier one that RED brought.
struct mixer_packet {
    uint16_t slot;
    uint16_t seq;
    uint32_t timestamp;
    uint8_t level; // RFC 6464; 127 with has_level false: it is measured after decoding
    bool has_level;
    bool is_copy;
    uint16_t size;
    uint8_t data[MIXER_PAYLOAD_MAX];
};

struct mixer_output {
    uint16_t bus;
    uint16_t slot;    // or MIXER_SHARED
    uint8_t language; // of a shared one
    bool is_thin;     // a shared one for thin links; `tick` is the first of its MIXER_THIN_TICKS
    uint32_t tick;
    const uint8_t *data; // lent until the call returns
    size_t size;
};

// Within a bus all own outputs of a tick come before the shared ones.
typedef void mixer_output_fn(void *user, const struct mixer_output *output);

struct mixer_counters {
    uint64_t packets, late, duplicate, overflow, no_input; // packets in, and why some were dropped
    uint64_t decoded, corrected, concealed, silent;        // frames
    uint64_t red_used;                                     // of the decoded: only a copy came
    uint64_t decode_errors, encoded_shared, encoded_own, encoded_thin;
};

struct mixer *mixer_new(void);
// Frees what is still in it.
void mixer_free(struct mixer *mixer);

int mixer_bus_open(const struct mixer_bus_config *config, struct mixer_bus **out) MUST_CHECK;
void mixer_bus_close(struct mixer_bus *bus);
int mixer_input_open(uint16_t slot, struct mixer_input **out) MUST_CHECK;
void mixer_input_close(struct mixer_input *input);

// Takes the object. -EEXIST: the id or slot is in use; -ENOENT: no such bus; -ENOSPC: the bus is
// full.
int mixer_add_bus(struct mixer *mixer, struct mixer_bus *bus) MUST_CHECK;
int mixer_add_input(struct mixer *mixer, uint16_t bus, struct mixer_input *input) MUST_CHECK;
// Gives the object back, for closing elsewhere; NULL when there is none. A bus takes its inputs out
// of the mixer with it: remove them first.
struct mixer_bus *mixer_remove_bus(struct mixer *mixer, uint16_t id);
struct mixer_input *mixer_remove_input(struct mixer *mixer, uint16_t slot);
bool mixer_is_empty(const struct mixer *mixer);

// `gain` is of AUDIO_GAIN_ONE.
void mixer_set(struct mixer *mixer, uint16_t slot, bool heard, bool pinned, int gain);
// Evens out how loud it is, slowly, besides that gain. Off at first.
void mixer_set_even(struct mixer *mixer, uint16_t slot, bool is_even);
// The bus it speaks on, the bus it hears (under MIXER_LANGUAGES), and whether its link is thin. Who
// speaks on another bus than the floor's is not pushed out by louder ones.
void mixer_set_language(
        struct mixer *mixer, uint16_t slot, uint8_t speaks, uint8_t hears, bool is_thin);
// What the receivers lose of the bus, in percent: so much FEC is sent.
void mixer_set_loss(struct mixer *mixer, uint16_t id, int loss_percent);
// The member has a new stream (it offered again): what is buffered is void.
void mixer_restart(struct mixer *mixer, uint16_t slot);
void mixer_push(struct mixer *mixer, const struct mixer_packet *packet, int64_t now_us);
void mixer_tick(
        struct mixer *mixer, uint32_t tick, int64_t now_us, mixer_output_fn *fn, void *user);

// For display, dBov, with a fall of 50 dB a second. Any thread.
int mixer_level(const struct mixer *mixer, uint16_t slot);
// Frames of it concealed since the beginning. Any thread.
uint32_t mixer_concealed(const struct mixer *mixer, uint16_t slot);
const struct mixer_counters *mixer_counters(const struct mixer *mixer);
