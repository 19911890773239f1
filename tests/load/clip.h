// SPDX-License-Identifier: Apache-2.0
// What a posed room sends over and over: two seconds of its test picture and one of its tone, coded
// once at the start, so that sending costs no coding.
#pragma once

#include <glib.h>
#include <stdint.h>

#include "common/base/check.h"

#define CLIP_WIDTH  320
#define CLIP_HEIGHT 180
#define CLIP_FPS    15
#define CLIP_FRAMES (2 * CLIP_FPS)
#define CLIP_KBPS   150

#define CLIP_SOUND_FRAMES 50 // of 20 ms
#define CLIP_TONES        24
#define CLIP_TONE_DBFS    (-26)

struct clip {
    GBytes *units[CLIP_FRAMES];       // Annex B; the first is a key frame, the only one
    GBytes *sound[CLIP_SOUND_FRAMES]; // Opus
    uint8_t level;                    // of the tone, RFC 6464
};

// The pilot tone of a room by its mark, as real rooms have it.
int clip_tone_hz(unsigned mark);

// `name` is drawn in the picture. -EIO: the encoder does not work (logged).
int clip_open(unsigned mark, const char *name, struct clip *out) MUST_CHECK;
void clip_close(struct clip *clip);
// One Opus frame of silence.
GBytes *clip_silence(void);
