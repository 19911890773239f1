// SPDX-License-Identifier: Apache-2.0
// rong-room-media as a child: started, spoken with over a socket pair (one event of the contract a
// packet), started again with growing pauses when it ends.
#pragma once

#include <stdbool.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/protocol/messages.h"

struct media_process;

struct media_process_handler {
    // A fresh child said it is ready: tell it everything.
    void (*ready)(void *context);
    void (*message)(void *context, enum message_type type, const void *body);
    // The child is gone; the next one is on its way.
    void (*ended)(void *context);
};

// `program` is lent. Starts at once.
struct media_process *media_process_new(struct loop *loop, const char *program,
        const struct media_process_handler *handler, void *context);
// Ends the child and waits for it (at most two seconds, then by force). NULL is fine.
void media_process_free(struct media_process *media);
// Ends a child that hangs; another is started.
void media_process_restart(struct media_process *media);
bool media_process_is_ready(const struct media_process *media);
// Dropped when no child is ready: all is told again after `ready`.
void media_process_send(struct media_process *media, enum message_type type, const void *body);
