// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mcu/tile_source.h"

#include <cmocka.h>

static struct picture *grey(int luma)
{
    struct picture *picture = picture_new(320, 180);
    memset(picture->plane[0], luma, (size_t)(picture->stride[0] * picture->height));
    return picture;
}

static void the_newest_picture_is_taken_once(void **state)
{
    (void)state;
    struct tile_source *source = tile_source_new();
    tile_source_set_size(source, 320, 180);
    bool is_new = true;
    assert_null(tile_source_take(source, &is_new));
    assert_false(is_new);
    assert_int_equal(tile_source_last_us(source), 0);

    for (int luma = 100; luma < 110; luma++) {
        struct picture *picture = grey(luma);
        tile_source_put(source, picture, luma);
        picture_free(picture);
    }
    const struct picture *taken = tile_source_take(source, &is_new);
    assert_true(is_new);
    assert_int_equal(taken->plane[0][0], 109);
    assert_int_equal(tile_source_last_us(source), 109);
    assert_ptr_equal(tile_source_take(source, &is_new), taken);
    assert_false(is_new);
    tile_source_unref(source);
}

static void what_is_being_read_is_not_written(void **state)
{
    (void)state;
    struct tile_source *source = tile_source_new();
    tile_source_set_size(source, 320, 180);
    struct picture *first = grey(50), *later = grey(200);
    bool is_new = false;
    tile_source_put(source, first, 1);
    const struct picture *taken = tile_source_take(source, &is_new);
    for (int i = 0; i < 5; i++)
        tile_source_put(source, later, 2);
    assert_int_equal(taken->plane[0][0], 50);
    picture_free(first);
    picture_free(later);
    tile_source_unref(source);
}

static void a_new_size_holds_from_the_next_picture_on(void **state)
{
    (void)state;
    struct tile_source *source = tile_source_new();
    struct picture *picture = grey(80);
    bool is_new = false;
    tile_source_set_size(source, 640, 360);
    tile_source_put(source, picture, 1);
    assert_int_equal(tile_source_take(source, &is_new)->width, 640);
    tile_source_set_size(source, 128, 72);
    assert_int_equal(tile_source_take(source, &is_new)->width, 640);
    tile_source_put(source, picture, 2);
    assert_int_equal(tile_source_take(source, &is_new)->width, 128);
    picture_free(picture);
    tile_source_unref(source);
}

static void a_hidden_tile_keeps_nothing(void **state)
{
    (void)state;
    struct tile_source *source = tile_source_new();
    struct picture *picture = grey(50);
    bool is_new = true;
    tile_source_put(source, picture, 1);
    assert_null(tile_source_take(source, &is_new));
    assert_false(is_new);
    tile_source_set_size(source, 64, 36);
    tile_source_put(source, picture, 2);
    assert_int_equal(tile_source_last_us(source), 2);
    tile_source_set_size(source, 0, 0);
    tile_source_put(source, picture, 3);
    // What is shown again begins as if it had never been there, not with a picture of long ago.
    assert_int_equal(tile_source_last_us(source), 0);
    picture_free(picture);
    tile_source_unref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_picture_is_taken_once),
        cmocka_unit_test(what_is_being_read_is_not_written),
        cmocka_unit_test(a_new_size_holds_from_the_next_picture_on),
        cmocka_unit_test(a_hidden_tile_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
