// SPDX-License-Identifier: Apache-2.0
#include "signaling/event_ring.h"

#include <glib.h>
#include <string.h>

struct event_ring {
    GQueue texts; // oldest first; the last one has the number `last`
    int64_t last;
    size_t bytes;
    size_t max_events;
    size_t max_bytes;
};

struct event_ring *event_ring_new(size_t max_events, size_t max_bytes)
{
    struct event_ring *ring = g_new0(struct event_ring, 1);
    g_queue_init(&ring->texts);
    ring->max_events = max_events;
    ring->max_bytes = max_bytes;
    return ring;
}

void event_ring_free(struct event_ring *ring)
{
    if (!ring)
        return;
    g_queue_clear_full(&ring->texts, g_free);
    g_free(ring);
}

void event_ring_push(struct event_ring *ring, int64_t seq, char *text)
{
    g_queue_push_tail(&ring->texts, text);
    ring->last = seq;
    ring->bytes += strlen(text);
    while (ring->texts.length > ring->max_events || ring->bytes > ring->max_bytes) {
        char *oldest = g_queue_pop_head(&ring->texts);
        ring->bytes -= strlen(oldest);
        g_free(oldest);
    }
}

bool event_ring_covers(const struct event_ring *ring, int64_t ack)
{
    return ack <= ring->last && ack >= ring->last - (int64_t)ring->texts.length;
}

void event_ring_replay(const struct event_ring *ring, int64_t ack,
        void (*fn)(void *context, const char *text), void *context)
{
    int64_t seq = ring->last - (int64_t)ring->texts.length;
    for (const GList *at = ring->texts.head; at; at = at->next) {
        if (++seq > ack)
            fn(context, at->data);
    }
}

int64_t event_ring_last(const struct event_ring *ring)
{
    return ring->last;
}
