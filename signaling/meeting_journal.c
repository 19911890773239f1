// SPDX-License-Identifier: Apache-2.0
#include "signaling/meeting_journal.h"

#include <errno.h>
#include <string.h>

#include "common/protocol/body.h"

static const enum message_type messages[MEETING_EVENT_COUNT] = {
    [MEETING_EVENT_CREATED] = MESSAGE_MEETING_CREATED,
    [MEETING_EVENT_OPENED] = MESSAGE_MEETING_OPENED,
    [MEETING_EVENT_ENDED] = MESSAGE_MEETING_ENDED,
    [MEETING_EVENT_MEMBER_JOINED] = MESSAGE_MEMBER_JOINED,
    [MEETING_EVENT_MEMBER_LEFT] = MESSAGE_MEMBER_LEFT,
    [MEETING_EVENT_MEMBER_MUTED] = MESSAGE_MEMBER_MUTED,
    [MEETING_EVENT_ALL_MUTED] = MESSAGE_MEETING_ALL_MUTED,
    [MEETING_EVENT_LANGUAGE_CHANGED] = MESSAGE_MEMBER_LANGUAGE_CHANGED,
    [MEETING_EVENT_GAIN_CHANGED] = MESSAGE_MEMBER_GAIN_CHANGED,
    [MEETING_EVENT_FLOOR_REQUESTED] = MESSAGE_FLOOR_REQUESTED,
    [MEETING_EVENT_FLOOR_WITHDRAWN] = MESSAGE_FLOOR_WITHDRAWN,
    [MEETING_EVENT_FLOOR_GRANTED] = MESSAGE_FLOOR_GRANTED,
    [MEETING_EVENT_FLOOR_RELEASED] = MESSAGE_FLOOR_RELEASED,
    [MEETING_EVENT_STAGE_ORDERED] = MESSAGE_STAGE_ORDERED,
    [MEETING_EVENT_CONTENT_STARTED] = MESSAGE_CONTENT_STARTED,
    [MEETING_EVENT_CONTENT_STOPPED] = MESSAGE_CONTENT_STOPPED,
};

enum message_type meeting_event_message(enum meeting_event_type type)
{
    return messages[type];
}

void meeting_member_fill(const struct meeting_member *member, struct type_member *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->id, member->id, sizeof(out->id));
    g_strlcpy(out->name, member->name, sizeof(out->name));
    g_strlcpy(out->unit, member->unit, sizeof(out->unit));
    g_strlcpy(out->parent, member->parent, sizeof(out->parent));
    out->has_unit = member->unit[0];
    out->has_parent = member->parent[0];
    out->has_level = member->level != UNIT_LEVEL_NONE;
    out->level = member->level;
    out->kind = member->kind;
    out->role = member->role;
    out->muted = member->muted;
    out->has_hears = member->hears > LANGUAGE_FLOOR;
    out->hears = member->hears;
    out->has_speaks = member->speaks > LANGUAGE_FLOOR;
    out->speaks = member->speaks;
    out->has_gain_db = member->gain_db != 0;
    out->gain_db = member->gain_db;
    out->has_gain_auto = member->gain_is_fixed;
    out->gain_auto = !member->gain_is_fixed;
}

static void member_read(const struct type_member *in, struct meeting_member *member)
{
    memset(member, 0, sizeof(*member));
    g_strlcpy(member->id, in->id, sizeof(member->id));
    g_strlcpy(member->name, in->name, sizeof(member->name));
    g_strlcpy(member->unit, in->unit, sizeof(member->unit));
    g_strlcpy(member->parent, in->parent, sizeof(member->parent));
    member->level = in->has_level ? in->level : UNIT_LEVEL_NONE;
    member->kind = in->kind;
    member->role = in->role;
    member->muted = in->muted;
    member->hears = in->has_hears ? in->hears : LANGUAGE_FLOOR;
    member->speaks = in->has_speaks ? in->speaks : LANGUAGE_FLOOR;
    member->gain_db = in->has_gain_db ? (int)in->gain_db : 0;
    member->gain_is_fixed = in->has_gain_auto && !in->gain_auto;
}

void meeting_order_fill(const struct meeting_stage_order *order, struct type_stage_order *out)
{
    memset(out, 0, sizeof(*out));
    out->mode = order->mode;
    out->has_layout = order->layout != STAGE_LAYOUT_NONE;
    out->layout = order->layout;
    out->has_dwell_s = order->dwell_s > 0;
    out->dwell_s = order->dwell_s;
    out->tiles_count = order->tile_count;
    for (size_t i = 0; i < order->tile_count; i++)
        g_strlcpy(out->tiles[i], order->tiles[i], sizeof(out->tiles[i]));
}

void meeting_order_read(const struct type_stage_order *in, struct meeting_stage_order *order)
{
    memset(order, 0, sizeof(*order));
    order->mode = in->mode;
    order->layout = in->has_layout ? in->layout : STAGE_LAYOUT_NONE;
    order->dwell_s = in->has_dwell_s ? in->dwell_s : 0;
    order->tile_count = in->tiles_count;
    for (size_t i = 0; i < in->tiles_count; i++)
        g_strlcpy(order->tiles[i], in->tiles[i], sizeof(order->tiles[i]));
}

// Where the texts that most events share stand in each message's struct.
struct shared {
    char *meeting; // all have it, at the front
    char *member;
    char *by;
};

#define WITH_MEMBER(type) shared.member = ((struct type *)body)->member
#define WITH_BY(type)     shared.by = ((struct type *)body)->by

static struct shared shared_fields(enum meeting_event_type type, void *body)
{
    struct shared shared = { .meeting = body };
    switch (type) {
    case MEETING_EVENT_CREATED:
        WITH_BY(message_meeting_created);
        break;
    case MEETING_EVENT_ENDED:
        WITH_BY(message_meeting_ended);
        break;
    case MEETING_EVENT_ALL_MUTED:
        WITH_BY(message_meeting_all_muted);
        break;
    case MEETING_EVENT_MEMBER_LEFT:
        WITH_MEMBER(message_member_left);
        break;
    case MEETING_EVENT_MEMBER_MUTED:
        WITH_MEMBER(message_member_muted);
        WITH_BY(message_member_muted);
        break;
    case MEETING_EVENT_LANGUAGE_CHANGED:
        WITH_MEMBER(message_member_language_changed);
        WITH_BY(message_member_language_changed);
        break;
    case MEETING_EVENT_GAIN_CHANGED:
        WITH_MEMBER(message_member_gain_changed);
        WITH_BY(message_member_gain_changed);
        break;
    case MEETING_EVENT_FLOOR_REQUESTED:
        WITH_MEMBER(message_floor_requested);
        break;
    case MEETING_EVENT_FLOOR_WITHDRAWN:
        WITH_MEMBER(message_floor_withdrawn);
        break;
    case MEETING_EVENT_FLOOR_GRANTED:
        WITH_MEMBER(message_floor_granted);
        WITH_BY(message_floor_granted);
        break;
    case MEETING_EVENT_FLOOR_RELEASED:
        WITH_MEMBER(message_floor_released);
        WITH_BY(message_floor_released);
        break;
    case MEETING_EVENT_STAGE_ORDERED:
        WITH_BY(message_stage_ordered);
        break;
    case MEETING_EVENT_CONTENT_STARTED:
        WITH_MEMBER(message_content_started);
        WITH_BY(message_content_started);
        break;
    case MEETING_EVENT_CONTENT_STOPPED:
        WITH_MEMBER(message_content_stopped);
        WITH_BY(message_content_stopped);
        break;
    case MEETING_EVENT_OPENED:
    case MEETING_EVENT_MEMBER_JOINED:
    case MEETING_EVENT_COUNT:
        break;
    }
    return shared;
}

void *meeting_event_body(const char *meeting, const struct meeting_event *event)
{
    void *body = g_malloc0(message_infos[messages[event->type]].size);
    g_assert(body);
    struct shared shared = shared_fields(event->type, body);
    g_strlcpy(shared.meeting, meeting, MEETING_ID_SIZE);
    if (shared.member)
        g_strlcpy(shared.member, event->member, MEMBER_ID_SIZE);
    if (shared.by)
        g_strlcpy(shared.by, event->by, MEMBER_ID_SIZE);

    if (event->type == MEETING_EVENT_CREATED) {
        struct message_meeting_created *created = body;
        g_strlcpy(created->title, event->title, sizeof(created->title));
        created->mode = event->mode;
    } else if (event->type == MEETING_EVENT_MEMBER_JOINED) {
        meeting_member_fill(&event->joined, &((struct message_member_joined *)body)->member);
    } else if (event->type == MEETING_EVENT_MEMBER_MUTED) {
        ((struct message_member_muted *)body)->muted = event->muted;
    } else if (event->type == MEETING_EVENT_LANGUAGE_CHANGED) {
        struct message_member_language_changed *changed = body;
        changed->hears = event->hears;
        changed->speaks = event->speaks;
    } else if (event->type == MEETING_EVENT_GAIN_CHANGED) {
        struct message_member_gain_changed *changed = body;
        changed->gain_db = event->gain_db;
        changed->gain_auto = !event->gain_is_fixed;
    } else if (event->type == MEETING_EVENT_STAGE_ORDERED) {
        meeting_order_fill(&event->order, &((struct message_stage_ordered *)body)->order);
    }
    return body;
}

char *meeting_event_write(const char *meeting, const struct meeting_event *event)
{
    const struct message_info *info = &message_infos[messages[event->type]];
    g_autofree void *body = meeting_event_body(meeting, event);
    return body_build(info->fields, body);
}

static bool type_of(const char *name, enum meeting_event_type *type)
{
    for (int i = 0; i < MEETING_EVENT_COUNT; i++) {
        if (strcmp(message_infos[messages[i]].name, name) == 0) {
            *type = (enum meeting_event_type)i;
            return true;
        }
    }
    return false;
}

int meeting_event_read(const char *meeting, const char *name, const char *json, int64_t at_ms,
        struct meeting_event *event)
{
    memset(event, 0, sizeof(*event));
    event->at_ms = at_ms;
    if (!type_of(name, &event->type))
        return -EBADMSG;
    const struct message_info *info = &message_infos[messages[event->type]];
    g_autofree void *body = g_malloc0(info->size);
    struct fields_error error;
    if (body_parse(info->fields, json, strlen(json), body, &error) < 0)
        return -EBADMSG;
    struct shared shared = shared_fields(event->type, body);
    if (strcmp(shared.meeting, meeting) != 0)
        return -EBADMSG;
    if (shared.member)
        g_strlcpy(event->member, shared.member, sizeof(event->member));
    if (shared.by)
        g_strlcpy(event->by, shared.by, sizeof(event->by));

    if (event->type == MEETING_EVENT_CREATED) {
        const struct message_meeting_created *created = body;
        g_strlcpy(event->title, created->title, sizeof(event->title));
        event->mode = created->mode;
    } else if (event->type == MEETING_EVENT_MEMBER_JOINED) {
        member_read(&((struct message_member_joined *)body)->member, &event->joined);
        g_strlcpy(event->member, event->joined.id, sizeof(event->member));
    } else if (event->type == MEETING_EVENT_MEMBER_MUTED) {
        event->muted = ((struct message_member_muted *)body)->muted;
    } else if (event->type == MEETING_EVENT_LANGUAGE_CHANGED) {
        const struct message_member_language_changed *changed = body;
        event->hears = changed->hears;
        event->speaks = changed->speaks;
    } else if (event->type == MEETING_EVENT_GAIN_CHANGED) {
        const struct message_member_gain_changed *changed = body;
        event->gain_db = (int)changed->gain_db;
        event->gain_is_fixed = !changed->gain_auto;
    } else if (event->type == MEETING_EVENT_STAGE_ORDERED) {
        meeting_order_read(&((struct message_stage_ordered *)body)->order, &event->order);
    }
    return 0;
}
