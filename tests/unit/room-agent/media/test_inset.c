// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/media/frame_mark.h"
#include "room-agent/media/inset.h"

#include <cmocka.h>

static struct picture *marked(int width, int height, uint16_t room)
{
    struct picture *picture = picture_new(width, height);
    memset(picture->plane[0], 90, (size_t)(picture->stride[0] * height));
    const struct frame_mark mark = { .room = room, .frame = 7 };
    frame_mark_draw(picture, &mark);
    return picture;
}

static void the_small_picture_stands_whole_in_the_corner(void **state)
{
    (void)state;
    struct picture *large = picture_new(1920, 1080), *small = marked(1280, 720, 42);
    const struct inset_rect rect = inset_place(large, small);
    struct frame_mark mark;
    inset_draw(large, small);
    assert_int_equal(rect.width, 480);
    assert_int_equal(rect.height, 270);
    assert_true(rect.x + rect.width < 1920 && rect.y + rect.height < 1080);
    assert_true(frame_mark_read(large, rect.x, rect.y, rect.width, rect.height, &mark));
    assert_int_equal(mark.room, 42);
    picture_free(large);
    picture_free(small);
}

static void what_is_around_it_stays(void **state)
{
    (void)state;
    struct picture *large = marked(1920, 1080, 3), *small = marked(1280, 720, 42);
    const struct inset_rect rect = inset_place(large, small);
    struct frame_mark mark;
    inset_draw(large, small);
    assert_true(frame_mark_read(large, 0, 0, 1920, 1080, &mark));
    assert_int_equal(mark.room, 3);
    assert_int_equal(large->plane[0][rect.y * large->stride[0] + rect.x - 1], 90);
    assert_int_equal(large->plane[0][(rect.y - 1) * large->stride[0] + rect.x], 90);
    picture_free(large);
    picture_free(small);
}

static void odd_shapes_stay_inside(void **state)
{
    (void)state;
    static const int sizes[][4] = { { 64, 36, 2, 400 }, { 320, 180, 640, 2 }, { 16, 16, 16, 16 } };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct picture *large = picture_new(sizes[i][0], sizes[i][1]);
        struct picture *small = picture_new(sizes[i][2], sizes[i][3]);
        const struct inset_rect rect = inset_place(large, small);
        assert_true(rect.x >= 0 && rect.y >= 0 && rect.width >= 0 && rect.height >= 0);
        assert_true(rect.x + rect.width <= large->width && rect.y + rect.height <= large->height);
        inset_draw(large, small); // the sanitizers look on
        picture_free(large);
        picture_free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_picture_stands_whole_in_the_corner),
        cmocka_unit_test(what_is_around_it_stays),
        cmocka_unit_test(odd_shapes_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
