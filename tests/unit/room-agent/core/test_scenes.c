// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>

#include "room-agent/core/devices.h"
#include "room-agent/core/scenes.h"

#include <cmocka.h>

static const struct scene_line lines[] = {
    { SCENE_MEETING, 0, HW_PRESET, 1 },
    { SCENE_FLOOR, 0, HW_PRESET, 2 },
    { SCENE_FLOOR, 1, HW_BRIGHTNESS, 80 },
};

static struct room_settings settings_of_lines(void)
{
    struct room_settings settings = { .scenes = g_array_new(
                                              FALSE, FALSE, sizeof(struct scene_line)) };
    g_array_append_vals(settings.scenes, lines, COUNT_OF(lines));
    return settings;
}

static enum scene_state judge(enum hw_wish_state camera, enum hw_wish_state led,
        enum hw_result result, int64_t elapsed_ms, char **fault)
{
    struct room_settings settings = settings_of_lines();
    struct hw_report reports[2] = { { .id = "camera" }, { .id = "led" } };
    reports[0].wishes[HW_PRESET] = (struct hw_wish){ .state = camera, .value = 2 };
    reports[1].wishes[HW_BRIGHTNESS] =
            (struct hw_wish){ .state = led, .value = 80, .result = result };
    enum scene_state state = scene_judge(&settings, SCENE_FLOOR, reports, elapsed_ms, fault);
    g_array_unref(settings.scenes);
    return state;
}

static void is_confirmed_when_every_device_is(void **state)
{
    (void)state;
    char *fault;
    assert_int_equal(
            judge(HW_WISH_REACHED, HW_WISH_PENDING, HW_OK, 100, &fault), SCENE_STATE_APPLYING);
    assert_null(fault);
    assert_int_equal(
            judge(HW_WISH_REACHED, HW_WISH_REACHED, HW_OK, 100, &fault), SCENE_STATE_CONFIRMED);
    assert_null(fault);
}

static void fails_with_one_sentence_that_names_the_device(void **state)
{
    (void)state;
    g_autofree char *fault = NULL;
    assert_int_equal(
            judge(HW_WISH_REACHED, HW_WISH_FAILED, HW_LOCKED, 100, &fault), SCENE_STATE_FAILED);
    g_autofree char *expected = g_strconcat("led.brightness: ", hw_result_text_vi(HW_LOCKED), NULL);
    assert_string_equal(fault, expected);
}

static void fails_after_eight_seconds(void **state)
{
    (void)state;
    g_autofree char *fault = NULL;
    char *none = NULL;
    assert_int_equal(judge(HW_WISH_PENDING, HW_WISH_REACHED, HW_OK, SCENE_DEADLINE_MS - 1, &none),
            SCENE_STATE_APPLYING);
    assert_int_equal(judge(HW_WISH_PENDING, HW_WISH_REACHED, HW_OK, SCENE_DEADLINE_MS, &fault),
            SCENE_STATE_FAILED);
    assert_true(g_str_has_prefix(fault, "camera.preset: "));
}

static void is_no_fault_that_somebody_moved_the_camera(void **state)
{
    (void)state;
    char *fault;
    assert_int_equal(
            judge(HW_WISH_NONE, HW_WISH_REACHED, HW_OK, 100, &fault), SCENE_STATE_CONFIRMED);
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
    struct room_settings settings = settings_of_lines();
    struct hw_report report;
    scene_apply(&settings, SCENE_MEETING, devices);
    hw_device_report(devices[0], &report);
    assert_int_equal(report.wishes[HW_PRESET].value, 1);
    hw_device_report(devices[1], &report);
    assert_int_equal(report.wishes[HW_BRIGHTNESS].state, HW_WISH_NONE);
    scene_apply(&settings, SCENE_FLOOR, devices);
    hw_device_report(devices[0], &report);
    assert_int_equal(report.wishes[HW_PRESET].value, 2);
    hw_device_report(devices[1], &report);
    assert_int_equal(report.wishes[HW_BRIGHTNESS].value, 80);
    g_array_unref(settings.scenes);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_confirmed_when_every_device_is),
        cmocka_unit_test(fails_with_one_sentence_that_names_the_device),
        cmocka_unit_test(fails_after_eight_seconds),
        cmocka_unit_test(is_no_fault_that_somebody_moved_the_camera),
        cmocka_unit_test(wants_the_lines_of_its_scene_only),
        cmocka_unit_test(describes_a_device_with_its_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
