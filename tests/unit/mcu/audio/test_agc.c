// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/audio/agc.h"
#include "mcu/audio/mix.h"

#include <cmocka.h>

#define SECOND 50 // frames

// Speech as it is: two thirds of the frames loud, a pause between.
static double speak(struct agc *agc, int dbov, int seconds)
{
    int gain = AUDIO_GAIN_ONE;
    for (int i = 0; i < seconds * SECOND; i++)
        gain = agc_step(agc, i % 30 < 20 ? dbov + i % 5 - 2 : -70);
    return 20 * log10((double)gain / AUDIO_GAIN_ONE);
}

static void quiet_and_loud_rooms_come_out_nearly_the_same(void **state)
{
    (void)state;
    static const int levels[] = { -34, -30, -24, -18, -14 };
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        struct agc agc;
        agc_init(&agc);
        const double out = levels[i] + speak(&agc, levels[i], 20);
        assert_true(fabs(out - AGC_TARGET_DBOV) < 3);
    }
}

static void it_goes_no_further_than_its_bound(void **state)
{
    (void)state;
    struct agc agc;
    agc_init(&agc);
    assert_true(fabs(speak(&agc, -50, 60) - (double)AGC_MOST_DB) < 2.1);
    agc_init(&agc);
    assert_true(speak(&agc, 0, 60) > -(double)AGC_MOST_DB - 0.1);
}

static void a_pause_lifts_nothing(void **state)
{
    (void)state;
    struct agc agc;
    agc_init(&agc);
    const double before = speak(&agc, -30, 20);
    int gain = 0;
    for (int i = 0; i < 300 * SECOND; i++)
        gain = agc_step(&agc, i % 2 ? -62 : -127);
    assert_true(fabs(20 * log10((double)gain / AUDIO_GAIN_ONE) - before) < 0.01);
}

static void it_moves_too_slowly_to_be_heard(void **state)
{
    (void)state;
    struct agc agc;
    agc_init(&agc);
    int before = agc_step(&agc, -30);
    for (int i = 0; i < 30 * SECOND; i++) {
        const int gain = agc_step(&agc, i < 15 * SECOND ? -36 : -10);
        assert_true(fabs(20 * log10((double)gain / before)) < 0.3);
        before = gain;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_and_loud_rooms_come_out_nearly_the_same),
        cmocka_unit_test(it_goes_no_further_than_its_bound),
        cmocka_unit_test(a_pause_lifts_nothing),
        cmocka_unit_test(it_moves_too_slowly_to_be_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
