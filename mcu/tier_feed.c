// SPDX-License-Identifier: Apache-2.0
#include "mcu/tier_feed.h"

#include <glib.h>

#include "common/rtp/send_history.h"

#define HISTORY    2048 // packets: over four seconds of 1.5 Mb/s
#define GOP_MAX_US 1000000

struct tier_feed {
    struct tier *tier;
    uint16_t id;
    struct ring *ring; // the tier's
    struct send_history *history;
    bool has_key;
    uint16_t key_seq, last_seq; // first of the newest key frame, last of the newest picture
    uint16_t key_last_seq;
    size_t key_bytes;
    int64_t key_us;
    size_t gop_bytes; // from the newest key frame on
    size_t count;     // of the picture that is arriving
    struct tier_packet packets[TIER_PACKETS_FRAME];
};

struct tier_feed *tier_feed_new(struct tier *tier, int net)
{
    struct tier_feed *feed = g_new0(struct tier_feed, 1);
    feed->tier = tier;
    feed->id = tier_config(tier)->id;
    feed->ring = tier_ring(tier, net);
    feed->history = send_history_new(HISTORY, RTP_HEADER_SIZE + TIER_PAYLOAD_MAX);
    return feed;
}

void tier_feed_free(struct tier_feed *feed)
{
    if (!feed)
        return;
    send_history_free(feed->history);
    g_free(feed);
}

struct tier *tier_feed_tier(const struct tier_feed *feed)
{
    return feed->tier;
}

uint16_t tier_feed_id(const struct tier_feed *feed)
{
    return feed->id;
}

// With a header of the tier's own: marker, sequence number and timestamp.
static void keep(struct tier_feed *feed, struct tier_packet *packet, int64_t now_us)
{
    uint8_t *begin = packet->data + LINK_OUT_HEADROOM - RTP_HEADER_SIZE;
    const struct rtp_header header = {
        .marker = packet->is_last,
        .seq = packet->seq,
        .timestamp = packet->timestamp,
    };
    int written = rtp_packet_write_header(begin, RTP_HEADER_SIZE, &header, NULL, NULL);
    (void)written; // a bare header is RTP_HEADER_SIZE
    send_history_put(
            feed->history, packet->seq, begin, RTP_HEADER_SIZE + (size_t)packet->size, now_us);
}

bool tier_feed_next(struct tier_feed *feed, int64_t now_us, struct tier_frame *out)
{
    if (feed->count > 0 && feed->packets[feed->count - 1].is_last)
        feed->count = 0;
    while (ring_pop(feed->ring, &feed->packets[feed->count])) {
        struct tier_packet *packet = &feed->packets[feed->count];
        keep(feed, packet, now_us);
        feed->count++;
        if (packet->is_first && packet->is_key)
            feed->gop_bytes = 0;
        feed->gop_bytes += packet->size;
        if (!packet->is_last)
            continue;
        feed->last_seq = packet->seq;
        if (packet->is_key) {
            feed->has_key = true;
            feed->key_seq = feed->packets[0].seq;
            feed->key_us = packet->pts_us;
            feed->key_last_seq = packet->seq;
            feed->key_bytes = feed->gop_bytes;
        }
        *out = (struct tier_frame){
            .is_key = packet->is_key,
            .pts_us = packet->pts_us,
            .count = feed->count,
            .packets = feed->packets,
        };
        return true;
    }
    return false;
}

bool tier_feed_find(const struct tier_feed *feed, uint16_t seq, struct rtp_packet *out)
{
    struct send_history_packet packet;
    send_history_find(feed->history, seq, &packet);
    return packet.data && rtp_packet_read(packet.data, packet.size, out) == 0;
}

bool tier_feed_recent_gop(const struct tier_feed *feed, int64_t now_us, struct tier_gop *out)
{
    *out = (struct tier_gop){
        .first_seq = feed->key_seq,
        .last_seq = feed->last_seq,
        .key_last_seq = feed->key_last_seq,
        .key_bytes = feed->key_bytes,
        .bytes = feed->gop_bytes,
    };
    return feed->has_key && now_us - feed->key_us < GOP_MAX_US &&
           rtp_seq_distance(feed->key_seq, feed->last_seq) < HISTORY / 2;
}
