// SPDX-License-Identifier: Apache-2.0
#include "common/transport/demux.h"

#include <stdbool.h>

// The smallest of each kind: a STUN header, a DTLS record header, RTP's and RTCP's fixed parts.
#define STUN_MIN 20
#define DTLS_MIN 13
#define RTP_MIN  12
#define RTCP_MIN 8

static bool is_rtcp_type(uint8_t second_byte)
{
    return second_byte >= 192 && second_byte <= 223; // RFC 5761 §4
}

enum demux_kind demux_classify(const uint8_t *data, size_t size)
{
    if (size < RTCP_MIN)
        return DEMUX_UNKNOWN;
    if (data[0] <= 3)
        return size >= STUN_MIN ? DEMUX_STUN : DEMUX_UNKNOWN;
    if (data[0] >= 20 && data[0] <= 63)
        return size >= DTLS_MIN ? DEMUX_DTLS : DEMUX_UNKNOWN;
    if (data[0] < 128 || data[0] > 191)
        return DEMUX_UNKNOWN;
    if (is_rtcp_type(data[1]))
        return DEMUX_RTCP;
    return size >= RTP_MIN ? DEMUX_RTP : DEMUX_UNKNOWN;
}
