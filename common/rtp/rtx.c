// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/rtx.h"

#include <errno.h>
#include <string.h>

#include "common/rtp/packet.h"

#define PADDING_BIT 0x20

int rtx_write(uint8_t *out, size_t room, const uint8_t *packet, size_t size, uint32_t rtx_ssrc,
        uint8_t rtx_payload_type, uint16_t rtx_seq)
{
    struct rtp_packet original;
    if (rtp_packet_read(packet, size, &original) < 0)
        return -EBADMSG;
    size_t whole = original.header_size + RTX_OVERHEAD + original.payload_size;
    if (whole > room)
        return -ENOSPC;
    memcpy(out, packet, original.header_size);
    out[0] &= (uint8_t)~PADDING_BIT;
    rtp_packet_set_payload_type(out, rtx_payload_type);
    rtp_packet_set_seq(out, rtx_seq);
    rtp_packet_set_ssrc(out, rtx_ssrc);
    uint8_t *at = out + original.header_size;
    at[0] = (uint8_t)(original.seq >> 8);
    at[1] = (uint8_t)original.seq;
    memcpy(at + RTX_OVERHEAD, original.payload, original.payload_size);
    return (int)whole;
}

int rtx_restore(uint8_t *packet, size_t size, uint32_t original_ssrc, uint8_t original_payload_type)
{
    struct rtp_packet rtx;
    if (rtp_packet_read(packet, size, &rtx) < 0)
        return -EBADMSG;
    if (rtx.payload_size == 0)
        return -ENODATA;
    if (rtx.payload_size < RTX_OVERHEAD)
        return -EBADMSG;
    uint8_t *payload = packet + rtx.header_size;
    uint16_t seq = (uint16_t)(payload[0] << 8 | payload[1]);
    size_t left = rtx.payload_size - RTX_OVERHEAD;
    memmove(payload, payload + RTX_OVERHEAD, left);
    packet[0] &= (uint8_t)~PADDING_BIT;
    rtp_packet_set_payload_type(packet, original_payload_type);
    rtp_packet_set_seq(packet, seq);
    rtp_packet_set_ssrc(packet, original_ssrc);
    return (int)(rtx.header_size + left);
}
