// SPDX-License-Identifier: Apache-2.0
// One RTP packet (RFC 3550 §5.1) with its header extensions (RFC 8285): read and write.
// Pure: no allocation, no clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define RTP_HEADER_SIZE 12
#define RTP_HEADER_MAX  72 // what rtp_packet_write_header() can write, all extensions used

// Where the fields of a packet are; lends from the packet that was read.
struct rtp_packet {
    bool marker;
    uint8_t payload_type;
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t extension_profile; // 0xBEDE: one-byte; 0x100x: two-byte; 0: none
    const uint8_t *extensions;
    size_t extensions_size;
    const uint8_t *payload; // without padding
    size_t payload_size;
    size_t header_size; // up to the payload
};

// -EBADMSG: not an RTP packet of version 2, or a length in it runs past the end.
int rtp_packet_read(const uint8_t *data, size_t size, struct rtp_packet *out) MUST_CHECK;

// The extension element with this id (1…255), one- or two-byte form; NULL when it is absent.
const uint8_t *rtp_packet_extension(const struct rtp_packet *packet, uint8_t id, size_t *size);
// RFC 6464: 0 (loudest) … 127 (silence) as -dBov. `voice` may
// be NULL. Id 0 finds nothing, as below.
bool rtp_packet_audio_level(
        const struct rtp_packet *packet, uint8_t id, uint8_t *level, bool *voice);
bool rtp_packet_transport_seq(const struct rtp_packet *packet, uint8_t id, uint16_t *seq);
// 24 bits, 6.18 fixed point seconds.
bool rtp_packet_abs_send_time(const struct rtp_packet *packet, uint8_t id, uint32_t *time);
// NUL-terminated into `mid`; false when it is absent or does not fit.
bool rtp_packet_mid(const struct rtp_packet *packet, uint8_t id, char *mid, size_t room);

// The ids that were negotiated; 0: not to be written.
struct rtp_extension_ids {
    uint8_t audio_level;
    uint8_t transport_seq;
    uint8_t mid;
    uint8_t abs_send_time;
};

// What is to be written; an extension is written when its id is not 0 and its has_ (or mid) is set.
struct rtp_extensions {
    bool has_audio_level, voice;
    uint8_t audio_level;
    bool has_transport_seq;
    uint16_t transport_seq;
    bool has_abs_send_time;
    uint32_t abs_send_time;
    const char *mid; // at most 16 bytes
};

struct rtp_header {
    bool marker;
    uint8_t payload_type;
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
};

// Writes a header (one-byte extensions; two-byte when an id is over 14) and returns its size, or
// -ENOSPC. `ids` and `extensions` may be NULL. For the same ids, has_s and mid the size is always
// the same, so that all segments of a frame stay equal.
int rtp_packet_write_header(uint8_t *data, size_t room, const struct rtp_header *header,
        const struct rtp_extension_ids *ids, const struct rtp_extensions *extensions) MUST_CHECK;

// In place, on a packet that rtp_packet_read() accepted or rtp_packet_write_header() wrote.
void rtp_packet_set_marker(uint8_t *data, bool marker);
void rtp_packet_set_payload_type(uint8_t *data, uint8_t payload_type);
void rtp_packet_set_seq(uint8_t *data, uint16_t seq);
void rtp_packet_set_timestamp(uint8_t *data, uint32_t timestamp);
void rtp_packet_set_ssrc(uint8_t *data, uint32_t ssrc);
// False: the packet has no such element of that size.
bool rtp_packet_set_transport_seq(uint8_t *data, size_t size, uint8_t id, uint16_t seq);
bool rtp_packet_set_abs_send_time(uint8_t *data, size_t size, uint8_t id, uint32_t time);

// How far `to` is after `from` on the circle; negative: before.
static inline int rtp_seq_distance(uint16_t from, uint16_t to)
{
    return (int16_t)(uint16_t)(to - from);
}

static inline int32_t rtp_timestamp_distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

// abs-send-time of a monotonic or wall clock in µs.
static inline uint32_t rtp_abs_send_time(int64_t now_us)
{
    return (uint32_t)((((uint64_t)now_us << 18) / 1000000) & 0xffffff);
}
