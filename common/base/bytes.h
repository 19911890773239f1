// SPDX-License-Identifier: Apache-2.0
// Bounded big-endian reader and writer with a sticky error: read all fields, then ask once.
// Pure: no allocation, no GLib.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

struct bytes_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool overrun; // some read ran past the end; it and all later ones gave 0
};

void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size);
uint8_t bytes_read_u8(struct bytes_reader *reader);
uint16_t bytes_read_u16(struct bytes_reader *reader);
uint32_t bytes_read_u24(struct bytes_reader *reader);
uint32_t bytes_read_u32(struct bytes_reader *reader);
uint64_t bytes_read_u64(struct bytes_reader *reader);
uint16_t bytes_read_u16_le(struct bytes_reader *reader);
uint32_t bytes_read_u32_le(struct bytes_reader *reader);
// Lends `size` bytes of the input; NULL past the end.
const uint8_t *bytes_read(struct bytes_reader *reader, size_t size);
size_t bytes_reader_left(const struct bytes_reader *reader);
// 0, or -EBADMSG if any read ran past the end.
int bytes_reader_status(const struct bytes_reader *reader) MUST_CHECK;

struct bytes_writer {
    uint8_t *begin;
    uint8_t *at;
    uint8_t *end;
    bool overflow;
};

void bytes_writer_init(struct bytes_writer *writer, void *data, size_t room);
void bytes_put_u8(struct bytes_writer *writer, uint8_t value);
void bytes_put_u16(struct bytes_writer *writer, uint16_t value);
void bytes_put_u24(struct bytes_writer *writer, uint32_t value);
void bytes_put_u32(struct bytes_writer *writer, uint32_t value);
void bytes_put_u64(struct bytes_writer *writer, uint64_t value);
void bytes_put_u16_le(struct bytes_writer *writer, uint16_t value);
void bytes_put_u32_le(struct bytes_writer *writer, uint32_t value);
void bytes_put(struct bytes_writer *writer, const void *data, size_t size);
size_t bytes_writer_size(const struct bytes_writer *writer);
// The size written, or -ENOSPC if any of it did not fit.
int bytes_writer_status(const struct bytes_writer *writer) MUST_CHECK;
