// SPDX-License-Identifier: Apache-2.0
#include "signaling/handlers.h"

enum error_code handle_language_hear(struct request *request)
{
    const struct message_language_hear *body = request->body;
    struct meeting_operation operation = {
        .type = MEETING_LANGUAGE,
        .member = session_who(request->session)->self,
        .hears = body->language,
    };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_language_speak(struct request *request)
{
    const struct message_language_speak *body = request->body;
    struct meeting_operation operation = {
        .type = MEETING_LANGUAGE,
        .member = session_who(request->session)->self,
        .speaks = body->language,
    };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_member_language(struct request *request)
{
    const struct message_member_language *body = request->body;
    struct meeting_operation operation = {
        .type = MEETING_LANGUAGE,
        .member = body->member,
        .hears = body->has_hears ? body->hears : LANGUAGE_NONE,
        .speaks = body->has_speaks ? body->speaks : LANGUAGE_NONE,
    };
    return dispatch_operate(request, body->meeting, operation);
}

enum error_code handle_member_gain(struct request *request)
{
    const struct message_member_gain *body = request->body;
    struct meeting_operation operation = {
        .type = MEETING_GAIN,
        .member = body->member,
        .has_gain = body->has_gain_db,
        .gain_db = (int)body->gain_db,
        .has_auto = body->has_gain_auto,
        .is_auto = body->has_gain_auto && body->gain_auto,
    };
    return dispatch_operate(request, body->meeting, operation);
}
