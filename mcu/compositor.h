// SPDX-License-Identifier: Apache-2.0
// The one thread that draws: each canvas at its deadlines (25 a second) into a persistent picture,
// from there to the encoders of its tiers. Asleep while there is no canvas with a tier.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "mcu/banner.h"
#include "mcu/canvas/layout.h"
#include "mcu/tier.h"
#include "mcu/tile_source.h"

struct compositor;

// One tile as it is to be drawn; the references are the stage's.
struct stage_tile {
    struct layout_rect rect;
    struct tile_source *source; // NULL: the placeholder
    struct banner *name;        // NULL: none is drawn
    struct banner *placeholder, *stalled;
};

struct stage {
    size_t count;
    struct stage_tile tiles[LAYOUT_TILES_MAX];
};

struct stage *stage_new(void);

// Control thread, all of them; what is removed is no more touched when the call returns.
int compositor_open(int fps, struct compositor **out) MUST_CHECK;
void compositor_close(struct compositor *compositor);
// A canvas has a number of its own in the process; it is drawn at most `fps` times a second.
void compositor_add_canvas(
        struct compositor *compositor, uint16_t canvas, int width, int height, int fps);
void compositor_remove_canvas(struct compositor *compositor, uint16_t canvas);
void compositor_take_stage(
        struct compositor *compositor, uint16_t canvas, struct stage *take_stage);
// All tiles but the first of a canvas are drawn anew only every other second.
void compositor_set_frozen(struct compositor *compositor, bool is_frozen);
void compositor_add_tier(struct compositor *compositor, struct tier *tier);
void compositor_remove_tier(struct compositor *compositor, struct tier *tier);
