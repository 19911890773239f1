// SPDX-License-Identifier: Apache-2.0
// A decoder of one line of a member, while that is on a canvas, and the tile sources that its
// pictures go to: one for each canvas. Control thread.
#pragma once

#include <stdint.h>

#include "common/base/check.h"
#include "common/protocol/messages.h"
#include "mcu/net_worker.h"
#include "mcu/tile_source.h"

struct video_source;

struct video_source_of {
    struct net_worker *net;
    uint16_t slot;
    uint32_t generation;
    enum sdp_line line;
};

int video_source_open(const struct video_source_of *of, struct video_source **out) MUST_CHECK;
// Waits until neither the net thread nor GStreamer uses it.
void video_source_close(struct video_source *source);
// Lent.
struct tile_source *video_source_view(const struct video_source *source, enum canvas_kind canvas);
