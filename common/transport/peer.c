// SPDX-License-Identifier: Apache-2.0
#include "common/transport/peer.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/transport/demux.h"
#include "common/transport/dtls.h"
#include "common/transport/ice.h"
#include "common/transport/rtp_crypt.h"
#include "common/transport/udp_receive.h"
#include "common/transport/udp_send.h"

#define LOG_TOPIC "peer"

// How long a step of the way may take before the peer is FAILED.
#define ICE_TIMEOUT_MS  20000
#define DTLS_TIMEOUT_MS 15000
// How long an ICE restart may take, and what is on its way may still come by the former sockets.
#define RESTART_TIMEOUT_MS 10000
#define LINGER_MS          2000

#define READ_BATCH 32

struct peer {
    GMainContext *context;
    const struct certificate *certificate;
    bool is_server;
    struct peer_events events;
    void *user;

    enum peer_state state;
    const char *srtp_profile;
    struct ice *ice;
    // At most one of them. An ICE restart goes on with other sockets beside the former, so that
    // media flows while it lasts and a failed one changes nothing.
    struct ice *next_ice;
    struct ice *former_ice;
    int64_t spare_until_us; // that one is closed then
    char **local_addresses; // NULL: all
    uint16_t min_port, max_port;
    struct dtls *dtls; // from the first remote description on
    struct rtp_crypt *crypt;
    struct udp_send udp;
    struct peer_counters counters;
    char remote_fingerprint[DTLS_FINGERPRINT_SIZE];

    GSource *timer; // from CONNECTING on
    int64_t deadline_us;
    uint32_t ice_timeout_ms, dtls_timeout_ms;

    // peer_close() from inside an event waits until the stack of events has unwound.
    int event_depth;
    bool is_closing;
};

// --- events and the end -------------------------------------------------------------------------

static void peer_free(struct peer *peer)
{
    if (peer->timer) {
        g_source_destroy(peer->timer);
        g_source_unref(peer->timer);
    }
    ice_close(peer->ice);
    ice_close(peer->next_ice);
    ice_close(peer->former_ice);
    g_strfreev(peer->local_addresses);
    dtls_close(peer->dtls);
    rtp_crypt_close(peer->crypt);
    if (peer->context)
        g_main_context_unref(peer->context);
    g_free(peer);
}

static gboolean free_later(gpointer user)
{
    peer_free(user);
    return G_SOURCE_REMOVE;
}

static void enter(struct peer *peer)
{
    peer->event_depth++;
}

// The peer may be on its way out after this: touch it no more. It goes from an idle source, because
// libnice is still on the stack.
static void leave(struct peer *peer)
{
    if (--peer->event_depth > 0 || !peer->is_closing)
        return;
    GSource *idle = g_idle_source_new();
    g_source_set_priority(idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(idle, free_later, peer, NULL);
    g_source_attach(idle, peer->context);
    g_source_unref(idle);
}

static void stop_timer(struct peer *peer)
{
    if (peer->timer)
        g_source_set_ready_time(peer->timer, -1);
}

static void arm_timer(struct peer *peer);

static void change_state(struct peer *peer, enum peer_state state, const char *reason)
{
    if (peer->state == state || peer->state == PEER_FAILED || peer->is_closing)
        return;
    peer->state = state;
    arm_timer(peer);
    log_debug("peer state=%d reason=%s profile=%s", (int)state, reason ? reason : "-",
            peer_srtp_profile(peer));
    if (peer->events.state_changed)
        peer->events.state_changed(peer->user, state, reason);
}

static void fail_with(struct peer *peer, const char *reason)
{
    change_state(peer, PEER_FAILED, reason);
}

// --- DTLS ---------------------------------------------------------------------------------------

static void flush_dtls(struct peer *peer)
{
    // Chromium's ClientHello comes before libnice can send the
    // answer to it: that waits inside `dtls`.
    if (!ice_is_connected(peer->ice))
        return;
    uint8_t datagram[DTLS_DATAGRAM_MAX];
    size_t size;
    while ((size = dtls_take_output(peer->dtls, datagram, sizeof(datagram))) > 0) {
        if (ice_send(peer->ice, datagram, size) < 0)
            log_debug("DTLS datagram not sent size=%zu", size); // its timer repeats it
    }
}

static void set_deadline(struct peer *peer, uint32_t after_ms)
{
    peer->deadline_us = g_get_monotonic_time() + after_ms * INT64_C(1000);
}

static void arm_timer(struct peer *peer)
{
    int64_t at_us = G_MAXINT64;
    if (!peer->timer)
        return;
    if (peer->state == PEER_CONNECTING) {
        at_us = peer->deadline_us;
        int64_t dtls_us = ice_is_connected(peer->ice) ? dtls_timeout_us(peer->dtls) : -1;
        if (dtls_us >= 0)
            at_us = MIN(at_us, g_get_monotonic_time() + dtls_us);
    }
    if (peer->next_ice || peer->former_ice)
        at_us = MIN(at_us, peer->spare_until_us);
    g_source_set_ready_time(peer->timer, at_us == G_MAXINT64 ? -1 : at_us);
}

static void close_spare(struct peer *peer)
{
    g_clear_pointer(&peer->next_ice, ice_close);
    g_clear_pointer(&peer->former_ice, ice_close);
}

static void keep_spare(struct peer *peer, uint32_t for_ms)
{
    peer->spare_until_us = g_get_monotonic_time() + for_ms * INT64_C(1000);
    arm_timer(peer);
}

static void start_srtp(struct peer *peer)
{
    struct rtp_crypt_keys keys;
    const struct rtp_crypt_profile *profile = dtls_srtp_profile(peer->dtls);
    int rc = dtls_srtp_keys(peer->dtls, &keys);
    if (rc == 0)
        rc = rtp_crypt_open(profile, &keys, &peer->crypt);
    memset(&keys, 0, sizeof(keys));
    if (rc < 0) {
        fail_with(peer, "dtls.handshake");
        return;
    }
    peer->srtp_profile = profile->name;
    change_state(peer, PEER_CONNECTED, NULL);
}

// After anything that may have moved DTLS on.
static void follow_dtls(struct peer *peer)
{
    flush_dtls(peer);
    switch (dtls_state(peer->dtls)) {
    case DTLS_HANDSHAKING:
        arm_timer(peer);
        break;
    case DTLS_DONE:
        if (!peer->crypt)
            start_srtp(peer);
        break;
    case DTLS_CLOSED:
        fail_with(peer, "dtls.closed");
        break;
    case DTLS_FAILED:
        fail_with(peer, dtls_failure(peer->dtls));
        break;
    }
}

static gboolean timer_is_due(gpointer user)
{
    struct peer *peer = user;
    const int64_t now_us = g_get_monotonic_time();
    if (now_us >= peer->spare_until_us)
        close_spare(peer);
    enter(peer);
    if (peer->state == PEER_CONNECTING && now_us >= peer->deadline_us) {
        fail_with(peer, ice_is_connected(peer->ice) ? "dtls.timeout" : "ice.failed");
    } else if (peer->state == PEER_CONNECTING) {
        dtls_handle_timeout(peer->dtls);
        follow_dtls(peer);
    }
    arm_timer(peer);
    leave(peer);
    return G_SOURCE_CONTINUE;
}

static gboolean timer_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)source;
    return callback(user);
}

// One source for all that is due by time, moved by g_source_set_ready_time().
static void start_timer(struct peer *peer)
{
    static GSourceFuncs functions = { .dispatch = timer_dispatch };
    peer->timer = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(peer->timer, timer_is_due, peer, NULL);
    g_source_attach(peer->timer, peer->context);
    set_deadline(peer, peer->ice_timeout_ms);
    arm_timer(peer);
}

// --- events of ICE ------------------------------------------------------------------------------

// The other side found the new way: from now on it is ours too.
static void take_next_ice(struct peer *peer)
{
    peer->former_ice = peer->ice;
    peer->ice = g_steal_pointer(&peer->next_ice);
    peer->counters.ice_restarts++;
    keep_spare(peer, LINGER_MS);
}

static void ice_connected(void *user)
{
    struct peer *peer = user;
    if (peer->next_ice && ice_is_connected(peer->next_ice))
        take_next_ice(peer);
    if (!peer->dtls || peer->state != PEER_CONNECTING)
        return;
    enter(peer);
    set_deadline(peer, peer->dtls_timeout_ms);
    if (!peer->is_server)
        dtls_start(peer->dtls);
    follow_dtls(peer);
    leave(peer);
}

static void ice_failed(void *user)
{
    struct peer *peer = user;
    // Media that flows is not ended because a check failed; its owner watches RTP and RTCP.
    if (peer->state != PEER_CONNECTING)
        return;
    enter(peer);
    fail_with(peer, "ice.failed");
    leave(peer);
}

static void receive_rtp(struct peer *peer, uint8_t *data, size_t size)
{
    int plain = rtp_crypt_unprotect_rtp(peer->crypt, data, size);
    if (plain < 0) {
        peer->counters.srtp_refused++;
        return;
    }
    peer->counters.last_in_us = g_get_monotonic_time();
    if (peer->events.rtp)
        peer->events.rtp(peer->user, data, (size_t)plain);
}

static void receive_rtcp(struct peer *peer, uint8_t *data, size_t size)
{
    int plain = rtp_crypt_unprotect_rtcp(peer->crypt, data, size);
    if (plain < 0) {
        peer->counters.srtp_refused++;
        return;
    }
    peer->counters.last_in_us = g_get_monotonic_time();
    if (peer->events.rtcp)
        peer->events.rtcp(peer->user, data, (size_t)plain);
}

static void receive(struct peer *peer, uint8_t *data, size_t size)
{
    peer->counters.packets_in++;
    peer->counters.bytes_in += size;
    switch (demux_classify(data, size)) {
    case DEMUX_DTLS:
        if (!peer->dtls)
            return;
        dtls_receive(peer->dtls, data, size);
        follow_dtls(peer);
        break;
    case DEMUX_RTP:
        if (peer->state == PEER_CONNECTED)
            receive_rtp(peer, data, size);
        break;
    case DEMUX_RTCP:
        if (peer->state == PEER_CONNECTED)
            receive_rtcp(peer, data, size);
        break;
    case DEMUX_STUN: // libnice keeps its own; this one was malformed
    case DEMUX_UNKNOWN:
        peer->counters.demux_refused++;
        break;
    }
}

static void ice_received(void *user, uint8_t *data, size_t size)
{
    struct peer *peer = user;
    if (peer->is_closing)
        return;
    enter(peer);
    receive(peer, data, size);
    leave(peer);
}

void peer_take_socket(struct peer *peer)
{
    const int fd = ice_path(peer->ice)->fd;
    if (peer->state != PEER_CONNECTED || fd < 0)
        return;
    ice_stop_receiving(peer->ice);
    udp_receive_prepare(fd);
}

void peer_read_socket(struct peer *peer, peer_raw_rtp_fn *rtp)
{
    struct udp_datagram datagrams[READ_BATCH];
    size_t count = READ_BATCH;
    const int fd = ice_path(peer->ice)->fd;
    enter(peer);
    while (count == READ_BATCH && fd >= 0 && !peer->is_closing) {
        count = udp_receive(fd, datagrams, READ_BATCH);
        for (size_t i = 0; i < count && !peer->is_closing; i++) {
            const struct udp_datagram *datagram = &datagrams[i];
            if (demux_classify(datagram->data, datagram->size) != DEMUX_RTP) {
                receive(peer, datagram->data, datagram->size);
                continue;
            }
            peer->counters.packets_in++;
            peer->counters.bytes_in += datagram->size;
            peer->counters.last_in_us = datagram->arrived_us;
            rtp(peer->user, datagram->data, datagram->size, datagram->arrived_us);
        }
    }
    leave(peer);
}

// --- what the owner calls -----------------------------------------------------------------------

static int open_ice(struct peer *peer, struct ice **out)
{
    const struct ice_config config = {
        .context = peer->context,
        .is_server = peer->is_server,
        .local_addresses = (const char *const *)peer->local_addresses,
        .min_port = peer->min_port,
        .max_port = peer->max_port,
        .events = { ice_connected, ice_failed, ice_received },
        .user = peer,
    };
    return ice_open(&config, out);
}

int peer_open(const struct peer_config *config, struct peer **out)
{
    struct peer *peer = g_new0(struct peer, 1);
    peer->context = g_main_context_ref(config->context);
    peer->certificate = config->certificate;
    peer->is_server = config->is_server;
    peer->events = config->events;
    peer->user = config->user;
    peer->ice_timeout_ms = config->ice_timeout_ms ? config->ice_timeout_ms : ICE_TIMEOUT_MS;
    peer->dtls_timeout_ms = config->dtls_timeout_ms ? config->dtls_timeout_ms : DTLS_TIMEOUT_MS;
    peer->local_addresses = g_strdupv((char **)config->local_addresses);
    peer->min_port = config->min_port;
    peer->max_port = config->max_port;
    int rc = open_ice(peer, &peer->ice);
    if (rc < 0) {
        peer_free(peer);
        return rc;
    }
    *out = peer;
    return 0;
}

void peer_close(struct peer *peer)
{
    if (!peer || peer->is_closing)
        return;
    if (peer->dtls && dtls_state(peer->dtls) == DTLS_DONE) {
        dtls_say_goodbye(peer->dtls);
        flush_dtls(peer);
    }
    if (peer->event_depth > 0) {
        peer->is_closing = true; // leave() does the rest
        stop_timer(peer);
        return;
    }
    peer_free(peer);
}

void peer_local_description(const struct peer *peer, struct peer_description *out)
{
    memset(out, 0, sizeof(*out));
    ice_describe(peer->next_ice ? peer->next_ice : peer->ice, out);
    g_strlcpy(
            out->fingerprint, certificate_fingerprint(peer->certificate), sizeof(out->fingerprint));
    out->dtls_active = !peer->is_server;
}

int peer_set_remote_description(struct peer *peer, const struct peer_description *remote)
{
    if (peer->state == PEER_FAILED || !remote->ice_ufrag[0] || !remote->ice_pwd[0] ||
            remote->dtls_active != peer->is_server)
        return -EINVAL;
    // One DTLS association for life: an ICE restart may not bring another certificate.
    if (peer->dtls && g_ascii_strcasecmp(peer->remote_fingerprint, remote->fingerprint) != 0)
        return -EINVAL;
    int rc = 0;
    if (!peer->dtls)
        rc = dtls_open(peer->certificate, peer->is_server, remote->fingerprint, &peer->dtls);
    if (rc < 0)
        return rc;
    g_strlcpy(peer->remote_fingerprint, remote->fingerprint, sizeof(peer->remote_fingerprint));
    enter(peer);
    if (peer->state == PEER_NEW) {
        change_state(peer, PEER_CONNECTING, NULL);
        start_timer(peer);
    }
    if (!peer->is_closing)
        rc = ice_set_remote(peer->next_ice ? peer->next_ice : peer->ice, remote);
    leave(peer);
    return rc;
}

int peer_restart_ice(struct peer *peer)
{
    if (peer->state == PEER_NEW || peer->state == PEER_FAILED || peer->is_closing)
        return -EINVAL;
    struct ice *next = NULL;
    int rc = open_ice(peer, &next);
    if (rc < 0)
        return rc;
    close_spare(peer);
    peer->next_ice = next;
    keep_spare(peer, RESTART_TIMEOUT_MS);
    return 0;
}

enum peer_state peer_state(const struct peer *peer)
{
    return peer->state;
}

const struct peer_counters *peer_counters(const struct peer *peer)
{
    return &peer->counters;
}

const char *peer_srtp_profile(const struct peer *peer)
{
    return peer->srtp_profile ? peer->srtp_profile : "";
}

// --- sending ------------------------------------------------------------------------------------

// Protected packets on their way to the kernel. All peers of a thread share it: a burst is sent
// before the call returns, and the memory stays warm.
static _Thread_local uint8_t scratch[UDP_SEND_BURST_MAX + RTP_CRYPT_TRAILER]
        __attribute__((aligned(16)));

static struct udp_destination destination(const struct peer *peer)
{
    const struct ice_path *path = ice_path(peer->ice);
    return (struct udp_destination){
        .fd = path->fd,
        .address = (const struct sockaddr *)&path->address,
        .address_size = path->address_size,
    };
}

static void count_out(struct peer *peer, size_t packets, size_t bytes)
{
    peer->counters.packets_out += packets;
    peer->counters.bytes_out += bytes;
}

static int send_scratch(struct peer *peer, int size)
{
    if (size < 0)
        return size;
    struct udp_destination to = destination(peer);
    int rc = to.fd < 0 ? -EAGAIN : udp_send_one(&to, scratch, (size_t)size);
    if (rc < 0) {
        peer->counters.send_dropped++;
        peer->counters.send_unreachable += rc != -EAGAIN;
        return -EAGAIN;
    }
    count_out(peer, 1, (size_t)size);
    return 0;
}

static int check_sendable(const struct peer *peer, size_t size)
{
    if (peer->state != PEER_CONNECTED || peer->is_closing)
        return -ENOTCONN;
    return size > PEER_PACKET_MAX ? -EMSGSIZE : 0;
}

int peer_send_rtp(struct peer *peer, const uint8_t *packet, size_t size)
{
    int rc = check_sendable(peer, size);
    if (rc < 0)
        return rc;
    memcpy(scratch, packet, size);
    return send_scratch(peer, rtp_crypt_protect_rtp(peer->crypt, scratch, size));
}

int peer_send_rtcp(struct peer *peer, const uint8_t *packet, size_t size)
{
    int rc = check_sendable(peer, size);
    if (rc < 0)
        return rc;
    memcpy(scratch, packet, size);
    return send_scratch(peer, rtp_crypt_protect_rtcp(peer->crypt, scratch, size));
}

struct burst {
    size_t count;
    size_t size;
    size_t segment; // of all packets but the last
};

static size_t flush_burst(struct peer *peer, struct burst *burst)
{
    if (burst->count == 0)
        return 0;
    struct udp_destination to = destination(peer);
    size_t sent = 0;
    if (to.fd >= 0)
        sent = udp_send_burst(&peer->udp, &to, scratch, burst->size, burst->segment);
    peer->counters.send_dropped += burst->count - sent;
    count_out(peer, sent, MIN(sent * burst->segment, burst->size));
    *burst = (struct burst){ 0 };
    return sent;
}

// May a packet that becomes at most `size` bytes follow in this burst?
static bool burst_has_room(const struct burst *burst, size_t size)
{
    return burst->count < UDP_SEND_SEGMENTS_MAX && burst->size + size <= UDP_SEND_BURST_MAX &&
           (burst->count == 0 || burst->size == burst->count * burst->segment);
}

size_t peer_send_rtp_burst(struct peer *peer, const struct peer_packet *packets, size_t count)
{
    struct burst burst = { 0 };
    size_t plain = 0; // size of the burst's first packet before protection
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
        const struct peer_packet *packet = &packets[i];
        if (check_sendable(peer, packet->size) < 0)
            continue;
        if (!burst_has_room(&burst, packet->size + RTP_CRYPT_TRAILER) || packet->size > plain)
            sent += flush_burst(peer, &burst);
        uint8_t *at = scratch + burst.size;
        memcpy(at, packet->data, packet->size);
        int size = rtp_crypt_protect_rtp(peer->crypt, at, packet->size);
        if (size < 0)
            continue;
        if (burst.count++ == 0) {
            plain = packet->size;
            burst.segment = (size_t)size;
        }
        burst.size += (size_t)size;
    }
    return sent + flush_burst(peer, &burst);
}
