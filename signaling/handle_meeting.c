// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"

enum error_code handle_meeting_subscribe(struct request *request)
{
    const struct message_meeting_subscribe *body = request->body;
    struct conference *conference;
    enum error_code code = dispatch_conference(request, body->meeting, &conference);
    if (code != ERROR_NONE)
        return code;
    if (body->has_subtree &&
            (!request->service->units || !unit_tree_find(request->service->units, body->subtree)))
        return ERROR_UNIT_UNKNOWN;
    struct subscription *subscription = session_subscription(request->session);
    subscription->detail = body->detail;
    g_strlcpy(subscription->meeting, body->meeting, sizeof(subscription->meeting));
    g_strlcpy(subscription->subtree, body->subtree, sizeof(subscription->subtree));
    session_forget_slot(request->session, SESSION_SLOT_COUNTS);
    dispatch_reply(request);
    conference_send_snapshot(conference, request->session);
    conference_send_counts(conference, request->session);
    return ERROR_NONE;
}

enum error_code handle_meeting_end(struct request *request)
{
    const struct message_meeting_end *body = request->body;
    struct meeting_operation operation = { .type = MEETING_END };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_member_mute(struct request *request)
{
    const struct message_member_mute *body = request->body;
    struct meeting_operation operation = {
        .type = MEETING_MUTE, .member = body->member, .muted = body->muted
    };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_member_mute_all(struct request *request)
{
    const struct message_member_mute_all *body = request->body;
    struct meeting_operation operation = { .type = MEETING_MUTE_ALL };
    return dispatch_operate(request, body->meeting, operation);
}
