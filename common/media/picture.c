// SPDX-License-Identifier: Apache-2.0
#include "common/media/picture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// libyuv and x264 read rows with vector loads.
#define PLANE_ALIGNMENT 64

static int aligned(int size)
{
    return (size + PLANE_ALIGNMENT - 1) / PLANE_ALIGNMENT * PLANE_ALIGNMENT;
}

struct picture *picture_new(int width, int height)
{
    assert(width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0);
    const int luma_stride = aligned(width);
    const int chroma_stride = aligned(width / 2);
    const size_t luma_size = (size_t)luma_stride * (size_t)height;
    const size_t chroma_size = (size_t)chroma_stride * (size_t)(height / 2);
    const size_t head = (size_t)aligned(sizeof(struct picture));

    uint8_t *memory = aligned_alloc(PLANE_ALIGNMENT, head + luma_size + 2 * chroma_size);
    if (!memory)
        abort();
    struct picture *picture = (struct picture *)(void *)memory;
    *picture = (struct picture){
        .width = width,
        .height = height,
        .plane = { memory + head, memory + head + luma_size,
                memory + head + luma_size + chroma_size },
        .stride = { luma_stride, chroma_stride, chroma_stride },
    };
    memset(picture->plane[0], 16, luma_size);
    memset(picture->plane[1], 128, 2 * chroma_size);
    return picture;
}

void picture_free(struct picture *picture)
{
    free(picture);
}

void picture_clear(struct picture *picture)
{
    for (int y = 0; y < picture->height; y++)
        memset(picture->plane[0] + y * picture->stride[0], 16, (size_t)picture->width);
    for (int plane = 1; plane < 3; plane++)
        for (int y = 0; y < picture->height / 2; y++)
            memset(picture->plane[plane] + y * picture->stride[plane], 128,
                    (size_t)picture->width / 2);
}
