// SPDX-License-Identifier: Apache-2.0
// Which rooms' pilot tones are in the sound that comes back.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/clip.h"

#define EAR_NEWEST 25   // windows, 5 s
#define EAR_WINDOW 9600 // samples, 200 ms: tones 125 Hz apart are well separated

struct ear {
    int16_t samples[EAR_WINDOW];
    size_t count;
    uint64_t windows;
    uint64_t heard[CLIP_TONES];           // windows in which the tone was there
    bool is_heard[CLIP_TONES];            // in the last window
    float newest[CLIP_TONES][EAR_NEWEST]; // levels, dBFS; by windows modulo EAR_NEWEST
};

// The median of the newest windows, so that a few with holes do not count; -200: not at all.
double ear_level_dbfs(const struct ear *ear, unsigned tone);
void ear_listen(struct ear *ear, const int16_t *samples, size_t count);
