// SPDX-License-Identifier: Apache-2.0
#include "signaling/stage.h"

#include <string.h>

#define MULTIVIEW_DWELL_S 8
#define ASK_AHEAD_MS      1500 // a room opens its camera and sends a key frame meanwhile

static void add_tile(struct stage *stage, const char *member, size_t max)
{
    if (stage->tile_count < max && !stage_has(stage, member))
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

bool stage_may_show(const struct meeting_member *member)
{
    return is_chair(member) || is_room_or_delegate(member);
}

// The hall is the chair's room.
static bool is_hall(const struct meeting_member *member)
{
    return is_room(member) && member->level == UNIT_LEVEL_PROVINCE;
}

typedef bool kind_fn(const struct meeting_member *member);

struct making {
    const struct meeting *meeting;
    const struct stage_seen *seen;
    struct stages *out;
};

static bool is_connected(const struct making *making, const char *member)
{
    return making->seen->connected(making->seen->context, member);
}

static void add_connected(
        const struct making *making, struct stage *stage, kind_fn *kind, size_t max)
{
    const GPtrArray *members = making->meeting->members;
    for (guint i = 0; i < members->len && stage->tile_count < max; i++) {
        const struct meeting_member *member = g_ptr_array_index(members, i);
        if (kind(member) && is_connected(making, member->id))
            add_tile(stage, member->id, max);
    }
}

// --- pages ---------------------------------------------------------------------------------------

static void come_again(struct stages *stages, int64_t at_ms)
{
    if (stages->next_ms == 0 || at_ms < stages->next_ms)
        stages->next_ms = at_ms;
}

static void add_soon(struct stages *stages, const char *member)
{
    if (stages->soon_count < COUNT_OF(stages->soon))
        g_strlcpy(stages->soon[stages->soon_count++], member, MEMBER_ID_SIZE);
}

// The page of `all` that is due stands in `stage` behind what is there already; the page after it
// is named shortly before it comes.
static void add_page(const struct making *making, const GPtrArray *all, struct stage *stage,
        size_t max, int64_t dwell_s)
{
    const int64_t now_ms = making->seen->now_ms, dwell_ms = dwell_s * 1000;
    const size_t room = max - stage->tile_count;
    const size_t pages = (all->len + room - 1) / room;
    if (pages == 0)
        return;
    const size_t page = (size_t)(now_ms / dwell_ms) % pages;
    for (size_t i = page * room; i < (page + 1) * room && i < all->len; i++)
        add_tile(stage, g_ptr_array_index(all, i), max);
    if (pages == 1)
        return;
    const int64_t turn_ms = (now_ms / dwell_ms + 1) * dwell_ms;
    const bool is_soon = turn_ms - now_ms <= ASK_AHEAD_MS;
    come_again(making->out, is_soon ? turn_ms : turn_ms - ASK_AHEAD_MS);
    const size_t next = (page + 1) % pages;
    for (size_t i = next * room; is_soon && i < (next + 1) * room && i < all->len; i++)
        add_soon(making->out, g_ptr_array_index(all, i));
}

static void add_roll(const struct making *making, struct stage *stage, kind_fn *kind, size_t max,
        int64_t dwell_s)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    const GPtrArray *members = making->meeting->members;
    for (guint i = 0; i < members->len; i++) {
        struct meeting_member *member = g_ptr_array_index(members, i);
        if (kind(member) && is_connected(making, member->id) && !stage_has(stage, member->id))
            g_ptr_array_add(all, member->id);
    }
    add_page(making, all, stage, max, dwell_s);
}

// --- program -------------------------------------------------------------------------------------

// Who stands first: the floor before the voice, the voice before the chair. NULL: nobody.
static const char *first_of(const struct making *making)
{
    const struct meeting *meeting = making->meeting;
    if (meeting->holder[0])
        return meeting->holder;
    const struct meeting_member *voice = meeting_member(meeting, making->seen->voice);
    if (voice && stage_may_show(voice) && is_connected(making, voice->id))
        return voice->id;
    struct stage chairs = { 0 };
    add_connected(making, &chairs, is_chair, 1);
    const struct meeting_member *chair = meeting_member(meeting, chairs.tiles[0]);
    return chair ? chair->id : NULL;
}

static void fill_grid(const struct making *making, struct stage *stage)
{
    const struct meeting *meeting = making->meeting;
    stage->layout = STAGE_LAYOUT_GRID;
    if (meeting->holder[0])
        add_tile(stage, meeting->holder, STAGE_GRID_MAX);
    add_connected(making, stage, is_chair, STAGE_GRID_MAX);
    add_connected(
            making, stage, meeting->holder[0] ? is_room_or_delegate : is_room, STAGE_GRID_MAX);
}

static void fill_large(
        const struct making *making, struct stage *stage, enum stage_layout layout, size_t max)
{
    const char *first = first_of(making);
    stage->layout = layout;
    if (first)
        add_tile(stage, first, max);
    add_connected(making, stage, is_chair, max);
    add_connected(making, stage, is_room_or_delegate, max);
}

static void fill_roll(const struct making *making, struct stage *stage)
{
    const struct meeting *meeting = making->meeting;
    const int64_t dwell_s = meeting->order.dwell_s;
    stage->layout = STAGE_LAYOUT_GRID;
    if (meeting->holder[0])
        add_tile(stage, meeting->holder, STAGE_GRID_MAX);
    add_roll(making, stage, stage_may_show, STAGE_GRID_MAX, dwell_s > 0 ? dwell_s : STAGE_DWELL_S);
}

static void fill_declared(const struct making *making, struct stage *stage)
{
    static const size_t most[STAGE_LAYOUT_COUNT] = {
        [STAGE_LAYOUT_SINGLE] = 1,
        [STAGE_LAYOUT_PAIR] = 2,
        [STAGE_LAYOUT_GRID] = STAGE_TILES_MAX,
        [STAGE_LAYOUT_SPEAKER] = STAGE_TILES_MAX,
    };
    const struct meeting_stage_order *order = &making->meeting->order;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (size_t i = 0; i < order->tile_count; i++)
        if (meeting_member(making->meeting, order->tiles[i]))
            g_ptr_array_add(all, (gpointer)order->tiles[i]);
    stage->layout = order->layout == STAGE_LAYOUT_NONE || order->layout == STAGE_LAYOUT_ROLL
                            ? STAGE_LAYOUT_GRID
                            : order->layout;
    for (guint i = 0; i < all->len; i++)
        add_tile(stage, g_ptr_array_index(all, i), most[stage->layout]);
}

static void fill_program(const struct making *making, struct stage *stage)
{
    const struct meeting *meeting = making->meeting;
    // A large tile of somebody without a picture would be an empty stage.
    const bool holder_is_dark = meeting->holder[0] && !is_connected(making, meeting->holder);
    enum stage_layout layout = meeting->order.layout;
    if (meeting->order.mode == STAGE_MODE_DECLARED) {
        fill_declared(making, stage);
        if (stage->tile_count > 0)
            return; // else all of them left
        layout = STAGE_LAYOUT_NONE;
    }
    if (layout == STAGE_LAYOUT_NONE)
        layout = meeting->holder[0] ? STAGE_LAYOUT_SPEAKER : STAGE_LAYOUT_GRID;
    if (layout == STAGE_LAYOUT_ROLL)
        fill_roll(making, stage);
    else if (layout == STAGE_LAYOUT_GRID || holder_is_dark)
        fill_grid(making, stage);
    else if (layout == STAGE_LAYOUT_SPEAKER)
        fill_large(making, stage, layout, STAGE_SPEAKER_MAX);
    else
        fill_large(making, stage, layout, layout == STAGE_LAYOUT_PAIR ? 2 : 1);
}

// --- the others ----------------------------------------------------------------------------------

static void fill_chair(const struct making *making)
{
    struct stages *out = making->out;
    const struct stage *program = &out->canvases[CANVAS_KIND_PROGRAM];
    struct stage *stage = &out->canvases[CANVAS_KIND_CHAIR];
    const bool has_large =
            program->layout == STAGE_LAYOUT_SPEAKER || program->layout == STAGE_LAYOUT_SINGLE;
    if (!has_large || program->tile_count == 0 || !is_connected(making, program->tiles[0]))
        return;
    const struct meeting_member *large = meeting_member(making->meeting, program->tiles[0]);
    struct stage others = { .layout = STAGE_LAYOUT_GRID };
    // Its place is taken while the others are found, and given back.
    add_tile(&others, large->id, 1);
    add_connected(making, &others, is_chair, STAGE_GRID_MAX);
    const bool chair_is_first = others.tile_count > 1 && !is_chair(large);
    const size_t max = chair_is_first ? STAGE_SPEAKER_MAX : STAGE_GRID_MAX;
    add_connected(making, &others, is_room_or_delegate, max + 1);
    if (others.tile_count == 1)
        return; // nobody else is there
    others.tile_count--;
    memmove(others.tiles[0], others.tiles[1], others.tile_count * MEMBER_ID_SIZE);
    others.layout = chair_is_first ? STAGE_LAYOUT_SPEAKER : STAGE_LAYOUT_GRID;
    g_strlcpy(out->large, large->id, sizeof(out->large));
    out->large_is_chair = is_chair(large);
    *stage = others;
}

static void fill_content(const struct making *making, struct stage *stage)
{
    const char *member = making->meeting->content;
    if (!member[0] || !is_connected(making, member))
        return;
    stage->layout = STAGE_LAYOUT_SINGLE;
    add_tile(stage, member, 1);
}

static void fill_multiview(const struct making *making, struct stage *stage)
{
    const GPtrArray *members = making->meeting->members;
    bool is_watched = false;
    for (guint i = 0; i < members->len && !is_watched; i++) {
        const struct meeting_member *member = g_ptr_array_index(members, i);
        is_watched = member->role == ROLE_TECHNICIAN && is_connected(making, member->id);
    }
    if (!is_watched)
        return;
    stage->layout = STAGE_LAYOUT_GRID;
    add_roll(making, stage, stage_may_show, STAGE_TILES_MAX, MULTIVIEW_DWELL_S);
}

void stages_make(
        const struct meeting *meeting, const struct stage_seen *seen, struct stages *stages)
{
    const struct making making = { meeting, seen, stages };
    memset(stages, 0, sizeof(*stages));
    stages->canvases[CANVAS_KIND_PROGRAM].layout = STAGE_LAYOUT_GRID;
    if (meeting->state != MEETING_STATE_OPEN)
        return;
    fill_program(&making, &stages->canvases[CANVAS_KIND_PROGRAM]);
    fill_chair(&making);
    fill_content(&making, &stages->canvases[CANVAS_KIND_CONTENT]);
    fill_multiview(&making, &stages->canvases[CANVAS_KIND_MULTIVIEW]);
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

enum canvas_kind stages_main_of(const struct stages *stages, const struct meeting_member *member)
{
    if (member->role == ROLE_TECHNICIAN &&
            stages->canvases[CANVAS_KIND_MULTIVIEW].layout != STAGE_LAYOUT_NONE)
        return CANVAS_KIND_MULTIVIEW;
    if (stages->large[0] && strcmp(stages->large, member->id) == 0)
        return CANVAS_KIND_CHAIR;
    return stages->large_is_chair && is_hall(member) ? CANVAS_KIND_CHAIR : CANVAS_KIND_PROGRAM;
}

// --- what is asked for ---------------------------------------------------------------------------

static const struct stage_send thumbnail = { 180, 10, 120 };

// What the tile of a member needs; height 0: it has none there.
static struct stage_send tile_needs(
        const struct stages *stages, enum canvas_kind kind, const char *member)
{
    static const struct stage_send nothing = { 0, 0, 0 };
    static const struct stage_send tile = { 360, 25, 600 };
    static const struct stage_send large = { 720, 25, 1500 };
    const struct stage *stage = &stages->canvases[kind];
    if (!stage_has(stage, member))
        return nothing;
    if (kind == CANVAS_KIND_MULTIVIEW)
        return thumbnail;
    const bool is_first = strcmp(stage->tiles[0], member) == 0;
    const bool has_large = stage->layout == STAGE_LAYOUT_SPEAKER ||
                           stage->layout == STAGE_LAYOUT_SINGLE || stage->tile_count == 1;
    return has_large && is_first ? large : tile;
}

// A quarter of the link stays free for sound, for repair and for what else the unit does.
static int64_t most_of(const struct stages *stages, const char *member, int64_t link_kbps)
{
    const int64_t most = link_kbps * 3 / 4;
    // A screen must be read: it gets the larger part.
    return stage_has(&stages->canvases[CANVAS_KIND_CONTENT], member) ? most / 3 : most;
}

struct stage_send stages_send(const struct stages *stages, const char *member, int64_t link_kbps)
{
    struct stage_send send = { 0, 0, 0 };
    for (size_t i = 0; i < stages->soon_count; i++)
        if (strcmp(stages->soon[i], member) == 0)
            send = thumbnail;
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++) {
        if (kind == CANVAS_KIND_CONTENT)
            continue; // another line
        const struct stage_send need = tile_needs(stages, (enum canvas_kind)kind, member);
        if (need.height > send.height)
            send = need;
    }
    const int64_t most = most_of(stages, member, link_kbps);
    if (link_kbps > 0 && send.kbps > most) {
        send.kbps = MAX(most, 64);
        if (send.kbps < 800 && send.height > 360)
            send.height = 360;
    }
    return send;
}

struct stage_send stages_send_content(
        const struct stages *stages, const char *member, int64_t link_kbps)
{
    struct stage_send send = { 0, 0, 0 };
    if (!stage_has(&stages->canvases[CANVAS_KIND_CONTENT], member))
        return send;
    send = (struct stage_send){ 1080, 8, 1500 };
    if (link_kbps > 0 && send.kbps > link_kbps / 2)
        send.kbps = MAX(link_kbps / 2, 64);
    return send;
}
