// SPDX-License-Identifier: Apache-2.0
// One encode of one canvas, shared by all who receive it: pictures in from the compositor, RTP
// payloads cut once and given to each net thread by a ring. More tiers of a canvas are more of
// these.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/ring.h"
#include "common/media/picture.h"
#include "mcu/link_out.h"

#define TIER_NETS_MAX      4
#define TIER_PACKETS_FRAME 384 // of one picture
#define TIER_RING          512

struct tier;

struct tier_config {
    uint16_t canvas; // the compositor's number
    uint16_t id;     // unique in the process
    int canvas_width, canvas_height;
    struct tier_shape shape;
    const char *encoder; // GStreamer's element, NULL: the default; outlives the tier
    int net_count;
    int net_wake_fds[TIER_NETS_MAX];
};

// A payload with room before it for the header that each receiver gets.
struct tier_packet {
    int64_t pts_us; // when the picture was composed, monotonic
    bool is_first, is_last, is_key;
    uint16_t seq;
    uint32_t timestamp;
    uint16_t size; // of the payload
    uint8_t data[LINK_OUT_HEADROOM + TIER_PAYLOAD_MAX];
};

// Control thread.
int tier_open(const struct tier_config *config, struct tier **out) MUST_CHECK;
// The compositor and the net threads have let go of it.
void tier_close(struct tier *tier);
const struct tier_config *tier_config(const struct tier *tier);
// For the net thread's feed: it alone pops.
struct ring *tier_ring(struct tier *tier, int net);

// Any thread: a receiver needs a key frame. Many wishes make one key frame a second.
void tier_want_key_frame(struct tier *tier);

// Any thread: half its pictures, while the machine is overloaded.
void tier_set_slow(struct tier *tier, bool is_slow);

// Compositor thread. `now_us` is also the picture's time.
void tier_push(struct tier *tier, const struct picture *picture, int64_t now_us);
// Somebody waits for a key frame and may have it now.
bool tier_key_frame_is_due(const struct tier *tier, int64_t now_us);
