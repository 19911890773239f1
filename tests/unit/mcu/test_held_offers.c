// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "mcu/held_offers.h"

#include <cmocka.h>

static bool hold(struct held_offers *held, const char *member, const char *id, int64_t now_us)
{
    g_autofree struct message_media_offered *offer = g_new0(struct message_media_offered, 1);
    g_strlcpy(offer->conference, "abcdefgh", sizeof(offer->conference));
    g_strlcpy(offer->member, member, sizeof(offer->member));
    g_strlcpy(offer->offer_id, id, sizeof(offer->offer_id));
    return held_offers_add(held, offer, now_us);
}

static bool is_chair(void *context, const char *member)
{
    (void)context;
    return strcmp(member, "chair") == 0;
}

static void an_offer_waits_for_its_member(void **state)
{
    (void)state;
    struct held_offers *held = held_offers_new();
    assert_true(hold(held, "64", "o-1", 0));
    assert_true(hold(held, "chair", "o-2", 0));
    assert_null(held_offers_take(held, "zzzzzzzz", is_chair, NULL));
    g_autofree struct message_media_offered *taken =
            held_offers_take(held, "abcdefgh", is_chair, NULL);
    assert_string_equal(taken->offer_id, "o-2");
    assert_null(held_offers_take(held, "abcdefgh", is_chair, NULL));
    assert_false(held_offers_is_empty(held));
    held_offers_free(held);
}

static void the_newer_offer_of_a_member_counts(void **state)
{
    (void)state;
    struct held_offers *held = held_offers_new();
    assert_true(hold(held, "chair", "o-1", 0));
    assert_true(hold(held, "chair", "o-2", 10));
    g_autofree struct message_media_offered *taken =
            held_offers_take(held, "abcdefgh", is_chair, NULL);
    assert_string_equal(taken->offer_id, "o-2");
    assert_true(held_offers_is_empty(held));
    held_offers_free(held);
}

static void nobody_waits_for_ever_and_not_too_many(void **state)
{
    (void)state;
    struct held_offers *held = held_offers_new();
    for (int i = 0; i < HELD_OFFERS_MAX; i++) {
        g_autofree char *member = g_strdup_printf("m-%d", i);
        assert_true(hold(held, member, "o", i));
    }
    assert_false(hold(held, "one-more", "o", 0));
    assert_null(held_offers_take_expired(held, HELD_OFFERS_FOR_US - 1));
    g_autofree struct message_media_offered *expired =
            held_offers_take_expired(held, HELD_OFFERS_FOR_US);
    assert_string_equal(expired->member, "m-0");
    assert_null(held_offers_take_expired(held, HELD_OFFERS_FOR_US));
    held_offers_free(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_waits_for_its_member),
        cmocka_unit_test(the_newer_offer_of_a_member_counts),
        cmocka_unit_test(nobody_waits_for_ever_and_not_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
