// SPDX-License-Identifier: Apache-2.0
#include "signaling/meeting.h"

#include <errno.h>
#include <string.h>

struct meeting *meeting_new(const char *id)
{
    struct meeting *meeting = g_new0(struct meeting, 1);
    g_strlcpy(meeting->id, id, sizeof(meeting->id));
    meeting->members = g_ptr_array_new_with_free_func(g_free);
    meeting->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    meeting->queue = g_array_new(FALSE, FALSE, sizeof(struct meeting_queued));
    meeting->order.mode = STAGE_MODE_AUTO;
    return meeting;
}

void meeting_free(struct meeting *meeting)
{
    if (!meeting)
        return;
    g_hash_table_destroy(meeting->by_id);
    g_ptr_array_free(meeting->members, TRUE);
    g_array_free(meeting->queue, TRUE);
    g_free(meeting);
}

struct meeting_member *meeting_member(const struct meeting *meeting, const char *id)
{
    return g_hash_table_lookup(meeting->by_id, id);
}

bool meeting_is_heard(const struct meeting_member *member)
{
    return !member->muted && (member->role != ROLE_INTERPRETER || member->speaks != LANGUAGE_FLOOR);
}

bool meeting_keeps_microphone(const struct meeting_member *member)
{
    return member->role == ROLE_CHAIR || member->role == ROLE_INTERPRETER ||
           member->speaks != LANGUAGE_FLOOR;
}

int meeting_queue_position(const struct meeting *meeting, const char *id)
{
    for (guint i = 0; i < meeting->queue->len; i++) {
        if (strcmp(g_array_index(meeting->queue, struct meeting_queued, i).member, id) == 0)
            return (int)i + 1;
    }
    return 0;
}

static void leave_queue(struct meeting *meeting, const char *id)
{
    int position = meeting_queue_position(meeting, id);
    if (position > 0)
        g_array_remove_index(meeting->queue, (guint)position - 1);
}

static void clear_floor(struct meeting *meeting)
{
    meeting->holder[0] = '\0';
    meeting->holder_since_ms = 0;
}

static int apply_created(struct meeting *meeting, const struct meeting_event *event)
{
    if (meeting->event_count > 0)
        return -EBADMSG;
    g_strlcpy(meeting->title, event->title, sizeof(meeting->title));
    meeting->mode = event->mode;
    meeting->state = MEETING_STATE_PLANNED;
    meeting->created_ms = event->at_ms;
    return 0;
}

static int apply_opened(struct meeting *meeting, const struct meeting_event *event)
{
    if (meeting->state != MEETING_STATE_PLANNED)
        return -EBADMSG;
    meeting->state = MEETING_STATE_OPEN;
    meeting->opened_ms = event->at_ms;
    return 0;
}

static void clear_content(struct meeting *meeting)
{
    meeting->content[0] = '\0';
}

static int apply_ended(struct meeting *meeting, const struct meeting_event *event)
{
    if (meeting->state == MEETING_STATE_ENDED)
        return -EBADMSG;
    meeting->state = MEETING_STATE_ENDED;
    meeting->ended_ms = event->at_ms;
    clear_floor(meeting);
    clear_content(meeting);
    g_array_set_size(meeting->queue, 0);
    return 0;
}

static int apply_joined(struct meeting *meeting, const struct meeting_event *event)
{
    if (!event->joined.id[0] || meeting_member(meeting, event->joined.id))
        return -EBADMSG;
    struct meeting_member *member = g_new(struct meeting_member, 1);
    *member = event->joined;
    // Of a journal from before there were languages.
    if (member->hears == LANGUAGE_NONE)
        member->hears = LANGUAGE_FLOOR;
    if (member->speaks == LANGUAGE_NONE)
        member->speaks = LANGUAGE_FLOOR;
    g_ptr_array_add(meeting->members, member);
    g_hash_table_insert(meeting->by_id, member->id, member);
    return 0;
}

static int apply_left(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member)
        return -EBADMSG;
    leave_queue(meeting, member->id);
    if (strcmp(meeting->holder, member->id) == 0)
        clear_floor(meeting);
    if (strcmp(meeting->content, member->id) == 0)
        clear_content(meeting);
    g_hash_table_remove(meeting->by_id, member->id);
    g_ptr_array_remove(meeting->members, member);
    return 0;
}

static int apply_muted(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member)
        return -EBADMSG;
    member->muted = event->muted;
    return 0;
}

static int apply_all_muted(struct meeting *meeting, const struct meeting_event *event)
{
    (void)event;
    for (guint i = 0; i < meeting->members->len; i++) {
        struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        if (!meeting_keeps_microphone(member))
            member->muted = true;
    }
    return 0;
}

// Who begins to interpret is heard, on its bus; who ends it is again what it was before.
static int apply_language(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member || event->hears == LANGUAGE_NONE || event->speaks == LANGUAGE_NONE)
        return -EBADMSG;
    const bool interpreted = member->speaks != LANGUAGE_FLOOR;
    const bool interprets = event->speaks != LANGUAGE_FLOOR;
    member->hears = event->hears;
    member->speaks = event->speaks;
    if (interprets && !interpreted)
        member->muted = false;
    else if (interpreted && !interprets && !meeting_keeps_microphone(member) &&
             strcmp(meeting->holder, member->id) != 0)
        member->muted = meeting->mode == MEETING_MODE_FLOOR;
    return 0;
}

static int apply_gain(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member)
        return -EBADMSG;
    member->gain_db = event->gain_db;
    member->gain_is_fixed = event->gain_is_fixed;
    return 0;
}

static int apply_requested(struct meeting *meeting, const struct meeting_event *event)
{
    if (!meeting_member(meeting, event->member) ||
            meeting_queue_position(meeting, event->member) > 0 ||
            strcmp(meeting->holder, event->member) == 0)
        return -EBADMSG;
    struct meeting_queued queued = { .since_ms = event->at_ms };
    g_strlcpy(queued.member, event->member, sizeof(queued.member));
    g_array_append_val(meeting->queue, queued);
    return 0;
}

static int apply_withdrawn(struct meeting *meeting, const struct meeting_event *event)
{
    if (meeting_queue_position(meeting, event->member) == 0)
        return -EBADMSG;
    leave_queue(meeting, event->member);
    return 0;
}

static int apply_granted(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member || meeting->holder[0])
        return -EBADMSG;
    leave_queue(meeting, member->id);
    g_strlcpy(meeting->holder, member->id, sizeof(meeting->holder));
    meeting->holder_since_ms = event->at_ms;
    member->muted = false;
    return 0;
}

static int apply_released(struct meeting *meeting, const struct meeting_event *event)
{
    struct meeting_member *member = meeting_member(meeting, event->member);
    if (!member || strcmp(meeting->holder, member->id) != 0)
        return -EBADMSG;
    clear_floor(meeting);
    if (meeting->mode == MEETING_MODE_FLOOR && !meeting_keeps_microphone(member))
        member->muted = true;
    return 0;
}

static int apply_stage_ordered(struct meeting *meeting, const struct meeting_event *event)
{
    if (event->order.mode == STAGE_MODE_NONE)
        return -EBADMSG;
    meeting->order = event->order;
    return 0;
}

static int apply_content_started(struct meeting *meeting, const struct meeting_event *event)
{
    if (!meeting_member(meeting, event->member))
        return -EBADMSG;
    g_strlcpy(meeting->content, event->member, sizeof(meeting->content));
    return 0;
}

static int apply_content_stopped(struct meeting *meeting, const struct meeting_event *event)
{
    if (!event->member[0] || strcmp(meeting->content, event->member) != 0)
        return -EBADMSG;
    clear_content(meeting);
    return 0;
}

static const struct {
    int (*apply)(struct meeting *meeting, const struct meeting_event *event);
    bool after_end; // may stand in the journal after meeting.ended
    bool only_open;
} rules[MEETING_EVENT_COUNT] = {
    [MEETING_EVENT_CREATED] = { apply_created, false, false },
    [MEETING_EVENT_OPENED] = { apply_opened, false, false },
    [MEETING_EVENT_ENDED] = { apply_ended, false, false },
    [MEETING_EVENT_MEMBER_JOINED] = { apply_joined, false, false },
    [MEETING_EVENT_MEMBER_LEFT] = { apply_left, true, false },
    [MEETING_EVENT_MEMBER_MUTED] = { apply_muted, false, false },
    [MEETING_EVENT_ALL_MUTED] = { apply_all_muted, false, false },
    [MEETING_EVENT_LANGUAGE_CHANGED] = { apply_language, false, false },
    [MEETING_EVENT_GAIN_CHANGED] = { apply_gain, false, false },
    [MEETING_EVENT_FLOOR_REQUESTED] = { apply_requested, false, true },
    [MEETING_EVENT_FLOOR_WITHDRAWN] = { apply_withdrawn, false, true },
    [MEETING_EVENT_FLOOR_GRANTED] = { apply_granted, false, true },
    [MEETING_EVENT_FLOOR_RELEASED] = { apply_released, false, true },
    [MEETING_EVENT_STAGE_ORDERED] = { apply_stage_ordered, false, true },
    [MEETING_EVENT_CONTENT_STARTED] = { apply_content_started, false, true },
    [MEETING_EVENT_CONTENT_STOPPED] = { apply_content_stopped, false, true },
};

int meeting_apply(struct meeting *meeting, const struct meeting_event *event)
{
    if (event->type >= MEETING_EVENT_COUNT)
        return -EBADMSG;
    if (meeting->event_count == 0 && event->type != MEETING_EVENT_CREATED)
        return -EBADMSG;
    if (meeting->state == MEETING_STATE_ENDED && !rules[event->type].after_end)
        return -EBADMSG;
    if (meeting->state != MEETING_STATE_OPEN && rules[event->type].only_open)
        return -EBADMSG;
    int rc = rules[event->type].apply(meeting, event);
    if (rc == 0)
        meeting->event_count++;
    return rc;
}

static struct meeting *meeting_copy(const struct meeting *meeting)
{
    struct meeting *copy = g_new(struct meeting, 1);
    *copy = *meeting;
    copy->members = g_ptr_array_new_with_free_func(g_free);
    copy->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    copy->queue = g_array_new(FALSE, FALSE, sizeof(struct meeting_queued));
    g_array_append_vals(copy->queue, meeting->queue->data, meeting->queue->len);
    for (guint i = 0; i < meeting->members->len; i++) {
        struct meeting_member *member =
                g_memdup2(g_ptr_array_index(meeting->members, i), sizeof(*member));
        g_ptr_array_add(copy->members, member);
        g_hash_table_insert(copy->by_id, member->id, member);
    }
    return copy;
}

int meeting_try(const struct meeting *meeting, const GArray *events)
{
    struct meeting *copy = meeting_copy(meeting);
    int rc = 0;
    for (guint i = 0; rc == 0 && i < events->len; i++)
        rc = meeting_apply(copy, &g_array_index(events, struct meeting_event, i));
    meeting_free(copy);
    return rc;
}

static bool members_equal(const struct meeting_member *a, const struct meeting_member *b)
{
    return strcmp(a->id, b->id) == 0 && a->kind == b->kind && a->role == b->role &&
           strcmp(a->name, b->name) == 0 && strcmp(a->unit, b->unit) == 0 &&
           strcmp(a->parent, b->parent) == 0 && a->level == b->level && a->muted == b->muted &&
           a->hears == b->hears && a->speaks == b->speaks && a->gain_db == b->gain_db &&
           a->gain_is_fixed == b->gain_is_fixed;
}

bool meeting_orders_equal(const struct meeting_stage_order *a, const struct meeting_stage_order *b)
{
    bool same = a->mode == b->mode && a->layout == b->layout && a->dwell_s == b->dwell_s &&
                a->tile_count == b->tile_count;
    for (size_t i = 0; same && i < a->tile_count; i++)
        same = strcmp(a->tiles[i], b->tiles[i]) == 0;
    return same;
}

bool meeting_equal(const struct meeting *a, const struct meeting *b)
{
    bool same = strcmp(a->id, b->id) == 0 && strcmp(a->title, b->title) == 0 &&
                a->mode == b->mode && a->state == b->state && a->created_ms == b->created_ms &&
                a->opened_ms == b->opened_ms && a->ended_ms == b->ended_ms &&
                strcmp(a->holder, b->holder) == 0 && a->holder_since_ms == b->holder_since_ms &&
                a->members->len == b->members->len && a->queue->len == b->queue->len &&
                a->event_count == b->event_count && strcmp(a->content, b->content) == 0 &&
                meeting_orders_equal(&a->order, &b->order);
    for (guint i = 0; same && i < a->members->len; i++)
        same = members_equal(g_ptr_array_index(a->members, i), g_ptr_array_index(b->members, i));
    for (guint i = 0; same && i < a->queue->len; i++) {
        const struct meeting_queued *left = &g_array_index(a->queue, struct meeting_queued, i);
        const struct meeting_queued *right = &g_array_index(b->queue, struct meeting_queued, i);
        same = strcmp(left->member, right->member) == 0 && left->since_ms == right->since_ms;
    }
    return same;
}
