// SPDX-License-Identifier: Apache-2.0
// The newest picture of one member, scaled once on arrival: a codec thread puts, the compositor
// takes, nobody waits. Shared between threads, hence counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/media/picture.h"

struct tile_source;

struct tile_source *tile_source_new(void);
struct tile_source *tile_source_ref(struct tile_source *source);
void tile_source_unref(struct tile_source *source);

// Any thread: the tile's size, for what is put from now on. 0 × 0: it is on no canvas, and what is
// put costs nothing and is forgotten; so is a new one.
void tile_source_set_size(struct tile_source *source, int width, int height);
// The decoder's thread.
void tile_source_put(struct tile_source *source, const struct picture *picture, int64_t now_us);
// The compositor's thread: the newest picture, lent until the next call; NULL: there was none yet.
// *is_new: it was not taken before.
const struct picture *tile_source_take(struct tile_source *source, bool *is_new);
// When the newest was put, monotonic; 0: never. Any thread.
int64_t tile_source_last_us(const struct tile_source *source);
