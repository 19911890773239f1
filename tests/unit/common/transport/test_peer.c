// SPDX-License-Identifier: Apache-2.0
// Two real peers on loopback: a server as in the MCU and a client as in a room.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/rtp/packet.h"
#include "common/transport/peer.h"

#define DEADLINE_US (10 * G_USEC_PER_SEC)
#define KEEP        64

struct side {
    struct peer *peer;
    enum peer_state state;
    char reason[64];
    size_t rtp_count, rtcp_count;
    uint8_t rtp[KEEP][PEER_PACKET_MAX];
    size_t rtp_size[KEEP];
    uint8_t rtcp[PEER_PACKET_MAX];
    size_t rtcp_size;
    bool closes_itself;
};

struct pair {
    GMainContext *context;
    struct certificate *server_certificate, *client_certificate;
    struct side server, client;
};

static void on_state(void *user, enum peer_state state, const char *reason)
{
    struct side *side = user;
    side->state = state;
    g_strlcpy(side->reason, reason ? reason : "", sizeof(side->reason));
}

static void on_rtp(void *user, uint8_t *packet, size_t size)
{
    struct side *side = user;
    if (side->rtp_count < KEEP) {
        memcpy(side->rtp[side->rtp_count], packet, size);
        side->rtp_size[side->rtp_count] = size;
    }
    side->rtp_count++;
    if (side->closes_itself) {
        peer_close(side->peer);
        side->peer = NULL;
    }
}

static void on_rtcp(void *user, const uint8_t *packet, size_t size)
{
    struct side *side = user;
    side->rtcp_count++;
    memcpy(side->rtcp, packet, size);
    side->rtcp_size = size;
}

static void open_side(struct pair *pair, struct side *side, bool is_server, const char *address)
{
    const char *addresses[] = { address, NULL };
    struct peer_config config = {
        .context = pair->context,
        .certificate = is_server ? pair->server_certificate : pair->client_certificate,
        .is_server = is_server,
        .local_addresses = address ? addresses : NULL,
        .events = { on_state, on_rtp, on_rtcp },
        .user = side,
    };
    assert_int_equal(peer_open(&config, &side->peer), 0);
}

static struct pair *pair_new(const char *address)
{
    struct pair *pair = g_new0(struct pair, 1);
    pair->context = g_main_context_new();
    assert_int_equal(certificate_new(&pair->server_certificate), 0);
    assert_int_equal(certificate_new(&pair->client_certificate), 0);
    open_side(pair, &pair->server, true, address);
    open_side(pair, &pair->client, false, address);
    return pair;
}

static void run_idle(struct pair *pair)
{
    while (g_main_context_iteration(pair->context, FALSE)) {
    }
}

static void pair_free(struct pair *pair)
{
    peer_close(pair->client.peer);
    peer_close(pair->server.peer);
    run_idle(pair);
    certificate_free(pair->server_certificate);
    certificate_free(pair->client_certificate);
    g_main_context_unref(pair->context);
    g_free(pair);
}

// The client offers, the server answers.
static void exchange(struct pair *pair)
{
    struct peer_description description;
    peer_local_description(pair->client.peer, &description);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &description), 0);
    peer_local_description(pair->server.peer, &description);
    assert_true(description.candidate_count > 0);
    assert_int_equal(peer_set_remote_description(pair->client.peer, &description), 0);
}

static gboolean wake(gpointer user)
{
    (void)user;
    return G_SOURCE_CONTINUE;
}

// Iterates until the condition holds; the timer only lets the deadline be seen.
#define WAIT_FOR(pair, condition) \
    do { \
        GSource *waker = g_timeout_source_new(20); \
        g_source_set_callback(waker, wake, NULL, NULL); \
        g_source_attach(waker, (pair)->context); \
        int64_t end_us = g_get_monotonic_time() + DEADLINE_US; \
        while (!(condition) && g_get_monotonic_time() < end_us) \
            g_main_context_iteration((pair)->context, TRUE); \
        g_source_destroy(waker); \
        g_source_unref(waker); \
        assert_true(condition); \
    } while (0)

static void connect_pair(struct pair *pair)
{
    exchange(pair);
    WAIT_FOR(pair, pair->server.state == PEER_CONNECTED && pair->client.state == PEER_CONNECTED);
}

static size_t make_rtp(uint8_t *packet, uint16_t seq, size_t payload)
{
    struct rtp_header header = { .payload_type = 96, .seq = seq, .timestamp = 3000, .ssrc = 7 };
    int size = rtp_packet_write_header(packet, PEER_PACKET_MAX, &header, NULL, NULL);
    assert_true(size > 0);
    for (size_t i = 0; i < payload; i++)
        packet[(size_t)size + i] = (uint8_t)(seq + i);
    return (size_t)size + payload;
}

static void exchange_rtp(struct pair *pair, struct side *from, struct side *to, uint16_t seq)
{
    uint8_t packet[PEER_PACKET_MAX];
    size_t size = make_rtp(packet, seq, 200);
    size_t before = to->rtp_count;
    assert_int_equal(peer_send_rtp(from->peer, packet, size), 0);
    WAIT_FOR(pair, to->rtp_count == before + 1);
    assert_int_equal(to->rtp_size[before], size);
    assert_memory_equal(to->rtp[before], packet, size);
}

static void carries_media_both_ways_with_aes_gcm(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    connect_pair(pair);
    assert_string_equal(peer_srtp_profile(pair->server.peer), "SRTP_AEAD_AES_128_GCM");
    assert_string_equal(peer_srtp_profile(pair->client.peer), "SRTP_AEAD_AES_128_GCM");
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    exchange_rtp(pair, &pair->server, &pair->client, 1);

    const uint8_t receiver_report[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
    assert_int_equal(
            peer_send_rtcp(pair->client.peer, receiver_report, sizeof(receiver_report)), 0);
    WAIT_FOR(pair, pair->server.rtcp_count == 1);
    assert_int_equal(pair->server.rtcp_size, sizeof(receiver_report));
    assert_memory_equal(pair->server.rtcp, receiver_report, sizeof(receiver_report));
    assert_int_equal(peer_counters(pair->server.peer)->srtp_refused, 0);
    pair_free(pair);
}

static void carries_media_on_ipv6(void **state)
{
    (void)state;
    struct pair *pair = pair_new("::1");
    connect_pair(pair);
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    exchange_rtp(pair, &pair->server, &pair->client, 1);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_media_both_ways_with_aes_gcm),
        cmocka_unit_test(carries_media_on_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
