// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "mcu/canvas/layout.h"

#include <cmocka.h>

static bool overlap(const struct layout_rect *a, const struct layout_rect *b)
{
    return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
           b->y < a->y + a->height;
}

static void check(enum layout_kind kind, size_t count, int width, int height)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    size_t shown = layout_place(kind, count, width, height, rects);
    const size_t most = kind == LAYOUT_SINGLE ? 1 : kind == LAYOUT_PAIR ? 2 : LAYOUT_TILES_MAX;
    assert_int_equal(shown, count < most ? count : most);
    for (size_t i = 0; i < shown; i++) {
        const struct layout_rect *rect = &rects[i];
        assert_true(rect->x >= 0 && rect->y >= 0 && rect->width > 0 && rect->height > 0);
        assert_true(rect->x + rect->width <= width && rect->y + rect->height <= height);
        assert_int_equal((rect->x | rect->y | rect->width | rect->height) & 1, 0);
        // 16:9 within four pixels.
        assert_true(abs(rect->width * 9 / 16 - rect->height) <= 4);
        for (size_t j = 0; j < i; j++)
            assert_false(overlap(rect, &rects[j]));
    }
}

static void tiles_are_inside_apart_even_and_16_to_9(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1280, 720 }, { 1920, 1080 }, { 640, 360 }, { 854, 480 } };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (int kind = LAYOUT_GRID; kind <= LAYOUT_PAIR; kind++)
            for (size_t count = 1; count <= LAYOUT_TILES_MAX; count++)
                check(kind, count, sizes[s][0], sizes[s][1]);
}

static void the_grid_of_three_has_two_above_one(void **state)
{
    (void)state;
    struct layout_rect rects[LAYOUT_TILES_MAX];
    assert_int_equal(layout_place(LAYOUT_GRID, 3, 1280, 720, rects), 3);
    assert_int_equal(rects[0].x, 0);
    assert_int_equal(rects[0].y, 0);
    assert_int_equal(rects[0].width, 640);
    assert_int_equal(rects[0].height, 360);
    assert_int_equal(rects[1].x, 640);
    assert_int_equal(rects[2].x, 320); // in the middle
    assert_int_equal(rects[2].y, 360);
}

static void the_speaker_is_large(void **state)
{
    (void)state;
    struct layout_rect rects[LAYOUT_TILES_MAX];
    layout_place(LAYOUT_SPEAKER, 6, 1280, 720, rects);
    assert_int_equal(rects[0].width, 1024);
    assert_int_equal(rects[1].width, 256);
    assert_int_equal(rects[5].y, 4 * 144);
}

static void more_than_fit_are_cut_off(void **state)
{
    (void)state;
    struct layout_rect rects[LAYOUT_TILES_MAX];
    assert_int_equal(layout_place(LAYOUT_GRID, 40, 1280, 720, rects), LAYOUT_TILES_MAX);
    assert_int_equal(layout_place(LAYOUT_GRID, 0, 1280, 720, rects), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_are_inside_apart_even_and_16_to_9),
        cmocka_unit_test(the_grid_of_three_has_two_above_one),
        cmocka_unit_test(the_speaker_is_large),
        cmocka_unit_test(more_than_fit_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
