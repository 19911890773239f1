// SPDX-License-Identifier: Apache-2.0
// SRTP of one peer, both ways, with keys that DTLS exported (RFC 5764): AES-GCM by srtp_gcm.h,
// AES-CM with SHA-1 by libsrtp2. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define RTP_CRYPT_KEY_MAX 30 // key and salt of one direction
// Room that must follow a packet that is being protected; what is used of it is less.
#define RTP_CRYPT_TRAILER 148

struct rtp_crypt;

struct rtp_crypt_keys {
    size_t size; // of each: 28 for AES-128-GCM, 30 for AES-CM with SHA-1
    uint8_t send[RTP_CRYPT_KEY_MAX];
    uint8_t receive[RTP_CRYPT_KEY_MAX];
};

// A row of the table of profiles; their order is our preference.
struct rtp_crypt_profile {
    const char *name; // OpenSSL's
    size_t key_size, salt_size;
};

// NULL: not one of ours.
const struct rtp_crypt_profile *rtp_crypt_profile_find(const char *name);
// "SRTP_AEAD_AES_128_GCM:…", for SSL_CTX_set_tlsext_use_srtp().
const char *rtp_crypt_profile_names(void);

int rtp_crypt_open(const struct rtp_crypt_profile *profile, const struct rtp_crypt_keys *keys,
        struct rtp_crypt **out) MUST_CHECK;
void rtp_crypt_close(struct rtp_crypt *crypt);

// In place; return the new size or a negative errno (-EBADMSG: authentication or replay).
int rtp_crypt_protect_rtp(struct rtp_crypt *crypt, uint8_t *packet, size_t size) MUST_CHECK;
int rtp_crypt_protect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size) MUST_CHECK;
int rtp_crypt_unprotect_rtp(struct rtp_crypt *crypt, uint8_t *packet, size_t size) MUST_CHECK;
int rtp_crypt_unprotect_rtcp(struct rtp_crypt *crypt, uint8_t *packet, size_t size) MUST_CHECK;
