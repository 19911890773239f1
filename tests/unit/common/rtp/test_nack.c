// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/nack.h"
#include "common/rtp/reorder.h"

#include <cmocka.h>

static void asks_for_a_gap_and_again_after_one_round_trip(void **state)
{
    (void)state;
    struct nack_config config = { .max_requests = 3, .retry_after_ms = 40 };
    struct nack_list *list = nack_list_new(&config);
    uint16_t due[4];
    nack_list_arrived(list, 65535, 0);
    nack_list_arrived(list, 1, 5); // 0 is missing, across the wrap
    assert_int_equal(nack_list_due(list, 5, due, 4), 1);
    assert_int_equal(due[0], 0);
    assert_int_equal(nack_list_due(list, 44, due, 4), 0);
    assert_int_equal(nack_list_deadline_ms(list), 45);
    assert_int_equal(nack_list_due(list, 45, due, 4), 1);
    nack_list_free(list);
}

static void gives_up_after_the_last_request(void **state)
{
    (void)state;
    struct nack_config config = { .max_requests = 2, .retry_after_ms = 10 };
    struct nack_list *list = nack_list_new(&config);
    uint16_t due[4];
    nack_list_arrived(list, 1, 0);
    nack_list_arrived(list, 3, 0);
    assert_int_equal(nack_list_due(list, 0, due, 4), 1);
    assert_int_equal(nack_list_due(list, 10, due, 4), 1);
    assert_true(nack_list_is_missing(list, 2));
    assert_int_equal(nack_list_due(list, 20, due, 4), 0);
    assert_false(nack_list_is_missing(list, 2));
    assert_int_equal(nack_list_deadline_ms(list), -1);
    nack_list_free(list);
}

static void a_late_arrival_fills_its_gap_once(void **state)
{
    (void)state;
    struct nack_config config = { .max_requests = 9, .retry_after_ms = 10, .reorder_grace_ms = 5 };
    struct nack_list *list = nack_list_new(&config);
    uint16_t due[4];
    assert_false(nack_list_arrived(list, 1, 0));
    assert_false(nack_list_arrived(list, 3, 0));
    assert_int_equal(nack_list_due(list, 4, due, 4), 0); // only reordered, perhaps
    assert_true(nack_list_arrived(list, 2, 4));
    assert_false(nack_list_arrived(list, 2, 4));
    assert_int_equal(nack_list_missing_count(list), 0);
    nack_list_free(list);
}

static void a_leap_is_not_asked_for(void **state)
{
    (void)state;
    struct nack_config config = { .max_requests = 9, .retry_after_ms = 10 };
    struct nack_list *list = nack_list_new(&config);
    nack_list_arrived(list, 1, 0);
    nack_list_arrived(list, 1000, 0);
    assert_int_equal(nack_list_missing_count(list), 0);
    nack_list_free(list);
}

static void many_gaps_keep_the_newest(void **state)
{
    (void)state;
    struct nack_config config = { .max_requests = 9, .retry_after_ms = 10 };
    struct nack_list *list = nack_list_new(&config);
    for (uint16_t seq = 0; seq < 2000; seq += 2)
        nack_list_arrived(list, seq, 0);
    assert_int_equal(nack_list_missing_count(list), NACK_MISSING_MAX);
    assert_true(nack_list_is_missing(list, 1997));
    assert_false(nack_list_is_missing(list, 1));
    nack_list_forget_before(list, 1990);
    assert_int_equal(nack_list_missing_count(list), 4);
    nack_list_free(list);
}

// --- reorder ------------------------------------------------------------------------------------

static const struct reorder_config waits = {
    .capacity = 64, .packet_max = 8, .wait_max_ms = 400, .retry_after_ms = 50
};

static void push(struct reorder *reorder, uint16_t seq, int64_t now_ms)
{
    const uint8_t packet[2] = { (uint8_t)(seq >> 8), (uint8_t)seq };
    assert_true(reorder_push(reorder, seq, packet, sizeof(packet), now_ms));
}

// -1: nothing is due.
static int next(struct reorder *reorder, int64_t now_ms)
{
    uint16_t seq;
    size_t size;
    const uint8_t *packet = reorder_next(reorder, now_ms, &seq, &size);
    if (!packet)
        return -1;
    assert_int_equal(size, 2);
    assert_int_equal(packet[0] << 8 | packet[1], seq);
    return seq;
}

static void hands_packets_out_in_order_across_the_wrap(void **state)
{
    (void)state;
    struct reorder *reorder = reorder_new(&waits);
    push(reorder, 65534, 0);
    push(reorder, 0, 0);
    push(reorder, 65535, 1);
    push(reorder, 1, 1);
    assert_int_equal(next(reorder, 1), 65534);
    assert_int_equal(next(reorder, 1), 65535);
    assert_int_equal(next(reorder, 1), 0);
    assert_int_equal(next(reorder, 1), 1);
    assert_int_equal(next(reorder, 1), -1);
    reorder_free(reorder);
}

static void waits_for_a_missing_packet_and_asks_for_it(void **state)
{
    (void)state;
    struct reorder *reorder = reorder_new(&waits);
    uint16_t seqs[4];
    push(reorder, 1, 0);
    push(reorder, 3, 0);
    assert_int_equal(next(reorder, 0), 1);
    assert_int_equal(next(reorder, 0), -1);
    assert_int_equal(reorder_due(reorder, 10, seqs, 4), 1);
    assert_int_equal(seqs[0], 2);
    assert_int_equal(reorder_due(reorder, 20, seqs, 4), 0);
    assert_int_equal(reorder_deadline_ms(reorder), 60);
    assert_int_equal(reorder_due(reorder, 60, seqs, 4), 1);
    push(reorder, 2, 70);
    assert_int_equal(next(reorder, 70), 2);
    assert_int_equal(next(reorder, 70), 3);
    assert_int_equal(reorder_given_up(reorder), 0);
    reorder_free(reorder);
}

static void gives_up_after_the_longest_wait(void **state)
{
    (void)state;
    struct reorder *reorder = reorder_new(&waits);
    push(reorder, 1, 0);
    push(reorder, 4, 0);
    assert_int_equal(next(reorder, 0), 1);
    assert_int_equal(next(reorder, 399), -1);
    assert_int_equal(next(reorder, 400), 4);
    assert_int_equal(reorder_given_up(reorder), 2);
    const uint8_t late[2] = { 0, 2 };
    assert_false(reorder_push(reorder, 2, late, 2, 401));
    reorder_free(reorder);
}

static void refuses_duplicates_and_what_is_too_large(void **state)
{
    (void)state;
    struct reorder *reorder = reorder_new(&waits);
    const uint8_t large[9] = { 0 };
    push(reorder, 1, 0);
    assert_false(reorder_push(reorder, 1, large, 2, 0));
    assert_false(reorder_push(reorder, 2, large, sizeof(large), 0));
    reorder_free(reorder);
}

static void a_leap_starts_anew_at_the_newest(void **state)
{
    (void)state;
    struct reorder *reorder = reorder_new(&waits);
    push(reorder, 1, 0);
    push(reorder, 2, 0);
    push(reorder, 5000, 0);
    assert_int_equal(next(reorder, 0), 5000);
    assert_int_equal(reorder_given_up(reorder), 4999 - 2);
    reorder_free(reorder);
}

static void without_waiting_a_gap_is_passed_at_once(void **state)
{
    (void)state;
    struct reorder_config config = waits;
    config.wait_max_ms = 0;
    struct reorder *reorder = reorder_new(&config);
    push(reorder, 1, 0);
    push(reorder, 3, 0);
    assert_int_equal(next(reorder, 0), 1);
    assert_int_equal(next(reorder, 0), 3);
    reorder_free(reorder);
}

static void any_order_within_the_wait_comes_out_sorted(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 200; round++) {
        struct reorder *reorder = reorder_new(&waits);
        uint16_t first = (uint16_t)rand();
        uint16_t order[40];
        for (size_t i = 0; i < 40; i++)
            order[i] = (uint16_t)(first + i);
        for (size_t i = 1; i < 40; i++) { // the first stays: it sets the beginning
            size_t other = 1 + (size_t)rand() % 39;
            uint16_t kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        uint16_t expected = first;
        for (size_t i = 0; i < 40; i++) {
            push(reorder, order[i], (int64_t)i * 5);
            int seq;
            while ((seq = next(reorder, (int64_t)i * 5)) >= 0)
                assert_int_equal(seq, expected++);
        }
        assert_int_equal(expected, (uint16_t)(first + 40));
        reorder_free(reorder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_gap_and_again_after_one_round_trip),
        cmocka_unit_test(gives_up_after_the_last_request),
        cmocka_unit_test(a_late_arrival_fills_its_gap_once),
        cmocka_unit_test(a_leap_is_not_asked_for),
        cmocka_unit_test(many_gaps_keep_the_newest),
        cmocka_unit_test(hands_packets_out_in_order_across_the_wrap),
        cmocka_unit_test(waits_for_a_missing_packet_and_asks_for_it),
        cmocka_unit_test(gives_up_after_the_longest_wait),
        cmocka_unit_test(refuses_duplicates_and_what_is_too_large),
        cmocka_unit_test(a_leap_starts_anew_at_the_newest),
        cmocka_unit_test(without_waiting_a_gap_is_passed_at_once),
        cmocka_unit_test(any_order_within_the_wait_comes_out_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
