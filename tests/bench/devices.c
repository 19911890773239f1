// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "devices"

#include "tests/bench/devices.h"

#include <errno.h>
#include <json-c/json.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "hw/address.h"
#include "hw/device.h"

#define UP_WITHIN_MS   5000
#define DONE_WITHIN_MS 2000
#define LOOK_EVERY_MS  50

struct asking {
    struct loop *loop;
    struct hw_device *device;
    const struct hw_command *commands; // asked in turn
    size_t command_count;
    bool is_done;
    enum hw_result result;
};

static gboolean look_again(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

static bool is_up(const struct asking *asking)
{
    struct hw_report report;
    hw_device_report(asking->device, &report);
    return report.link == HW_LINK_UP;
}

static bool is_done(const struct asking *asking)
{
    return asking->is_done;
}

static bool wait_for(
        const struct asking *asking, bool (*condition)(const struct asking *asking), int within_ms)
{
    const int64_t until_us = g_get_monotonic_time() + (int64_t)within_ms * 1000;
    GSource *timer = loop_add_timer(asking->loop, LOOK_EVERY_MS, look_again, NULL);
    while (!condition(asking) && g_get_monotonic_time() < until_us)
        g_main_context_iteration(loop_context(asking->loop), TRUE);
    loop_clear_source(&timer);
    return condition(asking);
}

static void take_result(void *context, enum hw_result result)
{
    struct asking *asking = context;
    asking->is_done = true;
    asking->result = result;
}

static int ask(struct asking *asking, int count, struct json_object *times)
{
    if (!wait_for(asking, is_up, UP_WITHIN_MS)) {
        log_error("the device does not come up id=%s", hw_device_id(asking->device));
        return -EIO;
    }
    for (int i = 0; i < count; i++) {
        const int64_t asked_us = g_get_monotonic_time();
        asking->is_done = false;
        hw_device_submit(asking->device, &asking->commands[(size_t)i % asking->command_count],
                take_result, asking);
        if (!wait_for(asking, is_done, DONE_WITHIN_MS) || asking->result != HW_OK) {
            log_error("the device did not do it id=%s result=%s", hw_device_id(asking->device),
                    asking->is_done ? hw_result_name(asking->result) : "none");
            return -EIO;
        }
        json_object_array_add(
                times, json_object_new_double((double)(g_get_monotonic_time() - asked_us) / 1000));
    }
    return 0;
}

static int ask_device(struct loop *loop, struct hw_clock *clock, const struct hw_driver *driver,
        struct hw_link *take_link, const struct asking *what, int count, struct json_object *times)
{
    const struct hw_device_config config = { .id = driver->name,
        .driver = driver,
        .link = take_link,
        .clock = clock,
        .options = { .has_udp_header = true, .camera = 1 } };
    struct asking asking = *what;
    asking.loop = loop;
    asking.device = hw_device_new(&config);
    hw_device_start(asking.device);
    const int rc = ask(&asking, count, times);
    hw_device_free(asking.device);
    return rc;
}

static int ask_camera(struct loop *loop, struct hw_clock *clock,
        const struct devices_config *config, struct json_object *times)
{
    static const struct hw_command commands[] = { { .verb = HW_STOP } };
    const struct asking what = { .commands = commands, .command_count = COUNT_OF(commands) };
    struct hw_address address;
    struct hw_link *link = NULL;
    int rc = hw_address_parse_with_port(config->camera, &address);
    if (rc < 0)
        return rc;
    g_autofree char *host = hw_address_host(&address);
    struct hw_udp_hub *hub = hw_udp_hub_new(loop, config->local, 0);
    rc = hw_link_udp_new(hub, host, hw_address_port(&address), &link);
    if (rc == 0)
        rc = ask_device(loop, clock, &hw_visca, link, &what, config->count, times);
    hw_udp_hub_free(hub);
    return rc;
}

static int ask_wall(struct loop *loop, struct hw_clock *clock, const struct devices_config *config,
        struct json_object *times)
{
    static const struct hw_command commands[] = {
        { .verb = HW_SET, .field = HW_BRIGHTNESS, .value = 40 },
        { .verb = HW_SET, .field = HW_BRIGHTNESS, .value = 60 },
    };
    const struct asking what = { .commands = commands, .command_count = COUNT_OF(commands) };
    struct hw_address address;
    struct hw_link *link = NULL;
    int rc = hw_address_parse_with_port(config->wall, &address);
    if (rc < 0)
        return rc;
    g_autofree char *host = hw_address_host(&address);
    rc = hw_link_tcp_new(loop, host, hw_address_port(&address), NULL, 4000, &link);
    if (rc == 0)
        rc = ask_device(loop, clock, &hw_novastar, link, &what, config->count, times);
    return rc;
}

int devices_run(const struct devices_config *config, struct json_object **out)
{
    struct json_object *stops = json_object_new_array(), *sets = json_object_new_array();
    struct loop *loop = loop_new_main();
    struct hw_clock *clock = hw_clock_loop_new(loop);
    *out = json_object_new_object();
    json_object_object_add(*out, "camera_stop_ms", stops);
    json_object_object_add(*out, "wall_brightness_ms", sets);
    int rc = ask_camera(loop, clock, config, stops);
    if (rc == 0)
        rc = ask_wall(loop, clock, config, sets);
    hw_clock_loop_free(clock);
    loop_free(loop);
    if (rc < 0)
        g_clear_pointer(out, json_object_put);
    return rc;
}
