// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/inset.h"

#define PARTS  4  // of the large picture's width
#define MARGIN 50 // part of it

struct inset_rect inset_place(const struct picture *large, const struct picture *small)
{
    struct inset_rect rect = { .width = large->width / PARTS & ~1 };
    rect.height = (int)((int64_t)rect.width * small->height / small->width) & ~1;
    if (rect.height > large->height)
        rect.height = large->height & ~1;
    const int margin = large->width / MARGIN;
    rect.x = (large->width - rect.width - margin) & ~1;
    rect.y = (large->height - rect.height - margin) & ~1;
    if (rect.y < 0)
        rect.y = 0;
    return rect;
}

// The nearest pixel of each: a quarter of the size needs no more, and boxes are weak.
void inset_draw(struct picture *large, const struct picture *small)
{
    const struct inset_rect rect = inset_place(large, small);
    for (int plane = 0; plane < 3; plane++) {
        const int shift = plane > 0;
        const int width = rect.width >> shift, height = rect.height >> shift;
        const int from_width = small->width >> shift, from_height = small->height >> shift;
        for (int y = 0; y < height; y++) {
            const uint8_t *from =
                    small->plane[plane] + y * from_height / height * small->stride[plane];
            uint8_t *to = large->plane[plane] + ((rect.y >> shift) + y) * large->stride[plane] +
                          (rect.x >> shift);
            for (int x = 0; x < width; x++)
                to[x] = from[x * from_width / width];
        }
    }
}
