// SPDX-License-Identifier: Apache-2.0
// One meeting at work: its state (the fold of its journal) plus what is observed (who is present,
// whose media is connected), the stage that follows from both, the MCU that carries it, and telling
// all of that to those whom it concerns. On the loop's thread.
#pragma once

#include "signaling/meeting_decide.h"
#include "signaling/service.h"
#include "signaling/stage.h"

struct conference;

// What a new meeting begins with.
struct conference_plan {
    const char *title;
    enum meeting_mode mode;
    const struct unit *const *units; // whose rooms are on the roster
    size_t unit_count;
    bool is_open; // at once
};

// Reads the journal and folds it; -EBADMSG when it is damaged (logged).
int conference_open(struct service *service, const char *id, struct conference **out) MUST_CHECK;
void conference_close(struct conference *conference);

const struct meeting *conference_meeting(const struct conference *conference);
const struct stages *conference_stages(const struct conference *conference);
// What the rooms see.
void conference_fill_stage(const struct conference *conference, struct type_stage *out);
// "" while no MCU carries it.
const char *conference_media_epoch(const struct conference *conference);
// False for a while after a start with the meeting open: which media is connected is not known
// before the MCU reported, and an empty stage must not be told to anybody who still has a picture.
bool conference_is_settled(const struct conference *conference);
// The session of the MCU that carries it, connected; or NULL.
struct session *conference_mcu(const struct conference *conference);

// Decides, appends to the journal, and only then changes the state and tells. The operation's time
// and actor are the caller's.
enum error_code conference_operate(
        struct conference *conference, const struct meeting_operation *operation) MUST_CHECK;
// A new meeting's first entries, appended together: after a crash it is there whole or not at all.
enum error_code conference_create(
        struct conference *conference, const struct conference_plan *plan) MUST_CHECK;
// Once the service knows the new conference: looks who is there, and tells everybody.
void conference_begin(struct conference *conference);

// meeting.snapshot of what the session subscribed to.
void conference_send_snapshot(struct conference *conference, struct session *session);
// meeting.counts, if the session subscribed to them and they changed.
void conference_send_counts(struct conference *conference, struct session *session);
// The roster's row with everything observed.
void conference_fill_member(const struct conference *conference,
        const struct meeting_member *member, struct type_member *out);

// --- observations -------------------------------------------------------------------------------

// A member's WebSocket came or went.
void conference_note_presence(struct conference *conference, const char *id, bool is_present);
// Persons whose session is over leave the queue. `is_late`: also those who did not come back since
// this process began.
void conference_drop_gone(struct conference *conference, bool is_late);
// A room reported: tells those who look at it what is new, a set of enum rooms_news.
void conference_note_room(struct conference *conference, const char *room, unsigned news);
// From the MCU that carries it.
void conference_note_report(
        struct conference *conference, const struct message_conference_report *report);
void conference_note_levels(
        struct conference *conference, const struct message_conference_levels *levels);

// --- the MCU ------------------------------------------------------------------------------------

// "" for none. Sends the desired state to the new one. A new boot id means that no media is
// connected any more.
void conference_set_mcu(struct conference *conference, const char *mcu, const char *boot_id);
const char *conference_mcu_name(const struct conference *conference);
// Of the MCU that carried it last: while that process lives, the media is there. "": none yet.
const char *conference_last_boot_id(const struct conference *conference);
// Could that process still be there, with only its connection lost? Not when an MCU of its name is
// connected: that is another process, or the same.
bool conference_may_be_carried(const struct conference *conference);
// An MCU came while the conference is not settled: it has a moment to say that it carries it.
void conference_expect_report(struct conference *conference);
// The whole desired state, at once.
void conference_send_desired(struct conference *conference);
// Before an offer is passed on: a member that the MCU does not know yet, now. All else that is due
// waits its turn, or a storm of joins would send everything again with each offer.
void conference_flush_desired(struct conference *conference);
