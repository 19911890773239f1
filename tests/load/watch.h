// SPDX-License-Identifier: Apache-2.0
// What happens to the posed rooms, told at once: one JSON object a line, with the monotonic time in
// microseconds, for whoever measures from outside (make bench).
#pragma once

#include <stdint.h>

#include "common/base/check.h"
#include "common/media/picture.h"

struct watch;

// NULL or "-" as file: nothing is told. -errno: the file can not be made.
int watch_open(const char *file, struct watch **out) MUST_CHECK;
void watch_close(struct watch *watch);

// Any thread; NULL is fine.
void watch_picture(struct watch *watch, const char *unit, double since_offer_ms);
// The first picture of a shared screen.
void watch_content(struct watch *watch, const char *unit);
// Media can flow.
void watch_joined(struct watch *watch, const char *unit, double since_offer_ms);
// A room sends this picture of its clip; the loop's thread. When one whose large tile shows it is
// decoded, {"what":"seen"} tells how long that took.
void watch_sent(struct watch *watch, unsigned mark, unsigned frame);
struct watch_second {
    int ticks, late_ticks; // since the start
    unsigned connected, pictures, sounds;
    int64_t lost_in;
    uint64_t samples, concealed, gaps, clipped; // of those that decode
    uint64_t frames, freezes, frozen_us;        // likewise
    uint64_t key_frames_in;                     // of these, whole
    uint64_t watched_us;                        // how long each has seen pictures, added up
    int gap_ms; // the longest in this second between two pictures as the centre timed them
};
void watch_second(struct watch *watch, const struct watch_second *second);

// One decoding room's look at the large tile; owned by its decoder's thread.
struct watch_eye {
    struct watch *watch;
    const char *unit;
    int large; // mark that was in it last; -1: none
    int64_t frame;
};
// A screen_look_fn.
void watch_look(void *eye, const struct picture *picture);
