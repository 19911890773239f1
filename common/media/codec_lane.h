// SPDX-License-Identifier: Apache-2.0
// The way into a GStreamer codec without a thread of its own: a process has a few threads that all
// its codecs share, as many as processors, whatever the number of codecs. What is pushed into one
// lane goes through its codec in order, one at a time, on whichever thread is free; what the codec
// gives comes out on that thread.
#pragma once

#include <gst/gst.h>
#include <stdbool.h>

#include "common/base/check.h"

struct codec_lane;

struct codec_lane_config {
    GstElement *codec; // its sink pad is linked here; outlives the lane
    const GstCaps *caps;
    // On a codec thread. The codec refused a buffer: it takes no more.
    void (*failed)(void *user);
    // On any thread. The codec asks for a key frame; may be NULL.
    void (*wants_key_frame)(void *user);
    void *user;
};

// -EINVAL when the codec does not take such input.
int codec_lane_open(const struct codec_lane_config *config, struct codec_lane **out) MUST_CHECK;
// Waits for the buffer that is in the codec; those behind it are dropped. Nothing comes out of the
// codec when it returns. Not from a codec thread; NULL is fine.
void codec_lane_close(struct codec_lane *lane);

// Any thread; takes the buffer. The owner bounds the number that wait.
void codec_lane_push(struct codec_lane *lane, GstBuffer *take_buffer);
// Buffers that wait, without the one in the codec.
unsigned codec_lane_waiting(struct codec_lane *lane);
