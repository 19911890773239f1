// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media/frame_mark.h"

#include <cmocka.h>

static void is_read_back_at_every_usual_size(void **state)
{
    (void)state;
    static const int sizes[][2] = { { 1920, 1080 }, { 1280, 720 }, { 854, 480 }, { 640, 360 },
        { 426, 240 }, { 320, 180 }, { 256, 144 } };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct picture *picture = picture_new(sizes[i][0], sizes[i][1]);
        const struct frame_mark mark = { .room = 4095, .frame = 0xabcde };
        struct frame_mark found;
        frame_mark_draw(picture, &mark);
        assert_true(frame_mark_read(picture, 0, 0, picture->width, picture->height, &found));
        assert_int_equal(found.room, mark.room);
        assert_int_equal(found.frame, mark.frame);
        picture_free(picture);
    }
}

static void is_laid_out_as_the_header_says(void **state)
{
    (void)state;
    struct picture *picture = picture_new(640, 360);
    // 1010 0000 0000 0001 | 0000 0000 0000 0000 0010 | CRC-12 of these 36 bits
    frame_mark_draw(picture, &(struct frame_mark){ .room = 1, .frame = 2 });
    const uint8_t *luma = picture->plane[0];
    const int stride = picture->stride[0];
    assert_int_equal(luma[48 * stride + 48], 235);     // bit 0, the middle of the first cell
    assert_int_equal(luma[48 * stride + 48 + 32], 16); // bit 1
    assert_int_equal(luma[(48 + 32) * stride + 48 + 96], 235); // bit 15: the room's last
    assert_int_equal(luma[24 * stride + 48], 128);             // the border
    assert_int_equal(luma[8 * stride + 8], 16);                // outside
    picture_free(picture);
}

static void is_found_in_a_tile(void **state)
{
    (void)state;
    struct picture *canvas = picture_new(1280, 720);
    struct picture *tile = picture_new(320, 180);
    struct frame_mark found;
    frame_mark_draw(tile, &(struct frame_mark){ .room = 7, .frame = 99 });
    for (int y = 0; y < tile->height; y++)
        for (int x = 0; x < tile->width; x++)
            canvas->plane[0][(y + 182) * canvas->stride[0] + x + 643] =
                    tile->plane[0][y * tile->stride[0] + x];

    assert_true(frame_mark_read(canvas, 643, 182, 320, 180, &found));
    assert_int_equal(found.room, 7);
    assert_int_equal(found.frame, 99);
    assert_false(frame_mark_read(canvas, 0, 0, 1280, 720, &found));
    picture_free(tile);
    picture_free(canvas);
}

static void is_refused_when_any_cell_is_wrong(void **state)
{
    (void)state;
    struct picture *picture = picture_new(640, 360);
    for (int cell = 0; cell < 48; cell++) {
        struct frame_mark found;
        frame_mark_draw(picture, &(struct frame_mark){ .room = 600, .frame = 123456 });
        for (int y = 0; y < 32; y++)
            for (int x = 0; x < 32; x++) {
                uint8_t *luma = picture->plane[0] + (32 + cell / 12 * 32 + y) * picture->stride[0] +
                                32 + cell % 12 * 32 + x;
                *luma = *luma > 128 ? 16 : 235;
            }
        assert_false(frame_mark_read(picture, 0, 0, 640, 360, &found));
    }
    picture_free(picture);
}

static void is_refused_outside_the_picture(void **state)
{
    (void)state;
    struct picture *picture = picture_new(320, 180);
    struct frame_mark found;
    frame_mark_draw(picture, &(struct frame_mark){ .room = 1, .frame = 1 });
    assert_false(frame_mark_read(picture, 2, 0, 320, 180, &found));
    assert_false(frame_mark_read(picture, -2, 0, 320, 180, &found));
    assert_false(frame_mark_read(picture, 0, 0, 320, 0, &found));
    assert_false(frame_mark_read(picture, 0, 0, 20, 11, &found));
    picture_free(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_back_at_every_usual_size),
        cmocka_unit_test(is_laid_out_as_the_header_says),
        cmocka_unit_test(is_found_in_a_tile),
        cmocka_unit_test(is_refused_when_any_cell_is_wrong),
        cmocka_unit_test(is_refused_outside_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
