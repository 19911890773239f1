// SPDX-License-Identifier: Apache-2.0
// What falls due: deadlines, the dead man, polls, inventory.
#include "hw/device_private.h"

enum {
    MISSES_MAX = 3,     // silent requests in a row: the device is gone
    ASK_AGAIN_MS = 250, // what did not answer a poll is asked again at most this much later
};

static void check_deadlines(struct hw_device *device)
{
    for (guint i = 0; i < device->in_flight->len;) {
        struct hw_request *request = g_ptr_array_index(device->in_flight, i);
        if (request->deadline_ms > device_now(device)) {
            i++;
            continue;
        }
        device->counters.timeouts++;
        if (!request->is_accepted)
            device->misses++;
        if (request->is_poll)
            device->next_poll_ms =
                    device_now(device) + MIN(device->driver->poll_ms / 4, ASK_AGAIN_MS);
        device_request_finish(device, request, HW_TIMEOUT);
        i = 0;
    }
    if (device->misses >= MISSES_MAX && device->state == HW_LINK_UP)
        device_link_go_down(device, HW_TIMEOUT);
}

static void check_dead_man(struct hw_device *device)
{
    if (device->drive_until_ms && device_now(device) >= device->drive_until_ms)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP }, NULL, NULL);
    if (device->zoom_until_ms && device_now(device) >= device->zoom_until_ms)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP_ZOOM }, NULL, NULL);
}

// A stop that a camera in standby refuses for a while does not keep it from being looked at.
static bool is_somebody_queued(const struct hw_device *device)
{
    for (guint i = 0; i < device->queue->len; i++)
        if (!device_request_is_stop(g_ptr_array_index(device->queue, i)))
            return true;
    return false;
}

static void poll_next(struct hw_device *device)
{
    const enum hw_field *polled = device->driver->polled;
    if (device->state != HW_LINK_UP || device_now(device) < device->next_poll_ms || !polled)
        return;
    device->next_poll_ms = device_now(device) + device->driver->poll_ms;
    if (is_somebody_queued(device) || device_queue_is_waiting(device))
        return;
    for (size_t tried = 0; tried < HW_FIELD_COUNT; tried++) {
        if (polled[device->poll_at] == HW_FIELD_COUNT)
            device->poll_at = 0;
        enum hw_field field = polled[device->poll_at++];
        if (!device_request_can_read(device, field))
            continue;
        device_queue_submit(device, &(struct hw_command){ .verb = HW_READ, .field = field },
                PRIORITY_POLL, NULL, NULL);
        return;
    }
}

static void take_inventory(struct hw_device *device)
{
    if (device->state != HW_LINK_UP || !device->next_inventory_ms ||
            device_now(device) < device->next_inventory_ms)
        return;
    device->next_inventory_ms = device_now(device) + device->driver->inventory_ms;
    enum hw_field field = device->driver->inventory;
    if (device_request_can_read(device, field))
        device_queue_submit(device, &(struct hw_command){ .verb = HW_READ, .field = field },
                PRIORITY_POLL, NULL, NULL);
}

void device_timer_fired(void *context)
{
    struct hw_device *device = context;
    device_enter(device);
    check_deadlines(device);
    check_dead_man(device);
    if (device->reopen_ms && device_now(device) >= device->reopen_ms)
        device_link_open(device);
    device_wishes_reconcile(device);
    poll_next(device);
    take_inventory(device);
    bool tell = device->is_changed;
    device->is_changed = false;
    device_leave(device);
    if (tell && device->changed)
        device->changed(device->context, device);
}

static void earlier(int64_t *at_ms, int64_t other_ms)
{
    if (other_ms != 0 && (*at_ms == 0 || other_ms < *at_ms))
        *at_ms = other_ms;
}

void device_timer_arm(struct hw_device *device)
{
    int64_t at_ms = 0;
    for (guint i = 0; i < device->in_flight->len; i++)
        earlier(&at_ms,
                ((struct hw_request *)g_ptr_array_index(device->in_flight, i))->deadline_ms);
    for (guint i = 0; i < device->queue->len; i++) {
        const struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (request->not_before_ms > device_now(device))
            earlier(&at_ms, request->not_before_ms);
    }
    earlier(&at_ms, device->drive_until_ms);
    earlier(&at_ms, device->zoom_until_ms);
    earlier(&at_ms, device->reopen_ms);
    if (device->state == HW_LINK_UP) {
        earlier(&at_ms, device->next_poll_ms);
        earlier(&at_ms, device->next_reconcile_ms);
        earlier(&at_ms, device->next_inventory_ms);
    }
    if (device->is_changed)
        earlier(&at_ms, device_now(device));
    if (at_ms)
        device->clock->arm(device->clock, &device->timer, at_ms);
    else
        device->clock->disarm(device->clock, &device->timer);
}
