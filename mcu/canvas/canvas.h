// SPDX-License-Identifier: Apache-2.0
// Draws into a persistent I420 picture with libyuv: tiles, banners, placeholders. Pure; all
// coordinates and sizes are even.
#pragma once

#include <stdint.h>

#include "common/media/picture.h"
#include "mcu/canvas/layout.h"

// A picture with an alpha plane of the same size (0 clear, 255 opaque): a banner, rendered once.
struct overlay {
    struct picture *picture;
    uint8_t *alpha; // stride is the picture's width
    int x, y;       // where it goes in its tile
};

struct overlay *overlay_new(int width, int height);
void overlay_free(struct overlay *overlay);

// The colour behind and between the tiles.
void canvas_clear(struct picture *canvas);
void canvas_clear_rect(struct picture *canvas, const struct layout_rect *rect);
// The whole of `in`, in its own proportions, in the middle of `out`; bars where it does not fill.
// `in` may have odd sizes.
void canvas_fit(struct picture *out, const struct picture *in);
// A picture of exactly the rectangle's size is copied; any other is scaled to it.
void canvas_draw(
        struct picture *canvas, const struct layout_rect *rect, const struct picture *picture);
// A line in the background's colour along the rectangle's edges, over what is there.
void canvas_frame(struct picture *canvas, const struct layout_rect *rect);
// Blended over what is there; what would leave the rectangle is not drawn.
void canvas_blend(
        struct picture *canvas, const struct layout_rect *rect, const struct overlay *overlay);
