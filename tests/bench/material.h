// SPDX-License-Identifier: Apache-2.0
// What the measurements work on: the rooms' own clips as rong-load sends them, the pictures in
// them, canvases made of these, and those encoded as the MCU encodes. Made once, read by all.
#pragma once

#include <glib.h>
#include <stddef.h>

#include "common/base/check.h"
#include "common/media/picture.h"
#include "mcu/canvas/layout.h"
#include "tests/load/clip.h"

#define MATERIAL_CLIPS    4  // tiles beyond these use them again
#define MATERIAL_PICTURES 25 // of each clip; also the number of canvases: one second

// The program picture of rong-mcu: the defaults of mcu/settings.c.
#define MATERIAL_WIDTH      1280
#define MATERIAL_HEIGHT     720
#define MATERIAL_FPS        25
#define MATERIAL_KBPS       1500
#define MATERIAL_SOUND_BPS  32000
#define MATERIAL_SOUND_LOSS 5

// The picture of a tile: what a room on stage is asked to send (signaling/stage.c).
extern const struct clip_picture material_tile;

struct material {
    size_t tile_count;
    struct layout_rect rects[LAYOUT_TILES_MAX];
    struct clip clips[MATERIAL_CLIPS];
    struct picture *pictures[MATERIAL_CLIPS][MATERIAL_PICTURES];
    struct picture *canvases[MATERIAL_PICTURES];
    GPtrArray *units; // GBytes: the canvases encoded, over and over, for two seconds
};

// A grid of `tiles`. -EIO: a codec does not work (logged).
int material_open(size_t tiles, struct material *out) MUST_CHECK;
void material_close(struct material *material);
