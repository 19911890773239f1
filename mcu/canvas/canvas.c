// SPDX-License-Identifier: Apache-2.0
#include "mcu/canvas/canvas.h"

#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

// A dark blue grey, limited range.
#define BACKGROUND_Y 28
#define BACKGROUND_U 134
#define BACKGROUND_V 124

#define FRAME 2 // pixels, even

struct overlay *overlay_new(int width, int height)
{
    struct overlay *overlay = calloc(1, sizeof(*overlay));
    if (!overlay)
        abort();
    overlay->picture = picture_new(width, height);
    overlay->alpha = calloc((size_t)width, (size_t)height);
    if (!overlay->alpha)
        abort();
    return overlay;
}

void overlay_free(struct overlay *overlay)
{
    if (!overlay)
        return;
    picture_free(overlay->picture);
    free(overlay->alpha);
    free(overlay);
}

// A part of a picture as a picture of its own; the planes are lent.
static struct picture part_of(const struct picture *whole, int x, int y, int width, int height)
{
    return (struct picture){
        .width = width,
        .height = height,
        .plane = {
            whole->plane[0] + y * whole->stride[0] + x,
            whole->plane[1] + y / 2 * whole->stride[1] + x / 2,
            whole->plane[2] + y / 2 * whole->stride[2] + x / 2,
        },
        .stride = { whole->stride[0], whole->stride[1], whole->stride[2] },
    };
}

static void fill(const struct picture *picture, int y, int u, int v)
{
    I420Rect(picture->plane[0], picture->stride[0], picture->plane[1], picture->stride[1],
            picture->plane[2], picture->stride[2], 0, 0, picture->width, picture->height, y, u, v);
}

static void scale(const struct picture *out, const struct picture *in)
{
    I420Scale(in->plane[0], in->stride[0], in->plane[1], in->stride[1], in->plane[2], in->stride[2],
            in->width, in->height, out->plane[0], out->stride[0], out->plane[1], out->stride[1],
            out->plane[2], out->stride[2], out->width, out->height,
            in->width > 2 * out->width ? kFilterBox : kFilterBilinear);
}

void canvas_clear(struct picture *canvas)
{
    fill(canvas, BACKGROUND_Y, BACKGROUND_U, BACKGROUND_V);
}

void canvas_clear_rect(struct picture *canvas, const struct layout_rect *rect)
{
    struct picture part = part_of(canvas, rect->x, rect->y, rect->width, rect->height);
    fill(&part, BACKGROUND_Y, BACKGROUND_U, BACKGROUND_V);
}

void canvas_fit(struct picture *out, const struct picture *in)
{
    int width = out->width, height = out->height;
    if ((int64_t)in->width * out->height > (int64_t)out->width * in->height)
        height = (int)((int64_t)out->width * in->height / in->width + 1) & ~1;
    else
        width = (int)((int64_t)out->height * in->width / in->height + 1) & ~1;
    // Bars of a few pixels would only be a flicker at the edge.
    if (out->width - width < 16)
        width = out->width;
    if (out->height - height < 16)
        height = out->height;
    if (width < 2)
        width = 2;
    if (height < 2)
        height = 2;

    if (width != out->width || height != out->height)
        fill(out, 16, 128, 128);
    struct picture inner = part_of(
            out, (out->width - width) / 2 & ~1, (out->height - height) / 2 & ~1, width, height);
    scale(&inner, in);
}

void canvas_draw(
        struct picture *canvas, const struct layout_rect *rect, const struct picture *picture)
{
    struct picture part = part_of(canvas, rect->x, rect->y, rect->width, rect->height);
    if (picture->width != rect->width || picture->height != rect->height) {
        scale(&part, picture);
        return;
    }
    I420Copy(picture->plane[0], picture->stride[0], picture->plane[1], picture->stride[1],
            picture->plane[2], picture->stride[2], part.plane[0], part.stride[0], part.plane[1],
            part.stride[1], part.plane[2], part.stride[2], part.width, part.height);
}

void canvas_frame(struct picture *canvas, const struct layout_rect *rect)
{
    const int right = rect->x + rect->width - FRAME, bottom = rect->y + rect->height - FRAME;
    const struct layout_rect edges[] = {
        { rect->x, rect->y, rect->width, FRAME },
        { rect->x, bottom, rect->width, FRAME },
        { rect->x, rect->y, FRAME, rect->height },
        { right, rect->y, FRAME, rect->height },
    };
    if (rect->width <= 2 * FRAME || rect->height <= 2 * FRAME)
        return;
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        canvas_clear_rect(canvas, &edges[i]);
}

void canvas_blend(
        struct picture *canvas, const struct layout_rect *rect, const struct overlay *overlay)
{
    const struct picture *over = overlay->picture;
    int width = over->width, height = over->height;
    if (overlay->x + width > rect->width)
        width = rect->width - overlay->x;
    if (overlay->y + height > rect->height)
        height = rect->height - overlay->y;
    if (width <= 0 || height <= 0)
        return;

    struct picture part =
            part_of(canvas, rect->x + overlay->x, rect->y + overlay->y, width, height);
    I420Blend(over->plane[0], over->stride[0], over->plane[1], over->stride[1], over->plane[2],
            over->stride[2], part.plane[0], part.stride[0], part.plane[1], part.stride[1],
            part.plane[2], part.stride[2], overlay->alpha, over->width, part.plane[0],
            part.stride[0], part.plane[1], part.stride[1], part.plane[2], part.stride[2], width,
            height);
}
