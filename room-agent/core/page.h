// SPDX-License-Identifier: Apache-2.0
// The room's own page on loopback: the official's one button, what the room is doing, and scenes by
// hand while the centre is away. `rong-room ask` and `rong-room status` speak to the same routes.
#pragma once

#include <stdint.h>

#include "common/base/check.h"
#include "common/net/web_server.h"
#include "room-agent/core/room.h"

struct page;

// GET / /page.js /page.css /api/state, POST /api/action. All is lent. Errors as
// web_server_listen().
int page_open(struct web_server *server, const char *listen, struct room *room,
        struct page **out) MUST_CHECK;
// After web_server_free(). NULL is fine.
void page_close(struct page *page);

// Pure: whether a request may be answered. A foreign page in the box's browser can send requests
// here, and a foreign name can be made to point here: the Host must be ours, an Origin the Host's,
// and an action must say that it is JSON, which no form can.
bool page_is_own_host(const char *host, uint16_t port);
bool page_is_own_origin(const char *origin, const char *host);
