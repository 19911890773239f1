// SPDX-License-Identifier: Apache-2.0
// The room itself: what the centre declares becomes devices, microphone and picture; what they are
// doing becomes the report to the centre and the page.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/protocol/messages.h"
#include "room-agent/core/settings.h"

struct room;

// `settings` is lent for its life.
int room_open(
        struct loop *loop, const struct room_settings *settings, struct room **out) MUST_CHECK;
void room_close(struct room *room); // NULL is fine

// What the page shows; overwrites.
void room_describe(struct room *room, struct message_local_page *out);
// Called once when the action has been done or refused (ERROR_NONE when done; `text` is for
// people). `position` is the place in the queue where the centre told one, else 0.
typedef void room_action_fn(
        void *context, enum error_code error, const char *text, int64_t position);
void room_act(struct room *room, const struct message_local_action *asked, room_action_fn *done,
        void *context);
// Other scenes than those of the settings, for the same devices; the one that holds is set anew.
void room_take_scenes(struct room *room, GPtrArray *scenes);
struct devices *room_get_devices(struct room *room); // for a shell on the box
bool room_is_healthy(struct room *room, GString *reason);
// Brings the gauges up to date.
void room_collect(struct room *room);
