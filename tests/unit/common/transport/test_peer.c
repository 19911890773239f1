// SPDX-License-Identifier: Apache-2.0
// Two real peers on loopback: a server as in the MCU and a client as in a room.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/rtp/packet.h"
#include "common/transport/demux.h"
#include "common/transport/peer.h"

#include <cmocka.h>

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

static uint32_t ice_timeout_ms, dtls_timeout_ms; // of the pairs made next

static void open_side(struct pair *pair, struct side *side, bool is_server, const char *address)
{
    const char *addresses[] = { address, NULL };
    struct peer_config config = {
        .context = pair->context,
        .certificate = is_server ? pair->server_certificate : pair->client_certificate,
        .is_server = is_server,
        .local_addresses = address ? addresses : NULL,
        .ice_timeout_ms = ice_timeout_ms,
        .dtls_timeout_ms = dtls_timeout_ms,
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

// --- a relay between the two, which may change or lose what passes ------------------------------

struct relay {
    int client_side, server_side; // sockets
    GSource *client_source, *server_source;
    struct sockaddr_in client, server;
    uint16_t port; // of client_side
    size_t passed;
    // False: lose it. `to_server` tells the direction.
    bool (*pass)(struct relay *relay, uint8_t *data, size_t size, bool to_server);
};

static int bind_loopback(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static gboolean relay_readable(gint fd, GIOCondition condition, gpointer user)
{
    (void)condition;
    struct relay *relay = user;
    bool to_server = fd == relay->client_side;
    uint8_t data[2000];
    struct sockaddr_in from;
    socklen_t from_size = sizeof(from);
    ssize_t size = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_size);
    if (size <= 0)
        return G_SOURCE_CONTINUE;
    if (to_server)
        relay->client = from;
    if (relay->pass && !relay->pass(relay, data, (size_t)size, to_server))
        return G_SOURCE_CONTINUE;
    relay->passed++;
    const struct sockaddr_in *to = to_server ? &relay->server : &relay->client;
    sendto(to_server ? relay->server_side : relay->client_side, data, (size_t)size, 0,
            (const struct sockaddr *)to, sizeof(*to));
    return G_SOURCE_CONTINUE;
}

static GSource *watch(struct pair *pair, int fd, struct relay *relay)
{
    GSource *source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_callback(source, G_SOURCE_FUNC(relay_readable), relay, NULL);
    g_source_attach(source, pair->context);
    return source;
}

static struct relay *relay_new(struct pair *pair)
{
    struct relay *relay = g_new0(struct relay, 1);
    uint16_t ignored;
    relay->client_side = bind_loopback(&relay->port);
    relay->server_side = bind_loopback(&ignored);
    relay->client_source = watch(pair, relay->client_side, relay);
    relay->server_source = watch(pair, relay->server_side, relay);
    return relay;
}

static void relay_free(struct relay *relay)
{
    g_source_destroy(relay->client_source);
    g_source_destroy(relay->server_source);
    g_source_unref(relay->client_source);
    g_source_unref(relay->server_source);
    close(relay->client_side);
    close(relay->server_side);
    g_free(relay);
}

static void exchange_through(struct pair *pair, struct relay *relay)
{
    struct peer_description description;
    peer_local_description(pair->client.peer, &description);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &description), 0);
    peer_local_description(pair->server.peer, &description);
    relay->server.sin_family = AF_INET;
    relay->server.sin_port = htons(description.candidates[0].port);
    relay->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    description.candidates[0].port = relay->port;
    assert_int_equal(peer_set_remote_description(pair->client.peer, &description), 0);
}

static bool both_are_connected(const struct pair *pair)
{
    return pair->server.state == PEER_CONNECTED && pair->client.state == PEER_CONNECTED;
}

static bool tamper_with_rtp(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    (void)relay;
    enum demux_kind kind = demux_classify(data, size);
    if (to_server && (kind == DEMUX_RTP || kind == DEMUX_RTCP))
        data[size / 2] ^= 1;
    return true;
}

static void a_tampered_packet_is_counted_and_not_delivered(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct relay *relay = relay_new(pair);
    exchange_through(pair, relay);
    WAIT_FOR(pair, both_are_connected(pair));
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    relay->pass = tamper_with_rtp;
    uint8_t packet[PEER_PACKET_MAX];
    assert_int_equal(peer_send_rtp(pair->client.peer, packet, make_rtp(packet, 2, 50)), 0);
    WAIT_FOR(pair, peer_counters(pair->server.peer)->srtp_refused == 1);
    const uint8_t report[8] = { 0x80, 201, 0, 1, 0, 0, 0, 7 };
    assert_int_equal(peer_send_rtcp(pair->client.peer, report, sizeof(report)), 0);
    WAIT_FOR(pair, peer_counters(pair->server.peer)->srtp_refused == 2);
    assert_int_equal(pair->server.rtp_count, 1);
    assert_int_equal(pair->server.rtcp_count, 0);
    relay->pass = NULL;
    exchange_rtp(pair, &pair->client, &pair->server, 3);
    pair_free(pair);
    relay_free(relay);
}

// Twice each: libnice may see the very same datagram again.
static bool repeat_rtp(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    if (to_server && demux_classify(data, size) == DEMUX_RTP)
        sendto(relay->server_side, data, size, 0, (struct sockaddr *)&relay->server,
                sizeof(relay->server));
    return true;
}

static void a_replayed_packet_is_counted_and_not_delivered(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct relay *relay = relay_new(pair);
    exchange_through(pair, relay);
    WAIT_FOR(pair, both_are_connected(pair));
    relay->pass = repeat_rtp;
    uint8_t packet[PEER_PACKET_MAX];
    assert_int_equal(peer_send_rtp(pair->client.peer, packet, make_rtp(packet, 2, 50)), 0);
    WAIT_FOR(pair, peer_counters(pair->server.peer)->srtp_refused == 1);
    assert_int_equal(pair->server.rtp_count, 1);
    pair_free(pair);
    relay_free(relay);
}

static bool lose_half_of_dtls(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    static unsigned int seen[2];
    (void)relay;
    return demux_classify(data, size) != DEMUX_DTLS || seen[to_server]++ % 2 == 1;
}

static void lost_handshake_flights_are_repeated(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct relay *relay = relay_new(pair);
    relay->pass = lose_half_of_dtls;
    exchange_through(pair, relay);
    WAIT_FOR(pair, both_are_connected(pair));
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    exchange_rtp(pair, &pair->server, &pair->client, 1);
    pair_free(pair);
    relay_free(relay);
}

static bool send_rubbish_along(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    (void)data;
    (void)size;
    static const uint8_t rubbish[32] = { 0x50, 1, 2, 3 };
    if (to_server)
        sendto(relay->server_side, rubbish, sizeof(rubbish), 0, (struct sockaddr *)&relay->server,
                sizeof(relay->server));
    return true;
}

static void what_is_no_protocol_of_ours_is_counted(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct relay *relay = relay_new(pair);
    exchange_through(pair, relay);
    WAIT_FOR(pair, both_are_connected(pair));
    relay->pass = send_rubbish_along;
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    WAIT_FOR(pair, peer_counters(pair->server.peer)->demux_refused > 0);
    pair_free(pair);
    relay_free(relay);
}

// --- the handshake's refusals -------------------------------------------------------------------

// Offers the client with another certificate's fingerprint, or answers with one.
static void expect_mismatch(bool lie_about_client)
{
    struct pair *pair = pair_new("127.0.0.1");
    struct certificate *other;
    assert_int_equal(certificate_new(&other), 0);
    struct peer_description description;
    peer_local_description(pair->client.peer, &description);
    if (lie_about_client)
        g_strlcpy(description.fingerprint, certificate_fingerprint(other), 96);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &description), 0);
    peer_local_description(pair->server.peer, &description);
    if (!lie_about_client)
        g_strlcpy(description.fingerprint, certificate_fingerprint(other), 96);
    assert_int_equal(peer_set_remote_description(pair->client.peer, &description), 0);
    struct side *refuses = lie_about_client ? &pair->server : &pair->client;
    WAIT_FOR(pair, refuses->state == PEER_FAILED);
    assert_string_equal(refuses->reason, "dtls.fingerprint_mismatch");
    uint8_t packet[PEER_PACKET_MAX];
    size_t size = make_rtp(packet, 1, 10);
    assert_int_equal(peer_send_rtp(refuses->peer, packet, size), -ENOTCONN);
    certificate_free(other);
    pair_free(pair);
}

static void a_client_with_another_certificate_is_refused(void **state)
{
    (void)state;
    expect_mismatch(true);
}

static void a_server_with_another_certificate_is_refused(void **state)
{
    (void)state;
    expect_mismatch(false);
}

static bool lose_dtls(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    (void)relay;
    (void)to_server;
    return demux_classify(data, size) != DEMUX_DTLS;
}

static void a_handshake_that_does_not_end_is_given_up(void **state)
{
    (void)state;
    dtls_timeout_ms = 300;
    struct pair *pair = pair_new("127.0.0.1");
    dtls_timeout_ms = 0;
    struct relay *relay = relay_new(pair);
    relay->pass = lose_dtls;
    exchange_through(pair, relay);
    WAIT_FOR(pair, pair->server.state == PEER_FAILED && pair->client.state == PEER_FAILED);
    assert_string_equal(pair->server.reason, "dtls.timeout");
    assert_string_equal(pair->client.reason, "dtls.timeout");
    pair_free(pair);
    relay_free(relay);
}

static bool lose_all(struct relay *relay, uint8_t *data, size_t size, bool to_server)
{
    (void)relay;
    (void)data;
    (void)size;
    (void)to_server;
    return false;
}

static void a_peer_that_can_not_be_reached_is_given_up(void **state)
{
    (void)state;
    ice_timeout_ms = 300;
    struct pair *pair = pair_new("127.0.0.1");
    ice_timeout_ms = 0;
    struct relay *relay = relay_new(pair);
    relay->pass = lose_all;
    exchange_through(pair, relay);
    WAIT_FOR(pair, pair->server.state == PEER_FAILED && pair->client.state == PEER_FAILED);
    assert_string_equal(pair->server.reason, "ice.failed");
    assert_string_equal(pair->client.reason, "ice.failed");
    struct peer_description description;
    peer_local_description(pair->client.peer, &description);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &description), -EINVAL);
    pair_free(pair);
    relay_free(relay);
}

static void descriptions_that_can_not_work_are_refused_at_once(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct peer_description good, bad;
    peer_local_description(pair->client.peer, &good);
    bad = good;
    bad.fingerprint[0] = '\0';
    assert_int_equal(peer_set_remote_description(pair->server.peer, &bad), -EINVAL);
    bad = good;
    bad.ice_pwd[0] = '\0';
    assert_int_equal(peer_set_remote_description(pair->server.peer, &bad), -EINVAL);
    bad = good;
    bad.dtls_active = false; // both would be servers
    assert_int_equal(peer_set_remote_description(pair->server.peer, &bad), -EINVAL);
    assert_int_equal(peer_set_remote_description(pair->client.peer, &good), -EINVAL);
    peer_local_description(pair->server.peer, &bad);
    bad.candidate_count = 0;
    assert_int_equal(peer_set_remote_description(pair->client.peer, &bad), -EINVAL);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &good), 0);
    pair_free(pair);
}

// --- life ---------------------------------------------------------------------------------------

// Both sides, with a relay of its own or (NULL) without.
static void restart(struct pair *pair, struct relay *through)
{
    struct peer_description before, after;
    peer_local_description(pair->client.peer, &before);
    assert_int_equal(peer_restart_ice(pair->client.peer), 0);
    assert_int_equal(peer_restart_ice(pair->server.peer), 0);
    peer_local_description(pair->client.peer, &after);
    assert_string_not_equal(before.ice_ufrag, after.ice_ufrag);
    assert_string_not_equal(before.ice_pwd, after.ice_pwd);
    if (through)
        exchange_through(pair, through);
    else
        exchange(pair);
}

static bool both_restarted(const struct pair *pair, uint64_t times)
{
    return peer_counters(pair->client.peer)->ice_restarts == times &&
           peer_counters(pair->server.peer)->ice_restarts == times;
}

static void an_ice_restart_loses_no_packet(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    connect_pair(pair);
    uint16_t seq = 1;
    for (uint64_t times = 1; times <= 2; times++) {
        restart(pair, NULL);
        // Before, while and after the way changes: what is lost is not waited for in vain.
        for (int after = 0; after < 10; seq++) {
            pair->client.rtp_count = pair->server.rtp_count = 0;
            exchange_rtp(pair, &pair->client, &pair->server, seq);
            exchange_rtp(pair, &pair->server, &pair->client, seq);
            after += both_restarted(pair, times);
            assert_true(seq < UINT16_MAX);
        }
    }
    assert_int_equal(pair->server.state, PEER_CONNECTED);
    pair_free(pair);
}

static void an_ice_restart_finds_another_way_when_the_first_is_dead(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    struct relay *first = relay_new(pair);
    struct relay *second = relay_new(pair);
    exchange_through(pair, first);
    WAIT_FOR(pair, both_are_connected(pair));
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    first->pass = lose_all;
    restart(pair, second);
    WAIT_FOR(pair, both_restarted(pair, 1));
    exchange_rtp(pair, &pair->client, &pair->server, 2);
    exchange_rtp(pair, &pair->server, &pair->client, 2);
    assert_int_equal(pair->client.state, PEER_CONNECTED);
    pair_free(pair);
    relay_free(first);
    relay_free(second);
}

static void an_ice_restart_that_nobody_answers_changes_nothing(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    assert_int_equal(peer_restart_ice(pair->client.peer), -EINVAL);
    connect_pair(pair);
    assert_int_equal(peer_restart_ice(pair->client.peer), 0);
    assert_int_equal(peer_restart_ice(pair->server.peer), 0);
    for (uint16_t seq = 1; seq < 10; seq++) {
        exchange_rtp(pair, &pair->client, &pair->server, seq);
        exchange_rtp(pair, &pair->server, &pair->client, seq);
    }
    assert_true(both_restarted(pair, 0));
    pair_free(pair);
}

static void a_restart_may_not_bring_another_certificate(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    connect_pair(pair);
    struct certificate *other;
    assert_int_equal(certificate_new(&other), 0);
    struct peer_description description;
    peer_local_description(pair->client.peer, &description);
    g_strlcpy(description.fingerprint, certificate_fingerprint(other), 96);
    assert_int_equal(peer_set_remote_description(pair->server.peer, &description), -EINVAL);
    exchange_rtp(pair, &pair->client, &pair->server, 1);
    certificate_free(other);
    pair_free(pair);
}

static void a_goodbye_tells_the_other_side(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    connect_pair(pair);
    peer_close(pair->client.peer);
    pair->client.peer = NULL;
    WAIT_FOR(pair, pair->server.state == PEER_FAILED);
    assert_string_equal(pair->server.reason, "dtls.closed");
    pair_free(pair);
}

static void a_peer_may_be_closed_from_inside_its_event(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    connect_pair(pair);
    pair->server.closes_itself = true;
    uint8_t packet[PEER_PACKET_MAX];
    for (uint16_t seq = 1; seq < 5; seq++)
        assert_int_equal(peer_send_rtp(pair->client.peer, packet, make_rtp(packet, seq, 10)), 0);
    WAIT_FOR(pair, pair->server.rtp_count == 1 && pair->client.state == PEER_FAILED);
    run_idle(pair);
    assert_int_equal(pair->server.rtp_count, 1);
    pair_free(pair);
}

// --- bursts -------------------------------------------------------------------------------------

static void send_burst(struct pair *pair, const size_t *payloads, size_t count)
{
    static uint8_t data[KEEP][PEER_PACKET_MAX];
    static uint16_t seq = 1000;
    struct peer_packet packets[KEEP];
    size_t before = pair->client.rtp_count;
    for (size_t i = 0; i < count; i++) {
        packets[i].data = data[i];
        packets[i].size = make_rtp(data[i], seq++, payloads[i]);
    }
    assert_int_equal(peer_send_rtp_burst(pair->server.peer, packets, count), count);
    WAIT_FOR(pair, pair->client.rtp_count == before + count);
    for (size_t i = 0; i < count && before + i < KEEP; i++) {
        assert_int_equal(pair->client.rtp_size[before + i], packets[i].size);
        assert_memory_equal(pair->client.rtp[before + i], data[i], packets[i].size);
    }
}

static void check_bursts(const char *address)
{
    struct pair *pair = pair_new(address);
    connect_pair(pair);
    send_burst(pair, (const size_t[]){ 1100, 1100, 1100, 1100, 1100, 700 }, 6);
    send_burst(pair, (const size_t[]){ 50, 900, 900, 900 }, 4); // parameter sets, then a slice
    send_burst(pair, (const size_t[]){ 900, 300, 200, 200, 1000 }, 5);
    send_burst(pair, (const size_t[]){ 1 }, 1);
    size_t large[KEEP];
    for (size_t i = 0; i < KEEP; i++)
        large[i] = 1150; // more bytes than one datagram has
    pair->client.rtp_count = 0;
    send_burst(pair, large, KEEP);
    assert_int_equal(peer_counters(pair->server.peer)->send_dropped, 0);
    assert_int_equal(peer_counters(pair->server.peer)->packets_out, 6 + 4 + 5 + 1 + KEEP);
    pair_free(pair);
}

static void a_burst_arrives_whole_on_ipv4(void **state)
{
    (void)state;
    check_bursts("127.0.0.1");
}

static void a_burst_arrives_whole_on_ipv6(void **state)
{
    (void)state;
    check_bursts("::1");
}

static void too_large_packets_are_refused(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    uint8_t packet[PEER_PACKET_MAX + 1] = { 0x80 };
    assert_int_equal(peer_send_rtp(pair->client.peer, packet, 20), -ENOTCONN);
    connect_pair(pair);
    assert_int_equal(peer_send_rtp(pair->client.peer, packet, sizeof(packet)), -EMSGSIZE);
    pair_free(pair);
}

static void without_an_address_loopback_is_offered_too(void **state)
{
    (void)state;
    struct pair *pair = pair_new(NULL);
    struct peer_description description;
    bool has_loopback = false;
    peer_local_description(pair->server.peer, &description);
    assert_true(description.ice_lite);
    for (size_t i = 0; i < description.candidate_count; i++)
        has_loopback |= strcmp(description.candidates[i].address, "127.0.0.1") == 0;
    assert_true(has_loopback);
    pair_free(pair);
}

static void ports_keep_to_their_range(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    const char *addresses[] = { "127.0.0.1", NULL };
    struct peer_config config = {
        .context = pair->context,
        .certificate = pair->server_certificate,
        .is_server = true,
        .local_addresses = addresses,
        .min_port = 42000,
        .max_port = 42999,
    };
    struct peer *peers[8];
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        struct peer_description description;
        assert_int_equal(peer_open(&config, &peers[i]), 0);
        peer_local_description(peers[i], &description);
        assert_int_equal(description.candidate_count, 1);
        assert_in_range(description.candidates[0].port, 42000, 42999);
    }
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        peer_close(peers[i]);
    pair_free(pair);
}

static void an_address_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    struct pair *pair = pair_new("127.0.0.1");
    const char *addresses[] = { "not an address", NULL };
    struct peer_config config = { .context = pair->context,
        .certificate = pair->server_certificate,
        .local_addresses = addresses };
    struct peer *peer = NULL;
    assert_int_equal(peer_open(&config, &peer), -EADDRNOTAVAIL);
    addresses[0] = "192.0.2.1";
    assert_true(peer_open(&config, &peer) < 0);
    pair_free(pair);
}

static void first_bytes_tell_the_protocol(void **state)
{
    (void)state;
    uint8_t data[20] = { 0 };
    static const struct {
        uint8_t first, second;
        enum demux_kind kind;
    } cases[] = {
        { 0, 1, DEMUX_STUN },
        { 3, 0, DEMUX_STUN },
        { 4, 0, DEMUX_UNKNOWN },
        { 19, 0, DEMUX_UNKNOWN },
        { 20, 254, DEMUX_DTLS },
        { 63, 0, DEMUX_DTLS },
        { 64, 0, DEMUX_UNKNOWN },
        { 127, 0, DEMUX_UNKNOWN },
        { 128, 111, DEMUX_RTP },
        { 144, 191, DEMUX_RTP },
        { 128, 200, DEMUX_RTCP },
        { 143, 206, DEMUX_RTCP },
        { 128, 224, DEMUX_RTP },
        { 192, 0, DEMUX_UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        data[0] = cases[i].first;
        data[1] = cases[i].second;
        assert_int_equal(demux_classify(data, sizeof(data)), cases[i].kind);
        assert_int_equal(demux_classify(data, 7), DEMUX_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_media_both_ways_with_aes_gcm),
        cmocka_unit_test(carries_media_on_ipv6),
        cmocka_unit_test(a_tampered_packet_is_counted_and_not_delivered),
        cmocka_unit_test(a_replayed_packet_is_counted_and_not_delivered),
        cmocka_unit_test(lost_handshake_flights_are_repeated),
        cmocka_unit_test(what_is_no_protocol_of_ours_is_counted),
        cmocka_unit_test(a_client_with_another_certificate_is_refused),
        cmocka_unit_test(a_server_with_another_certificate_is_refused),
        cmocka_unit_test(a_handshake_that_does_not_end_is_given_up),
        cmocka_unit_test(a_peer_that_can_not_be_reached_is_given_up),
        cmocka_unit_test(descriptions_that_can_not_work_are_refused_at_once),
        cmocka_unit_test(an_ice_restart_loses_no_packet),
        cmocka_unit_test(an_ice_restart_finds_another_way_when_the_first_is_dead),
        cmocka_unit_test(an_ice_restart_that_nobody_answers_changes_nothing),
        cmocka_unit_test(a_restart_may_not_bring_another_certificate),
        cmocka_unit_test(a_goodbye_tells_the_other_side),
        cmocka_unit_test(a_peer_may_be_closed_from_inside_its_event),
        cmocka_unit_test(a_burst_arrives_whole_on_ipv4),
        cmocka_unit_test(a_burst_arrives_whole_on_ipv6),
        cmocka_unit_test(too_large_packets_are_refused),
        cmocka_unit_test(without_an_address_loopback_is_offered_too),
        cmocka_unit_test(ports_keep_to_their_range),
        cmocka_unit_test(an_address_that_is_not_ours_is_refused),
        cmocka_unit_test(first_bytes_tell_the_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
