// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include "common/base/check.h"
#include "hw/hw.h"

#include <cmocka.h>

static void reads_commands_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct hw_command command;
    } good[] = {
        { "drive 50 -20", { .verb = HW_DRIVE, .field = HW_FIELD_COUNT, .pan = 50, .tilt = -20 } },
        { "zoom -100", { .verb = HW_DRIVE_ZOOM, .field = HW_FIELD_COUNT, .zoom = -100 } },
        { "zoom-to 5000", { .verb = HW_SET, .field = HW_ZOOM, .value = 5000 } },
        { "stop", { .verb = HW_STOP, .field = HW_FIELD_COUNT } },
        { "stop-zoom", { .verb = HW_STOP_ZOOM, .field = HW_FIELD_COUNT } },
        { "home", { .verb = HW_HOME, .field = HW_FIELD_COUNT } },
        { "store 254", { .verb = HW_STORE, .field = HW_FIELD_COUNT, .value = 254 } },
        { "keep", { .verb = HW_KEEP, .field = HW_FIELD_COUNT } },
        { "read brightness", { .verb = HW_READ, .field = HW_BRIGHTNESS } },
        { "preset 3", { .verb = HW_SET, .field = HW_PRESET, .value = 3 } },
        { "blank on", { .verb = HW_SET, .field = HW_BLANK, .value = 1 } },
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct hw_command command;
        assert_true(hw_command_parse(good[i].text, &command));
        assert_memory_equal(&command, &good[i].command, sizeof(command));
    }
}

static void refuses_what_is_no_command(void **state)
{
    (void)state;
    static const char *const bad[] = { "", " ", "drive", "drive 50", "drive 101 0", "drive 1 2 3",
        "drive x 0", "zoom", "zoom -101", "zoom-to", "zoom-to 65536", "stop 1", "store",
        "store 255", "store -1", "read", "read nothing", "preset", "preset 255", "preset 1 2",
        "blank 1", "brightness 101", "identify", "home  " };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct hw_command command;
        assert_false(hw_command_parse(bad[i], &command));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_commands_as_people_write_them),
        cmocka_unit_test(refuses_what_is_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
