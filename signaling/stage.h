// SPDX-License-Identifier: Apache-2.0
// Who is on stage and what each of them is asked to send, from the meeting's state and from who has
// media. Pure.
#pragma once

#include "signaling/meeting.h"

#define STAGE_GRID_MAX    16
#define STAGE_SPEAKER_MAX 6

struct stage {
    enum stage_layout layout;
    size_t tile_count;
    char tiles[STAGE_GRID_MAX][MEMBER_ID_SIZE]; // the canvas's order
};

// Has the member's media a connection to the MCU?
typedef bool stage_connected_fn(void *context, const char *member);

// Somebody has the floor: speaker, the holder first (even without a picture yet), then the chairs,
// then rooms and delegates in roster order. Nobody: a grid of the chairs, then the rooms.
// Technicians, secretaries and interpreters work behind the stage.
void stage_make(const struct meeting *meeting, stage_connected_fn *connected, void *context,
        struct stage *stage);
bool stage_equal(const struct stage *a, const struct stage *b);
bool stage_has(const struct stage *stage, const char *member);

// The picture a member should send. Height 0: none, for only what is shown is sent.
struct stage_send {
    int64_t height;
    int64_t fps;
    int64_t kbps;
};

// `link_kbps` bounds the rate (0: unknown).
struct stage_send stage_send(const struct stage *stage, const char *member, int64_t link_kbps);
