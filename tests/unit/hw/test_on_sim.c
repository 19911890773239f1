// SPDX-License-Identifier: Apache-2.0
// The drivers against the posed devices, over loopback sockets and real time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/device.h"
#include "hw/sim/posed.h"
#include "hw/web/link_ws.h"
#include "tests/support/serial_line.h"

#include <cmocka.h>

#define DEADLINE_MS 20000

struct bench {
    struct loop *loop;
    struct hw_clock *clock;
    struct hw_udp_hub *hub;
    struct sim_device *camera;
    struct sim_device *wall;
    struct sim_device *codec;
};

static char *const no_presets[] = { NULL };

static unsigned long port_of(struct sim_device *sim, const char *key)
{
    g_autoptr(GString) json = g_string_new(NULL);
    sim->class->write_state(sim, json);
    const char *at = strstr(json->str, key);
    assert_non_null(at);
    return strtoul(at + strlen(key) + 2, NULL, 10);
}

static long number_of(struct sim_device *sim, const char *key)
{
    g_autoptr(GString) json = g_string_new(NULL);
    g_autofree char *quoted = g_strdup_printf("\"%s\":", key);
    sim->class->write_state(sim, json);
    const char *at = strstr(json->str, quoted);
    assert_non_null(at);
    return strtol(at + strlen(quoted), NULL, 10);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    char *fault = NULL;
    bench->loop = loop_new_main();
    bench->clock = hw_clock_loop_new(bench->loop);
    bench->hub = hw_udp_hub_new(bench->loop, "127.0.0.1", 0);
    struct sim_visca_config camera = {
        .name = "camera",
        .listen = "127.0.0.1:0",
        .tcp_listen = "127.0.0.1:0",
        .presets = no_presets,
        .move_ms = 200,
        .boot_ms = 300,
        .address = 9,
    };
    struct sim_novastar_config wall = {
        .name = "wall",
        .listen = "127.0.0.1:0",
        .ports = 2,
        .cards = 4,
        .model = 0x6106,
        .preset_ms = 300,
        .card_timeout_ms = 200,
        .boot_ms = 300,
    };
    assert_int_equal(sim_visca_open(bench->loop, &camera, &bench->camera, &fault), 0);
    assert_int_equal(sim_novastar_open(bench->loop, &wall, &bench->wall, &fault), 0);
    struct sim_roomos_config codec = {
        .name = "codec",
        .listen = "127.0.0.1:0",
        .user = "rong",
        .password = "bí-mật+/=",
        .platform = "Room Kit",
        .serial = "FOC1",
        .boot_ms = 300,
    };
    assert_int_equal(sim_roomos_open(bench->loop, &codec, &bench->codec, &fault), 0);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    bench->camera->class->free(bench->camera);
    bench->wall->class->free(bench->wall);
    bench->codec->class->free(bench->codec);
    hw_udp_hub_free(bench->hub);
    hw_clock_loop_free(bench->clock);
    loop_free(bench->loop);
    g_free(bench);
    return 0;
}

static struct hw_device *start(struct bench *bench, const char *id, const struct hw_driver *driver,
        struct hw_link *link, bool has_header)
{
    struct hw_device_config config = {
        .id = id,
        .driver = driver,
        .link = link,
        .clock = bench->clock,
        .options = { .has_udp_header = has_header, .camera = 1 },
    };
    struct hw_device *device = hw_device_new(&config);
    hw_device_start(device);
    return device;
}

static struct hw_device *start_udp_camera(struct bench *bench, bool has_header)
{
    struct hw_link *link;
    uint16_t port = (uint16_t)port_of(bench->camera, "udp_port");
    assert_int_equal(hw_link_udp_new(bench->hub, "127.0.0.1", port, &link), 0);
    return start(bench, "camera", &hw_visca, link, has_header);
}

static struct hw_device *start_tcp(
        struct bench *bench, struct sim_device *sim, const char *id, const struct hw_driver *driver)
{
    struct hw_link *link;
    uint16_t port = (uint16_t)port_of(sim, "tcp_port");
    assert_int_equal(hw_link_tcp_new(bench->loop, "127.0.0.1", port, NULL, 4000, &link), 0);
    return start(bench, id, driver, link, false);
}

static struct hw_device *start_codec(
        struct bench *bench, const char *password, const uint8_t *fingerprint)
{
    struct hw_link *link;
    struct link_ws_config config = {
        .address = "127.0.0.1",
        .port = (uint16_t)port_of(bench->codec, "tcp_port"),
        .path = "/ws",
        .user = "rong",
        .password = password,
        .fingerprint = fingerprint,
    };
    assert_int_equal(link_ws_new(bench->loop, &config, &link), 0);
    return start(bench, "codec", &hw_roomos, link, false);
}

static struct hw_device *start_known_codec(struct bench *bench)
{
    uint8_t fingerprint[LINK_WS_FINGERPRINT_BYTES];
    g_autoptr(GString) json = g_string_new(NULL);
    bench->codec->class->write_state(bench->codec, json);
    char *at = strstr(json->str, "fingerprint\":\"") + strlen("fingerprint\":\"");
    at[strcspn(at, "\"")] = '\0';
    assert_true(link_ws_parse_fingerprint(at, fingerprint));
    return start_codec(bench, "bí-mật+/=", fingerprint);
}

static struct hw_report report_of(struct hw_device *device)
{
    struct hw_report report;
    hw_device_report(device, &report);
    return report;
}

// Runs the loop until the condition holds; the deadline only guards against a hang.
static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

#define WAIT_FOR(bench, condition) \
    do { \
        int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000; \
        GSource *tick = loop_add_timer((bench)->loop, 5, wake, NULL); \
        while (!(condition) && g_get_monotonic_time() < until_us) \
            g_main_context_iteration(loop_context((bench)->loop), TRUE); \
        loop_clear_source(&tick); \
        assert_true(condition); \
    } while (0)

static bool is_reached(struct hw_device *device, enum hw_field field)
{
    return report_of(device).wishes[field].state == HW_WISH_REACHED;
}

static bool has_failed(struct hw_device *device, enum hw_field field, enum hw_result result)
{
    struct hw_report report = report_of(device);
    return report.wishes[field].state == HW_WISH_FAILED && report.wishes[field].result == result;
}

static bool is_up(struct hw_device *device)
{
    return report_of(device).link == HW_LINK_UP;
}

static void check_recalls_a_preset(struct bench *bench, struct hw_device *device)
{
    hw_device_desire(device, HW_PRESET, 2);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(number_of(bench->camera, "preset"), 2);
    assert_int_equal(number_of(bench->camera, "pan"), -600);
    assert_int_equal(report_of(device).actual[HW_PRESET].quality, HW_CONFIRMED);
    assert_int_equal(report_of(device).actual[HW_PRESET].value, 2);
    hw_device_free(device);
}

static void recalls_a_preset_over_a_serial_line(void **state)
{
    struct bench *bench = *state;
    struct serial_line line;
    serial_line_open(bench->loop, (uint16_t)port_of(bench->camera, "tcp_port"), &line);

    struct hw_link *link;
    assert_int_equal(hw_link_serial_new(bench->loop, line.path, 12345, &link), -EINVAL);
    assert_int_equal(hw_link_serial_new(bench->loop, line.path, 9600, &link), 0);
    struct hw_device *device = start(bench, "camera", &hw_visca, link, false);
    WAIT_FOR(bench, is_up(device));
    hw_device_desire(device, HW_PRESET, 2);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(number_of(bench->camera, "preset"), 2);

    // The adapter is pulled out.
    serial_line_close(&line);
    WAIT_FOR(bench, report_of(device).fault == HW_OFFLINE);
    hw_device_free(device);
}

static void follows_the_name_of_a_serial_line_to_another_port(void **state)
{
    struct bench *bench = *state;
    struct serial_line lines[2];
    g_autofree char *folder = g_dir_make_tmp("rong-line-XXXXXX", NULL);
    g_autofree char *name = g_build_filename(folder, "by-id", NULL);
    uint16_t port = (uint16_t)port_of(bench->camera, "tcp_port");
    serial_line_open(bench->loop, port, &lines[0]);
    serial_line_open(bench->loop, port, &lines[1]);
    assert_int_equal(symlink(lines[0].path, name), 0);

    struct hw_link *link;
    assert_int_equal(hw_link_serial_new(bench->loop, name, 9600, &link), 0);
    struct hw_device *device = start(bench, "camera", &hw_visca, link, false);
    WAIT_FOR(bench, is_up(device));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink(lines[1].path, name), 0);
    serial_line_close(&lines[0]);
    WAIT_FOR(bench, !is_up(device));
    WAIT_FOR(bench, is_up(device));
    assert_int_equal(report_of(device).counters.connects, 2);
    hw_device_free(device);
    serial_line_close(&lines[1]);
    unlink(name);
    rmdir(folder);
}

static void recalls_a_preset_over_udp_with_header(void **state)
{
    check_recalls_a_preset(*state, start_udp_camera(*state, true));
}

static void recalls_a_preset_over_bare_udp(void **state)
{
    check_recalls_a_preset(*state, start_udp_camera(*state, false));
}

static void recalls_a_preset_over_tcp(void **state)
{
    struct bench *bench = *state;
    check_recalls_a_preset(bench, start_tcp(bench, bench->camera, "camera", &hw_visca));
}

static void sets_a_camera_again_after_its_restart(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    hw_device_desire(device, HW_PRESET, 3);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_RESTART);
    WAIT_FOR(bench, number_of(bench->camera, "pan") == 0);
    WAIT_FOR(bench, number_of(bench->camera, "pan") == -300 && is_reached(device, HW_PRESET));
    hw_device_free(device);
}

static void notices_a_deaf_camera_and_its_return(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->camera, "camera", &hw_visca);
    WAIT_FOR(bench, is_up(device));
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_DEAF);
    WAIT_FOR(bench, report_of(device).fault == HW_TIMEOUT);
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_NONE);
    WAIT_FOR(bench, is_up(device));
    hw_device_free(device);
}

static void switches_a_camera_on_before_it_moves_it(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    hw_device_desire(device, HW_POWER, 0);
    WAIT_FOR(bench, is_reached(device, HW_POWER));
    hw_device_desire(device, HW_PRESET, 2);
    hw_device_desire(device, HW_POWER, 1);
    WAIT_FOR(bench, is_reached(device, HW_POWER) && is_reached(device, HW_PRESET));
    assert_int_equal(number_of(bench->camera, "preset"), 2);
    hw_device_free(device);
}

static void calls_a_lying_camera_unverified(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    hw_device_desire(device, HW_PRESET, 1);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    hw_device_desire(device, HW_PRESET, 5);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_LIE);
    hw_device_desire(device, HW_PRESET, 1);
    WAIT_FOR(bench, has_failed(device, HW_PRESET, HW_UNVERIFIED));
    assert_int_equal(report_of(device).fault, HW_UNVERIFIED);
    hw_device_free(device);
}

static void only_assumes_the_first_recall_of_a_camera_that_stood_still(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_LIE);
    hw_device_desire(device, HW_PRESET, 1);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(report_of(device).actual[HW_PRESET].quality, HW_ASSUMED);

    // It taught nothing: the preset is where an honest recall ends.
    bench->camera->class->set_fault(bench->camera, SIM_FAULT_NONE);
    hw_device_desire(device, HW_PRESET, 2);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(report_of(device).actual[HW_PRESET].quality, HW_CONFIRMED);
    hw_device_desire(device, HW_PRESET, 1);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(report_of(device).actual[HW_PRESET].quality, HW_CONFIRMED);
    hw_device_free(device);
}

static void sets_a_wall_and_reads_it_back(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->wall, "wall", &hw_novastar);
    hw_device_desire(device, HW_BRIGHTNESS, 80);
    hw_device_desire(device, HW_PRESET, 3);
    hw_device_desire(device, HW_PATTERN, HW_PATTERN_RED);
    WAIT_FOR(bench, is_reached(device, HW_BRIGHTNESS) && is_reached(device, HW_PRESET) &&
                            is_reached(device, HW_PATTERN));
    assert_int_equal(number_of(bench->wall, "brightness"), 80);
    assert_int_equal(number_of(bench->wall, "preset"), 3);
    assert_int_equal(number_of(bench->wall, "pattern"), 2);
    assert_int_equal(number_of(bench->wall, "bad_checksums"), 0);
    assert_string_equal(report_of(device).model, "VX4S 0661");
    hw_device_free(device);
}

static void sets_a_wall_again_after_its_restart(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->wall, "wall", &hw_novastar);
    hw_device_desire(device, HW_BRIGHTNESS, 80);
    WAIT_FOR(bench, is_reached(device, HW_BRIGHTNESS));
    bench->wall->class->set_fault(bench->wall, SIM_FAULT_RESTART);
    WAIT_FOR(bench, number_of(bench->wall, "brightness") == 50);
    WAIT_FOR(
            bench, number_of(bench->wall, "brightness") == 80 && is_reached(device, HW_BRIGHTNESS));
    hw_device_free(device);
}

static void calls_a_lying_wall_unverified(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->wall, "wall", &hw_novastar);
    WAIT_FOR(bench, is_up(device));
    bench->wall->class->set_fault(bench->wall, SIM_FAULT_LIE);
    hw_device_desire(device, HW_BRIGHTNESS, 10);
    WAIT_FOR(bench, has_failed(device, HW_BRIGHTNESS, HW_UNVERIFIED));
    hw_device_free(device);
}

static void names_another_program_that_holds_the_wall(void **state)
{
    struct bench *bench = *state;
    struct hw_device *first = start_tcp(bench, bench->wall, "first", &hw_novastar);
    WAIT_FOR(bench, is_up(first));
    struct hw_device *second = start_tcp(bench, bench->wall, "second", &hw_novastar);
    hw_device_desire(second, HW_BLANK, 1);
    WAIT_FOR(bench, report_of(second).fault == HW_LOCKED);
    assert_true(has_failed(second, HW_BLANK, HW_LOCKED));
    hw_device_free(first);
    WAIT_FOR(bench, is_reached(second, HW_BLANK));
    hw_device_free(second);
}

static void believes_no_reply_with_a_wrong_checksum(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->wall, "wall", &hw_novastar);
    WAIT_FOR(bench, is_up(device));
    bench->wall->class->set_fault(bench->wall, SIM_FAULT_CHECKSUM);
    WAIT_FOR(bench, !is_up(device));
    assert_true(report_of(device).counters.malformed > 0);
    hw_device_free(device);
}

// A wall with monitor cards, beside the bench's own.
static struct hw_device *start_monitored_wall(
        struct bench *bench, bool has_smoke, unsigned fan_rpm, struct sim_device **sim)
{
    struct sim_novastar_config wall = {
        .name = "monitored",
        .listen = "127.0.0.1:0",
        .ports = 1,
        .cards = 2,
        .model = 0x6106,
        .card_timeout_ms = 50,
        .has_monitor = true,
        .has_smoke = has_smoke,
        .is_door_open = true,
        .fan_rpm = fan_rpm,
    };
    char *fault = NULL;
    assert_int_equal(sim_novastar_open(bench->loop, &wall, sim, &fault), 0);
    struct hw_device *device = start_tcp(bench, *sim, "monitored", &hw_novastar);
    WAIT_FOR(bench, is_up(device));
    hw_device_submit(device, &(struct hw_command){ .verb = HW_READ, .field = HW_FAN }, NULL, NULL);
    WAIT_FOR(bench, report_of(device).actual[HW_FAN].quality == HW_CONFIRMED);
    return device;
}

static void tells_of_fans_voltages_and_doors(void **state)
{
    struct sim_device *sim;
    struct hw_device *device = start_monitored_wall(*state, false, 1500, &sim);
    assert_int_equal(report_of(device).actual[HW_CARDS].value, 2);
    assert_int_equal(report_of(device).actual[HW_FAN].value, 1500);
    assert_int_equal(report_of(device).actual[HW_VOLTAGE].value, 48);
    assert_int_equal(report_of(device).actual[HW_DOORS].value, 2);
    assert_int_equal(report_of(device).actual[HW_SMOKE].value, 0);
    assert_int_equal(report_of(device).fault, HW_OK);
    hw_device_free(device);
    sim->class->free(sim);
}

static void calls_smoke_and_a_fan_that_stands_a_fault(void **state)
{
    static const struct {
        bool has_smoke;
        unsigned fan_rpm;
    } sick[] = { { true, 1500 }, { false, 0 } };
    for (size_t i = 0; i < COUNT_OF(sick); i++) {
        struct sim_device *sim;
        struct hw_device *device =
                start_monitored_wall(*state, sick[i].has_smoke, sick[i].fan_rpm, &sim);
        assert_int_equal(report_of(device).fault, HW_DEVICE_FAULT);
        assert_int_equal(report_of(device).actual[HW_SMOKE].value, sick[i].has_smoke ? 2 : 0);
        hw_device_free(device);
        sim->class->free(sim);
    }
}

static void keeps_a_codec_as_it_shall_be(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_known_codec(bench);
    hw_device_desire(device, HW_VOLUME, 70);
    hw_device_desire(device, HW_MUTE, 1);
    hw_device_desire(device, HW_POWER, 0);
    WAIT_FOR(bench, is_reached(device, HW_VOLUME) && is_reached(device, HW_MUTE) &&
                            is_reached(device, HW_POWER));
    assert_int_equal(number_of(bench->codec, "volume"), 70);
    assert_string_equal(report_of(device).model, "Room Kit FOC1 ce11.1.0");

    bench->codec->class->set_fault(bench->codec, SIM_FAULT_RESTART);
    WAIT_FOR(bench, number_of(bench->codec, "volume") == 50);
    WAIT_FOR(bench, number_of(bench->codec, "volume") == 70 && is_reached(device, HW_VOLUME) &&
                            is_reached(device, HW_MUTE));
    hw_device_free(device);
}

static void calls_and_hangs_up(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_known_codec(bench);
    struct hw_command command;
    WAIT_FOR(bench, is_up(device));
    assert_true(hw_command_parse("dial hall@province.vn", &command));
    hw_device_submit(device, &command, NULL, NULL);
    // Nobody reads it: the codec tells.
    WAIT_FOR(bench, report_of(device).actual[HW_CALL].value == 1);
    assert_int_equal(number_of(bench->codec, "calls"), 1);
    hw_device_desire(device, HW_CALL, 0);
    WAIT_FOR(bench, is_reached(device, HW_CALL));
    assert_int_equal(number_of(bench->codec, "calls"), 0);
    hw_device_free(device);
}

static void moves_a_codecs_camera_and_stops_it(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_known_codec(bench);
    WAIT_FOR(bench, is_up(device));
    hw_device_submit(device, &(struct hw_command){ .verb = HW_DRIVE, .pan = -50 }, NULL, NULL);
    WAIT_FOR(bench, number_of(bench->codec, "pan") < 0);
    WAIT_FOR(bench, number_of(bench->codec, "stops") > 0); // nobody renewed it
    long stopped_at = number_of(bench->codec, "pan");
    hw_device_submit(device, &(struct hw_command){ .verb = HW_STORE, .value = 3 }, NULL, NULL);
    hw_device_submit(device, &(struct hw_command){ .verb = HW_HOME }, NULL, NULL);
    WAIT_FOR(bench, number_of(bench->codec, "pan") == 0);
    hw_device_desire(device, HW_PRESET, 3);
    WAIT_FOR(bench, is_reached(device, HW_PRESET));
    assert_int_equal(number_of(bench->codec, "pan"), stopped_at);
    hw_device_desire(device, HW_ZOOM, 4000);
    WAIT_FOR(bench, is_reached(device, HW_ZOOM));
    assert_int_equal(number_of(bench->codec, "zoom"), 4000);
    hw_device_free(device);
}

static void names_a_wrong_password(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_codec(bench, "wrong", NULL);
    WAIT_FOR(bench, report_of(device).fault == HW_REFUSED);
    assert_int_equal(number_of(bench->codec, "refused_clients"), 1);
    hw_device_free(device);
}

static void gives_no_password_to_a_stranger(void **state)
{
    struct bench *bench = *state;
    uint8_t other[LINK_WS_FINGERPRINT_BYTES] = { 1 };
    struct hw_device *device = start_codec(bench, "bí-mật+/=", other);
    WAIT_FOR(bench, report_of(device).fault == HW_UNTRUSTED);
    assert_int_equal(number_of(bench->codec, "clients"), 0);
    assert_int_equal(number_of(bench->codec, "refused_clients"), 0);
    hw_device_free(device);
}

// Also one whose program ends: the next one is not there yet.
static void stops_a_camera_before_it_leaves(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    WAIT_FOR(bench, number_of(bench->camera, "stops") > 0);
    long stops = number_of(bench->camera, "stops");
    hw_device_submit(device, &(struct hw_command){ .verb = HW_DRIVE, .pan = 50 }, NULL, NULL);
    WAIT_FOR(bench, number_of(bench->camera, "pan") > 0);
    hw_device_free(device);
    WAIT_FOR(bench, number_of(bench->camera, "stops") > stops);
}

static void stops_a_camera_that_nobody_drives_any_more(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_udp_camera(bench, true);
    WAIT_FOR(bench, number_of(bench->camera, "stops") > 0); // at the first meeting
    long stops = number_of(bench->camera, "stops");
    hw_device_submit(device, &(struct hw_command){ .verb = HW_DRIVE, .pan = 50 }, NULL, NULL);
    WAIT_FOR(bench, number_of(bench->camera, "pan") > 0);
    WAIT_FOR(bench, number_of(bench->camera, "stops") > stops);
    long stopped_at = number_of(bench->camera, "pan");
    WAIT_FOR(bench, report_of(device).actual[HW_PAN].value == stopped_at);
    assert_int_equal(number_of(bench->camera, "pan"), stopped_at);
    hw_device_free(device);
}

static void counts_the_cards_and_finds_the_hottest(void **state)
{
    struct bench *bench = *state;
    struct hw_device *device = start_tcp(bench, bench->wall, "wall", &hw_novastar);
    WAIT_FOR(bench, is_up(device));
    hw_device_submit(
            device, &(struct hw_command){ .verb = HW_READ, .field = HW_CARDS }, NULL, NULL);
    WAIT_FOR(bench, report_of(device).actual[HW_CARDS].quality == HW_CONFIRMED);
    assert_int_equal(report_of(device).actual[HW_CARDS].value, 8); // two outputs of four
    assert_int_equal(report_of(device).actual[HW_HOTTEST].value, 31);
    hw_device_free(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                follows_the_name_of_a_serial_line_to_another_port, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_of_fans_voltages_and_doors, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_smoke_and_a_fan_that_stands_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_a_codec_as_it_shall_be, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_and_hangs_up, setup, teardown),
        cmocka_unit_test_setup_teardown(moves_a_codecs_camera_and_stops_it, setup, teardown),
        cmocka_unit_test_setup_teardown(names_a_wrong_password, setup, teardown),
        cmocka_unit_test_setup_teardown(gives_no_password_to_a_stranger, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_the_cards_and_finds_the_hottest, setup, teardown),
        cmocka_unit_test_setup_teardown(recalls_a_preset_over_a_serial_line, setup, teardown),
        cmocka_unit_test_setup_teardown(recalls_a_preset_over_udp_with_header, setup, teardown),
        cmocka_unit_test_setup_teardown(recalls_a_preset_over_bare_udp, setup, teardown),
        cmocka_unit_test_setup_teardown(recalls_a_preset_over_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_a_camera_again_after_its_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(notices_a_deaf_camera_and_its_return, setup, teardown),
        cmocka_unit_test_setup_teardown(switches_a_camera_on_before_it_moves_it, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_a_lying_camera_unverified, setup, teardown),
        cmocka_unit_test_setup_teardown(
                only_assumes_the_first_recall_of_a_camera_that_stood_still, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_a_wall_and_reads_it_back, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_a_wall_again_after_its_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_a_lying_wall_unverified, setup, teardown),
        cmocka_unit_test_setup_teardown(names_another_program_that_holds_the_wall, setup, teardown),
        cmocka_unit_test_setup_teardown(believes_no_reply_with_a_wrong_checksum, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_a_camera_before_it_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(
                stops_a_camera_that_nobody_drives_any_more, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
