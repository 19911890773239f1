// SPDX-License-Identifier: Apache-2.0
// DTLS 1.2 of one peer over memory (OpenSSL): datagrams in, datagrams out, SRTP keys at the end.
// No socket, no clock of its own. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/transport/certificate.h"
#include "common/transport/rtp_crypt.h"

#define DTLS_FINGERPRINT_SIZE 96   // SHA-256 as "AB:CD:…" and a NUL
#define DTLS_DATAGRAM_MAX     1200 // of what it writes

struct dtls;
struct x509_st;
struct evp_pkey_st;

enum dtls_state {
    DTLS_HANDSHAKING,
    DTLS_DONE,
    DTLS_CLOSED, // the other side said goodbye
    DTLS_FAILED, // dtls_failure() tells why
};

// `fingerprint` is the other side's, as in its SDP. Server: waits; client: dtls_start() begins.
int dtls_open(const struct certificate *certificate, bool is_server, const char *fingerprint,
        struct dtls **out) MUST_CHECK;
// Frees; nothing more is sent (dtls_say_goodbye() first).
void dtls_close(struct dtls *dtls);

enum dtls_state dtls_state(const struct dtls *dtls);
// "dtls.fingerprint_mismatch", "dtls.handshake" or "dtls.no_srtp_profile".
const char *dtls_failure(const struct dtls *dtls);

void dtls_start(struct dtls *dtls);
void dtls_receive(struct dtls *dtls, const uint8_t *datagram, size_t size);
void dtls_say_goodbye(struct dtls *dtls);
// Takes the next datagram to send (at most DTLS_DATAGRAM_MAX are written); 0: none. They wait here,
// so a caller that can not send yet just does not ask.
size_t dtls_take_output(struct dtls *dtls, uint8_t *datagram, size_t room);
// Time until dtls_handle_timeout() is due, in µs; -1: no timer runs.
int64_t dtls_timeout_us(struct dtls *dtls);
void dtls_handle_timeout(struct dtls *dtls);

// Only when DTLS_DONE.
const struct rtp_crypt_profile *dtls_srtp_profile(const struct dtls *dtls);
int dtls_srtp_keys(struct dtls *dtls, struct rtp_crypt_keys *keys) MUST_CHECK;

// For certificate.c.
int dtls_fingerprint(const struct x509_st *x509, char text[DTLS_FINGERPRINT_SIZE]) MUST_CHECK;
struct ssl_ctx_st *dtls_context_new(struct x509_st *x509, struct evp_pkey_st *key);
