// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <stdlib.h>
#include <string.h>

#include "hw/codec/novastar_codec.h"

#include <cmocka.h>

// From the vendor's protocol sheets, those whose checksum is right.
static const uint8_t connect_request[] = { 0x55, 0xaa, 0x00, 0x00, 0xfe, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x57, 0x56 };
static const uint8_t connect_reply[] = { 0xaa, 0x55, 0x00, 0x00, 0x00, 0xfe, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x06, 0x61, 0xbe, 0x56 };
static const uint8_t brightness_request[] = { 0x55, 0xaa, 0x00, 0x00, 0xfe, 0xff, 0x01, 0xff, 0xff,
    0xff, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x01, 0x00, 0xff, 0x54, 0x5b };
static const uint8_t brightness_reply[] = { 0xaa, 0x55, 0x00, 0x00, 0xff, 0xfe, 0x01, 0xff, 0xff,
    0xff, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x00, 0x00, 0x54, 0x5a };
static const uint8_t red_request[] = { 0x55, 0xaa, 0x00, 0x80, 0xfe, 0x00, 0x01, 0xff, 0xff, 0xff,
    0x01, 0x00, 0x01, 0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0xd9, 0x59 };
static const uint8_t hdmi_request[] = { 0x55, 0xaa, 0x00, 0x00, 0xfe, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x2d, 0x00, 0x20, 0x02, 0x01, 0x00, 0xa0, 0x44, 0x57 };
// A capture: a request whose checksum should be 89 56, and how the device refused it, with data.
static const uint8_t bad_request[] = { 0x55, 0xaa, 0x00, 0x32, 0xfe, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x87, 0x56 };
static const uint8_t refusal[] = { 0xaa, 0x55, 0x02, 0x32, 0x00, 0xfe, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00, 0x8c, 0x56 };

static void check_write(const struct novastar_frame *frame, const uint8_t *expected, size_t size)
{
    uint8_t bytes[64];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    assert_int_equal(novastar_write(&out, frame), size);
    assert_memory_equal(bytes, expected, size);
}

static void writes_the_vendors_frames_from_fields(void **state)
{
    (void)state;
    const struct novastar_frame connect = {
        .source = NOVASTAR_COMPUTER, .address = NOVASTAR_MODEL, .length = 2
    };
    const struct novastar_frame brightness = {
        .source = NOVASTAR_COMPUTER,
        .destination = NOVASTAR_ALL,
        .device = NOVASTAR_RECEIVING_CARD,
        .port = NOVASTAR_ALL,
        .board = NOVASTAR_ALL_CARDS,
        .is_write = true,
        .address = NOVASTAR_BRIGHTNESS,
        .length = 1,
        .size = 1,
        .data = { 0xff },
    };
    const struct novastar_frame red = {
        .serial = 0x80,
        .source = NOVASTAR_COMPUTER,
        .device = NOVASTAR_RECEIVING_CARD,
        .port = NOVASTAR_ALL,
        .board = NOVASTAR_ALL_CARDS,
        .is_write = true,
        .address = NOVASTAR_PATTERN,
        .length = 1,
        .size = 1,
        .data = { 2 },
    };
    const struct novastar_frame hdmi = {
        .source = NOVASTAR_COMPUTER,
        .is_write = true,
        .address = NOVASTAR_INPUT_VX4S,
        .length = 1,
        .size = 1,
        .data = { 0xa0 },
    };
    check_write(&connect, connect_request, sizeof(connect_request));
    check_write(&brightness, brightness_request, sizeof(brightness_request));
    check_write(&red, red_request, sizeof(red_request));
    check_write(&hdmi, hdmi_request, sizeof(hdmi_request));
}

static struct novastar_reader *new_reader(bool replies)
{
    struct novastar_reader *reader = malloc(sizeof(*reader));
    assert_non_null(reader);
    novastar_reader_init(reader, replies);
    return reader;
}

static void reads_the_vendors_replies(void **state)
{
    (void)state;
    struct novastar_reader *reader = new_reader(true);
    struct novastar_frame frame;
    const uint8_t *at = connect_reply;
    assert_true(novastar_reader_take(reader, &at, connect_reply + sizeof(connect_reply), &frame));
    assert_true(frame.is_reply && frame.is_intact);
    assert_int_equal(frame.ack, NOVASTAR_OK);
    assert_int_equal(frame.destination, NOVASTAR_COMPUTER);
    assert_int_equal(frame.size, 2);
    assert_int_equal(frame.data[0], 0x06);
    assert_int_equal(frame.data[1], 0x61);

    at = brightness_reply;
    assert_true(
            novastar_reader_take(reader, &at, brightness_reply + sizeof(brightness_reply), &frame));
    assert_true(frame.is_write);
    assert_int_equal(frame.size, 0);
    free(reader);
}

static void reads_a_refusal_that_still_has_data(void **state)
{
    (void)state;
    struct novastar_reader *reader = new_reader(true);
    struct novastar_frame frame;
    const uint8_t *at = refusal;
    assert_true(novastar_reader_take(reader, &at, refusal + sizeof(refusal), &frame));
    assert_int_equal(frame.ack, NOVASTAR_BAD_CHECKSUM);
    assert_int_equal(frame.serial, 0x32);
    assert_int_equal(frame.size, 2);
    free(reader);
}

static void reads_a_refusal_without_data(void **state)
{
    (void)state;
    struct novastar_frame out = {
        .is_reply = true, .ack = NOVASTAR_CARD_SILENT, .length = 1, .address = 0x02000001
    };
    uint8_t bytes[64];
    struct bytes_writer writer;
    bytes_writer_init(&writer, bytes, sizeof(bytes));
    assert_int_equal(novastar_write(&writer, &out), 20);

    struct novastar_reader *reader = new_reader(true);
    struct novastar_frame frame;
    const uint8_t *at = bytes;
    assert_true(novastar_reader_take(reader, &at, bytes + 20, &frame));
    assert_int_equal(frame.ack, NOVASTAR_CARD_SILENT);
    assert_int_equal(frame.size, 0);
    free(reader);
}

static void tells_a_controller_of_a_wrong_request(void **state)
{
    (void)state;
    struct novastar_reader *reader = new_reader(false);
    struct novastar_frame frame;
    const uint8_t *at = bad_request;
    assert_true(novastar_reader_take(reader, &at, bad_request + sizeof(bad_request), &frame));
    assert_false(frame.is_intact);
    assert_int_equal(frame.serial, 0x32);
    assert_int_equal(reader->bad_checksums, 1);
    free(reader);
}

static void drops_a_reply_with_a_wrong_checksum(void **state)
{
    (void)state;
    uint8_t wrong[sizeof(connect_reply)];
    memcpy(wrong, connect_reply, sizeof(wrong));
    wrong[sizeof(wrong) - 1] ^= 1;
    struct novastar_reader *reader = new_reader(true);
    struct novastar_frame frame;
    const uint8_t *at = wrong;
    assert_false(novastar_reader_take(reader, &at, wrong + sizeof(wrong), &frame));
    assert_int_equal(reader->bad_checksums, 1);
    at = connect_reply;
    assert_true(novastar_reader_take(reader, &at, connect_reply + sizeof(connect_reply), &frame));
    free(reader);
}

// One byte at a time, coalesced, and with foreign bytes between: the same frames.
static void finds_the_same_frames_however_the_stream_is_cut(void **state)
{
    (void)state;
    uint8_t stream[128];
    size_t size = 0;
    static const uint8_t noise[] = { 0xaa, 0xaa, 0x55, 0x01, 0x00 };
    const struct {
        const uint8_t *bytes;
        size_t size;
    } parts[] = { { connect_reply, sizeof(connect_reply) }, { noise, sizeof(noise) },
        { refusal, sizeof(refusal) }, { brightness_reply, sizeof(brightness_reply) } };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        memcpy(stream + size, parts[i].bytes, parts[i].size);
        size += parts[i].size;
    }
    for (size_t piece = 1; piece <= size; piece++) {
        struct novastar_reader *reader = new_reader(true);
        struct novastar_frame frame;
        unsigned acks = 0;
        unsigned frames = 0;
        for (size_t from = 0; from < size; from += piece) {
            const uint8_t *at = stream + from;
            const uint8_t *end = stream + (from + piece < size ? from + piece : size);
            while (novastar_reader_take(reader, &at, end, &frame)) {
                acks = acks * 10 + frame.ack;
                frames++;
            }
        }
        assert_int_equal(frames, 3);
        assert_int_equal(acks, 20); // 0, 2, 0
        assert_int_equal(reader->skipped_bytes, sizeof(noise));
        free(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_vendors_frames_from_fields),
        cmocka_unit_test(reads_the_vendors_replies),
        cmocka_unit_test(reads_a_refusal_that_still_has_data),
        cmocka_unit_test(reads_a_refusal_without_data),
        cmocka_unit_test(tells_a_controller_of_a_wrong_request),
        cmocka_unit_test(drops_a_reply_with_a_wrong_checksum),
        cmocka_unit_test(finds_the_same_frames_however_the_stream_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
