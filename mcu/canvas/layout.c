// SPDX-License-Identifier: Apache-2.0
#include "mcu/canvas/layout.h"

// The air around a tile, in the proportion of a tile so that it stays 16:9.
#define MARGIN_X 4
#define MARGIN_Y 2

static struct layout_rect inset(int x, int y, int width, int height)
{
    return (struct layout_rect){
        .x = (x + MARGIN_X) & ~1,
        .y = (y + MARGIN_Y) & ~1,
        .width = (width - 2 * MARGIN_X) & ~1,
        .height = (height - 2 * MARGIN_Y) & ~1,
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
        rects[i] = inset(left + (i % columns) * tile_width, top + row * tile_height, tile_width,
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

    rects[0] = inset(0, top, large_width, large_height);
    int column_top = (height - beside * small_height) / 2;
    for (int i = 0; i < beside; i++)
        rects[1 + i] = inset(large_width, column_top + i * small_height, small_width, small_height);
    for (int i = 0; i < below; i++)
        rects[1 + beside + i] = inset(i * small_width, large_height, small_width, small_height);
    return count;
}

static size_t (*const placers[])(size_t, int, int, struct layout_rect *) = {
    [LAYOUT_GRID] = place_grid,
    [LAYOUT_SPEAKER] = place_speaker,
    [LAYOUT_SINGLE] = place_single,
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
