// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/overload.h"

#include <cmocka.h>

static const struct overload_second calm = { .ticks = 25, .encoded = 75 };
static const struct overload_second late_pictures = {
    .ticks = 15, .ticks_skipped = 10, .encoded = 45
};
static const struct overload_second slow_encoders = { .ticks = 25, .encoded = 50, .busy = 25 };
static const struct overload_second late_sound = { .ticks = 25, .encoded = 75, .sounds_late = 20 };

static enum overload_level after(
        struct overload *overload, const struct overload_second *second, int seconds)
{
    for (int i = 0; i < seconds; i++)
        overload_update(overload, second);
    return overload->level;
}

static void a_calm_machine_gives_nothing_up(void **state)
{
    (void)state;
    struct overload overload = { 0 };
    assert_int_equal(after(&overload, &calm, 1000), OVERLOAD_NONE);
    const struct overload_second asleep = { 0 };
    assert_int_equal(after(&overload, &asleep, 1000), OVERLOAD_NONE);
}

static void one_bad_second_is_no_overload(void **state)
{
    (void)state;
    struct overload overload = { 0 };
    for (int i = 0; i < 100; i++) {
        after(&overload, &late_pictures, 1);
        after(&overload, &calm, 2);
    }
    assert_int_equal(overload.level, OVERLOAD_NONE);
}

static void each_rung_waits_for_the_one_before_to_help(void **state)
{
    (void)state;
    const struct overload_second *const reasons[] = { &late_pictures, &slow_encoders, &late_sound };
    for (int i = 0; i < 3; i++) {
        struct overload overload = { 0 };
        assert_int_equal(after(&overload, reasons[i], 3), OVERLOAD_NONE);
        assert_int_equal(after(&overload, reasons[i], 1), OVERLOAD_SLOW);
        assert_int_equal(after(&overload, reasons[i], 4), OVERLOAD_FEWER);
        assert_int_equal(after(&overload, reasons[i], 4), OVERLOAD_LOWER);
        assert_int_equal(after(&overload, reasons[i], 4), OVERLOAD_FROZEN);
        assert_int_equal(after(&overload, reasons[i], 100), OVERLOAD_FROZEN);
    }
}

static void comes_back_step_by_step_and_slowly(void **state)
{
    (void)state;
    struct overload overload = { .level = OVERLOAD_LOWER };
    assert_int_equal(after(&overload, &calm, 19), OVERLOAD_LOWER);
    assert_int_equal(after(&overload, &calm, 1), OVERLOAD_FEWER);
    assert_int_equal(after(&overload, &calm, 20), OVERLOAD_SLOW);
    assert_int_equal(after(&overload, &calm, 20), OVERLOAD_NONE);
}

static void fewer_tiles_at_each_rung(void **state)
{
    (void)state;
    assert_int_equal(overload_tiles(OVERLOAD_NONE), 25);
    for (int level = 1; level < OVERLOAD_LEVELS; level++)
        assert_true(overload_tiles(level) <= overload_tiles(level - 1));
    assert_true(overload_tiles(OVERLOAD_FROZEN) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_machine_gives_nothing_up),
        cmocka_unit_test(one_bad_second_is_no_overload),
        cmocka_unit_test(each_rung_waits_for_the_one_before_to_help),
        cmocka_unit_test(comes_back_step_by_step_and_slowly),
        cmocka_unit_test(fewer_tiles_at_each_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
