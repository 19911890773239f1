// SPDX-License-Identifier: Apache-2.0
// A net thread's end of a tier: takes whole pictures from the tier's ring, hands each to whoever
// sends it, and keeps the last packets for retransmission. Owned by the net thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/tier.h"

struct tier_feed;

struct tier_frame {
    bool is_key;
    int64_t pts_us;
    size_t count;
    // Headers may be rewritten: they are the net thread's own copy.
    struct tier_packet *packets;
};

struct tier_feed *tier_feed_new(struct tier *tier, int net);
void tier_feed_free(struct tier_feed *feed);
struct tier *tier_feed_tier(const struct tier_feed *feed);
uint16_t tier_feed_id(const struct tier_feed *feed);
// The next whole picture, lent until the next call; false: none is there.
bool tier_feed_next(struct tier_feed *feed, int64_t now_us, struct tier_frame *out);
struct tier_gop {
    uint16_t first_seq, last_seq;
    uint16_t key_last_seq; // of the key frame itself
    size_t bytes, key_bytes;
};

// The packets from the newest key frame on, if that is younger than a second (an older one would
// cost a joiner more than a new key frame). False: there is no such.
bool tier_feed_recent_gop(const struct tier_feed *feed, int64_t now_us, struct tier_gop *out);
// A packet that was sent before, by the tier's sequence number, with the tier's own header; lent
// until the next tier_feed_next(). False: gone.
bool tier_feed_find(const struct tier_feed *feed, uint16_t seq, struct rtp_packet *out);
