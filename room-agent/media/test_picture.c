// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/test_picture.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#include "common/base/check.h"
#include "common/media/frame_mark.h"

#define STRIPES_A_WIDTH 4
#define STEP_PER_FRAME  2 // pixels
#define NAME_LUMA       235

static const struct {
    uint8_t u, v;
} colours[] = { { 150, 100 }, { 110, 150 }, { 105, 105 }, { 140, 140 }, { 90, 130 }, { 128, 165 },
    { 165, 118 }, { 118, 92 } };

struct test_picture {
    struct picture *picture;
    unsigned mark;
    uint8_t *stripe; // one row and a period more, so that any phase is a memcpy
    int period;
    cairo_surface_t *name; // A8, below the mark, above where banners go
    int name_top;
};

static cairo_surface_t *draw_name(int width, int height, const char *text)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
    cairo_t *cairo = cairo_create(surface);
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *font = pango_font_description_from_string("Sans Bold");
    pango_font_description_set_absolute_size(font, height * 0.32 * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_layout_set_width(layout, width * 9 / 10 * PANGO_SCALE);
    pango_layout_set_height(layout, height * PANGO_SCALE);
    pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_text(layout, text, -1);
    int text_height = 0;
    pango_layout_get_pixel_size(layout, NULL, &text_height);
    cairo_move_to(cairo, width * 0.05, MAX(0, (height - text_height) / 2));
    pango_cairo_show_layout(cairo, layout);
    pango_font_description_free(font);
    g_object_unref(layout);
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    return surface;
}

static void fill_chroma(struct picture *picture, unsigned mark)
{
    const unsigned colour = mark % COUNT_OF(colours);
    for (int y = 0; y < picture->height / 2; y++) {
        memset(picture->plane[1] + y * picture->stride[1], colours[colour].u,
                (size_t)(picture->width / 2));
        memset(picture->plane[2] + y * picture->stride[2], colours[colour].v,
                (size_t)(picture->width / 2));
    }
}

struct test_picture *test_picture_new(int width, int height, unsigned mark, const char *name)
{
    struct test_picture *test = g_new0(struct test_picture, 1);
    test->picture = picture_new(width, height);
    test->mark = mark;
    test->period = width / STRIPES_A_WIDTH;
    test->stripe = g_malloc((gsize)(width + test->period));
    for (int x = 0; x < width + test->period; x++)
        test->stripe[x] = (uint8_t)lrint(80 + 30 * sin(2 * M_PI * x / test->period));
    fill_chroma(test->picture, mark);

    // The mark ends at 5.5 units of width / 20, banners begin at 80 % of the height.
    test->name_top = width * 11 / 40;
    const int name_height = height * 4 / 5 - test->name_top;
    if (name_height > 8)
        test->name = draw_name(width, name_height, name);
    return test;
}

void test_picture_free(struct test_picture *test)
{
    if (!test)
        return;
    if (test->name)
        cairo_surface_destroy(test->name);
    picture_free(test->picture);
    g_free(test->stripe);
    g_free(test);
}

static void blend_name(struct test_picture *test)
{
    const int rows = cairo_image_surface_get_height(test->name);
    const int stride = cairo_image_surface_get_stride(test->name);
    const uint8_t *mask = cairo_image_surface_get_data(test->name);
    for (int y = 0; y < rows; y++) {
        uint8_t *luma = test->picture->plane[0] + (test->name_top + y) * test->picture->stride[0];
        for (int x = 0; x < test->picture->width; x++) {
            const int alpha = mask[y * stride + x];
            luma[x] = (uint8_t)((luma[x] * (255 - alpha) + NAME_LUMA * alpha) / 255);
        }
    }
}

// A block that runs up and down at the right edge: movement that a person sees at once.
static void draw_runner(struct test_picture *test, uint32_t frame)
{
    struct picture *picture = test->picture;
    const int size = picture->width / 20;
    const int way = picture->height * 4 / 5 - size;
    const int at = (int)(frame * 4 % (uint32_t)(2 * way));
    const int top = at < way ? at : 2 * way - at;
    for (int y = top; y < top + size; y++)
        memset(picture->plane[0] + y * picture->stride[0] + picture->width - 2 * size, 220,
                (size_t)size);
}

const struct picture *test_picture_draw(struct test_picture *test, uint32_t frame)
{
    struct picture *picture = test->picture;
    const int moved = (int)(frame * STEP_PER_FRAME % (uint32_t)test->period);
    for (int y = 0; y < picture->height; y++)
        memcpy(picture->plane[0] + y * picture->stride[0],
                test->stripe + (moved + y / 2) % test->period, (size_t)picture->width);
    if (test->name)
        blend_name(test);
    draw_runner(test, frame);
    const struct frame_mark mark = { .room = (uint16_t)test->mark, .frame = frame };
    frame_mark_draw(picture, &mark);
    return picture;
}
