// SPDX-License-Identifier: Apache-2.0
// A member's decoder and the tile source that its pictures go to, while it is on a canvas. Control
// thread.
#pragma once

#include <stdint.h>

#include "common/base/check.h"
#include "mcu/net_worker.h"
#include "mcu/tile_source.h"

struct video_source;

int video_source_open(struct net_worker *net, uint16_t slot, uint32_t generation,
        struct video_source **out) MUST_CHECK;
// Waits until neither the net thread nor GStreamer uses it.
void video_source_close(struct video_source *source);
// Lent.
struct tile_source *video_source_tiles(const struct video_source *source);
