// SPDX-License-Identifier: Apache-2.0
// A meeting is the fold of its journal: meeting_apply() takes one event and changes the state, and
// nothing else does. Pure: no clock, no I/O, no random numbers; what happens live and what is read
// back after a crash are the same calls. Who is present or connected is not part of it: those are
// observations (presence.h), not decisions.
#pragma once

#include <glib.h>

#include "common/base/check.h"
#include "common/protocol/messages.h"
#include "signaling/unit_tree.h"

#define MEETING_ID_SIZE     9   // 8 base32 characters
#define MEMBER_ID_SIZE      33  // [a-z0-9-]{1,32}
#define MEETING_TITLE_MAX   200 // characters
#define MEMBER_NAME_MAX     64  // characters
#define MEETING_MEMBERS_MAX 320
#define MEETING_TILES_MAX   25

struct meeting_member {
    char id[MEMBER_ID_SIZE];
    enum member_kind kind;
    enum role role;
    char name[4 * MEMBER_NAME_MAX + 1];
    char unit[UNIT_CODE_MAX + 1]; // rooms; "" for persons
    char parent[UNIT_CODE_MAX + 1];
    enum unit_level level; // UNIT_LEVEL_NONE: a person
    bool muted;
    enum language hears;  // LANGUAGE_FLOOR unless it chose
    enum language speaks; // into which it interprets; LANGUAGE_FLOOR: it does not
    int gain_db;          // in the mix
    bool gain_is_fixed;   // the mixer does not even it out
};

struct meeting_queued {
    char member[MEMBER_ID_SIZE];
    int64_t since_ms;
};

// How the stage shall be, as the chair said.
struct meeting_stage_order {
    enum stage_mode mode;
    enum stage_layout layout; // NONE: as the procedure wants it
    int64_t dwell_s;          // 0: not said
    size_t tile_count;
    char tiles[MEETING_TILES_MAX][MEMBER_ID_SIZE];
};

struct meeting {
    char id[MEETING_ID_SIZE];
    char title[4 * MEETING_TITLE_MAX + 1];
    enum meeting_mode mode;
    enum meeting_state state;
    int64_t created_ms;          // wall clock, milliseconds since 1970
    int64_t opened_ms;           // 0: not yet
    int64_t ended_ms;            // 0: not yet
    GPtrArray *members;          // struct meeting_member, roster order
    GHashTable *by_id;           // id → struct meeting_member
    char holder[MEMBER_ID_SIZE]; // "": nobody has the floor
    int64_t holder_since_ms;
    GArray *queue; // struct meeting_queued, first is next
    struct meeting_stage_order order;
    char content[MEMBER_ID_SIZE]; // whose screen is shown; "": nobody's
    int64_t event_count;          // events folded so far: the journal's next number
};

enum meeting_event_type {
    MEETING_EVENT_CREATED,
    MEETING_EVENT_OPENED,
    MEETING_EVENT_ENDED,
    MEETING_EVENT_MEMBER_JOINED,
    MEETING_EVENT_MEMBER_LEFT,
    MEETING_EVENT_MEMBER_MUTED,
    MEETING_EVENT_ALL_MUTED,
    MEETING_EVENT_LANGUAGE_CHANGED,
    MEETING_EVENT_GAIN_CHANGED,
    MEETING_EVENT_FLOOR_REQUESTED,
    MEETING_EVENT_FLOOR_WITHDRAWN,
    MEETING_EVENT_FLOOR_GRANTED,
    MEETING_EVENT_FLOOR_RELEASED,
    MEETING_EVENT_STAGE_ORDERED,
    MEETING_EVENT_CONTENT_STARTED,
    MEETING_EVENT_CONTENT_STOPPED,
    MEETING_EVENT_COUNT
};

struct meeting_event {
    enum meeting_event_type type;
    int64_t at_ms;
    char member[MEMBER_ID_SIZE];           // whom it is about
    char by[MEMBER_ID_SIZE];               // who did it
    bool muted;                            // member.muted
    enum language hears, speaks;           // member.language_changed
    int gain_db;                           // member.gain_changed
    bool gain_is_fixed;                    // likewise
    struct meeting_member joined;          // member.joined
    char title[4 * MEETING_TITLE_MAX + 1]; // meeting.created
    enum meeting_mode mode;                // meeting.created
    struct meeting_stage_order order;      // stage.ordered
};

struct meeting *meeting_new(const char *id);
void meeting_free(struct meeting *meeting);

// -EBADMSG: the event does not fit the state, so the journal is damaged or was written by a newer
// program; the state is unchanged.
int meeting_apply(struct meeting *meeting, const struct meeting_event *event) MUST_CHECK;
// Would these struct meeting_event apply, one after the other? The meeting stays as it is.
int meeting_try(const struct meeting *meeting, const GArray *events) MUST_CHECK;

struct meeting_member *meeting_member(const struct meeting *meeting, const char *id); // or NULL
// Whether its microphone is in the mix: not muted, and no interpreter whose booth is closed.
bool meeting_is_heard(const struct meeting_member *member);
// "Mute all" leaves it alone: a chair, who interprets.
bool meeting_keeps_microphone(const struct meeting_member *member);
// 1 is next; 0: not in the queue.
int meeting_queue_position(const struct meeting *meeting, const char *id);
bool meeting_orders_equal(const struct meeting_stage_order *a, const struct meeting_stage_order *b);
// Same id, same state, same roster, same queue: for tests and the journal's self-check.
bool meeting_equal(const struct meeting *a, const struct meeting *b);
