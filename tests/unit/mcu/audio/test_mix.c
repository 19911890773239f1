// SPDX-License-Identifier: Apache-2.0
// mcu/audio: level, mix, limiter, ranking.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/audio/level.h"
#include "mcu/audio/limiter.h"
#include "mcu/audio/mix.h"
#include "mcu/audio/ranking.h"

#include <cmocka.h>

static void sine(int16_t *pcm, double hz, double amplitude, int first)
{
    for (int i = 0; i < AUDIO_FRAME; i++)
        pcm[i] = (int16_t)lround(amplitude * sin(2 * M_PI * hz * (first + i) / AUDIO_RATE_HZ));
}

static void measures_levels_as_rfc_6464_does(void **state)
{
    (void)state;
    int16_t pcm[AUDIO_FRAME] = { 0 };
    assert_int_equal(level_dbov(pcm, AUDIO_FRAME), -127);
    sine(pcm, 1000, 32767, 0);
    assert_int_equal(level_dbov(pcm, AUDIO_FRAME), -3);
    sine(pcm, 1000, 327.67, 0);
    assert_int_equal(level_dbov(pcm, AUDIO_FRAME), -43);
    memset(pcm, 0x80, sizeof(pcm)); // near full-scale direct current
    for (int i = 0; i < AUDIO_FRAME; i++)
        pcm[i] = -32768;
    assert_int_equal(level_dbov(pcm, AUDIO_FRAME), 0);
    assert_int_equal(level_dbov(pcm, 0), -127);
}

static void nobody_hears_itself(void **state)
{
    (void)state;
    int16_t pcm[3][AUDIO_FRAME];
    int32_t part[3][AUDIO_FRAME], sum[AUDIO_FRAME], heard[AUDIO_FRAME];

    mix_clear(sum);
    for (int t = 0; t < 3; t++) {
        sine(pcm[t], 500 + 250 * t, 9000, 0);
        mix_scale(part[t], pcm[t], AUDIO_GAIN_ONE, AUDIO_GAIN_ONE);
        mix_add(sum, part[t]);
    }
    mix_minus(heard, sum, part[1]);
    for (int i = 0; i < AUDIO_FRAME; i++)
        assert_int_equal(heard[i], pcm[0][i] + pcm[2][i]);
}

static void a_gain_moves_without_a_step(void **state)
{
    (void)state;
    int16_t pcm[AUDIO_FRAME];
    int32_t part[AUDIO_FRAME];
    for (int i = 0; i < AUDIO_FRAME; i++)
        pcm[i] = 20000;
    mix_scale(part, pcm, 0, AUDIO_GAIN_ONE);
    assert_int_equal(part[0], 0);
    for (int i = 1; i < AUDIO_FRAME; i++)
        assert_in_range(part[i] - part[i - 1], 0, 30);
    assert_true(part[AUDIO_FRAME - 1] > 19900);
    assert_int_equal(mix_gain_from_db(0), AUDIO_GAIN_ONE);
    assert_int_equal(mix_gain_from_db(6), 8173);
    assert_int_equal(mix_gain_from_db(-100), 0);
}

static void many_full_scale_talkers_never_wrap(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    int32_t sum[AUDIO_FRAME], part[AUDIO_FRAME];
    int16_t pcm[AUDIO_FRAME], out[AUDIO_FRAME];
    int32_t before[LIMITER_DELAY] = { 0 };

    for (int frame = 0; frame < 50; frame++) {
        mix_clear(sum);
        for (int t = 0; t < 8; t++) {
            sine(pcm, 300 + 40 * t, 29204, frame * AUDIO_FRAME); // -1 dBFS
            mix_scale(part, pcm, AUDIO_GAIN_ONE, AUDIO_GAIN_ONE);
            mix_add(sum, part);
        }
        limiter_run(&limiter, sum, out);
        // A wrapped sample has the other sign than the sum it comes from.
        for (int i = 0; i < AUDIO_FRAME; i++) {
            int32_t in = i < LIMITER_DELAY ? before[i] : sum[i - LIMITER_DELAY];
            assert_true((int64_t)in * out[i] >= 0);
            assert_in_range(abs(out[i]), 0, 32001);
        }
        memcpy(before, sum + AUDIO_FRAME - LIMITER_DELAY, sizeof(before));
    }
}

static void a_quiet_mix_passes_unchanged_but_late(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    int16_t pcm[AUDIO_FRAME], out[AUDIO_FRAME];
    int32_t sum[AUDIO_FRAME];
    sine(pcm, 440, 20000, 0);
    mix_scale(sum, pcm, AUDIO_GAIN_ONE, AUDIO_GAIN_ONE);
    limiter_run(&limiter, sum, out);
    for (int i = LIMITER_DELAY; i < AUDIO_FRAME; i++)
        assert_int_equal(out[i], pcm[i - LIMITER_DELAY]);
}

static void turns_down_before_a_peak_and_comes_back(void **state)
{
    (void)state;
    struct limiter limiter;
    limiter_init(&limiter);
    int32_t sum[AUDIO_FRAME];
    int16_t out[AUDIO_FRAME];
    for (int i = 0; i < AUDIO_FRAME; i++)
        sum[i] = i < AUDIO_FRAME / 2 ? 10000 : 64000;
    limiter_run(&limiter, sum, out);
    assert_true(out[AUDIO_FRAME / 2 + LIMITER_DELAY - 10] < 9000);
    for (int i = AUDIO_FRAME / 2 + LIMITER_DELAY; i < AUDIO_FRAME; i++)
        assert_in_range(out[i], 30000, 32001);
    for (int i = 0; i < AUDIO_FRAME; i++)
        sum[i] = 10000;
    for (int frame = 0; frame < 50; frame++)
        limiter_run(&limiter, sum, out);
    assert_in_range(out[AUDIO_FRAME - 1], 9990, 10000);
}

static struct ranking_entry talker(int level)
{
    struct ranking_entry entry;
    ranking_entry_init(&entry);
    entry.candidate = true;
    entry.level = level;
    return entry;
}

static void chooses_the_loudest_and_the_pinned(void **state)
{
    (void)state;
    struct ranking_entry a = talker(-20), b = talker(-40), c = talker(-30), pinned = talker(-90);
    struct ranking_entry deaf = talker(-5), silent = talker(-100);
    pinned.pinned = true;
    deaf.candidate = false;
    struct ranking_entry *all[] = { &a, &b, &c, &pinned, &deaf, &silent };
    ranking_choose(all, 6, 3, 0);
    assert_true(a.chosen && c.chosen && pinned.chosen);
    assert_false(b.chosen || deaf.chosen || silent.chosen);
}

static void two_voices_of_one_strength_do_not_take_turns(void **state)
{
    (void)state;
    struct ranking_entry a = talker(-20), b = talker(-21);
    struct ranking_entry *all[] = { &a, &b };
    int changes = 0;
    bool before = true;
    for (int frame = 0; frame < 500; frame++) {
        a.level = -20 - (frame % 2) * 2;
        b.level = -20 - ((frame + 1) % 2) * 2;
        ranking_choose(all, 2, 1, frame * 20);
        assert_true(a.chosen != b.chosen);
        changes += a.chosen != before;
        before = a.chosen;
    }
    assert_int_equal(changes, 0);
    b.level = -5;
    ranking_choose(all, 2, 1, 10000);
    assert_true(b.chosen && !a.chosen);
    a.level = 0;
    ranking_choose(all, 2, 1, 10020);
    assert_true(b.chosen); // b has just begun
    ranking_choose(all, 2, 1, 10320);
    assert_true(a.chosen && !b.chosen);
}

static void who_is_no_more_heard_leaves_at_once(void **state)
{
    (void)state;
    struct ranking_entry a = talker(-20);
    struct ranking_entry *all[] = { &a };
    ranking_choose(all, 1, 4, 0);
    assert_true(a.chosen);
    a.candidate = false;
    ranking_choose(all, 1, 4, 20);
    assert_false(a.chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_levels_as_rfc_6464_does),
        cmocka_unit_test(nobody_hears_itself),
        cmocka_unit_test(a_gain_moves_without_a_step),
        cmocka_unit_test(many_full_scale_talkers_never_wrap),
        cmocka_unit_test(a_quiet_mix_passes_unchanged_but_late),
        cmocka_unit_test(turns_down_before_a_peak_and_comes_back),
        cmocka_unit_test(chooses_the_loudest_and_the_pinned),
        cmocka_unit_test(two_voices_of_one_strength_do_not_take_turns),
        cmocka_unit_test(who_is_no_more_heard_leaves_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
