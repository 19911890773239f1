// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "room-agent/media/uplink.h"

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static const struct camera_wish speaker = { 720, 25, 1500 };

static void sends_what_is_wished_while_nothing_is_known(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink);
    const struct camera_wish fitting = uplink_fit(&uplink, &speaker, 0, SECOND);
    assert_int_equal(fitting.kbps, 1500);
    assert_int_equal(fitting.height, 720);
}

static void leaves_room_for_the_sound(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink);
    const struct camera_wish fitting = uplink_fit(&uplink, &speaker, 500000, SECOND);
    assert_in_range(fitting.kbps, 330, 370);
    assert_int_equal(fitting.height, 720);
    assert_int_equal(fitting.fps, 25);
    assert_int_equal(uplink_fit(&uplink, &speaker, 9000000, SECOND).kbps, 1500);
}

static void goes_down_at_once_and_up_when_it_is_worth_it(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink);
    const int before = uplink_fit(&uplink, &speaker, 500000, SECOND).kbps;
    assert_int_equal(uplink_fit(&uplink, &speaker, 520000, SECOND).kbps, before);
    assert_true(uplink_fit(&uplink, &speaker, 480000, SECOND).kbps < before);
    assert_true(uplink_fit(&uplink, &speaker, 600000, SECOND).kbps > before);
}

static void makes_the_picture_small_where_little_is_left_and_not_to_and_fro(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink);
    assert_int_equal(uplink_fit(&uplink, &speaker, 200000, SECOND).height, 180);
    assert_int_equal(uplink_fit(&uplink, &speaker, 900000, 2 * SECOND).height, 180);
    assert_int_equal(uplink_fit(&uplink, &speaker, 900000, 12 * SECOND).height, 720);
    assert_int_equal(uplink_fit(&uplink, &speaker, 0, 13 * SECOND).height, 720);
}

static void sends_something_however_bad_it_is_and_nothing_when_nothing_is_wished(void **state)
{
    (void)state;
    struct uplink uplink;
    uplink_init(&uplink);
    assert_int_equal(uplink_fit(&uplink, &speaker, 20000, SECOND).kbps, 40);
    const struct camera_wish none = { 0 }, thumbnail = { 90, 1, 20 };
    assert_int_equal(uplink_fit(&uplink, &none, 500000, SECOND).height, 0);
    assert_int_equal(uplink_fit(&uplink, &thumbnail, 20000, SECOND).kbps, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_is_wished_while_nothing_is_known),
        cmocka_unit_test(leaves_room_for_the_sound),
        cmocka_unit_test(goes_down_at_once_and_up_when_it_is_worth_it),
        cmocka_unit_test(makes_the_picture_small_where_little_is_left_and_not_to_and_fro),
        cmocka_unit_test(sends_something_however_bad_it_is_and_nothing_when_nothing_is_wished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
