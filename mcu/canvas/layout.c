// SPDX-License-Identifier: Apache-2.0
#include "mcu/canvas/layout.h"

// Without air between the tiles: on a 720p canvas a room's 360p then fits the grid of four as it is
// and that of sixteen at half its size, which cost next to nothing to scale; 312 instead of 320
// pixels cost 28 times as much. The line between tiles is drawn over their edges (canvas_frame).
static struct layout_rect cell(int x, int y, int width, int height)
{
    return (struct layout_rect){
        .x = x & ~1,
        .y = y & ~1,
        .width = width & ~1,
        .height = height & ~1,
    };
}

static size_t place_single(size_t count, int width, int height, struct layout_rect *rects)
{
    (void)count;
    rects[0] = (struct layout_rect){ .width = width & ~1, .height = height & ~1 };
    return 1;
}

static size_t place_grid(size_t count, int width, int height, struct layout_rect *rects)
{
    if (count == 1)
        return place_single(count, width, height, rects);

    int columns = 1;
    while ((size_t)(columns * columns) < count)
        columns++;
    int rows = ((int)count + columns - 1) / columns;
    int tile_width = width / columns, tile_height = height / columns;
    int top = (height - rows * tile_height) / 2;

    for (int i = 0; i < (int)count; i++) {
        int row = i / columns;
        int in_row = row < rows - 1 ? columns : (int)count - row * columns;
        int left = (width - in_row * tile_width) / 2;
        rects[i] = cell(left + (i % columns) * tile_width, top + row * tile_height, tile_width,
                tile_height);
    }
    return count;
}

// With n - 1 parts of n for the first, n small tiles fit beside it and n - 1 below it.
static size_t place_speaker(size_t count, int width, int height, struct layout_rect *rects)
{
    if (count == 1)
        return place_single(count, width, height, rects);

    int parts = 5;
    while (count > (size_t)(2 * parts))
        parts++;
    int small_width = width / parts, small_height = height / parts;
    int large_width = width * (parts - 1) / parts, large_height = height * (parts - 1) / parts;
    int beside = (int)count - 1 < parts ? (int)count - 1 : parts;
    int below = (int)count - 1 - beside;
    int top = below > 0 ? 0 : (height - large_height) / 2;

    rects[0] = cell(0, top, large_width, large_height);
    int column_top = (height - beside * small_height) / 2;
    for (int i = 0; i < beside; i++)
        rects[1 + i] = cell(large_width, column_top + i * small_height, small_width, small_height);
    for (int i = 0; i < below; i++)
        rects[1 + beside + i] = cell(i * small_width, large_height, small_width, small_height);
    return count;
}

static size_t place_pair(size_t count, int width, int height, struct layout_rect *rects)
{
    if (count == 1)
        return place_single(count, width, height, rects);
    for (int i = 0; i < 2; i++)
        rects[i] = cell(i * (width / 2), height / 4, width / 2, height / 2);
    return 2;
}

static size_t (*const placers[])(size_t, int, int, struct layout_rect *) = {
    [LAYOUT_GRID] = place_grid,
    [LAYOUT_SPEAKER] = place_speaker,
    [LAYOUT_SINGLE] = place_single,
    [LAYOUT_PAIR] = place_pair,
};

size_t layout_place(enum layout_kind kind, size_t count, int width, int height,
        struct layout_rect rects[LAYOUT_TILES_MAX])
{
    if (count == 0)
        return 0;
    if (count > LAYOUT_TILES_MAX)
        count = LAYOUT_TILES_MAX;
    return placers[kind](count, width, height, rects);
}
