// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "signaling/voice.h"

#include <cmocka.h>

#define STEP_MS 250

// The levels of a and b (0: silent), told for `ms`; how often another one spoke.
static int tell(struct voice *voice, int64_t *now_ms, int a, int b, int64_t ms)
{
    int changes = 0;
    for (int64_t until_ms = *now_ms + ms; *now_ms < until_ms; *now_ms += STEP_MS) {
        struct type_member_level levels[2];
        size_t count = 0;
        if (a)
            levels[count++] = (struct type_member_level){ .member = "a", .level = a };
        if (b)
            levels[count++] = (struct type_member_level){ .member = "b", .level = b };
        changes += voice_note(voice, levels, count, *now_ms);
    }
    return changes;
}

static void the_first_to_speak_is_followed_after_a_moment(void **state)
{
    (void)state;
    struct voice voice = { 0 };
    int64_t now_ms = 0;
    assert_int_equal(tell(&voice, &now_ms, -25, 0, 500), 0);
    assert_int_equal(tell(&voice, &now_ms, -25, 0, 1000), 1);
    assert_string_equal(voice.speaker, "a");
}

static void a_cough_and_a_murmur_turn_nothing(void **state)
{
    (void)state;
    struct voice voice = { 0 };
    int64_t now_ms = 0;
    tell(&voice, &now_ms, -25, 0, 10000);
    assert_int_equal(tell(&voice, &now_ms, -60, -15, 500), 0); // a cough
    assert_int_equal(tell(&voice, &now_ms, -25, 0, 2000), 0);
    assert_int_equal(tell(&voice, &now_ms, -30, -26, 5000), 0); // both, about as loud
    assert_int_equal(tell(&voice, &now_ms, 0, -55, 5000), 0);   // too quiet to be speech
    assert_int_equal(tell(&voice, &now_ms, 0, 0, 60000), 0);    // silence keeps who spoke last
    assert_string_equal(voice.speaker, "a");
}

static void another_who_goes_on_speaking_takes_over(void **state)
{
    (void)state;
    struct voice voice = { 0 };
    int64_t now_ms = 0;
    tell(&voice, &now_ms, -25, 0, 10000);
    assert_int_equal(tell(&voice, &now_ms, 0, -25, 1000), 1);
    assert_string_equal(voice.speaker, "b");
    // And stays for a while, whoever falls in.
    assert_int_equal(tell(&voice, &now_ms, -15, 0, 2000), 0);
    assert_int_equal(tell(&voice, &now_ms, -15, 0, 2000), 1);
    assert_string_equal(voice.speaker, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_to_speak_is_followed_after_a_moment),
        cmocka_unit_test(a_cough_and_a_murmur_turn_nothing),
        cmocka_unit_test(another_who_goes_on_speaking_takes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
