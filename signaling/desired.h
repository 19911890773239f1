// SPDX-License-Identifier: Apache-2.0
// The desired state of everybody, derived from the meeting: what an endpoint, a room and the MCU
// are told. Pure.
#pragma once

#include "signaling/meeting.h"
#include "signaling/stage.h"
#include "signaling/unit_tree.h"

#define DESIRED_PART_MEMBERS 64
// A link that carries no more is sent sound of 16 kb/s in 60 ms packets.
#define DESIRED_THIN_KBPS 96

// A member of no meeting, or of one: member.desired. `meeting` may be NULL. `epoch`: "" while no
// MCU carries the conference.
void desired_member(const struct meeting *meeting, const struct stages *stages, const char *member,
        const char *epoch, int64_t link_kbps, struct message_member_desired *out);

// The scene of a room; `meeting` may be NULL, or one that ended just now. `name`: of the room.
void desired_room(const struct meeting *meeting, const char *room, const char *name,
        struct message_room_desired *out);

size_t desired_conference_parts(const struct meeting *meeting);
// Part 1… of conference.desired; rev is the caller's. `units` (may be NULL) name the banner's
// second line.
void desired_conference(const struct meeting *meeting, const struct stages *stages,
        const struct unit_tree *units, size_t part, struct message_conference_desired *out);
