// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>
#include <unistd.h>

#include "room-agent/core/settings.h"

#include <cmocka.h>

// Reads a settings file of this text: the settings, or NULL and the fault behind "file:".
static struct room_settings *read_text(const char *text, char **fault)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("room-XXXXXX.conf", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    char *full = NULL;
    struct room_settings *settings = NULL;
    struct config *config = config_load(path, room_settings_table, &full);
    if (config)
        settings = room_settings_new(config, &full);
    *fault = full ? g_strdup(full + strlen(path) + 1) : NULL;
    g_free(full);
    config_free(config);
    unlink(path);
    return settings;
}

static void assert_fault(const char *text, const char *expected)
{
    g_autofree char *fault = NULL;
    struct room_settings *settings = read_text(text, &fault);
    assert_null(settings);
    assert_non_null(fault);
    assert_string_equal(fault, expected);
}

#define CAMERA "[device camera]\ndriver = visca\naddress = 127.0.21.11\n"

static void reads_devices_and_scenes(void **state)
{
    (void)state;
    g_autofree char *fault = NULL;
    struct room_settings *settings =
            read_text("[room]\nname = Hội trường\naddress = 127.0.21.1\n" CAMERA
                      "[device led]\ndriver = novastar\naddress = 127.0.21.12:5300\n"
                      "[scene floor]\ncamera.preset = 2\nled.brightness = 80\nled.blank = "
                      "off\nled.input = sdi\n",
                    &fault);
    assert_non_null(settings);
    assert_int_equal(settings->devices->len, 2);
    const struct device_settings *camera = g_ptr_array_index(settings->devices, 0);
    const struct device_settings *led = g_ptr_array_index(settings->devices, 1);
    assert_true(camera->is_udp);
    assert_int_equal(camera->port, 52381);
    assert_string_equal(camera->bind, "127.0.21.1");
    assert_false(led->is_udp);
    assert_int_equal(led->port, 5300);
    assert_string_equal(led->address, "127.0.21.12");

    assert_int_equal(settings->scenes->len, 4);
    const struct scene_line *lines =
            (const struct scene_line *)(const void *)settings->scenes->data;
    assert_int_equal(lines[0].scene, SCENE_FLOOR);
    assert_int_equal(lines[0].device, 0);
    assert_int_equal(lines[0].field, HW_PRESET);
    assert_int_equal(lines[0].value, 2);
    assert_int_equal(lines[1].device, 1);
    assert_int_equal(lines[3].value, HW_INPUT_SDI);
    room_settings_free(settings);
}

static void names_file_and_line_of_each_fault(void **state)
{
    (void)state;
    assert_fault("[device camera]\ndriver = viscca\naddress = 127.0.21.11\n",
            "2: device camera: unknown driver 'viscca'; there are: visca, novastar, uvc");
    assert_fault("[device camera]\ndriver = visca\naddress = camera.local\n",
            "3: device camera: 'camera.local' is not a numeric IP address");
    assert_fault("[device camera]\ndriver = visca\naddress = 127.0.0.300\n",
            "3: device camera: '127.0.0.300' is not a numeric IP address");
    assert_fault("[device led]\ndriver = novastar\naddress = 127.0.0.1\ntransport = udp\n",
            "4: transport = 'udp'; expected what novastar speaks: tcp");
    assert_fault(CAMERA "[device second]\ndriver = visca\naddress = 127.0.21.11:52381\n",
            "6: device second: 127.0.21.11 port 52381 is taken by device camera, line 3");
    assert_fault("[device Hội]\ndriver = visca\naddress = 127.0.0.1\n",
            "2: device 'Hội': a name has only a-z, 0-9, - and _, at most 32");
    assert_fault("[signal]\nmachine_url = ws://10.0.0.1:8444/ws\n",
            "2: machine_url = 'ws://10.0.0.1:8444/ws'; expected wss://HOST:PORT/PATH; ws:// is for "
            "127.0.0.1 only");
    assert_fault("[page]\nlisten = 0.0.0.0:8480\n",
            "2: listen = '0.0.0.0:8480'; expected a loopback address: the page has no login");
}

static void names_what_a_scene_has_wrong(void **state)
{
    (void)state;
    assert_fault(CAMERA "[scene floor]\nled.brightness = 80\n",
            "5: scene floor names device 'led', which is not there");
    assert_fault(CAMERA "[scene party]\ncamera.preset = 2\n",
            "5: unknown scene 'party'; there are: idle, meeting, floor, content, ended");
    assert_fault(CAMERA "[scene floor]\ncamera.brightness = 2\n",
            "5: scene floor: driver visca has no 'brightness' to set");
    assert_fault(CAMERA "[scene floor]\ncamera.sparkle = 2\n",
            "5: scene floor: driver visca has no 'sparkle' to set");
    assert_fault(CAMERA "[scene floor]\ncamera.preset = 255\n",
            "5: scene floor: '255' is no value of preset");
    assert_fault(CAMERA "[scene floor]\ncamera.power = yes\n",
            "5: scene floor: 'yes' is no value of power");
    assert_fault(CAMERA "[scene floor]\npreset = 2\n", "5: 'preset' is not DEVICE.FIELD");
    assert_fault(CAMERA "[scene floor]\ncamera.preset = 2\ncamera.preset = 3\n",
            "6: camera.preset is set already, in line 5");
}

static void refuses_two_devices_on_one_serial_port(void **state)
{
    (void)state;
    assert_fault("[device a]\ndriver = visca\naddress = /dev/null\n[device b]\ndriver = visca\n"
                 "address = /dev/../dev/null\ncamera = 2\n",
            "6: device b: /dev/null is taken by device a, line 3");
    assert_fault("[device a]\ndriver = novastar\naddress = /dev/null\ntransport = serial\n",
            "4: transport = 'serial'; expected udp, tcp or auto: novastar does not speak on a "
            "serial line");
    assert_fault("[device a]\ndriver = visca\naddress = /dev/null\nbaud = 9601\n",
            "4: device a: no serial port has the speed 9601");
    assert_fault("[device a]\ndriver = visca\naddress = ttyS0\ntransport = serial\n",
            "3: device a: 'ttyS0' is not the path of a device file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_devices_and_scenes),
        cmocka_unit_test(names_file_and_line_of_each_fault),
        cmocka_unit_test(names_what_a_scene_has_wrong),
        cmocka_unit_test(refuses_two_devices_on_one_serial_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
