// SPDX-License-Identifier: Apache-2.0
// The encrypted path to one peer: ICE (libnice) → DTLS 1.2 (OpenSSL) → SRTP (libsrtp2).
// The MCU is ICE-lite and DTLS server; endpoints offer, are controlling and DTLS client.
// Owned by the thread that iterates `context`; every call and every event happens there.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/transport/certificate.h"

#define PEER_CANDIDATES_MAX 16
#define PEER_PACKET_MAX     1500 // bytes of a packet before protection

enum peer_state {
    PEER_NEW,
    PEER_CONNECTING, // the remote description is set
    PEER_CONNECTED,  // DTLS is done: media may flow
    PEER_FAILED,     // for good: close it; the reason was told
};

// One candidate (RFC 8839 §5.1), UDP host candidates only.
struct peer_candidate {
    char address[46];
    uint16_t port;
    uint32_t priority;
    char foundation[33];
};

// What an SDP says of the transport; all lines are bundled on one.
struct peer_description {
    char ice_ufrag[257];
    char ice_pwd[257];
    char fingerprint[96]; // SHA-256, as in the SDP
    bool ice_lite;
    bool dtls_active; // a=setup:active or actpass on an offer
    size_t candidate_count;
    struct peer_candidate candidates[PEER_CANDIDATES_MAX];
};

struct peer_events {
    // `reason` is a stable code such as "dtls.fingerprint_mismatch" when FAILED, else NULL.
    void (*state_changed)(void *user, enum peer_state state, const char *reason);
    // A packet that passed authentication, decrypted; the callee
    // may write into it until it returns.
    void (*rtp)(void *user, uint8_t *packet, size_t size);
    void (*rtcp)(void *user, const uint8_t *packet, size_t size);
};

// Counted by the peer, read on its thread.
struct peer_counters {
    uint64_t packets_in, bytes_in, packets_out, bytes_out;
    uint64_t srtp_refused;     // RTP or RTCP that failed authentication or replay
    uint64_t demux_refused;    // neither STUN nor DTLS nor RTP (RFC 7983)
    uint64_t send_dropped;     // the socket was full, or there is no way:
    uint64_t send_unreachable; // of single packets: as when our address went
    uint64_t ice_restarts;     // that led to a new way
    int64_t last_in_us;        // monotonic; 0: nothing yet
};

struct peer_config {
    GMainContext *context;
    const struct certificate *certificate;    // outlives the peer
    bool is_server;                           // true: ICE-lite, controlled, DTLS server
    const char *const *local_addresses;       // NULL-terminated; NULL or empty: all, loopback too
    uint16_t min_port, max_port;              // 0, 0: the kernel chooses
    uint32_t ice_timeout_ms, dtls_timeout_ms; // then FAILED; 0: 20 s, 15 s
    struct peer_events events;
    void *user;
};

// Reasons of FAILED: "ice.failed", "dtls.fingerprint_mismatch", "dtls.handshake",
// "dtls.no_srtp_profile", "dtls.timeout", and "dtls.closed": the other side said goodbye.
struct peer;

int peer_open(const struct peer_config *config, struct peer **out) MUST_CHECK;
void peer_close(struct peer *peer);

// Our side of the SDP. Host candidates are known as soon as peer_open() returns.
void peer_local_description(const struct peer *peer, struct peer_description *out);
// -EINVAL when it can not be used (no fingerprint, no credentials).
int peer_set_remote_description(
        struct peer *peer, const struct peer_description *remote) MUST_CHECK;
// RFC 8445 §9 ICE restart: new sockets on the addresses of now and new credentials; then describe,
// exchange and set the remote again. The former way is used until the new one is found; if it is
// not within ten seconds, or another restart begins, it goes on. DTLS, SRTP and the state stay. Not
// from within an event. -EINVAL while there is nothing to restart, or as peer_open().
int peer_restart_ice(struct peer *peer) MUST_CHECK;

enum peer_state peer_state(const struct peer *peer);
const struct peer_counters *peer_counters(const struct peer *peer);
// "SRTP_AEAD_AES_128_GCM" once connected, else "".
const char *peer_srtp_profile(const struct peer *peer);

// Protects and sends. The plaintext is only read. -ENOTCONN before CONNECTED, -EAGAIN when dropped.
int peer_send_rtp(struct peer *peer, const uint8_t *packet, size_t size);
int peer_send_rtcp(struct peer *peer, const uint8_t *packet, size_t size);

// For a tool that poses as hundreds of peers: from now on nothing comes by itself, and the owner
// fetches what the socket holds when it likes. Only when CONNECTED.
void peer_take_socket(struct peer *peer);
// A packet as it came, still protected (its header is not), and when (monotonic µs).
typedef void peer_raw_rtp_fn(void *user, uint8_t *packet, size_t size, int64_t arrived_us);
// RTP goes to `rtp`; RTCP and DTLS take their usual way.
void peer_read_socket(struct peer *peer, peer_raw_rtp_fn *rtp);

struct peer_packet {
    const uint8_t *data;
    size_t size;
};
// All but the last of the same size: one UDP GSO send (falls back to single sends for good when the
// kernel refuses). Returns packets sent.
size_t peer_send_rtp_burst(struct peer *peer, const struct peer_packet *packets, size_t count);
