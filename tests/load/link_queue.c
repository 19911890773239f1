// SPDX-License-Identifier: Apache-2.0
#include "tests/load/link_queue.h"

#include <string.h>

struct packet {
    int64_t due_us;
    bool is_rtcp;
    size_t size;
    uint8_t data[];
};

struct link_queue {
    struct link_queue_config config;
    struct link link;
    GQueue packets; // by due time
    GSource *wake;
};

static gboolean on_wake(gpointer data)
{
    struct link_queue *queue = data;
    const int64_t now_us = g_get_monotonic_time();
    struct packet *packet;
    while ((packet = g_queue_peek_head(&queue->packets)) != NULL && packet->due_us <= now_us) {
        g_queue_pop_head(&queue->packets);
        endpoint_pass(queue->config.endpoint, queue->config.way, packet->is_rtcp, packet->data,
                packet->size);
        g_free(packet);
    }
    g_source_set_ready_time(queue->wake, packet ? packet->due_us : -1);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_wake(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

struct link_queue *link_queue_new(const struct link_queue_config *config)
{
    static GSourceFuncs functions = { .dispatch = dispatch_wake };
    struct link_queue *queue = g_new0(struct link_queue, 1);
    queue->config = *config;
    link_init(&queue->link, &config->profile, config->seed);
    g_queue_init(&queue->packets);
    queue->wake = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(queue->wake, on_wake, queue, NULL);
    g_source_set_ready_time(queue->wake, -1);
    g_source_attach(queue->wake, config->context);
    return queue;
}

void link_queue_free(struct link_queue *queue)
{
    if (!queue)
        return;
    g_source_destroy(queue->wake);
    g_source_unref(queue->wake);
    g_queue_clear_full(&queue->packets, g_free);
    g_free(queue);
}

void link_queue_put(struct link_queue *queue, bool is_rtcp, const uint8_t *data, size_t size)
{
    const int64_t due_us = link_take(&queue->link, g_get_monotonic_time(), size);
    if (due_us == LINK_LOST)
        return;
    struct packet *packet = g_malloc(sizeof(*packet) + size);
    *packet = (struct packet){ .due_us = due_us, .is_rtcp = is_rtcp, .size = size };
    memcpy(packet->data, data, size);
    // Nearly always the last.
    GList *before = queue->packets.tail;
    while (before && ((struct packet *)before->data)->due_us > due_us)
        before = before->prev;
    if (before)
        g_queue_insert_after(&queue->packets, before, packet);
    else
        g_queue_push_head(&queue->packets, packet);
    if (queue->packets.head->data == packet)
        g_source_set_ready_time(queue->wake, due_us);
}
