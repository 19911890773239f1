// SPDX-License-Identifier: Apache-2.0
#include "common/media/frame_mark.h"

#include <stddef.h>
#include <string.h>

#define MARK_COLUMNS   12
#define MARK_ROWS      4
#define MARK_BITS      (MARK_COLUMNS * MARK_ROWS)
#define MARK_SYNC      0xau
#define WHITE          235
#define BLACK          16
#define GREY           128
#define WHITE_AT_LEAST 180
#define BLACK_AT_MOST  60

// CRC-12, polynomial x^12 + x^11 + x^3 + x^2 + x + 1, over the 36 bits above the CRC.
static uint32_t crc12(uint64_t bits36)
{
    uint32_t crc = 0;
    for (int i = 35; i >= 0; i--) {
        const uint32_t top = (crc >> 11 ^ (uint32_t)(bits36 >> i)) & 1;
        crc = (crc << 1 & 0xfff) ^ (top ? 0x80f : 0);
    }
    return crc;
}

static void fill(struct picture *picture, int left, int top, int right, int bottom, uint8_t luma)
{
    for (int y = top; y < bottom && y < picture->height; y++)
        memset(picture->plane[0] + y * picture->stride[0] + left, luma, (size_t)(right - left));
    for (int plane = 1; plane < 3; plane++)
        for (int y = top / 2; y < (bottom + 1) / 2 && y < picture->height / 2; y++)
            memset(picture->plane[plane] + y * picture->stride[plane] + left / 2, 128,
                    (size_t)((right + 1) / 2 - left / 2));
}

// Half units of the grid, so that the border and the cells are rounded the same way.
static int at(int half_units, int width)
{
    return (half_units * width + 20) / 40;
}

void frame_mark_draw(struct picture *picture, const struct frame_mark *mark)
{
    const int width = picture->width;
    const uint64_t head = (uint64_t)MARK_SYNC << 32 | (uint64_t)(mark->room & 0xfff) << 20 |
                          (mark->frame & 0xfffff);
    const uint64_t bits = head << 12 | crc12(head);

    fill(picture, at(1, width), at(1, width), at(2 * MARK_COLUMNS + 3, width),
            at(2 * MARK_ROWS + 3, width), GREY);
    for (int i = 0; i < MARK_BITS; i++) {
        const int column = i % MARK_COLUMNS;
        const int row = i / MARK_COLUMNS;
        const bool is_white = bits >> (MARK_BITS - 1 - i) & 1;
        fill(picture, at(2 + 2 * column, width), at(2 + 2 * row, width), at(4 + 2 * column, width),
                at(4 + 2 * row, width), is_white ? WHITE : BLACK);
    }
}

// The mean luma of the middle half of the cell.
static int cell_mean(const struct picture *picture, double x, double y, double unit)
{
    const int left = (int)(x + unit / 4 + 0.5);
    const int top = (int)(y + unit / 4 + 0.5);
    int right = (int)(x + unit * 3 / 4 + 0.5);
    int bottom = (int)(y + unit * 3 / 4 + 0.5);
    if (right <= left)
        right = left + 1;
    if (bottom <= top)
        bottom = top + 1;
    long sum = 0;
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++)
            sum += picture->plane[0][row * picture->stride[0] + column];
    return (int)(sum / ((long)(right - left) * (bottom - top)));
}

bool frame_mark_read(
        const struct picture *picture, int x, int y, int width, int height, struct frame_mark *out)
{
    const double unit = width / 20.0;
    const bool is_inside = x >= 0 && y >= 0 && width > 0 && height > 0 &&
                           width <= picture->width - x && height <= picture->height - y;
    if (!is_inside || unit < 2 || (MARK_ROWS + 1) * unit > height)
        return false;

    uint64_t bits = 0;
    for (int i = 0; i < MARK_BITS; i++) {
        const int mean = cell_mean(picture, x + unit * (1 + i % MARK_COLUMNS),
                y + unit * (1 + i / MARK_COLUMNS), unit);
        if (mean > BLACK_AT_MOST && mean < WHITE_AT_LEAST)
            return false;
        bits = bits << 1 | (mean >= WHITE_AT_LEAST);
    }
    const uint64_t head = bits >> 12;
    if (head >> 32 != MARK_SYNC || (bits & 0xfff) != crc12(head))
        return false;
    *out = (struct frame_mark){ .room = (uint16_t)(head >> 20 & 0xfff),
        .frame = (uint32_t)(head & 0xfffff) };
    return true;
}
