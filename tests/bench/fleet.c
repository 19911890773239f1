// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "fleet"

#include "tests/bench/fleet.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "hw/device.h"

#define UP_WITHIN_MS  20000
#define LOOK_EVERY_MS 100
#define VISCA_PORT    52381
#define NOVASTAR_PORT 5200

struct fleet {
    struct loop *loop;
    struct hw_clock *clock;
    struct hw_udp_hub *hub;
    GPtrArray *devices;
    guint least_up; // since the fleet is steady
};

static void add(struct fleet *fleet, const struct hw_driver *driver, struct hw_link *take_link)
{
    g_autofree char *id = g_strdup_printf("device-%u", fleet->devices->len);
    const struct hw_device_config config = { .id = id,
        .driver = driver,
        .link = take_link,
        .clock = fleet->clock,
        .options = { .has_udp_header = true, .camera = 1 } };
    struct hw_device *device = hw_device_new(&config);
    g_ptr_array_add(fleet->devices, device);
    hw_device_start(device);
}

static int add_room(struct fleet *fleet, const char *network, int number)
{
    struct hw_link *link = NULL;
    g_autofree char *camera = g_strdup_printf("%s.0.%d", network, number);
    g_autofree char *wall = g_strdup_printf("%s.4.%d", network, number);
    int rc = hw_link_udp_new(fleet->hub, camera, VISCA_PORT, &link);
    if (rc < 0)
        return rc;
    add(fleet, &hw_visca, link);
    rc = hw_link_tcp_new(
            fleet->loop, wall, NOVASTAR_PORT, NULL, hw_novastar.user_timeout_ms, &link);
    if (rc == 0)
        add(fleet, &hw_novastar, link);
    return rc;
}

static guint count_up(const struct fleet *fleet)
{
    guint up = 0;
    for (guint i = 0; i < fleet->devices->len; i++) {
        struct hw_report report;
        hw_device_report(g_ptr_array_index(fleet->devices, i), &report);
        up += report.link == HW_LINK_UP;
    }
    return up;
}

static gboolean look(gpointer data)
{
    struct fleet *fleet = data;
    fleet->least_up = MIN(fleet->least_up, count_up(fleet));
    return G_SOURCE_CONTINUE;
}

static void run_until(struct fleet *fleet, int64_t until_us, bool ends_when_up)
{
    GSource *timer = loop_add_timer(fleet->loop, LOOK_EVERY_MS, look, fleet);
    while (g_get_monotonic_time() < until_us &&
            !(ends_when_up && count_up(fleet) == fleet->devices->len))
        g_main_context_iteration(loop_context(fleet->loop), TRUE);
    loop_clear_source(&timer);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void put(struct json_object *out, const char *name, double value)
{
    json_object_object_add(out, name, json_object_new_double(value));
}

static int measure(struct fleet *fleet, const struct fleet_config *config, struct json_object *out)
{
    const int64_t begun_us = g_get_monotonic_time();
    run_until(fleet, begun_us + UP_WITHIN_MS * 1000, true);
    if (count_up(fleet) < fleet->devices->len) {
        log_error("only %u of %u devices came up", count_up(fleet), fleet->devices->len);
        return -EIO;
    }
    const int64_t up_us = g_get_monotonic_time();
    const double before_s = cpu_s();
    puts("steady");
    fflush(stdout);
    fleet->least_up = fleet->devices->len;
    run_until(fleet, up_us + (int64_t)config->ms * 1000, false);
    put(out, "devices", fleet->devices->len);
    put(out, "up_ms", (double)(up_us - begun_us) / 1000);
    put(out, "seconds", (double)(g_get_monotonic_time() - up_us) / 1e6);
    put(out, "cpu_s", cpu_s() - before_s);
    put(out, "least_up", fleet->least_up);
    return 0;
}

int fleet_run(const struct fleet_config *config, struct json_object **out)
{
    struct loop *loop = loop_new_main();
    struct fleet fleet = { .loop = loop,
        .clock = hw_clock_loop_new(loop),
        .hub = hw_udp_hub_new(loop, config->local, 0),
        .devices = g_ptr_array_new_with_free_func((GDestroyNotify)hw_device_free) };
    int rc = 0;
    for (int number = 1; rc == 0 && number <= config->rooms; number++)
        rc = add_room(&fleet, config->network, number);
    *out = json_object_new_object();
    if (rc == 0)
        rc = measure(&fleet, config, *out);
    if (rc < 0)
        g_clear_pointer(out, json_object_put);
    g_ptr_array_unref(fleet.devices);
    hw_udp_hub_free(fleet.hub);
    hw_clock_loop_free(fleet.clock);
    loop_free(loop);
    return rc;
}
