// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media/tone.h"

#include <cmocka.h>

#define RATE 48000

static void a_tone_is_found_at_its_level(void **state)
{
    (void)state;
    int16_t samples[RATE / 5] = { 0 };
    struct tone tone;
    tone_init(&tone, 1125, -32, RATE);
    tone_add(&tone, samples, RATE / 10);
    tone_add(&tone, samples + RATE / 10, RATE / 10); // the phase goes on
    assert_true(fabs(tone_level_dbfs(samples, RATE / 5, 1125, RATE) + 32) < 0.5);
    assert_true(tone_level_dbfs(samples, RATE / 5, 1250, RATE) < -80);
}

static void a_quiet_tone_is_found_beside_a_loud_one(void **state)
{
    (void)state;
    int16_t samples[RATE / 5] = { 0 };
    struct tone loud, quiet;
    tone_init(&loud, 1250, -6, RATE);
    tone_init(&quiet, 1125, -40, RATE);
    tone_add(&loud, samples, RATE / 5);
    tone_add(&quiet, samples, RATE / 5);
    assert_true(fabs(tone_level_dbfs(samples, RATE / 5, 1125, RATE) + 40) < 1);
}

static void silence_has_no_tone_and_level_127(void **state)
{
    (void)state;
    const int16_t samples[960] = { 0 };
    assert_true(tone_level_dbfs(samples, 960, 1000, RATE) < -190);
    assert_int_equal(audio_level(samples, 960), 127);
    assert_int_equal(audio_level(samples, 0), 127);
}

static void levels_are_decibels_below_overload(void **state)
{
    (void)state;
    int16_t samples[960] = { 0 };
    struct tone tone;
    tone_init(&tone, 1000, 0, RATE);
    tone_add(&tone, samples, 960);
    assert_int_equal(audio_level(samples, 960), 3); // a full sine is 3 dB below a square wave
    for (int i = 0; i < 960; i++)
        samples[i] = -32768;
    assert_int_equal(audio_level(samples, 960), 0);
}

static void adding_saturates(void **state)
{
    (void)state;
    int16_t samples[480];
    struct tone tone;
    tone_init(&tone, 1000, 0, RATE);
    for (int i = 0; i < 480; i++)
        samples[i] = 30000;
    tone_add(&tone, samples, 480);
    assert_int_equal(samples[12], 32767); // the sine's crest
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_is_found_at_its_level),
        cmocka_unit_test(a_quiet_tone_is_found_beside_a_loud_one),
        cmocka_unit_test(silence_has_no_tone_and_level_127),
        cmocka_unit_test(levels_are_decibels_below_overload),
        cmocka_unit_test(adding_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
