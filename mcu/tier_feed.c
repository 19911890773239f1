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
    int64_t key_us;
    size_t count; // of the picture that is arriving
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

bool tier_feed_next(struct tier_feed *feed, int64_t now_us, struct tier_frame *out)
{
    if (feed->count > 0 && feed->packets[feed->count - 1].is_last)
        feed->count = 0;
    while (ring_pop(feed->ring, &feed->packets[feed->count])) {
        struct tier_packet *packet = &feed->packets[feed->count];
        send_history_put(feed->history, packet->seq, packet->data, packet->size, now_us);
        feed->count++;
        if (!packet->is_last)
            continue;
        feed->last_seq = packet->seq;
        if (packet->is_key) {
            feed->has_key = true;
            feed->key_seq = feed->packets[0].seq;
            feed->key_us = packet->pts_us;
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

const uint8_t *tier_feed_find(const struct tier_feed *feed, uint16_t seq, size_t *size)
{
    struct send_history_packet packet;
    send_history_find(feed->history, seq, &packet);
    *size = packet.size;
    return packet.data;
}

bool tier_feed_recent_gop(
        const struct tier_feed *feed, int64_t now_us, uint16_t *first_seq, uint16_t *last_seq)
{
    *first_seq = feed->key_seq;
    *last_seq = feed->last_seq;
    return feed->has_key && now_us - feed->key_us < GOP_MAX_US &&
           rtp_seq_distance(feed->key_seq, feed->last_seq) < HISTORY / 2;
}
