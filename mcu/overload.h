// SPDX-License-Identifier: Apache-2.0
// What is given up, in which order, when the machine can not keep up with its pictures. Sound is on
// no rung. In place, pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum overload_level {
    OVERLOAD_NONE,
    OVERLOAD_SLOW,   // tiers below the full size at half their rate
    OVERLOAD_FEWER,  // fewer tiles
    OVERLOAD_LOWER,  // no full size for whoever is not chairing
    OVERLOAD_FROZEN, // fewest tiles; all but the first stand still for seconds
    OVERLOAD_LEVELS,
};

// Of the second that is over.
struct overload_second {
    int64_t ticks, ticks_skipped; // deadlines of the compositor that were met and left out
    int64_t encoded, busy;        // pictures that encoders took and did not take
    int64_t sounds_late;          // ticks of the audio thread that began late
};

// Fields but `level` are private to overload.c.
struct overload {
    enum overload_level level;
    int bad, good; // seconds in a row, roughly
};

// True: the level changed.
bool overload_update(struct overload *overload, const struct overload_second *second);
// At most so many tiles stand on a canvas.
int overload_tiles(enum overload_level level);
