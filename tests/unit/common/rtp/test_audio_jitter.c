// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/audio_jitter.h"

#include <cmocka.h>

#define TICK_US 20000
#define FRAME   960
#define LOUD    20
#define QUIET   90

// TOC bytes: SILK wideband 20 ms and 60 ms, one frame; CELT 10 ms.
enum { TOC_20_MS = 9 << 3, TOC_60_MS = 11 << 3, TOC_10_MS = 30 << 3 };

static const struct audio_jitter_config defaults = { 0 };

static void push_level(struct audio_jitter *jitter, uint16_t index, uint8_t level, int64_t now_us)
{
    const uint8_t payload[] = { TOC_20_MS, (uint8_t)index };
    audio_jitter_push(
            jitter, index, 5000 + index * (uint32_t)FRAME, payload, 2, level, false, now_us);
}

static void push(struct audio_jitter *jitter, uint16_t index, int64_t now_us)
{
    push_level(jitter, index, LOUD, now_us);
}

static enum audio_jitter_action next(
        struct audio_jitter *jitter, int64_t now_us, struct audio_jitter_frame *frame)
{
    enum audio_jitter_action action = audio_jitter_next(jitter, now_us, frame);
    assert_true(frame->samples > 0);
    return action;
}

static void steady_packets_come_out_in_order_within_40_ms(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    int expected = 0;
    for (int i = 0; i < 500; i++) {
        push(jitter, (uint16_t)i, i * TICK_US);
        if (next(jitter, i * TICK_US + 5000, &frame) != AUDIO_JITTER_PACKET) {
            assert_int_equal(expected, 0);
            continue;
        }
        assert_int_equal(frame.data[1], (uint8_t)expected);
        assert_int_equal(frame.samples, FRAME);
        assert_int_equal(frame.level, LOUD);
        assert_true(i - expected <= 1); // ticks of delay
        expected++;
    }
    assert_true(expected > 497);
    const struct audio_jitter_counters *counters = audio_jitter_counters(jitter);
    assert_int_equal(counters->concealed + counters->fec_used + counters->dropped, 0);
    assert_int_equal(audio_jitter_target_ms(jitter), 20);
    audio_jitter_free(jitter);
}

static void nothing_pushed_is_silence(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    assert_int_equal(next(jitter, 0, &frame), AUDIO_JITTER_SILENCE);
    assert_int_equal(frame.level, 127);
    audio_jitter_free(jitter);
}

// Plays 0…9, then what the caller pushed.
static struct audio_jitter *playing(int64_t *now_us)
{
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    for (int i = 0; i < 10; i++) {
        push(jitter, (uint16_t)i, i * TICK_US);
        next(jitter, i * TICK_US + 5000, &frame);
    }
    assert_int_equal(frame.data[1], 8);
    *now_us = 10 * TICK_US;
    return jitter;
}

static void a_lost_packet_is_rebuilt_from_the_one_after_it(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    push(jitter, 11, now_us); // 10 is lost
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 9);
    assert_int_equal(next(jitter, now_us + TICK_US, &frame), AUDIO_JITTER_FEC);
    assert_int_equal(frame.data[1], 11);
    assert_int_equal(frame.timestamp, 5000 + 10 * FRAME);
    assert_int_equal(next(jitter, now_us + 2 * TICK_US, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 11);
    audio_jitter_free(jitter);
}

static void of_two_lost_packets_the_first_is_concealed(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    push(jitter, 12, now_us);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_CONCEAL);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_FEC);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 12);
    audio_jitter_free(jitter);
}

static void a_red_copy_fills_the_hole(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    const uint8_t copy[] = { TOC_20_MS, 10 };
    push(jitter, 11, now_us);
    audio_jitter_push(jitter, 10, 5000 + 10 * FRAME, copy, 2, LOUD, true, now_us);
    audio_jitter_push(jitter, 9, 5000 + 9 * FRAME, copy, 2, LOUD, true, now_us); // has come itself
    for (uint8_t i = 9; i < 12; i++) {
        assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
        assert_int_equal(frame.data[1], i);
    }
    assert_int_equal(audio_jitter_counters(jitter)->red_used, 1);
    assert_int_equal(audio_jitter_counters(jitter)->duplicate, 0);
    audio_jitter_free(jitter);
}

static void an_underrun_conceals_60_ms_then_is_silent(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(next(jitter, now_us + i * TICK_US, &frame), AUDIO_JITTER_CONCEAL);
    for (int i = 4; i < 100; i++)
        assert_int_equal(next(jitter, now_us + i * TICK_US, &frame), AUDIO_JITTER_SILENCE);
    // The sender goes on (it was muted): heard again after the usual delay.
    now_us += 100 * TICK_US;
    push(jitter, 110, now_us);
    push(jitter, 111, now_us + TICK_US);
    assert_int_equal(next(jitter, now_us + 2 * TICK_US, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 110);
    audio_jitter_free(jitter);
}

static void a_late_packet_is_played_and_the_delay_grows(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET); // 9
    assert_int_equal(next(jitter, now_us + TICK_US, &frame), AUDIO_JITTER_CONCEAL);
    push(jitter, 10, now_us + TICK_US + 1000);
    push(jitter, 11, now_us + TICK_US + 1000);
    assert_int_equal(next(jitter, now_us + 2 * TICK_US, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 10);
    audio_jitter_free(jitter);
}

static void what_was_concealed_while_waiting_is_not_concealed_again(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);            // 9
    assert_int_equal(next(jitter, now_us + TICK_US, &frame), AUDIO_JITTER_CONCEAL); // 10 is lost
    assert_int_equal(next(jitter, now_us + 2 * TICK_US, &frame), AUDIO_JITTER_CONCEAL); // 11 too
    push(jitter, 12, now_us + 2 * TICK_US + 1000);
    assert_int_equal(next(jitter, now_us + 3 * TICK_US, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 12);
    audio_jitter_free(jitter);
}

static void what_fec_restores_too_late_once_it_restores_in_time_from_then_on(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);            // 9
    assert_int_equal(next(jitter, now_us + TICK_US, &frame), AUDIO_JITTER_CONCEAL); // 10 is lost
    push(jitter, 11, now_us + TICK_US + 1000);
    assert_int_equal(next(jitter, now_us + 2 * TICK_US, &frame), AUDIO_JITTER_FEC);
    assert_int_equal(frame.timestamp, 5000 + 10 * FRAME);
    push(jitter, 12, now_us + 2 * TICK_US + 1000);
    assert_int_equal(next(jitter, now_us + 3 * TICK_US, &frame), AUDIO_JITTER_PACKET); // 11
    assert_int_equal(next(jitter, now_us + 4 * TICK_US, &frame), AUDIO_JITTER_PACKET); // 12
    push(jitter, 14, now_us + 4 * TICK_US + 1000);                                     // not 13
    assert_int_equal(next(jitter, now_us + 5 * TICK_US, &frame), AUDIO_JITTER_FEC);
    audio_jitter_free(jitter);
}

static void a_pause_of_the_sender_is_silence_not_loss(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    // DTX: the next in sequence, 100 ms later in time.
    const uint8_t payload[] = { TOC_20_MS, 77 };
    audio_jitter_push(jitter, 10, 5000 + 15 * FRAME, payload, 2, LOUD, false, now_us);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET); // 9
    for (int i = 0; i < 5; i++)
        assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_SILENCE);
    assert_int_equal(next(jitter, now_us, &frame), AUDIO_JITTER_PACKET);
    assert_int_equal(frame.data[1], 77);
    assert_int_equal(audio_jitter_counters(jitter)->concealed, 0);
    audio_jitter_free(jitter);
}

static void packets_of_60_ms_are_asked_for_every_third_tick(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    int64_t decoded_until_us = 0;
    int played = 0;
    for (int tick = 0; tick < 300; tick++) {
        int64_t now_us = (int64_t)tick * TICK_US;
        if (tick % 3 == 0 && tick != 150) { // one is lost
            const uint8_t payload[] = { TOC_60_MS, (uint8_t)(tick / 3) };
            audio_jitter_push(jitter, (uint16_t)(tick / 3), (uint32_t)tick * FRAME, payload, 2,
                    LOUD, false, now_us);
        }
        if (now_us + 1000 < decoded_until_us)
            continue;
        enum audio_jitter_action action = next(jitter, now_us + 1000, &frame);
        decoded_until_us = now_us + frame.samples * 1000 / 48;
        if (action == AUDIO_JITTER_PACKET) {
            assert_int_equal(frame.samples, 3 * FRAME);
            played++;
        }
    }
    assert_in_range(played, 96, 99);
    const struct audio_jitter_counters *counters = audio_jitter_counters(jitter);
    // The lost one: either its time was bridged by concealing, or it was rebuilt from the next.
    assert_true(counters->fec_used == 1 || counters->concealed >= 3);
    audio_jitter_free(jitter);
}

static void jitter_raises_the_delay_and_calm_lowers_it_again(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    srand(1);
    static int64_t arrival_us[3000];
    for (int i = 0; i < 3000; i++) {
        bool is_wild = i < 1000;
        arrival_us[i] = (int64_t)i * TICK_US + (is_wild ? rand() % 80000 : 0);
    }
    uint64_t concealed_late = 0;
    for (int tick = 0; tick < 2990; tick++) {
        int64_t now_us = (int64_t)tick * TICK_US + 3000;
        for (int i = 0; i < 3000; i++) {
            if (arrival_us[i] <= now_us && arrival_us[i] > now_us - TICK_US)
                push_level(jitter, (uint16_t)i, i % 10 == 0 ? QUIET : LOUD, arrival_us[i]);
        }
        next(jitter, now_us, &frame);
        if (tick == 500)
            concealed_late = audio_jitter_counters(jitter)->concealed;
        if (tick == 999) {
            assert_in_range(audio_jitter_target_ms(jitter), 60, 100);
            uint64_t concealed = audio_jitter_counters(jitter)->concealed +
                                 audio_jitter_counters(jitter)->fec_used - concealed_late;
            assert_true(concealed <= 50); // 10 % of the second half, at most
        }
    }
    assert_int_equal(audio_jitter_target_ms(jitter), 20);
    assert_true(audio_jitter_delay_ms(jitter) <= 60);
    assert_true(audio_jitter_counters(jitter)->dropped > 0);
    audio_jitter_free(jitter);
}

static void only_quiet_frames_are_left_out_for_a_little_delay(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    uint8_t expected = 0;
    for (int i = 0; i < 3; i++) // three come at once: a delay of 60 ms
        push_level(jitter, (uint16_t)i, LOUD, 60000);
    for (int i = 3; i < 400; i++) {
        int64_t now_us = (int64_t)i * TICK_US;
        push_level(jitter, (uint16_t)i, i % 8 == 0 ? QUIET : LOUD, now_us + 1);
        enum audio_jitter_action action = next(jitter, now_us + 15000, &frame);
        if (action != AUDIO_JITTER_PACKET)
            continue;
        if (frame.data[1] != expected)
            assert_int_equal(expected % 8, 0);
        expected = (uint8_t)(frame.data[1] + 1);
    }
    assert_true(audio_jitter_delay_ms(jitter) <= 60);
    audio_jitter_free(jitter);
}

static void a_tenth_of_random_loss_is_mostly_rebuilt(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    srand(4);
    int packets = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t now_us = (int64_t)i * TICK_US;
        if (rand() % 10 != 0)
            push(jitter, (uint16_t)i, now_us + rand() % 2000);
        packets += next(jitter, now_us + 10000, &frame) == AUDIO_JITTER_PACKET;
    }
    const struct audio_jitter_counters *counters = audio_jitter_counters(jitter);
    assert_in_range(packets, 8800, 9200);
    assert_true(counters->late < 10);
    assert_true(counters->concealed < 400);
    assert_true(counters->fec_used > 500);
    assert_true(counters->silent < 10);
    audio_jitter_free(jitter);
}

static void a_leap_of_the_timestamps_starts_anew(void **state)
{
    (void)state;
    int64_t now_us;
    struct audio_jitter *jitter = playing(&now_us);
    struct audio_jitter_frame frame;
    int heard = 0;
    for (int i = 0; i < 20; i++) {
        const uint8_t payload[] = { TOC_20_MS, (uint8_t)(100 + i) };
        audio_jitter_push(jitter, (uint16_t)(500 + i), 0x80000000u + (uint32_t)i * FRAME, payload,
                2, LOUD, false, now_us + i * TICK_US);
        heard += next(jitter, now_us + i * TICK_US + 5000, &frame) == AUDIO_JITTER_PACKET &&
                 frame.data[1] >= 100;
    }
    assert_true(heard >= 14);
    audio_jitter_free(jitter);
}

static void hostile_packets_do_no_harm(void **state)
{
    (void)state;
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    static uint8_t payload[2000];
    srand(9);
    for (int i = 0; i < 50000; i++) {
        int64_t now_us = (int64_t)i * 1000;
        size_t size = (size_t)rand() % (rand() % 50 == 0 ? sizeof(payload) : 30);
        payload[0] = (uint8_t)rand();
        payload[1] = (uint8_t)rand();
        uint32_t timestamp = rand() % 20 == 0 ? (uint32_t)rand() * 3u : (uint32_t)i * 48;
        audio_jitter_push(jitter, (uint16_t)rand(), timestamp, payload, size, (uint8_t)rand() & 127,
                rand() % 4 == 0, now_us);
        if (i % 20 != 0)
            continue;
        enum audio_jitter_action action = next(jitter, now_us, &frame);
        assert_int_equal(frame.samples % 120, 0); // opus_decode refuses anything else
        assert_true(frame.samples <= 5760);
        bool has_data = action == AUDIO_JITTER_PACKET || action == AUDIO_JITTER_FEC;
        assert_int_equal(frame.data != NULL, has_data);
    }
    audio_jitter_free(jitter);
}

// Random loss and jitter, copies of the two frames before in each packet, or none.
struct lossy {
    unsigned loss_percent, jitter_us;
    bool has_copies;
    uint8_t level;
    double concealed_percent;
    int longest_gap; // ticks without a packet
    uint32_t target_ms;
    double delay_ms; // mean, from sending to playing
};

static void run_lossy(struct lossy *run)
{
    enum { TICKS = 3000, LATE_MAX = 8 };
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    int64_t due_us[TICKS], last_us = 0;
    int gap = 0, at = 0, played = 0;
    double delays = 0;
    srand(5);
    for (int i = 0; i < TICKS; i++) {
        due_us[i] = i * TICK_US + 30000 + (run->jitter_us ? rand() % (int)run->jitter_us : 0);
        if (due_us[i] < last_us)
            due_us[i] = last_us;
        last_us = due_us[i];
        if ((unsigned)rand() % 100 < run->loss_percent)
            due_us[i] = -1;
    }
    for (int tick = 0; tick < TICKS; tick++) {
        const int64_t now_us = tick * TICK_US + 7000;
        for (; at <= tick && at < TICKS && due_us[at] <= now_us; at++) {
            for (int back = run->has_copies ? 2 : 0; due_us[at] >= 0 && back >= 0; back--) {
                const uint16_t seq = (uint16_t)(at - back);
                const uint8_t payload[] = { TOC_20_MS, (uint8_t)seq };
                if (at >= back)
                    audio_jitter_push(jitter, seq, 5000 + seq * (uint32_t)FRAME, payload, 2,
                            run->level, back > 0, due_us[at]);
            }
        }
        const enum audio_jitter_action action = next(jitter, now_us, &frame);
        const bool is_real = action == AUDIO_JITTER_PACKET || action == AUDIO_JITTER_FEC;
        gap = is_real ? 0 : gap + 1;
        if (tick > 10 && gap > run->longest_gap)
            run->longest_gap = gap;
        if (action != AUDIO_JITTER_PACKET)
            continue;
        delays += tick * 20 + 7 - (frame.timestamp - 5000.0) / FRAME * 20;
        played++;
    }
    const struct audio_jitter_counters *counters = audio_jitter_counters(jitter);
    run->concealed_percent = 100.0 * (double)counters->concealed / TICKS;
    run->target_ms = audio_jitter_target_ms(jitter);
    run->delay_ms = delays / played - 30;
    audio_jitter_free(jitter);
}

static void copies_repair_ten_percent_of_loss(void **state)
{
    (void)state;
    for (unsigned jitter_us = 0; jitter_us <= 30000; jitter_us += 10000) {
        // Quiet frames may be left out, but not so that what follows must be concealed again.
        for (int quiet = 0; quiet <= 1; quiet++) {
            struct lossy run = { .loss_percent = 10,
                .jitter_us = jitter_us,
                .has_copies = true,
                .level = quiet ? 127 : LOUD };
            run_lossy(&run);
            assert_true(run.concealed_percent < 0.6);
            assert_true(run.longest_gap <= 3);
        }
    }
}

static void copies_cost_no_delay_on_a_clean_link(void **state)
{
    (void)state;
    struct lossy run = { .has_copies = true };
    run_lossy(&run);
    assert_true(run.delay_ms <= 45);
    assert_int_equal(run.target_ms, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_repair_ten_percent_of_loss),
        cmocka_unit_test(copies_cost_no_delay_on_a_clean_link),
        cmocka_unit_test(steady_packets_come_out_in_order_within_40_ms),
        cmocka_unit_test(nothing_pushed_is_silence),
        cmocka_unit_test(a_lost_packet_is_rebuilt_from_the_one_after_it),
        cmocka_unit_test(of_two_lost_packets_the_first_is_concealed),
        cmocka_unit_test(a_red_copy_fills_the_hole),
        cmocka_unit_test(an_underrun_conceals_60_ms_then_is_silent),
        cmocka_unit_test(a_late_packet_is_played_and_the_delay_grows),
        cmocka_unit_test(what_was_concealed_while_waiting_is_not_concealed_again),
        cmocka_unit_test(what_fec_restores_too_late_once_it_restores_in_time_from_then_on),
        cmocka_unit_test(a_pause_of_the_sender_is_silence_not_loss),
        cmocka_unit_test(packets_of_60_ms_are_asked_for_every_third_tick),
        cmocka_unit_test(jitter_raises_the_delay_and_calm_lowers_it_again),
        cmocka_unit_test(only_quiet_frames_are_left_out_for_a_little_delay),
        cmocka_unit_test(a_tenth_of_random_loss_is_mostly_rebuilt),
        cmocka_unit_test(a_leap_of_the_timestamps_starts_anew),
        cmocka_unit_test(hostile_packets_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
