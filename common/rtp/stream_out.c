// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/stream_out.h"

#include <string.h>

#include "common/rtp/packet.h"

void stream_out_init(struct stream_out *stream, uint32_t ssrc, uint32_t clock_rate,
        uint16_t first_seq, uint32_t first_timestamp)
{
    memset(stream, 0, sizeof(*stream));
    stream->ssrc = ssrc;
    stream->clock_rate = clock_rate;
    stream->next_seq = first_seq;
    stream->last_timestamp = first_timestamp;
}

static uint32_t ticks(const struct stream_out *stream, int64_t us)
{
    return (uint32_t)(us * stream->clock_rate / 1000000);
}

// Where the timestamps of a new source begin. Encodes that share a clock (all those of one mixer)
// keep the offset, so that sound goes on to the sample; others are placed by the time that passed.
static uint32_t timestamp_offset(
        const struct stream_out *stream, uint32_t timestamp, int64_t now_us)
{
    if (!stream->started)
        return stream->last_timestamp - timestamp;
    uint32_t due = stream->last_timestamp + ticks(stream, now_us - stream->last_us);
    uint32_t kept = timestamp + stream->spans[0].timestamp_offset;
    int32_t tolerance = (int32_t)(stream->clock_rate / 10);
    int32_t off = rtp_timestamp_distance(due, kept);
    if (off > -tolerance && off < tolerance &&
            rtp_timestamp_distance(stream->last_timestamp, kept) > 0)
        return stream->spans[0].timestamp_offset;
    // Never the timestamp of the frame before, whatever the clock says.
    uint32_t least = stream->last_timestamp + stream->clock_rate / 1000;
    if (rtp_timestamp_distance(least, due) < 0)
        due = least;
    return due - timestamp;
}

static void begin_span(struct stream_out *stream, uint32_t source, uint16_t seq, uint32_t timestamp,
        int64_t now_us)
{
    struct stream_out_span span = {
        .source = source,
        .first_seq = stream->next_seq,
        .seq_offset = (uint16_t)(stream->next_seq - seq),
        .timestamp_offset = timestamp_offset(stream, timestamp, now_us),
    };
    size_t kept = stream->span_count < STREAM_OUT_SPANS ? stream->span_count : STREAM_OUT_SPANS - 1;
    memmove(stream->spans + 1, stream->spans, kept * sizeof(span));
    stream->spans[0] = span;
    stream->span_count = kept + 1;
}

bool stream_out_map(struct stream_out *stream, uint32_t source, uint16_t seq, uint32_t timestamp,
        size_t payload_size, int64_t now_us, uint16_t *out_seq, uint32_t *out_timestamp)
{
    bool is_first = !stream->started;
    if (is_first || stream->is_paused || stream->spans[0].source != source)
        begin_span(stream, source, seq, timestamp, now_us);
    stream->started = true;
    stream->is_paused = false;

    const struct stream_out_span *span = &stream->spans[0];
    *out_seq = (uint16_t)(seq + span->seq_offset);
    *out_timestamp = timestamp + span->timestamp_offset;
    if (rtp_seq_distance(span->first_seq, *out_seq) < 0)
        return false;
    if (rtp_seq_distance(stream->next_seq, *out_seq) >= 0)
        stream->next_seq = (uint16_t)(*out_seq + 1);
    if (is_first || rtp_timestamp_distance(stream->last_timestamp, *out_timestamp) > 0) {
        stream->last_timestamp = *out_timestamp;
        stream->last_us = now_us;
    }
    stream->packets++;
    stream->bytes += payload_size;
    return true;
}

void stream_out_pause(struct stream_out *stream)
{
    stream->is_paused = true;
}

bool stream_out_find(
        const struct stream_out *stream, uint16_t out_seq, struct stream_out_origin *origin)
{
    if (!stream->started || rtp_seq_distance(stream->next_seq, out_seq) >= 0)
        return false;
    for (size_t i = 0; i < stream->span_count; i++) {
        const struct stream_out_span *span = &stream->spans[i];
        if (rtp_seq_distance(span->first_seq, out_seq) < 0)
            continue;
        origin->source = span->source;
        origin->seq = (uint16_t)(out_seq - span->seq_offset);
        origin->timestamp_offset = span->timestamp_offset;
        return true;
    }
    return false;
}

void stream_out_report(
        const struct stream_out *stream, int64_t unix_us, int64_t now_us, struct rtcp_report *out)
{
    memset(out, 0, sizeof(*out));
    out->is_sender = true;
    out->ssrc = stream->ssrc;
    out->ntp = rtcp_ntp(unix_us);
    out->timestamp = stream->last_timestamp + ticks(stream, now_us - stream->last_us);
    out->packets = (uint32_t)stream->packets;
    out->bytes = (uint32_t)stream->bytes;
}
