// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/feedback.h"
#include "common/rtp/rtcp.h"

#include <cmocka.h>

// The one packet of `data`.
static struct rtcp_packet only(const uint8_t *data, size_t size)
{
    struct rtcp_packet packet = { 0 };
    size_t at = 0;
    assert_int_equal(rtcp_next(data, size, &at, &packet), 1);
    assert_int_equal(at, size);
    return packet;
}

static void a_compound_is_walked_to_its_end(void **state)
{
    (void)state;
    uint8_t data[256];
    struct bytes_writer out;
    bytes_writer_init(&out, data, sizeof(data));
    struct rtcp_report report = { .ssrc = 1,
        .is_sender = true,
        .ntp = 0x0102030405060708,
        .timestamp = 9,
        .packets = 10,
        .bytes = 11,
        .block_count = 1 };
    report.blocks[0] = (struct rtcp_report_block){ .ssrc = 2,
        .fraction_lost = 128,
        .packets_lost = -3,
        .highest_seq = 0x10005,
        .jitter = 6,
        .last_sr = 7,
        .delay_since_sr = 8 };
    rtcp_write_report(&out, &report);
    rtcp_write_cname(&out, 1, "rong");
    const uint32_t gone[] = { 1, 5 };
    rtcp_write_bye(&out, gone, 2);
    int size = bytes_writer_status(&out);
    assert_true(size > 0);

    struct rtcp_packet packet;
    struct rtcp_report read;
    size_t at = 0;
    assert_int_equal(rtcp_next(data, (size_t)size, &at, &packet), 1);
    assert_int_equal(rtcp_read_report(&packet, &read), 0);
    assert_memory_equal(&read, &report, sizeof(report));

    char cname[RTCP_CNAME_MAX + 1];
    uint32_t ssrc;
    assert_int_equal(rtcp_next(data, (size_t)size, &at, &packet), 1);
    assert_int_equal(rtcp_read_cname(&packet, &ssrc, cname), 0);
    assert_int_equal(ssrc, 1);
    assert_string_equal(cname, "rong");

    uint32_t ssrcs[4];
    assert_int_equal(rtcp_next(data, (size_t)size, &at, &packet), 1);
    assert_int_equal(rtcp_read_bye(&packet, ssrcs, 4), 2);
    assert_int_equal(ssrcs[1], 5);
    assert_int_equal(rtcp_next(data, (size_t)size, &at, &packet), 0);
}

static void a_cname_of_any_length_ends_on_a_word(void **state)
{
    (void)state;
    for (size_t length = 0; length < 10; length++) {
        uint8_t data[64];
        char name[16] = { 0 };
        memset(name, 'x', length);
        struct bytes_writer out;
        bytes_writer_init(&out, data, sizeof(data));
        rtcp_write_cname(&out, 1, name);
        int size = bytes_writer_status(&out);
        assert_int_equal(size % 4, 0);
        struct rtcp_packet packet = only(data, (size_t)size);
        char cname[RTCP_CNAME_MAX + 1];
        uint32_t ssrc;
        assert_int_equal(rtcp_read_cname(&packet, &ssrc, cname), 0);
        assert_string_equal(cname, name);
        assert_int_equal(packet.body[packet.size - 1], 0);
    }
}

static void refuses_lengths_that_run_past_the_end(void **state)
{
    (void)state;
    struct rtcp_packet packet;
    struct rtcp_report report;
    size_t at = 0;
    const uint8_t too_long[8] = { 0x80, 201, 0, 2 };
    assert_int_equal(rtcp_next(too_long, sizeof(too_long), &at, &packet), -EBADMSG);
    const uint8_t cut[3] = { 0x80, 201, 0 };
    assert_int_equal(rtcp_next(cut, sizeof(cut), &at, &packet), -EBADMSG);
    const uint8_t more_blocks_than_bytes[8] = { 0x81, 201, 0, 1, 0, 0, 0, 1 };
    packet = only(more_blocks_than_bytes, 8);
    assert_int_equal(rtcp_read_report(&packet, &report), -EBADMSG);
    const uint8_t all_padding[8] = { 0xa0, 201, 0, 1, 0, 0, 0, 9 };
    at = 0;
    assert_int_equal(rtcp_next(all_padding, 8, &at, &packet), -EBADMSG);
    const uint8_t bye[8] = { 0x82, 203, 0, 1, 0, 0, 0, 1 };
    uint32_t ssrcs[2];
    packet = only(bye, 8);
    assert_int_equal(rtcp_read_bye(&packet, ssrcs, 2), -EBADMSG);
    const uint8_t open_sdes[12] = { 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, 'a', 'b' };
    char cname[RTCP_CNAME_MAX + 1];
    packet = only(open_sdes, 12);
    assert_int_equal(rtcp_read_cname(&packet, ssrcs, cname), -EBADMSG);
}

static void a_report_that_does_not_fit_is_told(void **state)
{
    (void)state;
    uint8_t data[20];
    struct bytes_writer out;
    struct rtcp_report report = { .is_sender = true };
    bytes_writer_init(&out, data, sizeof(data));
    rtcp_write_report(&out, &report);
    assert_int_equal(bytes_writer_status(&out), -ENOSPC);
}

static void the_round_trip_leaves_out_the_time_at_the_peer(void **state)
{
    (void)state;
    // RFC 3550 figure 2: sent at 0xb705:2000, delay 5.25 s, received 0xb710:8000 → 6.125 s.
    struct rtcp_report_block block = { .last_sr = 0xb7052000, .delay_since_sr = 0x00054000 };
    uint64_t now = (uint64_t)0xb7108000 << 16;
    assert_int_equal(rtcp_round_trip_us(&block, now), 6125000);
    block.last_sr = 0;
    assert_int_equal(rtcp_round_trip_us(&block, now), -1);
}

static void ntp_time_counts_from_1900(void **state)
{
    (void)state;
    assert_int_equal(rtcp_ntp(0) >> 32, 2208988800u);
    assert_int_equal(rtcp_ntp(1500000) >> 32, 2208988801u);
    assert_int_equal(rtcp_ntp(1500000) & 0xffffffff, 0x80000000);
}

static void a_nack_packs_neighbours_into_one_item(void **state)
{
    (void)state;
    uint8_t data[64];
    struct bytes_writer out;
    bytes_writer_init(&out, data, sizeof(data));
    const uint16_t wanted[] = { 65535, 0, 15, 16, 100 };
    feedback_write_nack(&out, 1, 2, wanted, 5);
    int size = bytes_writer_status(&out);
    assert_int_equal(size, 12 + 3 * 4);
    struct rtcp_packet packet = only(data, (size_t)size);
    assert_int_equal(feedback_kind(&packet), FEEDBACK_NACK);
    uint32_t media = 0;
    uint16_t seqs[8];
    assert_int_equal(feedback_read_nack(&packet, &media, seqs, 8), 5);
    assert_int_equal(media, 2);
    assert_memory_equal(seqs, wanted, sizeof(wanted));
    assert_int_equal(feedback_read_nack(&packet, &media, seqs, 2), 5);
}

static void pli_and_fir_name_their_stream(void **state)
{
    (void)state;
    uint8_t data[64];
    struct bytes_writer out;
    uint32_t media = 0;
    uint8_t command = 0;
    bytes_writer_init(&out, data, sizeof(data));
    feedback_write_pli(&out, 1, 77);
    struct rtcp_packet packet = only(data, bytes_writer_size(&out));
    assert_int_equal(feedback_kind(&packet), FEEDBACK_PLI);
    assert_int_equal(feedback_read_pli(&packet, &media), 0);
    assert_int_equal(media, 77);
    bytes_writer_init(&out, data, sizeof(data));
    feedback_write_fir(&out, 1, 78, 3);
    packet = only(data, bytes_writer_size(&out));
    assert_int_equal(feedback_kind(&packet), FEEDBACK_FIR);
    assert_int_equal(feedback_read_fir(&packet, &media, &command), 0);
    assert_int_equal(media, 78);
    assert_int_equal(command, 3);
    assert_int_equal(feedback_read_pli(&packet, &media), -EBADMSG);
}

static void remb_keeps_eighteen_bits(void **state)
{
    (void)state;
    const uint64_t rates[] = { 0, 1, 0x3ffff, 0x40000, 1500000, 2500000000 };
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        uint8_t data[64];
        struct bytes_writer out;
        const uint32_t ssrcs[] = { 5, 6 };
        uint64_t bps = 0;
        bytes_writer_init(&out, data, sizeof(data));
        feedback_write_remb(&out, 1, rates[i], ssrcs, 2);
        struct rtcp_packet packet = only(data, bytes_writer_size(&out));
        assert_int_equal(feedback_kind(&packet), FEEDBACK_REMB);
        assert_int_equal(feedback_read_remb(&packet, &bps), 0);
        assert_true(bps <= rates[i]);
        assert_true(rates[i] - bps <= rates[i] >> 17);
    }
}

static void a_remb_beyond_64_bits_is_refused(void **state)
{
    (void)state;
    uint8_t data[20] = { 0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 0, 0xff, 0xff,
        0xff };
    struct rtcp_packet packet = only(data, sizeof(data));
    uint64_t bps;
    assert_int_equal(feedback_read_remb(&packet, &bps), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compound_is_walked_to_its_end),
        cmocka_unit_test(a_cname_of_any_length_ends_on_a_word),
        cmocka_unit_test(refuses_lengths_that_run_past_the_end),
        cmocka_unit_test(a_report_that_does_not_fit_is_told),
        cmocka_unit_test(the_round_trip_leaves_out_the_time_at_the_peer),
        cmocka_unit_test(ntp_time_counts_from_1900),
        cmocka_unit_test(a_nack_packs_neighbours_into_one_item),
        cmocka_unit_test(pli_and_fir_name_their_stream),
        cmocka_unit_test(remb_keeps_eighteen_bits),
        cmocka_unit_test(a_remb_beyond_64_bits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
