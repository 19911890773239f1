// SPDX-License-Identifier: Apache-2.0
// Our SRTP with AES-GCM against libsrtp's, both ways, over sequence and roll-over; and what may not
// pass.
#include <errno.h>
#include <setjmp.h>
#include <srtp2/srtp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/transport/srtp_gcm.h"

#include <cmocka.h>

#define ROOM     1600
#define KEY_SIZE (SRTP_GCM_KEY_SIZE + SRTP_GCM_SALT_SIZE)

static const uint8_t key[KEY_SIZE] = "a key of 16 bytesits salt.";

struct ways {
    struct srtp_gcm *sender, *receiver;
    srtp_t their_sender, their_receiver;
};

static srtp_t open_theirs(srtp_ssrc_type_t direction)
{
    uint8_t copy[KEY_SIZE];
    srtp_policy_t policy = { 0 };
    srtp_t session = NULL;
    memcpy(copy, key, sizeof(key));
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    policy.ssrc.type = direction;
    policy.key = copy;
    policy.window_size = 1024;
    assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
    return session;
}

static int begin(void **state)
{
    static struct ways ways;
    assert_int_equal(srtp_gcm_open_sender(key, &ways.sender), 0);
    assert_int_equal(srtp_gcm_open_receiver(key, &ways.receiver), 0);
    ways.their_sender = open_theirs(ssrc_any_outbound);
    ways.their_receiver = open_theirs(ssrc_any_inbound);
    *state = &ways;
    return 0;
}

static int end(void **state)
{
    struct ways *ways = *state;
    srtp_gcm_close(ways->sender);
    srtp_gcm_close(ways->receiver);
    srtp_dealloc(ways->their_sender);
    srtp_dealloc(ways->their_receiver);
    return 0;
}

// With contributing sources and an extension when `seq` says so.
static size_t make_rtp(uint8_t *packet, uint16_t seq, uint32_t ssrc, size_t payload)
{
    const size_t sources = seq % 3, words = seq % 2;
    size_t size = 12 + sources * 4;
    memset(packet, 0, ROOM);
    packet[0] = (uint8_t)(0x80 | (words ? 0x10 : 0) | sources);
    packet[1] = 96;
    packet[2] = (uint8_t)(seq >> 8);
    packet[3] = (uint8_t)seq;
    for (int i = 0; i < 4; i++)
        packet[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    if (words) {
        packet[size] = 0xbe;
        packet[size + 1] = 0xde;
        packet[size + 3] = 2;
        size += 12;
    }
    for (size_t i = 0; i < payload; i++)
        packet[size + i] = (uint8_t)(seq + i);
    return size + payload;
}

static size_t make_rtcp(uint8_t *packet, uint32_t ssrc, size_t words)
{
    memset(packet, 0x55, ROOM);
    packet[0] = 0x80;
    packet[1] = 200;
    packet[2] = 0;
    packet[3] = (uint8_t)(words + 1);
    for (int i = 0; i < 4; i++)
        packet[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    return 8 + words * 4;
}

static void libsrtp_reads_what_we_protect_and_we_what_it_does(void **state)
{
    struct ways *ways = *state;
    uint8_t plain[ROOM], ours[ROOM], theirs[ROOM];
    // Over two roll-overs, in steps that leave holes.
    for (uint32_t at = 30000; at < 30000 + 3 * 65536; at += 997) {
        const uint32_t ssrc = at % 2 ? 0x01020304 : 0xfffefdfc;
        const size_t size = make_rtp(plain, (uint16_t)at, ssrc, at % 1200);
        memcpy(ours, plain, size);
        memcpy(theirs, plain, size);
        const int sent = srtp_gcm_protect_rtp(ways->sender, ours, size);
        int their_size = (int)size;
        assert_int_equal(sent, size + SRTP_GCM_TAG_SIZE);
        assert_int_equal(srtp_protect(ways->their_sender, theirs, &their_size), srtp_err_status_ok);
        assert_int_equal(their_size, sent);
        assert_memory_equal(ours, theirs, (size_t)sent);

        assert_int_equal(
                srtp_unprotect(ways->their_receiver, ours, &their_size), srtp_err_status_ok);
        assert_int_equal(their_size, size);
        assert_memory_equal(ours, plain, size);
        assert_int_equal(srtp_gcm_unprotect_rtp(ways->receiver, theirs, (size_t)sent), size);
        assert_memory_equal(theirs, plain, size);
    }
}

static void reports_are_read_both_ways_too(void **state)
{
    struct ways *ways = *state;
    uint8_t plain[ROOM], ours[ROOM], theirs[ROOM];
    for (uint32_t at = 0; at < 300; at++) {
        const size_t size = make_rtcp(plain, at % 2 ? 7 : 9, at % 50);
        memcpy(ours, plain, size);
        memcpy(theirs, plain, size);
        int their_size = (int)size;
        const int sent = srtp_gcm_protect_rtcp(ways->sender, ours, size);
        assert_int_equal(sent, size + SRTP_GCM_TAG_SIZE + 4);
        assert_int_equal(
                srtp_protect_rtcp(ways->their_sender, theirs, &their_size), srtp_err_status_ok);
        assert_int_equal(their_size, sent);
        assert_int_equal(
                srtp_unprotect_rtcp(ways->their_receiver, ours, &their_size), srtp_err_status_ok);
        assert_memory_equal(ours, plain, size);
        assert_int_equal(srtp_gcm_unprotect_rtcp(ways->receiver, theirs, (size_t)sent), size);
        assert_memory_equal(theirs, plain, size);
    }
}

static void every_changed_bit_is_noticed(void **state)
{
    struct ways *ways = *state;
    uint8_t packet[ROOM], tried[ROOM];
    const size_t size = make_rtp(packet, 5, 7, 40);
    const int sent = srtp_gcm_protect_rtp(ways->sender, packet, size);
    for (int bit = 0; bit < sent * 8; bit++) {
        memcpy(tried, packet, (size_t)sent);
        tried[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(srtp_gcm_unprotect_rtp(ways->receiver, tried, (size_t)sent) < 0);
    }
    assert_int_equal(srtp_gcm_unprotect_rtp(ways->receiver, packet, (size_t)sent), size);

    const size_t report = make_rtcp(packet, 7, 6);
    const int told = srtp_gcm_protect_rtcp(ways->sender, packet, report);
    for (int bit = 0; bit < told * 8; bit++) {
        memcpy(tried, packet, (size_t)told);
        tried[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(srtp_gcm_unprotect_rtcp(ways->receiver, tried, (size_t)told) < 0);
    }
    assert_int_equal(srtp_gcm_unprotect_rtcp(ways->receiver, packet, (size_t)told), report);
}

static void each_packet_passes_once_late_or_not(void **state)
{
    struct ways *ways = *state;
    static uint8_t sent[2000][200];
    int sizes[2000];
    uint8_t tried[200];
    // 65000…66999: the roll-over is among them.
    for (uint32_t i = 0; i < 2000; i++) {
        uint8_t packet[ROOM];
        const size_t size = make_rtp(packet, (uint16_t)(32000 + i), 7, 50);
        sizes[i] = srtp_gcm_protect_rtp(ways->sender, packet, size);
        memcpy(sent[i], packet, (size_t)sizes[i]);
    }
#define TRY(number) \
    (memcpy(tried, sent[number], (size_t)sizes[number]), \
            srtp_gcm_unprotect_rtp(ways->receiver, tried, (size_t)sizes[number]))
    for (int i = 0; i < 1500; i += 2)
        assert_true(TRY(i) > 0);
    for (int i = 1498; i >= 476; i -= 2)
        assert_int_equal(TRY(i), -EBADMSG); // again
    assert_true(TRY(1497) > 0);             // late
    assert_true(TRY(475) > 0);              // as late as may be
    assert_int_equal(TRY(475), -EBADMSG);
    assert_int_equal(TRY(473), -EBADMSG); // later than that
    assert_true(TRY(1999) > 0);
    assert_int_equal(TRY(1497), -EBADMSG);
    assert_true(TRY(1499) > 0);
#undef TRY
    // Nor is an index used twice by the sender: with AES-GCM that would give the key away.
    uint8_t packet[ROOM];
    const size_t size = make_rtp(packet, 33999, 7, 20);
    assert_int_equal(srtp_gcm_protect_rtp(ways->sender, packet, size), -EBADMSG);
}

static void what_is_no_packet_and_too_many_sources_are_refused(void **state)
{
    struct ways *ways = *state;
    uint8_t packet[ROOM] = { 0x80 };
    for (size_t size = 0; size < 28; size++)
        assert_int_equal(srtp_gcm_unprotect_rtp(ways->receiver, packet, size), -EINVAL);
    for (size_t size = 0; size < 28; size++)
        assert_int_equal(srtp_gcm_unprotect_rtcp(ways->receiver, packet, size), -EINVAL);
    packet[0] = 0x9f; // fifteen sources and an extension, beyond the end
    memset(packet + 12, 0xff, 100);
    assert_int_equal(srtp_gcm_protect_rtp(ways->sender, packet, 60), -EINVAL);
    assert_int_equal(srtp_gcm_protect_rtp(ways->sender, packet, 80), -EINVAL);
    for (uint32_t ssrc = 1; ssrc <= SRTP_GCM_STREAMS_MAX; ssrc++)
        assert_true(srtp_gcm_protect_rtp(ways->sender, packet, make_rtp(packet, 1, ssrc, 20)) > 0);
    assert_int_equal(
            srtp_gcm_protect_rtp(ways->sender, packet, make_rtp(packet, 1, 99, 20)), -ENOSPC);
    // A forged source takes no place.
    for (uint32_t ssrc = 1; ssrc <= 2 * SRTP_GCM_STREAMS_MAX; ssrc++) {
        const size_t size = make_rtp(packet, 1, ssrc, 40);
        assert_int_equal(srtp_gcm_unprotect_rtp(ways->receiver, packet, size), -EBADMSG);
    }
}

static int start(void **state)
{
    (void)state;
    return srtp_init() == srtp_err_status_ok ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                libsrtp_reads_what_we_protect_and_we_what_it_does, begin, end),
        cmocka_unit_test_setup_teardown(reports_are_read_both_ways_too, begin, end),
        cmocka_unit_test_setup_teardown(every_changed_bit_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(each_packet_passes_once_late_or_not, begin, end),
        cmocka_unit_test_setup_teardown(
                what_is_no_packet_and_too_many_sources_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
