// SPDX-License-Identifier: Apache-2.0
// The life of one request: started, verified by reading back, tried again by the class of its
// error, ended once.
#include "common/base/log.h"
#include "hw/device_private.h"

#define LOG_TOPIC "hw"

enum {
    DEFAULT_DEADLINE_MS = 2000,
    STOP_REPEATS = 40,
};

// How often, and after how long, each class of error is worth another try.
static const struct {
    unsigned times;
    unsigned delay_ms;
    unsigned jitter_ms;
} retries[HW_RESULT_COUNT] = {
    [HW_TIMEOUT] = { 2, 20, 50 },
    [HW_BUSY] = { 5, 50, 50 },
    [HW_NOT_NOW] = { 6, 500, 250 },
    [HW_BAD_ANSWER] = { 1, 50, 50 },
    [HW_UNVERIFIED] = { 1, 100, 100 },
};

void device_request_complete(
        struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    uint32_t outer = device->ending_id;
    device->ending_id = request->id;
    if (request->done)
        request->done(request->context, result);
    device->ending_id = outer;
    device->is_changed = true;
    g_free(request);
}

void device_request_start(struct hw_device *device, struct hw_request *request)
{
    request->phase = 0;
    request->sequence = 0;
    request->socket = 0;
    request->is_accepted = false;
    request->deadline_ms = device_now(device) + DEFAULT_DEADLINE_MS;
    if (!request->is_verifying)
        request->attempts++;
    g_ptr_array_add(device->in_flight, request);

    hw_start_fn *fn = request->is_verifying
                              ? device->driver->read
                              : abilities_find_start(device->driver, request->command.verb,
                                        request->command.field);
    fn(device, request); // may have ended it
}

static void put_back(struct hw_device *device, struct hw_request *request, unsigned delay_ms)
{
    request->not_before_ms = device_now(device) + delay_ms;
    g_ptr_array_add(device->queue, request);
}

static bool is_superseded(const struct hw_device *device, const struct hw_request *request)
{
    const struct hw_command *command = &request->command;
    return command->verb == HW_SET && request->id != device->newest_set[command->field];
}

bool device_request_can_read(const struct hw_device *device, enum hw_field field)
{
    return device->driver->read && !device->is_unreadable[field];
}

static void assume(struct hw_device *device, enum hw_field field, int64_t value)
{
    device->actual[field] = (struct hw_value){ value, HW_ASSUMED, device_now(device) };
}

// A set that the device took is believed once it reads back. True: it was put back to be read.
static bool verify(struct hw_device *device, struct hw_request *request, enum hw_result *result)
{
    const struct hw_command *command = &request->command;
    const struct hw_value *actual = &device->actual[command->field];

    if (request->is_verifying && *result == HW_UNSUPPORTED) {
        device->is_unreadable[command->field] = true;
        *result = HW_OK;
    }
    if (*result != HW_OK)
        return false;
    if (!device_request_can_read(device, command->field)) {
        assume(device, command->field, command->value);
        return false;
    }
    if (!request->is_verifying) {
        request->is_verifying = true;
        request->verifications = 0;
        put_back(device, request, 0);
        return true;
    }
    bool is_likely = actual->quality == HW_ASSUMED && actual->at_ms == device_now(device);
    if ((actual->quality == HW_CONFIRMED || is_likely) && actual->value == command->value)
        return false;
    if (++request->verifications < device->driver->verify_tries) {
        put_back(device, request, device->driver->verify_ms);
        return true;
    }
    request->is_verifying = false;
    *result = HW_UNVERIFIED;
    return false;
}

static bool is_worth_retrying(const struct hw_request *request, enum hw_result result)
{
    if (request->is_poll || request->command.verb == HW_IDENTIFY)
        return false;
    // A late drive would set a camera in motion that somebody has let go of.
    if (request->command.verb == HW_DRIVE || request->command.verb == HW_DRIVE_ZOOM)
        return false;
    unsigned times = device_request_is_stop(request) && retries[result].times
                             ? STOP_REPEATS
                             : retries[result].times;
    return request->attempts <= times;
}

static void note_fault(
        struct hw_device *device, const struct hw_request *request, enum hw_result result)
{
    bool is_of_device =
            result == HW_DEVICE_FAULT || result == HW_UNVERIFIED || result == HW_BAD_ANSWER;
    if (is_of_device) {
        if (device->fault != result)
            log_warn("fault device=%s field=%s fault=%s", device->id,
                    hw_field_name(request->command.field), hw_result_name(result));
        device->fault = result;
        device->fault_field = request->command.field;
    } else if (result == HW_OK && device->fault_field == request->command.field) {
        device->fault = HW_OK;
        device->fault_field = HW_FIELD_COUNT;
    }
}

void device_request_finish(
        struct hw_device *device, struct hw_request *request, enum hw_result result)
{
    const struct hw_command *command = &request->command;
    g_ptr_array_remove(device->in_flight, request);

    if (is_superseded(device, request)) {
        device_request_complete(device, request, HW_CANCELLED);
        return;
    }
    if (command->verb == HW_SET && verify(device, request, &result))
        return;
    if (command->verb == HW_READ && result == HW_OK)
        device->read_ms[command->field] = device_now(device);
    if (command->verb == HW_READ && result == HW_UNSUPPORTED)
        device->is_unreadable[command->field] = true;

    if (device->state == HW_LINK_UP && is_worth_retrying(request, result)) {
        device->counters.retries++;
        unsigned delay_ms =
                retries[result].delay_ms + device_jitter(device, retries[result].jitter_ms);
        put_back(device, request,
                device_request_is_stop(request) && result == HW_TIMEOUT ? 0 : delay_ms);
        return;
    }
    if (command->verb == HW_SET || command->verb == HW_READ)
        note_fault(device, request, result);
    device_request_complete(device, request, result);
}
