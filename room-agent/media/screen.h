// SPDX-License-Identifier: Apache-2.0
// What the room sees: decodes the picture that comes back, shows it where there is a display, and
// measures it in any case. Owned by the media loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/media/picture.h"
#include "common/rtp/h264_unpack.h"

struct screen_counters {
    uint64_t frames;    // decoded
    uint64_t freezes;   // WebRTC's rule: a gap over max(3 × mean, mean + 150 ms)
    uint64_t frozen_us; // the sum of these gaps
    int width, height;  // of the last picture
    int64_t last_mark;  // room number << 20 | frame number of a mark that fills the picture; -1
};

// On the loop: the decoder lost its references.
typedef void screen_need_key_frame_fn(void *user);

struct screen;

int screen_open(struct loop *loop, bool has_display, screen_need_key_frame_fn *need_key_frame,
        void *user, struct screen **out) MUST_CHECK;
void screen_close(struct screen *screen);
// Another stream follows: its timestamps have nothing to do with those before.
void screen_begin_stream(struct screen *screen);
void screen_push(struct screen *screen, const struct h264_access_unit *unit);
// For tools that look at what is in the picture: called with each one on the decoder's thread.
// Before the first screen_push().
typedef void screen_look_fn(void *user, const struct picture *picture);
void screen_set_look(struct screen *screen, screen_look_fn *look, void *user);
// For another screen's look, with this one as its user: what that one decodes is a shared screen.
// While such pictures come, the display has them large and our own in the corner. Any thread.
void screen_take_shared(void *user, const struct picture *picture);
void screen_read_counters(const struct screen *screen, struct screen_counters *out);
