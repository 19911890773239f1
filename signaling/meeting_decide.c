// SPDX-License-Identifier: Apache-2.0
#include "signaling/meeting_decide.h"

#include <string.h>

typedef const char *decide_fn(
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

static const char *decide_open(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting->state == MEETING_STATE_PLANNED)
        add_event(events, MEETING_EVENT_OPENED, operation);
    return NULL;
}

static const char *decide_end(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    (void)meeting;
    add_event(events, MEETING_EVENT_ENDED, operation);
    return NULL;
}

static const char *decide_join(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting_member(meeting, operation->joins->id))
        return NULL;
    if (meeting->members->len >= MEETING_MEMBERS_MAX)
        return "meeting.full";
    struct meeting_event *event = add_event(events, MEETING_EVENT_MEMBER_JOINED, operation);
    event->joined = *operation->joins;
    event->joined.muted =
            meeting->mode == MEETING_MODE_FLOOR && operation->joins->role != ROLE_CHAIR;
    g_strlcpy(event->member, event->joined.id, sizeof(event->member));
    return NULL;
}

static const char *decide_leave(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->member))
        return "member.unknown";
    add_about(events, MEETING_EVENT_MEMBER_LEFT, operation, operation->member);
    return NULL;
}

static const char *decide_mute(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return "member.unknown";
    if (member->muted != operation->muted)
        add_muted(events, operation, member->id, operation->muted);
    return NULL;
}

static const char *decide_mute_all(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    for (guint i = 0; i < meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        if (member->muted || member->role == ROLE_CHAIR)
            continue;
        add_event(events, MEETING_EVENT_ALL_MUTED, operation);
        return NULL;
    }
    return NULL;
}

static const char *decide_request(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->actor))
        return "member.unknown";
    if (strcmp(meeting->holder, operation->actor) == 0)
        return "floor.already_held";
    if (meeting_queue_position(meeting, operation->actor) == 0)
        add_about(events, MEETING_EVENT_FLOOR_REQUESTED, operation, operation->actor);
    return NULL;
}

static const char *decide_withdraw(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting_queue_position(meeting, operation->actor) == 0)
        return "floor.not_queued";
    add_about(events, MEETING_EVENT_FLOOR_WITHDRAWN, operation, operation->actor);
    return NULL;
}

static const char *decide_yield(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (strcmp(meeting->holder, operation->actor) != 0)
        return "floor.not_held";
    add_about(events, MEETING_EVENT_FLOOR_RELEASED, operation, operation->actor);
    return NULL;
}

static const char *decide_grant(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    const struct meeting_member *member = meeting_member(meeting, operation->member);
    if (!member)
        return "member.unknown";
    if (strcmp(meeting->holder, member->id) == 0) {
        // The chair gives the floor again to a holder who was muted meanwhile: the microphone
        // opens.
        if (member->muted)
            add_muted(events, operation, member->id, false);
        return NULL;
    }
    if (meeting->holder[0])
        add_about(events, MEETING_EVENT_FLOOR_RELEASED, operation, meeting->holder);
    add_about(events, MEETING_EVENT_FLOOR_GRANTED, operation, member->id);
    return NULL;
}

static const char *decide_release(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (!meeting_member(meeting, operation->member))
        return "member.unknown";
    if (strcmp(meeting->holder, operation->member) != 0)
        return "floor.not_held";
    add_about(events, MEETING_EVENT_FLOOR_RELEASED, operation, operation->member);
    return NULL;
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
    [MEETING_FLOOR_REQUEST] = { decide_request, true, false },
    [MEETING_FLOOR_WITHDRAW] = { decide_withdraw, true, false },
    [MEETING_FLOOR_YIELD] = { decide_yield, true, false },
    [MEETING_FLOOR_GRANT] = { decide_grant, true, false },
    [MEETING_FLOOR_RELEASE] = { decide_release, true, false },
};

const char *meeting_decide(
        const struct meeting *meeting, const struct meeting_operation *operation, GArray *events)
{
    if (meeting->state == MEETING_STATE_ENDED && !rules[operation->type].after_end)
        return "meeting.ended";
    if (meeting->state != MEETING_STATE_OPEN && rules[operation->type].only_open)
        return "meeting.not_open";
    return rules[operation->type].decide(meeting, operation, events);
}
