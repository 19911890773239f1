// SPDX-License-Identifier: Apache-2.0
#include "hw/codec/visca_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TERMINATOR 0xff

void visca_stream_init(struct visca_stream *stream)
{
    memset(stream, 0, sizeof(*stream));
}

bool visca_stream_take(struct visca_stream *stream, const uint8_t **at, const uint8_t *end,
        struct visca_packet *out)
{
    while (*at < end) {
        uint8_t byte = *(*at)++;
        if (stream->used == VISCA_PACKET_MAX && !stream->skipping) {
            stream->skipping = true;
            stream->overlong++;
        }
        if (!stream->skipping)
            stream->buffer[stream->used++] = byte;
        if (byte != TERMINATOR)
            continue;

        bool whole = !stream->skipping && stream->used >= 3;
        if (whole) {
            memcpy(out->bytes, stream->buffer, stream->used);
            out->size = stream->used;
        }
        stream->used = 0;
        stream->skipping = false;
        if (whole)
            return true;
    }
    return false;
}

static int visca_read_nibbles(const uint8_t *data, size_t count, uint32_t *out)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (data[i] > 0x0f)
            return -EBADMSG;
        value = value << 4 | data[i];
    }
    *out = value;
    return 0;
}

void visca_put_nibbles(struct bytes_writer *out, uint32_t value, size_t count)
{
    while (count-- > 0)
        bytes_put_u8(out, value >> (4 * count) & 0x0f);
}

// --- commands ----------------------------------------------------------------------------------

// One row a command: the bytes after the header that name it, and how many follow before the FF.
static const struct shape {
    enum visca_kind kind;
    uint8_t lead[3];
    uint8_t lead_size;
    uint8_t rest;
} shapes[] = {
    { VISCA_ADDRESS_SET, { 0x30 }, 1, 1 },
    { VISCA_CLEAR, { 0x01, 0x00, 0x01 }, 3, 0 },
    { VISCA_VERSION_INQUIRY, { 0x09, 0x00, 0x02 }, 3, 0 },
    { VISCA_POWER, { 0x01, 0x04, 0x00 }, 3, 1 },
    { VISCA_POWER_INQUIRY, { 0x09, 0x04, 0x00 }, 3, 0 },
    { VISCA_DRIVE, { 0x01, 0x06, 0x01 }, 3, 4 },
    { VISCA_ABSOLUTE, { 0x01, 0x06, 0x02 }, 3, 10 },
    { VISCA_HOME, { 0x01, 0x06, 0x04 }, 3, 0 },
    { VISCA_PAN_TILT_RESET, { 0x01, 0x06, 0x05 }, 3, 0 },
    { VISCA_POSITION_INQUIRY, { 0x09, 0x06, 0x12 }, 3, 0 },
    { VISCA_ZOOM_DRIVE, { 0x01, 0x04, 0x07 }, 3, 1 },
    { VISCA_ZOOM_DIRECT, { 0x01, 0x04, 0x47 }, 3, 4 },
    { VISCA_ZOOM_INQUIRY, { 0x09, 0x04, 0x47 }, 3, 0 },
    { VISCA_PRESET, { 0x01, 0x04, 0x3f }, 3, 2 },
};

bool visca_is_inquiry(enum visca_kind kind)
{
    return kind == VISCA_VERSION_INQUIRY || kind == VISCA_POWER_INQUIRY ||
           kind == VISCA_POSITION_INQUIRY || kind == VISCA_ZOOM_INQUIRY;
}

// Left and down are 1 and 2; stop is 3 on both axes.
static void put_direction(struct bytes_writer *out, int speed, uint8_t positive, uint8_t negative)
{
    bytes_put_u8(out, speed > 0 ? positive : speed < 0 ? negative : 3);
}

// The protocol wants a speed even for an axis that stands still.
static void put_speed(struct bytes_writer *out, int speed)
{
    bytes_put_u8(out, speed == 0 ? 1 : (uint8_t)abs(speed));
}

static bool is_within(int value, int minimum, int maximum)
{
    return value >= minimum && value <= maximum;
}

static bool is_valid(const struct visca_command *command)
{
    switch (command->kind) {
    case VISCA_DRIVE:
        return is_within(command->pan_speed, -VISCA_PAN_SPEED_MAX, VISCA_PAN_SPEED_MAX) &&
               is_within(command->tilt_speed, -VISCA_TILT_SPEED_MAX, VISCA_TILT_SPEED_MAX);
    case VISCA_ABSOLUTE:
        return is_within(command->pan_speed, 1, VISCA_PAN_SPEED_MAX) &&
               is_within(command->tilt_speed, 1, VISCA_TILT_SPEED_MAX) &&
               is_within(command->pan, INT16_MIN, INT16_MAX) &&
               is_within(command->tilt, INT16_MIN, INT16_MAX);
    case VISCA_ZOOM_DRIVE:
        return is_within(command->zoom, -7, 7);
    case VISCA_ZOOM_DIRECT:
        return is_within(command->zoom, 0, 0xffff);
    case VISCA_PRESET:
        return command->preset <= 254 && command->action <= VISCA_PRESET_RECALL;
    case VISCA_CANCEL:
        return is_within(command->socket, 1, 15);
    default:
        return true;
    }
}

static void put_body(struct bytes_writer *out, const struct visca_command *command)
{
    switch (command->kind) {
    case VISCA_ADDRESS_SET:
        bytes_put_u8(out, 1);
        break;
    case VISCA_POWER:
        bytes_put_u8(out, command->on ? 2 : 3);
        break;
    case VISCA_DRIVE:
        put_speed(out, command->pan_speed);
        put_speed(out, command->tilt_speed);
        put_direction(out, command->pan_speed, 2, 1);
        put_direction(out, command->tilt_speed, 1, 2);
        break;
    case VISCA_ABSOLUTE:
        put_speed(out, command->pan_speed);
        put_speed(out, command->tilt_speed);
        visca_put_nibbles(out, (uint16_t)command->pan, 4);
        visca_put_nibbles(out, (uint16_t)command->tilt, 4);
        break;
    case VISCA_ZOOM_DRIVE:
        bytes_put_u8(out, command->zoom > 0   ? 0x20 | (uint8_t)command->zoom
                          : command->zoom < 0 ? 0x30 | (uint8_t)-command->zoom
                                              : 0);
        break;
    case VISCA_ZOOM_DIRECT:
        visca_put_nibbles(out, (uint16_t)command->zoom, 4);
        break;
    case VISCA_PRESET:
        bytes_put_u8(out, (uint8_t)command->action);
        bytes_put_u8(out, command->preset);
        break;
    default:
        break;
    }
}

int visca_write_command(struct bytes_writer *out, const struct visca_command *command)
{
    bool broadcast = command->kind == VISCA_ADDRESS_SET;
    if (!is_valid(command) || (!broadcast && !is_within(command->camera, 1, 7)))
        return -EINVAL;

    bytes_put_u8(out, broadcast ? 0x88 : 0x80 | command->camera);
    if (command->kind == VISCA_CANCEL)
        bytes_put_u8(out, 0x20 | command->socket);
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        if (shapes[i].kind == command->kind)
            bytes_put(out, shapes[i].lead, shapes[i].lead_size);
    put_body(out, command);
    bytes_put_u8(out, TERMINATOR);
    return bytes_writer_status(out);
}

// 0 for a direction byte that is neither `positive`, `negative` nor stop: *valid becomes false.
static int read_drive(
        uint8_t speed, uint8_t maximum, uint8_t direction, uint8_t positive, bool *valid)
{
    if (speed > maximum || direction < 1 || direction > 3)
        *valid = false;
    if (direction == 3)
        return 0;
    if (speed == 0)
        *valid = false;
    return direction == positive ? speed : -(int)speed;
}

static int read_body(const uint8_t *body, struct visca_command *out)
{
    uint32_t pan = 0;
    uint32_t tilt = 0;
    uint32_t zoom = 0;
    bool valid = true;

    switch (out->kind) {
    case VISCA_ADDRESS_SET:
        valid = body[0] == 1;
        break;
    case VISCA_POWER:
        out->on = body[0] == 2;
        valid = body[0] == 2 || body[0] == 3;
        break;
    case VISCA_DRIVE:
        out->pan_speed = read_drive(body[0], VISCA_PAN_SPEED_MAX, body[2], 2, &valid);
        out->tilt_speed = read_drive(body[1], VISCA_TILT_SPEED_MAX, body[3], 1, &valid);
        break;
    case VISCA_ABSOLUTE:
        out->pan_speed = body[0];
        out->tilt_speed = body[1];
        valid = visca_read_nibbles(body + 2, 4, &pan) == 0 &&
                visca_read_nibbles(body + 6, 4, &tilt) == 0;
        out->pan = (int16_t)pan;
        out->tilt = (int16_t)tilt;
        break;
    case VISCA_ZOOM_DRIVE:
        // 02 and 03 are tele and wide at the standard speed.
        if (body[0] == 0x02 || (body[0] & 0xf8) == 0x20)
            out->zoom = body[0] == 0x02 ? 3 : body[0] & 7;
        else if (body[0] == 0x03 || (body[0] & 0xf8) == 0x30)
            out->zoom = body[0] == 0x03 ? -3 : -(body[0] & 7);
        else
            valid = body[0] == 0;
        break;
    case VISCA_ZOOM_DIRECT:
        valid = visca_read_nibbles(body, 4, &zoom) == 0;
        out->zoom = (int)zoom;
        break;
    case VISCA_PRESET:
        valid = body[0] <= VISCA_PRESET_RECALL;
        out->action = (enum visca_preset_action)body[0];
        out->preset = body[1];
        break;
    default:
        break;
    }
    return valid && is_valid(out) ? 0 : -EINVAL;
}

int visca_parse_command(const struct visca_packet *packet, struct visca_command *out)
{
    memset(out, 0, sizeof(*out));
    if (packet->size < 3 || packet->size > VISCA_PACKET_MAX ||
            packet->bytes[packet->size - 1] != TERMINATOR)
        return -EMSGSIZE;
    uint8_t header = packet->bytes[0];
    bool is_broadcast = header == 0x88;
    if (!is_broadcast && (header < 0x81 || header > 0x87))
        return -EINVAL;
    out->camera = is_broadcast ? 0 : header & 7;

    const uint8_t *body = packet->bytes + 1;
    size_t size = packet->size - 2;
    if (size == 1 && (body[0] & 0xf0) == 0x20 && !is_broadcast) {
        out->kind = VISCA_CANCEL;
        out->socket = body[0] & 0x0f;
        return is_valid(out) ? 0 : -EINVAL;
    }
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        const struct shape *shape = &shapes[i];
        if (size < shape->lead_size || memcmp(body, shape->lead, shape->lead_size) != 0)
            continue;
        if (size != (size_t)shape->lead_size + shape->rest)
            return -EMSGSIZE;
        out->kind = shape->kind;
        // Addresses are given to all, and buffers may be cleared for all; the rest is for one.
        if (is_broadcast ? out->kind != VISCA_ADDRESS_SET && out->kind != VISCA_CLEAR
                         : out->kind == VISCA_ADDRESS_SET)
            return -EINVAL;
        return read_body(body + shape->lead_size, out);
    }
    return -EINVAL;
}

// --- replies -----------------------------------------------------------------------------------

int visca_write_reply(struct bytes_writer *out, const struct visca_reply *reply)
{
    uint8_t socket = reply->socket & 0x0f;
    if (reply->size > VISCA_ANSWER_MAX)
        return -EINVAL;
    bytes_put_u8(
            out, reply->kind == VISCA_ADDRESS_REPLY ? 0x88 : (uint8_t)(0x80 | reply->sender << 4));
    switch (reply->kind) {
    case VISCA_ACK:
        bytes_put_u8(out, 0x40 | socket);
        break;
    case VISCA_COMPLETION:
        bytes_put_u8(out, 0x50 | socket);
        break;
    case VISCA_ANSWER:
        bytes_put_u8(out, 0x50);
        bytes_put(out, reply->data, reply->size);
        break;
    case VISCA_ERROR:
        bytes_put_u8(out, 0x60 | socket);
        bytes_put_u8(out, reply->error);
        break;
    case VISCA_NETWORK_CHANGE:
        bytes_put_u8(out, 0x38);
        break;
    case VISCA_ADDRESS_REPLY:
        bytes_put_u8(out, 0x30);
        bytes_put(out, reply->data, 1);
        break;
    }
    bytes_put_u8(out, TERMINATOR);
    return bytes_writer_status(out);
}

int visca_parse_reply(const struct visca_packet *packet, struct visca_reply *out)
{
    memset(out, 0, sizeof(*out));
    size_t size = packet->size;
    if (size < 3 || size > VISCA_PACKET_MAX || packet->bytes[size - 1] != TERMINATOR)
        return -EBADMSG;
    const uint8_t *body = packet->bytes + 1;
    if (packet->bytes[0] == 0x88 && body[0] == 0x30 && size == 4) {
        out->kind = VISCA_ADDRESS_REPLY;
        out->data[0] = body[1];
        out->size = 1;
        return 0;
    }
    // A PTZOptics G3 says A0 where others say 90, and one camera says 80.
    if ((packet->bytes[0] & 0x8f) != 0x80)
        return -EBADMSG;
    out->sender = packet->bytes[0] >> 4 & 7;
    out->socket = body[0] & 0x0f;

    if (size == 3 && body[0] == 0x38) {
        out->kind = VISCA_NETWORK_CHANGE;
        out->socket = 0;
        return 0;
    }
    switch (body[0] & 0xf0) {
    case 0x40:
        out->kind = VISCA_ACK;
        return size == 3 ? 0 : -EBADMSG;
    case 0x50:
        out->kind = size == 3 ? VISCA_COMPLETION : VISCA_ANSWER;
        out->size = size - 3;
        memcpy(out->data, body + 1, out->size);
        return 0;
    case 0x60:
        out->kind = VISCA_ERROR;
        out->error = body[1];
        return size == 4 ? 0 : -EBADMSG;
    default:
        return -EBADMSG;
    }
}

int visca_read_power(const struct visca_reply *reply, bool *on)
{
    if (reply->kind != VISCA_ANSWER || reply->size != 1 ||
            (reply->data[0] != 2 && reply->data[0] != 3))
        return -EBADMSG;
    *on = reply->data[0] == 2;
    return 0;
}

int visca_read_position(const struct visca_reply *reply, int *pan, int *tilt)
{
    uint32_t raw_pan;
    uint32_t raw_tilt;
    if (reply->kind != VISCA_ANSWER || reply->size != 8 ||
            visca_read_nibbles(reply->data, 4, &raw_pan) < 0 ||
            visca_read_nibbles(reply->data + 4, 4, &raw_tilt) < 0)
        return -EBADMSG;
    *pan = (int16_t)raw_pan;
    *tilt = (int16_t)raw_tilt;
    return 0;
}

int visca_read_zoom(const struct visca_reply *reply, int *zoom)
{
    uint32_t raw;
    if (reply->kind != VISCA_ANSWER || reply->size != 4 ||
            visca_read_nibbles(reply->data, 4, &raw) < 0)
        return -EBADMSG;
    *zoom = (int)raw;
    return 0;
}

int visca_read_version(const struct visca_reply *reply, struct visca_version *out)
{
    if (reply->kind != VISCA_ANSWER || reply->size != 7)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, reply->data, reply->size);
    out->vendor = bytes_read_u16(&in);
    out->model = bytes_read_u16(&in);
    out->firmware = bytes_read_u16(&in);
    out->sockets = bytes_read_u8(&in);
    return bytes_reader_status(&in);
}

// --- datagrams ---------------------------------------------------------------------------------

int visca_write_datagram(struct bytes_writer *out, const struct visca_datagram *datagram)
{
    if (datagram->size < 1 || datagram->size > VISCA_PACKET_MAX)
        return -EINVAL;
    bytes_put_u16(out, datagram->type);
    bytes_put_u16(out, (uint16_t)datagram->size);
    bytes_put_u32(out, datagram->sequence);
    bytes_put(out, datagram->payload, datagram->size);
    return bytes_writer_status(out);
}

static bool is_known_type(uint16_t type)
{
    return type == VISCA_TYPE_COMMAND || type == VISCA_TYPE_INQUIRY || type == VISCA_TYPE_REPLY ||
           type == VISCA_TYPE_CONTROL || type == VISCA_TYPE_CONTROL_REPLY;
}

int visca_parse_datagram(const uint8_t *data, size_t size, struct visca_datagram *out)
{
    struct bytes_reader in;
    bytes_reader_init(&in, data, size);
    memset(out, 0, sizeof(*out));
    out->type = bytes_read_u16(&in);
    out->size = bytes_read_u16(&in);
    out->sequence = bytes_read_u32(&in);
    if (bytes_reader_status(&in) < 0 || !is_known_type(out->type) || out->size < 1 ||
            out->size > VISCA_PACKET_MAX || bytes_reader_left(&in) != out->size)
        return -EBADMSG;
    memcpy(out->payload, bytes_read(&in, out->size), out->size);
    return 0;
}
