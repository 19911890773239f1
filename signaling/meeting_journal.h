// SPDX-License-Identifier: Apache-2.0
// A meeting's events as the contract's messages: what the journal stores and what clients get.
// Pure.
#pragma once

#include "signaling/meeting.h"

enum message_type meeting_event_message(enum meeting_event_type type);

// The message's struct of an event of the meeting (g_free); observations of a member that joined
// (present, connected) are false.
void *meeting_event_body(const char *meeting, const struct meeting_event *event) MUST_CHECK;

// The JSON of the body, for the journal; g_free.
char *meeting_event_write(const char *meeting, const struct meeting_event *event) MUST_CHECK;
// -EBADMSG: not an event of this meeting.
int meeting_event_read(const char *meeting, const char *name, const char *json, int64_t at_ms,
        struct meeting_event *event) MUST_CHECK;

// The order of a stage as the contract's type, and back.
void meeting_order_fill(const struct meeting_stage_order *order, struct type_stage_order *out);
void meeting_order_read(const struct type_stage_order *in, struct meeting_stage_order *order);

// The member as the contract's type; `present`, `connected` and `on_stage` are left false.
void meeting_member_fill(const struct meeting_member *member, struct type_member *out);
