// SPDX-License-Identifier: Apache-2.0
// rong-sim: poses as the devices of its settings file, over their real protocols.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "hw/sim/posed.h"

#define LOG_TOPIC "sim"

static const char *const client_policies[] = { "refuse", "kick", NULL };

static const struct config_setting settings[] = {
    { "sim", "control", CONFIG_STRING, "127.0.0.1:0", 0, 64, NULL,
            "Loopback address:port of the line protocol for tests: list, state NAME, fault NAME "
            "KIND" },
    { "visca *", "listen", CONFIG_STRING, "127.0.0.1:52381", 0, 64, NULL,
            "UDP address:port of a posed camera; empty for none" },
    { "visca *", "tcp_listen", CONFIG_STRING, "", 0, 64, NULL, "TCP address:port; empty for none" },
    { "visca *", "presets", CONFIG_LIST, "", 0, 4096, NULL,
            "Presets that are stored already, NUMBER:PAN:TILT:ZOOM, on top of 1 to 8" },
    { "visca *", "move_ms", CONFIG_INTEGER, "800", 0, 60000, NULL, "How long a move takes" },
    { "visca *", "boot_ms", CONFIG_INTEGER, "1500", 0, 60000, NULL,
            "How long it is away when it restarts" },
    { "visca *", "reply_address", CONFIG_INTEGER, "9", 8, 15, NULL,
            "First half of its replies: 9 for 90, 10 for A0 as some cameras say" },
    { "novastar *", "listen", CONFIG_STRING, "127.0.0.1:5200", 0, 64, NULL,
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
    DAEMON_SETTING_LOG_LEVEL,
    { NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL },
};

static const struct daemon_info info = {
    .name = "rong-sim",
    .summary = "poses as cameras and LED walls, over their real protocols, with faults on demand",
    .default_config = "/etc/rong/sim.conf",
    .settings = settings,
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
    };
    return sim_novastar_open(loop, &wall, out, fault);
}

static int open_devices(struct loop *loop, const struct config *config, GPtrArray *devices)
{
    static const struct {
        const char *sections;
        int (*open)(struct loop *loop, const struct config *config, const char *section,
                struct sim_device **out, char **fault);
    } kinds[] = { { "visca *", open_camera }, { "novastar *", open_wall } };

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

static void device_free(void *data)
{
    struct sim_device *device = data;
    device->class->free(device);
}

int main(int argc, char **argv)
{
    int exit_code = EXIT_SUCCESS;
    struct config *config = daemon_start(&info, argc, argv, &exit_code);
    if (!config)
        return exit_code;

    struct loop *loop = loop_new_main();
    GPtrArray *devices = g_ptr_array_new_with_free_func(device_free);
    struct sim_control *control = NULL;
    int rc = open_devices(loop, config, devices);
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
