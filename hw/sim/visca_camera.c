// SPDX-License-Identifier: Apache-2.0
// Poses as a camera that speaks VISCA: with two command sockets, motors that take their time, a
// standby in which it only answers for its power, and presets that survive a power cut.
#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/codec/visca_codec.h"
#include "hw/listener.h"
#include "hw/sim/posed.h"

#define LOG_TOPIC "visca-sim"

enum {
    SOCKETS = 2,
    PRESETS = 255,
    PEERS = 16,
    SLOW_MS = 1500,
    POWER_MS = 300,
    STORE_MS = 50,
    PAN_LIMIT = 2448,
    TILT_LIMIT = 1296,
    ZOOM_LIMIT = 16384,
};

struct pose {
    double pan;
    double tilt;
    double zoom;
};

// Where an answer goes: by TCP to a client, else by UDP to an address, with Sony's header or bare.
struct route {
    uint32_t client; // 0: UDP
    struct hw_address peer;
    bool has_header;
    uint32_t sequence;
};

// One who speaks UDP with us, and the number that must come next.
struct udp_peer {
    struct hw_address address;
    bool is_reset; // it has agreed on numbers since the camera came up
    uint32_t expected;
};

struct camera {
    struct sim_device device; // first
    struct loop *loop;
    struct sim_later *later;
    struct hw_port *port;
    struct hw_listener *listener;
    unsigned move_ms;
    unsigned boot_ms;
    unsigned address;

    bool is_booting;
    bool is_on;
    struct pose from;
    struct pose to;
    int64_t moved_ms; // when the move began
    int64_t move_duration_ms;
    double pan_speed; // per second, while driven
    double tilt_speed;
    double zoom_speed;
    bool is_preset_known[PRESETS];
    struct pose presets[PRESETS];
    int last_preset;

    struct command_socket {
        bool is_busy;
        bool moves;
        uint32_t job; // tells a stale timer from its own
        struct route route;
    } sockets[SOCKETS];
    uint32_t last_job;
    struct udp_peer peers[PEERS];
    size_t next_peer;
    uint64_t commands;
    uint64_t inquiries;
    uint64_t stops;
    int64_t stopped_ms; // when the last stop came, on the wall's clock
    uint64_t sequence_errors;
};

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

// --- motors ------------------------------------------------------------------------------------

static bool is_driven(const struct camera *camera)
{
    return camera->pan_speed != 0 || camera->tilt_speed != 0 || camera->zoom_speed != 0;
}

static struct pose pose_now(const struct camera *camera)
{
    double elapsed_ms = (double)(now_ms() - camera->moved_ms);
    if (is_driven(camera)) {
        double seconds = elapsed_ms / 1000;
        return (struct pose){
            CLAMP(camera->from.pan + camera->pan_speed * seconds, -PAN_LIMIT, PAN_LIMIT),
            CLAMP(camera->from.tilt + camera->tilt_speed * seconds, -TILT_LIMIT, TILT_LIMIT),
            CLAMP(camera->from.zoom + camera->zoom_speed * seconds, 0, ZOOM_LIMIT),
        };
    }
    if (camera->move_duration_ms == 0 || elapsed_ms >= (double)camera->move_duration_ms)
        return camera->to;
    double part = elapsed_ms / (double)camera->move_duration_ms;
    return (struct pose){
        camera->from.pan + (camera->to.pan - camera->from.pan) * part,
        camera->from.tilt + (camera->to.tilt - camera->from.tilt) * part,
        camera->from.zoom + (camera->to.zoom - camera->from.zoom) * part,
    };
}

static bool is_moving(const struct camera *camera)
{
    return is_driven(camera) || now_ms() < camera->moved_ms + camera->move_duration_ms;
}

// Stands still where it is, and begins anew from there.
static void begin_motion(struct camera *camera)
{
    camera->from = pose_now(camera);
    camera->to = camera->from;
    camera->moved_ms = now_ms();
    camera->move_duration_ms = 0;
    camera->pan_speed = camera->tilt_speed = camera->zoom_speed = 0;
}

static void move_to(struct camera *camera, struct pose target)
{
    begin_motion(camera);
    bool is_there = fabs(target.pan - camera->from.pan) < 1 &&
                    fabs(target.tilt - camera->from.tilt) < 1 &&
                    fabs(target.zoom - camera->from.zoom) < 1;
    camera->to = target;
    camera->move_duration_ms = is_there ? 0 : camera->move_ms;
}

// --- answering ---------------------------------------------------------------------------------

struct answer {
    struct route route;
    uint16_t type;
    uint8_t payload[VISCA_PACKET_MAX];
    size_t size;
};

static void put_on_wire(void *context, const void *data, size_t data_size)
{
    struct camera *camera = context;
    struct answer answer;
    memcpy(&answer, data, MIN(data_size, sizeof(answer)));
    if (answer.route.client) {
        hw_listener_send(camera->listener, answer.route.client, answer.payload, answer.size);
        return;
    }
    if (!answer.route.has_header) {
        hw_port_send(camera->port, &answer.route.peer, answer.payload, answer.size);
        return;
    }
    struct visca_datagram datagram = {
        .type = answer.type,
        .sequence = answer.route.sequence,
        .size = answer.size,
    };
    memcpy(datagram.payload, answer.payload, answer.size);
    uint8_t bytes[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    int size = visca_write_datagram(&out, &datagram);
    if (size > 0)
        hw_port_send(camera->port, &answer.route.peer, bytes, (size_t)size);
}

static void send_answer(struct camera *camera, const struct answer *answer)
{
    if (camera->device.fault == SIM_FAULT_SLOW)
        sim_later_add(camera->later, SLOW_MS, put_on_wire, camera, answer, sizeof(*answer));
    else
        put_on_wire(camera, answer, sizeof(*answer));
}

static void reply(struct camera *camera, const struct route *route, struct visca_reply reply)
{
    struct answer answer = { .route = *route, .type = VISCA_TYPE_REPLY };
    reply.sender = (uint8_t)(camera->address - 8);
    struct bytes_writer out;
    bytes_writer_init(&out, answer.payload, sizeof(answer.payload));
    int size = visca_write_reply(&out, &reply);
    if (size < 0)
        return;
    answer.size = (size_t)size;
    // VISCA has no checksum: what a bad line garbles is a byte.
    if (camera->device.fault == SIM_FAULT_CHECKSUM)
        answer.payload[1] = 0x1f;
    send_answer(camera, &answer);
}

static void reply_error(
        struct camera *camera, const struct route *route, uint8_t socket, enum visca_error error)
{
    reply(camera, route,
            (struct visca_reply){ .kind = VISCA_ERROR, .socket = socket, .error = (uint8_t)error });
}

static void reply_control(
        struct camera *camera, const struct route *route, const uint8_t *payload, size_t size)
{
    struct answer answer = { .route = *route, .type = VISCA_TYPE_CONTROL_REPLY, .size = size };
    memcpy(answer.payload, payload, size);
    send_answer(camera, &answer);
}

// --- commands ----------------------------------------------------------------------------------

struct completion {
    unsigned socket; // from 1
    uint32_t job;
};

static void complete(void *context, const void *data, size_t size)
{
    struct camera *camera = context;
    struct completion completion;
    memcpy(&completion, data, MIN(size, sizeof(completion)));
    struct command_socket *socket = &camera->sockets[completion.socket - 1];
    if (!socket->is_busy || socket->job != completion.job)
        return;
    socket->is_busy = false;
    reply(camera, &socket->route,
            (struct visca_reply){ .kind = VISCA_COMPLETION, .socket = (uint8_t)completion.socket });
}

// A new order to the motors ends the one before.
static void end_moves(struct camera *camera)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        struct command_socket *socket = &camera->sockets[i];
        if (!socket->is_busy || !socket->moves)
            continue;
        socket->is_busy = false;
        reply(camera, &socket->route,
                (struct visca_reply){ .kind = VISCA_COMPLETION, .socket = (uint8_t)(i + 1) });
    }
}

static void accept_command(
        struct camera *camera, const struct route *route, bool moves, unsigned duration_ms)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        struct command_socket *socket = &camera->sockets[i];
        if (socket->is_busy)
            continue;
        *socket = (struct command_socket){
            .is_busy = true,
            .moves = moves,
            .job = ++camera->last_job,
            .route = *route,
        };
        reply(camera, route, (struct visca_reply){ .kind = VISCA_ACK, .socket = (uint8_t)(i + 1) });
        struct completion completion = { i + 1, socket->job };
        sim_later_add(
                camera->later, duration_ms, complete, camera, &completion, sizeof(completion));
        return;
    }
}

static bool has_free_socket(const struct camera *camera)
{
    return !camera->sockets[0].is_busy || !camera->sockets[1].is_busy;
}

static void run_preset(struct camera *camera, const struct visca_command *command)
{
    switch (command->action) {
    case VISCA_PRESET_RECALL:
        if (camera->is_preset_known[command->preset])
            move_to(camera, camera->presets[command->preset]);
        camera->last_preset = command->preset;
        break;
    case VISCA_PRESET_STORE:
        camera->presets[command->preset] = pose_now(camera);
        camera->is_preset_known[command->preset] = true;
        break;
    case VISCA_PRESET_CLEAR:
        camera->is_preset_known[command->preset] = false;
        break;
    }
}

static void run_drive(struct camera *camera, const struct visca_command *command)
{
    double zoom_speed = camera->zoom_speed;
    begin_motion(camera);
    camera->zoom_speed = zoom_speed;
    camera->pan_speed = command->pan_speed * 60;
    camera->tilt_speed = command->tilt_speed * 60;
    if (command->pan_speed == 0 && command->tilt_speed == 0)
        camera->stops++;
    camera->stopped_ms = g_get_real_time() / 1000;
    camera->last_preset = -1;
}

static void run_zoom_drive(struct camera *camera, const struct visca_command *command)
{
    double pan_speed = camera->pan_speed;
    double tilt_speed = camera->tilt_speed;
    begin_motion(camera);
    camera->pan_speed = pan_speed;
    camera->tilt_speed = tilt_speed;
    camera->zoom_speed = command->zoom * 800;
}

static bool is_motion(const struct visca_command *command)
{
    switch (command->kind) {
    case VISCA_DRIVE:
    case VISCA_ABSOLUTE:
    case VISCA_HOME:
    case VISCA_PAN_TILT_RESET:
    case VISCA_ZOOM_DRIVE:
    case VISCA_ZOOM_DIRECT:
        return true;
    case VISCA_PRESET:
        return command->action == VISCA_PRESET_RECALL;
    default:
        return false;
    }
}

static void run(struct camera *camera, const struct visca_command *command)
{
    struct pose target = pose_now(camera);
    switch (command->kind) {
    case VISCA_POWER:
        camera->is_on = command->on;
        break;
    case VISCA_PRESET:
        run_preset(camera, command);
        break;
    case VISCA_DRIVE:
        run_drive(camera, command);
        break;
    case VISCA_ZOOM_DRIVE:
        run_zoom_drive(camera, command);
        break;
    case VISCA_ABSOLUTE:
        target.pan = command->pan;
        target.tilt = command->tilt;
        camera->last_preset = -1;
        move_to(camera, target);
        break;
    case VISCA_ZOOM_DIRECT:
        target.zoom = command->zoom;
        move_to(camera, target);
        break;
    default: // home, reset
        camera->last_preset = -1;
        move_to(camera, (struct pose){ 0 });
        break;
    }
}

static unsigned duration_ms(const struct camera *camera, const struct visca_command *command)
{
    switch (command->kind) {
    case VISCA_POWER:
        return POWER_MS;
    case VISCA_DRIVE:
    case VISCA_ZOOM_DRIVE:
        return 0;
    case VISCA_PRESET:
        return command->action == VISCA_PRESET_RECALL ? (unsigned)camera->move_duration_ms
                                                      : STORE_MS;
    default:
        return (unsigned)camera->move_duration_ms;
    }
}

static void take_cancel(struct camera *camera, const struct route *route, uint8_t number)
{
    struct command_socket *socket =
            number >= 1 && number <= SOCKETS ? &camera->sockets[number - 1] : NULL;
    if (!socket || !socket->is_busy) {
        reply_error(camera, route, number, VISCA_NO_SOCKET);
        return;
    }
    socket->is_busy = false;
    if (socket->moves)
        begin_motion(camera);
    reply_error(camera, route, number, VISCA_CANCELLED);
}

static void take_inquiry(struct camera *camera, const struct route *route, enum visca_kind kind)
{
    struct visca_reply answer = { .kind = VISCA_ANSWER };
    struct bytes_writer out;
    bytes_writer_init(&out, answer.data, sizeof(answer.data));
    struct pose pose = pose_now(camera);
    switch (kind) {
    case VISCA_VERSION_INQUIRY:
        bytes_put_u16(&out, 0x0001); // Sony
        bytes_put_u16(&out, 0x0513); // SRG-300H
        bytes_put_u16(&out, 0x0200);
        bytes_put_u8(&out, SOCKETS);
        break;
    case VISCA_POWER_INQUIRY:
        bytes_put_u8(&out, camera->is_on ? 2 : 3);
        break;
    case VISCA_POSITION_INQUIRY:
        visca_put_nibbles(&out, (uint16_t)(int16_t)lround(pose.pan), 4);
        visca_put_nibbles(&out, (uint16_t)(int16_t)lround(pose.tilt), 4);
        break;
    default: // zoom
        visca_put_nibbles(&out, (uint16_t)lround(pose.zoom), 4);
        break;
    }
    answer.size = bytes_writer_size(&out);
    camera->inquiries++;
    reply(camera, route, answer);
}

static bool answers_in_standby(enum visca_kind kind)
{
    return kind == VISCA_POWER || kind == VISCA_POWER_INQUIRY || kind == VISCA_VERSION_INQUIRY ||
           kind == VISCA_CLEAR || kind == VISCA_ADDRESS_SET;
}

static void take_command(
        struct camera *camera, const struct route *route, const struct visca_command *command)
{
    if (!camera->is_on && !answers_in_standby(command->kind)) {
        reply_error(camera, route, 1, VISCA_NOT_EXECUTABLE);
        return;
    }
    if (visca_is_inquiry(command->kind)) {
        take_inquiry(camera, route, command->kind);
        return;
    }
    switch (command->kind) {
    case VISCA_ADDRESS_SET:
        reply(camera, route,
                (struct visca_reply){ .kind = VISCA_ADDRESS_REPLY, .data = { 2 }, .size = 1 });
        return;
    case VISCA_CLEAR:
        reply(camera, route, (struct visca_reply){ .kind = VISCA_COMPLETION });
        return;
    case VISCA_CANCEL:
        take_cancel(camera, route, command->socket);
        return;
    default:
        break;
    }
    camera->commands++;
    if (camera->device.fault == SIM_FAULT_REFUSE) {
        reply_error(camera, route, 1, VISCA_NOT_EXECUTABLE);
        return;
    }
    if (is_motion(command))
        end_moves(camera);
    if (camera->device.fault == SIM_FAULT_BUSY || !has_free_socket(camera)) {
        reply_error(camera, route, 0, VISCA_BUFFER_FULL);
        return;
    }
    if (camera->device.fault != SIM_FAULT_LIE)
        run(camera, command);
    accept_command(camera, route, is_motion(command), duration_ms(camera, command));
}

static void take_packet(
        struct camera *camera, const struct route *route, const struct visca_packet *packet)
{
    struct visca_command command;
    int rc = visca_parse_command(packet, &command);
    if (rc < 0)
        reply_error(camera, route, 0, rc == -EMSGSIZE ? VISCA_LENGTH_ERROR : VISCA_SYNTAX_ERROR);
    else
        take_command(camera, route, &command);
}

// --- fronts ------------------------------------------------------------------------------------

static bool is_dead(const struct camera *camera)
{
    return camera->is_booting || camera->device.fault == SIM_FAULT_OFF ||
           camera->device.fault == SIM_FAULT_DEAF;
}

static struct udp_peer *find_peer(struct camera *camera, const struct hw_address *address)
{
    for (size_t i = 0; i < PEERS; i++)
        if (hw_address_same_host(&camera->peers[i].address, address) &&
                hw_address_port(&camera->peers[i].address) == hw_address_port(address))
            return &camera->peers[i];
    struct udp_peer *peer = &camera->peers[camera->next_peer++ % PEERS];
    *peer = (struct udp_peer){ .address = *address };
    return peer;
}

static void take_control(
        struct camera *camera, const struct route *route, const struct visca_datagram *datagram)
{
    static const uint8_t reset[] = { VISCA_CONTROL_RESET };
    static const uint8_t abnormal[] = { VISCA_CONTROL_ABNORMAL_MESSAGE >> 8,
        VISCA_CONTROL_ABNORMAL_MESSAGE & 0xff };
    struct udp_peer *peer = find_peer(camera, &route->peer);
    if (datagram->size == 1 && datagram->payload[0] == VISCA_CONTROL_RESET) {
        peer->is_reset = true;
        peer->expected = 1;
        reply_control(camera, route, reset, sizeof(reset));
        return;
    }
    reply_control(camera, route, abnormal, sizeof(abnormal));
}

static void datagram_received(
        void *context, const struct hw_address *from, const uint8_t *data, size_t size)
{
    static const uint8_t wrong_number[] = { VISCA_CONTROL_ABNORMAL_SEQUENCE >> 8,
        VISCA_CONTROL_ABNORMAL_SEQUENCE & 0xff };
    struct camera *camera = context;
    if (is_dead(camera))
        return;
    struct route route = { .peer = *from };
    struct visca_datagram datagram;
    struct visca_packet packet;
    if (visca_parse_datagram(data, size, &datagram) < 0) {
        // Bare VISCA, as headerless clients send it.
        struct visca_stream stream;
        visca_stream_init(&stream);
        const uint8_t *at = data;
        while (visca_stream_take(&stream, &at, data + size, &packet))
            take_packet(camera, &route, &packet);
        return;
    }
    route.has_header = true;
    route.sequence = datagram.sequence;
    if (datagram.type == VISCA_TYPE_CONTROL) {
        take_control(camera, &route, &datagram);
        return;
    }
    struct udp_peer *peer = find_peer(camera, from);
    if (!peer->is_reset || datagram.sequence != peer->expected) {
        camera->sequence_errors++;
        reply_control(camera, &route, wrong_number, sizeof(wrong_number));
        return;
    }
    peer->expected++;
    memcpy(packet.bytes, datagram.payload, datagram.size);
    packet.size = datagram.size;
    take_packet(camera, &route, &packet);
}

static bool client_accepted(void *context, struct hw_client *client)
{
    const struct camera *camera = context;
    if (camera->device.fault == SIM_FAULT_LOCK)
        return false;
    struct visca_stream *stream = g_new0(struct visca_stream, 1);
    visca_stream_init(stream);
    hw_client_set_data(client, stream);
    return true;
}

static void client_received(
        void *context, struct hw_client *client, const uint8_t *data, size_t size)
{
    struct camera *camera = context;
    if (is_dead(camera))
        return;
    struct route route = { .client = hw_client_id(client) };
    struct visca_packet packet;
    const uint8_t *at = data;
    while (visca_stream_take(hw_client_data(client), &at, data + size, &packet))
        take_packet(camera, &route, &packet);
}

// --- power cuts and the like -------------------------------------------------------------------

static void forget_peers(struct camera *camera)
{
    memset(camera->peers, 0, sizeof(camera->peers));
    if (camera->listener)
        hw_listener_forget(camera->listener);
}

static void power_lost(struct camera *camera)
{
    sim_later_clear(camera->later);
    memset(camera->sockets, 0, sizeof(camera->sockets));
    memset(camera->peers, 0, sizeof(camera->peers));
    begin_motion(camera);
    if (camera->listener)
        hw_listener_set_on(camera->listener, false);
}

static void booted(void *context, const void *data, size_t size)
{
    struct camera *camera = context;
    (void)data;
    (void)size;
    camera->is_booting = false;
    camera->is_on = true;
    camera->last_preset = -1;
    camera->from = camera->to = (struct pose){ 0 }; // cameras find their zero when they start
    if (camera->listener)
        hw_listener_set_on(camera->listener, true);
}

static void camera_set_fault(struct sim_device *device, enum sim_fault fault)
{
    struct camera *camera = (struct camera *)device;
    bool was_off = device->fault == SIM_FAULT_OFF;
    bool boots = fault == SIM_FAULT_RESTART || (was_off && fault != SIM_FAULT_OFF);
    device->fault = fault == SIM_FAULT_RESTART ? SIM_FAULT_NONE : fault;
    if (fault == SIM_FAULT_OFF || boots)
        power_lost(camera);
    if (fault == SIM_FAULT_HALF_OPEN)
        forget_peers(camera);
    if (fault == SIM_FAULT_LOCK && camera->listener)
        hw_listener_cut(camera->listener, NULL);
    camera->is_booting = boots;
    if (boots)
        sim_later_add(camera->later, camera->boot_ms, booted, camera, NULL, 0);
}

static void camera_write_state(struct sim_device *device, GString *json)
{
    struct camera *camera = (struct camera *)device;
    struct pose pose = pose_now(camera);
    g_string_append_printf(json,
            ",\"power\":%s,\"pan\":%ld,\"tilt\":%ld,\"zoom\":%ld,\"preset\":%d,\"moving\":%s",
            camera->is_on ? "true" : "false", lround(pose.pan), lround(pose.tilt),
            lround(pose.zoom), camera->last_preset, is_moving(camera) ? "true" : "false");
    g_string_append_printf(json,
            ",\"commands\":%" G_GUINT64_FORMAT ",\"inquiries\":%" G_GUINT64_FORMAT
            ",\"stops\":%" G_GUINT64_FORMAT ",\"stopped_at_ms\":%" G_GINT64_FORMAT
            ",\"sequence_errors\":%" G_GUINT64_FORMAT,
            camera->commands, camera->inquiries, camera->stops, camera->stopped_ms,
            camera->sequence_errors);
    g_string_append_printf(json, ",\"udp_port\":%u,\"tcp_port\":%u",
            camera->port ? hw_port_number(camera->port) : 0,
            camera->listener ? hw_listener_port(camera->listener) : 0);
}

static void camera_free(struct sim_device *device)
{
    struct camera *camera = (struct camera *)device;
    sim_later_free(camera->later);
    hw_port_close(camera->port);
    hw_listener_close(camera->listener);
    g_free(device->name);
    g_free(camera);
}

static const struct sim_device_class camera_class = {
    .kind = "visca",
    .free = camera_free,
    .set_fault = camera_set_fault,
    .write_state = camera_write_state,
};

// --- opening -----------------------------------------------------------------------------------

// Without settings, eight presets in a row from left to right.
static void make_presets(struct camera *camera)
{
    for (int number = 1; number <= 8; number++) {
        camera->presets[number] =
                (struct pose){ (number - 4) * 300, (number % 3) * 90, number * 500 };
        camera->is_preset_known[number] = true;
    }
}

static bool read_preset(const char *text, gint64 value[4])
{
    static const gint64 low[] = { 0, -PAN_LIMIT, -TILT_LIMIT, 0 };
    static const gint64 high[] = { PRESETS - 1, PAN_LIMIT, TILT_LIMIT, ZOOM_LIMIT };
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    bool is_good = g_strv_length(parts) == 4;
    for (int i = 0; is_good && i < 4; i++)
        is_good = g_ascii_string_to_signed(parts[i], 10, low[i], high[i], &value[i], NULL);
    return is_good;
}

bool sim_visca_is_preset(const char *text)
{
    gint64 value[4];
    return read_preset(text, value);
}

static char *read_presets(struct camera *camera, char *const *texts)
{
    for (; *texts; texts++) {
        gint64 value[4];
        if (!read_preset(*texts, value))
            return g_strdup_printf("preset '%s' is not NUMBER:PAN:TILT:ZOOM", *texts);
        camera->presets[value[0]] =
                (struct pose){ (double)value[1], (double)value[2], (double)value[3] };
        camera->is_preset_known[value[0]] = true;
    }
    return NULL;
}

int sim_visca_open(struct loop *loop, const struct sim_visca_config *config,
        struct sim_device **out, char **fault)
{
    static const struct hw_listener_handler handler = {
        .accepted = client_accepted,
        .received = client_received,
    };
    struct camera *camera = g_new0(struct camera, 1);
    camera->device.class = &camera_class;
    camera->device.name = g_strdup(config->name);
    camera->loop = loop;
    camera->later = sim_later_new(loop);
    camera->move_ms = config->move_ms;
    camera->boot_ms = config->boot_ms;
    camera->address = config->address;
    camera->is_on = true;
    camera->last_preset = -1;
    make_presets(camera);

    int rc = -EINVAL;
    *fault = read_presets(camera, config->presets);
    if (*fault)
        goto fail;
    rc = config->listen[0]
                 ? hw_port_open(loop, config->listen, datagram_received, camera, &camera->port)
                 : 0;
    if (rc == 0 && config->tcp_listen[0])
        rc = hw_listener_open(loop, config->tcp_listen, &handler, camera, &camera->listener);
    if (rc < 0) {
        *fault = g_strdup_printf("camera %s can not listen on %s %s: %s", config->name,
                config->listen, config->tcp_listen, g_strerror(-rc));
        goto fail;
    }
    log_info("listening device=%s kind=visca udp_port=%u tcp_port=%u", config->name,
            camera->port ? hw_port_number(camera->port) : 0,
            camera->listener ? hw_listener_port(camera->listener) : 0);
    *out = &camera->device;
    return 0;

fail:
    camera_free(&camera->device);
    return rc;
}
