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
};

void video_out_init(struct video_out *out, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t payload_type,
        uint8_t rtx_payload_type);
// A picture of the tier that the member receives.
void video_out_send(
        struct video_out *out, struct peer *peer, uint16_t tier, const struct tier_frame *frame);
// `seq` is as the member knows it. False: gone, or from a tier that it no more receives.
bool video_out_resend(
        struct video_out *out, struct peer *peer, const struct tier_feed *feed, uint16_t seq);
