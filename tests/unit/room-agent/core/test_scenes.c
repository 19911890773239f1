// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>

#include "room-agent/core/devices.h"
#include "room-agent/core/scenes.h"

#include <cmocka.h>

static const struct scene_line meeting[] = { { 0, HW_PRESET, 1 } };
static const struct scene_line floor_lines[] = { { 0, HW_PRESET, 2 }, { 1, HW_BRIGHTNESS, 80 } };

static struct scene_settings scene_of(const struct scene_line *lines, guint count)
{
    struct scene_settings scene = { .lines = g_array_new(FALSE, FALSE, sizeof(*lines)) };
    g_array_append_vals(scene.lines, lines, count);
    return scene;
}

struct given {
    enum hw_wish_state camera;
    enum hw_wish_state led;
    enum hw_result result; // of the LED wall's wish
    enum hw_result fault;  // of the camera
    int64_t elapsed_ms;
};

static struct scene_verdict judge(const struct given *given)
{
    struct scene_settings scene = scene_of(floor_lines, COUNT_OF(floor_lines));
    struct scene_verdict verdict;
    struct hw_report reports[2] = { { .id = "camera", .fault = given->fault }, { .id = "led" } };
    reports[0].wishes[HW_PRESET] = (struct hw_wish){ .state = given->camera, .value = 2 };
    reports[1].wishes[HW_BRIGHTNESS] =
            (struct hw_wish){ .state = given->led, .value = 80, .result = given->result };
    scene_judge(&scene, reports, given->elapsed_ms, &verdict);
    g_array_unref(scene.lines);
    return verdict;
}

static void is_confirmed_when_every_device_is(void **state)
{
    (void)state;
    struct given given = { HW_WISH_REACHED, HW_WISH_PENDING, HW_OK, HW_OK, 100 };
    assert_int_equal(judge(&given).state, SCENE_STATE_APPLYING);
    given.led = HW_WISH_REACHED;
    assert_int_equal(judge(&given).state, SCENE_STATE_CONFIRMED);
}

static void fails_by_one_line_that_names_the_device(void **state)
{
    (void)state;
    struct given given = { HW_WISH_REACHED, HW_WISH_FAILED, HW_LOCKED, HW_OK, 100 };
    struct scene_verdict verdict = judge(&given);
    assert_int_equal(verdict.state, SCENE_STATE_FAILED);
    assert_string_equal(verdict.at, "led.brightness");
    assert_int_equal(verdict.result, HW_LOCKED);
}

static void fails_after_eight_seconds(void **state)
{
    (void)state;
    struct given given = { HW_WISH_PENDING, HW_WISH_REACHED, HW_OK, HW_OK, SCENE_DEADLINE_MS - 1 };
    assert_int_equal(judge(&given).state, SCENE_STATE_APPLYING);
    given.elapsed_ms = SCENE_DEADLINE_MS;
    struct scene_verdict verdict = judge(&given);
    assert_int_equal(verdict.state, SCENE_STATE_FAILED);
    assert_string_equal(verdict.at, "camera.preset");
    assert_int_equal(verdict.result, HW_TIMEOUT);
}

static void names_what_is_wrong_with_the_device_rather_than_the_time(void **state)
{
    (void)state;
    struct given given = { HW_WISH_PENDING, HW_WISH_REACHED, HW_OK, HW_LOCKED, SCENE_DEADLINE_MS };
    assert_int_equal(judge(&given).result, HW_LOCKED);
}

static void is_no_fault_that_somebody_moved_the_camera(void **state)
{
    (void)state;
    struct given given = { HW_WISH_NONE, HW_WISH_REACHED, HW_OK, HW_OK, 100 };
    assert_int_equal(judge(&given).state, SCENE_STATE_CONFIRMED);
}

static void wants_the_lines_of_its_scene_only(void **state)
{
    (void)state;
    struct hw_clock *clock = hw_clock_fake_new();
    struct hw_device *devices[2];
    const struct hw_driver *drivers[] = { &hw_visca, &hw_novastar };
    for (size_t i = 0; i < 2; i++) {
        struct hw_device_config config = {
            .id = "device",
            .driver = drivers[i],
            .link = hw_link_script_new(false),
            .clock = clock,
        };
        devices[i] = hw_device_new(&config);
    }
    struct scene_settings first = scene_of(meeting, COUNT_OF(meeting));
    struct scene_settings second = scene_of(floor_lines, COUNT_OF(floor_lines));
    struct hw_report report;
    scene_apply(&first, devices);
    hw_device_report(devices[0], &report);
    assert_int_equal(report.wishes[HW_PRESET].value, 1);
    hw_device_report(devices[1], &report);
    assert_int_equal(report.wishes[HW_BRIGHTNESS].state, HW_WISH_NONE);
    scene_apply(&second, devices);
    hw_device_report(devices[0], &report);
    assert_int_equal(report.wishes[HW_PRESET].value, 2);
    hw_device_report(devices[1], &report);
    assert_int_equal(report.wishes[HW_BRIGHTNESS].value, 80);
    g_array_unref(first.lines);
    g_array_unref(second.lines);
    hw_device_free(devices[0]);
    hw_device_free(devices[1]);
    hw_clock_fake_free(clock);
}

static void describes_a_device_with_its_fault(void **state)
{
    (void)state;
    struct type_device *device = g_new(struct type_device, 1);
    struct hw_report report = { .id = "led", .driver = "novastar", .fault = HW_LOCKED };
    device_describe(&report, device);
    assert_int_equal(device->state, DEVICE_STATE_DOWN);
    assert_string_equal(device->code, "device.locked");
    assert_int_equal(device->quality, DEVICE_QUALITY_UNKNOWN);

    report.fault = HW_OK;
    device_describe(&report, device);
    assert_int_equal(device->state, DEVICE_STATE_CONNECTING);
    assert_false(device->has_code);

    report.link = HW_LINK_UP;
    report.actual[HW_BLANK].quality = HW_CONFIRMED;
    report.wishes[HW_BLANK] = (struct hw_wish){ .state = HW_WISH_FAILED, .result = HW_UNVERIFIED };
    device_describe(&report, device);
    assert_int_equal(device->state, DEVICE_STATE_FAULT);
    assert_string_equal(device->code, "device.unverified");
    assert_int_equal(device->quality, DEVICE_QUALITY_CONFIRMED);
    g_free(device);
}

static void describes_what_a_device_can_and_what_is_known_of_it(void **state)
{
    (void)state;
    struct type_device *device = g_new(struct type_device, 1);
    struct hw_report report = { .id = "led", .driver = "novastar", .link = HW_LINK_UP };
    report.actual[HW_BRIGHTNESS] = (struct hw_value){ .value = 70, .quality = HW_CONFIRMED };
    device_describe(&report, device);
    assert_non_null(strstr(device->can, "brightness"));
    assert_null(strstr(device->can, "drive"));
    assert_true(device->values.has_brightness);
    assert_int_equal(device->values.brightness, 70);
    assert_false(device->values.has_blank);

    report.driver = "visca";
    device_describe(&report, device);
    assert_non_null(strstr(device->can, "drive"));
    g_free(device);
}

static void keeps_what_is_shown_and_how_loud_and_no_call_that_was_ended(void **state)
{
    (void)state;
    static const struct {
        const char *order;
        bool is_kept;
    } orders[] = {
        { "brightness 70", true },
        { "blank on", true },
        { "power off", true },
        { "preset 3", false },
        { "call off", false },
        { "mute on", false },
        { "volume 40", true },
        { "stop", false },
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct hw_command command;
        assert_true(hw_command_parse(orders[i].order, &command));
        assert_int_equal(devices_keep(&command), orders[i].is_kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_confirmed_when_every_device_is),
        cmocka_unit_test(fails_by_one_line_that_names_the_device),
        cmocka_unit_test(fails_after_eight_seconds),
        cmocka_unit_test(names_what_is_wrong_with_the_device_rather_than_the_time),
        cmocka_unit_test(is_no_fault_that_somebody_moved_the_camera),
        cmocka_unit_test(wants_the_lines_of_its_scene_only),
        cmocka_unit_test(describes_a_device_with_its_fault),
        cmocka_unit_test(describes_what_a_device_can_and_what_is_known_of_it),
        cmocka_unit_test(keeps_what_is_shown_and_how_loud_and_no_call_that_was_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
