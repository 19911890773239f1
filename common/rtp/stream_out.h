// SPDX-License-Identifier: Apache-2.0
// What one receiver is sent on one line: one SSRC, sequence and timestamp space for its whole life,
// whatever source (tier, canvas, shared or own encode, a forwarded room) feeds it. In place, pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/rtcp.h"

#define STREAM_OUT_SPANS 8

// Sequence numbers that came from one source without a switch between.
struct stream_out_span {
    uint32_t source;
    uint16_t first_seq;  // towards the receiver
    uint16_t seq_offset; // receiver's − source's
    uint32_t timestamp_offset;
};

struct stream_out {
    uint32_t ssrc;
    uint32_t clock_rate;
    bool started;
    bool is_paused;
    uint16_t next_seq;       // highest sent + 1
    uint32_t last_timestamp; // highest sent
    int64_t last_us;         // when that was
    uint64_t packets, bytes; // for sender reports
    size_t span_count;
    struct stream_out_span spans[STREAM_OUT_SPANS]; // newest first
};

// Start sequence numbers below 2^15 (SRTP's roll-over counter); a random `first_timestamp` is fine.
void stream_out_init(struct stream_out *stream, uint32_t ssrc, uint32_t clock_rate,
        uint16_t first_seq, uint32_t first_timestamp);

// Where a packet of `source` with its own seq and timestamp goes. A new `source` (any
// id the caller likes) continues without a gap. Its timestamps keep the offset when
// they are on the same clock as those of the source before (within 100 ms of what is
// due: all encodes of one mixer), else they go on by the time that passed. False: it
// is from before the switch to this source and must not be sent. Counts `payload_size`
// as sent. What the caller leaves out of a source is a loss to the receiver.
bool stream_out_map(struct stream_out *stream, uint32_t source, uint16_t seq, uint32_t timestamp,
        size_t payload_size, int64_t now_us, uint16_t *out_seq, uint32_t *out_timestamp);
// Nothing will be sent for a while: the next packet continues
// without a gap even if its source skipped.
void stream_out_pause(struct stream_out *stream);
// The way back for a NACK: which packet of which source was sent as `out_seq`, and what its
// timestamp was moved by (receiver's = source's + timestamp_offset). False: too long ago.
struct stream_out_origin {
    uint32_t source;
    uint16_t seq;
    uint32_t timestamp_offset;
};
bool stream_out_find(
        const struct stream_out *stream, uint16_t out_seq, struct stream_out_origin *origin);
// Fills the sender part of a report (is_sender, ssrc, ntp, timestamp, packets, bytes; no blocks).
void stream_out_report(
        const struct stream_out *stream, int64_t unix_us, int64_t now_us, struct rtcp_report *out);
