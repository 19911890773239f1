// SPDX-License-Identifier: Apache-2.0
#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size)
{
    reader->at = data;
    reader->end = reader->at + size;
    reader->overrun = false;
}

size_t bytes_reader_left(const struct bytes_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

const uint8_t *bytes_read(struct bytes_reader *reader, size_t size)
{
    if (reader->overrun || size > bytes_reader_left(reader)) {
        reader->overrun = true;
        return NULL;
    }
    const uint8_t *lent = reader->at;
    reader->at += size;
    return lent;
}

int bytes_reader_status(const struct bytes_reader *reader)
{
    return reader->overrun ? -EBADMSG : 0;
}

static uint64_t read_big_endian(struct bytes_reader *reader, size_t size)
{
    const uint8_t *from = bytes_read(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; from && i < size; i++)
        value = value << 8 | from[i];
    return value;
}

static uint32_t read_little_endian(struct bytes_reader *reader, size_t size)
{
    const uint8_t *from = bytes_read(reader, size);
    uint32_t value = 0;
    for (size_t i = size; from && i > 0; i--)
        value = value << 8 | from[i - 1];
    return value;
}

uint8_t bytes_read_u8(struct bytes_reader *reader)
{
    return (uint8_t)read_big_endian(reader, 1);
}

uint16_t bytes_read_u16(struct bytes_reader *reader)
{
    return (uint16_t)read_big_endian(reader, 2);
}

uint32_t bytes_read_u24(struct bytes_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 3);
}

uint32_t bytes_read_u32(struct bytes_reader *reader)
{
    return (uint32_t)read_big_endian(reader, 4);
}

uint64_t bytes_read_u64(struct bytes_reader *reader)
{
    return read_big_endian(reader, 8);
}

uint16_t bytes_read_u16_le(struct bytes_reader *reader)
{
    return (uint16_t)read_little_endian(reader, 2);
}

uint32_t bytes_read_u32_le(struct bytes_reader *reader)
{
    return read_little_endian(reader, 4);
}

void bytes_writer_init(struct bytes_writer *writer, void *data, size_t room)
{
    writer->begin = data;
    writer->at = writer->begin;
    writer->end = writer->begin + room;
    writer->overflow = false;
}

// Lends the next `size` bytes for writing; NULL once something did not fit.
static uint8_t *bytes_take(struct bytes_writer *writer, size_t size)
{
    if (writer->overflow || size > (size_t)(writer->end - writer->at)) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *taken = writer->at;
    writer->at += size;
    return taken;
}

static void put_big_endian(struct bytes_writer *writer, uint64_t value, size_t size)
{
    uint8_t *to = bytes_take(writer, size);
    for (size_t i = size; to && i > 0; i--, value >>= 8)
        to[i - 1] = (uint8_t)value;
}

static void put_little_endian(struct bytes_writer *writer, uint32_t value, size_t size)
{
    uint8_t *to = bytes_take(writer, size);
    for (size_t i = 0; to && i < size; i++, value >>= 8)
        to[i] = (uint8_t)value;
}

void bytes_put_u8(struct bytes_writer *writer, uint8_t value)
{
    put_big_endian(writer, value, 1);
}

void bytes_put_u16(struct bytes_writer *writer, uint16_t value)
{
    put_big_endian(writer, value, 2);
}

void bytes_put_u24(struct bytes_writer *writer, uint32_t value)
{
    put_big_endian(writer, value, 3);
}

void bytes_put_u32(struct bytes_writer *writer, uint32_t value)
{
    put_big_endian(writer, value, 4);
}

void bytes_put_u64(struct bytes_writer *writer, uint64_t value)
{
    put_big_endian(writer, value, 8);
}

void bytes_put_u16_le(struct bytes_writer *writer, uint16_t value)
{
    put_little_endian(writer, value, 2);
}

void bytes_put_u32_le(struct bytes_writer *writer, uint32_t value)
{
    put_little_endian(writer, value, 4);
}

void bytes_put(struct bytes_writer *writer, const void *data, size_t size)
{
    uint8_t *to = bytes_take(writer, size);
    if (to && size > 0)
        memcpy(to, data, size);
}

size_t bytes_writer_size(const struct bytes_writer *writer)
{
    return (size_t)(writer->at - writer->begin);
}

int bytes_writer_status(const struct bytes_writer *writer)
{
    return writer->overflow ? -ENOSPC : (int)bytes_writer_size(writer);
}
