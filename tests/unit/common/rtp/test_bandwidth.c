// SPDX-License-Identifier: Apache-2.0
// The estimator over posed links: a rate with a queue that drops when it is full, random loss,
// jitter. Everything is seeded: the same run each time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/rtp/bandwidth.h"

#include <cmocka.h>

#define STEP_US     5000
#define FEEDBACK_US 100000
#define PACKET      1200
#define BACK_US     30000 // feedback's way back
#define DELAY_US    30000
#define QUEUE_US    300000
#define KBPS        1000
#define ON_WAY      4096

struct posed {
    struct bandwidth bandwidth;
    int64_t now_us, rate_bps, jitter_us, debt;
    int64_t queue_us, late_us, read_every_us;
    double loss; // share
    uint64_t random;
    int64_t free_us, last_due_us;
    struct transport_cc_result way[ON_WAY]; // arrival −1: lost
    size_t head, tail;
    int64_t feedback_us, skew_ppm;
    bool is_deaf; // no feedback comes back
    int64_t least_bps, most_bps;
};

static double draw(struct posed *posed)
{
    posed->random = posed->random * 6364136223846793005u + 1442695040888963407u;
    return (double)(posed->random >> 11) / 9007199254740992.0;
}

static void begin(struct posed *posed, int64_t rate_bps, int64_t start_bps)
{
    const struct bandwidth_config config = { .start_bps = start_bps, .max_bps = 6000 * KBPS };
    memset(posed, 0, sizeof(*posed));
    posed->rate_bps = rate_bps;
    posed->queue_us = QUEUE_US;
    posed->random = 7;
    posed->now_us = 5000000;
    bandwidth_init(&posed->bandwidth, &config);
}

static void send_one(struct posed *posed)
{
    const uint16_t seq = bandwidth_sent(&posed->bandwidth, PACKET, posed->now_us);
    struct transport_cc_result *packet = &posed->way[posed->head++ % ON_WAY];
    *packet = (struct transport_cc_result){ .seq = seq, .arrival_us = -1 };
    int64_t sent_us = posed->now_us;
    if (posed->rate_bps > 0) {
        if (posed->free_us < posed->now_us)
            posed->free_us = posed->now_us;
        if (posed->free_us - posed->now_us > posed->queue_us)
            return;
        posed->free_us += PACKET * 8 * 1000000ll / posed->rate_bps;
        sent_us = posed->free_us;
    }
    if (draw(posed) < posed->loss)
        return;
    int64_t due_us =
            sent_us + DELAY_US + posed->late_us + (int64_t)(draw(posed) * (double)posed->jitter_us);
    if (posed->read_every_us > 0)
        due_us = (due_us / posed->read_every_us + 1) * posed->read_every_us;
    if (due_us < posed->last_due_us)
        due_us = posed->last_due_us;
    posed->last_due_us = due_us;
    packet->arrival_us = due_us;
    packet->received = true;
}

static void give_feedback(struct posed *posed)
{
    struct transport_cc_result results[ON_WAY];
    size_t count = 0;
    while (posed->tail < posed->head) {
        struct transport_cc_result *packet = &posed->way[posed->tail % ON_WAY];
        // What arrived after the message left is told of by the next one.
        if (packet->received && packet->arrival_us > posed->now_us - BACK_US)
            break;
        results[count] = *packet;
        results[count].arrival_us =
                packet->arrival_us + 77000000 + packet->arrival_us * posed->skew_ppm / 1000000;
        count++;
        posed->tail++;
    }
    // A message ends with a packet that was received.
    while (count > 0 && !results[count - 1].received) {
        count--;
        posed->tail--;
    }
    if (count > 0 && !posed->is_deaf)
        bandwidth_feedback(&posed->bandwidth, results, count, posed->now_us);
    bandwidth_poll(&posed->bandwidth, posed->now_us);
}

// Sends at `bps`, or what is estimated when that is less.
static void run(struct posed *posed, int64_t bps, double seconds)
{
    const int64_t until_us = posed->now_us + (int64_t)(seconds * 1e6);
    posed->least_bps = INT64_MAX;
    posed->most_bps = 0;
    while (posed->now_us < until_us) {
        posed->now_us += STEP_US;
        const int64_t estimate = bandwidth_bps(&posed->bandwidth);
        posed->debt += (estimate < bps ? estimate : bps) * STEP_US / 8000000;
        for (; posed->debt >= PACKET; posed->debt -= PACKET)
            send_one(posed);
        if (posed->now_us - posed->feedback_us >= FEEDBACK_US) {
            posed->feedback_us = posed->now_us;
            give_feedback(posed);
        }
        const int64_t after = bandwidth_bps(&posed->bandwidth);
        posed->least_bps = after < posed->least_bps ? after : posed->least_bps;
        posed->most_bps = after > posed->most_bps ? after : posed->most_bps;
    }
}

static void probe(struct posed *posed, int64_t bps, double seconds)
{
    const int64_t until_us = posed->now_us + (int64_t)(seconds * 1e6);
    bandwidth_probe_begin(&posed->bandwidth, posed->now_us);
    while (posed->now_us < until_us) {
        posed->now_us += STEP_US;
        posed->debt += bps * STEP_US / 8000000;
        for (; posed->debt >= PACKET; posed->debt -= PACKET)
            send_one(posed);
    }
    bandwidth_probe_end(&posed->bandwidth, posed->now_us);
}

static void falls_within_a_second_to_what_a_thin_link_carries(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 500 * KBPS, 3000 * KBPS);
    run(&posed, 1500 * KBPS, 1.0);
    assert_in_range(bandwidth_bps(&posed.bandwidth), 350 * KBPS, 500 * KBPS);
    assert_true(bandwidth_is_low(&posed.bandwidth, posed.now_us, 1000000));
    run(&posed, 1500 * KBPS, 5);
    run(&posed, 1500 * KBPS, 30);
    assert_in_range(posed.least_bps, 300 * KBPS, 500 * KBPS);
    assert_in_range(posed.most_bps, 350 * KBPS, 650 * KBPS);
}

static void leaves_what_a_wider_link_carries_alone(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 2000 * KBPS, 1800 * KBPS);
    run(&posed, 1500 * KBPS, 30);
    assert_true(posed.least_bps >= 1500 * KBPS);
    assert_false(bandwidth_is_low(&posed.bandwidth, posed.now_us, 30000000));
}

static void takes_random_loss_for_no_congestion(void **state)
{
    (void)state;
    for (int percent = 5; percent <= 15; percent += 5) {
        struct posed posed;
        begin(&posed, 0, 1800 * KBPS);
        posed.loss = percent / 100.0;
        run(&posed, 1500 * KBPS, 60);
        assert_true(posed.least_bps >= 1500 * KBPS);
    }
}

static void takes_jitter_for_no_queue(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 1800 * KBPS);
    posed.jitter_us = 60000;
    run(&posed, 1500 * KBPS, 30);
    assert_true(posed.least_bps >= 1500 * KBPS);
}

static void tells_a_thin_and_lossy_link_by_its_queue(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 256 * KBPS, 3000 * KBPS);
    posed.loss = 0.05;
    run(&posed, 1500 * KBPS, 3);
    run(&posed, 1500 * KBPS, 30);
    assert_in_range(posed.least_bps, 130 * KBPS, 256 * KBPS);
    assert_true(posed.most_bps < 350 * KBPS);
}

static void tells_a_policer_that_has_no_queue_by_its_heavy_loss(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 500 * KBPS, 1800 * KBPS);
    posed.queue_us = 20000;
    run(&posed, 1500 * KBPS, 5);
    assert_true(bandwidth_bps(&posed.bandwidth) < 700 * KBPS);
    run(&posed, 1500 * KBPS, 30);
    assert_in_range(posed.least_bps, 300 * KBPS, 700 * KBPS);
}

static void follows_clocks_that_drift_apart(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 2000 * KBPS, 1800 * KBPS);
    posed.skew_ppm = 200;
    run(&posed, 1500 * KBPS, 300);
    assert_true(posed.least_bps >= 1500 * KBPS);
}

static void a_receiver_that_is_late_by_itself_costs_little(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 1800 * KBPS);
    run(&posed, 1500 * KBPS, 5);
    posed.late_us = 250000; // its machine is busy
    run(&posed, 1500 * KBPS, 60);
    assert_true(posed.least_bps >= 500 * KBPS);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 1500 * KBPS);
}

static void a_receiver_that_reads_late_costs_nothing(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 4000 * KBPS, 1800 * KBPS);
    posed.read_every_us = 300000; // its machine is busy: a heap each time
    run(&posed, 1500 * KBPS, 60);
    assert_true(posed.least_bps >= 1500 * KBPS);
    // A queue is found all the same.
    posed.read_every_us = 0;
    posed.rate_bps = 500 * KBPS;
    run(&posed, 1500 * KBPS, 5);
    assert_in_range(bandwidth_bps(&posed.bandwidth), 300 * KBPS, 600 * KBPS);
}

static void rises_by_itself_where_the_sender_follows_it(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 2000 * KBPS, 300 * KBPS);
    run(&posed, 1500 * KBPS, 1);
    assert_true(posed.most_bps < 400 * KBPS); // slowly
    run(&posed, 1500 * KBPS, 29);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 1500 * KBPS);
}

static void comes_back_when_the_link_does(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 400 * KBPS, 1800 * KBPS);
    run(&posed, 1500 * KBPS, 10);
    assert_true(bandwidth_bps(&posed.bandwidth) < 500 * KBPS);
    posed.rate_bps = 3000 * KBPS;
    run(&posed, 1500 * KBPS, 40);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 1500 * KBPS);
}

static void never_believes_much_more_than_was_tried(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 5000 * KBPS, 400 * KBPS);
    run(&posed, 350 * KBPS, 60);
    assert_in_range(bandwidth_bps(&posed.bandwidth), 400 * KBPS, 560 * KBPS);
}

static void finds_room_with_a_probe(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 2000 * KBPS, 400 * KBPS);
    run(&posed, 350 * KBPS, 5);
    probe(&posed, 1000 * KBPS, 0.2);
    run(&posed, 350 * KBPS, 0.5);
    assert_in_range(bandwidth_bps(&posed.bandwidth), 900 * KBPS, 1050 * KBPS);
}

static void finds_none_where_there_is_none(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 500 * KBPS, 400 * KBPS);
    run(&posed, 350 * KBPS, 5);
    probe(&posed, 1000 * KBPS, 0.2);
    run(&posed, 350 * KBPS, 5);
    assert_in_range(posed.least_bps, 300 * KBPS, 500 * KBPS);
    assert_true(posed.most_bps <= 560 * KBPS);
}

static void finds_room_through_loss_as_well(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 2000 * KBPS, 400 * KBPS);
    posed.loss = 0.1;
    run(&posed, 350 * KBPS, 5);
    probe(&posed, 1000 * KBPS, 0.25);
    run(&posed, 350 * KBPS, 0.5);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 750 * KBPS);
}

static void halves_while_nothing_comes_back(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 1800 * KBPS);
    run(&posed, 1500 * KBPS, 3);
    posed.is_deaf = true;
    run(&posed, 1500 * KBPS, 5);
    assert_true(bandwidth_bps(&posed.bandwidth) < 700 * KBPS);
    assert_true(bandwidth_bps(&posed.bandwidth) >= BANDWIDTH_MIN_BPS);
    run(&posed, 1500 * KBPS, 60);
    assert_true(bandwidth_bps(&posed.bandwidth) >= BANDWIDTH_MIN_BPS);
}

static void believes_a_remb_until_there_is_feedback(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 3000 * KBPS);
    bandwidth_remb(&posed.bandwidth, 700 * KBPS, 6000000);
    assert_int_equal(bandwidth_bps(&posed.bandwidth), 700 * KBPS);
    assert_int_equal(bandwidth_source(&posed.bandwidth), BANDWIDTH_REMB);
    bandwidth_remb(&posed.bandwidth, UINT64_MAX, 7000000);
    assert_int_equal(bandwidth_bps(&posed.bandwidth), 6000 * KBPS);
    run(&posed, 1500 * KBPS, 1);
    assert_int_equal(bandwidth_source(&posed.bandwidth), BANDWIDTH_FEEDBACK);
    bandwidth_remb(&posed.bandwidth, 1, posed.now_us);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 1500 * KBPS);
}

static void takes_a_report_when_nothing_else_comes(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 1800 * KBPS);
    int64_t now_us = 6000000;
    for (int i = 0; i < 10; i++, now_us += 1000000)
        bandwidth_report(&posed.bandwidth, 256 / 10, 60000, now_us);
    assert_true(bandwidth_bps(&posed.bandwidth) >= 1800 * KBPS);
    for (int i = 0; i < 3; i++, now_us += 1000000)
        bandwidth_report(&posed.bandwidth, 256 / 10, 60000 + 400000, now_us); // it waits
    assert_true(bandwidth_bps(&posed.bandwidth) < 2600 * KBPS);
    const int64_t before = bandwidth_bps(&posed.bandwidth);
    bandwidth_report(&posed.bandwidth, 128, 60000, now_us);
    assert_true(bandwidth_bps(&posed.bandwidth) <= before * 3 / 4);
}

static void keeps_within_the_declared_rate(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 5000 * KBPS);
    const struct bandwidth_config thin = { .start_bps = 400 * KBPS, .max_bps = 512 * KBPS };
    bandwidth_set_limits(&posed.bandwidth, &thin);
    assert_int_equal(bandwidth_bps(&posed.bandwidth), 400 * KBPS);
    run(&posed, 1500 * KBPS, 60);
    assert_int_equal(posed.most_bps, 512 * KBPS);
}

static void ignores_feedback_about_what_was_never_sent(void **state)
{
    (void)state;
    struct posed posed;
    begin(&posed, 0, 1800 * KBPS);
    struct transport_cc_result results[300];
    for (size_t i = 0; i < 300; i++)
        results[i] = (struct transport_cc_result){
            .seq = (uint16_t)(i * 211), .received = i % 3, .arrival_us = (int64_t)i * -1000000000
        };
    bandwidth_feedback(&posed.bandwidth, results, 300, 6000000);
    run(&posed, 1500 * KBPS, 3);
    // The same, twice: a replayed message says nothing new.
    for (size_t i = 0; i < 300; i++)
        results[i].seq = (uint16_t)(posed.bandwidth.next_seq - i);
    bandwidth_feedback(&posed.bandwidth, results, 300, posed.now_us);
    bandwidth_feedback(&posed.bandwidth, results, 300, posed.now_us);
    run(&posed, 1500 * KBPS, 5);
    assert_true(bandwidth_bps(&posed.bandwidth) >= BANDWIDTH_MIN_BPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(falls_within_a_second_to_what_a_thin_link_carries),
        cmocka_unit_test(leaves_what_a_wider_link_carries_alone),
        cmocka_unit_test(takes_random_loss_for_no_congestion),
        cmocka_unit_test(takes_jitter_for_no_queue),
        cmocka_unit_test(tells_a_thin_and_lossy_link_by_its_queue),
        cmocka_unit_test(tells_a_policer_that_has_no_queue_by_its_heavy_loss),
        cmocka_unit_test(follows_clocks_that_drift_apart),
        cmocka_unit_test(a_receiver_that_is_late_by_itself_costs_little),
        cmocka_unit_test(a_receiver_that_reads_late_costs_nothing),
        cmocka_unit_test(rises_by_itself_where_the_sender_follows_it),
        cmocka_unit_test(comes_back_when_the_link_does),
        cmocka_unit_test(never_believes_much_more_than_was_tried),
        cmocka_unit_test(finds_room_with_a_probe),
        cmocka_unit_test(finds_none_where_there_is_none),
        cmocka_unit_test(finds_room_through_loss_as_well),
        cmocka_unit_test(halves_while_nothing_comes_back),
        cmocka_unit_test(believes_a_remb_until_there_is_feedback),
        cmocka_unit_test(takes_a_report_when_nothing_else_comes),
        cmocka_unit_test(keeps_within_the_declared_rate),
        cmocka_unit_test(ignores_feedback_about_what_was_never_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
