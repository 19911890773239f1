// SPDX-License-Identifier: Apache-2.0
// What rong-signal wants of a conference: parts gathered to a whole, and what changed between two
// wholes. Pure.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/protocol/messages.h"

#define DESIRED_MEMBERS_MAX  1024
#define DESIRED_CANVASES_MAX 4

struct desired {
    char conference[9];
    int64_t rev;
    bool ended;
    size_t canvas_count;
    struct type_canvas canvases[DESIRED_CANVASES_MAX]; // each kind once
    size_t member_count;
    struct type_conference_member *members; // owned
};

void desired_free(struct desired *desired);
// NULL: no such member.
const struct type_conference_member *desired_find(const struct desired *desired, const char *id);

// NULL: there is no such canvas.
const struct type_canvas *desired_canvas(const struct desired *desired, enum canvas_kind kind);
// The canvas on a member's main line.
enum canvas_kind desired_main(const struct type_conference_member *member);

// Gathers the parts of one conference.
struct desired_parts;

struct desired_parts *desired_parts_new(void);
void desired_parts_free(struct desired_parts *parts);
// Takes one part in; another rev than the last one's begins anew. 1: *complete is the whole (the
// caller's, desired_free()); 0: more parts are missing; -EINVAL: the part does not fit (a part
// beyond `of`, a member or a canvas twice, too many members), and what was gathered is void.
int desired_parts_add(struct desired_parts *parts, const struct message_conference_desired *part,
        struct desired **complete) MUST_CHECK;

enum desired_change {
    DESIRED_ADDED = 1 << 0,
    DESIRED_REMOVED = 1 << 1,
    DESIRED_SOUND = 1 << 2,  // heard, gain, bus, language and the like
    DESIRED_BANNER = 1 << 3, // line1 or line2
    DESIRED_MAIN = 1 << 4,   // the canvas it receives
    DESIRED_LINK = 1 << 5,   // link_kbps
};

struct desired_step {
    unsigned changes; // of enum desired_change
    const struct type_conference_member
            *member; // lent: of the new state, of the old one if REMOVED
};

// What leads from `old` (NULL: nothing yet) to `new`: members first removed, then added and
// changed. Lent members must outlive the array. GArray of struct desired_step; g_array_unref().
GArray *desired_steps(const struct desired *old, const struct desired *new_state);
// The canvas came or went, its layout or tiles differ, or a tile's member came, went or got another
// banner.
bool desired_stage_differs(
        const struct desired *old, const struct desired *new_state, enum canvas_kind kind);
