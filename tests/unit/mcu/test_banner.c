// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mcu/banner.h"

#include <cmocka.h>

static int brightest(const struct overlay *overlay)
{
    int found = 0;
    for (int y = 0; y < overlay->picture->height; y++)
        for (int x = 0; x < overlay->picture->width; x++) {
            const int luma = overlay->picture->plane[0][y * overlay->picture->stride[0] + x];
            found = luma > found ? luma : found;
        }
    return found;
}

static bool same(const struct overlay *a, const struct overlay *b)
{
    if (a->picture->width != b->picture->width || a->picture->height != b->picture->height)
        return false;
    for (int y = 0; y < a->picture->height; y++)
        if (memcmp(a->picture->plane[0] + y * a->picture->stride[0],
                    b->picture->plane[0] + y * b->picture->stride[0],
                    (size_t)a->picture->width) != 0)
            return false;
    return true;
}

static void a_name_lies_in_the_bottom_fifth(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1280, 720 }, { 632, 356 }, { 248, 140 }, { 90, 50 } };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct banner *banner =
                banner_new(BANNER_NAME, sizes[i][0], sizes[i][1], "Huyện Đak Pơ", "Tỉnh Gia Lai");
        const struct overlay *overlay = banner_overlay(banner);
        assert_int_equal(overlay->x, 0);
        assert_int_equal(overlay->picture->width, sizes[i][0]);
        assert_true(overlay->y >= sizes[i][1] * 8 / 10);
        assert_int_equal(overlay->y + overlay->picture->height, sizes[i][1]);
        assert_int_equal((overlay->y | overlay->picture->height) & 1, 0);
        assert_true(brightest(overlay) > 150); // something is written
        assert_in_range(overlay->alpha[overlay->picture->width - 1], 150, 220);
        banner_unref(banner);
    }
}

static void diacritics_are_drawn(void **state)
{
    (void)state;
    struct banner *with = banner_new(BANNER_NAME, 632, 356, "Chư Păh", NULL);
    struct banner *without = banner_new(BANNER_NAME, 632, 356, "Chu Pah", NULL);
    struct banner *again = banner_new(BANNER_NAME, 632, 356, "Chư Păh", NULL);
    assert_false(same(banner_overlay(with), banner_overlay(without)));
    assert_true(same(banner_overlay(with), banner_overlay(again)));
    banner_unref(with);
    banner_unref(without);
    banner_unref(again);
}

static void a_placeholder_fills_its_tile(void **state)
{
    (void)state;
    struct banner *banner = banner_new(BANNER_PLACEHOLDER, 424, 238,
            "Một cái tên rất dài không thể nằm gọn trong một ô nhỏ của màn hình", "");
    const struct overlay *overlay = banner_overlay(banner);
    assert_int_equal(overlay->picture->width, 424);
    assert_int_equal(overlay->picture->height, 238);
    assert_int_equal(overlay->alpha[0], 255);
    assert_true(brightest(overlay) > 150);
    banner_unref(banner);
}

static void a_mark_of_a_stalled_picture_leaves_the_name_readable(void **state)
{
    (void)state;
    struct banner *banner = banner_new(BANNER_STALLED, 632, 356, "Tín hiệu gián đoạn", NULL);
    const struct overlay *overlay = banner_overlay(banner);
    assert_true(overlay->x >= 632 / 2 && overlay->y + overlay->picture->height < 356 / 5);
    banner_unref(banner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_lies_in_the_bottom_fifth),
        cmocka_unit_test(diacritics_are_drawn),
        cmocka_unit_test(a_placeholder_fills_its_tile),
        cmocka_unit_test(a_mark_of_a_stalled_picture_leaves_the_name_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
