// SPDX-License-Identifier: Apache-2.0
#include "hw/device.h"

#include <string.h>

#include "hw/device_private.h"

static void settle(struct hw_device *device)
{
    for (;;) {
        if (device->send_error && device->state != HW_LINK_DOWN)
            device_link_lost(device, device->send_error);
        device->send_error = 0;
        if (device->is_restarted)
            device_link_begin_anew(device);
        struct hw_request *next =
                device->state == HW_LINK_UP ? device_queue_take_next(device) : NULL;
        if (!next)
            break;
        device_request_start(device, next);
    }
    device_timer_arm(device);
}

void device_enter(struct hw_device *device)
{
    device->depth++;
}

void device_leave(struct hw_device *device)
{
    if (device->depth == 1 && !device->is_closing)
        settle(device);
    device->depth--;
}

struct hw_device *hw_device_new(const struct hw_device_config *config)
{
    struct hw_device *device = g_new0(struct hw_device, 1);
    device->id = g_strdup(config->id);
    device->driver = config->driver;
    device->driver_state = g_malloc0(config->driver->state_size);
    device->link = config->link;
    device->clock = config->clock;
    device->options = config->options;
    device->changed = config->changed;
    device->context = config->context;
    device->fault_field = HW_FIELD_COUNT;
    device->queue = g_ptr_array_new();
    device->in_flight = g_ptr_array_new();
    device->timer = (struct hw_timer){ .fn = device_timer_fired, .context = device };
    device_link_listen(device);
    device->state_since_ms = device_now(device);
    // Whoever drove it before may have been killed while it moved.
    device->stop_owed = hw_driver_can(device->driver, HW_STOP, HW_FIELD_COUNT);
    device->stop_zoom_owed = hw_driver_can(device->driver, HW_STOP_ZOOM, HW_FIELD_COUNT);
    if (device->driver->init)
        device->driver->init(device);
    return device;
}

void hw_device_start(struct hw_device *device)
{
    device_enter(device);
    device_link_open(device);
    device_leave(device);
}

void hw_device_free(struct hw_device *device)
{
    if (!device)
        return;
    device_enter(device);
    device_link_part(device);
    device->is_closing = true;
    device->clock->disarm(device->clock, &device->timer);
    hw_link_close(device->link);
    device_queue_end_all(device, HW_CANCELLED);
    hw_link_free(device->link);
    g_ptr_array_unref(device->queue);
    g_ptr_array_unref(device->in_flight);
    g_free(device->driver_state);
    g_free(device->id);
    g_free(device);
}

const char *hw_device_id(const struct hw_device *device)
{
    return device->id;
}

void hw_device_report(const struct hw_device *device, struct hw_report *out)
{
    memset(out, 0, sizeof(*out));
    out->id = device->id;
    out->driver = device->driver->name;
    out->model = device->model;
    out->link = device->state;
    out->link_since_ms = device->state_since_ms;
    out->last_contact_ms = device->last_contact_ms;
    out->fault = device->fault;
    memcpy(out->actual, device->actual, sizeof(out->actual));
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        out->wishes[field] = device->wishes[field].seen;
    out->counters = device->counters;
}

enum hw_quality hw_report_quality(const struct hw_report *report)
{
    enum hw_quality worst = HW_UNKNOWN;
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        enum hw_quality quality = report->actual[field].quality;
        if (quality != HW_UNKNOWN && (worst == HW_UNKNOWN || quality < worst))
            worst = quality;
    }
    return worst;
}
