// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"
#include "signaling/relay.h"

enum error_code handle_media_offer(struct request *request)
{
    const struct message_media_offer *body = request->body;
    struct conference *conference;
    enum error_code code = dispatch_conference(request, body->meeting, &conference);
    if (code != ERROR_NONE)
        return code;
    const struct meeting *meeting = conference_meeting(conference);
    if (meeting->state != MEETING_STATE_OPEN)
        return ERROR_MEETING_NOT_OPEN;
    if (!meeting_member(meeting, session_who(request->session)->self))
        return ERROR_MEMBER_UNKNOWN;
    code = relay_offer(
            request->service->relay, request->session, request->id, conference, body->sdp);
    request->is_answered = code == ERROR_NONE;
    return code;
}
