// SPDX-License-Identifier: Apache-2.0
// Desired against actual: read, set what differs, and again on each link-up and every minute.
#include "common/base/log.h"
#include "hw/device_private.h"

#define LOG_TOPIC "hw"

// One context a field: the device and which field it is.
struct wish_context {
    struct hw_device *device;
    enum hw_field field;
};

static void reach(struct hw_device *device, enum hw_field field)
{
    struct wish *wish = &device->wishes[field];
    device->is_changed |= wish->seen.state != HW_WISH_REACHED;
    wish->seen.state = HW_WISH_REACHED;
    wish->seen.result = HW_OK;
}

static void fail(struct hw_device *device, enum hw_field field, enum hw_result result)
{
    struct wish *wish = &device->wishes[field];
    if (wish->seen.state != HW_WISH_FAILED || wish->seen.result != result)
        log_warn("not reached device=%s field=%s fault=%s", device->id, hw_field_name(field),
                hw_result_name(result));
    wish->seen.state = HW_WISH_FAILED;
    wish->seen.result = result;
    device->is_changed = true;
}

static bool is_latest(const struct wish_context *at)
{
    return at->device->wishes[at->field].request == at->device->ending_id;
}

// Nobody has looked at the field since the link came up.
static bool is_unread(const struct hw_device *device, enum hw_field field)
{
    bool was_read = device->read_ms[field] > 0 && device->read_ms[field] >= device->up_ms;
    return device->actual[field].quality < HW_CONFIRMED && !was_read;
}

// The other wishes of a device that has now been switched on, or could not be.
static void pursue_after_power(struct hw_device *device)
{
    for (int field = HW_POWER + 1; field < HW_FIELD_COUNT; field++)
        device_wishes_pursue(device, field, is_unread(device, field));
}

static void wish_read(void *context, enum hw_result result)
{
    g_autofree struct wish_context *at = context;
    if (!is_latest(at))
        return;
    at->device->wishes[at->field].request = 0;
    if (result == HW_OK || result == HW_UNSUPPORTED)
        device_wishes_pursue(at->device, at->field, false);
    else
        fail(at->device, at->field, result);
    if (at->field == HW_POWER)
        pursue_after_power(at->device);
}

static void wish_set(void *context, enum hw_result result)
{
    g_autofree struct wish_context *at = context;
    if (!is_latest(at))
        return;
    at->device->wishes[at->field].request = 0;
    if (result == HW_OK)
        reach(at->device, at->field);
    else
        fail(at->device, at->field, result);
    if (at->field == HW_POWER)
        pursue_after_power(at->device);
}

void device_wishes_pursue(struct hw_device *device, enum hw_field field, bool read_first)
{
    struct wish *wish = &device->wishes[field];
    const struct hw_value *actual = &device->actual[field];
    if (wish->seen.state == HW_WISH_NONE || device->state != HW_LINK_UP || wish->request)
        return;
    // A device in standby refuses everything else: first things first.
    if (field != HW_POWER && device->wishes[HW_POWER].seen.state == HW_WISH_PENDING) {
        wish->seen.state = HW_WISH_PENDING;
        return;
    }

    bool is_known = actual->quality == HW_CONFIRMED || actual->quality == HW_ASSUMED;
    bool read = read_first && device_request_can_read(device, field);
    if (!read && is_known && actual->value == wish->seen.value) {
        reach(device, field);
        return;
    }
    if (wish->seen.state != HW_WISH_REACHED || !read)
        wish->seen.state = HW_WISH_PENDING;

    struct wish_context *at = g_new(struct wish_context, 1);
    *at = (struct wish_context){ device, field };
    struct hw_command command = {
        .verb = read ? HW_READ : HW_SET,
        .field = field,
        .value = wish->seen.value,
    };
    // device_queue_submit() may end it before it returns; its number is the next one.
    wish->request = device->last_id + 1;
    device_queue_submit(device, &command, PRIORITY_DESIRED, read ? wish_read : wish_set, at);
}

void hw_device_desire(struct hw_device *device, enum hw_field field, int64_t value)
{
    struct wish *wish = &device->wishes[field];
    device_enter(device);
    bool is_same = wish->seen.state != HW_WISH_NONE && wish->seen.value == value;
    if (!is_same || wish->seen.state == HW_WISH_FAILED) {
        wish->request = 0; // what is under way for the old value no longer speaks for the wish
        wish->seen = (struct hw_wish){ .state = HW_WISH_PENDING, .value = value };
        device->is_changed = true;
    }
    if (device->state != HW_LINK_UP && device->fault != HW_OK) {
        wish->seen.state = HW_WISH_FAILED;
        wish->seen.result = device->fault;
    }
    device_wishes_pursue(device, field, is_unread(device, field));
    device_leave(device);
}

void device_wishes_reconcile(struct hw_device *device)
{
    if (device->state != HW_LINK_UP || device_now(device) < device->next_reconcile_ms)
        return;
    device->next_reconcile_ms = device_now(device) + RECONCILE_MS;
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        device_wishes_pursue(device, field, true);
}
