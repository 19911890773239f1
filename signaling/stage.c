// SPDX-License-Identifier: Apache-2.0
#include "signaling/stage.h"

#include <string.h>

static void add_tile(struct stage *stage, const char *member, size_t max)
{
    if (stage->tile_count < max)
        g_strlcpy(stage->tiles[stage->tile_count++], member, MEMBER_ID_SIZE);
}

static bool is_chair(const struct meeting_member *member)
{
    return member->role == ROLE_CHAIR;
}

static bool is_room(const struct meeting_member *member)
{
    return member->role == ROLE_ROOM;
}

static bool is_room_or_delegate(const struct meeting_member *member)
{
    return member->role == ROLE_ROOM || member->role == ROLE_DELEGATE;
}

struct wanted {
    bool (*kind)(const struct meeting_member *member);
    stage_connected_fn *connected;
    void *context;
    size_t max;
};

static void add_connected(
        struct stage *stage, const struct meeting *meeting, const struct wanted *wanted)
{
    for (guint i = 0; i < meeting->members->len && stage->tile_count < wanted->max; i++) {
        const struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        if (strcmp(member->id, meeting->holder) != 0 && wanted->kind(member) &&
                wanted->connected(wanted->context, member->id))
            add_tile(stage, member->id, wanted->max);
    }
}

void stage_make(const struct meeting *meeting, stage_connected_fn *connected, void *context,
        struct stage *stage)
{
    memset(stage, 0, sizeof(*stage));
    struct wanted wanted = { is_chair, connected, context, STAGE_GRID_MAX };
    stage->layout = STAGE_LAYOUT_GRID;
    if (meeting->state != MEETING_STATE_OPEN)
        return;
    if (meeting->holder[0]) {
        stage->layout = STAGE_LAYOUT_SPEAKER;
        wanted.max = STAGE_SPEAKER_MAX;
        add_tile(stage, meeting->holder, wanted.max);
    }
    add_connected(stage, meeting, &wanted);
    wanted.kind = meeting->holder[0] ? is_room_or_delegate : is_room;
    add_connected(stage, meeting, &wanted);
}

bool stage_equal(const struct stage *a, const struct stage *b)
{
    if (a->layout != b->layout || a->tile_count != b->tile_count)
        return false;
    for (size_t i = 0; i < a->tile_count; i++) {
        if (strcmp(a->tiles[i], b->tiles[i]) != 0)
            return false;
    }
    return true;
}

bool stage_has(const struct stage *stage, const char *member)
{
    for (size_t i = 0; i < stage->tile_count; i++) {
        if (strcmp(stage->tiles[i], member) == 0)
            return true;
    }
    return false;
}

struct stage_send stage_send(const struct stage *stage, const char *member, int64_t link_kbps)
{
    static const struct stage_send nothing = { 0, 0, 0 };
    static const struct stage_send tile = { 360, 25, 600 };
    static const struct stage_send speaker = { 720, 25, 1500 };
    if (!stage_has(stage, member))
        return nothing;
    bool is_first = strcmp(stage->tiles[0], member) == 0;
    struct stage_send send = stage->layout != STAGE_LAYOUT_GRID && is_first ? speaker : tile;
    // A quarter of the link stays free for sound, for repair and for what else the unit does.
    int64_t most = link_kbps * 3 / 4;
    if (link_kbps > 0 && send.kbps > most) {
        send.kbps = MAX(most, 64);
        if (send.kbps < 800 && send.height > 360)
            send.height = 360;
    }
    return send;
}
