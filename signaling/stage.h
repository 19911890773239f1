// SPDX-License-Identifier: Apache-2.0
// Who stands where on each canvas, who is sent which, and what each member is asked to send: from
// the meeting's state, from who has media, who speaks and the time. Pure.
#pragma once

#include "signaling/meeting.h"

#define STAGE_TILES_MAX   MEETING_TILES_MAX
#define STAGE_GRID_MAX    16 // that the procedure fills; declared and for technicians: all
#define STAGE_SPEAKER_MAX 6
#define STAGE_DWELL_S     10

// What one canvas shows.
struct stage {
    enum stage_layout layout; // NONE: there is no such canvas
    size_t tile_count;
    char tiles[STAGE_TILES_MAX][MEMBER_ID_SIZE]; // the canvas's order
};

struct stages {
    struct stage canvases[CANVAS_KIND_COUNT];
    char large[MEMBER_ID_SIZE]; // fills the program: sees the chair's canvas; "": nobody does
    bool large_is_chair;        // and then the hall sees it too
    // Of the pages that come next, so that their picture is there when they do.
    size_t soon_count;
    char soon[2 * STAGE_TILES_MAX][MEMBER_ID_SIZE];
    int64_t next_ms; // when a page turns or its members are to be asked: make again; 0: never
};

// Has the member's media a connection to the MCU?
typedef bool stage_connected_fn(void *context, const char *member);

// What is seen of a meeting, not decided.
struct stage_seen {
    stage_connected_fn *connected;
    void *context;
    const char *voice; // who speaks; "": nobody did yet
    int64_t now_ms;    // wall clock: pages turn by it
};

// program: as ordered; without an order, somebody with the floor and a picture stands large, then
// come the chairs, then rooms and delegates in roster order; a free floor, or a holder without a
// picture: a grid. chair: for whoever stands large on the program, who would see itself: the chair,
// or for the chair the others. content: the shared screen. multiview: pages of all who have media,
// while a technician watches. Technicians, secretaries and interpreters work behind the stage.
void stages_make(
        const struct meeting *meeting, const struct stage_seen *seen, struct stages *stages);
// Chairs, rooms and delegates.
bool stage_may_show(const struct meeting_member *member);
bool stage_equal(const struct stage *a, const struct stage *b);
bool stage_has(const struct stage *stage, const char *member);
// The canvas of a member's main line.
enum canvas_kind stages_main_of(const struct stages *stages, const struct meeting_member *member);

// The picture a member should send. Height 0: none, for only what is shown is sent.
struct stage_send {
    int64_t height;
    int64_t fps;
    int64_t kbps;
};

// `link_kbps` bounds the rate (0: unknown).
struct stage_send stages_send(const struct stages *stages, const char *member, int64_t link_kbps);
// On its content line.
struct stage_send stages_send_content(
        const struct stages *stages, const char *member, int64_t link_kbps);
