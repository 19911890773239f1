// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/packet.h"

#include <cmocka.h>

static const struct rtp_header header = {
    .marker = true, .payload_type = 111, .seq = 0xfffe, .timestamp = 0x01020304, .ssrc = 0xa0b0c0d0
};

static const struct rtp_extension_ids ids = {
    .audio_level = 1, .transport_seq = 3, .mid = 4, .abs_send_time = 2
};

static const struct rtp_extensions extensions = {
    .has_audio_level = true,
    .voice = true,
    .audio_level = 30,
    .has_transport_seq = true,
    .transport_seq = 0xbeef,
    .has_abs_send_time = true,
    .abs_send_time = 0x123456,
    .mid = "0",
};

static void reads_the_fields_of_the_fixed_header(void **state)
{
    (void)state;
    const uint8_t data[] = { 0x80, 0xef, 0xff, 0xfe, 1, 2, 3, 4, 0xa0, 0xb0, 0xc0, 0xd0, 9, 8 };
    struct rtp_packet packet;
    assert_int_equal(rtp_packet_read(data, sizeof(data), &packet), 0);
    assert_true(packet.marker);
    assert_int_equal(packet.payload_type, 111);
    assert_int_equal(packet.seq, 0xfffe);
    assert_int_equal(packet.timestamp, 0x01020304);
    assert_int_equal(packet.ssrc, 0xa0b0c0d0);
    assert_int_equal(packet.header_size, 12);
    assert_int_equal(packet.payload_size, 2);
    assert_int_equal(packet.payload[0], 9);
}

static void leaves_padding_and_contributing_sources_out_of_the_payload(void **state)
{
    (void)state;
    const uint8_t data[] = { 0xa1, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 7, 0, 0, 3 };
    struct rtp_packet packet;
    assert_int_equal(rtp_packet_read(data, sizeof(data), &packet), 0);
    assert_int_equal(packet.header_size, 16);
    assert_int_equal(packet.payload_size, 1);
    assert_int_equal(packet.payload[0], 7);
}

static void refuses_lengths_that_run_past_the_end(void **state)
{
    (void)state;
    struct rtp_packet packet;
    const uint8_t short_header[11] = { 0x80 };
    const uint8_t wrong_version[12] = { 0x40 };
    const uint8_t many_sources[16] = { 0x8f };
    const uint8_t long_extension[16] = { 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 9 };
    const uint8_t all_padding[14] = { 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3 };
    const uint8_t no_padding[12] = { 0xa0 };
    assert_int_equal(rtp_packet_read(short_header, sizeof(short_header), &packet), -EBADMSG);
    assert_int_equal(rtp_packet_read(wrong_version, sizeof(wrong_version), &packet), -EBADMSG);
    assert_int_equal(rtp_packet_read(many_sources, sizeof(many_sources), &packet), -EBADMSG);
    assert_int_equal(rtp_packet_read(long_extension, sizeof(long_extension), &packet), -EBADMSG);
    assert_int_equal(rtp_packet_read(all_padding, sizeof(all_padding), &packet), -EBADMSG);
    assert_int_equal(rtp_packet_read(no_padding, sizeof(no_padding), &packet), -EBADMSG);
}

// RFC 8285 §4.2: element 1 of one byte, element 2 of three, padding between.
static void finds_one_byte_elements_behind_padding(void **state)
{
    (void)state;
    const uint8_t data[] = { 0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 2, 0x10, 0xaa,
        0, 0x22, 1, 2, 3, 0 };
    struct rtp_packet packet;
    size_t size = 0;
    assert_int_equal(rtp_packet_read(data, sizeof(data), &packet), 0);
    const uint8_t *element = rtp_packet_extension(&packet, 2, &size);
    assert_non_null(element);
    assert_int_equal(size, 3);
    assert_int_equal(element[2], 3);
    assert_null(rtp_packet_extension(&packet, 3, &size));
    assert_null(rtp_packet_extension(&packet, 0, &size));
}

static void stops_at_an_element_that_runs_past_the_extension(void **state)
{
    (void)state;
    const uint8_t one_byte[] = { 0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x1f, 1,
        2, 3, 5, 5, 5, 5 };
    const uint8_t two_byte[] = { 0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0, 0, 1, 1, 9, 2, 3,
        5, 5, 5, 5 };
    struct rtp_packet packet;
    size_t size = 0;
    assert_int_equal(rtp_packet_read(one_byte, sizeof(one_byte), &packet), 0);
    assert_null(rtp_packet_extension(&packet, 1, &size));
    assert_int_equal(rtp_packet_read(two_byte, sizeof(two_byte), &packet), 0);
    assert_null(rtp_packet_extension(&packet, 1, &size));
}

static void check_extensions(const uint8_t *data, size_t size, const struct rtp_extension_ids *by)
{
    struct rtp_packet packet;
    uint8_t level;
    bool voice;
    uint16_t seq;
    uint32_t time;
    char mid[17];
    assert_int_equal(rtp_packet_read(data, size, &packet), 0);
    assert_true(rtp_packet_audio_level(&packet, by->audio_level, &level, &voice));
    assert_int_equal(level, 30);
    assert_true(voice);
    assert_true(rtp_packet_transport_seq(&packet, by->transport_seq, &seq));
    assert_int_equal(seq, 0xbeef);
    assert_true(rtp_packet_abs_send_time(&packet, by->abs_send_time, &time));
    assert_int_equal(time, 0x123456);
    assert_true(rtp_packet_mid(&packet, by->mid, mid, sizeof(mid)));
    assert_string_equal(mid, "0");
    assert_int_equal(packet.payload_size, 0);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    uint8_t data[RTP_HEADER_MAX];
    int size = rtp_packet_write_header(data, sizeof(data), &header, &ids, &extensions);
    assert_true(size > 12);
    assert_int_equal(size % 4, 0);
    check_extensions(data, (size_t)size, &ids);
}

static void uses_two_byte_elements_for_ids_over_fourteen(void **state)
{
    (void)state;
    struct rtp_extension_ids high = ids;
    high.mid = 200;
    uint8_t data[RTP_HEADER_MAX];
    int size = rtp_packet_write_header(data, sizeof(data), &header, &high, &extensions);
    assert_true(size > 12);
    assert_int_equal(data[12], 0x10);
    check_extensions(data, (size_t)size, &high);
}

static void the_largest_header_fits_its_maximum(void **state)
{
    (void)state;
    struct rtp_extensions all = extensions;
    all.mid = "0123456789abcdef";
    struct rtp_extension_ids high = { 15, 16, 17, 18 };
    uint8_t data[RTP_HEADER_MAX];
    assert_true(rtp_packet_write_header(data, sizeof(data), &header, &high, &all) > 0);
    assert_int_equal(rtp_packet_write_header(data, 20, &header, &high, &all), -ENOSPC);
}

static void writes_no_extension_when_there_is_nothing_to_say(void **state)
{
    (void)state;
    const struct rtp_extensions none = { 0 };
    uint8_t data[RTP_HEADER_MAX];
    assert_int_equal(rtp_packet_write_header(data, sizeof(data), &header, &ids, &none), 12);
    assert_int_equal(data[0], 0x80);
}

static void changes_fields_in_place(void **state)
{
    (void)state;
    uint8_t data[RTP_HEADER_MAX];
    int size = rtp_packet_write_header(data, sizeof(data), &header, &ids, &extensions);
    rtp_packet_set_marker(data, false);
    rtp_packet_set_payload_type(data, 96);
    rtp_packet_set_seq(data, 5);
    rtp_packet_set_timestamp(data, 6);
    rtp_packet_set_ssrc(data, 7);
    assert_true(rtp_packet_set_transport_seq(data, (size_t)size, ids.transport_seq, 8));
    assert_true(rtp_packet_set_abs_send_time(data, (size_t)size, ids.abs_send_time, 9));
    assert_false(rtp_packet_set_transport_seq(data, (size_t)size, ids.abs_send_time, 8));
    struct rtp_packet packet;
    uint16_t seq;
    uint32_t time;
    assert_int_equal(rtp_packet_read(data, (size_t)size, &packet), 0);
    assert_false(packet.marker);
    assert_int_equal(packet.payload_type, 96);
    assert_int_equal(packet.seq, 5);
    assert_int_equal(packet.timestamp, 6);
    assert_int_equal(packet.ssrc, 7);
    assert_true(rtp_packet_transport_seq(&packet, ids.transport_seq, &seq));
    assert_int_equal(seq, 8);
    assert_true(rtp_packet_abs_send_time(&packet, ids.abs_send_time, &time));
    assert_int_equal(time, 9);
}

static void distances_go_round_the_circle(void **state)
{
    (void)state;
    assert_int_equal(rtp_seq_distance(65535, 1), 2);
    assert_int_equal(rtp_seq_distance(1, 65535), -2);
    assert_int_equal(rtp_timestamp_distance(0xffffff00, 0x100), 0x200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_fields_of_the_fixed_header),
        cmocka_unit_test(leaves_padding_and_contributing_sources_out_of_the_payload),
        cmocka_unit_test(refuses_lengths_that_run_past_the_end),
        cmocka_unit_test(finds_one_byte_elements_behind_padding),
        cmocka_unit_test(stops_at_an_element_that_runs_past_the_extension),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(uses_two_byte_elements_for_ids_over_fourteen),
        cmocka_unit_test(the_largest_header_fits_its_maximum),
        cmocka_unit_test(writes_no_extension_when_there_is_nothing_to_say),
        cmocka_unit_test(changes_fields_in_place),
        cmocka_unit_test(distances_go_round_the_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
