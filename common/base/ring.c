// SPDX-License-Identifier: Apache-2.0
#include "common/base/ring.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

// `head` and `tail` only grow; the difference is the number of items.
struct ring {
    size_t item_size;
    size_t mask;
    unsigned char *items;
    alignas(CACHE_LINE) atomic_size_t head; // next to write: the producer's
    alignas(CACHE_LINE) atomic_size_t tail; // next to read: the consumer's
};

struct ring *ring_new(size_t item_size, size_t capacity)
{
    size_t rounded = 1;
    while (rounded < capacity)
        rounded *= 2;
    struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
    unsigned char *items = calloc(rounded, item_size);
    if (!ring || !items)
        abort();
    ring->item_size = item_size;
    ring->mask = rounded - 1;
    ring->items = items;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    free(ring->items);
    free(ring);
}

static void *ring_slot(struct ring *ring, size_t index)
{
    return ring->items + (index & ring->mask) * ring->item_size;
}

bool ring_push(struct ring *ring, const void *item)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (head - tail > ring->mask)
        return false;
    memcpy(ring_slot(ring, head), item, ring->item_size);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

bool ring_pop(struct ring *ring, void *item)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (head == tail)
        return false;
    memcpy(item, ring_slot(ring, tail), ring->item_size);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

size_t ring_size(const struct ring *ring)
{
    // The tail first: the head read afterwards can only be further on.
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    size_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    return head - tail;
}
