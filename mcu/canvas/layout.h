// SPDX-License-Identifier: Apache-2.0
// Where each tile of a canvas goes. Pure.
#pragma once

#include <stddef.h>

#define LAYOUT_TILES_MAX 25

enum layout_kind {
    LAYOUT_GRID,    // all of one size, row by row
    LAYOUT_SPEAKER, // the first large, the others in a column on its right, then in a row below it
    LAYOUT_SINGLE,  // the first alone
    LAYOUT_PAIR,    // two side by side
};

// Even everywhere, as I420 wants; 16:9 within a few pixels.
struct layout_rect {
    int x, y, width, height;
};

// The rectangles of `count` tiles (more than LAYOUT_TILES_MAX are cut off) on a canvas of
// width × height (16:9). Returns how many are shown.
size_t layout_place(enum layout_kind kind, size_t count, int width, int height,
        struct layout_rect rects[LAYOUT_TILES_MAX]);
