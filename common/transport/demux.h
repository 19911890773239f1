// SPDX-License-Identifier: Apache-2.0
// What a datagram on a media socket is, by its first bytes (RFC 7983, RFC 5761). Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum demux_kind {
    DEMUX_UNKNOWN,
    DEMUX_STUN,
    DEMUX_DTLS,
    DEMUX_RTP,
    DEMUX_RTCP,
};

enum demux_kind demux_classify(const uint8_t *data, size_t size);
