// SPDX-License-Identifier: Apache-2.0
// What each room reported last. Observed, not decided: it is in no journal, and gone with the
// process; a room tells all of it anew when it connects. On the loop's thread.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/protocol/messages.h"

#define ROOMS_MAX 1024 // as many as there are units

struct rooms;

struct rooms *rooms_new(void);
void rooms_free(struct rooms *rooms); // NULL is fine

enum rooms_news {
    ROOMS_NO_NEWS = 0,
    ROOMS_NEW_STATUS = 1,
    ROOMS_NEW_READINESS = 2,
};

// Keeps the report, and since when each device is in its state. Gives what is new in it, a set of
// enum rooms_news.
unsigned rooms_note(struct rooms *rooms, const char *room, const struct message_room_report *report,
        int64_t now_ms);
// As it is sent, without a meeting; lent until the room's next report. NULL: it has not reported.
const struct message_room_status *rooms_find(const struct rooms *rooms, const char *room);
// Pure: no device is down or faulty, and the scene has not failed.
bool room_is_ready(const struct message_room_status *status);
