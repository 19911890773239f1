// SPDX-License-Identifier: Apache-2.0
#include "mcu/banner.h"

#include <glib.h>
#include <libyuv.h>
#include <pango/pangocairo.h>
#include <stdbool.h>

#define FONT    "sans-serif"
#define CENTRED -1.0 // in place of a left edge

struct banner {
    gatomicrefcount references;
    struct overlay *overlay;
};

struct drawing {
    cairo_t *cairo;
    int width, height; // of the surface
};

// Text from `left` to the same distance from the right edge, or CENTRED on two lines at most; cut
// with an ellipsis.
static void draw_text(const struct drawing *drawing, const char *text, double left, double top,
        double pixels, PangoWeight weight)
{
    if (!text || !*text)
        return;
    const bool is_centred = left == CENTRED;
    const double margin = is_centred ? drawing->width * 0.05 : left;
    g_autoptr(PangoLayout) layout = pango_cairo_create_layout(drawing->cairo);
    PangoFontDescription *font = pango_font_description_from_string(FONT);
    pango_font_description_set_absolute_size(font, pixels * PANGO_SCALE);
    pango_font_description_set_weight(font, weight);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);

    pango_layout_set_text(layout, text, -1);
    pango_layout_set_width(layout, (int)((drawing->width - 2 * margin) * PANGO_SCALE));
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    if (is_centred) {
        pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
        pango_layout_set_height(layout, -2); // lines
    }
    cairo_move_to(drawing->cairo, margin, top);
    pango_cairo_show_layout(drawing->cairo, layout);
}

static void draw_name(const struct drawing *drawing, const char *line1, const char *line2)
{
    const double height = drawing->height;
    cairo_set_source_rgba(drawing->cairo, 0.04, 0.09, 0.16, 0.72);
    cairo_paint(drawing->cairo);
    cairo_set_source_rgba(drawing->cairo, 0.85, 0.65, 0.20, 1); // a brass edge, as on a name plate
    cairo_rectangle(drawing->cairo, 0, 0, height * 0.10, height);
    cairo_fill(drawing->cairo);

    const double left = height * 0.30;
    cairo_set_source_rgb(drawing->cairo, 1, 1, 1);
    if (!line2 || !*line2) {
        draw_text(drawing, line1, left, height * 0.22, height * 0.42, PANGO_WEIGHT_BOLD);
        return;
    }
    draw_text(drawing, line1, left, height * 0.05, height * 0.42, PANGO_WEIGHT_BOLD);
    cairo_set_source_rgb(drawing->cairo, 0.84, 0.88, 0.92);
    draw_text(drawing, line2, left, height * 0.58, height * 0.28, PANGO_WEIGHT_NORMAL);
}

static void draw_placeholder(const struct drawing *drawing, const char *line1, const char *line2)
{
    const double height = drawing->height;
    cairo_pattern_t *pattern = cairo_pattern_create_linear(0, 0, 0, height);
    cairo_pattern_add_color_stop_rgb(pattern, 0, 0.13, 0.20, 0.29);
    cairo_pattern_add_color_stop_rgb(pattern, 1, 0.07, 0.11, 0.17);
    cairo_set_source(drawing->cairo, pattern);
    cairo_paint(drawing->cairo);
    cairo_pattern_destroy(pattern);

    cairo_set_source_rgb(drawing->cairo, 1, 1, 1);
    draw_text(drawing, line1, CENTRED, height * 0.32, height * 0.12, PANGO_WEIGHT_BOLD);
    cairo_set_source_rgb(drawing->cairo, 0.70, 0.76, 0.82);
    draw_text(drawing, line2, CENTRED, height * 0.62, height * 0.07, PANGO_WEIGHT_NORMAL);
}

static void draw_stalled(const struct drawing *drawing, const char *text)
{
    cairo_set_source_rgba(drawing->cairo, 0.70, 0.25, 0.05, 0.85);
    cairo_paint(drawing->cairo);
    cairo_set_source_rgb(drawing->cairo, 1, 1, 1);
    draw_text(drawing, text, CENTRED, drawing->height * 0.14, drawing->height * 0.52,
            PANGO_WEIGHT_BOLD);
}

static int even(double value)
{
    int rounded = (int)value & ~1;
    return rounded < 2 ? 2 : rounded;
}

// Cairo's pixels are BGRA in memory with colours multiplied by alpha: libyuv's "ARGB".
static void convert(cairo_surface_t *surface, struct overlay *overlay)
{
    struct picture *picture = overlay->picture;
    uint8_t *pixels = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    ARGBUnattenuate(pixels, stride, pixels, stride, picture->width, picture->height);
    ARGBExtractAlpha(
            pixels, stride, overlay->alpha, picture->width, picture->width, picture->height);
    ARGBToI420(pixels, stride, picture->plane[0], picture->stride[0], picture->plane[1],
            picture->stride[1], picture->plane[2], picture->stride[2], picture->width,
            picture->height);
}

struct banner *banner_new(
        enum banner_kind kind, int width, int height, const char *line1, const char *line2)
{
    int x = 0, y = 0, box_width = width, box_height = height;
    if (kind == BANNER_NAME) {
        box_height = even(height * 0.18);
        y = height - box_height;
    } else if (kind == BANNER_STALLED) {
        box_width = even(width * 0.36);
        box_height = even(height * 0.09);
        x = width - box_width;
    }

    struct banner *banner = g_new0(struct banner, 1);
    g_atomic_ref_count_init(&banner->references);
    banner->overlay = overlay_new(box_width, box_height);
    banner->overlay->x = x;
    banner->overlay->y = y;

    cairo_surface_t *surface =
            cairo_image_surface_create(CAIRO_FORMAT_ARGB32, box_width, box_height);
    const struct drawing drawing = {
        .cairo = cairo_create(surface),
        .width = box_width,
        .height = box_height,
    };
    if (kind == BANNER_NAME)
        draw_name(&drawing, line1, line2);
    else if (kind == BANNER_PLACEHOLDER)
        draw_placeholder(&drawing, line1, line2);
    else
        draw_stalled(&drawing, line1);
    cairo_destroy(drawing.cairo);
    cairo_surface_flush(surface);
    convert(surface, banner->overlay);
    cairo_surface_destroy(surface);
    return banner;
}

struct banner *banner_ref(struct banner *banner)
{
    g_atomic_ref_count_inc(&banner->references);
    return banner;
}

void banner_unref(struct banner *banner)
{
    if (!banner || !g_atomic_ref_count_dec(&banner->references))
        return;
    overlay_free(banner->overlay);
    g_free(banner);
}

const struct overlay *banner_overlay(const struct banner *banner)
{
    return banner->overlay;
}
