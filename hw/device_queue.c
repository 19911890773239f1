// SPDX-License-Identifier: Apache-2.0
// What is asked of a device, and what of it comes next: by priority, a newer request in place of a
// queued one of the same name, STOP before everything.
#include "hw/device_private.h"

enum { DEAD_MAN_MS = 1000 };

static void drop_queued(struct hw_device *device, enum hw_verb verb, enum hw_field field)
{
    for (guint i = 0; i < device->queue->len; i++) {
        struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (request->command.verb == verb && request->command.field == field) {
            g_ptr_array_remove_index(device->queue, i);
            device_request_complete(device, request, HW_CANCELLED);
            return;
        }
    }
}

void device_queue_end_all(struct hw_device *device, enum hw_result result)
{
    while (device->in_flight->len)
        device_request_complete(device, g_ptr_array_steal_index(device->in_flight, 0), result);
    while (device->queue->len)
        device_request_complete(device, g_ptr_array_steal_index(device->queue, 0), result);
}

uint32_t device_queue_submit(struct hw_device *device, const struct hw_command *command,
        enum priority priority, hw_done_fn *done, void *context)
{
    struct hw_request *request = g_new0(struct hw_request, 1);
    request->id = ++device->last_id;
    request->command = *command;
    request->priority = priority;
    request->is_poll = priority == PRIORITY_POLL;
    request->done = done;
    request->context = context;

    if (!abilities_find_start(device->driver, command->verb, command->field)) {
        uint32_t id = request->id;
        device_request_complete(device, request, HW_UNSUPPORTED);
        return id;
    }
    if (device->is_closing || device->state != HW_LINK_UP) {
        uint32_t id = request->id;
        device_request_complete(device, request,
                device->is_closing           ? HW_CANCELLED
                : device->fault == HW_LOCKED ? HW_LOCKED
                                             : HW_OFFLINE);
        return id;
    }
    uint32_t id = request->id;
    if (command->verb == HW_SET)
        device->newest_set[command->field] = id;
    if (device_request_is_stop(request)) {
        device_request_start(device, request);
        return id;
    }
    drop_queued(device, command->verb, command->field);
    g_ptr_array_add(device->queue, request);
    return id;
}

// Somebody moves the camera by hand: the wish for a preset is over.
static void note_hand(struct hw_device *device, const struct hw_command *command)
{
    if (command->verb == HW_DRIVE || command->verb == HW_DRIVE_ZOOM || command->verb == HW_HOME)
        device->wishes[HW_PRESET] = (struct wish){ 0 };
    if (command->verb == HW_SET && command->field < HW_FIELD_COUNT)
        device->wishes[command->field] = (struct wish){ 0 };
}

uint32_t hw_device_submit(
        struct hw_device *device, const struct hw_command *asked, hw_done_fn *done, void *context)
{
    struct hw_command command = *asked;
    if (command.verb != HW_SET && command.verb != HW_READ)
        command.field = HW_FIELD_COUNT;
    if (command.verb == HW_DRIVE && command.pan == 0 && command.tilt == 0)
        command.verb = HW_STOP;
    if (command.verb == HW_DRIVE_ZOOM && command.zoom == 0)
        command.verb = HW_STOP_ZOOM;

    device_enter(device);
    bool is_up = device->state == HW_LINK_UP;
    note_hand(device, &command);
    switch (command.verb) {
    case HW_DRIVE:
        device->drive_until_ms = is_up ? device_now(device) + DEAD_MAN_MS : 0;
        break;
    case HW_DRIVE_ZOOM:
        device->zoom_until_ms = is_up ? device_now(device) + DEAD_MAN_MS : 0;
        break;
    case HW_STOP:
        device->drive_until_ms = 0;
        device->stop_owed = !is_up;
        drop_queued(device, HW_DRIVE, HW_FIELD_COUNT);
        break;
    case HW_STOP_ZOOM:
        device->zoom_until_ms = 0;
        device->stop_zoom_owed = !is_up;
        drop_queued(device, HW_DRIVE_ZOOM, HW_FIELD_COUNT);
        break;
    default:
        break;
    }
    bool is_live = command.verb == HW_DRIVE || command.verb == HW_DRIVE_ZOOM;
    uint32_t id = device_queue_submit(
            device, &command, is_live ? PRIORITY_LIVE : PRIORITY_ASKED, done, context);
    device_leave(device);
    return id;
}

bool device_queue_is_waiting(const struct hw_device *device)
{
    for (guint i = 0; i < device->in_flight->len; i++) {
        const struct hw_request *request = g_ptr_array_index(device->in_flight, i);
        if (!request->is_accepted && !device_request_is_stop(request))
            return true;
    }
    return false;
}

static bool may_start(const struct hw_device *device, const struct hw_request *request)
{
    if (request->not_before_ms > device_now(device))
        return false;
    if (device_request_is_stop(request))
        return true;
    if (device_queue_is_waiting(device))
        return false;
    bool is_read = request->command.verb == HW_READ || request->is_verifying;
    return is_read || device->in_flight->len < device->driver->max_in_flight;
}

static int rank(const struct hw_request *request)
{
    return device_request_is_stop(request) ? PRIORITY_LIVE + 1 : request->priority;
}

static bool is_before(const struct hw_request *request, const struct hw_request *other)
{
    return rank(request) > rank(other) || (rank(request) == rank(other) && request->id < other->id);
}

struct hw_request *device_queue_take_next(struct hw_device *device)
{
    struct hw_request *best = NULL;
    for (guint i = 0; i < device->queue->len; i++) {
        struct hw_request *request = g_ptr_array_index(device->queue, i);
        if (may_start(device, request) && (!best || is_before(request, best)))
            best = request;
    }
    if (best)
        g_ptr_array_remove(device->queue, best);
    return best;
}
