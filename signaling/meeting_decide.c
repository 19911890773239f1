// SPDX-License-Identifier: Apache-2.0
#include "signaling/meeting_decide.h"

#include <string.h>

typedef enum error_code decide_fn(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events);

static struct meeting_event *add_event(
        GArray *events, enum meeting_event_type type, const struct meeting_operation *operation)
{
    guint at = events->len;
    g_array_set_size(events, at + 1);
    struct meeting_event *event = &g_array_index(events, struct meeting_event, at);
    memset(event, 0, sizeof(*event));
    event->type = type;
    event->at_ms = operation->now_ms;
    g_strlcpy(event->by, operation->actor, sizeof(event->by));
    return event;
}

static void add_about(GArray *events, enum meeting_event_type type,
        const struct meeting_operation *operation, const char *member)
{
    struct meeting_event *event = add_event(events, type, operation);
    g_strlcpy(event->member, member, sizeof(event->member));
}

static void add_muted(
        GArray *events, const struct meeting_operation *operation, const char *member, bool muted)
{
    struct meeting_event *event = add_event(events, MEETING_EVENT_MEMBER_MUTED, operation);
    g_strlcpy(event->member, member, sizeof(event->member));
    event->muted = muted;
}

static bool presides(const struct meeting_member *member)
{
    return member && (member->role == ROLE_CHAIR || member->role == ROLE_SECRETARY);
}

// Who shows its screen by right of the floor stops with the floor.
static void add_floor_released(
        const struct meeting *meeting, GArray *events, const struct meeting_operation *operation)
{
    if (strcmp(meeting->content, meeting->holder) == 0 &&
            !presides(meeting_member(meeting, meeting->holder)))
        add_about(events, MEETING_EVENT_CONTENT_STOPPED, operation, meeting->holder);
    add_about(events, MEETING_EVENT_FLOOR_RELEASED, operation, meeting->holder);
}

static enum error_code decide_open(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting->state == MEETING_STATE_PLANNED)
        add_event(events, MEETING_EVENT_OPENED, operation);
    return ERROR_NONE;
}

static enum error_code decide_end(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    (void)meeting;
    add_event(events, MEETING_EVENT_ENDED, operation);
    return ERROR_NONE;
}

static enum error_code decide_join(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting_member(meeting, operation->joins->id))
        return ERROR_NONE;
    if (meeting->members->len >= MEETING_MEMBERS_MAX)
        return ERROR_MEETING_FULL;
    struct meeting_event *event = add_event(events, MEETING_EVENT_MEMBER_JOINED, operation);
    event->joined = *operation->joins;
    event->joined.speaks = LANGUAGE_FLOOR;
    if (event->joined.hears == LANGUAGE_NONE)
        event->joined.hears = LANGUAGE_FLOOR;
    event->joined.muted =
            meeting->mode == MEETING_MODE_FLOOR && !meeting_keeps_microphone(&event->joined);
    g_strlcpy(event->member, event->joined.id, sizeof(event->member));
    return ERROR_NONE;
}

static enum error_code decide_leave(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->member))
        return ERROR_MEMBER_UNKNOWN;
    if (strcmp(meeting->content, operation->member) == 0)
        add_about(events, MEETING_EVENT_CONTENT_STOPPED, operation, operation->member);
    add_about(events, MEETING_EVENT_MEMBER_LEFT, operation, operation->member);
    return ERROR_NONE;
}

static enum error_code decide_mute(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return ERROR_MEMBER_UNKNOWN;
    if (member->muted != operation->muted)
        add_muted(events, operation, member->id, operation->muted);
    return ERROR_NONE;
}

static enum error_code decide_mute_all(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    for (guint i = 0; i < meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        if (member->muted || meeting_keeps_microphone(member))
            continue;
        add_event(events, MEETING_EVENT_ALL_MUTED, operation);
        return ERROR_NONE;
    }
    return ERROR_NONE;
}

static enum error_code decide_language(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return ERROR_MEMBER_UNKNOWN;
    const enum language hears = operation->hears ? operation->hears : member->hears;
    const enum language speaks = operation->speaks ? operation->speaks : member->speaks;
    if (hears == member->hears && speaks == member->speaks)
        return ERROR_NONE;
    struct meeting_event *event = add_event(events, MEETING_EVENT_LANGUAGE_CHANGED, operation);
    g_strlcpy(event->member, member->id, sizeof(event->member));
    event->hears = hears;
    event->speaks = speaks;
    return ERROR_NONE;
}

static enum error_code decide_gain(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return ERROR_MEMBER_UNKNOWN;
    const int gain_db = operation->has_gain ? operation->gain_db : member->gain_db;
    const bool is_fixed = operation->has_auto ? !operation->is_auto : member->gain_is_fixed;
    if (gain_db == member->gain_db && is_fixed == member->gain_is_fixed)
        return ERROR_NONE;
    struct meeting_event *event = add_event(events, MEETING_EVENT_GAIN_CHANGED, operation);
    g_strlcpy(event->member, member->id, sizeof(event->member));
    event->gain_db = gain_db;
    event->gain_is_fixed = is_fixed;
    return ERROR_NONE;
}

static enum error_code decide_request(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->actor))
        return ERROR_MEMBER_UNKNOWN;
    if (strcmp(meeting->holder, operation->actor) == 0)
        return ERROR_FLOOR_ALREADY_HELD;
    if (meeting_queue_position(meeting, operation->actor) == 0)
        add_about(events, MEETING_EVENT_FLOOR_REQUESTED, operation, operation->actor);
    return ERROR_NONE;
}

static enum error_code decide_withdraw(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting_queue_position(meeting, operation->actor) == 0)
        return ERROR_FLOOR_NOT_QUEUED;
    add_about(events, MEETING_EVENT_FLOOR_WITHDRAWN, operation, operation->actor);
    return ERROR_NONE;
}

static enum error_code decide_yield(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (strcmp(meeting->holder, operation->actor) != 0)
        return ERROR_FLOOR_NOT_HELD;
    add_floor_released(meeting, events, operation);
    return ERROR_NONE;
}

static enum error_code decide_grant(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return ERROR_MEMBER_UNKNOWN;
    if (strcmp(meeting->holder, member->id) == 0) {
        // The chair gives the floor again to a holder who was muted meanwhile: the microphone
        // opens.
        if (member->muted)
            add_muted(events, operation, member->id, false);
        return ERROR_NONE;
    }
    if (meeting->holder[0])
        add_floor_released(meeting, events, operation);
    add_about(events, MEETING_EVENT_FLOOR_GRANTED, operation, member->id);
    return ERROR_NONE;
}

static enum error_code decide_release(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->member))
        return ERROR_MEMBER_UNKNOWN;
    if (strcmp(meeting->holder, operation->member) != 0)
        return ERROR_FLOOR_NOT_HELD;
    add_floor_released(meeting, events, operation);
    return ERROR_NONE;
}

static enum error_code decide_stage(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_stage_order *order = operation->order;
    if (order->mode == STAGE_MODE_DECLARED && order->tile_count == 0)
        return ERROR_STAGE_NO_TILES;
    for (size_t i = 0; i < order->tile_count; i++)
        if (!meeting_member(meeting, order->tiles[i]))
            return ERROR_MEMBER_UNKNOWN;
    if (!meeting_orders_equal(order, &meeting->order))
        add_event(events, MEETING_EVENT_STAGE_ORDERED, operation)->order = *order;
    return ERROR_NONE;
}

static enum error_code decide_content_start(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->actor);
    if (!member)
        return ERROR_MEMBER_UNKNOWN;
    if (!presides(member) && strcmp(meeting->holder, member->id) != 0)
        return ERROR_CONTENT_NOT_ALLOWED;
    if (strcmp(meeting->content, member->id) == 0)
        return ERROR_NONE;
    if (meeting->content[0])
        add_about(events, MEETING_EVENT_CONTENT_STOPPED, operation, meeting->content);
    add_about(events, MEETING_EVENT_CONTENT_STARTED, operation, member->id);
    return ERROR_NONE;
}

static enum error_code decide_content_stop(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting->content[0])
        return ERROR_CONTENT_NOT_SHARED;
    if (strcmp(meeting->content, operation->actor) != 0 &&
            !presides(meeting_member(meeting, operation->actor)))
        return ERROR_CONTENT_NOT_ALLOWED;
    add_about(events, MEETING_EVENT_CONTENT_STOPPED, operation, meeting->content);
    return ERROR_NONE;
}

static const struct {
    decide_fn *decide;
    bool only_open;
    bool after_end;
} rules[MEETING_OPERATION_COUNT] = {
    [MEETING_OPEN] = { decide_open, false, false },
    [MEETING_END] = { decide_end, false, false },
    [MEETING_JOIN] = { decide_join, false, false },
    [MEETING_LEAVE] = { decide_leave, false, true },
    [MEETING_MUTE] = { decide_mute, false, false },
    [MEETING_MUTE_ALL] = { decide_mute_all, false, false },
    [MEETING_LANGUAGE] = { decide_language, false, false },
    [MEETING_GAIN] = { decide_gain, false, false },
    [MEETING_FLOOR_REQUEST] = { decide_request, true, false },
    [MEETING_FLOOR_WITHDRAW] = { decide_withdraw, true, false },
    [MEETING_FLOOR_YIELD] = { decide_yield, true, false },
    [MEETING_FLOOR_GRANT] = { decide_grant, true, false },
    [MEETING_FLOOR_RELEASE] = { decide_release, true, false },
    [MEETING_STAGE_SET] = { decide_stage, true, false },
    [MEETING_CONTENT_START] = { decide_content_start, true, false },
    [MEETING_CONTENT_STOP] = { decide_content_stop, true, false },
};

enum error_code meeting_decide(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting->state == MEETING_STATE_ENDED && !rules[operation->type].after_end)
        return ERROR_MEETING_ENDED;
    if (meeting->state != MEETING_STATE_OPEN && rules[operation->type].only_open)
        return ERROR_MEETING_NOT_OPEN;
    return rules[operation->type].decide(meeting, operation, events);
}

// Decides on `scratch` and lets it follow: the next step is decided on what this one made.
static enum error_code step(
        struct meeting *scratch, const struct meeting_operation *operation, GArray *events)
{
    const guint start = events->len;
    enum error_code code = meeting_decide(scratch, operation, events);
    for (guint i = start; code == ERROR_NONE && i < events->len; i++) {
        if (meeting_apply(scratch, &g_array_index(events, struct meeting_event, i)) < 0)
            code = ERROR_PROTO_INTERNAL;
    }
    return code;
}

static enum error_code decide_beginning(
        struct meeting *scratch, const struct meeting_plan *plan, GArray *events)
{
    struct meeting_operation operation = { .actor = plan->actor, .now_ms = plan->now_ms };
    struct meeting_event *created = add_event(events, MEETING_EVENT_CREATED, &operation);
    created->mode = plan->mode;
    g_strlcpy(created->title, plan->title, sizeof(created->title));
    enum error_code code = meeting_apply(scratch, created) < 0 ? ERROR_PROTO_INTERNAL : ERROR_NONE;

    operation.type = MEETING_JOIN;
    for (size_t i = 0; code == ERROR_NONE && i < plan->member_count; i++) {
        operation.joins = &plan->members[i];
        code = step(scratch, &operation, events);
    }
    operation.type = MEETING_OPEN;
    if (code == ERROR_NONE && plan->is_open)
        code = step(scratch, &operation, events);
    return code;
}

enum error_code meeting_decide_new(const struct meeting_plan *plan, GArray *events)
{
    const guint start = events->len;
    struct meeting *scratch = meeting_new("");
    const enum error_code code = decide_beginning(scratch, plan, events);
    if (code != ERROR_NONE)
        g_array_set_size(events, start);
    meeting_free(scratch);
    return code;
}
