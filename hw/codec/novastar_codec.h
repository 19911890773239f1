// SPDX-License-Identifier: Apache-2.0
// Register frames of NovaStar LED controllers (protocol V1.9), both sides. Frames are built from
// their fields, never kept as bytes: published tables carry wrong checksums.
// Pure: no socket, no clock, no allocation.
//
// 55 AA (request) or AA 55 (reply) · ack · serial · source · destination · device · port · board(2)
// · read 00 / write 01 · 00 · register(4) · length(2) · data · checksum(2); numbers little-endian.
// A write request and a read reply carry data. Checksum: sum from ack to data, + 0x5555.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

#define NOVASTAR_DATA_MAX  1024
#define NOVASTAR_FRAME_MAX (20 + NOVASTAR_DATA_MAX)
#define NOVASTAR_COMPUTER  0xfe
#define NOVASTAR_ALL       0xff
#define NOVASTAR_ALL_CARDS 0xffff

enum novastar_device { NOVASTAR_SENDING_CARD, NOVASTAR_RECEIVING_CARD, NOVASTAR_FUNCTION_CARD };

enum novastar_ack {
    NOVASTAR_OK,
    NOVASTAR_CARD_SILENT,       // the receiving card did not answer
    NOVASTAR_BAD_CHECKSUM,      // of the request
    NOVASTAR_CARD_BAD_CHECKSUM, // of the card's answer
    NOVASTAR_BAD_COMMAND,
};

enum novastar_register {
    NOVASTAR_MODEL = 0x00000002,        // 2 bytes
    NOVASTAR_INPUT = 0x02000023,        // sending card
    NOVASTAR_INPUT_MANUAL = 0x02000022, // 5A: the input is chosen by hand
    NOVASTAR_INPUT_VX4S = 0x0220002d,
    NOVASTAR_INPUT_NOVAPRO = 0x02200022,
    NOVASTAR_PRESET = 0x13510100,     // preset - 1
    NOVASTAR_BRIGHTNESS = 0x02000001, // receiving card: 1 byte, or 5 with R, G, B, vR
    NOVASTAR_BLANK = 0x02000100,      // FF black, 00 normal
    NOVASTAR_PATTERN = 0x02000101,    // 0 and 1: none
    NOVASTAR_FREEZE = 0x02000102,     // FF frozen
    NOVASTAR_STORE = 0x01000011,      // write 11: keep the parameters through power-off
    NOVASTAR_MONITORING = 0x0a000000, // 256 bytes
};

struct novastar_frame {
    bool is_reply;
    uint8_t ack; // enum novastar_ack
    uint8_t serial;
    uint8_t source;
    uint8_t destination;
    uint8_t device; // enum novastar_device
    uint8_t port;
    uint16_t board;
    bool is_write;
    uint32_t address;
    uint16_t length; // what is asked for or written
    size_t size;     // of data
    uint8_t data[NOVASTAR_DATA_MAX];
    bool is_intact; // the checksum was right; set by the reader
};

// The size written, or -EINVAL. Data goes out as `size` says, so that a simulator can also answer
// without it.
int novastar_write(struct bytes_writer *out, const struct novastar_frame *frame) MUST_CHECK;

#define NOVASTAR_MONITORING_SIZE 256
#define NOVASTAR_FANS_MAX        4
#define NOVASTAR_VOLTAGES_MAX    9

// What a card's monitoring block says of its health.
struct novastar_health {
    bool has_temperature;
    int temperature; // tenths of a degree
    bool has_voltage;
    int voltage;      // tenths of a volt, like those below
    bool has_monitor; // a monitor card beside it knows the rest
    bool has_smoke;
    bool is_door_open;
    size_t fans;
    int fan_rpm[NOVASTAR_FANS_MAX];
    size_t voltages_count;
    int voltages[NOVASTAR_VOLTAGES_MAX];
};
// -EBADMSG when the block is too short.
int novastar_read_health(const uint8_t *block, size_t size, struct novastar_health *out) MUST_CHECK;

// A byte stream of one direction. Foreign bytes are skipped and counted.
struct novastar_reader {
    bool replies; // reads AA 55; else 55 AA
    size_t used;
    uint64_t skipped_bytes;
    uint64_t bad_checksums;
    uint8_t buffer[NOVASTAR_FRAME_MAX];
};

void novastar_reader_init(struct novastar_reader *reader, bool replies);
// Takes bytes from *at until a frame is whole: true with the frame in *out (which lends nothing);
// false when all is taken. A request with a wrong checksum comes out with is_intact false, since a
// controller answers it; a reply with one is dropped.
bool novastar_reader_take(struct novastar_reader *reader, const uint8_t **at, const uint8_t *end,
        struct novastar_frame *out);
