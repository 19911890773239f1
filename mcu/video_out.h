// SPDX-License-Identifier: Apache-2.0
// What one member is sent on a video line: the pictures of a tier under the member's own SSRC,
// sequence and timestamps, from one tier to another at a key frame; at once, or paced as its link
// carries them; retransmissions. Owned by the member's net thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/stream_out.h"
#include "mcu/link_out.h"
#include "mcu/tier_feed.h"

#define VIDEO_OUT_QUEUE 1024 // packets; a power of two
#define VIDEO_OUT_ASKED 64   // packets that were asked for again

// One that waits for its turn; the tier's feed has it.
struct video_out_packet {
    int64_t pts_us;
    uint16_t tier, seq;
    uint16_t size;
    bool is_last;  // of its picture
    bool is_after; // something that was left out
};

struct video_out_config {
    enum link_kind kind;
    uint32_t ssrc, rtx_ssrc;
    uint8_t payload_type, rtx_payload_type; // rtx 0: resent as they were
    uint8_t extension;                      // of transport-wide sequence numbers; 0: none
};

// Fields but `stream` are private to video_out.c.
struct video_out {
    struct video_out_config config;
    struct stream_out stream;
    uint16_t rtx_seq;
    struct tier_feed *feed, *next, *former; // sent; sent from its next key frame on; sent before
    bool is_waiting;                        // for a key frame: the first picture must be one
    bool is_new; // nothing was sent yet: a still picture is better than none
    // The pictures that were sent at once when the member came: their times are pressed together,
    // so that they are shown at once too.
    bool has_gop;
    uint16_t gop_tier;
    struct tier_gop gop;
    uint32_t gop_timestamp; // of the newest picture of it
    uint16_t asked[VIDEO_OUT_ASKED];
    size_t asked_count;

    bool has_left_out; // what is queued next does not follow what is queued now
    size_t key_bytes;  // of the last key frame that was queued
    bool is_within;    // a picture: its first packet went, not yet its last
    size_t head, count, bytes;
    struct video_out_packet queue[VIDEO_OUT_QUEUE];
};

// Its feeds stay as they are.
void video_out_init(struct video_out *out, const struct video_out_config *config);
// From now on this tier, NULL: none. The former one goes on until the new one has a key frame,
// which is asked for here if there is no recent one.
void video_out_set_feed(struct video_out *out, struct tier_feed *feed, int64_t now_us);
// The feed is going.
void video_out_drop_feed(struct video_out *out, const struct tier_feed *feed);
// The member has a new peer: begin with a key frame.
void video_out_restart(struct video_out *out, int64_t now_us);
// A picture of a tier; those of others than its own are not sent.
void video_out_send(struct video_out *out, struct link_out *link, struct tier_feed *feed,
        const struct tier_frame *frame, int64_t now_us);
// What waits and may go now.
void video_out_poll(struct video_out *out, struct link_out *link, int64_t now_us);
enum video_out_repair { VIDEO_OUT_SENT, VIDEO_OUT_GONE, VIDEO_OUT_NO_ROOM };
// `seq` is as the member knows it.
enum video_out_repair video_out_resend(
        struct video_out *out, struct link_out *link, uint16_t seq, int64_t now_us);
// About so many bytes that were sent before, for a probe.
void video_out_pad(struct video_out *out, struct link_out *link, size_t bytes, int64_t now_us);
// The member can not go on without one.
void video_out_need_key_frame(const struct video_out *out);
