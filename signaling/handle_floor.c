// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"

enum error_code handle_floor_request(struct request *request)
{
    const struct message_floor_request *body = request->body;
    struct message_floor_request_reply *reply = request->reply;
    struct meeting_operation operation = { .type = MEETING_FLOOR_REQUEST };
    enum error_code code = dispatch_operate(request, body->meeting, operation);
    if (code != ERROR_NONE)
        return code;
    // Asking again is not an error: the place is what it was.
    const struct conference *conference = service_conference(request->service, body->meeting);
    reply->position = meeting_queue_position(
            conference_meeting(conference), session_who(request->session)->self);
    return ERROR_NONE;
}

enum error_code handle_floor_withdraw(struct request *request)
{
    const struct message_floor_withdraw *body = request->body;
    struct meeting_operation operation = { .type = MEETING_FLOOR_WITHDRAW };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_floor_yield(struct request *request)
{
    const struct message_floor_yield *body = request->body;
    struct meeting_operation operation = { .type = MEETING_FLOOR_YIELD };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_floor_grant(struct request *request)
{
    const struct message_floor_grant *body = request->body;
    struct meeting_operation operation = { .type = MEETING_FLOOR_GRANT, .member = body->member };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_floor_release(struct request *request)
{
    const struct message_floor_release *body = request->body;
    struct meeting_operation operation = { .type = MEETING_FLOOR_RELEASE, .member = body->member };
    return dispatch_operate(request, body->meeting, operation);
}
