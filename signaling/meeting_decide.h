// SPDX-License-Identifier: Apache-2.0
// What an operation does to a meeting: (state, actor, operation) → events, or a stable error code.
// Pure. Whether the actor's role may ask at all is the contract's table (x-roles), looked at
// before. Asking for what is already so is fine and decides nothing: no event.
#pragma once

#include "signaling/meeting.h"

enum meeting_operation_type {
    MEETING_OPEN,
    MEETING_END,
    MEETING_JOIN,
    MEETING_LEAVE,
    MEETING_MUTE,
    MEETING_MUTE_ALL,
    MEETING_LANGUAGE,
    MEETING_GAIN,
    MEETING_FLOOR_REQUEST,
    MEETING_FLOOR_WITHDRAW,
    MEETING_FLOOR_YIELD,
    MEETING_FLOOR_GRANT,
    MEETING_FLOOR_RELEASE,
    MEETING_STAGE_SET,
    MEETING_CONTENT_START,
    MEETING_CONTENT_STOP,
    MEETING_OPERATION_COUNT
};

struct meeting_operation {
    enum meeting_operation_type type;
    const char *actor;                // member id, or "admin": who asks
    const char *member;               // grant, release, mute, leave, …: whom it is about
    bool muted;                       // mute
    enum language hears, speaks;      // language; LANGUAGE_NONE: stays
    bool has_gain, has_auto, is_auto; // gain
    int gain_db;
    const struct meeting_member *joins;      // join; `muted` of it is decided here
    const struct meeting_stage_order *order; // stage.set
    int64_t now_ms;
};

// A meeting that is yet to be.
struct meeting_plan {
    const char *title;
    enum meeting_mode mode;
    const char *actor;
    const struct meeting_member *members; // on the roster from the beginning
    size_t member_count;
    bool is_open; // at once
    int64_t now_ms;
};

// All events of a new meeting's beginning, to be appended as one: created, joined, opened. On an
// error code nothing is appended.
enum error_code meeting_decide_new(const struct meeting_plan *plan, GArray *events) MUST_CHECK;

// Appends struct meeting_event to `events` and returns ERROR_NONE; or returns the error code and
// appends nothing. The events fit the state in their order.
enum error_code meeting_decide(const struct meeting *meeting,
        const struct meeting_operation *operation, GArray *events) MUST_CHECK;
