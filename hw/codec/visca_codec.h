// SPDX-License-Identifier: Apache-2.0
// VISCA packets as values, for the controller's side and the camera's: bytes in, values out.
// Pure: no socket, no clock, no allocation.
//
// Packet: header, 1 to 14 bytes of body, FF. Header 8x to camera x, y0 back from it (y = 8 + x).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

#define VISCA_PACKET_MAX 16
#define VISCA_ANSWER_MAX 13

struct visca_packet {
    uint8_t bytes[VISCA_PACKET_MAX]; // with header and FF
    size_t size;
};

// --- the byte stream of serial lines and TCP ---------------------------------------------------

struct visca_stream {
    uint8_t buffer[VISCA_PACKET_MAX];
    size_t used;
    bool skipping;     // too long: drop until the next FF
    uint64_t overlong; // packets dropped so
};

void visca_stream_init(struct visca_stream *stream);
// Takes bytes from *at until a packet is whole: true with the packet in *out; false when all is
// taken.
bool visca_stream_take(struct visca_stream *stream, const uint8_t **at, const uint8_t *end,
        struct visca_packet *out);

// --- what a controller says --------------------------------------------------------------------

enum visca_kind {
    VISCA_ADDRESS_SET,      // 88 30 01 FF
    VISCA_CLEAR,            // 8x 01 00 01 FF
    VISCA_VERSION_INQUIRY,  // 8x 09 00 02 FF
    VISCA_POWER,            // 8x 01 04 00 02|03 FF
    VISCA_POWER_INQUIRY,    // 8x 09 04 00 FF
    VISCA_DRIVE,            // 8x 01 06 01 VV WW PP TT FF
    VISCA_ABSOLUTE,         // 8x 01 06 02 VV WW pan tilt FF
    VISCA_HOME,             // 8x 01 06 04 FF
    VISCA_PAN_TILT_RESET,   // 8x 01 06 05 FF
    VISCA_POSITION_INQUIRY, // 8x 09 06 12 FF
    VISCA_ZOOM_DRIVE,       // 8x 01 04 07 00|2p|3p FF
    VISCA_ZOOM_DIRECT,      // 8x 01 04 47 0p 0q 0r 0s FF
    VISCA_ZOOM_INQUIRY,     // 8x 09 04 47 FF
    VISCA_PRESET,           // 8x 01 04 3F 00|01|02 pp FF
    VISCA_CANCEL,           // 8x 2z FF
};

enum visca_preset_action { VISCA_PRESET_CLEAR, VISCA_PRESET_STORE, VISCA_PRESET_RECALL };

#define VISCA_PAN_SPEED_MAX  0x18
#define VISCA_TILT_SPEED_MAX 0x14

struct visca_command {
    enum visca_kind kind;
    uint8_t camera; // 1 to 7; 0 on the broadcast of VISCA_ADDRESS_SET
    bool on;        // POWER
    int pan_speed;  // DRIVE: -24 (left) to 24; ABSOLUTE: 1 to 24
    int tilt_speed; // DRIVE: -20 (down) to 20; ABSOLUTE: 1 to 20
    int pan;        // ABSOLUTE: signed 16 bits
    int tilt;
    int zoom; // ZOOM_DIRECT: 0 to 0xffff; ZOOM_DRIVE: -7 (wide) to 7 (tele), 0 stops
    enum visca_preset_action action;
    uint8_t preset; // 0 to 254
    uint8_t socket; // CANCEL
};

// The size written, or -EINVAL for a value that the protocol can not carry.
int visca_write_command(struct bytes_writer *out, const struct visca_command *command) MUST_CHECK;
// 0; -EMSGSIZE: a known command of the wrong length; -EINVAL: no such command, or a bad value in
// it.
int visca_parse_command(const struct visca_packet *packet, struct visca_command *out) MUST_CHECK;
bool visca_is_inquiry(enum visca_kind kind);

// --- what a camera says ------------------------------------------------------------------------

enum visca_reply_kind {
    VISCA_ACK,            // y0 4z FF
    VISCA_COMPLETION,     // y0 5z FF
    VISCA_ANSWER,         // y0 50 data FF
    VISCA_ERROR,          // y0 6z ee FF
    VISCA_NETWORK_CHANGE, // y0 38 FF
    VISCA_ADDRESS_REPLY,  // 88 30 0w FF
};

enum visca_error {
    VISCA_LENGTH_ERROR = 0x01,
    VISCA_SYNTAX_ERROR = 0x02,
    VISCA_BUFFER_FULL = 0x03,
    VISCA_CANCELLED = 0x04,
    VISCA_NO_SOCKET = 0x05,
    VISCA_NOT_EXECUTABLE = 0x41,
};

struct visca_reply {
    enum visca_reply_kind kind;
    uint8_t sender; // 1 to 7; real cameras also say A0 and 80: never refuse one for it
    uint8_t socket; // 0: none
    uint8_t error;  // enum visca_error
    uint8_t data[VISCA_ANSWER_MAX];
    size_t size; // of data; ADDRESS_REPLY: data[0] is w
};

int visca_write_reply(struct bytes_writer *out, const struct visca_reply *reply) MUST_CHECK;
// 0, or -EBADMSG for what no camera may say.
int visca_parse_reply(const struct visca_packet *packet, struct visca_reply *out) MUST_CHECK;

// Numbers travel as one nibble a byte, most significant first.
void visca_put_nibbles(struct bytes_writer *out, uint32_t value, size_t count);

// Answers of a camera: 0, or -EBADMSG.
int visca_read_power(const struct visca_reply *reply, bool *on) MUST_CHECK;
int visca_read_position(const struct visca_reply *reply, int *pan, int *tilt) MUST_CHECK;
int visca_read_zoom(const struct visca_reply *reply, int *zoom) MUST_CHECK;

struct visca_version {
    uint16_t vendor;
    uint16_t model;
    uint16_t firmware;
    uint8_t sockets;
};
int visca_read_version(const struct visca_reply *reply, struct visca_version *out) MUST_CHECK;

// --- the header of VISCA over IP (UDP 52381): type, length, sequence number, all big-endian -----

enum visca_datagram_type {
    VISCA_TYPE_COMMAND = 0x0100,
    VISCA_TYPE_INQUIRY = 0x0110,
    VISCA_TYPE_REPLY = 0x0111,
    VISCA_TYPE_CONTROL = 0x0200,
    VISCA_TYPE_CONTROL_REPLY = 0x0201,
};

#define VISCA_DATAGRAM_HEADER 8
#define VISCA_DATAGRAM_MAX    (VISCA_DATAGRAM_HEADER + VISCA_PACKET_MAX)

struct visca_datagram {
    uint16_t type;
    uint32_t sequence;
    uint8_t payload[VISCA_PACKET_MAX];
    size_t size;
};

int visca_write_datagram(
        struct bytes_writer *out, const struct visca_datagram *datagram) MUST_CHECK;
// 0, or -EBADMSG: short, a length that is not the payload's, or a type that nobody defined.
int visca_parse_datagram(const uint8_t *data, size_t size, struct visca_datagram *out) MUST_CHECK;
// Payloads of the control types.
#define VISCA_CONTROL_RESET             0x01   // both ways
#define VISCA_CONTROL_ABNORMAL_SEQUENCE 0x0f01 // camera: that number was not the next one
#define VISCA_CONTROL_ABNORMAL_MESSAGE  0x0f02
