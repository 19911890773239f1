// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/receive_stats.h"
#include "common/rtp/transport_cc.h"

#include <cmocka.h>

#define MANY 4096

static struct transport_cc_log arrivals;

static int exchange(struct transport_cc_result *results, size_t room, size_t bytes)
{
    uint8_t data[1500];
    struct bytes_writer out;
    bytes_writer_init(&out, data, bytes);
    if (!transport_cc_write(&arrivals, &out, 1, 2))
        return 0;
    int size = bytes_writer_status(&out);
    assert_true(size > 0);
    struct rtcp_packet packet;
    size_t at = 0;
    assert_int_equal(rtcp_next(data, (size_t)size, &at, &packet), 1);
    assert_int_equal(at, size);
    return transport_cc_read(&packet, results, room);
}

static void tells_arrivals_and_losses_across_the_wrap(void **state)
{
    (void)state;
    struct transport_cc_result results[16];
    transport_cc_log_init(&arrivals);
    transport_cc_log_arrived(&arrivals, 65534, 1000000);
    transport_cc_log_arrived(&arrivals, 65535, 1010000);
    transport_cc_log_arrived(&arrivals, 2, 1015000);
    transport_cc_log_arrived(&arrivals, 1, 1016000); // out of order
    assert_int_equal(exchange(results, 16, 1500), 5);
    assert_int_equal(results[0].seq, 65534);
    assert_true(results[0].received);
    assert_int_equal(results[1].arrival_us - results[0].arrival_us, 10000);
    assert_false(results[2].received);
    assert_int_equal(results[2].seq, 0);
    assert_true(results[3].received);
    assert_int_equal(results[4].arrival_us - results[3].arrival_us, -1000);
    assert_int_equal(exchange(results, 16, 1500), 0);
}

static void a_loss_at_the_end_is_told_next_time(void **state)
{
    (void)state;
    struct transport_cc_result results[16];
    transport_cc_log_init(&arrivals);
    transport_cc_log_arrived(&arrivals, 10, 1000);
    assert_int_equal(exchange(results, 16, 1500), 1);
    transport_cc_log_arrived(&arrivals, 13, 9000);
    assert_int_equal(exchange(results, 16, 1500), 3);
    assert_int_equal(results[0].seq, 11);
    assert_false(results[0].received);
    assert_false(results[1].received);
    assert_true(results[2].received);
}

static void any_pattern_comes_back_in_several_messages(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 50; round++) {
        static int64_t sent[MANY];
        static struct transport_cc_result results[MANY];
        int64_t now_us = 5000000;
        int loss = rand() % 60;
        size_t told = 0;
        size_t received = 0;
        transport_cc_log_init(&arrivals);
        for (uint16_t seq = 0; seq < 600; seq++) {
            now_us += rand() % 20 == 0 ? rand() % 9000000 : rand() % 30000;
            sent[seq] = rand() % 100 < loss && seq > 0 && seq < 599 ? -1 : now_us;
            if (sent[seq] >= 0)
                transport_cc_log_arrived(&arrivals, seq, now_us);
            received += sent[seq] >= 0;
        }
        int count;
        size_t told_received = 0;
        while ((count = exchange(results, MANY, 100 + (size_t)(rand() % 1000))) != 0) {
            assert_true(count > 0);
            int64_t base_us = -1;
            for (int i = 0; i < count; i++, told++) {
                int64_t at_us = sent[results[i].seq];
                assert_int_equal(results[i].received, at_us >= 0);
                if (at_us < 0)
                    continue;
                told_received++;
                if (base_us < 0)
                    base_us = results[i].arrival_us - at_us;
                assert_true(llabs(results[i].arrival_us - at_us - base_us) <= 250);
            }
        }
        assert_int_equal(told_received, received);
    }
}

static void a_leap_of_the_sequence_starts_anew(void **state)
{
    (void)state;
    struct transport_cc_result results[16];
    transport_cc_log_init(&arrivals);
    transport_cc_log_arrived(&arrivals, 1, 1000);
    transport_cc_log_arrived(&arrivals, 20000, 2000);
    assert_int_equal(exchange(results, 16, 1500), 1);
    assert_int_equal(results[0].seq, 20000);
}

// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.3 and §3.1.4: a run of received, then a
// vector.
static void reads_runs_and_vectors(void **state)
{
    (void)state;
    const uint8_t data[] = { 0x8f, 205, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 100, 0, 5, 0, 0, 1, 0,
        0x20, 3,      // three small deltas
        0xa0, 0,      // a vector of one bit each: received, (not …)
        4, 8, 12, 16, // deltas in 250 µs
        0, 0, 0, 0 };
    struct rtcp_packet packet;
    struct transport_cc_result results[8];
    size_t at = 0;
    assert_int_equal(rtcp_next(data, sizeof(data), &at, &packet), 1);
    assert_int_equal(transport_cc_read(&packet, results, 8), 5);
    assert_int_equal(results[0].seq, 100);
    assert_int_equal(results[0].arrival_us, 64000 + 1000);
    assert_int_equal(results[2].arrival_us, 64000 + 6000);
    assert_true(results[3].received);
    assert_int_equal(results[3].arrival_us, 64000 + 10000);
    assert_false(results[4].received);
}

static void refuses_a_run_of_none_and_missing_deltas(void **state)
{
    (void)state;
    uint8_t data[] = { 0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 9, 0, 0, 1, 0, 0x20, 0, 0,
        0 };
    struct rtcp_packet packet;
    struct transport_cc_result results[16];
    size_t at = 0;
    assert_int_equal(rtcp_next(data, sizeof(data), &at, &packet), 1);
    assert_int_equal(transport_cc_read(&packet, results, 16), -EBADMSG);
    data[21] = 9;
    assert_int_equal(transport_cc_read(&packet, results, 16), -EBADMSG);
}

static void counts_losses_and_the_fraction_since_the_last_report(void **state)
{
    (void)state;
    struct receive_stats stats;
    struct rtcp_report_block block;
    receive_stats_init(&stats, 9, 48000);
    for (uint16_t i = 0; i < 100; i++) {
        if (i % 4 != 1)
            receive_stats_arrived(&stats, (uint16_t)(65500 + i), i * 960u, 60, i * 20000);
    }
    receive_stats_report(&stats, 2000000, &block);
    assert_int_equal(block.ssrc, 9);
    assert_int_equal(block.packets_lost, 25);
    assert_int_equal(block.fraction_lost, 64);
    assert_int_equal(block.highest_seq, 0x10000 + (uint16_t)(65500 + 99));
    assert_int_equal(block.jitter, 0);
    assert_int_equal(receive_stats_lost(&stats), 25);
    receive_stats_report(&stats, 2000000, &block);
    assert_int_equal(block.fraction_lost, 0);
}

static void jitter_is_the_smoothed_change_of_transit(void **state)
{
    (void)state;
    struct receive_stats stats;
    receive_stats_init(&stats, 9, 90000);
    for (uint32_t i = 0; i < 500; i++)
        receive_stats_arrived(
                &stats, (uint16_t)i, i * 3600, 60, (int64_t)i * 40000 + (i % 2) * 8000);
    assert_in_range(receive_stats_jitter_us(&stats), 7500, 8100);
}

static void a_report_answers_the_last_sender_report(void **state)
{
    (void)state;
    struct receive_stats stats;
    struct rtcp_report_block block;
    receive_stats_init(&stats, 9, 48000);
    receive_stats_arrived(&stats, 1, 0, 60, 0);
    receive_stats_report(&stats, 500000, &block);
    assert_int_equal(block.last_sr, 0);
    receive_stats_sender_report(&stats, 0x1122334455667788, 1000000);
    receive_stats_report(&stats, 1500000, &block);
    assert_int_equal(block.last_sr, 0x33445566);
    assert_int_equal(block.delay_since_sr, 32768);
}

static void duplicates_never_make_a_negative_loss_visible(void **state)
{
    (void)state;
    struct receive_stats stats;
    struct rtcp_report_block block;
    receive_stats_init(&stats, 9, 48000);
    for (int i = 0; i < 10; i++)
        receive_stats_arrived(&stats, 1, 0, 60, i);
    receive_stats_report(&stats, 100, &block);
    assert_int_equal(block.packets_lost, -9);
    assert_int_equal(block.fraction_lost, 0);
    assert_int_equal(receive_stats_lost(&stats), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_arrivals_and_losses_across_the_wrap),
        cmocka_unit_test(a_loss_at_the_end_is_told_next_time),
        cmocka_unit_test(any_pattern_comes_back_in_several_messages),
        cmocka_unit_test(a_leap_of_the_sequence_starts_anew),
        cmocka_unit_test(reads_runs_and_vectors),
        cmocka_unit_test(refuses_a_run_of_none_and_missing_deltas),
        cmocka_unit_test(counts_losses_and_the_fraction_since_the_last_report),
        cmocka_unit_test(jitter_is_the_smoothed_change_of_transit),
        cmocka_unit_test(a_report_answers_the_last_sender_report),
        cmocka_unit_test(duplicates_never_make_a_negative_loss_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
