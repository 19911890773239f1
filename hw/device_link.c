// SPDX-License-Identifier: Apache-2.0
// The life of a device's link: opened, identified, lost with a name, opened again.
#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/device_private.h"

#define LOG_TOPIC "hw"

enum {
    INVENTORY_AFTER_MS = 10000, // a device that came up has better things to do at first
    REOPEN_FIRST_MS = 500,
    REOPEN_MAX_MS = 4000,
    REOPEN_REFUSED_MS = 60000, // devices lock out who hammers with a wrong password
    STEADY_MS = 10000,         // a link that lived this long was a good one
};

static void set_state(struct hw_device *device, enum hw_link_state state)
{
    device->state = state;
    device->state_since_ms = device_now(device);
    device->is_changed = true;
}

static void note_untaken_stops(struct hw_device *device, const GPtrArray *requests)
{
    for (guint i = 0; i < requests->len; i++) {
        const struct hw_request *request = g_ptr_array_index(requests, i);
        device->stop_owed |= request->command.verb == HW_STOP;
        device->stop_zoom_owed |= request->command.verb == HW_STOP_ZOOM;
    }
}

// What was set in motion, or told to stop and has not taken it, is to be stopped still.
static void owe_stops(struct hw_device *device)
{
    device->stop_owed |= device->drive_until_ms != 0;
    device->stop_zoom_owed |= device->zoom_until_ms != 0;
    note_untaken_stops(device, device->in_flight);
    note_untaken_stops(device, device->queue);
    device->drive_until_ms = 0;
    device->zoom_until_ms = 0;
}

static void say_owed_stops(struct hw_device *device)
{
    if (device->stop_owed)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP }, NULL, NULL);
    if (device->stop_zoom_owed)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP_ZOOM }, NULL, NULL);
}

void device_link_part(struct hw_device *device)
{
    owe_stops(device);
    if (device->state == HW_LINK_UP)
        say_owed_stops(device);
}

// What was known no longer holds, and what was under way is over.
static void interrupt(struct hw_device *device, enum hw_wish_state wish_state, enum hw_result fault)
{
    owe_stops(device);
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        if (device->actual[field].quality != HW_UNKNOWN)
            device->actual[field].quality = HW_STALE;
        struct wish *wish = &device->wishes[field];
        wish->request = 0;
        if (wish->seen.state != HW_WISH_NONE) {
            wish->seen.state = wish_state;
            wish->seen.result = fault;
        }
    }
    device_queue_end_all(device, fault == HW_LOCKED ? HW_LOCKED : HW_OFFLINE);
}

void device_link_go_down(struct hw_device *device, enum hw_result fault)
{
    bool was_up = device->state == HW_LINK_UP;
    if (was_up || device->fault != fault)
        log_warn("device lost device=%s fault=%s", device->id, hw_result_name(fault));

    hw_link_close(device->link);
    device->failures =
            was_up && device_now(device) - device->up_ms >= STEADY_MS ? 0 : device->failures + 1;
    device->fault = fault;
    device->fault_field = HW_FIELD_COUNT;
    device->misses = 0;
    device->send_error = 0;
    device->is_restarted = false;
    set_state(device, HW_LINK_DOWN);

    unsigned wait_ms = fault == HW_REFUSED
                               ? REOPEN_REFUSED_MS
                               : MIN(REOPEN_FIRST_MS << MIN(device->failures, 8), REOPEN_MAX_MS);
    device->reopen_ms = device_now(device) + wait_ms - device_jitter(device, wait_ms / 4);
    interrupt(device, HW_WISH_FAILED, fault);
}

void device_link_lost(struct hw_device *device, int error)
{
    bool was_up = device->state == HW_LINK_UP;
    enum hw_result fault = HW_OFFLINE;
    if (error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EACCES || error == -EINVAL ||
            error == -ENOTTY)
        fault = HW_MISCONFIGURED;
    else if (error == -EKEYREJECTED)
        fault = HW_REFUSED;
    else if (error == -ENOKEY)
        fault = HW_UNTRUSTED;
    else if (device->driver->link_lost)
        fault = device->driver->link_lost(
                device, error, was_up, device_now(device) - device->opened_ms);
    device_link_go_down(device, fault);
}

void device_link_open(struct hw_device *device)
{
    device->reopen_ms = 0;
    device->opened_ms = device_now(device);
    set_state(device, HW_LINK_CONNECTING);
    int rc = hw_link_open(device->link);
    if (rc < 0)
        device_link_lost(device, rc);
}

// Somebody put another device in its place: what the old one was known to have says nothing of
// this.
static void meet(struct hw_device *device)
{
    if (device->last_model[0] && strcmp(device->model, device->last_model) != 0) {
        log_warn("another device answers device=%s was=\"%s\" is=\"%s\"", device->id,
                device->last_model, device->model);
        for (int field = 0; field < HW_FIELD_COUNT; field++)
            device->actual[field].quality = HW_UNKNOWN;
    }
    g_strlcpy(device->last_model, device->model, sizeof(device->last_model));
}

static void identified(void *context, enum hw_result result)
{
    struct hw_device *device = context;
    if (device->is_closing || device->state != HW_LINK_IDENTIFYING)
        return;
    if (result != HW_OK) {
        device_link_go_down(device, result);
        return;
    }
    meet(device);
    log_info("device up device=%s model=\"%s\"", device->id, device->model);
    set_state(device, HW_LINK_UP);
    device->up_ms = device_now(device);
    device->counters.connects++;
    device->fault = HW_OK;
    device->next_poll_ms = device->up_ms;
    device->next_inventory_ms =
            device->driver->inventory_ms
                    ? device->up_ms + INVENTORY_AFTER_MS + device_jitter(device, INVENTORY_AFTER_MS)
                    : 0;
    device->next_reconcile_ms = device->up_ms + RECONCILE_MS;
    memset(device->is_unreadable, 0, sizeof(device->is_unreadable));

    say_owed_stops(device);
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        device_wishes_pursue(device, field, true);
}

static void identify(struct hw_device *device)
{
    set_state(device, HW_LINK_IDENTIFYING);
    if (device->driver->link_up)
        device->driver->link_up(device);
    struct hw_request *request = g_new0(struct hw_request, 1);
    request->id = ++device->last_id;
    request->command = (struct hw_command){ .verb = HW_IDENTIFY, .field = HW_FIELD_COUNT };
    request->done = identified;
    request->context = device;
    device_request_start(device, request);
}

void device_link_begin_anew(struct hw_device *device)
{
    device->is_restarted = false;
    if (device->state != HW_LINK_UP)
        return;
    log_info("device restarted device=%s", device->id);
    set_state(device, HW_LINK_IDENTIFYING);
    interrupt(device, HW_WISH_PENDING, HW_OK);
    identify(device);
}

static void link_up(void *context)
{
    struct hw_device *device = context;
    device_enter(device);
    identify(device);
    device_leave(device);
}

static void link_down(void *context, int error)
{
    struct hw_device *device = context;
    device_enter(device);
    device_link_lost(device, error);
    device_leave(device);
}

static void link_received(void *context, const uint8_t *data, size_t size)
{
    struct hw_device *device = context;
    device_enter(device);
    if (device->state >= HW_LINK_IDENTIFYING)
        device->driver->received(device, data, size);
    device_leave(device);
}

void device_link_listen(struct hw_device *device)
{
    device->link->listener = (struct hw_link_listener){ link_up, link_down, link_received, device };
}
