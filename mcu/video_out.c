// SPDX-License-Identifier: Apache-2.0
#include "mcu/video_out.h"

#include <string.h>

#include "common/rtp/rtx.h"
#include "mcu/metrics.h"

#define GOP_PRESSED 40 // a second of pictures is shown within one picture's time

void video_out_init(struct video_out *out, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t payload_type,
        uint8_t rtx_payload_type)
{
    *out = (struct video_out){
        .payload_type = payload_type,
        .rtx_payload_type = rtx_payload_type,
        .rtx_ssrc = rtx_ssrc,
        .rtx_seq = (uint16_t)(rtx_ssrc & 0x7fff),
        .is_waiting = true,
    };
    stream_out_init(&out->stream, ssrc, 90000, (uint16_t)(ssrc & 0x7fff), ssrc * 2654435761u);
}

static void rewrite(const struct video_out *out, uint8_t *data, uint16_t seq, uint32_t timestamp)
{
    rtp_packet_set_payload_type(data, out->payload_type);
    rtp_packet_set_seq(data, seq);
    rtp_packet_set_timestamp(data, timestamp);
    rtp_packet_set_ssrc(data, out->stream.ssrc);
}

// One burst takes packets of one size, of which the last may be smaller.
static size_t burst_length(const struct peer_packet *packets, size_t count)
{
    size_t length = 1;
    while (length < count && packets[length].size == packets[0].size)
        length++;
    if (length < count && packets[length].size < packets[0].size)
        length++;
    return length;
}

static void send_all(struct peer *peer, const struct peer_packet *packets, size_t count)
{
    for (size_t at = 0; at < count;) {
        const size_t length = burst_length(packets + at, count - at);
        const size_t sent =
                length == 1 ? (size_t)(peer_send_rtp(peer, packets[at].data, packets[at].size) == 0)
                            : peer_send_rtp_burst(peer, packets + at, length);
        metric_add(&mcu_rtp_send_dropped_total, (int64_t)(length - sent));
        at += length;
    }
}

static void send_frame(
        struct video_out *out, struct peer *peer, uint16_t tier, const struct tier_frame *frame)
{
    struct peer_packet packets[TIER_PACKETS_FRAME];
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < frame->count; i++) {
        struct tier_packet *packet = &frame->packets[i];
        uint16_t seq = 0;
        uint32_t timestamp = 0;
        if (!stream_out_map(&out->stream, tier, packet->seq, packet->timestamp,
                    packet->size - RTP_HEADER_SIZE, frame->pts_us, &seq, &timestamp))
            continue;
        rewrite(out, packet->data, seq, timestamp);
        packets[count++] = (struct peer_packet){ .data = packet->data, .size = packet->size };
        bytes += packet->size;
    }
    send_all(peer, packets, count);
    metric_add(&mcu_rtp_out_packets_total, (int64_t)count);
    metric_add(&mcu_rtp_out_bytes_total, (int64_t)bytes);
}

// The tier's time of a packet, or that of a packet that was pressed together with others.
static uint32_t tier_timestamp(
        const struct video_out *out, uint16_t tier, uint16_t seq, uint32_t timestamp)
{
    const bool is_of_gop = out->has_gop && out->gop_tier == tier &&
                           rtp_seq_distance(out->gop_first, seq) >= 0 &&
                           rtp_seq_distance(seq, out->gop_last) >= 0;
    if (!is_of_gop)
        return timestamp;
    return out->gop_timestamp - (out->gop_timestamp - timestamp) / GOP_PRESSED;
}

static void send_gop(struct video_out *out, struct peer *peer, const struct tier_feed *feed,
        const struct tier_frame *newest)
{
    const uint16_t tier = tier_feed_id(feed);
    out->has_gop = true;
    out->gop_tier = tier;
    out->gop_timestamp = newest->packets[0].timestamp;
    for (uint16_t from = out->gop_first; from != (uint16_t)(out->gop_last + 1); from++) {
        size_t size = 0;
        const uint8_t *kept = tier_feed_find(feed, from, &size);
        struct rtp_packet packet;
        uint8_t copy[RTP_HEADER_SIZE + TIER_PAYLOAD_MAX];
        uint16_t seq = 0;
        uint32_t timestamp = 0;
        if (!kept || rtp_packet_read(kept, size, &packet) < 0 ||
                !stream_out_map(&out->stream, tier, from,
                        tier_timestamp(out, tier, from, packet.timestamp), packet.payload_size,
                        newest->pts_us, &seq, &timestamp))
            continue;
        memcpy(copy, kept, size);
        rewrite(out, copy, seq, timestamp);
        const bool sent = peer_send_rtp(peer, copy, size) == 0;
        metric_add(sent ? &mcu_rtp_out_packets_total : &mcu_rtp_send_dropped_total, 1);
    }
}

bool video_out_send(struct video_out *out, struct peer *peer, const struct tier_feed *feed,
        const struct tier_frame *frame)
{
    if (!out->is_waiting || frame->is_key) {
        out->is_waiting = false;
        send_frame(out, peer, tier_feed_id(feed), frame);
        return true;
    }
    if (!tier_feed_recent_gop(feed, frame->pts_us, &out->gop_first, &out->gop_last))
        return false;
    out->is_waiting = false;
    send_gop(out, peer, feed, frame);
    metric_add(&mcu_video_gops_sent_total, 1);
    return true;
}

bool video_out_resend(
        struct video_out *out, struct peer *peer, const struct tier_feed *feed, uint16_t seq)
{
    struct stream_out_origin origin;
    if (!stream_out_find(&out->stream, seq, &origin) || origin.source != tier_feed_id(feed))
        return false;
    size_t size = 0;
    const uint8_t *kept = tier_feed_find(feed, origin.seq, &size);
    struct rtp_packet packet;
    if (!kept || rtp_packet_read(kept, size, &packet) < 0)
        return false;

    uint8_t again[RTP_HEADER_SIZE + TIER_PAYLOAD_MAX];
    memcpy(again, kept, size);
    rewrite(out, again, seq,
            tier_timestamp(out, tier_feed_id(feed), origin.seq, packet.timestamp) +
                    origin.timestamp_offset);
    if (out->rtx_payload_type == 0)
        return peer_send_rtp(peer, again, size) == 0;

    uint8_t rtx[sizeof(again) + RTX_OVERHEAD];
    const int written = rtx_write(
            rtx, sizeof(rtx), again, size, out->rtx_ssrc, out->rtx_payload_type, out->rtx_seq);
    if (written < 0)
        return false;
    out->rtx_seq++;
    return peer_send_rtp(peer, rtx, (size_t)written) == 0;
}
