// SPDX-License-Identifier: Apache-2.0
// One direction of SRTP and SRTCP with AES-128-GCM (RFC 3711, RFC 7714) on OpenSSL's cipher, which
// keeps its key schedule from packet to packet; Debian's libsrtp sets up NSS anew for each. One
// thread. Nothing is allocated for a packet.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define SRTP_GCM_KEY_SIZE    16
#define SRTP_GCM_SALT_SIZE   12
#define SRTP_GCM_TAG_SIZE    16
#define SRTP_GCM_STREAMS_MAX 32 // SSRCs of one direction

struct srtp_gcm;

// `key` is the master key with its salt behind it; copied.
int srtp_gcm_open_sender(const uint8_t *key, struct srtp_gcm **out) MUST_CHECK;
int srtp_gcm_open_receiver(const uint8_t *key, struct srtp_gcm **out) MUST_CHECK;
void srtp_gcm_close(struct srtp_gcm *gcm); // NULL is fine

// In place; the new size, or: -EINVAL, it is no RTP (RTCP); -EBADMSG, it is not authentic, came
// before (or was sent before), or is too old; -ENOSPC, too many SSRCs. Room for the tag, and 4
// bytes more with RTCP, follows what is protected.
int srtp_gcm_protect_rtp(struct srtp_gcm *sender, uint8_t *packet, size_t size) MUST_CHECK;
int srtp_gcm_protect_rtcp(struct srtp_gcm *sender, uint8_t *packet, size_t size) MUST_CHECK;
int srtp_gcm_unprotect_rtp(struct srtp_gcm *receiver, uint8_t *packet, size_t size) MUST_CHECK;
int srtp_gcm_unprotect_rtcp(struct srtp_gcm *receiver, uint8_t *packet, size_t size) MUST_CHECK;
