// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "hw/codec/novastar_codec.h"
#include "hw/codec/visca_codec.h"
#include "tests/bench/clock.h"
#include "tests/bench/micro.h"

struct coding {
    uint8_t bytes[NOVASTAR_FRAME_MAX];
    struct visca_packet packet;
    int rc;
};

static const struct visca_command drive = {
    .kind = VISCA_DRIVE, .camera = 1, .pan_speed = 10, .tilt_speed = -5
};

static void write_visca(void *user)
{
    struct coding *coding = user;
    struct bytes_writer out;
    bytes_writer_init(&out, coding->bytes, sizeof(coding->bytes));
    coding->rc = visca_write_command(&out, &drive);
}

static double measure_visca_write(const struct micro *micro)
{
    struct coding coding = { 0 };
    const double us = clock_time_us(write_visca, &coding, micro->for_ms);
    return coding.rc > 0 ? us : -1;
}

static void parse_visca(void *user)
{
    struct coding *coding = user;
    struct visca_command command;
    coding->rc = visca_parse_command(&coding->packet, &command);
}

static double measure_visca_parse(const struct micro *micro)
{
    struct coding coding = { 0 };
    write_visca(&coding);
    if (coding.rc <= 0 || (size_t)coding.rc > sizeof(coding.packet.bytes))
        return -1;
    coding.packet.size = (size_t)coding.rc;
    memcpy(coding.packet.bytes, coding.bytes, coding.packet.size);
    const double us = clock_time_us(parse_visca, &coding, micro->for_ms);
    return coding.rc == 0 ? us : -1;
}

static void write_novastar(void *user)
{
    static const struct novastar_frame frame = { .source = NOVASTAR_COMPUTER,
        .device = NOVASTAR_RECEIVING_CARD,
        .port = NOVASTAR_ALL,
        .board = NOVASTAR_ALL_CARDS,
        .is_write = true,
        .address = NOVASTAR_BRIGHTNESS,
        .length = 1,
        .size = 1,
        .data = { 0x80 } };
    struct coding *coding = user;
    struct bytes_writer out;
    bytes_writer_init(&out, coding->bytes, sizeof(coding->bytes));
    coding->rc = novastar_write(&out, &frame);
}

static double measure_novastar_write(const struct micro *micro)
{
    struct coding coding = { 0 };
    const double us = clock_time_us(write_novastar, &coding, micro->for_ms);
    return coding.rc > 0 ? us : -1;
}

const struct micro_row micro_devices_rows[] = {
    { "hw.visca_write", "µs", measure_visca_write, "a drive command" },
    { "hw.visca_parse", "µs", measure_visca_parse, "the same" },
    { "hw.novastar_write", "µs", measure_novastar_write, "the brightness of a wall" },
    { 0 },
};
