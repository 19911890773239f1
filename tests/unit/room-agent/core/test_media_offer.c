// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include "room-agent/core/media_offer.h"

#include <cmocka.h>

static struct media_offer answered_offer(void)
{
    struct media_offer offer;
    media_offer_init(&offer);
    media_offer_process(&offer, true);
    media_offer_want(&offer, "aa");
    assert_true(media_offer_begin(&offer, 0));
    media_offer_answered(&offer, "aa");
    return offer;
}

static void offers_when_there_is_an_mcu_and_a_media_process(void **state)
{
    (void)state;
    struct media_offer offer;
    media_offer_init(&offer);
    media_offer_want(&offer, "aa");
    assert_false(media_offer_begin(&offer, 0));
    media_offer_process(&offer, true);
    media_offer_want(&offer, "");
    assert_false(media_offer_begin(&offer, 0));
    media_offer_want(&offer, "aa");
    assert_true(media_offer_begin(&offer, 0));
    assert_false(media_offer_begin(&offer, 1)); // one at a time
}

static void keeps_its_connection_while_the_epoch_stays(void **state)
{
    (void)state;
    struct media_offer offer = answered_offer();
    media_offer_want(&offer, "aa"); // said again after a reconnect
    assert_false(media_offer_begin(&offer, 1000));
    media_offer_want(&offer, ""); // the MCU is away: wait
    assert_false(media_offer_begin(&offer, 1000));
    media_offer_want(&offer, "aa");
    assert_false(media_offer_begin(&offer, 1000));
}

static void offers_again_under_a_new_epoch(void **state)
{
    (void)state;
    struct media_offer offer = answered_offer();
    media_offer_want(&offer, "bb");
    assert_true(media_offer_begin(&offer, 1000));
}

static void offers_again_for_a_new_media_process(void **state)
{
    (void)state;
    struct media_offer offer = answered_offer();
    media_offer_process(&offer, false);
    assert_false(media_offer_begin(&offer, 1000));
    media_offer_process(&offer, true);
    assert_true(media_offer_begin(&offer, 1000));
}

static void waits_longer_after_each_failure_until_one_connects(void **state)
{
    (void)state;
    struct media_offer offer = answered_offer();
    int64_t now_ms = 0;
    int64_t last_pause_ms = 0;
    for (int i = 0; i < 8; i++) {
        media_offer_failed(&offer, now_ms, UINT32_MAX - 1);
        int64_t pause_ms = media_offer_next_ms(&offer) - now_ms;
        assert_true(pause_ms >= last_pause_ms / 2 && pause_ms <= 4000);
        assert_false(media_offer_begin(&offer, now_ms + pause_ms - 1));
        now_ms += pause_ms;
        assert_true(media_offer_begin(&offer, now_ms));
        last_pause_ms = pause_ms;
    }
    assert_true(last_pause_ms >= 2000);
    media_offer_answered(&offer, "aa");
    media_offer_connected(&offer);
    media_offer_failed(&offer, now_ms, 0);
    assert_true(media_offer_next_ms(&offer) - now_ms <= 250);
}

static void gives_up_an_offer_that_nobody_answers(void **state)
{
    (void)state;
    struct media_offer offer;
    media_offer_init(&offer);
    media_offer_process(&offer, true);
    media_offer_want(&offer, "aa");
    assert_true(media_offer_begin(&offer, 0));
    assert_int_equal(media_offer_next_ms(&offer), MEDIA_OFFER_TIMEOUT_MS);
    assert_true(media_offer_begin(&offer, MEDIA_OFFER_TIMEOUT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_when_there_is_an_mcu_and_a_media_process),
        cmocka_unit_test(keeps_its_connection_while_the_epoch_stays),
        cmocka_unit_test(offers_again_under_a_new_epoch),
        cmocka_unit_test(offers_again_for_a_new_media_process),
        cmocka_unit_test(waits_longer_after_each_failure_until_one_connects),
        cmocka_unit_test(gives_up_an_offer_that_nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
