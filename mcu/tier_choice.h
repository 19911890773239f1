// SPDX-License-Identifier: Apache-2.0
// Which step of a canvas a receiver is sent: what its link carries after sound. Down at once, up
// after a while and one step at a time, once a probe showed that there is room. In place, pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIER_PAYLOAD_MAX 1168 // with header, extension, tag, UDP and IPv6 under 1 280

enum tier_step {
    TIER_AUDIO, // no picture
    TIER_STILL, // a picture every few seconds
    TIER_180P,
    TIER_360P,
    TIER_480P,
    TIER_720P,
    TIER_1080P,
    TIER_STEP_COUNT,
};

// What one step of a canvas is.
struct tier_shape {
    int width, height;
    int interval_us; // between pictures, at least
    int kbps;
    int payload_max; // bytes of a packet
};

// `width`, `height`, `fps` and `kbps` are the canvas's at its full size.
struct tier_shape tier_step_shape(enum tier_step step, int width, int height, int fps, int kbps);
// The step that has the canvas's full size.
enum tier_step tier_step_of_height(int height);

struct tier_choice_config {
    int kbps;           // of the canvas at its full size
    enum tier_step top; // which that is
};

struct tier_choice_input {
    int64_t now_us;
    int64_t estimate_bps; // on the wire
    int64_t other_bps;    // sound and other lines, which go first
    int64_t thin_bps;     // sound alone, as a thin link is sent it: beside stills and no picture
    bool is_low;          // congestion was found in the last seconds
    enum tier_step most;  // while the machine is overloaded; else the top
};

// Fields but `step` and `probe_bps` are private to tier_choice.c.
struct tier_choice {
    struct tier_choice_config config;
    enum tier_step step;
    int64_t probe_bps; // not 0: send at this rate for a moment, from now on
    int64_t since_us, up_us, wait_us, probe_us;
    int64_t probed_bps; // the estimate before the probe
};

// Begins with the best that fits into `estimate_bps`.
void tier_choice_init(struct tier_choice *choice, const struct tier_choice_config *config,
        const struct tier_choice_input *input);
// Often; true: the step changed.
bool tier_choice_update(struct tier_choice *choice, const struct tier_choice_input *input);
// What a step takes on the wire, with headers and some repair.
int64_t tier_choice_needs_bps(const struct tier_choice_config *config, enum tier_step step);
