// SPDX-License-Identifier: Apache-2.0
#include "signaling/dispatch.h"

#include <string.h>

#include "common/base/log.h"
#include "signaling/handlers.h"
#include "signaling/metrics.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "dispatch"

static handler_fn *const handlers[MESSAGE_COUNT] = {
    [MESSAGE_FLOOR_REQUEST] = handle_floor_request,
    [MESSAGE_FLOOR_WITHDRAW] = handle_floor_withdraw,
    [MESSAGE_FLOOR_YIELD] = handle_floor_yield,
    [MESSAGE_FLOOR_GRANT] = handle_floor_grant,
    [MESSAGE_FLOOR_RELEASE] = handle_floor_release,
    [MESSAGE_MEETING_SUBSCRIBE] = handle_meeting_subscribe,
    [MESSAGE_MEETING_END] = handle_meeting_end,
    [MESSAGE_MEMBER_MUTE] = handle_member_mute,
    [MESSAGE_MEMBER_MUTE_ALL] = handle_member_mute_all,
    [MESSAGE_MEMBER_LANGUAGE] = handle_member_language,
    [MESSAGE_MEMBER_GAIN] = handle_member_gain,
    [MESSAGE_LANGUAGE_HEAR] = handle_language_hear,
    [MESSAGE_LANGUAGE_SPEAK] = handle_language_speak,
    [MESSAGE_STAGE_SET] = handle_stage_set,
    [MESSAGE_CONTENT_START] = handle_content_start,
    [MESSAGE_CONTENT_STOP] = handle_content_stop,
    [MESSAGE_MEDIA_OFFER] = handle_media_offer,
    [MESSAGE_ROOM_REPORT] = handle_room_report,
    [MESSAGE_ROOM_DRIVE] = handle_room_drive,
    [MESSAGE_ROOM_SCENE] = handle_room_scene,
    [MESSAGE_ROOM_ANSWER] = handle_room_answer,
    [MESSAGE_ROOM_WATCH] = handle_room_watch,
    [MESSAGE_MCU_ANSWER] = handle_mcu_answer,
    [MESSAGE_CONFERENCE_REPORT] = handle_conference_report,
    [MESSAGE_CONFERENCE_LEVELS] = handle_conference_levels,
};

bool dispatch_is_allowed(enum message_type type, enum role role)
{
    return role != ROLE_NONE && (message_infos[type].kinds & MESSAGE_KIND_REQUEST) &&
           (message_infos[type].roles & ROLE_BIT(role));
}

bool dispatch_has_handler(enum message_type type)
{
    return handlers[type] != NULL;
}

void dispatch_reply(struct request *request)
{
    if (request->is_answered)
        return;
    request->is_answered = true;
    session_reply(request->session, request->type, request->id, request->reply);
}

static enum error_code handle(struct request *request, const struct envelope *envelope)
{
    enum role role = session_who(request->session)->role;
    if (!handlers[request->type])
        return ERROR_PROTO_UNKNOWN_OP;
    if (!dispatch_is_allowed(request->type, role)) {
        metric_add(&signal_forbidden_total, 1);
        log_info("request forbidden op=%s role=%s self=%s", message_infos[request->type].name,
                role_name(role), session_who(request->session)->self);
        return ERROR_AUTH_FORBIDDEN;
    }
    const struct message_info *info = &message_infos[request->type];
    g_autofree void *body = g_malloc0(info->size);
    struct fields_error error;
    if (envelope_body(envelope, body, &error) < 0) {
        metric_add(&signal_bad_messages_total, 1);
        request->detail = error.path;
        session_refuse(request->session, request->id, error_code_from_name(error.code), error.path);
        request->is_answered = true;
        return ERROR_NONE;
    }
    request->body = body;
    return handlers[request->type](request);
}

void dispatch_request(
        struct service *service, struct session *session, const struct envelope *envelope)
{
    struct request request = {
        .service = service,
        .session = session,
        .id = envelope->id,
        .type = envelope->type,
    };
    g_autofree void *reply = g_malloc0(message_infos[request.type].reply_size);
    request.reply = reply;
    enum error_code code = handle(&request, envelope);
    if (code == ERROR_NONE)
        dispatch_reply(&request);
    else if (!request.is_answered)
        session_refuse(session, request.id, code, request.detail);
}

enum error_code dispatch_conference(
        const struct request *request, const char *meeting, struct conference **out)
{
    const struct identity *who = session_who(request->session);
    struct conference *conference = service_conference(request->service, meeting);
    if (!conference)
        return ERROR_MEETING_UNKNOWN;
    bool may = strcmp(who->meeting, meeting) == 0;
    if (who->role == ROLE_ROOM)
        may = meeting_member(conference_meeting(conference), who->self) != NULL;
    else if (who->role == ROLE_TECHNICIAN && !who->meeting[0])
        may = true;
    if (!may)
        return ERROR_MEETING_UNKNOWN;
    *out = conference;
    return ERROR_NONE;
}

enum error_code dispatch_operate(
        const struct request *request, const char *meeting, struct meeting_operation operation)
{
    struct conference *conference;
    enum error_code code = dispatch_conference(request, meeting, &conference);
    if (code != ERROR_NONE)
        return code;
    operation.actor = session_who(request->session)->self;
    operation.now_ms = wall_clock_ms();
    return conference_operate(conference, &operation);
}
