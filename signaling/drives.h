// SPDX-License-Identifier: Apache-2.0
// Orders by hand on their way: from a technician to a room and the answer back, within a deadline.
// Never kept for later: what moves a camera is worth nothing afterwards. On the loop's thread.
#pragma once

#include "common/base/loop.h"
#include "signaling/session.h"

#define DRIVES_DEADLINE_MS 3000
// Of one technician, not answered yet; a stop is never counted.
#define DRIVES_OPEN_MAX 32

struct drives;

struct drives *drives_new(struct loop *loop, struct sessions *sessions);
void drives_free(struct drives *drives); // NULL is fine

// Sends room.driven with a new id; the request (of type `asked`) is answered later.
// ERROR_ROOM_ABSENT: the room is not connected. ERROR_ROOM_TOO_MANY.
enum error_code drives_ask(struct drives *drives, struct session *asker, enum message_type asked,
        int64_t request_id, const char *room, struct message_room_driven *driven) MUST_CHECK;
// From a room. ERROR_ROOM_UNKNOWN_DRIVE: no such order was sent to it, or too late.
enum error_code drives_answer(struct drives *drives, const struct session *room,
        const struct message_room_answer *answer) MUST_CHECK;
// The session lost its connection: its orders are moot, those to it (a room) fail at once.
void drives_forget(struct drives *drives, const struct session *session);
