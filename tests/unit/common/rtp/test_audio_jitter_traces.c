// SPDX-License-Identifier: Apache-2.0
// The jitter buffer against links as rong-load poses them, seeded: what it conceals, how long it is
// silent, and how much later than on an undisturbed way the sound is played.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/audio_jitter.h"
#include "tests/load/link.h"

#include <cmocka.h>

#define TICK_US 20000
#define FRAME   960
#define COPIES  2
#define SECOND  50 // packets
#define SETTLE  (10 * SECOND)
#define PACKETS (600 * SECOND)

enum { TOC_20_MS = 9 << 3 };

struct trace {
    const char *link;
    bool has_copies;
    double drift_ppm; // of the sender's clock
    int phase_us;     // of the sender's packets against our ticks
    int calm_after;   // packets; then the link is undisturbed
    int seconds;      // 0: ten minutes

    double concealed_percent, dropped_percent;
    int longest_gap; // ticks without sound of a packet
    double delay_ms; // mean after settling: undisturbed arrival → played
    double last_ms;  // of the last ten seconds
    double most_ms;  // the greatest of a second's mean
    double jitter_p99_ms;
};

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Words and pauses: a third of the frames is quiet.
static uint8_t level_of(int packet)
{
    return packet % 60 < 40 ? 25 : 100;
}

static double sent_at(const struct trace *trace, int packet)
{
    return trace->phase_us + packet * (double)TICK_US * (1 - trace->drift_ppm / 1e6);
}

static void push(struct audio_jitter *jitter, const struct trace *trace, int packet, int64_t now_us)
{
    for (int back = trace->has_copies ? COPIES : 0; back >= 0; back--) {
        const int of = packet - back;
        const uint8_t payload[] = { TOC_20_MS, (uint8_t)of };
        if (of >= 0)
            audio_jitter_push(jitter, (uint16_t)of, 5000 + (uint32_t)of * FRAME, payload,
                    sizeof(payload), level_of(of), back > 0, now_us);
    }
}

static int64_t *fates_of(struct trace *trace, int packets)
{
    struct link_profile profile;
    struct link link, calm;
    assert_int_equal(link_profile_parse(trace->link, &profile), 0);
    link_init(&link, &profile, 11);
    const struct link_profile undisturbed = { .delay_ms = profile.delay_ms };
    link_init(&calm, &undisturbed, 11);
    int64_t *due_us = calloc((size_t)packets, sizeof(*due_us));
    double *late = calloc((size_t)packets, sizeof(*late));
    int kept = 0;
    for (int i = 0; i < packets; i++) {
        const bool is_calm = trace->calm_after > 0 && i >= trace->calm_after;
        const int64_t sent_us = (int64_t)sent_at(trace, i);
        due_us[i] = link_take(is_calm ? &calm : &link, sent_us, 100);
        if (due_us[i] != LINK_LOST)
            late[kept++] = (double)(due_us[i] - sent_us) / 1000 - profile.delay_ms;
    }
    qsort(late, (size_t)kept, sizeof(*late), by_value);
    trace->jitter_p99_ms = late[kept * 99 / 100];
    free(late);
    return due_us;
}

static void run(struct trace *trace)
{
    const struct audio_jitter_config defaults = { 0 };
    struct audio_jitter *jitter = audio_jitter_new(&defaults);
    struct audio_jitter_frame frame;
    struct link_profile profile;
    const int packets = trace->seconds ? trace->seconds * SECOND : PACKETS;
    int64_t *due_us = fates_of(trace, packets);
    assert_int_equal(link_profile_parse(trace->link, &profile), 0);
    double sum = 0, second = 0, tail = 0;
    int played = 0, in_second = 0, in_tail = 0, gap = 0;
    for (int tick = 0, at = 0; tick < packets; tick++) {
        const int64_t now_us = (int64_t)tick * TICK_US;
        // Arrivals are not in order when some are held back: those of a second are looked through.
        while (at < packets && (due_us[at] < 0 || due_us[at] <= now_us - 1000000))
            at++;
        for (int i = at; i < packets && sent_at(trace, i) <= (double)now_us; i++) {
            if (due_us[i] < 0 || due_us[i] > now_us || due_us[i] <= now_us - TICK_US)
                continue;
            push(jitter, trace, i, due_us[i]);
        }
        const enum audio_jitter_action action = audio_jitter_next(jitter, now_us, &frame);
        const bool is_real = action == AUDIO_JITTER_PACKET || action == AUDIO_JITTER_FEC;
        gap = is_real || tick < SETTLE ? 0 : gap + 1;
        if (gap > trace->longest_gap)
            trace->longest_gap = gap;
        if (action != AUDIO_JITTER_PACKET || tick < SETTLE)
            continue;
        const double index = (double)(frame.timestamp - 5000) / FRAME;
        const double ms = ((double)now_us - sent_at(trace, (int)index)) / 1000 - profile.delay_ms;
        sum += ms;
        played++;
        second += ms;
        if (++in_second == SECOND) {
            trace->most_ms = fmax(trace->most_ms, second / SECOND);
            second = in_second = 0;
        }
        if (tick >= packets - 10 * SECOND) {
            tail += ms;
            in_tail++;
        }
    }
    const struct audio_jitter_counters *counters = audio_jitter_counters(jitter);
    trace->concealed_percent = 100.0 * (double)counters->concealed / packets;
    trace->dropped_percent = 100.0 * (double)counters->dropped / packets;
    trace->delay_ms = sum / played;
    trace->last_ms = tail / in_tail;
    free(due_us);
    audio_jitter_free(jitter);
}

// Of eight phases of arrival: the mean, and the greatest.
static void run_phases(struct trace *trace, double *mean_ms, double *most_ms)
{
    const struct trace asked = *trace;
    *mean_ms = *most_ms = 0;
    double concealed = 0;
    int gap = 0;
    for (int phase = 0; phase < 8; phase++) {
        *trace = asked;
        trace->phase_us = TICK_US * phase / 8 + 100;
        trace->seconds = 120;
        run(trace);
        *mean_ms += trace->delay_ms / 8;
        *most_ms = fmax(*most_ms, trace->delay_ms);
        concealed = fmax(concealed, trace->concealed_percent);
        gap = trace->longest_gap > gap ? trace->longest_gap : gap;
    }
    trace->concealed_percent = concealed;
    trace->longest_gap = gap;
}

static void a_clean_link_costs_one_tick_on_average(void **state)
{
    (void)state;
    struct trace trace = { .link = "rtt=60" };
    double mean_ms, most_ms;
    run_phases(&trace, &mean_ms, &most_ms);
    assert_true(mean_ms < 22);
    assert_true(most_ms < 31);
    assert_true(trace.concealed_percent == 0);
}

static void jitter_costs_little_more_than_itself(void **state)
{
    (void)state;
    static const char *const links[] = { "rtt=60,jitter=10", "rtt=60,jitter=20", "rtt=60,jitter=40",
        "rtt=60,jitter=80" };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct trace trace = { .link = links[i] };
        double mean_ms, most_ms;
        run_phases(&trace, &mean_ms, &most_ms);
        // The centre's promise is 25 ms above the jitter, of which 5 are the limiter's and 7
        // Opus's.
        assert_true(mean_ms < fmax(20, trace.jitter_p99_ms) + 12);
        assert_true(most_ms < fmax(20, trace.jitter_p99_ms) + 22);
        assert_true(trace.concealed_percent < 0.2);
    }
}

static void copies_repair_random_loss(void **state)
{
    (void)state;
    static const struct {
        const char *link;
        double concealed_percent;
        int longest_gap;
    } cases[] = { { "loss=10,rtt=60", 0.5, 3 }, { "loss=10,rtt=60,jitter=10", 0.5, 3 },
        { "loss=10,rtt=60,jitter=30", 0.5, 3 }, { "loss=20,rtt=60", 1.5, 6 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trace trace = { .link = cases[i].link, .has_copies = true };
        double mean_ms, most_ms;
        run_phases(&trace, &mean_ms, &most_ms);
        assert_true(trace.concealed_percent < cases[i].concealed_percent);
        assert_true(trace.longest_gap <= cases[i].longest_gap);
        assert_true(most_ms < trace.jitter_p99_ms + 85); // two frames, and what they wait for
    }
}

static void without_copies_fec_repairs_what_it_can_whatever_the_phase(void **state)
{
    (void)state;
    static const char *const links[] = { "loss=10,rtt=60", "loss=10,rtt=60,jitter=10",
        "loss=10,rtt=60,jitter=30" };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct trace trace = { .link = links[i] };
        double mean_ms, most_ms;
        run_phases(&trace, &mean_ms, &most_ms);
        assert_true(trace.concealed_percent < 1.5); // of two lost together one can not be restored
    }
}

static void of_bursts_the_copies_repair_some_and_the_delay_stays_bounded(void **state)
{
    (void)state;
    static const char *const links[] = { "loss=10,burst=3,rtt=60", "loss=5,burst=5,rtt=60" };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct trace trace = { .link = links[i], .has_copies = true };
        double mean_ms, most_ms;
        run_phases(&trace, &mean_ms, &most_ms);
        assert_true(trace.concealed_percent < 3.5);
        assert_true(trace.most_ms < 110);
    }
}

static void a_clock_that_drifts_does_not_make_the_delay_grow(void **state)
{
    (void)state;
    for (int drift = -200; drift <= 200; drift += 100) {
        struct trace trace = { .link = "rtt=60,jitter=10", .has_copies = true, .drift_ppm = drift };
        run(&trace); // ten minutes: 120 ms that must go somewhere
        assert_true(trace.most_ms < 60);
        assert_true(trace.concealed_percent < 0.1);
        assert_true(trace.dropped_percent < 0.1);
        assert_true(trace.longest_gap <= 3);
    }
}

static void the_delay_shrinks_when_the_link_is_calm_again(void **state)
{
    (void)state;
    struct trace trace = {
        .link = "rtt=60,jitter=80", .has_copies = true, .calm_after = 60 * SECOND, .seconds = 120
    };
    run(&trace);
    assert_true(trace.most_ms > 75);
    assert_true(trace.last_ms < 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_link_costs_one_tick_on_average),
        cmocka_unit_test(jitter_costs_little_more_than_itself),
        cmocka_unit_test(copies_repair_random_loss),
        cmocka_unit_test(without_copies_fec_repairs_what_it_can_whatever_the_phase),
        cmocka_unit_test(of_bursts_the_copies_repair_some_and_the_delay_stays_bounded),
        cmocka_unit_test(a_clock_that_drifts_does_not_make_the_delay_grow),
        cmocka_unit_test(the_delay_shrinks_when_the_link_is_calm_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
