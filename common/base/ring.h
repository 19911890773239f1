// SPDX-License-Identifier: Apache-2.0
// Single-producer single-consumer ring of fixed-size items: the way of packets between threads.
// C11 atomics only, so that ThreadSanitizer understands it. A full ring refuses; nothing waits.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ring;

// `capacity` is rounded up to a power of two.
struct ring *ring_new(size_t item_size, size_t capacity);
// Neither side may use it any more; NULL is fine.
void ring_free(struct ring *ring);
// Producer. Copies one item in; false when full (the caller counts it).
bool ring_push(struct ring *ring, const void *item);
// Consumer. Copies one item out; false when empty.
bool ring_pop(struct ring *ring, void *item);
// Either side; a snapshot.
size_t ring_size(const struct ring *ring);
