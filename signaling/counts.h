// SPDX-License-Identifier: Apache-2.0
// A meeting by numbers, for a desk that shows districts and not 240 rooms. Pure.
#pragma once

#include "signaling/meeting.h"

// What is observed of a room.
typedef void counts_observe_fn(void *context, const char *member, bool *present, bool *connected);

// One row for each unit right under `subtree` ("": the root) that has rooms of the meeting in it or
// below, and one for the subtree's own room; in the order in which the roster names them.
void counts_make(const struct meeting *meeting, const struct unit_tree *units, const char *subtree,
        counts_observe_fn *observe, void *context, struct message_meeting_counts *out);
