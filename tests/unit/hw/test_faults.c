// SPDX-License-Identifier: Apache-2.0
// What becomes of each driver when its device fails in each of the ways that the posed ones know: a
// named fault within the declared time, and all as it shall be again once the device is well. All
// pairs run at once, over loopback sockets, a pseudo-terminal and real time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "hw/device.h"
#include "hw/sim/posed.h"
#include "hw/web/link_ws.h"
#include "tests/support/serial_line.h"

#include <cmocka.h>

// Beside what is declared: machines that run the tests do other things too.
#define GRACE_MS    10000
#define RETURN_MS   20000
#define PASSWORD    "gốc-đa-làng-Kon+/="
#define SETTLING_MS 20000

enum kind { CAMERA, WALL, CODEC };
enum carrier { UDP, UDP_BARE, TCP, SERIAL, WEB_SOCKET };

static const struct way {
    const char *name;
    enum kind kind;
    enum carrier carrier;
    const struct hw_driver *driver;
    unsigned notices_ms; // a device that says nothing any more
    enum hw_field field;
    int64_t first;
    int64_t second;
} ways[] = {
    { "VISCA over UDP", CAMERA, UDP, &hw_visca, 6000, HW_POWER, 1, 0 },
    { "VISCA over bare UDP", CAMERA, UDP_BARE, &hw_visca, 6000, HW_POWER, 1, 0 },
    { "VISCA over TCP", CAMERA, TCP, &hw_visca, 6000, HW_POWER, 1, 0 },
    { "VISCA over a serial line", CAMERA, SERIAL, &hw_visca, 6000, HW_POWER, 1, 0 },
    { "NovaStar", WALL, TCP, &hw_novastar, 10000, HW_BRIGHTNESS, 100, 40 },
    { "RoomOS", CODEC, WEB_SOCKET, &hw_roomos, 6000, HW_VOLUME, 60, 20 },
};

// What a fault has to become. A device that refuses is named by how it refuses.
enum outcome {
    IS_NAMED,   // the device has this fault
    IS_LOST,    // the device has some fault: its link says which
    WISH_FAILS, // what is desired has this fault
    IS_BORNE,   // nothing at all: what is desired comes to be
    ENDS,       // either of them
};

static const struct fault {
    enum sim_fault fault;
    enum outcome outcome;
    enum hw_result result[3]; // by kind
} faults[] = {
    { SIM_FAULT_DEAF, IS_NAMED, { HW_TIMEOUT, HW_TIMEOUT, HW_TIMEOUT } },
    { SIM_FAULT_CHECKSUM, IS_NAMED, { HW_TIMEOUT, HW_TIMEOUT, HW_TIMEOUT } },
    { SIM_FAULT_SLOW, ENDS, { HW_OK, HW_OK, HW_OK } },
    { SIM_FAULT_REFUSE, WISH_FAILS, { HW_NOT_NOW, HW_UNSUPPORTED, HW_NOT_NOW } },
    { SIM_FAULT_BUSY, WISH_FAILS, { HW_BUSY, HW_DEVICE_FAULT, HW_NOT_NOW } },
    { SIM_FAULT_LIE, WISH_FAILS, { HW_UNVERIFIED, HW_UNVERIFIED, HW_UNVERIFIED } },
    { SIM_FAULT_RESTART, IS_BORNE, { HW_OK, HW_OK, HW_OK } },
    { SIM_FAULT_HALF_OPEN, IS_BORNE, { HW_OK, HW_OK, HW_OK } },
    { SIM_FAULT_OFF, IS_LOST, { HW_OK, HW_OK, HW_OK } },
    { SIM_FAULT_LOCK, IS_LOST, { HW_OK, HW_OK, HW_OK } },
};

enum phase { SETTLING, FAILING, RECOVERING, DONE };

struct trial {
    const struct way *way;
    const struct fault *fault;
    struct sim_device *sim;
    struct hw_device *device;
    struct serial_line line;
    enum phase phase;
    int64_t since_ms;
    uint64_t connects; // when the fault began
};

struct bench {
    struct loop *loop;
    struct hw_clock *clock;
    struct hw_udp_hub *hub;
    struct trial trials[COUNT_OF(ways) * COUNT_OF(faults)];
    size_t count;
};

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static bool is_datagram(const struct way *way)
{
    return way->carrier == UDP || way->carrier == UDP_BARE;
}

// What concerns connections is not to be had without them.
static bool applies(const struct way *way, const struct fault *fault)
{
    bool is_of_power = fault->fault == SIM_FAULT_OFF || fault->fault == SIM_FAULT_RESTART;
    bool is_of_connections = fault->fault == SIM_FAULT_LOCK || fault->fault == SIM_FAULT_HALF_OPEN;
    if (way->carrier == SERIAL) // its adapter here is a connection, which a real one is not
        return !is_of_connections && !is_of_power;
    return fault->fault != SIM_FAULT_LOCK || !is_datagram(way);
}

// --- the bench ---------------------------------------------------------------------------------

static uint16_t port_of(struct sim_device *sim, const char *key)
{
    g_autoptr(GString) json = g_string_new(NULL);
    sim->class->write_state(sim, json);
    const char *at = strstr(json->str, key);
    assert_non_null(at);
    return (uint16_t)strtoul(at + strlen(key) + 2, NULL, 10);
}

static struct sim_device *open_sim(struct loop *loop, enum kind kind)
{
    static char *const no_presets[] = { NULL };
    const struct sim_visca_config camera = {
        .name = "camera",
        .listen = "127.0.0.1:0",
        .tcp_listen = "127.0.0.1:0",
        .presets = no_presets,
        .move_ms = 100,
        .boot_ms = 300,
        .address = 9,
    };
    const struct sim_novastar_config wall = {
        .name = "wall",
        .listen = "127.0.0.1:0",
        .ports = 1,
        .cards = 2,
        .model = 0x6106,
        .boot_ms = 300,
    };
    const struct sim_roomos_config codec = {
        .name = "codec",
        .listen = "127.0.0.1:0",
        .user = "rong",
        .password = PASSWORD,
        .platform = "Room Kit",
        .serial = "FOC1",
        .boot_ms = 300,
    };
    struct sim_device *sim = NULL;
    char *fault = NULL;
    int rc = kind == CAMERA ? sim_visca_open(loop, &camera, &sim, &fault)
             : kind == WALL ? sim_novastar_open(loop, &wall, &sim, &fault)
                            : sim_roomos_open(loop, &codec, &sim, &fault);
    assert_int_equal(rc, 0);
    return sim;
}

static struct hw_link *open_link(struct bench *bench, struct trial *trial)
{
    struct hw_link *link = NULL;
    uint16_t tcp_port = port_of(trial->sim, "tcp_port");
    const struct link_ws_config codec = {
        .address = "127.0.0.1",
        .port = tcp_port,
        .path = "/ws",
        .user = "rong",
        .password = PASSWORD,
    };
    int rc = 0;
    switch (trial->way->carrier) {
    case UDP:
    case UDP_BARE:
        rc = hw_link_udp_new(bench->hub, "127.0.0.1", port_of(trial->sim, "udp_port"), &link);
        break;
    case TCP:
        rc = hw_link_tcp_new(bench->loop, "127.0.0.1", tcp_port, NULL, 4000, &link);
        break;
    case SERIAL:
        serial_line_open(bench->loop, tcp_port, &trial->line);
        rc = hw_link_serial_new(bench->loop, trial->line.path, 115200, &link);
        break;
    case WEB_SOCKET:
        rc = link_ws_new(bench->loop, &codec, &link);
        break;
    }
    assert_int_equal(rc, 0);
    return link;
}

static void open_trial(struct bench *bench, const struct way *way, const struct fault *fault)
{
    struct trial *trial = &bench->trials[bench->count++];
    *trial = (struct trial){ .way = way, .fault = fault, .since_ms = now_ms() };
    trial->line.master = trial->line.device = -1;
    trial->sim = open_sim(bench->loop, way->kind);
    g_autofree char *id = g_strdup_printf("%s-%s", way->name, sim_fault_name(fault->fault));
    struct hw_device_config config = {
        .id = id,
        .driver = way->driver,
        .link = open_link(bench, trial),
        .clock = bench->clock,
        .options = { .has_udp_header = way->carrier == UDP, .camera = 1 },
    };
    trial->device = hw_device_new(&config);
    hw_device_start(trial->device);
    hw_device_desire(trial->device, way->field, way->first);
}

static void close_trial(struct trial *trial)
{
    hw_device_free(trial->device);
    trial->sim->class->free(trial->sim);
    serial_line_close(&trial->line);
}

// --- a trial -----------------------------------------------------------------------------------

static bool is_reached(const struct trial *trial, int64_t value)
{
    struct hw_report report;
    hw_device_report(trial->device, &report);
    const struct hw_wish *wish = &report.wishes[trial->way->field];
    const struct hw_value *actual = &report.actual[trial->way->field];
    return report.link == HW_LINK_UP && report.fault == HW_OK && wish->state == HW_WISH_REACHED &&
           wish->value == value && actual->quality == HW_CONFIRMED && actual->value == value;
}

static bool has_happened(const struct trial *trial)
{
    struct hw_report report;
    hw_device_report(trial->device, &report);
    const struct hw_wish *wish = &report.wishes[trial->way->field];
    enum hw_result result = trial->fault->result[trial->way->kind];
    // Behind UDP, who was away for less than a poll was never away.
    bool is_new = report.counters.connects > trial->connects;
    switch (trial->fault->outcome) {
    case IS_NAMED:
        return report.fault == result &&
               (trial->fault->fault != SIM_FAULT_CHECKSUM || report.counters.malformed > 0);
    case IS_LOST:
        return report.fault != HW_OK;
    case WISH_FAILS:
        return wish->state == HW_WISH_FAILED && wish->result == result;
    case ENDS:
        return report.fault != HW_OK || wish->state == HW_WISH_FAILED ||
               is_reached(trial, trial->way->second);
    case IS_BORNE:
        return is_reached(trial, trial->way->second) && (is_new || is_datagram(trial->way));
    }
    return false;
}

static unsigned patience_ms(const struct trial *trial)
{
    switch (trial->phase) {
    case SETTLING:
        return SETTLING_MS;
    case FAILING: // a wish is tried again before it fails, and a device has to come back to be
                  // borne
        return trial->way->notices_ms + GRACE_MS +
               (trial->fault->outcome == IS_NAMED || trial->fault->outcome == IS_LOST ? 0 : 10000);
    default:
        return RETURN_MS;
    }
}

static void begin(struct trial *trial, enum phase phase)
{
    trial->phase = phase;
    trial->since_ms = now_ms();
}

static void begin_failing(struct trial *trial)
{
    struct hw_report report;
    hw_device_report(trial->device, &report);
    trial->connects = report.counters.connects;
    begin(trial, FAILING);
    trial->sim->class->set_fault(trial->sim, trial->fault->fault);
    hw_device_desire(trial->device, trial->way->field, trial->way->second);
}

static void begin_recovering(struct trial *trial)
{
    begin(trial, RECOVERING);
    trial->sim->class->set_fault(trial->sim, SIM_FAULT_NONE);
    hw_device_desire(trial->device, trial->way->field, trial->way->second);
}

// One line for each that takes too long: the test's own words go where the log goes meanwhile.
static void step(struct trial *trial, GString *failures)
{
    bool is_over = now_ms() - trial->since_ms > patience_ms(trial);
    if (trial->phase == SETTLING && is_reached(trial, trial->way->first)) {
        begin_failing(trial);
    } else if (trial->phase == FAILING && has_happened(trial)) {
        begin_recovering(trial);
    } else if (trial->phase == RECOVERING && is_reached(trial, trial->way->second)) {
        begin(trial, DONE);
    } else if (trial->phase != DONE && is_over) {
        static const char *const phases[] = { "settle", "fail", "recover" };
        struct hw_report report;
        hw_device_report(trial->device, &report);
        g_string_append_printf(failures, "%s did not %s: link %d, fault %s, wish %d %s\n",
                report.id, phases[trial->phase], report.link, hw_result_name(report.fault),
                report.wishes[trial->way->field].state,
                hw_result_name(report.wishes[trial->way->field].result));
        begin(trial, DONE);
    }
}

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

// --- the log -----------------------------------------------------------------------------------

// Everything that is said meanwhile, at its most talkative.
static int capture_log(char **path)
{
    int file = g_file_open_tmp("rong-log-XXXXXX", path, NULL);
    int kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    close(file);
    assert_true(log_set_level("debug"));
    return kept;
}

static void end_capture(int kept, const char *path, char **text)
{
    fflush(stderr);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    assert_true(g_file_get_contents(path, text, NULL, NULL));
    assert_int_equal(unlink(path), 0);
}

static void assert_no_secret(const char *log)
{
    g_autofree char *plain = g_strdup_printf("rong:%s", PASSWORD);
    g_autofree char *encoded = g_base64_encode((const guchar *)plain, strlen(plain));
    assert_non_null(strstr(log, "device up device=RoomOS"));
    assert_null(strstr(log, PASSWORD));
    assert_null(strstr(log, encoded));
    encoded[strlen(encoded) - 4] = '\0'; // without its filling, and the same with "-_"
    assert_null(strstr(log, encoded));
}

static void names_each_fault_of_each_device_and_recovers(void **state)
{
    (void)state;
    struct bench *bench = g_new0(struct bench, 1);
    char *path = NULL;
    int kept = capture_log(&path);
    bench->loop = loop_new_main();
    bench->clock = hw_clock_loop_new(bench->loop);
    bench->hub = hw_udp_hub_new(bench->loop, "127.0.0.1", 0);
    for (size_t way = 0; way < COUNT_OF(ways); way++)
        for (size_t fault = 0; fault < COUNT_OF(faults); fault++)
            if (applies(&ways[way], &faults[fault]))
                open_trial(bench, &ways[way], &faults[fault]);

    g_autoptr(GString) failures = g_string_new(NULL);
    GSource *tick = loop_add_timer(bench->loop, 5, wake, NULL);
    size_t done = 0;
    while (done < bench->count) {
        g_main_context_iteration(loop_context(bench->loop), TRUE);
        done = 0;
        for (size_t i = 0; i < bench->count; i++) {
            step(&bench->trials[i], failures);
            done += bench->trials[i].phase == DONE;
        }
    }
    loop_clear_source(&tick);
    for (size_t i = 0; i < bench->count; i++)
        close_trial(&bench->trials[i]);
    hw_udp_hub_free(bench->hub);
    hw_clock_loop_free(bench->clock);
    loop_free(bench->loop);
    g_free(bench);

    g_autofree char *log = NULL;
    end_capture(kept, path, &log);
    g_free(path);
    assert_string_equal(failures->str, "");
    assert_no_secret(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_each_fault_of_each_device_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
