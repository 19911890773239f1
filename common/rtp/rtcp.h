// SPDX-License-Identifier: Apache-2.0
// Compound RTCP packets (RFC 3550 §6): walk, read and write SR, RR, SDES and BYE.
// feedback.h and transport_cc.h have the feedback messages. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/check.h"

#define RTCP_BLOCKS_MAX 31
#define RTCP_CNAME_MAX  255

enum rtcp_type {
    RTCP_SENDER_REPORT = 200,
    RTCP_RECEIVER_REPORT = 201,
    RTCP_SOURCE_DESCRIPTION = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_TRANSPORT_FEEDBACK = 205,
    RTCP_PAYLOAD_FEEDBACK = 206,
    RTCP_EXTENDED_REPORT = 207,
};

// One packet of a compound; `body` follows its 4-byte header, padding removed; lent.
struct rtcp_packet {
    uint8_t type;
    uint8_t count; // report count, source count or feedback format (FMT)
    const uint8_t *body;
    size_t size;
};

// 1: one more packet in *out; 0: the end; -EBADMSG: malformed, stop. Start with *at = 0.
int rtcp_next(const uint8_t *data, size_t size, size_t *at, struct rtcp_packet *out) MUST_CHECK;

struct rtcp_report_block {
    uint32_t ssrc;
    uint8_t fraction_lost; // of 256, since the last report
    int32_t packets_lost;
    uint32_t highest_seq;    // extended
    uint32_t jitter;         // in timestamp units
    uint32_t last_sr;        // middle 32 bits of the NTP time of the last SR
    uint32_t delay_since_sr; // 1/65536 s
};

struct rtcp_report {
    uint32_t ssrc; // of who sends the report
    bool is_sender;
    uint64_t ntp;
    uint32_t timestamp;
    uint32_t packets, bytes;
    size_t block_count;
    struct rtcp_report_block blocks[RTCP_BLOCKS_MAX];
};

// Reads an SR or RR. -EBADMSG: neither, or too short.
int rtcp_read_report(const struct rtcp_packet *packet, struct rtcp_report *out) MUST_CHECK;
// Writes an SR (is_sender) or RR; the writer's status tells whether it fitted, as below.
void rtcp_write_report(struct bytes_writer *out, const struct rtcp_report *report);
void rtcp_write_cname(struct bytes_writer *out, uint32_t ssrc, const char *cname);
// `cname` gets the first source's, NUL-terminated. -EBADMSG: malformed; -ENOENT: no CNAME in it.
int rtcp_read_cname(const struct rtcp_packet *packet, uint32_t *ssrc,
        char cname[RTCP_CNAME_MAX + 1]) MUST_CHECK;
void rtcp_write_bye(struct bytes_writer *out, const uint32_t *ssrcs, size_t count);
// Returns how many SSRCs the BYE names (at most `room` are written) or -EBADMSG.
int rtcp_read_bye(const struct rtcp_packet *packet, uint32_t *ssrcs, size_t room) MUST_CHECK;

// NTP time (RFC 5905: 32.32 since 1900) of Unix time in µs.
uint64_t rtcp_ntp(int64_t unix_us);
// Round trip that a report block about our stream shows (RFC 3550 §6.4.1); -1: it can not be known.
int64_t rtcp_round_trip_us(const struct rtcp_report_block *block, uint64_t now_ntp);
