// SPDX-License-Identifier: Apache-2.0
// Cameras that speak VISCA: over UDP 52381 with Sony's header or bare, over TCP 5678 or a serial
// line as a stream.
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "hw/codec/visca_codec.h"
#include "hw/driver.h"

enum {
    REPLY_MS = 500,
    PRESET_MS = 15000, // until the motors stand
    POWER_MS = 5000,
    PRESETS = 255,
    POSITION_TOLERANCE = 8, // in the camera's units: motors do not hit the same step twice
    PRESET_PAN_TILT_SPEED = 0x10,
};

struct position {
    bool is_known;
    int pan;
    int tilt;
};

struct preset {
    struct position learnt;   // where a recall of it ended
    struct position surprise; // where the last one ended instead, after a move
    uint32_t surprise_recall; // which recall that was
};

struct visca {
    uint32_t sequence; // of the last datagram sent
    bool was_abnormal; // the camera said so, and has taken no number since
    struct visca_stream in;
    int recalled; // the preset that the camera was last sent to; -1: moved by other means since
    uint32_t recalls;
    struct position at;       // as last read
    struct position before;   // where the last recall began
    struct position unproven; // where it ended, if nothing tells that from a camera that lies
    bool is_stored;           // the preset was stored where the camera stands: nothing to prove
    struct preset presets[PRESETS];
};

static void visca_init(struct hw_device *device)
{
    struct visca *visca = hw_device_driver_state(device);
    visca->recalled = -1;
}

static void visca_link_up(struct hw_device *device)
{
    struct visca *visca = hw_device_driver_state(device);
    visca->sequence = 0;
    visca->was_abnormal = false;
    visca_stream_init(&visca->in);
}

static bool has_header(const struct hw_device *device)
{
    return hw_device_is_datagram(device) && hw_device_options(device)->has_udp_header;
}

// --- sending -----------------------------------------------------------------------------------

static void send_command(
        struct hw_device *device, struct hw_request *request, struct visca_command command)
{
    struct visca *visca = hw_device_driver_state(device);
    if (command.kind != VISCA_ADDRESS_SET)
        command.camera =
                hw_device_is_datagram(device) ? 1 : (uint8_t)hw_device_options(device)->camera;

    uint8_t packet[VISCA_PACKET_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, packet, sizeof(packet));
    int size = visca_write_command(&out, &command);
    if (size < 0) {
        hw_request_done(device, request, HW_BAD_VALUE);
        return;
    }
    hw_request_set_deadline(device, request, REPLY_MS);
    request->sequence = ++visca->sequence;
    if (!has_header(device)) {
        hw_device_send(device, packet, (size_t)size);
        return;
    }
    struct visca_datagram datagram = {
        .type = visca_is_inquiry(command.kind) ? VISCA_TYPE_INQUIRY : VISCA_TYPE_COMMAND,
        .sequence = request->sequence,
        .size = (size_t)size,
    };
    memcpy(datagram.payload, packet, (size_t)size);
    uint8_t bytes[VISCA_DATAGRAM_MAX];
    bytes_writer_init(&out, bytes, sizeof(bytes));
    size = visca_write_datagram(&out, &datagram);
    if (size > 0)
        hw_device_send(device, bytes, (size_t)size);
}

// Sets the camera's expected number to zero; the next message is 1.
static void send_sequence_reset(struct hw_device *device)
{
    struct visca *visca = hw_device_driver_state(device);
    struct visca_datagram datagram = {
        .type = VISCA_TYPE_CONTROL,
        .payload = { VISCA_CONTROL_RESET },
        .size = 1,
    };
    visca->sequence = 0;
    uint8_t bytes[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    int size = visca_write_datagram(&out, &datagram);
    if (size > 0)
        hw_device_send(device, bytes, (size_t)size);
}

static void start_power(struct hw_device *device, struct hw_request *request)
{
    send_command(device, request,
            (struct visca_command){ .kind = VISCA_POWER, .on = request->command.value });
}

static void start_preset(
        struct hw_device *device, struct hw_request *request, enum visca_preset_action action)
{
    if (request->command.value < 0 || request->command.value >= PRESETS) {
        hw_request_done(device, request, HW_BAD_VALUE);
        return;
    }
    send_command(device, request,
            (struct visca_command){ .kind = VISCA_PRESET,
                    .action = action,
                    .preset = (uint8_t)request->command.value });
}

static void start_recall(struct hw_device *device, struct hw_request *request)
{
    struct visca *visca = hw_device_driver_state(device);
    visca->recalled = -1; // until it is there
    visca->before = visca->at;
    visca->unproven.is_known = false;
    visca->is_stored = false;
    start_preset(device, request, VISCA_PRESET_RECALL);
}

static void start_store(struct hw_device *device, struct hw_request *request)
{
    start_preset(device, request, VISCA_PRESET_STORE);
}

static void moved_by_hand(struct hw_device *device)
{
    struct visca *visca = hw_device_driver_state(device);
    visca->recalled = -1;
    hw_device_unknown(device, HW_PRESET);
}

static void start_home(struct hw_device *device, struct hw_request *request)
{
    moved_by_hand(device);
    send_command(device, request, (struct visca_command){ .kind = VISCA_HOME });
}

static void start_zoom(struct hw_device *device, struct hw_request *request)
{
    send_command(device, request,
            (struct visca_command){
                    .kind = VISCA_ZOOM_DIRECT, .zoom = (int)request->command.value });
}

// Percent to steps: anything but 0 moves.
static int speed(int percent, int maximum)
{
    int steps = abs(percent) * maximum / 100;
    if (percent == 0)
        return 0;
    steps = CLAMP(steps, 1, maximum);
    return percent > 0 ? steps : -steps;
}

static void start_drive(struct hw_device *device, struct hw_request *request)
{
    moved_by_hand(device);
    send_command(device, request,
            (struct visca_command){
                    .kind = VISCA_DRIVE,
                    .pan_speed = speed(request->command.pan, VISCA_PAN_SPEED_MAX),
                    .tilt_speed = speed(request->command.tilt, VISCA_TILT_SPEED_MAX),
            });
}

static void start_drive_zoom(struct hw_device *device, struct hw_request *request)
{
    send_command(device, request,
            (struct visca_command){
                    .kind = VISCA_ZOOM_DRIVE, .zoom = speed(request->command.zoom, 7) });
}

static void start_stop(struct hw_device *device, struct hw_request *request)
{
    send_command(device, request, (struct visca_command){ .kind = VISCA_DRIVE });
}

static void start_stop_zoom(struct hw_device *device, struct hw_request *request)
{
    send_command(device, request, (struct visca_command){ .kind = VISCA_ZOOM_DRIVE });
}

static void start_read(struct hw_device *device, struct hw_request *request)
{
    switch (request->command.field) {
    case HW_POWER:
        send_command(device, request, (struct visca_command){ .kind = VISCA_POWER_INQUIRY });
        break;
    case HW_PRESET: // no inquiry tells the preset, but the position shows whether it holds
    case HW_PAN:
    case HW_TILT:
        send_command(device, request, (struct visca_command){ .kind = VISCA_POSITION_INQUIRY });
        break;
    case HW_ZOOM:
        send_command(device, request, (struct visca_command){ .kind = VISCA_ZOOM_INQUIRY });
        break;
    default:
        hw_request_done(device, request, HW_UNSUPPORTED);
    }
}

// --- identifying: (number the cameras of the line), (reset the numbers | clear the buffers), then
// ask for the version

enum { PHASE_ADDRESS, PHASE_RESET, PHASE_VERSION };

static void identify_reset(struct hw_device *device, struct hw_request *request)
{
    request->phase = PHASE_RESET;
    if (has_header(device)) {
        hw_request_set_deadline(device, request, REPLY_MS);
        send_sequence_reset(device);
    } else {
        send_command(device, request, (struct visca_command){ .kind = VISCA_CLEAR });
    }
}

static void start_identify(struct hw_device *device, struct hw_request *request)
{
    if (!hw_device_is_serial(device)) {
        identify_reset(device, request);
        return;
    }
    request->phase = PHASE_ADDRESS;
    send_command(device, request, (struct visca_command){ .kind = VISCA_ADDRESS_SET });
}

static void identify_next(struct hw_device *device, struct hw_request *request)
{
    request->phase = PHASE_VERSION;
    send_command(device, request, (struct visca_command){ .kind = VISCA_VERSION_INQUIRY });
}

// Any reply shows that a camera is there; one that does not know the inquiry is a camera without a
// name.
static void identify_answered(
        struct hw_device *device, struct hw_request *request, const struct visca_reply *reply)
{
    if (request->phase == PHASE_ADDRESS) {
        if (reply->kind == VISCA_ADDRESS_REPLY)
            identify_reset(device, request);
        return;
    }
    if (request->phase == PHASE_RESET) {
        if (reply->kind != VISCA_ACK) // its completion follows
            identify_next(device, request);
        return;
    }
    struct visca_version version;
    char model[64] = "VISCA";
    if (reply->kind == VISCA_ANSWER && visca_read_version(reply, &version) == 0)
        g_snprintf(model, sizeof(model), "%04x:%04x rom %04x", version.vendor, version.model,
                version.firmware);
    else if (reply->kind != VISCA_ANSWER && reply->kind != VISCA_ERROR)
        return;
    hw_device_set_model(device, model);
    hw_request_done(device, request, HW_OK);
}

// --- what comes back ---------------------------------------------------------------------------

static bool is_inquiry(const struct hw_request *request)
{
    return request->command.verb == HW_READ || request->is_verifying;
}

// Which request a reply without a sequence number speaks of. Cameras answer in order; several may
// share a socket, and the older one ends first.
static struct hw_request *find_by_order(struct hw_device *device, const struct visca_reply *reply)
{
    struct hw_request *oldest_waiting = NULL;
    struct hw_request *request;
    for (size_t i = 0; (request = hw_device_in_flight(device, i)); i++) {
        if (request->command.verb == HW_IDENTIFY)
            return request;
        bool waits = !request->is_accepted;
        switch (reply->kind) {
        case VISCA_ACK:
            if (waits && !is_inquiry(request))
                return request;
            break;
        case VISCA_COMPLETION:
            if (!waits && request->socket == reply->socket)
                return request;
            break;
        case VISCA_ANSWER:
            if (waits && is_inquiry(request))
                return request;
            break;
        case VISCA_ERROR:
            if (reply->socket && !waits && request->socket == reply->socket)
                return request;
            if (waits && !oldest_waiting)
                oldest_waiting = request;
            break;
        default:
            return NULL;
        }
    }
    return oldest_waiting;
}

static struct hw_request *find_by_sequence(struct hw_device *device, uint32_t sequence)
{
    struct hw_request *request;
    for (size_t i = 0; (request = hw_device_in_flight(device, i)); i++)
        if (request->sequence == sequence)
            return request;
    return NULL;
}

static enum hw_result error_result(uint8_t error)
{
    switch (error) {
    case VISCA_LENGTH_ERROR:
    case VISCA_SYNTAX_ERROR:
        return HW_BAD_VALUE;
    case VISCA_BUFFER_FULL:
        return HW_BUSY;
    case VISCA_CANCELLED:
        return HW_CANCELLED;
    case VISCA_NOT_EXECUTABLE:
        return HW_NOT_NOW;
    default:
        return HW_BAD_ANSWER;
    }
}

static bool is_near(const struct position *at, int pan, int tilt)
{
    return at->is_known && abs(at->pan - pan) <= POSITION_TOLERANCE &&
           abs(at->tilt - tilt) <= POSITION_TOLERANCE;
}

// A preset that was never seen. Only a camera that went somewhere and rests there teaches where it
// lies: one that stood still may have been there, or lie. False: nothing is learnt.
static bool learn(struct hw_device *device, struct preset *preset, int pan, int tilt, bool rests)
{
    struct visca *visca = hw_device_driver_state(device);
    const struct position here = { true, pan, tilt };
    bool has_left = visca->before.is_known && !is_near(&visca->before, pan, tilt);
    if (visca->is_stored || (has_left && rests && !visca->unproven.is_known)) {
        preset->learnt = here;
        return true;
    }
    if (!has_left && !visca->unproven.is_known)
        visca->unproven = here;
    if (is_near(&visca->unproven, pan, tilt))
        hw_device_assumed(device, HW_PRESET, visca->recalled);
    else
        hw_device_unknown(device, HW_PRESET);
    return false;
}

// What a position says of the preset. The first recall teaches where a preset lies. One that ends
// elsewhere is a lie, unless the camera moved there and the next recall ends there too: then
// somebody stored it anew.
static void judge_position(struct hw_device *device, int pan, int tilt, bool rests)
{
    struct visca *visca = hw_device_driver_state(device);
    if (visca->recalled < 0) {
        for (int number = 0; number < PRESETS; number++)
            if (is_near(&visca->presets[number].learnt, pan, tilt)) {
                hw_device_observed(device, HW_PRESET, number);
                return;
            }
        hw_device_unknown(device, HW_PRESET);
        return;
    }
    struct preset *preset = &visca->presets[visca->recalled];
    bool is_again =
            is_near(&preset->surprise, pan, tilt) && preset->surprise_recall != visca->recalls;
    if (!preset->learnt.is_known && !learn(device, preset, pan, tilt, rests))
        return;
    if (is_again)
        preset->learnt = (struct position){ true, pan, tilt };
    if (is_near(&preset->learnt, pan, tilt)) {
        hw_device_observed(device, HW_PRESET, visca->recalled);
        return;
    }
    if (!is_near(&visca->before, pan, tilt)) {
        preset->surprise = (struct position){ true, pan, tilt };
        preset->surprise_recall = visca->recalls;
    }
    hw_device_unknown(device, HW_PRESET);
}

static bool is_moving_to_preset(struct hw_device *device)
{
    struct hw_request *request;
    for (size_t i = 0; (request = hw_device_in_flight(device, i)); i++)
        if (request->command.verb == HW_SET && request->command.field == HW_PRESET &&
                !request->is_verifying)
            return true;
    return false;
}

static enum hw_result take_answer(
        struct hw_device *device, enum hw_field field, const struct visca_reply *reply)
{
    struct visca *visca = hw_device_driver_state(device);
    bool on;
    int pan;
    int tilt;
    int zoom;
    switch (field) {
    case HW_POWER:
        if (visca_read_power(reply, &on) < 0)
            return HW_BAD_ANSWER;
        hw_device_observed(device, HW_POWER, on);
        return HW_OK;
    case HW_ZOOM:
        if (visca_read_zoom(reply, &zoom) < 0)
            return HW_BAD_ANSWER;
        hw_device_observed(device, HW_ZOOM, zoom);
        return HW_OK;
    default:
        if (visca_read_position(reply, &pan, &tilt) < 0)
            return HW_BAD_ANSWER;
        hw_device_observed(device, HW_PAN, pan);
        hw_device_observed(device, HW_TILT, tilt);
        bool rests = is_near(&visca->at, pan, tilt);
        visca->at = (struct position){ true, pan, tilt };
        if (!is_moving_to_preset(device))
            judge_position(device, pan, tilt, rests);
        return HW_OK;
    }
}

static void completed(struct hw_device *device, struct hw_request *request)
{
    struct visca *visca = hw_device_driver_state(device);
    const struct hw_command *command = &request->command;
    if (command->verb == HW_SET && command->field == HW_PRESET) {
        visca->recalled = (int)command->value;
        visca->recalls++;
    }
    if (command->verb == HW_STORE) {
        visca->presets[command->value] = (struct preset){ 0 };
        visca->recalled = (int)command->value; // the next position read teaches it
        visca->is_stored = true;
    }
    hw_request_done(device, request, HW_OK);
}

static unsigned completion_ms(const struct hw_request *request)
{
    if (request->command.verb == HW_SET && request->command.field == HW_POWER)
        return POWER_MS;
    return PRESET_MS;
}

static void answered(
        struct hw_device *device, struct hw_request *request, const struct visca_reply *reply)
{
    if (request->command.verb == HW_IDENTIFY) {
        identify_answered(device, request, reply);
        return;
    }
    switch (reply->kind) {
    case VISCA_ACK:
        if (is_inquiry(request) || request->is_accepted)
            break;
        request->socket = reply->socket;
        hw_request_accepted(device, request, completion_ms(request));
        return;
    case VISCA_COMPLETION:
        if (is_inquiry(request))
            break;
        completed(device, request);
        return;
    case VISCA_ANSWER:
        if (!is_inquiry(request))
            break;
        hw_request_done(device, request, take_answer(device, request->command.field, reply));
        return;
    case VISCA_ERROR:
        hw_request_done(device, request, error_result(reply->error));
        return;
    default:
        return;
    }
    hw_device_count_malformed(device);
}

static void take_packet(
        struct hw_device *device, const struct visca_packet *packet, const uint32_t *sequence)
{
    struct visca_reply reply;
    if (visca_parse_reply(packet, &reply) < 0) {
        hw_device_count_malformed(device);
        return;
    }
    // A camera was plugged into the line: all are numbered anew. On a network it means nothing.
    if (reply.kind == VISCA_NETWORK_CHANGE) {
        if (hw_device_is_serial(device))
            hw_device_restarted(device);
        return;
    }
    struct hw_request *request =
            sequence ? find_by_sequence(device, *sequence) : find_by_order(device, &reply);
    if (!request)
        return;
    ((struct visca *)hw_device_driver_state(device))->was_abnormal = false;
    answered(device, request, &reply);
}

// "Abnormal sequence": a datagram was lost or came late, which is no restart: agree on the numbers,
// say again what was refused, and look whether everything is still as desired. A camera that says
// so again before it took a number has begun anew.
static void take_abnormal_sequence(struct hw_device *device, uint32_t sequence)
{
    struct visca *visca = hw_device_driver_state(device);
    if (visca->was_abnormal) {
        hw_device_restarted(device);
        return;
    }
    visca->was_abnormal = true;
    send_sequence_reset(device);
    hw_device_doubted(device);
    struct hw_request *request = find_by_sequence(device, sequence);
    if (request)
        hw_request_done(device, request, HW_BUSY);
}

static void take_control_reply(struct hw_device *device, const struct visca_datagram *datagram)
{
    struct hw_request *first = hw_device_in_flight(device, 0);
    bool is_identifying = first && first->command.verb == HW_IDENTIFY;
    if (datagram->size == 1 && datagram->payload[0] == VISCA_CONTROL_RESET) {
        if (is_identifying && first->phase == PHASE_RESET)
            identify_next(device, first);
        return;
    }
    unsigned said = datagram->size == 2 ? datagram->payload[0] << 8 | datagram->payload[1] : 0;
    if (said == VISCA_CONTROL_ABNORMAL_SEQUENCE) {
        if (is_identifying && first->phase == PHASE_VERSION)
            start_identify(device, first);
        else if (!is_identifying)
            take_abnormal_sequence(device, datagram->sequence);
        return;
    }
    hw_device_count_malformed(device);
}

static void visca_received(struct hw_device *device, const uint8_t *data, size_t size)
{
    struct visca *visca = hw_device_driver_state(device);
    struct visca_packet packet;
    if (has_header(device)) {
        struct visca_datagram datagram;
        if (visca_parse_datagram(data, size, &datagram) < 0) {
            hw_device_count_malformed(device);
        } else if (datagram.type == VISCA_TYPE_CONTROL_REPLY) {
            take_control_reply(device, &datagram);
        } else if (datagram.type == VISCA_TYPE_REPLY) {
            memcpy(packet.bytes, datagram.payload, datagram.size);
            packet.size = datagram.size;
            take_packet(device, &packet, &datagram.sequence);
        } else {
            hw_device_count_malformed(device);
        }
        return;
    }
    // A bare datagram holds whole packets: nothing of an earlier one may run into it.
    if (hw_device_is_datagram(device))
        visca_stream_init(&visca->in);
    const uint8_t *at = data;
    while (visca_stream_take(&visca->in, &at, data + size, &packet))
        take_packet(device, &packet, NULL);
}

static const enum hw_field polled[] = { HW_POWER, HW_PRESET, HW_FIELD_COUNT };

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

const struct hw_driver hw_visca = {
    .name = "visca",
    .udp_port = 52381,
    .tcp_port = 5678,
    .baud = 9600,
    .state_size = sizeof(struct visca),
    .max_in_flight = 2, // the camera's sockets
    .user_timeout_ms = 4000,
    .poll_ms = 2000,
    .verify_ms = 250,
    .verify_tries = 8,
    .preset_last = PRESETS - 1,
    .polled = polled,
    .init = visca_init,
    .link_up = visca_link_up,
    .identify = start_identify,
    .read = start_read,
    .received = visca_received,
    .power = &power,
    .camera = &camera,
};
