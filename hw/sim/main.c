// SPDX-License-Identifier: Apache-2.0
// rong-sim: poses as the devices of its settings file, over their real protocols. `rong-sim fleet`
// poses as the devices of many rooms besides.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/address_text.h"
#include "common/base/check.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "hw/sim/posed.h"

#define LOG_TOPIC "sim"

static const char *const client_policies[] = { "refuse", "kick", NULL };

static const struct config_setting settings[] = {
    { "sim", "control", CONFIG_LISTEN, "127.0.0.1:0", 0, 64, NULL,
            "Loopback address:port of the line protocol for tests: list, state NAME, fault NAME "
            "KIND" },
    { "visca *", "listen", CONFIG_STRING, "127.0.0.1:52381", 0, 64, NULL,
            "UDP address:port of a posed camera; empty for none" },
    { "visca *", "tcp_listen", CONFIG_LISTEN, "", 0, 64, NULL, "TCP address:port; empty for none" },
    { "visca *", "presets", CONFIG_LIST, "", 0, 4096, NULL,
            "Presets that are stored already, NUMBER:PAN:TILT:ZOOM, on top of 1 to 8" },
    { "visca *", "move_ms", CONFIG_INTEGER, "800", 0, 60000, NULL, "How long a move takes" },
    { "visca *", "boot_ms", CONFIG_INTEGER, "1500", 0, 60000, NULL,
            "How long it is away when it restarts" },
    { "visca *", "reply_address", CONFIG_INTEGER, "9", 8, 15, NULL,
            "First half of its replies: 9 for 90, 10 for A0 as some cameras say" },
    { "novastar *", "listen", CONFIG_LISTEN, "127.0.0.1:5200", 0, 64, NULL,
            "TCP address:port of a posed LED controller" },
    { "novastar *", "ports", CONFIG_INTEGER, "2", 1, 4, NULL, "Its outputs" },
    { "novastar *", "cards", CONFIG_INTEGER, "8", 1, 1024, NULL, "Receiving cards on each output" },
    { "novastar *", "model", CONFIG_INTEGER, "24838", 0, 65535, NULL,
            "Model number; 24838 is a VX4S" },
    { "novastar *", "clients", CONFIG_CHOICE, "refuse", 0, 0, client_policies,
            "What happens to a second client: it is refused, or it kicks the first" },
    { "novastar *", "preset_ms", CONFIG_INTEGER, "600", 0, 60000, NULL,
            "How long a preset takes to load" },
    { "novastar *", "card_timeout_ms", CONFIG_INTEGER, "500", 0, 60000, NULL,
            "When an absent card is given up" },
    { "novastar *", "idle_ms", CONFIG_INTEGER, "0", 0, 3600000, NULL,
            "A client that is silent this long is cut; 0: never" },
    { "novastar *", "boot_ms", CONFIG_INTEGER, "1500", 0, 60000, NULL,
            "How long it is away when it restarts" },
    { "novastar *", "monitor", CONFIG_BOOLEAN, "false", 0, 0, NULL,
            "Its cards have monitor cards, which know of fans, smoke and doors" },
    { "novastar *", "smoke", CONFIG_BOOLEAN, "false", 0, 0, NULL, "They smell smoke" },
    { "novastar *", "door_open", CONFIG_BOOLEAN, "false", 0, 0, NULL, "Their cabinets stand open" },
    { "novastar *", "fan_rpm", CONFIG_INTEGER, "1500", 0, 6350, NULL, "Their slower fan's speed" },
    { "roomos *", "listen", CONFIG_LISTEN, "127.0.0.1:443", 0, 64, NULL,
            "TCP address:port of a posed room codec: xAPI over a WebSocket, with TLS" },
    { "roomos *", "user", CONFIG_STRING, "admin", 1, 64, NULL, "Who may log in" },
    { "roomos *", "password", CONFIG_STRING, "simulated", 0, 64, NULL, "And with what" },
    { "roomos *", "platform", CONFIG_STRING, "Room Kit", 1, 31, NULL, "What it says it is" },
    { "roomos *", "serial", CONFIG_STRING, "FOC0000SIM0", 1, 23, NULL, "Its serial number" },
    { "roomos *", "boot_ms", CONFIG_INTEGER, "1500", 0, 60000, NULL,
            "How long it is away when it restarts" },
    { "fleet", "rooms", CONFIG_INTEGER, "240", 1, 1000, NULL,
            "rong-sim fleet: rooms, each with a camera and an LED wall" },
    { "fleet", "network", CONFIG_STRING, "127.16", 0, 8, NULL,
            "First half of their addresses: room 1 has camera 127.16.0.1 and wall 127.16.4.1, and "
            "so on, 250 to a block" },
    { "fleet", "visca_port", CONFIG_INTEGER, "52381", 0, 65535, NULL,
            "UDP port of each camera; 0: chosen by the kernel" },
    { "fleet", "novastar_port", CONFIG_INTEGER, "5200", 0, 65535, NULL,
            "TCP port of each wall; 0: chosen by the kernel" },
    DAEMON_SETTING_LOG_LEVEL,
    { NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL },
};

static char *check_camera(const struct config *config, const char *section)
{
    const char *listen = config_string(config, section, "listen");
    g_autofree char *host = NULL;
    uint16_t port = 0;
    if (listen[0] && address_text_split(listen, &host, &port) < 0)
        return config_fault(config, section, "listen",
                "expected nothing, or ADDRESS:PORT with a numeric address");
    for (char *const *preset = config_list(config, section, "presets"); *preset; preset++) {
        if (!sim_visca_is_preset(*preset))
            return config_fault(config, section, "presets",
                    "expected NUMBER:PAN:TILT:ZOOM that the camera can reach; '%s' is not",
                    *preset);
    }
    return NULL;
}

// Faults that the table can not express.
static char *check_settings(const struct config *config)
{
    g_autofree char *host = NULL;
    uint16_t port = 0;
    if (address_text_split(config_string(config, "sim", "control"), &host, &port) < 0 ||
            !address_text_is_loopback(host))
        return config_fault(config, "sim", "control",
                "expected a loopback address: the control port has no login");
    const char *network = config_string(config, "fleet", "network");
    g_autofree char *first = g_strdup_printf("%s.0.1", network);
    if (strchr(network, ':') || !address_text_is_numeric(first))
        return config_fault(
                config, "fleet", "network", "expected half an IPv4 address, such as 127.16");
    char *fault = NULL;
    for (char *const *section = config_sections(config, "visca *"); *section && !fault; section++)
        fault = check_camera(config, *section);
    return fault;
}

static const struct daemon_command commands[] = {
    { "fleet", "Poses as the devices of [fleet] rooms besides" },
    { NULL, NULL },
};

static const struct daemon_info info = {
    .name = "rong-sim",
    .summary = "poses as cameras, LED walls and room codecs, over their real protocols, with "
               "faults on demand",
    .default_config = "/etc/rong/sim.conf",
    .settings = settings,
    .commands = commands,
    .check = check_settings,
};

static unsigned integer(const struct config *config, const char *section, const char *key)
{
    return (unsigned)config_integer(config, section, key);
}

static int open_camera(struct loop *loop, const struct config *config, const char *section,
        struct sim_device **out, char **fault)
{
    struct sim_visca_config camera = {
        .name = strchr(section, ' ') + 1,
        .listen = config_string(config, section, "listen"),
        .tcp_listen = config_string(config, section, "tcp_listen"),
        .presets = config_list(config, section, "presets"),
        .move_ms = integer(config, section, "move_ms"),
        .boot_ms = integer(config, section, "boot_ms"),
        .address = integer(config, section, "reply_address"),
    };
    return sim_visca_open(loop, &camera, out, fault);
}

static int open_wall(struct loop *loop, const struct config *config, const char *section,
        struct sim_device **out, char **fault)
{
    struct sim_novastar_config wall = {
        .name = strchr(section, ' ') + 1,
        .listen = config_string(config, section, "listen"),
        .ports = integer(config, section, "ports"),
        .cards = integer(config, section, "cards"),
        .model = (uint16_t)integer(config, section, "model"),
        .kicks_old = strcmp(config_string(config, section, "clients"), "kick") == 0,
        .preset_ms = integer(config, section, "preset_ms"),
        .card_timeout_ms = integer(config, section, "card_timeout_ms"),
        .idle_ms = integer(config, section, "idle_ms"),
        .boot_ms = integer(config, section, "boot_ms"),
        .has_monitor = config_boolean(config, section, "monitor"),
        .has_smoke = config_boolean(config, section, "smoke"),
        .is_door_open = config_boolean(config, section, "door_open"),
        .fan_rpm = integer(config, section, "fan_rpm"),
    };
    return sim_novastar_open(loop, &wall, out, fault);
}

static int open_codec(struct loop *loop, const struct config *config, const char *section,
        struct sim_device **out, char **fault)
{
    struct sim_roomos_config codec = {
        .name = strchr(section, ' ') + 1,
        .listen = config_string(config, section, "listen"),
        .user = config_string(config, section, "user"),
        .password = config_string(config, section, "password"),
        .platform = config_string(config, section, "platform"),
        .serial = config_string(config, section, "serial"),
        .boot_ms = integer(config, section, "boot_ms"),
    };
    return sim_roomos_open(loop, &codec, out, fault);
}

static int open_devices(struct loop *loop, const struct config *config, GPtrArray *devices)
{
    static const struct {
        const char *sections;
        int (*open)(struct loop *loop, const struct config *config, const char *section,
                struct sim_device **out, char **fault);
    } kinds[] = { { "visca *", open_camera }, { "novastar *", open_wall },
        { "roomos *", open_codec } };

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        char *const *section = config_sections(config, kinds[i].sections);
        for (; *section; section++) {
            struct sim_device *device;
            g_autofree char *fault = NULL;
            int rc = kinds[i].open(loop, config, *section, &device, &fault);
            if (rc < 0) {
                fprintf(stderr, "rong-sim: %s: %s\n", config_path(config), fault);
                return rc;
            }
            g_ptr_array_add(devices, device);
        }
    }
    return 0;
}

// --- fleet -------------------------------------------------------------------------------------

enum { FLEET_BLOCK = 250, FLEET_WALLS = 4 }; // the third number of the first wall's address

// Several files a device are more than a program may have open by default.
static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("may not open more files error=\"%s\"", g_strerror(errno));
}

static int open_room(struct loop *loop, const struct config *config, unsigned number,
        GPtrArray *devices, char **fault)
{
    const char *network = config_string(config, "fleet", "network");
    unsigned block = (number - 1) / FLEET_BLOCK;
    unsigned host = (number - 1) % FLEET_BLOCK + 1;
    char *const no_presets[] = { NULL };
    struct sim_device *device;

    g_autofree char *camera_name = g_strdup_printf("room-%03u-camera", number);
    g_autofree char *camera_listen = g_strdup_printf(
            "%s.%u.%u:%u", network, block, host, integer(config, "fleet", "visca_port"));
    struct sim_visca_config camera = {
        .name = camera_name,
        .listen = camera_listen,
        .tcp_listen = "",
        .presets = no_presets,
        .move_ms = 800,
        .boot_ms = 1500,
        .address = 9,
    };
    int rc = sim_visca_open(loop, &camera, &device, fault);
    if (rc < 0)
        return rc;
    g_ptr_array_add(devices, device);

    g_autofree char *wall_name = g_strdup_printf("room-%03u-wall", number);
    g_autofree char *wall_listen = g_strdup_printf("%s.%u.%u:%u", network, FLEET_WALLS + block,
            host, integer(config, "fleet", "novastar_port"));
    struct sim_novastar_config wall = {
        .name = wall_name,
        .listen = wall_listen,
        .ports = 2,
        .cards = 8,
        .model = 0x6106,
        .preset_ms = 600,
        .card_timeout_ms = 500,
        .boot_ms = 1500,
    };
    rc = sim_novastar_open(loop, &wall, &device, fault);
    if (rc == 0)
        g_ptr_array_add(devices, device);
    return rc;
}

static int open_fleet(struct loop *loop, const struct config *config, GPtrArray *devices)
{
    unsigned rooms = integer(config, "fleet", "rooms");
    allow_many_files();
    for (unsigned number = 1; number <= rooms; number++) {
        g_autofree char *fault = NULL;
        int rc = open_room(loop, config, number, devices, &fault);
        if (rc < 0) {
            fprintf(stderr, "rong-sim: %s: %s\n", config_path(config), fault);
            return rc;
        }
    }
    log_info("fleet rooms=%u devices=%u", rooms, devices->len);
    return 0;
}

static void device_free(void *data)
{
    struct sim_device *device = data;
    device->class->free(device);
}

int main(int argc, char **argv)
{
    int exit_code = EXIT_SUCCESS;
    bool is_fleet = argc > 1 && strcmp(argv[1], "fleet") == 0;
    if (is_fleet) { // the word goes; the program's name takes its place
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    struct config *config = daemon_start(&info, argc, argv, &exit_code);
    if (!config)
        return exit_code;

    struct loop *loop = loop_new_main();
    GPtrArray *devices = g_ptr_array_new_with_free_func(device_free);
    struct sim_control *control = NULL;
    int rc = open_devices(loop, config, devices);
    if (rc == 0 && is_fleet)
        rc = open_fleet(loop, config, devices);
    if (rc == 0) {
        rc = sim_control_open(loop, config_string(config, "sim", "control"), devices, &control);
        if (rc < 0)
            fprintf(stderr, "rong-sim: %s: control can not listen on %s: %s\n", config_path(config),
                    config_string(config, "sim", "control"), g_strerror(-rc));
    }
    if (rc == 0) {
        daemon_ready(loop);
        loop_run(loop);
    }
    sim_control_close(control);
    g_ptr_array_unref(devices);
    loop_free(loop);
    config_free(config);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
