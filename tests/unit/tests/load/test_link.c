// SPDX-License-Identifier: Apache-2.0
// The posed links: what a profile says, and that packets fare so.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/load/link.h"

#include <cmocka.h>

#define PACKETS 20000
#define TICK_US 20000

static void open_link(struct link *link, const char *text, uint64_t seed)
{
    struct link_profile profile;
    assert_int_equal(link_profile_parse(text, &profile), 0);
    link_init(link, &profile, seed);
}

static void a_profile_is_read_whole_or_refused(void **state)
{
    (void)state;
    struct link_profile profile;
    assert_int_equal(link_profile_parse("", &profile), 0);
    assert_true(link_profile_is_plain(&profile));
    assert_int_equal(
            link_profile_parse("loss=10,burst=3,rtt=60,jitter=2.5,reorder=1,rate=512", &profile),
            0);
    assert_false(link_profile_is_plain(&profile));
    assert_int_equal((int)profile.delay_ms, 30);
    assert_int_equal((int)(10 * profile.jitter_ms), 25);
    static const char *const wrong[] = { "loss", "loss=", "loss=x", "loss=101", "loss=-1", "=1",
        "lost=1", "loss=1;rtt=2", "loss=nan", "averyveryverylongname=1" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(link_profile_parse(wrong[i], &profile), -EINVAL);
}

static void the_same_seed_gives_the_same_fate(void **state)
{
    (void)state;
    struct link one, same, other;
    int differ = 0;
    open_link(&one, "loss=10,jitter=20,reorder=1", 7);
    open_link(&same, "loss=10,jitter=20,reorder=1", 7);
    open_link(&other, "loss=10,jitter=20,reorder=1", 8);
    for (int i = 0; i < 1000; i++) {
        const int64_t due_us = link_take(&one, i * TICK_US, 100);
        assert_int_equal(link_take(&same, i * TICK_US, 100), due_us);
        differ += link_take(&other, i * TICK_US, 100) != due_us;
    }
    assert_true(differ > 500);
}

// The share that is lost, and how many on average together.
static double lose(const char *text, double *together)
{
    struct link link;
    int bursts = 0;
    int64_t before = 0;
    open_link(&link, text, 1);
    for (int i = 0; i < PACKETS; i++) {
        const int64_t due = link_take(&link, i * TICK_US, 100);
        bursts += due == LINK_LOST && before != LINK_LOST;
        before = due;
    }
    *together = (double)link.lost / bursts;
    return 100.0 * (double)link.lost / PACKETS;
}

static void as_many_are_lost_as_was_asked_for(void **state)
{
    (void)state;
    double together = 0;
    const double random = lose("loss=10", &together);
    assert_true(random > 9 && random < 11 && together < 1.2);
    const double bursts = lose("loss=10,burst=5", &together);
    assert_true(bursts > 8.5 && bursts < 11.5 && together > 4.5 && together < 5.5);
}

static void jitter_delays_but_only_reordering_overtakes(void **state)
{
    (void)state;
    struct link link;
    int64_t last_us = 0;
    open_link(&link, "rtt=60,jitter=50", 3);
    for (int i = 0; i < 1000; i++) {
        const int64_t due_us = link_take(&link, i * TICK_US, 100);
        assert_true(due_us >= i * TICK_US + 30000 && due_us <= i * TICK_US + 80000);
        assert_true(due_us >= last_us);
        last_us = due_us;
    }
    int overtaken = 0;
    open_link(&link, "reorder=5", 3);
    for (int i = 0; i < 1000; i++) {
        const int64_t due_us = link_take(&link, i * TICK_US, 100);
        overtaken += due_us < last_us;
        last_us = due_us;
    }
    assert_true(overtaken > 20 && overtaken < 90);
}

static void a_narrow_link_queues_and_then_loses(void **state)
{
    (void)state;
    struct link link;
    open_link(&link, "rate=100", 1);
    // 196 and 54 bytes every 20 ms fill it exactly.
    for (int i = 0; i < 100; i++)
        assert_in_range(link_take(&link, i * TICK_US, 196) - i * TICK_US, 19999, 20001);
    open_link(&link, "rate=50", 1);
    int64_t worst_us = 0;
    for (int i = 0; i < 100; i++) {
        const int64_t due_us = link_take(&link, i * TICK_US, 196);
        if (due_us != LINK_LOST && due_us - i * TICK_US > worst_us)
            worst_us = due_us - i * TICK_US;
    }
    assert_true(worst_us > 250000 && worst_us <= 340000);
    assert_true(link.lost > 30 && link.lost < 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_read_whole_or_refused),
        cmocka_unit_test(the_same_seed_gives_the_same_fate),
        cmocka_unit_test(as_many_are_lost_as_was_asked_for),
        cmocka_unit_test(jitter_delays_but_only_reordering_overtakes),
        cmocka_unit_test(a_narrow_link_queues_and_then_loses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
