// SPDX-License-Identifier: Apache-2.0
#include "hw/codec/novastar_codec.h"

#include <errno.h>
#include <string.h>

enum {
    HEADER_SIZE = 18, // before the data
    CHECKSUM_SIZE = 2,
    CHECKSUM_FROM = 2,
    CHECKSUM_BASE = 0x5555,
};

static uint16_t checksum(const uint8_t *frame, size_t size)
{
    uint16_t sum = CHECKSUM_BASE;
    for (size_t i = CHECKSUM_FROM; i < size; i++)
        sum = (uint16_t)(sum + frame[i]);
    return sum;
}

int novastar_write(struct bytes_writer *out, const struct novastar_frame *frame)
{
    if (frame->size > NOVASTAR_DATA_MAX)
        return -EINVAL;
    uint8_t *begin = out->at;
    bytes_put_u8(out, frame->is_reply ? 0xaa : 0x55);
    bytes_put_u8(out, frame->is_reply ? 0x55 : 0xaa);
    bytes_put_u8(out, frame->ack);
    bytes_put_u8(out, frame->serial);
    bytes_put_u8(out, frame->source);
    bytes_put_u8(out, frame->destination);
    bytes_put_u8(out, frame->device);
    bytes_put_u8(out, frame->port);
    bytes_put_u16_le(out, frame->board);
    bytes_put_u8(out, frame->is_write ? 1 : 0);
    bytes_put_u8(out, 0);
    bytes_put_u32_le(out, frame->address);
    bytes_put_u16_le(out, frame->length);
    bytes_put(out, frame->data, frame->size);
    if (out->overflow)
        return bytes_writer_status(out);
    bytes_put_u16_le(out, checksum(begin, HEADER_SIZE + frame->size));
    return bytes_writer_status(out);
}

void novastar_reader_init(struct novastar_reader *reader, bool replies)
{
    memset(reader, 0, sizeof(*reader));
    reader->replies = replies;
}

static void skip(struct novastar_reader *reader, size_t count)
{
    reader->used -= count;
    reader->skipped_bytes += count;
    memmove(reader->buffer, reader->buffer + count, reader->used);
}

// The beginning of the buffer can be, or become, a frame's.
static bool may_begin(const struct novastar_reader *reader)
{
    uint8_t first = reader->replies ? 0xaa : 0x55;
    uint8_t second = reader->replies ? 0x55 : 0xaa;
    if (reader->used >= 1 && reader->buffer[0] != first)
        return false;
    if (reader->used >= 2 && reader->buffer[1] != second)
        return false;
    if (reader->used >= 11 && reader->buffer[10] > 1)
        return false;
    if (reader->used >= HEADER_SIZE) {
        size_t length = reader->buffer[16] | (size_t)reader->buffer[17] << 8;
        if (length > NOVASTAR_DATA_MAX)
            return false;
    }
    return true;
}

static bool has_checksum_at(const struct novastar_reader *reader, size_t at)
{
    return (reader->buffer[at] | reader->buffer[at + 1] << 8) == checksum(reader->buffer, at);
}

// The frame's size by its header; 0 while that is not known yet.
static size_t expected_size(const struct novastar_reader *reader)
{
    if (reader->used < HEADER_SIZE + CHECKSUM_SIZE)
        return 0;
    size_t length = reader->buffer[16] | (size_t)reader->buffer[17] << 8;
    bool is_write = reader->buffer[10] == 1;
    bool has_data = reader->replies ? !is_write : is_write;
    // A refused read comes back with or without data; the checksum tells which.
    bool refused = reader->replies && reader->buffer[2] != NOVASTAR_OK;
    if (has_data && refused && has_checksum_at(reader, HEADER_SIZE))
        has_data = false;
    return HEADER_SIZE + (has_data ? length : 0) + CHECKSUM_SIZE;
}

static void decode(const uint8_t *bytes, size_t size, struct novastar_frame *out)
{
    struct bytes_reader in;
    bytes_reader_init(&in, bytes, size);
    out->is_reply = bytes_read_u8(&in) == 0xaa;
    bytes_read_u8(&in);
    out->ack = bytes_read_u8(&in);
    out->serial = bytes_read_u8(&in);
    out->source = bytes_read_u8(&in);
    out->destination = bytes_read_u8(&in);
    out->device = bytes_read_u8(&in);
    out->port = bytes_read_u8(&in);
    out->board = bytes_read_u16_le(&in);
    out->is_write = bytes_read_u8(&in) == 1;
    bytes_read_u8(&in);
    out->address = bytes_read_u32_le(&in);
    out->length = bytes_read_u16_le(&in);
    out->size = size - HEADER_SIZE - CHECKSUM_SIZE;
    memcpy(out->data, bytes + HEADER_SIZE, out->size);
}

bool novastar_reader_take(struct novastar_reader *reader, const uint8_t **at, const uint8_t *end,
        struct novastar_frame *out)
{
    for (;;) {
        // What a skip left behind may already hold the next frame: look before taking more.
        while (reader->used > 0 && !may_begin(reader))
            skip(reader, 1);
        size_t size = expected_size(reader);
        if (size > 0 && reader->used >= size) {
            out->is_intact = has_checksum_at(reader, size - CHECKSUM_SIZE);
            if (!out->is_intact)
                reader->bad_checksums++;
            if (!out->is_intact && reader->replies) {
                skip(reader, 1);
                continue;
            }
            decode(reader->buffer, size, out);
            reader->used -= size;
            memmove(reader->buffer, reader->buffer + size, reader->used);
            return true;
        }
        if (*at == end)
            return false;
        reader->buffer[reader->used++] = *(*at)++;
    }
}

// +0: bit 7 valid, bit 0 below zero · +1: half degrees · +3: bit 7 valid, tenths of a volt.
// The block's bytes of sensors: bit 7 says that there is one, the others are its value.
enum {
    IS_VALID = 0x80,
    VALUE = 0x7f,
    FAN_STEP_RPM = 50,
    MONITOR_CARD = 0x20,
    MONITOR_SMOKE = 0x2a,
    MONITOR_FANS = 0x2b,
    MONITOR_VOLTAGES = 0x2f,
    MONITOR_VOLTAGES_END = 0x38,
    MONITOR_DOOR = 0x41,
};

int novastar_read_health(const uint8_t *block, size_t size, struct novastar_health *out)
{
    if (size < NOVASTAR_MONITORING_SIZE)
        return -EBADMSG;
    int temperature = block[1] * 5;
    *out = (struct novastar_health){
        .has_temperature = block[0] & IS_VALID,
        .temperature = block[0] & 1 ? -temperature : temperature,
        .has_voltage = block[3] & IS_VALID,
        .voltage = block[3] & VALUE,
        .has_monitor = block[MONITOR_CARD] == 0xff,
    };
    if (!out->has_monitor)
        return 0;
    out->has_smoke = (block[MONITOR_SMOKE] & IS_VALID) && (block[MONITOR_SMOKE] & VALUE);
    out->is_door_open = (block[MONITOR_DOOR] & IS_VALID) && (block[MONITOR_DOOR] & 1);
    for (size_t at = MONITOR_FANS; at < MONITOR_VOLTAGES; at++)
        if (block[at] & IS_VALID)
            out->fan_rpm[out->fans++] = (block[at] & VALUE) * FAN_STEP_RPM;
    for (size_t at = MONITOR_VOLTAGES; at < MONITOR_VOLTAGES_END; at++)
        if (block[at] & IS_VALID)
            out->voltages[out->voltages_count++] = block[at] & VALUE;
    return 0;
}
