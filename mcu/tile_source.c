// SPDX-License-Identifier: Apache-2.0
#include "mcu/tile_source.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "mcu/canvas/canvas.h"

// Three buffers: one being written, one being read, the third the newest. `newest` is the third's
// index; IS_NEW says that it was not read yet.
#define IS_NEW     4u
#define INDEX_MASK 3u

struct tile_source {
    _Atomic int references;
    _Atomic uint32_t size; // width << 16 | height
    _Atomic int64_t last_us;
    _Atomic unsigned newest;
    struct picture *pictures[3];
    unsigned writing; // the putter's
    unsigned reading; // the taker's
};

struct tile_source *tile_source_new(void)
{
    struct tile_source *source = calloc(1, sizeof(*source));
    if (!source)
        abort();
    atomic_init(&source->references, 1);
    atomic_init(&source->newest, 2u);
    source->writing = 0;
    source->reading = 1;
    return source;
}

struct tile_source *tile_source_ref(struct tile_source *source)
{
    atomic_fetch_add(&source->references, 1);
    return source;
}

void tile_source_unref(struct tile_source *source)
{
    if (!source || atomic_fetch_sub(&source->references, 1) > 1)
        return;
    for (int i = 0; i < 3; i++)
        picture_free(source->pictures[i]);
    free(source);
}

void tile_source_set_size(struct tile_source *source, int width, int height)
{
    atomic_store(&source->size, (uint32_t)width << 16 | (uint32_t)height);
    if (width == 0)
        atomic_store(&source->last_us, 0);
}

void tile_source_put(struct tile_source *source, const struct picture *picture, int64_t now_us)
{
    const uint32_t size = atomic_load(&source->size);
    const int width = (int)(size >> 16), height = (int)(size & 0xffff);
    if (size == 0)
        return;
    struct picture **slot = &source->pictures[source->writing];
    if (!*slot || (*slot)->width != width || (*slot)->height != height) {
        picture_free(*slot);
        *slot = picture_new(width, height);
    }
    canvas_fit(*slot, picture);
    source->writing = atomic_exchange(&source->newest, source->writing | IS_NEW) & INDEX_MASK;
    atomic_store(&source->last_us, now_us);
}

const struct picture *tile_source_take(struct tile_source *source, bool *is_new)
{
    *is_new = atomic_load(&source->newest) & IS_NEW;
    if (*is_new)
        source->reading = atomic_exchange(&source->newest, source->reading) & INDEX_MASK;
    return source->pictures[source->reading];
}

int64_t tile_source_last_us(const struct tile_source *source)
{
    return atomic_load(&((struct tile_source *)source)->last_us);
}
