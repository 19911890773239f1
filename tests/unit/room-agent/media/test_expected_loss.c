// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "room-agent/media/expected_loss.h"

#include <cmocka.h>

#define SECOND_US 1000000

static void a_good_link_is_expected_to_lose_a_little(void **state)
{
    (void)state;
    struct expected_loss expected;
    expected_loss_init(&expected);
    for (int i = 1; i < 100; i++)
        assert_int_equal(expected_loss_step(&expected, 0, i * (int64_t)SECOND_US), 5);
}

static void it_follows_a_worse_link_at_once_and_not_without_end(void **state)
{
    (void)state;
    struct expected_loss expected;
    expected_loss_init(&expected);
    assert_int_equal(expected_loss_step(&expected, 4.9, SECOND_US), 5);
    assert_int_equal(expected_loss_step(&expected, 9, 2 * SECOND_US), 10);
    assert_int_equal(expected_loss_step(&expected, 60, 3 * SECOND_US), 25);
}

static void it_falls_step_by_step_when_the_link_was_good_for_a_while(void **state)
{
    (void)state;
    struct expected_loss expected;
    expected_loss_init(&expected);
    int64_t now_us = SECOND_US;
    assert_int_equal(expected_loss_step(&expected, 20, now_us), 20);
    for (int i = 0; i < 15; i++)
        assert_int_equal(expected_loss_step(&expected, 1, now_us += SECOND_US), 20);
    assert_int_equal(expected_loss_step(&expected, 1, now_us += SECOND_US), 15);
    for (int i = 0; i < 60; i++)
        expected_loss_step(&expected, 1, now_us += SECOND_US);
    assert_int_equal(expected.percent, 5);
}

static void a_link_that_goes_up_and_down_keeps_what_its_worst_needs(void **state)
{
    (void)state;
    struct expected_loss expected;
    expected_loss_init(&expected);
    expected_loss_step(&expected, 15, SECOND_US);
    for (int i = 2; i < 200; i++)
        assert_int_equal(
                expected_loss_step(&expected, i % 10 ? 0 : 12, i * (int64_t)SECOND_US), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_link_is_expected_to_lose_a_little),
        cmocka_unit_test(it_follows_a_worse_link_at_once_and_not_without_end),
        cmocka_unit_test(it_falls_step_by_step_when_the_link_was_good_for_a_while),
        cmocka_unit_test(a_link_that_goes_up_and_down_keeps_what_its_worst_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
