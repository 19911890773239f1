// SPDX-License-Identifier: Apache-2.0
// What a posed room sends over and over: two seconds of its test picture and one of its tone, coded
// once at the start, so that sending costs no coding.
#pragma once

#include <glib.h>
#include <stdint.h>

#include "common/base/check.h"

#define CLIP_SECONDS    2
#define CLIP_FPS_MAX    30
#define CLIP_FRAMES_MAX (CLIP_SECONDS * CLIP_FPS_MAX)

#define CLIP_SOUND_FRAMES 50 // of 20 ms
#define CLIP_TONES        24
#define CLIP_TONE_DBFS    (-26)

struct clip_picture {
    int height; // the width is 16/9 of it, made even
    int fps;    // at most CLIP_FPS_MAX
    int kbps;
};
extern const struct clip_picture clip_picture_default; // 180p at 15, 150 kb/s: costs little

struct clip {
    int frame_count, fps;
    GBytes *units[CLIP_FRAMES_MAX];   // Annex B; the first is a key frame, the only one
    GBytes *sound[CLIP_SOUND_FRAMES]; // Opus
    uint8_t level;                    // of the tone, RFC 6464
};

// The pilot tone of a room by its mark, as real rooms have it.
int clip_tone_hz(unsigned mark);

// `name` is drawn in the picture. -EIO: the encoder does not work (logged).
int clip_open(const struct clip_picture *picture, unsigned mark, const char *name,
        struct clip *out) MUST_CHECK;
void clip_close(struct clip *clip);
// The picture alone; `sound` stays empty.
int clip_open_picture(const struct clip_picture *picture, unsigned mark, const char *name,
        struct clip *out) MUST_CHECK;
// One Opus frame of silence.
GBytes *clip_silence(void);
// The encoder of all rooms; opus_encoder_destroy(). And a frame of 20 ms by it.
struct OpusEncoder *clip_opus_new(void);
GBytes *clip_opus_code(struct OpusEncoder *opus, const int16_t *samples);
