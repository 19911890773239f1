// SPDX-License-Identifier: Apache-2.0
// The last events of a session, kept so that a client that lost its connection gets what it
// missed. Bounded by count and bytes: the oldest go first. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_ring;

struct event_ring *event_ring_new(size_t max_events, size_t max_bytes);
void event_ring_free(struct event_ring *ring);
// Takes `text` (g_free). Sequence numbers are pushed without gaps, rising by one.
void event_ring_push(struct event_ring *ring, int64_t seq, char *text);
// Can a client that has everything up to `ack` be brought up to date from here?
bool event_ring_covers(const struct event_ring *ring, int64_t ack);
// Calls `fn` for each event after `ack`, in order.
void event_ring_replay(const struct event_ring *ring, int64_t ack,
        void (*fn)(void *context, const char *text), void *context);
// The last number pushed; 0: none yet.
int64_t event_ring_last(const struct event_ring *ring);
