// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/packet.h"
#include "common/rtp/red.h"
#include "common/rtp/rtx.h"
#include "common/rtp/send_history.h"
#include "common/rtp/stream_out.h"

#include <cmocka.h>

static void history_finds_what_it_still_has(void **state)
{
    (void)state;
    struct send_history *history = send_history_new(100, 16); // becomes 128
    struct send_history_packet found;
    for (uint32_t i = 0; i < 200; i++) {
        uint16_t seq = (uint16_t)(65500 + i);
        const uint8_t packet[2] = { (uint8_t)(seq >> 8), (uint8_t)seq };
        send_history_put(history, seq, packet, sizeof(packet), i);
    }
    send_history_find(history, (uint16_t)(65500 + 71), &found);
    assert_null(found.data);
    send_history_find(history, (uint16_t)(65500 + 72), &found);
    assert_non_null(found.data);
    assert_int_equal(found.data[0] << 8 | found.data[1], (uint16_t)(65500 + 72));
    assert_int_equal(found.sent_us, 72);
    send_history_find(history, 5000, &found);
    assert_null(found.data);
    const uint8_t large[17] = { 0 };
    send_history_put(history, 1, large, sizeof(large), 0);
    send_history_find(history, 1, &found);
    assert_null(found.data);
    send_history_free(history);
}

static void a_retransmission_gives_the_original_back(void **state)
{
    (void)state;
    const struct rtp_header header = {
        .marker = true, .payload_type = 108, .seq = 0xfffe, .timestamp = 77, .ssrc = 5
    };
    const struct rtp_extension_ids ids = { .mid = 4 };
    const struct rtp_extensions extensions = { .mid = "1" };
    uint8_t packet[64];
    uint8_t rtx[80];
    int header_size = rtp_packet_write_header(packet, sizeof(packet), &header, &ids, &extensions);
    assert_true(header_size > 0);
    size_t size = (size_t)header_size + 10;
    memset(packet + header_size, 0xab, 10);

    int rtx_size = rtx_write(rtx, sizeof(rtx), packet, size, 6, 109, 1000);
    assert_int_equal(rtx_size, size + RTX_OVERHEAD);
    struct rtp_packet read;
    assert_int_equal(rtp_packet_read(rtx, (size_t)rtx_size, &read), 0);
    assert_int_equal(read.ssrc, 6);
    assert_int_equal(read.payload_type, 109);
    assert_int_equal(read.seq, 1000);
    assert_int_equal(read.timestamp, 77);
    assert_true(read.marker);

    assert_int_equal(rtx_restore(rtx, (size_t)rtx_size, 5, 108), size);
    assert_memory_equal(rtx, packet, size);
}

static void empty_and_cut_retransmissions_are_told_apart(void **state)
{
    (void)state;
    uint8_t padding[16] = { 0xa0, 109, 0, 1, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 4 };
    uint8_t cut[13] = { 0x80, 109, 0, 1, 0, 0, 0, 0, 0, 0, 0, 6, 1 };
    uint8_t out[16];
    assert_int_equal(rtx_restore(padding, sizeof(padding), 5, 108), -ENODATA);
    assert_int_equal(rtx_restore(cut, sizeof(cut), 5, 108), -EBADMSG);
    assert_int_equal(rtx_write(out, 14, cut, sizeof(cut), 1, 1, 1), -ENOSPC);
    assert_int_equal(rtx_write(out, 14, cut, 3, 1, 1, 1), -EBADMSG);
}

static void red_blocks_come_back_as_written(void **state)
{
    (void)state;
    uint8_t out[64];
    const struct red_block blocks[] = {
        { 111, 1920, (const uint8_t *)"aa", 2 },
        { 111, 960, (const uint8_t *)"", 0 },
        { 111, 0, (const uint8_t *)"primary", 7 },
    };
    struct red_block read[RED_BLOCKS_MAX];
    int size = red_write(out, sizeof(out), blocks, 3);
    assert_int_equal(size, 4 + 4 + 1 + 9);
    assert_int_equal(red_read(out, (size_t)size, read), 3);
    assert_int_equal(read[0].timestamp_offset, 1920);
    assert_int_equal(read[0].size, 2);
    assert_memory_equal(read[0].data, "aa", 2);
    assert_int_equal(read[1].size, 0);
    assert_int_equal(read[2].size, 7);
    assert_int_equal(read[2].payload_type, 111);
    assert_memory_equal(read[2].data, "primary", 7);
}

static void red_refuses_what_can_not_be(void **state)
{
    (void)state;
    struct red_block read[RED_BLOCKS_MAX];
    uint8_t out[8];
    uint8_t many[40];
    memset(many, 0x80, sizeof(many));
    const uint8_t past_end[] = { 0xef, 0, 0, 9, 0x6f, 1, 2 };
    assert_int_equal(red_read(past_end, sizeof(past_end), read), -EBADMSG);
    assert_int_equal(red_read(past_end, 3, read), -EBADMSG);
    assert_int_equal(red_read(many, sizeof(many), read), -EBADMSG);
    assert_int_equal(red_read(many, 0, read), -EBADMSG);
    const struct red_block far[] = { { 1, 20000, out, 1 }, { 1, 0, out, 1 } };
    const struct red_block large[] = { { 1, 960, out, 1024 }, { 1, 0, out, 1 } };
    const struct red_block full[] = { { 1, 960, out, 8 }, { 1, 0, out, 8 } };
    assert_int_equal(red_write(out, sizeof(out), far, 2), -EINVAL);
    assert_int_equal(red_write(out, sizeof(out), large, 2), -EINVAL);
    assert_int_equal(red_write(out, sizeof(out), full, 2), -ENOSPC);
    assert_int_equal(red_write(out, sizeof(out), full, 0), -EINVAL);
}

// --- stream_out ---------------------------------------------------------------------------------

struct place {
    uint16_t seq;
    uint32_t timestamp;
};

static struct place map(struct stream_out *stream, uint32_t source, uint16_t seq,
        uint32_t timestamp, int64_t now_us)
{
    struct place place;
    assert_true(stream_out_map(
            stream, source, seq, timestamp, 100, now_us, &place.seq, &place.timestamp));
    return place;
}

static void a_switch_of_source_leaves_no_gap(void **state)
{
    (void)state;
    struct stream_out stream;
    stream_out_init(&stream, 42, 90000, 100, 5000);
    struct place place = map(&stream, 1, 65535, 1000000, 0);
    assert_int_equal(place.seq, 100);
    assert_int_equal(place.timestamp, 5000);
    place = map(&stream, 1, 0, 1003600, 40000);
    assert_int_equal(place.seq, 101);
    assert_int_equal(place.timestamp, 8600);
    place = map(&stream, 2, 777, 9, 80000); // another clock: by the time that passed
    assert_int_equal(place.seq, 102);
    assert_int_equal(place.timestamp, 8600 + 3600);
    place = map(&stream, 2, 778, 9 + 3600, 120000);
    assert_int_equal(place.seq, 103);
    assert_int_equal(place.timestamp, 8600 + 7200);
}

static void sources_on_one_clock_keep_their_steps(void **state)
{
    (void)state;
    struct stream_out stream;
    stream_out_init(&stream, 42, 48000, 0, 0);
    map(&stream, 1, 10, 480000, 0);
    // 27 ms of wall clock passed, but it is the next 20 ms of the same mixer.
    struct place place = map(&stream, 2, 900, 480960, 27000);
    assert_int_equal(place.timestamp, 960);
    assert_int_equal(place.seq, 1);
}

static void a_switch_never_repeats_a_timestamp(void **state)
{
    (void)state;
    struct stream_out stream;
    stream_out_init(&stream, 42, 90000, 0, 0);
    map(&stream, 1, 10, 480000, 0);
    struct place place = map(&stream, 2, 900, 7, 0);
    assert_true(rtp_timestamp_distance(0, place.timestamp) > 0);
}

static void what_is_from_before_the_switch_is_not_sent(void **state)
{
    (void)state;
    struct stream_out stream;
    uint16_t seq;
    uint32_t timestamp;
    stream_out_init(&stream, 42, 90000, 0, 0);
    map(&stream, 1, 10, 0, 0);
    map(&stream, 2, 500, 0, 40000);
    assert_false(stream_out_map(&stream, 2, 499, 0, 100, 41000, &seq, &timestamp));
    assert_int_equal(map(&stream, 2, 502, 0, 42000).seq, 3); // 501 was lost on the way to us
    assert_int_equal(map(&stream, 2, 501, 0, 42000).seq, 2);
    assert_int_equal(map(&stream, 2, 503, 0, 42000).seq, 4);
}

static void a_nack_is_traced_to_its_source(void **state)
{
    (void)state;
    struct stream_out stream;
    struct stream_out_origin origin;
    stream_out_init(&stream, 42, 90000, 0, 1000);
    for (uint16_t i = 0; i < 10; i++)
        map(&stream, 1, (uint16_t)(65530 + i), i * 10u, i);
    for (uint16_t i = 0; i < 10; i++)
        map(&stream, 2, (uint16_t)(300 + i), 5000000 + i * 10u, 1000 + i);
    assert_true(stream_out_find(&stream, 7, &origin));
    assert_int_equal(origin.source, 1);
    assert_int_equal(origin.seq, (uint16_t)(65530 + 7));
    assert_int_equal(origin.timestamp_offset + 70, 1070);
    assert_true(stream_out_find(&stream, 12, &origin));
    assert_int_equal(origin.source, 2);
    assert_int_equal(origin.seq, 302);
    assert_false(stream_out_find(&stream, 20, &origin)); // not sent yet
    assert_false(stream_out_find(&stream, 65000, &origin));
    for (uint32_t source = 3; source < 20; source++)
        map(&stream, source, 0, 0, 2000 + source);
    assert_false(stream_out_find(&stream, 7, &origin)); // too many switches ago
}

static void after_a_pause_the_same_source_continues_without_a_gap(void **state)
{
    (void)state;
    struct stream_out stream;
    stream_out_init(&stream, 42, 90000, 0, 0);
    map(&stream, 1, 10, 0, 0);
    stream_out_pause(&stream);
    struct place place = map(&stream, 1, 500, 900000, 10000000);
    assert_int_equal(place.seq, 1);
    assert_int_equal(place.timestamp, 900000);
}

static void a_report_tells_the_time_of_now(void **state)
{
    (void)state;
    struct stream_out stream;
    struct rtcp_report report;
    stream_out_init(&stream, 42, 90000, 0, 0);
    map(&stream, 1, 10, 0, 1000000);
    map(&stream, 1, 11, 3600, 1040000);
    stream_out_report(&stream, 1500000, 1140000, &report);
    assert_true(report.is_sender);
    assert_int_equal(report.ssrc, 42);
    assert_int_equal(report.timestamp, 3600 + 9000);
    assert_int_equal(report.packets, 2);
    assert_int_equal(report.bytes, 200);
    assert_int_equal(report.ntp >> 32, 2208988801u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_finds_what_it_still_has),
        cmocka_unit_test(a_retransmission_gives_the_original_back),
        cmocka_unit_test(empty_and_cut_retransmissions_are_told_apart),
        cmocka_unit_test(red_blocks_come_back_as_written),
        cmocka_unit_test(red_refuses_what_can_not_be),
        cmocka_unit_test(a_switch_of_source_leaves_no_gap),
        cmocka_unit_test(sources_on_one_clock_keep_their_steps),
        cmocka_unit_test(a_switch_never_repeats_a_timestamp),
        cmocka_unit_test(what_is_from_before_the_switch_is_not_sent),
        cmocka_unit_test(a_nack_is_traced_to_its_source),
        cmocka_unit_test(after_a_pause_the_same_source_continues_without_a_gap),
        cmocka_unit_test(a_report_tells_the_time_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
