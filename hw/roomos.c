// SPDX-License-Identifier: Apache-2.0
// Cisco's room codecs (RoomOS, CE 9.7 and later), by xAPI over a WebSocket: call, microphones,
// volume, camera, standby. What it does by itself it tells by feedback; polls only show that it is
// alive.
#include <glib.h>
#include <string.h>

#include "common/base/check.h"
#include "hw/codec/xapi_codec.h"
#include "hw/driver.h"

enum {
    REPLY_MS = 1000,
    COMMAND_MS = 3000,
    PRESETS = 35,
    CAMERA = 1,
    SPEED_MAX = 15, // of a camera's motors
};

struct roomos {
    uint32_t last_id;
};

struct word {
    const char *text; // NULL ends them
    int64_t value;
};

static const struct word standby[] = { { "Off", 1 }, { "Standby", 0 }, { "EnteringStandby", 0 },
    { "Halfwake", 0 }, { NULL, 0 } };
static const struct word switches[] = { { "On", 1 }, { "Off", 0 }, { NULL, 0 } };

// Where a codec tells what: by answer and by feedback.
static const struct row {
    enum hw_field field;
    const char *path;
    const struct word *words; // NULL: a number
} rows[] = {
    { HW_POWER, "Status/Standby/State", standby },
    { HW_VOLUME, "Status/Audio/Volume", NULL },
    { HW_MUTE, "Status/Audio/Microphones/Mute", switches },
    { HW_CALL, "Status/SystemUnit/State/NumberOfActiveCalls", NULL },
    { HW_PAN, "Status/Cameras/Camera/1/Position/Pan", NULL },
    { HW_TILT, "Status/Cameras/Camera/1/Position/Tilt", NULL },
    { HW_ZOOM, "Status/Cameras/Camera/1/Position/Zoom", NULL },
};

// What is told without being asked, once each is subscribed to.
static const char *const subscriptions[] = { "Status/Standby", "Status/Audio",
    "Status/SystemUnit/State" };

// An answer never comes on another connection than its question.
static void roomos_link_up(struct hw_device *device)
{
    struct roomos *roomos = hw_device_driver_state(device);
    roomos->last_id = 0;
}

// --- sending -----------------------------------------------------------------------------------

static uint32_t next_id(struct hw_device *device, struct hw_request *request)
{
    struct roomos *roomos = hw_device_driver_state(device);
    request->sequence = ++roomos->last_id;
    return request->sequence;
}

static void send_text(struct hw_device *device, struct hw_request *request, const char *text,
        int size, unsigned deadline_ms)
{
    if (size < 0) {
        hw_request_done(device, request, HW_BAD_VALUE);
        return;
    }
    hw_request_set_deadline(device, request, deadline_ms);
    hw_device_send(device, text, (size_t)size);
}

static void send_command(struct hw_device *device, struct hw_request *request, const char *command,
        const struct xapi_parameter *parameters)
{
    char text[XAPI_REQUEST_MAX];
    int size =
            xapi_write_command(text, sizeof(text), next_id(device, request), command, parameters);
    send_text(device, request, text, size, COMMAND_MS);
}

static void send_bare_command(
        struct hw_device *device, struct hw_request *request, const char *command)
{
    send_command(device, request, command, (struct xapi_parameter[]){ { NULL, NULL, 0 } });
}

static void send_get(struct hw_device *device, struct hw_request *request, const char *path)
{
    char text[XAPI_REQUEST_MAX];
    int size = xapi_write_get(text, sizeof(text), next_id(device, request), path);
    send_text(device, request, text, size, REPLY_MS);
}

static void start_power(struct hw_device *device, struct hw_request *request)
{
    send_bare_command(
            device, request, request->command.value ? "Standby/Deactivate" : "Standby/Activate");
}

static void start_volume(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "Level", NULL, request->command.value },
        { NULL, NULL, 0 } };
    if (request->command.value < 0 || request->command.value > 100)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        send_command(device, request, "Audio/Volume/Set", parameters);
}

static void start_mute(struct hw_device *device, struct hw_request *request)
{
    send_bare_command(device, request,
            request->command.value ? "Audio/Microphones/Mute" : "Audio/Microphones/Unmute");
}

// Whom to call is not a state: that is "dial".
static void start_call(struct hw_device *device, struct hw_request *request)
{
    if (request->command.value)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        send_bare_command(device, request, "Call/Disconnect");
}

static void start_dial(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "Number", request->command.to, 0 },
        { NULL, NULL, 0 } };
    send_command(device, request, "Dial", parameters);
}

static void send_preset(
        struct hw_device *device, struct hw_request *request, const char *command, bool has_camera)
{
    struct xapi_parameter parameters[] = { { "PresetId", NULL, request->command.value },
        { "CameraId", NULL, CAMERA }, { NULL, NULL, 0 } };
    if (!has_camera)
        parameters[1].name = NULL;
    if (request->command.value < 1 || request->command.value > PRESETS)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        send_command(device, request, command, parameters);
}

static void start_recall(struct hw_device *device, struct hw_request *request)
{
    send_preset(device, request, "Camera/Preset/Activate", false);
}

static void start_store(struct hw_device *device, struct hw_request *request)
{
    send_preset(device, request, "Camera/Preset/Store", true);
}

static void start_home(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "CameraId", NULL, CAMERA }, { NULL, NULL, 0 } };
    send_command(device, request, "Camera/PositionReset", parameters);
}

static void start_zoom(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "CameraId", NULL, CAMERA },
        { "Zoom", NULL, request->command.value }, { NULL, NULL, 0 } };
    send_command(device, request, "Camera/PositionSet", parameters);
}

static int64_t speed_of_percent(int percent)
{
    return MAX(1, (ABS(percent) * SPEED_MAX + 50) / 100);
}

static const char *direction(int percent, const char *positive, const char *negative)
{
    return percent > 0 ? positive : percent < 0 ? negative : "Stop";
}

static void start_drive(struct hw_device *device, struct hw_request *request)
{
    const struct hw_command *command = &request->command;
    const struct xapi_parameter parameters[] = {
        { "CameraId", NULL, CAMERA },
        { "Pan", direction(command->pan, "Right", "Left"), 0 },
        { "PanSpeed", NULL, speed_of_percent(command->pan) },
        { "Tilt", direction(command->tilt, "Up", "Down"), 0 },
        { "TiltSpeed", NULL, speed_of_percent(command->tilt) },
        { NULL, NULL, 0 },
    };
    send_command(device, request, "Camera/Ramp", parameters);
}

static void start_drive_zoom(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = {
        { "CameraId", NULL, CAMERA },
        { "Zoom", direction(request->command.zoom, "In", "Out"), 0 },
        { "ZoomSpeed", NULL, speed_of_percent(request->command.zoom) },
        { NULL, NULL, 0 },
    };
    send_command(device, request, "Camera/Ramp", parameters);
}

static void start_stop(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "CameraId", NULL, CAMERA }, { "Pan", "Stop", 0 },
        { "Tilt", "Stop", 0 }, { NULL, NULL, 0 } };
    send_command(device, request, "Camera/Ramp", parameters);
}

static void start_stop_zoom(struct hw_device *device, struct hw_request *request)
{
    const struct xapi_parameter parameters[] = { { "CameraId", NULL, CAMERA },
        { "Zoom", "Stop", 0 }, { NULL, NULL, 0 } };
    send_command(device, request, "Camera/Ramp", parameters);
}

static const struct row *find_row(enum hw_field field)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].field == field)
            return &rows[i];
    return NULL;
}

static void start_read(struct hw_device *device, struct hw_request *request)
{
    const struct row *row = find_row(request->command.field);
    if (row)
        send_get(device, request, row->path);
    else
        hw_request_done(device, request, HW_UNSUPPORTED);
}

// First who it is; then each subscription in turn.
static void start_identify(struct hw_device *device, struct hw_request *request)
{
    send_get(device, request, "Status/SystemUnit");
}

static void subscribe_next(struct hw_device *device, struct hw_request *request)
{
    char text[XAPI_REQUEST_MAX];
    if (request->phase == COUNT_OF(subscriptions)) {
        hw_request_done(device, request, HW_OK);
        return;
    }
    const char *path = subscriptions[request->phase++];
    int size = xapi_write_subscribe(text, sizeof(text), next_id(device, request), path);
    send_text(device, request, text, size, REPLY_MS);
}

// --- what comes back ---------------------------------------------------------------------------

static bool observe(struct hw_device *device, const struct row *row,
        const struct xapi_message *message, const char *path)
{
    int64_t number;
    char text[32];
    if (!row->words) {
        if (!xapi_find_number(message, path, &number))
            return false;
        hw_device_observed(device, row->field, row->field == HW_CALL ? number > 0 : number);
        return true;
    }
    if (!xapi_find_text(message, path, text, sizeof(text)))
        return false;
    const struct word *word = row->words;
    while (word->text && strcmp(word->text, text) != 0)
        word++;
    if (word->text)
        hw_device_observed(device, row->field, word->value);
    return word->text != NULL;
}

static enum hw_result take_identity(struct hw_device *device, const struct xapi_message *message)
{
    char product[32];
    char serial[24] = "";
    char version[16] = "";
    char model[80];
    if (!xapi_find_text(message, "ProductPlatform", product, sizeof(product)) &&
            !xapi_find_text(message, "ProductId", product, sizeof(product)))
        return HW_BAD_ANSWER;
    xapi_find_text(message, "Hardware/Module/SerialNumber", serial, sizeof(serial));
    xapi_find_text(message, "Software/Version", version, sizeof(version));
    g_snprintf(model, sizeof(model), "%s%s%s%s%s", product, serial[0] ? " " : "", serial,
            version[0] ? " " : "", version);
    hw_device_set_model(device, model);
    return HW_OK;
}

static enum hw_result error_result(int error)
{
    switch (error) {
    case XAPI_METHOD_NOT_FOUND:
    case XAPI_INVALID_PATH: // this model has no such thing
        return HW_UNSUPPORTED;
    case XAPI_ILLEGAL_VALUE:
    case XAPI_PARAMETER_ERROR:
    case XAPI_INVALID_PARAMETERS:
        return HW_BAD_VALUE;
    default:
        return HW_NOT_NOW;
    }
}

static void take_result(
        struct hw_device *device, struct hw_request *request, const struct xapi_message *message)
{
    if (request->command.verb == HW_IDENTIFY) {
        enum hw_result result = request->phase == 0 ? take_identity(device, message) : HW_OK;
        if (result == HW_OK)
            subscribe_next(device, request);
        else
            hw_request_done(device, request, result);
        return;
    }
    bool is_read = request->is_verifying || request->command.verb == HW_READ;
    bool is_understood = !is_read || observe(device, find_row(request->command.field), message, "");
    hw_request_done(device, request, is_understood ? HW_OK : HW_BAD_ANSWER);
}

static void take_answer(struct hw_device *device, const struct xapi_message *message)
{
    struct hw_request *request;
    size_t at = 0;
    while ((request = hw_device_in_flight(device, at)) && request->sequence != message->id)
        at++;
    if (!request) { // of one that was given up
        return;
    }
    // What can not be subscribed to is polled.
    bool is_subscription = request->command.verb == HW_IDENTIFY && request->phase > 0;
    if (message->kind == XAPI_RESULT || is_subscription)
        take_result(device, request, message);
    else
        hw_request_done(device, request, error_result(message->error));
}

static void roomos_received(struct hw_device *device, const uint8_t *data, size_t size)
{
    struct xapi_message message;
    if (xapi_parse((const char *)data, size, &message) < 0) {
        hw_device_count_malformed(device);
        return;
    }
    switch (message.kind) {
    case XAPI_FEEDBACK:
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            observe(device, &rows[i], &message, rows[i].path);
        break;
    case XAPI_RESULT:
    case XAPI_ERROR:
        take_answer(device, &message);
        break;
    case XAPI_REQUEST:
        hw_device_count_malformed(device);
        break;
    }
    xapi_message_clear(&message);
}

static const enum hw_field polled[] = { HW_POWER, HW_VOLUME, HW_MUTE, HW_CALL, HW_FIELD_COUNT };

static const struct hw_power_ability power = { .set = start_power };

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

static const struct hw_call_ability call = {
    .volume = start_volume,
    .mute = start_mute,
    .call = start_call,
    .dial = start_dial,
};

const struct hw_driver hw_roomos = {
    .name = "roomos",
    .tcp_port = 443,
    .web_socket_path = "/ws",
    .state_size = sizeof(struct roomos),
    .max_in_flight = 1,
    .preset_first = 1,
    .preset_last = PRESETS,
    .poll_ms = 1500,
    .verify_ms = 300,
    .verify_tries = 10,
    .polled = polled,
    .link_up = roomos_link_up,
    .identify = start_identify,
    .read = start_read,
    .received = roomos_received,
    .power = &power,
    .camera = &camera,
    .call = &call,
};
