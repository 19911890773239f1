// SPDX-License-Identifier: Apache-2.0
// USB cameras by V4L2: pan, tilt and zoom to a place or at a speed, and presets that the box keeps.
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "hw/driver.h"
#include "hw/uvc_port.h"

enum { REPLY_MS = 900, PRESETS = 255 };

struct uvc {
    uint32_t serial;
};

static void ask(struct hw_device *device, struct hw_request *request, struct uvc_request message)
{
    struct uvc *uvc = hw_device_driver_state(device);
    message.serial = request->sequence = ++uvc->serial;
    hw_request_set_deadline(device, request, REPLY_MS);
    hw_device_send(device, &message, sizeof(message));
}

static void start_identify(struct hw_device *device, struct hw_request *request)
{
    ask(device, request, (struct uvc_request){ .op = UVC_IDENTIFY });
}

static void start_read(struct hw_device *device, struct hw_request *request)
{
    enum hw_field field = request->command.field;
    if (field == HW_PRESET || field == HW_PAN || field == HW_TILT || field == HW_ZOOM)
        ask(device, request, (struct uvc_request){ .op = UVC_READ });
    else
        hw_request_done(device, request, HW_UNSUPPORTED);
}

static void ask_preset(struct hw_device *device, struct hw_request *request, enum uvc_op op)
{
    int64_t number = request->command.value;
    if (number < 0 || number >= PRESETS)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        ask(device, request, (struct uvc_request){ .op = op, .preset = (int32_t)number });
}

static void start_recall(struct hw_device *device, struct hw_request *request)
{
    ask_preset(device, request, UVC_RECALL);
}

static void start_store(struct hw_device *device, struct hw_request *request)
{
    ask_preset(device, request, UVC_STORE);
}

static void start_home(struct hw_device *device, struct hw_request *request)
{
    ask(device, request, (struct uvc_request){ .op = UVC_MOVE });
}

static void start_zoom(struct hw_device *device, struct hw_request *request)
{
    ask(device, request,
            (struct uvc_request){ .op = UVC_ZOOM, .zoom = (int32_t)request->command.value });
}

static void start_drive(struct hw_device *device, struct hw_request *request)
{
    hw_device_unknown(device, HW_PRESET);
    ask(device, request,
            (struct uvc_request){
                    .op = UVC_SPEED,
                    .pan = request->command.pan,
                    .tilt = request->command.tilt,
            });
}

static void start_drive_zoom(struct hw_device *device, struct hw_request *request)
{
    ask(device, request, (struct uvc_request){ .op = UVC_ZOOMING, .zoom = request->command.zoom });
}

static void start_stop(struct hw_device *device, struct hw_request *request)
{
    ask(device, request, (struct uvc_request){ .op = UVC_SPEED });
}

static void start_stop_zoom(struct hw_device *device, struct hw_request *request)
{
    ask(device, request, (struct uvc_request){ .op = UVC_ZOOMING });
}

static enum hw_result result_of(int error)
{
    switch (error) {
    case 0:
        return HW_OK;
    case -EBUSY:
    case -EIO: // the control pipe stalled: the next call clears it
    case -EPIPE:
    case -EAGAIN:
        return HW_BUSY;
    case -ETIMEDOUT:
        return HW_TIMEOUT;
    case -ERANGE:
        return HW_BAD_VALUE;
    case -EACCES:
    case -EPERM:
        return HW_REFUSED;
    case -EINVAL: // no such control
    case -ENOTTY:
        return HW_UNSUPPORTED;
    default:
        return HW_DEVICE_FAULT;
    }
}

static void observe(struct hw_device *device, const struct uvc_reply *reply)
{
    hw_device_observed(device, HW_PAN, reply->pan);
    hw_device_observed(device, HW_TILT, reply->tilt);
    hw_device_observed(device, HW_ZOOM, reply->zoom);
    if (reply->preset >= 0)
        hw_device_observed(device, HW_PRESET, reply->preset);
    else
        hw_device_unknown(device, HW_PRESET);
}

static void uvc_received(struct hw_device *device, const uint8_t *data, size_t size)
{
    struct uvc_reply reply;
    struct hw_request *request = NULL;
    if (size == sizeof(reply)) {
        memcpy(&reply, data, sizeof(reply));
        reply.model[sizeof(reply.model) - 1] = '\0';
        for (size_t i = 0; (request = hw_device_in_flight(device, i)); i++)
            if (request->sequence == reply.serial)
                break;
    }
    if (!request) {
        hw_device_count_malformed(device);
        return;
    }
    enum hw_result result = result_of(reply.error);
    if (result == HW_OK && reply.op == UVC_IDENTIFY)
        hw_device_set_model(device, reply.model);
    if (result == HW_OK && reply.op == UVC_READ)
        observe(device, &reply);
    hw_request_done(device, request, result);
}

static const enum hw_field polled[] = { HW_PRESET, HW_FIELD_COUNT };

static const struct hw_camera_ability camera = {
    .recall = start_recall,
    .store = start_store,
    .home = start_home,
    .zoom = start_zoom,
    .drive = start_drive,
    .drive_zoom = start_drive_zoom,
    .stop = start_stop,
    .stop_zoom = start_stop_zoom,
};

const struct hw_driver hw_uvc = {
    .name = "uvc",
    .is_file = true,
    .state_size = sizeof(struct uvc),
    .max_in_flight = 1,
    .poll_ms = 2000,
    .verify_ms = 250,
    .verify_tries = 40, // a preset may take ten seconds of motors
    .preset_last = PRESETS - 1,
    .polled = polled,
    .identify = start_identify,
    .read = start_read,
    .received = uvc_received,
    .camera = &camera,
};
