// SPDX-License-Identifier: Apache-2.0
// The socket pair between the room's core and its media process: one event of the contract
// (local.*) a packet. Owned by the media loop.
#pragma once

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/protocol/envelope.h"

struct link_handler {
    // A message of kind `local` whose body passed its table; `body` is its struct, lent.
    void (*message)(void *context, enum message_type type, const void *body);
    void (*closed)(void *context); // the core is gone: nothing follows
};

struct link;

// Takes the descriptor over. -ENOTSOCK or another errno when it is not such a socket.
int link_open(struct loop *loop, int fd, const struct link_handler *handler, void *context,
        struct link **out) MUST_CHECK;
void link_close(struct link *link);
// A core that does not read loses messages (logged): states are said again a second later.
void link_send(struct link *link, enum message_type type, const void *body);
