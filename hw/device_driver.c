// SPDX-License-Identifier: Apache-2.0
// What the engine offers to a driver (hw/driver.h).
#include "hw/device_private.h"

enum { STOP_REPEAT_MS = 150 }; // a stop that was not taken by then is said again

void *hw_device_driver_state(struct hw_device *device)
{
    return device->driver_state;
}

const struct hw_options *hw_device_options(const struct hw_device *device)
{
    return &device->options;
}

bool hw_device_is_datagram(const struct hw_device *device)
{
    return device->link->is_datagram;
}

bool hw_device_is_serial(const struct hw_device *device)
{
    return device->link->is_serial;
}

void hw_device_send(struct hw_device *device, const void *data, size_t size)
{
    if (device->send_error)
        return;
    device->counters.sent++;
    device->send_error = hw_link_send(device->link, data, size);
}

void hw_device_set_model(struct hw_device *device, const char *model)
{
    g_strlcpy(device->model, model, sizeof(device->model));
    device->is_changed = true;
}

struct hw_request *hw_device_in_flight(struct hw_device *device, size_t n)
{
    return n < device->in_flight->len ? g_ptr_array_index(device->in_flight, n) : NULL;
}

void hw_request_set_deadline(struct hw_device *device, struct hw_request *request, unsigned ms)
{
    if (device_request_is_stop(request))
        ms = MIN(ms, STOP_REPEAT_MS);
    request->deadline_ms = device_now(device) + ms;
}

static void note_contact(struct hw_device *device)
{
    device->misses = 0;
    device->last_contact_ms = device_now(device);
}

void hw_request_accepted(struct hw_device *device, struct hw_request *request, unsigned ms)
{
    note_contact(device);
    // A stop that was taken is done: nothing waits for the motors to stand.
    if (device_request_is_stop(request)) {
        device_request_finish(device, request, HW_OK);
        return;
    }
    request->is_accepted = true;
    hw_request_set_deadline(device, request, ms);
}

void hw_request_done(struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    if (result != HW_UNSUPPORTED && result != HW_BAD_VALUE)
        note_contact(device);
    device_request_finish(device, request, result);
}

void hw_device_observed(struct hw_device *device, enum hw_field field, int64_t value)
{
    struct hw_value *actual = &device->actual[field];
    if (actual->quality != HW_CONFIRMED || actual->value != value)
        device->is_changed = true;
    *actual = (struct hw_value){ value, HW_CONFIRMED, device_now(device) };
}

void hw_device_assumed(struct hw_device *device, enum hw_field field, int64_t value)
{
    struct hw_value *actual = &device->actual[field];
    device->is_changed |= actual->quality != HW_ASSUMED || actual->value != value;
    *actual = (struct hw_value){ value, HW_ASSUMED, device_now(device) };
}

void hw_device_unknown(struct hw_device *device, enum hw_field field)
{
    device->is_changed |= device->actual[field].quality != HW_UNKNOWN;
    device->actual[field].quality = HW_UNKNOWN;
}

void hw_device_restarted(struct hw_device *device)
{
    device->is_restarted = true;
}

void hw_device_doubted(struct hw_device *device)
{
    if (device->state == HW_LINK_UP)
        device->next_reconcile_ms = device_now(device);
}

void hw_device_count_malformed(struct hw_device *device)
{
    device->counters.malformed++;
}
