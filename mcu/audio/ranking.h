// SPDX-License-Identifier: Apache-2.0
// Who of those that may speak is mixed: the loudest few, with patience, so that two voices of the
// same strength do not take turns every frame. Pure: the time is a parameter.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranking_entry {
    bool candidate; // heard and sending
    bool pinned;    // always chosen: the chair, the holder of the floor
    int level;      // dBov of the newest frame, -127 … 0
    bool chosen;    // kept between calls, as are the next two
    float smooth;   // loudness that rises at once and falls slowly
    int64_t chosen_at_ms;
};

void ranking_entry_init(struct ranking_entry *entry);
// Chooses at most `most` of the entries, the pinned first; call it once a frame.
void ranking_choose(struct ranking_entry **entries, size_t count, size_t most, int64_t now_ms);
