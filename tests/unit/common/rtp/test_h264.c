// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rtp/h264_pack.h"
#include "common/rtp/h264_unpack.h"
#include "common/rtp/key_frame.h"

#include <cmocka.h>

#define UNIT_MAX     20000
#define PAYLOADS_MAX 64
#define PAYLOAD_MAX  1100
#define HEADROOM     40

enum { DELTA = 0x41, IDR = 0x65, SPS = 0x67, PPS = 0x68, SEI = 0x06 };

struct packed {
    uint8_t buffer[2 * UNIT_MAX];
    struct h264_pack_payload payloads[PAYLOADS_MAX];
    int count;
};

struct got {
    int units;
    int key_frames;
    uint32_t timestamps[4096];
    uint8_t data[UNIT_MAX];
    size_t size;
    bool is_key_frame;
};

static size_t put_nal(uint8_t *unit, size_t at, uint8_t header, size_t body)
{
    const uint8_t start_code[] = { 0, 0, 0, 1 };
    memcpy(unit + at, start_code, 4);
    unit[at + 4] = header;
    unit[at + 5] = 0x80; // first_mb_in_slice = 0
    for (size_t i = 2; i <= body; i++)
        unit[at + 4 + i] = (uint8_t)(1 + (size_t)rand() % 255); // never a start code
    return at + 5 + body;
}

static size_t make_unit(uint8_t *unit, bool is_key, size_t slice)
{
    size_t size = 0;
    if (is_key) {
        size = put_nal(unit, size, SPS, 20);
        size = put_nal(unit, size, PPS, 4);
        size = put_nal(unit, size, SEI, 30);
    }
    return put_nal(unit, size, is_key ? IDR : DELTA, slice);
}

static void pack(struct packed *packed, const uint8_t *unit, size_t size)
{
    struct h264_pack_target target = {
        .buffer = packed->buffer,
        .room = sizeof(packed->buffer),
        .headroom = HEADROOM,
        .payload_max = PAYLOAD_MAX,
        .payloads = packed->payloads,
        .payloads_max = PAYLOADS_MAX,
    };
    packed->count = h264_pack(unit, size, &target);
    assert_true(packed->count > 0);
}

static void on_unit(void *user, const struct h264_access_unit *unit)
{
    struct got *got = user;
    got->timestamps[got->units % 4096] = unit->timestamp;
    got->units++;
    got->key_frames += unit->is_key_frame;
    got->is_key_frame = unit->is_key_frame;
    got->size = unit->size;
    assert_true(unit->size <= UNIT_MAX);
    memcpy(got->data, unit->data, unit->size);
}

static void push_all(
        struct h264_unpack *unpack, const struct packed *packed, uint16_t *seq, uint32_t timestamp)
{
    for (int i = 0; i < packed->count; i++) {
        h264_unpack_push(unpack, (*seq)++, timestamp, i + 1 == packed->count,
                packed->payloads[i].data, packed->payloads[i].size);
    }
}

static void parameter_sets_share_one_payload(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    pack(&packed, unit, make_unit(unit, true, 5000));
    assert_int_equal(packed.payloads[0].data[0], 0x60 | 24); // STAP-A, highest NRI
    assert_int_equal(packed.payloads[0].size, 1 + 2 + 21 + 2 + 5 + 2 + 31);
    assert_int_equal(packed.payloads[1].data[0] & 0x1f, 28);
    assert_true(key_frame_starts_h264(packed.payloads[0].data, packed.payloads[0].size));
    assert_true(key_frame_starts_h264(packed.payloads[1].data, packed.payloads[1].size));
    assert_false(key_frame_starts_h264(packed.payloads[2].data, packed.payloads[2].size));
}

static void fragments_are_equal_and_leave_headroom(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    for (size_t size = PAYLOAD_MAX; size < 9000; size += 97) {
        pack(&packed, unit, make_unit(unit, false, size));
        for (int i = 0; i < packed.count; i++) {
            const struct h264_pack_payload *payload = &packed.payloads[i];
            assert_true(payload->size <= PAYLOAD_MAX);
            if (i + 1 < packed.count)
                assert_int_equal(payload->size, packed.payloads[0].size);
            else
                assert_true(payload->size <= packed.payloads[0].size);
            const uint8_t *before =
                    i == 0 ? packed.buffer
                           : packed.payloads[i - 1].data + packed.payloads[i - 1].size;
            assert_int_equal(payload->data - before, HEADROOM);
        }
    }
}

static void a_small_unit_is_one_single_nal_payload(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    size_t size = make_unit(unit, false, 300);
    pack(&packed, unit, size);
    assert_int_equal(packed.count, 1);
    assert_int_equal(packed.payloads[0].size, size - 4);
    assert_memory_equal(packed.payloads[0].data, unit + 4, size - 4);
}

static void delimiters_are_left_out_and_three_byte_codes_understood(void **state)
{
    (void)state;
    static struct packed packed;
    const uint8_t unit[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 1, DELTA, 0x9a, 1, 0, 0, 0 };
    pack(&packed, unit, sizeof(unit));
    assert_int_equal(packed.count, 1);
    assert_int_equal(packed.payloads[0].size, 3); // trailing zeros are not the unit's
}

static void tells_when_there_is_nothing_or_no_room(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    uint8_t buffer[512];
    struct h264_pack_payload payloads[2];
    struct h264_pack_target target = { buffer, sizeof(buffer), 12, 200, payloads, 2 };
    const uint8_t nothing[] = { 1, 2, 3, 4, 0, 0 };
    assert_int_equal(h264_pack(nothing, sizeof(nothing), &target), -EBADMSG);
    assert_int_equal(h264_pack(unit, make_unit(unit, false, 3000), &target), -ENOSPC);
    target.payload_max = 10;
    assert_int_equal(h264_pack(unit, make_unit(unit, false, 30), &target), -EINVAL);
}

static void gives_back_the_access_unit(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
    uint16_t seq = 65530;
    for (int i = 0; i < 50; i++) {
        size_t size = make_unit(unit, i % 10 == 0, 1 + (size_t)rand() % 9000);
        pack(&packed, unit, size);
        push_all(unpack, &packed, &seq, (uint32_t)i * 3600);
        assert_int_equal(got.units, i + 1);
        assert_int_equal(got.size, size);
        assert_memory_equal(got.data, unit, size);
        assert_int_equal(got.is_key_frame, i % 10 == 0);
        assert_false(h264_unpack_needs_key_frame(unpack));
    }
    h264_unpack_free(unpack);
}

static void waits_for_a_key_frame_at_the_start_and_after_a_loss(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
    uint16_t seq = 0;
    assert_true(h264_unpack_needs_key_frame(unpack));
    pack(&packed, unit, make_unit(unit, false, 3000));
    push_all(unpack, &packed, &seq, 1);
    assert_int_equal(got.units, 0);
    pack(&packed, unit, make_unit(unit, true, 3000));
    push_all(unpack, &packed, &seq, 2);
    assert_int_equal(got.units, 1);
    seq++; // lost
    pack(&packed, unit, make_unit(unit, false, 3000));
    push_all(unpack, &packed, &seq, 3);
    assert_int_equal(got.units, 1);
    assert_true(h264_unpack_needs_key_frame(unpack));
    pack(&packed, unit, make_unit(unit, true, 3000));
    push_all(unpack, &packed, &seq, 4);
    assert_int_equal(got.units, 2);
    assert_false(h264_unpack_needs_key_frame(unpack));
    h264_unpack_free(unpack);
}

static void an_idr_without_parameter_sets_gets_the_earlier_ones(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
    uint16_t seq = 0;
    size_t first = make_unit(unit, true, 100);
    pack(&packed, unit, first);
    push_all(unpack, &packed, &seq, 1);
    static uint8_t bare[UNIT_MAX];
    size_t size = put_nal(bare, 0, IDR, 2000);
    pack(&packed, bare, size);
    push_all(unpack, &packed, &seq, 2);
    assert_int_equal(got.units, 2);
    assert_true(got.is_key_frame);
    assert_int_equal(got.size, size + 4 + 21 + 4 + 5);
    assert_memory_equal(got.data, unit, 4 + 21 + 4 + 5);
    h264_unpack_free(unpack);
}

static void a_new_timestamp_ends_a_unit_without_marker(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
    pack(&packed, unit, make_unit(unit, true, 100));
    h264_unpack_push(unpack, 1, 10, false, packed.payloads[0].data, packed.payloads[0].size);
    assert_int_equal(got.units, 0);
    pack(&packed, unit, make_unit(unit, false, 100));
    h264_unpack_push(unpack, 2, 20, true, packed.payloads[0].data, packed.payloads[0].size);
    assert_int_equal(got.units, 2);
    h264_unpack_free(unpack);
}

static void malformed_payloads_spoil_only_their_unit(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    const uint8_t bad[][4] = { { 0x78, 0, 9, 1 }, { 0x7c, 0x05, 1, 1 }, { 0x7d, 1, 1, 1 },
        { 0x78, 0, 0, 1 }, { 0, 1, 1, 1 }, { 0x7c, 0xc5 } };
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
    uint16_t seq = 0;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        h264_unpack_push(unpack, seq++, (uint32_t)i * 2, true, bad[i], i == 5 ? 2 : 4);
        assert_true(h264_unpack_needs_key_frame(unpack));
        assert_int_equal(got.units, i);
        pack(&packed, unit, make_unit(unit, true, 100));
        push_all(unpack, &packed, &seq, (uint32_t)i * 2 + 1);
        assert_int_equal(got.units, i + 1);
    }
    h264_unpack_free(unpack);
}

static void a_unit_beyond_the_limit_is_lost(void **state)
{
    (void)state;
    static uint8_t unit[UNIT_MAX];
    static struct packed packed;
    static struct got got;
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(1000, on_unit, &got);
    uint16_t seq = 0;
    pack(&packed, unit, make_unit(unit, true, 5000));
    push_all(unpack, &packed, &seq, 1);
    assert_int_equal(got.units, 0);
    assert_true(h264_unpack_needs_key_frame(unpack));
    h264_unpack_free(unpack);
}

// Whatever is lost: each unit that comes out is one that went in, and nothing that depends on a
// lost one comes out before a key frame.
static void random_loss_gives_whole_units_or_asks_for_a_key_frame(void **state)
{
    (void)state;
    static uint8_t units[200][UNIT_MAX];
    static size_t sizes[200];
    static struct packed packed;
    static struct got got;
    srand(11);
    for (int round = 0; round < 100; round++) {
        memset(&got, 0, sizeof(got));
        struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, &got);
        int loss = rand() % 15;
        uint16_t seq = (uint16_t)rand();
        bool is_whole = false; // is the chain from the last key frame?
        for (int i = 0; i < 200; i++) {
            bool is_key = i % 20 == 0;
            sizes[i] = make_unit(units[i], is_key, 1 + (size_t)rand() % 6000);
            pack(&packed, units[i], sizes[i]);
            bool is_lost = false;
            int before = got.units;
            for (int k = 0; k < packed.count; k++, seq++) {
                if (rand() % 100 < loss) {
                    is_lost = true;
                    continue;
                }
                h264_unpack_push(unpack, seq, (uint32_t)i, k + 1 == packed.count,
                        packed.payloads[k].data, packed.payloads[k].size);
            }
            is_whole = !is_lost && (is_whole || is_key);
            if (is_whole) {
                assert_int_equal(got.units, before + 1);
                assert_int_equal(got.size, sizes[i]);
                assert_memory_equal(got.data, units[i], sizes[i]);
            } else {
                assert_int_equal(got.units, before);
            }
        }
        h264_unpack_free(unpack);
    }
}

static void random_bytes_harm_nothing(void **state)
{
    (void)state;
    static struct got got;
    srand(5);
    memset(&got, 0, sizeof(got));
    struct h264_unpack *unpack = h264_unpack_new(4000, on_unit, &got);
    for (int i = 0; i < 20000; i++) {
        uint8_t payload[64];
        size_t size = (size_t)rand() % sizeof(payload);
        for (size_t k = 0; k < size; k++)
            payload[k] = (uint8_t)rand();
        h264_unpack_push(unpack, (uint16_t)i, (uint32_t)i / 3, rand() % 3 == 0, payload, size);
    }
    h264_unpack_free(unpack);
}

static void key_frames_are_known_by_their_first_bytes(void **state)
{
    (void)state;
    const uint8_t unit_with_idr[] = { 0, 0, 1, SPS, 1, 0, 0, 1, IDR, 1 };
    const uint8_t vp8_key[] = { 0x10, 0x00, 1, 1 };
    const uint8_t vp8_delta[] = { 0x10, 0x01, 1, 1 };
    const uint8_t vp8_key_with_id[] = { 0x90, 0x80, 0x81, 0x01, 0x00, 1 };
    const uint8_t vp8_middle[] = { 0x00, 0x00, 1, 1 };
    assert_true(key_frame_is_h264_unit(unit_with_idr, sizeof(unit_with_idr)));
    assert_false(key_frame_is_h264_unit(unit_with_idr, 6));
    assert_true(key_frame_starts_vp8(vp8_key, sizeof(vp8_key)));
    assert_false(key_frame_starts_vp8(vp8_delta, sizeof(vp8_delta)));
    assert_true(key_frame_starts_vp8(vp8_key_with_id, sizeof(vp8_key_with_id)));
    assert_false(key_frame_starts_vp8(vp8_middle, sizeof(vp8_middle)));
    assert_false(key_frame_starts_h264(vp8_key, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameter_sets_share_one_payload),
        cmocka_unit_test(fragments_are_equal_and_leave_headroom),
        cmocka_unit_test(a_small_unit_is_one_single_nal_payload),
        cmocka_unit_test(delimiters_are_left_out_and_three_byte_codes_understood),
        cmocka_unit_test(tells_when_there_is_nothing_or_no_room),
        cmocka_unit_test(gives_back_the_access_unit),
        cmocka_unit_test(waits_for_a_key_frame_at_the_start_and_after_a_loss),
        cmocka_unit_test(an_idr_without_parameter_sets_gets_the_earlier_ones),
        cmocka_unit_test(a_new_timestamp_ends_a_unit_without_marker),
        cmocka_unit_test(malformed_payloads_spoil_only_their_unit),
        cmocka_unit_test(a_unit_beyond_the_limit_is_lost),
        cmocka_unit_test(random_loss_gives_whole_units_or_asks_for_a_key_frame),
        cmocka_unit_test(random_bytes_harm_nothing),
        cmocka_unit_test(key_frames_are_known_by_their_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
