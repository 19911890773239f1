// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "common/net/backoff.h"

#include <cmocka.h>

static void grows_to_its_limit_and_starts_anew(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 250, 5000);
    const uint32_t steps[] = { 250, 500, 1000, 2000, 4000, 5000, 5000 };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct backoff copy = backoff;
        assert_int_equal(backoff_next(&copy, 0), steps[i] / 2);
        assert_int_equal(backoff_next(&backoff, steps[i] / 2), steps[i]);
    }
    backoff_reset(&backoff);
    assert_int_equal(backoff_next(&backoff, 0), 125);
}

static void stays_between_half_and_whole(void **state)
{
    (void)state;
    struct backoff backoff;
    for (uint32_t random = 0; random < 100000; random += 7) {
        backoff_init(&backoff, 1001, UINT32_MAX);
        uint32_t pause = backoff_next(&backoff, random * 2654435761U);
        assert_in_range(pause, 500, 1001);
    }
    backoff_init(&backoff, UINT32_MAX, UINT32_MAX);
    assert_in_range(backoff_next(&backoff, UINT32_MAX), UINT32_MAX / 2, UINT32_MAX);
    assert_in_range(backoff_next(&backoff, UINT32_MAX), UINT32_MAX / 2, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_limit_and_starts_anew),
        cmocka_unit_test(stays_between_half_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
