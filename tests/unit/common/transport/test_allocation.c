// SPDX-License-Identifier: Apache-2.0
// Our own packet path allocates nothing: libnice and libsrtp do for each packet, we must not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/rtp/audio_jitter.h"
#include "common/rtp/h264_pack.h"
#include "common/rtp/h264_unpack.h"
#include "common/rtp/packet.h"
#include "common/rtp/receive_stats.h"
#include "common/rtp/reorder.h"
#include "common/rtp/rtx.h"
#include "common/rtp/send_history.h"
#include "common/rtp/stream_out.h"
#include "common/rtp/transport_cc.h"
#include "common/transport/peer.h"
#include "tests/support/allocations.h"

#include <cmocka.h>

#define DEADLINE_US (10 * G_USEC_PER_SEC)

static void an_allocation_of_ours_is_noticed(void **state)
{
    (void)state;
    if (!allocations_are_counted)
        skip();
    allocations_begin();
    char *volatile made = g_strdup("ours, by way of GLib");
    allocations_end();
    g_free(made);
    assert_int_equal(allocations_of_ours(), 1);
}

// --- two peers ----------------------------------------------------------------------------------

struct side {
    struct peer *peer;
    bool is_connected;
    size_t received;
};

static void on_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    ((struct side *)user)->is_connected = state == PEER_CONNECTED;
}

static void on_rtp(void *user, uint8_t *packet, size_t size)
{
    (void)packet;
    (void)size;
    ((struct side *)user)->received++;
}

static void on_rtcp(void *user, const uint8_t *packet, size_t size)
{
    (void)packet;
    (void)size;
    ((struct side *)user)->received++;
}

static void open_side(GMainContext *context, const struct certificate *certificate, bool is_server,
        struct side *side)
{
    const char *addresses[] = { "127.0.0.1", NULL };
    const struct peer_config config = {
        .context = context,
        .certificate = certificate,
        .is_server = is_server,
        .local_addresses = addresses,
        .events = { on_state, on_rtp, on_rtcp },
        .user = side,
    };
    assert_int_equal(peer_open(&config, &side->peer), 0);
}

static void set_remote(struct side *side, const struct side *remote)
{
    struct peer_description description;
    peer_local_description(remote->peer, &description);
    assert_int_equal(peer_set_remote_description(side->peer, &description), 0);
}

static void send_all_kinds(const struct side *from, uint16_t *seq)
{
    static uint8_t data[6][PEER_PACKET_MAX];
    struct peer_packet packets[6];
    const uint8_t report[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
    for (size_t i = 0; i < 6; i++) {
        const struct rtp_header header = { .payload_type = 96, .seq = (*seq)++, .ssrc = 7 };
        (void)!rtp_packet_write_header(data[i], sizeof(data[i]), &header, NULL, NULL);
        packets[i] = (struct peer_packet){ data[i], 1000 };
    }
    assert_int_equal(peer_send_rtp_burst(from->peer, packets, 5), 5);
    assert_int_equal(peer_send_rtp(from->peer, data[5], 100), 0);
    assert_int_equal(peer_send_rtcp(from->peer, report, sizeof(report)), 0);
}

static void sending_and_receiving_allocates_nothing_of_ours(void **state)
{
    (void)state;
    GMainContext *context = g_main_context_new();
    struct certificate *certificate;
    struct side server = { 0 };
    struct side client = { 0 };
    assert_int_equal(certificate_new(&certificate), 0);
    open_side(context, certificate, true, &server);
    open_side(context, certificate, false, &client);
    set_remote(&server, &client);
    set_remote(&client, &server);
    int64_t end_us = g_get_monotonic_time() + DEADLINE_US;
    while (!(server.is_connected && client.is_connected) && g_get_monotonic_time() < end_us)
        g_main_context_iteration(context, FALSE);
    assert_true(server.is_connected && client.is_connected);

    uint16_t seq = 1;
    for (int round = 0; round < 20; round++) {
        size_t before = client.received;
        allocations_begin();
        send_all_kinds(&server, &seq);
        while (client.received < before + 7 && g_get_monotonic_time() < end_us)
            g_main_context_iteration(context, FALSE);
        allocations_end();
        assert_int_equal(client.received, before + 7);
        if (round > 0) // the first time may set things up
            assert_int_equal(allocations_of_ours(), 0);
    }
    peer_close(client.peer);
    peer_close(server.peer);
    certificate_free(certificate);
    g_main_context_unref(context);
}

// --- the pure parts -----------------------------------------------------------------------------

static void on_unit(void *user, const struct h264_access_unit *unit)
{
    *(size_t *)user += unit->size;
}

static void the_pure_parts_allocate_nothing_once_they_are_made(void **state)
{
    (void)state;
    size_t unpacked = 0;
    const struct reorder_config reorder_config = { 64, 1500, 400, 50 };
    const struct audio_jitter_config jitter_config = { 0 };
    struct reorder *reorder = reorder_new(&reorder_config);
    struct h264_unpack *unpack = h264_unpack_new(50000, on_unit, &unpacked);
    struct audio_jitter *jitter = audio_jitter_new(&jitter_config);
    struct send_history *history = send_history_new(64, 1500);
    static struct transport_cc_log arrivals;
    static uint8_t unit[5000] = { 0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x80 };
    static uint8_t buffer[10000], rtx[1500], feedback[1500];
    struct h264_pack_payload payloads[16];
    const struct h264_pack_target target = { buffer, sizeof(buffer), 12, 1000, payloads, 16 };
    struct stream_out stream;
    memset(unit + 17, 0x55, sizeof(unit) - 17);

    allocations_begin();
    transport_cc_log_init(&arrivals);
    stream_out_init(&stream, 1, 90000, 0, 0);
    uint16_t source_seq = 0;
    for (uint32_t frame = 0; frame < 50; frame++) {
        int count = h264_pack(unit, sizeof(unit), &target);
        for (int i = 0; i < count; i++, source_seq++) {
            struct rtp_header header = { .marker = i + 1 == count, .payload_type = 96, .ssrc = 1 };
            uint8_t *packet = payloads[i].data - 12;
            size_t size = payloads[i].size + 12;
            stream_out_map(&stream, 1, source_seq, frame * 3600, size, frame, &header.seq,
                    &header.timestamp);
            (void)!rtp_packet_write_header(packet, 12, &header, NULL, NULL);
            send_history_put(history, source_seq, packet, size, frame);
            (void)!rtx_write(rtx, sizeof(rtx), packet, size, 2, 97, source_seq);
            transport_cc_log_arrived(&arrivals, source_seq, frame * 1000);
            if (source_seq % 7 != 3)
                reorder_push(reorder, header.seq, packet, size, frame);
        }
        uint16_t seq, due[8];
        size_t size;
        const uint8_t *packet;
        reorder_due(reorder, frame * 40, due, 8);
        while ((packet = reorder_next(reorder, frame * 40, &seq, &size)))
            h264_unpack_push(unpack, seq, frame, false, packet + 12, size - 12);
        const uint8_t opus[2] = { 9 << 3, 0 };
        struct audio_jitter_frame next;
        audio_jitter_push(jitter, (uint16_t)frame, frame * 960, opus, 2, 30, false, frame * 20000);
        audio_jitter_next(jitter, frame * 20000, &next);
        struct bytes_writer out;
        bytes_writer_init(&out, feedback, sizeof(feedback));
        transport_cc_write(&arrivals, &out, 1, 2);
    }
    allocations_end();
    assert_int_equal(allocations_of_ours() + allocations_of_others(), 0);
    assert_true(source_seq > 200);
    reorder_free(reorder);
    h264_unpack_free(unpack);
    audio_jitter_free(jitter);
    send_history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_of_ours_is_noticed),
        cmocka_unit_test(sending_and_receiving_allocates_nothing_of_ours),
        cmocka_unit_test(the_pure_parts_allocate_nothing_once_they_are_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
