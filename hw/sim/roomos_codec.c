// SPDX-License-Identifier: Apache-2.0
// Poses as a room codec that speaks xAPI over a WebSocket: calls, microphones, volume, a camera,
// standby, and feedback to whoever subscribed to it.
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/codec/xapi_codec.h"
#include "hw/sim/posed.h"
#include "hw/sim/web_socket.h"

#define LOG_TOPIC "roomos-sim"

enum {
    SLOW_MS = 1500,
    SUBSCRIPTIONS = 16, // of one client
    PRESETS = 35,
    START_VOLUME = 50,
    STATUSES = 16,
    PAN_LIMIT = 10000,
    TILT_LIMIT = 2500,
    ZOOM_LIMIT = 11800,
    STEP = 100, // of a camera a second, at speed 1
};

struct axis {
    double from;
    double speed; // a second
    int64_t since_ms;
    double low;
    double high;
};

struct pose {
    double pan;
    double tilt;
    double zoom;
};

struct codec {
    struct sim_device device; // first
    struct sim_later *later;
    struct sim_socket *socket;
    unsigned boot_ms;
    char *platform;
    char *serial;

    bool is_booting;
    bool is_awake;
    bool is_muted;
    int64_t volume;
    unsigned calls;
    char dialled[XAPI_PATH_MAX];
    struct axis pan;
    struct axis tilt;
    struct axis zoom;
    struct pose presets[PRESETS + 1];
    bool is_preset_known[PRESETS + 1];
    uint64_t commands;
    uint64_t reads;
    uint64_t stops;
};

// What a client subscribed to, and whether its connection died without anybody telling.
struct client {
    char paths[SUBSCRIPTIONS][XAPI_PATH_MAX];
    bool is_deaf;
};

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

// --- the camera --------------------------------------------------------------------------------

static double axis_now(const struct axis *axis)
{
    double seconds = (double)(now_ms() - axis->since_ms) / 1000;
    return CLAMP(axis->from + axis->speed * seconds, axis->low, axis->high);
}

static void axis_move(struct axis *axis, double speed)
{
    axis->from = axis_now(axis);
    axis->since_ms = now_ms();
    axis->speed = speed;
}

static void axis_put(struct axis *axis, double at)
{
    axis->from = CLAMP(at, axis->low, axis->high);
    axis->since_ms = now_ms();
    axis->speed = 0;
}

static void put_pose(struct codec *codec, struct pose pose)
{
    axis_put(&codec->pan, pose.pan);
    axis_put(&codec->tilt, pose.tilt);
    axis_put(&codec->zoom, pose.zoom);
}

// --- what it tells -----------------------------------------------------------------------------

static void read_statuses(const struct codec *codec, struct xapi_status out[STATUSES])
{
    const struct xapi_status statuses[] = {
        { "Status/Standby/State", codec->is_awake ? "Off" : "Standby", 0 },
        { "Status/Audio/Volume", NULL, codec->volume },
        { "Status/Audio/Microphones/Mute", codec->is_muted ? "On" : "Off", 0 },
        { "Status/SystemUnit/ProductId", "Cisco Codec", 0 },
        { "Status/SystemUnit/ProductPlatform", codec->platform, 0 },
        { "Status/SystemUnit/Hardware/Module/SerialNumber", codec->serial, 0 },
        { "Status/SystemUnit/Software/Version", "ce11.1.0", 0 },
        { "Status/SystemUnit/State/NumberOfActiveCalls", NULL, codec->calls },
        { "Status/Cameras/Camera/1/Position/Pan", NULL, lround(axis_now(&codec->pan)) },
        { "Status/Cameras/Camera/1/Position/Tilt", NULL, lround(axis_now(&codec->tilt)) },
        { "Status/Cameras/Camera/1/Position/Zoom", NULL, lround(axis_now(&codec->zoom)) },
        { NULL, NULL, 0 },
    };
    memcpy(out, statuses, sizeof(statuses));
}

static bool is_below(const char *path, const char *top)
{
    size_t length = strlen(top);
    return g_ascii_strncasecmp(path, top, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

struct delayed {
    uint32_t session;
    char text[XAPI_REQUEST_MAX];
};

static void put_on_wire(void *context, const void *data, size_t size)
{
    struct codec *codec = context;
    const struct delayed *delayed = data;
    (void)size;
    struct sim_session *session = sim_socket_find(codec->socket, delayed->session);
    if (session)
        sim_session_send(session, delayed->text, strlen(delayed->text));
}

static void tell(struct codec *codec, struct sim_session *session, char *text, int size)
{
    if (size < 0)
        return;
    if (codec->device.fault == SIM_FAULT_CHECKSUM) // JSON has none: a brace is lost
        text[size - 1] = ' ';
    if (codec->device.fault != SIM_FAULT_SLOW) {
        sim_session_send(session, text, (size_t)size);
        return;
    }
    struct delayed delayed = { .session = sim_session_id(session) };
    g_strlcpy(delayed.text, text, sizeof(delayed.text));
    sim_later_add(codec->later, SLOW_MS, put_on_wire, codec, &delayed, sizeof(delayed));
}

static bool is_silent(const struct codec *codec, struct sim_session *session)
{
    const struct client *client = sim_session_data(session);
    return client->is_deaf || codec->is_booting || codec->device.fault == SIM_FAULT_DEAF ||
           codec->device.fault == SIM_FAULT_OFF;
}

static void tell_status(struct codec *codec, struct sim_session *session, int subscription,
        const struct xapi_status *status)
{
    char text[XAPI_REQUEST_MAX];
    int size = xapi_write_feedback(text, sizeof(text), subscription, status);
    tell(codec, session, text, size);
}

// To everybody who asked for it: what lies at or below the path.
static void changed(struct codec *codec, const char *path)
{
    struct xapi_status statuses[STATUSES];
    read_statuses(codec, statuses);
    struct sim_session *session;
    for (unsigned i = 0; (session = sim_socket_at(codec->socket, i)); i++) {
        const struct client *client = sim_session_data(session);
        if (is_silent(codec, session))
            continue;
        for (int at = 0; at < SUBSCRIPTIONS; at++)
            for (const struct xapi_status *status = statuses; status->path; status++)
                if (client->paths[at][0] && is_below(status->path, path) &&
                        is_below(status->path, client->paths[at]))
                    tell_status(codec, session, at, status);
    }
}

// --- commands: false for a parameter that is missing or wrong ----------------------------------

static bool run_dial(struct codec *codec, const struct xapi_message *request)
{
    char number[XAPI_PATH_MAX];
    if (!xapi_find_text(request, "Number", number, sizeof(number)) || !number[0])
        return false;
    g_strlcpy(codec->dialled, number, sizeof(codec->dialled));
    codec->calls++;
    codec->is_awake = true;
    changed(codec, "Status/Standby");
    changed(codec, "Status/SystemUnit/State");
    return true;
}

static bool run_disconnect(struct codec *codec, const struct xapi_message *request)
{
    (void)request;
    codec->calls = 0;
    changed(codec, "Status/SystemUnit/State");
    return true;
}

static bool run_volume(struct codec *codec, const struct xapi_message *request)
{
    int64_t level;
    if (!xapi_find_number(request, "Level", &level) || level < 0 || level > 100)
        return false;
    codec->volume = level;
    changed(codec, "Status/Audio/Volume");
    return true;
}

static void set_mute(struct codec *codec, bool is_muted)
{
    codec->is_muted = is_muted;
    changed(codec, "Status/Audio/Microphones");
}

static bool run_mute(struct codec *codec, const struct xapi_message *request)
{
    (void)request;
    set_mute(codec, true);
    return true;
}

static bool run_unmute(struct codec *codec, const struct xapi_message *request)
{
    (void)request;
    set_mute(codec, false);
    return true;
}

static void set_awake(struct codec *codec, bool is_awake)
{
    codec->is_awake = is_awake;
    changed(codec, "Status/Standby");
}

static bool run_sleep(struct codec *codec, const struct xapi_message *request)
{
    (void)request;
    set_awake(codec, false);
    return true;
}

static bool run_wake(struct codec *codec, const struct xapi_message *request)
{
    (void)request;
    set_awake(codec, true);
    return true;
}

// "Pan": "Left", "PanSpeed": 3. What is not named goes on as it was.
static bool ramp(struct axis *axis, const struct xapi_message *request, const char *name,
        const char *positive)
{
    char direction[16];
    g_autofree char *speed_name = g_strconcat(name, "Speed", NULL);
    int64_t speed = 1;
    if (!xapi_find_text(request, name, direction, sizeof(direction)))
        return true;
    if (xapi_find_number(request, speed_name, &speed) && (speed < 1 || speed > 15))
        return false;
    int sign = strcmp(direction, "Stop") == 0 ? 0 : strcmp(direction, positive) == 0 ? 1 : -1;
    axis_move(axis, (double)(sign * speed * STEP));
    return true;
}

static bool is_camera_one(const struct xapi_message *request)
{
    int64_t camera;
    return xapi_find_number(request, "CameraId", &camera) && camera == 1;
}

static bool run_ramp(struct codec *codec, const struct xapi_message *request)
{
    if (!is_camera_one(request) || !ramp(&codec->pan, request, "Pan", "Right") ||
            !ramp(&codec->tilt, request, "Tilt", "Up") ||
            !ramp(&codec->zoom, request, "Zoom", "In"))
        return false;
    codec->stops += codec->pan.speed == 0 && codec->tilt.speed == 0;
    return true;
}

static bool run_position_set(struct codec *codec, const struct xapi_message *request)
{
    int64_t at;
    if (!is_camera_one(request))
        return false;
    if (xapi_find_number(request, "Pan", &at))
        axis_put(&codec->pan, (double)at);
    if (xapi_find_number(request, "Tilt", &at))
        axis_put(&codec->tilt, (double)at);
    if (xapi_find_number(request, "Zoom", &at))
        axis_put(&codec->zoom, (double)at);
    return true;
}

static bool run_position_reset(struct codec *codec, const struct xapi_message *request)
{
    if (!is_camera_one(request))
        return false;
    put_pose(codec, (struct pose){ 0 });
    return true;
}

static bool run_store(struct codec *codec, const struct xapi_message *request)
{
    int64_t preset;
    if (!is_camera_one(request) || !xapi_find_number(request, "PresetId", &preset) || preset < 1 ||
            preset > PRESETS)
        return false;
    codec->presets[preset] =
            (struct pose){ axis_now(&codec->pan), axis_now(&codec->tilt), axis_now(&codec->zoom) };
    codec->is_preset_known[preset] = true;
    return true;
}

static bool run_activate(struct codec *codec, const struct xapi_message *request)
{
    int64_t preset;
    if (!xapi_find_number(request, "PresetId", &preset) || preset < 1 || preset > PRESETS ||
            !codec->is_preset_known[preset])
        return false;
    put_pose(codec, codec->presets[preset]);
    return true;
}

static const struct {
    const char *method;
    bool (*run)(struct codec *codec, const struct xapi_message *request);
} commands[] = {
    { "xCommand/Dial", run_dial },
    { "xCommand/Call/Disconnect", run_disconnect },
    { "xCommand/Audio/Volume/Set", run_volume },
    { "xCommand/Audio/Microphones/Mute", run_mute },
    { "xCommand/Audio/Microphones/Unmute", run_unmute },
    { "xCommand/Standby/Activate", run_sleep },
    { "xCommand/Standby/Deactivate", run_wake },
    { "xCommand/Camera/Ramp", run_ramp },
    { "xCommand/Camera/PositionSet", run_position_set },
    { "xCommand/Camera/PositionReset", run_position_reset },
    { "xCommand/Camera/Preset/Store", run_store },
    { "xCommand/Camera/Preset/Activate", run_activate },
};

// --- requests ----------------------------------------------------------------------------------

static void refuse(struct codec *codec, struct sim_session *session,
        const struct xapi_message *request, int code, const char *why)
{
    char text[XAPI_REQUEST_MAX];
    tell(codec, session, text, xapi_write_refusal(text, sizeof(text), request, code, why));
}

static void take_command(
        struct codec *codec, struct sim_session *session, const struct xapi_message *request)
{
    char text[XAPI_REQUEST_MAX];
    size_t at = 0;
    while (at < COUNT_OF(commands) && strcmp(commands[at].method, request->method) != 0)
        at++;
    codec->commands++;
    if (at == COUNT_OF(commands))
        refuse(codec, session, request, XAPI_METHOD_NOT_FOUND, "Method not found");
    else if (codec->device.fault == SIM_FAULT_REFUSE || codec->device.fault == SIM_FAULT_BUSY)
        refuse(codec, session, request, XAPI_COMMAND_ERROR, "Not available now");
    else if (codec->device.fault != SIM_FAULT_LIE && !commands[at].run(codec, request))
        refuse(codec, session, request, XAPI_INVALID_PARAMETERS, "Invalid params");
    else
        tell(codec, session, text, xapi_write_ok(text, sizeof(text), request));
}

static void take_get(
        struct codec *codec, struct sim_session *session, const struct xapi_message *request)
{
    char path[XAPI_PATH_MAX];
    char text[XAPI_REQUEST_MAX];
    struct xapi_status statuses[STATUSES];
    read_statuses(codec, statuses);
    codec->reads++;
    int size = xapi_read_path(request, path, sizeof(path))
                       ? xapi_write_value(text, sizeof(text), request, path, statuses)
                       : -EINVAL;
    if (size < 0)
        refuse(codec, session, request, XAPI_INVALID_PATH, "No match on Path argument");
    else
        tell(codec, session, text, size);
}

static void take_subscription(
        struct codec *codec, struct sim_session *session, const struct xapi_message *request)
{
    struct client *client = sim_session_data(session);
    char text[XAPI_REQUEST_MAX];
    int at = 0;
    while (at < SUBSCRIPTIONS && client->paths[at][0])
        at++;
    char path[XAPI_PATH_MAX];
    if (at == SUBSCRIPTIONS || !xapi_read_path(request, path, sizeof(path))) {
        refuse(codec, session, request, XAPI_INVALID_PARAMETERS, "Invalid params");
        return;
    }
    g_strlcpy(client->paths[at], path, XAPI_PATH_MAX);
    tell(codec, session, text, xapi_write_subscribed(text, sizeof(text), request, at));
    if (!xapi_find_flag(request, "NotifyCurrentValue"))
        return;
    struct xapi_status statuses[STATUSES];
    read_statuses(codec, statuses);
    for (const struct xapi_status *status = statuses; status->path; status++)
        if (is_below(status->path, client->paths[at]))
            tell_status(codec, session, at, status);
}

static void end_subscription(
        struct codec *codec, struct sim_session *session, const struct xapi_message *request)
{
    struct client *client = sim_session_data(session);
    char text[XAPI_REQUEST_MAX];
    int64_t at;
    if (!xapi_find_number(request, "Id", &at) || at < 0 || at >= SUBSCRIPTIONS) {
        refuse(codec, session, request, XAPI_INVALID_PARAMETERS, "Invalid params");
        return;
    }
    client->paths[at][0] = '\0';
    tell(codec, session, text, xapi_write_ok(text, sizeof(text), request));
}

static void session_received(
        void *context, struct sim_session *session, const char *text, size_t size)
{
    struct codec *codec = context;
    struct xapi_message request;
    if (is_silent(codec, session) || xapi_parse(text, size, &request) < 0)
        return;
    if (request.kind != XAPI_REQUEST)
        ;
    else if (g_str_has_prefix(request.method, "xCommand/"))
        take_command(codec, session, &request);
    else if (strcmp(request.method, "xGet") == 0)
        take_get(codec, session, &request);
    else if (strcmp(request.method, "xFeedback/Subscribe") == 0)
        take_subscription(codec, session, &request);
    else if (strcmp(request.method, "xFeedback/Unsubscribe") == 0)
        end_subscription(codec, session, &request);
    else
        refuse(codec, session, &request, XAPI_METHOD_NOT_FOUND, "Method not found");
    xapi_message_clear(&request);
}

static bool session_accepts(void *context)
{
    const struct codec *codec = context;
    return !codec->is_booting && codec->device.fault != SIM_FAULT_OFF &&
           codec->device.fault != SIM_FAULT_LOCK;
}

static void session_opened(void *context, struct sim_session *session)
{
    (void)context;
    sim_session_set_data(session, g_new0(struct client, 1));
}

static void session_closed(void *context, struct sim_session *session)
{
    (void)context;
    (void)session;
}

// --- power cuts and the like -------------------------------------------------------------------

static void start_anew(struct codec *codec)
{
    codec->is_awake = true;
    codec->is_muted = false;
    codec->volume = START_VOLUME;
    codec->calls = 0;
    put_pose(codec, (struct pose){ 0 });
}

static void booted(void *context, const void *data, size_t size)
{
    struct codec *codec = context;
    (void)data;
    (void)size;
    codec->is_booting = false;
    start_anew(codec);
}

// The connections that there are died without a word; new ones are as good as ever.
static void die_halfway(struct codec *codec)
{
    struct sim_session *session;
    for (unsigned i = 0; (session = sim_socket_at(codec->socket, i)); i++)
        ((struct client *)sim_session_data(session))->is_deaf = true;
}

static void codec_set_fault(struct sim_device *device, enum sim_fault fault)
{
    struct codec *codec = (struct codec *)device;
    bool was_off = device->fault == SIM_FAULT_OFF;
    bool boots = fault == SIM_FAULT_RESTART || (was_off && fault != SIM_FAULT_OFF);
    device->fault = fault == SIM_FAULT_RESTART ? SIM_FAULT_NONE : fault;
    if (fault == SIM_FAULT_OFF || fault == SIM_FAULT_LOCK || boots) {
        sim_later_clear(codec->later);
        sim_socket_cut(codec->socket);
    }
    if (fault == SIM_FAULT_HALF_OPEN)
        die_halfway(codec);
    codec->is_booting = boots;
    if (boots)
        sim_later_add(codec->later, codec->boot_ms, booted, codec, NULL, 0);
}

static void codec_write_state(struct sim_device *device, GString *json)
{
    struct codec *codec = (struct codec *)device;
    g_autofree char *dialled = g_strescape(codec->dialled, NULL);
    g_string_append_printf(json,
            ",\"power\":%s,\"volume\":%" G_GINT64_FORMAT
            ",\"mute\":%s,\"calls\":%u,\"dialled\":\"%s\"",
            codec->is_awake ? "true" : "false", codec->volume, codec->is_muted ? "true" : "false",
            codec->calls, dialled);
    g_string_append_printf(json, ",\"pan\":%ld,\"tilt\":%ld,\"zoom\":%ld",
            lround(axis_now(&codec->pan)), lround(axis_now(&codec->tilt)),
            lround(axis_now(&codec->zoom)));
    g_string_append_printf(json,
            ",\"commands\":%" G_GUINT64_FORMAT ",\"reads\":%" G_GUINT64_FORMAT
            ",\"stops\":%" G_GUINT64_FORMAT ",\"clients\":%u,\"refused_clients\":%u",
            codec->commands, codec->reads, codec->stops, sim_socket_sessions(codec->socket),
            sim_socket_refused(codec->socket));
    g_string_append_printf(json, ",\"fingerprint\":\"%s\",\"tcp_port\":%u",
            sim_socket_fingerprint(codec->socket), sim_socket_port(codec->socket));
}

static void codec_free(struct sim_device *device)
{
    struct codec *codec = (struct codec *)device;
    sim_later_free(codec->later);
    sim_socket_close(codec->socket);
    g_free(codec->platform);
    g_free(codec->serial);
    g_free(device->name);
    g_free(codec);
}

static const struct sim_device_class codec_class = {
    .kind = "roomos",
    .free = codec_free,
    .set_fault = codec_set_fault,
    .write_state = codec_write_state,
};

int sim_roomos_open(struct loop *loop, const struct sim_roomos_config *config,
        struct sim_device **out, char **fault)
{
    static const struct sim_socket_handler handler = {
        .accepts = session_accepts,
        .opened = session_opened,
        .received = session_received,
        .closed = session_closed,
    };
    struct codec *codec = g_new0(struct codec, 1);
    codec->device.class = &codec_class;
    codec->device.name = g_strdup(config->name);
    codec->later = sim_later_new(loop);
    codec->boot_ms = config->boot_ms;
    codec->platform = g_strdup(config->platform);
    codec->serial = g_strdup(config->serial);
    codec->pan = (struct axis){ .low = -PAN_LIMIT, .high = PAN_LIMIT };
    codec->tilt = (struct axis){ .low = -TILT_LIMIT, .high = TILT_LIMIT };
    codec->zoom = (struct axis){ .high = ZOOM_LIMIT };
    start_anew(codec);
    const struct sim_socket_config socket = {
        .name = config->name,
        .listen = config->listen,
        .path = "/ws",
        .user = config->user,
        .password = config->password,
    };
    int rc = sim_socket_open(loop, &socket, &handler, codec, &codec->socket);
    if (rc < 0) {
        *fault = g_strdup_printf(
                "codec %s can not listen on %s: %s", config->name, config->listen, g_strerror(-rc));
        codec_free(&codec->device);
        return rc;
    }
    log_info("listening device=%s kind=roomos tcp_port=%u fingerprint=%s", config->name,
            sim_socket_port(codec->socket), sim_socket_fingerprint(codec->socket));
    *out = &codec->device;
    return 0;
}
