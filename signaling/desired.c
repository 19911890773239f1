// SPDX-License-Identifier: Apache-2.0
#include "signaling/desired.h"

#include <string.h>

// Banners are drawn into the picture that all rooms see, so they are Vietnamese; they are names of
// functions, not messages of the interface.
static const char *const role_titles[ROLE_COUNT] = {
    [ROLE_CHAIR] = "Chủ tọa",
    [ROLE_SECRETARY] = "Thư ký",
    [ROLE_TECHNICIAN] = "Kỹ thuật viên",
    [ROLE_DELEGATE] = "Đại biểu",
    [ROLE_INTERPRETER] = "Phiên dịch",
};

static bool is_open(const struct meeting *meeting)
{
    return meeting && meeting->state == MEETING_STATE_OPEN;
}

static struct type_send_wish wish(struct stage_send send)
{
    return (struct type_send_wish){ send.height, send.fps, send.kbps };
}

void desired_member(const struct meeting *meeting, const struct stages *stages, const char *member,
        const char *epoch, int64_t link_kbps, struct message_member_desired *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->member, member, sizeof(out->member));
    out->microphone = MICROPHONE_STATE_CLOSED;
    if (!meeting || meeting->state == MEETING_STATE_ENDED)
        return;
    out->has_meeting = true;
    g_strlcpy(out->meeting, meeting->id, sizeof(out->meeting));
    out->has_title = true;
    g_strlcpy(out->title, meeting->title, sizeof(out->title));
    const struct meeting_member *row = meeting_member(meeting, member);
    if (!row || !is_open(meeting))
        return;
    g_strlcpy(out->media_epoch, epoch, sizeof(out->media_epoch));
    out->microphone = meeting_is_heard(row) ? MICROPHONE_STATE_OPEN : MICROPHONE_STATE_CLOSED;
    out->has_hears = row->hears != LANGUAGE_FLOOR;
    out->hears = row->hears;
    out->has_speaks = row->speaks != LANGUAGE_FLOOR;
    out->speaks = row->speaks;
    out->on_stage = stage_has(&stages->canvases[CANVAS_KIND_PROGRAM], member);
    out->position = meeting_queue_position(meeting, member);
    out->queue_length = meeting->queue->len;
    out->floor = out->position > 0 ? FLOOR_STATE_QUEUED : FLOOR_STATE_NONE;
    if (strcmp(meeting->holder, member) == 0)
        out->floor = FLOOR_STATE_GRANTED;
    out->send = wish(stages_send(stages, member, link_kbps));
    const struct stage *content = &stages->canvases[CANVAS_KIND_CONTENT];
    out->has_content = content->tile_count > 0;
    g_strlcpy(out->content, content->tiles[0], sizeof(out->content));
    out->has_send_content = stage_has(content, member);
    out->send_content = wish(stages_send_content(stages, member, link_kbps));
}

void desired_room(const struct meeting *meeting, const char *room, const char *name,
        struct message_room_desired *out)
{
    memset(out, 0, sizeof(*out));
    out->scene = SCENE_IDLE;
    g_strlcpy(out->banner, name, sizeof(out->banner));
    if (!meeting || meeting->state == MEETING_STATE_PLANNED)
        return;
    out->has_meeting = true;
    g_strlcpy(out->meeting, meeting->id, sizeof(out->meeting));
    out->scene = SCENE_ENDED;
    if (!is_open(meeting))
        return;
    bool has_floor = strcmp(meeting->holder, room) == 0;
    out->scene = has_floor ? SCENE_FLOOR : meeting->content[0] ? SCENE_CONTENT : SCENE_MEETING;
    if (!has_floor)
        g_strlcpy(out->banner, meeting->title, sizeof(out->banner));
}

size_t desired_conference_parts(const struct meeting *meeting)
{
    if (!is_open(meeting) || meeting->members->len == 0)
        return 1;
    return (meeting->members->len + DESIRED_PART_MEMBERS - 1) / DESIRED_PART_MEMBERS;
}

static void fill_member(const struct meeting_member *member, const char *holder,
        const struct stages *stages, const struct unit_tree *units,
        struct type_conference_member *out)
{
    const struct unit *parent =
            units && member->parent[0] ? unit_tree_find(units, member->parent) : NULL;
    const char *title = role_titles[member->role];
    g_strlcpy(out->id, member->id, sizeof(out->id));
    g_strlcpy(out->line1, member->name, sizeof(out->line1));
    g_strlcpy(out->line2, parent ? parent->name : title ? title : "", sizeof(out->line2));
    out->heard = meeting_is_heard(member);
    out->gain_db = member->gain_db;
    out->has_gain_auto = out->gain_auto = !member->gain_is_fixed;
    out->has_language = member->hears != LANGUAGE_FLOOR;
    out->language = member->hears;
    out->has_bus = member->speaks != LANGUAGE_FLOOR;
    out->bus = member->speaks;
    const struct unit *own =
            units && member->kind == MEMBER_KIND_ROOM ? unit_tree_find(units, member->unit) : NULL;
    out->has_thin = out->thin = own && own->link_kbps > 0 && own->link_kbps <= DESIRED_THIN_KBPS;
    out->has_link_kbps = own && own->link_kbps > 0;
    out->link_kbps = own ? own->link_kbps : 0;
    out->main = stages_main_of(stages, member);
    out->has_main = out->main != CANVAS_KIND_PROGRAM;
    out->has_pinned = out->pinned = member->role == ROLE_CHAIR || strcmp(member->id, holder) == 0;
}

static void fill_canvas(enum canvas_kind kind, const struct stage *stage, struct type_canvas *out)
{
    out->kind = kind;
    out->layout = stage->layout;
    out->tiles_count = stage->tile_count;
    for (size_t i = 0; i < stage->tile_count; i++)
        g_strlcpy(out->tiles[i].member, stage->tiles[i], sizeof(out->tiles[i].member));
}

void desired_conference(const struct meeting *meeting, const struct stages *stages,
        const struct unit_tree *units, size_t part, struct message_conference_desired *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->conference, meeting->id, sizeof(out->conference));
    out->part = (int64_t)part;
    out->of = (int64_t)desired_conference_parts(meeting);
    out->ended = !is_open(meeting);
    if (out->ended)
        return;
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        if (stages->canvases[kind].layout != STAGE_LAYOUT_NONE)
            fill_canvas((enum canvas_kind)kind, &stages->canvases[kind],
                    &out->canvases[out->canvases_count++]);
    size_t first = (part - 1) * DESIRED_PART_MEMBERS;
    for (size_t i = first; i < meeting->members->len && i < first + DESIRED_PART_MEMBERS; i++)
        fill_member(g_ptr_array_index(meeting->members, i), meeting->holder, stages, units,
                &out->members[out->members_count++]);
}
