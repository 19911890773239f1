// SPDX-License-Identifier: Apache-2.0
// A member's picture on its way in: order, retransmission requests, access units, decoder. Takes
// memory only while a decoder is attached. Owned by the member's net thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media/h264_decoder.h"
#include "common/rtp/packet.h"

#define VIDEO_IN_NACKS_MAX 64

struct video_in;

struct video_in *video_in_new(void);
void video_in_free(struct video_in *in);
// NULL: the member is on no canvas, packets are dropped. The decoder stays the caller's; after this
// call the former one is no more touched.
void video_in_set_decoder(struct video_in *in, struct h264_decoder *decoder);
// The sender was exchanged: what is buffered is void.
void video_in_restart(struct video_in *in);
// One packet of the line, RTX already undone. `size` bytes at `data` are what `packet` was read
// from.
void video_in_push(struct video_in *in, const uint8_t *data, size_t size,
        const struct rtp_packet *packet, int64_t now_us);
// Each 20 ms: gives up in time. Fills what to ask for again and returns how many; *pli: ask for a
// key frame as well.
size_t video_in_poll(
        struct video_in *in, int64_t now_us, uint16_t seqs[VIDEO_IN_NACKS_MAX], bool *pli);
// The decoder lost its way.
void video_in_need_key_frame(struct video_in *in);
void video_in_set_round_trip(struct video_in *in, uint32_t round_trip_ms);
