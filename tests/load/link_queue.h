// SPDX-License-Identifier: Apache-2.0
// The packets that are on their way over a posed room's link, in one direction. Owned by the thread
// of `context`.
#pragma once

#include <glib.h>

#include "common/endpoint/endpoint.h"
#include "tests/load/link.h"

struct link_queue;

struct link_queue_config {
    GMainContext *context;
    struct link_profile profile;
    uint64_t seed;
    enum endpoint_way way;
    struct endpoint *endpoint; // outlives the queue
};

struct link_queue *link_queue_new(const struct link_queue_config *config);
void link_queue_free(struct link_queue *queue);
// Copies the packet; it goes on by endpoint_pass() when it is through, if it gets through.
void link_queue_put(struct link_queue *queue, bool is_rtcp, const uint8_t *data, size_t size);
