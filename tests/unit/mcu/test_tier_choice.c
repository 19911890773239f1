// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/tier_choice.h"

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define SOUND  60000
#define THIN   26000

static const struct tier_choice_config config = { .kbps = 1500, .top = TIER_720P };

static struct tier_choice_input at(int64_t now_us, int64_t estimate_bps)
{
    return (struct tier_choice_input){
        .now_us = now_us,
        .estimate_bps = estimate_bps,
        .other_bps = SOUND,
        .thin_bps = THIN,
        .most = TIER_1080P,
    };
}

static enum tier_step first_step(int64_t estimate_bps)
{
    struct tier_choice choice;
    const struct tier_choice_input input = at(SECOND, estimate_bps);
    tier_choice_init(&choice, &config, &input);
    return choice.step;
}

// Each 100 ms for so long; how often it asked for a probe.
static int run(struct tier_choice *choice, struct tier_choice_input *input, int64_t us)
{
    int probes = 0;
    for (int64_t until_us = input->now_us + us; input->now_us < until_us;) {
        input->now_us += SECOND / 10;
        tier_choice_update(choice, input);
        probes += choice->probe_bps > 0;
    }
    return probes;
}

static void begins_with_the_best_that_fits_beside_the_sound(void **state)
{
    (void)state;
    assert_int_equal(first_step(6000000), TIER_720P);
    assert_int_equal(first_step(1800000), TIER_720P);
    assert_int_equal(first_step(1600000), TIER_480P);
    assert_int_equal(first_step(512000), TIER_360P);
    assert_int_equal(first_step(256000), TIER_180P);
    assert_int_equal(first_step(100000), TIER_STILL);
    assert_int_equal(first_step(64000), TIER_STILL);
    assert_int_equal(first_step(32000), TIER_AUDIO);
    assert_int_equal(first_step(0), TIER_AUDIO);
}

static void falls_at_once_to_what_fits(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 6000000);
    tier_choice_init(&choice, &config, &input);
    input = at(SECOND + 1, 450000);
    assert_true(tier_choice_update(&choice, &input));
    assert_int_equal(choice.step, TIER_360P);
    assert_false(tier_choice_update(&choice, &input));
}

static void rises_one_step_after_ten_seconds_where_there_is_room(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    input.estimate_bps = 6000000;
    run(&choice, &input, 9 * SECOND + SECOND / 2);
    assert_int_equal(choice.step, TIER_360P);
    run(&choice, &input, SECOND);
    assert_int_equal(choice.step, TIER_480P);
    run(&choice, &input, 11 * SECOND);
    assert_int_equal(choice.step, TIER_720P);
    run(&choice, &input, 60 * SECOND); // there is nothing above
    assert_int_equal(choice.step, TIER_720P);
}

static void probes_before_it_rises(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    assert_int_equal(run(&choice, &input, 9 * SECOND), 0);
    while (choice.probe_bps == 0)
        run(&choice, &input, SECOND / 10);
    assert_int_equal(choice.probe_bps, 675000); // half as much again; 480p needs more
    input.estimate_bps = 650000;
    assert_in_range(run(&choice, &input, 4 * SECOND), 1, 1); // there was more: on it goes
    assert_int_equal(choice.step, TIER_360P);
    input.estimate_bps = 900000;
    run(&choice, &input, SECOND / 10);
    assert_int_equal(choice.step, TIER_480P);
}

static void probes_less_often_where_there_is_no_room(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    assert_in_range(run(&choice, &input, 60 * SECOND), 2, 3);
    run(&choice, &input, 600 * SECOND);
    assert_in_range(run(&choice, &input, 600 * SECOND), 3, 4);
    assert_int_equal(choice.step, TIER_360P);
}

static void does_not_rise_while_there_is_congestion(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    input.estimate_bps = 6000000;
    input.is_low = true;
    run(&choice, &input, 30 * SECOND);
    assert_int_equal(choice.step, TIER_360P);
    input.is_low = false;
    run(&choice, &input, 9 * SECOND);
    assert_int_equal(choice.step, TIER_360P);
    run(&choice, &input, 2 * SECOND);
    assert_int_equal(choice.step, TIER_480P);
}

static void who_tried_too_much_waits_longer(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    int switches = 0;
    for (int i = 0; i < 3000; i++) { // 300 s on a link that seems wide until it is used
        input.estimate_bps = choice.step > TIER_360P ? 450000 : 900000;
        input.now_us += SECOND / 10;
        switches += tier_choice_update(&choice, &input);
    }
    assert_in_range(switches, 4, 12);
}

static void gives_way_to_an_overloaded_machine_and_comes_back(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 6000000);
    tier_choice_init(&choice, &config, &input);
    input.most = TIER_360P;
    run(&choice, &input, SECOND / 10);
    assert_int_equal(choice.step, TIER_360P);
    run(&choice, &input, 30 * SECOND);
    assert_int_equal(choice.step, TIER_360P);
    input.most = TIER_1080P;
    run(&choice, &input, 21 * SECOND);
    assert_int_equal(choice.step, TIER_720P);
}

static void does_not_waver_between_thin_and_full_sound(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 170000); // 180p fits beside thin sound only
    tier_choice_init(&choice, &config, &input);
    assert_int_equal(choice.step, TIER_STILL);
    for (int i = 0; i < 1000; i++) {
        input.now_us += SECOND / 10;
        assert_false(tier_choice_update(&choice, &input));
    }
}

static void sound_goes_first(void **state)
{
    (void)state;
    struct tier_choice choice;
    struct tier_choice_input input = at(SECOND, 450000);
    tier_choice_init(&choice, &config, &input);
    input.other_bps = 130000; // with copies
    run(&choice, &input, SECOND / 10);
    assert_int_equal(choice.step, TIER_180P);
}

static void steps_have_the_shape_of_the_canvas(void **state)
{
    (void)state;
    struct tier_shape shape = tier_step_shape(TIER_720P, 1280, 720, 25, 1500);
    assert_int_equal(shape.width, 1280);
    assert_int_equal(shape.kbps, 1500);
    assert_int_equal(shape.interval_us, 40000);
    shape = tier_step_shape(TIER_360P, 1280, 720, 25, 1500);
    assert_int_equal(shape.width, 640);
    assert_int_equal(shape.height, 360);
    assert_in_range(shape.kbps, 330, 360);
    shape = tier_step_shape(TIER_480P, 1280, 720, 25, 1500);
    assert_int_equal(shape.width % 2, 0);
    shape = tier_step_shape(TIER_180P, 1280, 720, 25, 1500);
    assert_int_equal(shape.interval_us, 40000);
    shape = tier_step_shape(TIER_STILL, 1280, 720, 25, 1500);
    assert_int_equal(shape.interval_us, 4000000);
    // A small canvas is its own top.
    assert_int_equal(tier_step_of_height(360), TIER_360P);
    assert_int_equal(tier_step_of_height(1080), TIER_1080P);
    assert_int_equal(tier_step_of_height(100), TIER_180P);
    shape = tier_step_shape(TIER_360P, 640, 360, 25, 700);
    assert_int_equal(shape.height, 360);
    assert_int_equal(shape.kbps, 700);
    assert_true(tier_step_shape(TIER_180P, 640, 360, 25, 700).kbps < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_best_that_fits_beside_the_sound),
        cmocka_unit_test(falls_at_once_to_what_fits),
        cmocka_unit_test(rises_one_step_after_ten_seconds_where_there_is_room),
        cmocka_unit_test(probes_before_it_rises),
        cmocka_unit_test(probes_less_often_where_there_is_no_room),
        cmocka_unit_test(does_not_rise_while_there_is_congestion),
        cmocka_unit_test(who_tried_too_much_waits_longer),
        cmocka_unit_test(gives_way_to_an_overloaded_machine_and_comes_back),
        cmocka_unit_test(does_not_waver_between_thin_and_full_sound),
        cmocka_unit_test(sound_goes_first),
        cmocka_unit_test(steps_have_the_shape_of_the_canvas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
