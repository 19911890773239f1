// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/canvas/canvas.h"

#include <cmocka.h>

static struct picture *grey(int width, int height, int luma)
{
    struct picture *picture = picture_new(width, height);
    for (int y = 0; y < height; y++)
        memset(picture->plane[0] + y * picture->stride[0], luma, (size_t)width);
    return picture;
}

static int luma_at(const struct picture *picture, int x, int y)
{
    return picture->plane[0][y * picture->stride[0] + x];
}

static void a_tile_is_drawn_in_its_place_only(void **state)
{
    (void)state;
    struct picture *canvas = picture_new(640, 360);
    struct picture *tile = grey(100, 60, 200);
    struct layout_rect rect = { .x = 20, .y = 40, .width = 100, .height = 60 };
    canvas_clear(canvas);
    int background = luma_at(canvas, 0, 0);
    canvas_draw(canvas, &rect, tile);
    assert_int_equal(luma_at(canvas, 20, 40), 200);
    assert_int_equal(luma_at(canvas, 119, 99), 200);
    assert_int_equal(luma_at(canvas, 19, 40), background);
    assert_int_equal(luma_at(canvas, 120, 99), background);
    assert_int_equal(luma_at(canvas, 119, 100), background);
    canvas_clear_rect(canvas, &rect);
    assert_int_equal(luma_at(canvas, 20, 40), background);
    picture_free(tile);
    picture_free(canvas);
}

static void a_frame_covers_the_edges_only(void **state)
{
    (void)state;
    struct picture *canvas = grey(640, 360, 200);
    struct layout_rect rect = { .x = 20, .y = 40, .width = 100, .height = 60 };
    canvas_frame(canvas, &rect);
    const int line = luma_at(canvas, 20, 40);
    assert_true(line < 50);
    assert_int_equal(luma_at(canvas, 119, 70), line);
    assert_int_equal(luma_at(canvas, 70, 99), line);
    assert_int_equal(luma_at(canvas, 22, 42), 200);
    assert_int_equal(luma_at(canvas, 117, 97), 200);
    assert_int_equal(luma_at(canvas, 19, 40), 200);
    assert_int_equal(luma_at(canvas, 120, 70), 200);
    picture_free(canvas);
}

static void a_picture_of_another_size_is_scaled(void **state)
{
    (void)state;
    struct picture *canvas = picture_new(640, 360);
    struct picture *tile = grey(320, 180, 90);
    struct layout_rect rect = { .x = 0, .y = 0, .width = 640, .height = 360 };
    canvas_draw(canvas, &rect, tile);
    assert_int_equal(luma_at(canvas, 639, 359), 90);
    picture_free(tile);
    picture_free(canvas);
}

static void a_narrow_picture_is_shown_whole_between_bars(void **state)
{
    (void)state;
    struct picture *tile = picture_new(320, 180);
    struct picture *camera = grey(640, 480, 180); // 4:3
    canvas_fit(tile, camera);
    assert_int_equal(luma_at(tile, 0, 90), 16);
    assert_int_equal(luma_at(tile, 319, 90), 16);
    assert_in_range(luma_at(tile, 160, 0), 179, 180);
    assert_in_range(luma_at(tile, 160, 179), 179, 180);
    assert_in_range(luma_at(tile, 45, 90), 179, 180);
    picture_free(camera);
    picture_free(tile);
}

static void an_overlay_is_blended_by_its_alpha(void **state)
{
    (void)state;
    struct picture *canvas = grey(320, 180, 100);
    struct layout_rect rect = { .x = 100, .y = 50, .width = 80, .height = 60 };
    struct overlay *overlay = overlay_new(80, 20);
    for (int y = 0; y < 20; y++)
        memset(overlay->picture->plane[0] + y * overlay->picture->stride[0], 200, 80);
    memset(overlay->alpha, 255, 80 * 10);
    overlay->y = 50; // half of it is below the rectangle
    canvas_blend(canvas, &rect, overlay);
    assert_int_equal(luma_at(canvas, 100, 99), 100);
    assert_in_range(luma_at(canvas, 100, 100), 199, 200);
    assert_in_range(luma_at(canvas, 179, 109), 199, 200);
    assert_int_equal(luma_at(canvas, 100, 110), 100);
    overlay_free(overlay);
    picture_free(canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_is_drawn_in_its_place_only),
        cmocka_unit_test(a_frame_covers_the_edges_only),
        cmocka_unit_test(a_picture_of_another_size_is_scaled),
        cmocka_unit_test(a_narrow_picture_is_shown_whole_between_bars),
        cmocka_unit_test(an_overlay_is_blended_by_its_alpha),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
