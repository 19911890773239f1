// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/rtcp.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE      4
#define SDES_CNAME       1
#define NTP_UNIX_OFFSET  2208988800u // seconds from 1900 to 1970
#define VERSION_BITS     0x80
#define NTP_SHORT_SECOND 65536 // of the middle 32 bits

int rtcp_next(const uint8_t *data, size_t size, size_t *at, struct rtcp_packet *out)
{
    if (*at >= size)
        return 0;
    const uint8_t *packet = data + *at;
    size_t left = size - *at;
    if (left < HEADER_SIZE || (packet[0] & 0xc0) != VERSION_BITS)
        return -EBADMSG;
    size_t whole = ((size_t)packet[2] << 8 | packet[3]) * 4 + HEADER_SIZE;
    if (whole > left)
        return -EBADMSG;
    size_t padding = packet[0] & 0x20 ? packet[whole - 1] : 0;
    if ((packet[0] & 0x20) && (padding == 0 || padding > whole - HEADER_SIZE))
        return -EBADMSG;
    out->type = packet[1];
    out->count = packet[0] & 0x1f;
    out->body = packet + HEADER_SIZE;
    out->size = whole - HEADER_SIZE - padding;
    *at += whole;
    return 1;
}

static int32_t sign_extend_24(uint32_t value)
{
    return value & 0x800000 ? (int32_t)(value | 0xff000000) : (int32_t)value;
}

static void read_block(struct bytes_reader *in, struct rtcp_report_block *block)
{
    block->ssrc = bytes_read_u32(in);
    block->fraction_lost = bytes_read_u8(in);
    block->packets_lost = sign_extend_24(bytes_read_u24(in));
    block->highest_seq = bytes_read_u32(in);
    block->jitter = bytes_read_u32(in);
    block->last_sr = bytes_read_u32(in);
    block->delay_since_sr = bytes_read_u32(in);
}

int rtcp_read_report(const struct rtcp_packet *packet, struct rtcp_report *out)
{
    memset(out, 0, sizeof(*out));
    if (packet->type != RTCP_SENDER_REPORT && packet->type != RTCP_RECEIVER_REPORT)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    out->ssrc = bytes_read_u32(&in);
    out->is_sender = packet->type == RTCP_SENDER_REPORT;
    if (out->is_sender) {
        out->ntp = bytes_read_u64(&in);
        out->timestamp = bytes_read_u32(&in);
        out->packets = bytes_read_u32(&in);
        out->bytes = bytes_read_u32(&in);
    }
    out->block_count = packet->count;
    for (size_t i = 0; i < out->block_count; i++)
        read_block(&in, &out->blocks[i]);
    return bytes_reader_status(&in);
}

// Lengths are known at the end: the header is written with 0 and set then.
static uint8_t *begin(struct bytes_writer *out, size_t count, enum rtcp_type type)
{
    uint8_t *header = out->at;
    bytes_put_u8(out, (uint8_t)(VERSION_BITS | count));
    bytes_put_u8(out, (uint8_t)type);
    bytes_put_u16(out, 0);
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

void rtcp_write_report(struct bytes_writer *out, const struct rtcp_report *report)
{
    size_t count = report->block_count < RTCP_BLOCKS_MAX ? report->block_count : RTCP_BLOCKS_MAX;
    uint8_t *header =
            begin(out, count, report->is_sender ? RTCP_SENDER_REPORT : RTCP_RECEIVER_REPORT);
    bytes_put_u32(out, report->ssrc);
    if (report->is_sender) {
        bytes_put_u64(out, report->ntp);
        bytes_put_u32(out, report->timestamp);
        bytes_put_u32(out, report->packets);
        bytes_put_u32(out, report->bytes);
    }
    for (size_t i = 0; i < count; i++) {
        const struct rtcp_report_block *block = &report->blocks[i];
        bytes_put_u32(out, block->ssrc);
        bytes_put_u8(out, block->fraction_lost);
        bytes_put_u24(out, (uint32_t)block->packets_lost & 0xffffff);
        bytes_put_u32(out, block->highest_seq);
        bytes_put_u32(out, block->jitter);
        bytes_put_u32(out, block->last_sr);
        bytes_put_u32(out, block->delay_since_sr);
    }
    finish(out, header);
}

void rtcp_write_cname(struct bytes_writer *out, uint32_t ssrc, const char *cname)
{
    size_t size = strnlen(cname, RTCP_CNAME_MAX);
    uint8_t *header = begin(out, 1, RTCP_SOURCE_DESCRIPTION);
    bytes_put_u32(out, ssrc);
    bytes_put_u8(out, SDES_CNAME);
    bytes_put_u8(out, (uint8_t)size);
    bytes_put(out, cname, size);
    // At least one zero ends the list; then up to the next word (RFC 3550 §6.5).
    for (size_t pad = 4 - (2 + size) % 4; pad > 0; pad--)
        bytes_put_u8(out, 0);
    finish(out, header);
}

int rtcp_read_cname(
        const struct rtcp_packet *packet, uint32_t *ssrc, char cname[RTCP_CNAME_MAX + 1])
{
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    if (packet->type != RTCP_SOURCE_DESCRIPTION)
        return -EBADMSG;
    if (packet->count == 0)
        return -ENOENT;
    *ssrc = bytes_read_u32(&in);
    for (;;) {
        uint8_t item = bytes_read_u8(&in);
        if (item == 0)
            return bytes_reader_status(&in) < 0 ? -EBADMSG : -ENOENT;
        size_t size = bytes_read_u8(&in);
        const uint8_t *text = bytes_read(&in, size);
        if (!text)
            return -EBADMSG;
        if (item == SDES_CNAME) {
            memcpy(cname, text, size);
            cname[size] = '\0';
            return 0;
        }
    }
}

void rtcp_write_bye(struct bytes_writer *out, const uint32_t *ssrcs, size_t count)
{
    if (count > RTCP_BLOCKS_MAX)
        count = RTCP_BLOCKS_MAX;
    uint8_t *header = begin(out, count, RTCP_BYE);
    for (size_t i = 0; i < count; i++)
        bytes_put_u32(out, ssrcs[i]);
    finish(out, header);
}

int rtcp_read_bye(const struct rtcp_packet *packet, uint32_t *ssrcs, size_t room)
{
    if (packet->type != RTCP_BYE || packet->size < (size_t)packet->count * 4)
        return -EBADMSG;
    struct bytes_reader in;
    bytes_reader_init(&in, packet->body, packet->size);
    for (size_t i = 0; i < packet->count && i < room; i++)
        ssrcs[i] = bytes_read_u32(&in);
    return packet->count;
}

uint64_t rtcp_ntp(int64_t unix_us)
{
    uint64_t seconds = (uint64_t)(unix_us / 1000000) + NTP_UNIX_OFFSET;
    uint64_t fraction = ((uint64_t)(unix_us % 1000000) << 32) / 1000000;
    return seconds << 32 | fraction;
}

int64_t rtcp_round_trip_us(const struct rtcp_report_block *block, uint64_t now_ntp)
{
    if (block->last_sr == 0)
        return -1;
    uint32_t now = (uint32_t)(now_ntp >> 16);
    int32_t round_trip = (int32_t)(now - block->delay_since_sr - block->last_sr);
    // The peer's clock may run a little slower than ours: that is no time, not a wrong report.
    if (round_trip < 0)
        return round_trip > -NTP_SHORT_SECOND ? 0 : -1;
    return (int64_t)round_trip * 1000000 / NTP_SHORT_SECOND;
}
