// SPDX-License-Identifier: Apache-2.0
// What one member is sent on a video line: the pictures of a tier under the member's own SSRC,
// sequence and timestamps; retransmissions. Owned by the member's net thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/stream_out.h"
#include "common/transport/peer.h"
#include "mcu/tier_feed.h"

struct video_out {
    struct stream_out stream;
    uint8_t payload_type, rtx_payload_type; // rtx 0: resent as they were
    uint32_t rtx_ssrc;
    uint16_t rtx_seq;
    bool is_waiting; // for a key frame: the first picture must be one
    // The pictures that were sent at once when the member came: their times are pressed together,
    // so that they are shown at once too.
    bool has_gop;
    uint16_t gop_tier, gop_first, gop_last; // tier's sequence numbers
    uint32_t gop_timestamp;                 // of the newest picture of it
};

void video_out_init(struct video_out *out, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t payload_type,
        uint8_t rtx_payload_type);
// A picture of the tier that the member receives; the feed has it already. A member who begins to
// receive gets what came since the last key frame, if that is little. False: it waits for a key
// frame that somebody must ask for.
bool video_out_send(struct video_out *out, struct peer *peer, const struct tier_feed *feed,
        const struct tier_frame *frame);
// `seq` is as the member knows it. False: gone, or from a tier that it no more receives.
bool video_out_resend(
        struct video_out *out, struct peer *peer, const struct tier_feed *feed, uint16_t seq);
