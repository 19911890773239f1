// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>
#include <sys/stat.h>
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

    const struct scene_settings *scene = room_settings_scene(settings->scenes, "floor");
    assert_non_null(scene);
    assert_null(scene->label);
    assert_int_equal(scene->lines->len, 4);
    const struct scene_line *lines = (const struct scene_line *)(const void *)scene->lines->data;
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
            "2: device camera: unknown driver 'viscca'; there are: visca, novastar, uvc, roomos");
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
            "5: unknown scene 'party'; there are: idle, meeting, floor, content, ended; a button "
            "has its label = …");
    assert_fault("\n[scene party]\n",
            "2: unknown scene 'party'; there are: idle, meeting, floor, content, ended; a button "
            "has its label = …");
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

#define CODEC "[device codec]\ndriver = roomos\naddress = 10.1.2.3\n"

static char *write_password(const char *text, int mode)
{
    g_autofree char *dir = g_dir_make_tmp("rong-password-XXXXXX", NULL);
    char *path = g_build_filename(dir, "password", NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_int_equal(chmod(path, (mode_t)mode), 0);
    return path;
}

static void remove_password(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void logs_in_to_a_codec_with_a_secret_of_its_own_file(void **state)
{
    (void)state;
    g_autofree char *path = write_password("tre xanh\n", 0600);
    g_autofree char *fault = NULL;
    g_autofree char *text = g_strdup_printf(CODEC "user = rong\npassword_file = %s\n"
                                                  "certificate = pinned:%s%s\n",
            path, "00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF");
    struct room_settings *settings = read_text(text, &fault);
    assert_null(fault);
    const struct device_settings *codec = g_ptr_array_index(settings->devices, 0);
    assert_string_equal(codec->user, "rong");
    assert_string_equal(codec->password, "tre xanh");
    assert_int_equal(codec->port, 443);
    assert_true(codec->is_pinned);
    assert_int_equal(codec->fingerprint[31], 0xff);
    room_settings_free(settings);
    remove_password(path);
}

static void refuses_a_codec_that_could_be_anybody(void **state)
{
    (void)state;
    g_autofree char *open = write_password("tre xanh\n", 0640);
    g_autofree char *empty = write_password("\n", 0600);
    g_autofree char *with_open = g_strdup_printf(
            CODEC "user = rong\ncertificate = any-on-this-lan\npassword_file = %s\n", open);
    g_autofree char *open_fault = g_strdup_printf(
            "6: device codec: %s can be read by others than its owner: chmod 600", open);
    g_autofree char *with_empty = g_strdup_printf(
            CODEC "user = rong\ncertificate = any-on-this-lan\npassword_file = %s\n", empty);
    g_autofree char *empty_fault =
            g_strdup_printf("6: device codec: %s has no password in its first line", empty);
    assert_fault(CODEC, "3: device codec: needs a user, without ':'");
    assert_fault(CODEC "user = rong\n",
            "3: device codec: certificate is pinned:SHA256 or any-on-this-lan");
    assert_fault(CODEC "user = rong\ncertificate = any\n",
            "5: device codec: certificate is pinned:SHA256 or any-on-this-lan");
    assert_fault(CODEC "user = rong\ncertificate = pinned:0011\n",
            "5: device codec: pinned: needs 32 bytes in hex");
    assert_fault("[device codec]\ndriver = roomos\naddress = 203.0.113.5\nuser = rong\n"
                 "certificate = any-on-this-lan\n",
            "5: device codec: 203.0.113.5 is not on this lan: pin its certificate");
    assert_fault(CODEC "user = rong\ncertificate = any-on-this-lan\n",
            "2: device codec: needs a password_file");
    assert_fault(CODEC "user = rong\ncertificate = any-on-this-lan\n"
                       "password_file = /nowhere\n",
            "6: device codec: /nowhere: No such file or directory");
    assert_fault(with_open, open_fault);
    assert_fault(with_empty, empty_fault);
    remove_password(open);
    remove_password(empty);
}

#define WALL "[device led]\ndriver = novastar\naddress = 127.0.21.12\n"

static void refuses_a_preset_that_the_driver_does_not_have(void **state)
{
    (void)state;
    assert_fault(WALL "[scene floor]\nled.preset = 0\n",
            "5: scene floor: driver novastar has presets 1 to 128, not 0");
    assert_fault(WALL "[scene floor]\nled.preset = 129\n",
            "5: scene floor: driver novastar has presets 1 to 128, not 129");
}

static void reads_named_buttons(void **state)
{
    (void)state;
    g_autofree char *fault = NULL;
    struct room_settings *settings =
            read_text(CAMERA "[scene chao-co]\nlabel = Chào cờ\ncamera.preset = 7\n", &fault);
    assert_non_null(settings);
    const struct scene_settings *button = room_settings_scene(settings->scenes, "chao-co");
    assert_non_null(button);
    assert_string_equal(button->label, "Chào cờ");
    assert_int_equal(button->lines->len, 1);
    assert_null(room_settings_scene(settings->scenes, "chao"));
    room_settings_free(settings);
}

static void names_what_a_button_has_wrong(void **state)
{
    (void)state;
    assert_fault("[scene Chào]\nlabel = Chào cờ\n",
            "2: scene 'Chào': a name has only a-z, 0-9 and -, at most 32");
    assert_fault("[scene meeting]\nlabel = Họp\n",
            "2: scene meeting is an event's: the page has its name already");
    assert_fault(CAMERA "[scene chao-co]\nlabel = Chào cờ\nled.blank = on\n",
            "6: scene chao-co names device 'led', which is not there");
    g_autofree char *long_label = g_strnfill(65, 'x');
    g_autofree char *text = g_strdup_printf("[scene chao-co]\nlabel = %s\n", long_label);
    assert_fault(text, "2: scene chao-co: a label has at most 64 characters");
    GString *many = g_string_new(NULL);
    for (int i = 0; i <= ROOM_BUTTONS_MAX; i++)
        g_string_append_printf(many, "[scene b-%d]\nlabel = %d\n", i, i);
    assert_fault(many->str, "34: scene b-16: a room has at most 16 buttons");
    g_string_free(many, TRUE);
}

static void tells_whether_the_devices_are_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_same;
    } others[] = {
        { CAMERA "[scene floor]\ncamera.preset = 3\n", true },
        { CAMERA WALL, false },
        { "[device camera]\ndriver = visca\naddress = 127.0.21.13\n", false },
        { "[device other]\ndriver = visca\naddress = 127.0.21.11\n", false },
    };
    char *fault;
    struct room_settings *settings = read_text(CAMERA, &fault);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct room_settings *other = read_text(others[i].text, &fault);
        assert_int_equal(room_settings_same_devices(settings, other), others[i].is_same);
        room_settings_free(other);
    }
    room_settings_free(settings);
}

static void refuses_two_devices_on_one_serial_port(void **state)
{
    (void)state;
    assert_fault("[device a]\ndriver = visca\naddress = /dev/null\n[device b]\ndriver = visca\n"
                 "address = /dev/../dev/null\ncamera = 2\n",
            "6: device b: /dev/null is taken by device a, line 3");
    assert_fault("[device a]\ndriver = visca\naddress = /dev/ttyABSENT7\n[device b]\n"
                 "driver = visca\naddress = /dev//ttyABSENT7\n",
            "6: device b: /dev/ttyABSENT7 is taken by device a, line 3");
    assert_fault("[device a]\ndriver = novastar\naddress = /dev/null\ntransport = serial\n",
            "4: transport = 'serial'; expected udp, tcp or auto: novastar does not speak on a "
            "serial line");
    assert_fault("[device a]\ndriver = visca\naddress = /dev/null\nbaud = 9601\n",
            "4: device a: no serial port has the speed 9601");
    assert_fault("[device a]\ndriver = visca\naddress = ttyS0\ntransport = serial\n",
            "3: device a: 'ttyS0' is not the path of a device file");
}

static void refuses_an_address_that_is_no_single_device(void **state)
{
    (void)state;
    static const char *const bad[] = { "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        g_autofree char *text =
                g_strdup_printf("[device a]\ndriver = visca\naddress = %s\n", bad[i]);
        g_autofree char *fault =
                g_strdup_printf("3: device a: '%s' is no address of one device", bad[i]);
        assert_fault(text, fault);
    }
    assert_fault("[device a]\ndriver = visca\naddress = 127.0.0.1:5000\nport = 5001\n",
            "4: port = '5001'; expected one port: the address has one too");
}

// What /dev/serial/by-id names may be another node each time it is plugged in.
static void keeps_the_name_of_a_line_as_written(void **state)
{
    (void)state;
    g_autofree char *fault = NULL;
    struct room_settings *settings = read_text(
            "[device a]\ndriver = visca\naddress = /dev/stdin\ntransport = serial\n", &fault);
    assert_non_null(settings);
    const struct device_settings *device = g_ptr_array_index(settings->devices, 0);
    assert_string_equal(device->address, "/dev/stdin");
    room_settings_free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_name_of_a_line_as_written),
        cmocka_unit_test(refuses_an_address_that_is_no_single_device),
        cmocka_unit_test(reads_devices_and_scenes),
        cmocka_unit_test(names_file_and_line_of_each_fault),
        cmocka_unit_test(logs_in_to_a_codec_with_a_secret_of_its_own_file),
        cmocka_unit_test(refuses_a_codec_that_could_be_anybody),
        cmocka_unit_test(names_what_a_scene_has_wrong),
        cmocka_unit_test(refuses_two_devices_on_one_serial_port),
        cmocka_unit_test(refuses_a_preset_that_the_driver_does_not_have),
        cmocka_unit_test(reads_named_buttons),
        cmocka_unit_test(names_what_a_button_has_wrong),
        cmocka_unit_test(tells_whether_the_devices_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
