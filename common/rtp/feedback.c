// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/feedback.h"

#include <errno.h>
#include <string.h>

#include "common/rtp/packet.h"

#define VERSION_BITS 0x80
#define REMB_NAME    0x52454d42u // "REMB"

// Formats (FMT) within the two RTCP types.
enum { TRANSPORT_NACK = 1, TRANSPORT_CC = 15, PAYLOAD_PLI = 1, PAYLOAD_FIR = 4, PAYLOAD_AFB = 15 };

static bool is_remb(const struct rtcp_packet *packet)
{
    return packet->size >= 16 && memcmp(packet->body + 8, "REMB", 4) == 0;
}

enum feedback_kind feedback_kind(const struct rtcp_packet *packet)
{
    if (packet->type == RTCP_TRANSPORT_FEEDBACK) {
        if (packet->count == TRANSPORT_NACK)
            return FEEDBACK_NACK;
        return packet->count == TRANSPORT_CC ? FEEDBACK_TRANSPORT_CC : FEEDBACK_NONE;
    }
    if (packet->type != RTCP_PAYLOAD_FEEDBACK)
        return FEEDBACK_NONE;
    switch (packet->count) {
    case PAYLOAD_PLI:
        return FEEDBACK_PLI;
    case PAYLOAD_FIR:
        return FEEDBACK_FIR;
    case PAYLOAD_AFB:
        return is_remb(packet) ? FEEDBACK_REMB : FEEDBACK_NONE;
    default:
        return FEEDBACK_NONE;
    }
}

static uint8_t *begin(struct bytes_writer *out, enum rtcp_type type, int format,
        uint32_t sender_ssrc, uint32_t media_ssrc)
{
    uint8_t *header = out->at;
    bytes_put_u8(out, (uint8_t)(VERSION_BITS | format));
    bytes_put_u8(out, (uint8_t)type);
    bytes_put_u16(out, 0);
    bytes_put_u32(out, sender_ssrc);
    bytes_put_u32(out, media_ssrc);
    return header;
}

static void finish(struct bytes_writer *out, uint8_t *header)
{
    if (out->overflow)
        return;
    size_t words = (size_t)(out->at - header) / 4 - 1;
    header[2] = (uint8_t)(words >> 8);
    header[3] = (uint8_t)words;
}

// --- NACK: packet id and a mask of the sixteen after it (RFC 4585 §6.2.1) -----------------------

void feedback_write_nack(struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc,
        const uint16_t *seqs, size_t count)
{
    uint8_t *header = begin(out, RTCP_TRANSPORT_FEEDBACK, TRANSPORT_NACK, sender_ssrc, media_ssrc);
    for (size_t i = 0; i < count;) {
        uint16_t first = seqs[i++];
        uint16_t mask = 0;
        for (; i < count; i++) {
            int distance = rtp_seq_distance(first, seqs[i]);
            if (distance < 1 || distance > 16)
                break;
            mask |= (uint16_t)(1u << (distance - 1));
        }
        bytes_put_u16(out, first);
        bytes_put_u16(out, mask);
    }
    finish(out, header);
}

static void list_seq(uint16_t seq, uint16_t *seqs, size_t room, size_t *count)
{
    if (*count < room)
        seqs[*count] = seq;
    (*count)++;
}

int feedback_read_nack(
        const struct rtcp_packet *packet, uint32_t *media_ssrc, uint16_t *seqs, size_t room)
{
    if (feedback_kind(packet) != FEEDBACK_NACK)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    bytes_read_u32(&in);
    *media_ssrc = bytes_read_u32(&in);
    size_t count = 0;
    while (bytes_reader_left(&in) >= 4) {
        uint16_t first = bytes_read_u16(&in);
        uint16_t mask = bytes_read_u16(&in);
        list_seq(first, seqs, room, &count);
        for (unsigned int bit = 0; bit < 16; bit++) {
            if (mask & (1u << bit))
                list_seq((uint16_t)(first + bit + 1), seqs, room, &count);
        }
    }
    return bytes_reader_status(&in) < 0 || count == 0 ? -EBADMSG : (int)count;
}

// --- PLI and FIR --------------------------------------------------------------------------------

void feedback_write_pli(struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    finish(out, begin(out, RTCP_PAYLOAD_FEEDBACK, PAYLOAD_PLI, sender_ssrc, media_ssrc));
}

int feedback_read_pli(const struct rtcp_packet *packet, uint32_t *media_ssrc)
{
    if (feedback_kind(packet) != FEEDBACK_PLI)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    bytes_read_u32(&in);
    *media_ssrc = bytes_read_u32(&in);
    return bytes_reader_status(&in);
}

// RFC 5104 §4.3.1: the media SSRC of the header is 0, entries name the streams.
void feedback_write_fir(
        struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t command_seq)
{
    uint8_t *header = begin(out, RTCP_PAYLOAD_FEEDBACK, PAYLOAD_FIR, sender_ssrc, 0);
    bytes_put_u32(out, media_ssrc);
    bytes_put_u8(out, command_seq);
    bytes_put_u24(out, 0);
    finish(out, header);
}

int feedback_read_fir(const struct rtcp_packet *packet, uint32_t *media_ssrc, uint8_t *command_seq)
{
    if (feedback_kind(packet) != FEEDBACK_FIR)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    bytes_read(&in, 8);
    *media_ssrc = bytes_read_u32(&in);
    *command_seq = bytes_read_u8(&in);
    bytes_read_u24(&in);
    return bytes_reader_status(&in);
}

// --- REMB: 6 bits of exponent, 18 of mantissa ---------------------------------------------------

void feedback_write_remb(struct bytes_writer *out, uint32_t sender_ssrc, uint64_t bps,
        const uint32_t *ssrcs, size_t count)
{
    uint32_t exponent = 0;
    while (bps >> exponent > 0x3ffff)
        exponent++;
    uint8_t *header = begin(out, RTCP_PAYLOAD_FEEDBACK, PAYLOAD_AFB, sender_ssrc, 0);
    bytes_put_u32(out, REMB_NAME);
    bytes_put_u8(out, (uint8_t)count);
    bytes_put_u24(out, exponent << 18 | (uint32_t)(bps >> exponent));
    for (size_t i = 0; i < count; i++)
        bytes_put_u32(out, ssrcs[i]);
    finish(out, header);
}

int feedback_read_remb(const struct rtcp_packet *packet, uint64_t *bps)
{
    if (feedback_kind(packet) != FEEDBACK_REMB)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    bytes_read(&in, 13);
    uint32_t value = bytes_read_u24(&in);
    uint32_t exponent = value >> 18;
    uint64_t mantissa = value & 0x3ffff;
    if (exponent > 45) // more than 64 bits
        return -EBADMSG;
    *bps = mantissa << exponent;
    return bytes_reader_status(&in);
}
