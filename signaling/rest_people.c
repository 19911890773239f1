// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "common/protocol/body.h"
#include "signaling/conference.h"
#include "signaling/metrics.h"
#include "signaling/rest.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "people"

enum error_code rest_link_create(struct rest_call *call, char **detail)
{
    const struct message_rest_link_create *body = call->body;
    struct message_rest_link_create_reply *reply = call->reply;
    if (!auth_role_has_links(body->role)) {
        *detail = g_strdup_printf("%s: rooms and MCUs enrol with a code", role_name(body->role));
        return ERROR_LINK_BAD_ROLE;
    }
    // Only a technician works without a meeting: on all of them.
    if (!body->has_meeting && body->role != ROLE_TECHNICIAN)
        return ERROR_MEETING_UNKNOWN;
    const struct conference *conference = service_conference(call->service, body->meeting);
    if (body->has_meeting && !conference)
        return ERROR_MEETING_UNKNOWN;
    if (conference && conference_meeting(conference)->state == MEETING_STATE_ENDED)
        return ERROR_MEETING_ENDED;
    struct identity who = { .role = body->role };
    g_strlcpy(who.meeting, body->meeting, sizeof(who.meeting));
    g_strlcpy(who.name, body->name, sizeof(who.name));
    g_autofree char *secret = auth_make_link(call->service->auth, &who,
            body->has_ttl_s ? body->ttl_s : AUTH_LINK_TTL_S, wall_clock_ms());
    if (!secret)
        return ERROR_PROTO_INTERNAL;
    g_snprintf(reply->url, sizeof(reply->url), "%s#link=%s", call->service->public_url, secret);
    reply->has_member = true;
    g_strlcpy(reply->member, who.self, sizeof(reply->member));
    log_info("link made role=%s meeting=%s member=%s", role_name(who.role),
            who.meeting[0] ? who.meeting : "-", who.self);
    return ERROR_NONE;
}

static void fill_session(
        const struct identity *who, struct message_rest_session_create_reply *reply)
{
    reply->role = who->role;
    g_strlcpy(reply->name, who->name, sizeof(reply->name));
    reply->has_meeting = who->meeting[0];
    g_strlcpy(reply->meeting, who->meeting, sizeof(reply->meeting));
    reply->has_member = true;
    g_strlcpy(reply->member, who->self, sizeof(reply->member));
}

enum error_code rest_session_create(struct rest_call *call, char **detail)
{
    (void)detail;
    const struct message_rest_session_create *body = call->body;
    struct identity who;
    g_autofree char *secret = NULL;
    enum error_code code =
            auth_spend_link(call->service->auth, body->secret, wall_clock_ms(), &who, &secret);
    if (code != ERROR_NONE) {
        metric_add(&signal_links_refused_total, 1);
        return code;
    }
    fill_session(&who, call->reply);
    g_autofree char *cookie =
            g_strdup_printf("%s=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Strict",
                    AUTH_COOKIE, secret, AUTH_SESSION_TTL_S);
    log_info("link spent role=%s meeting=%s member=%s", role_name(who.role),
            who.meeting[0] ? who.meeting : "-", who.self);
    rest_answer(call, cookie);
    return REST_LATER;
}

enum error_code rest_session_get(struct rest_call *call, char **detail)
{
    (void)detail;
    struct message_rest_session_create_reply same;
    memset(&same, 0, sizeof(same));
    fill_session(&call->who, &same);
    struct message_rest_session_get_reply *reply = call->reply;
    reply->role = same.role;
    memcpy(reply->name, same.name, sizeof(reply->name));
    reply->has_meeting = same.has_meeting;
    memcpy(reply->meeting, same.meeting, sizeof(reply->meeting));
    reply->has_member = same.has_member;
    memcpy(reply->member, same.member, sizeof(reply->member));
    return ERROR_NONE;
}

// Who forgets its session can not come back as this member: it leaves the roster.
static void leave(struct service *service, const struct identity *who)
{
    struct conference *conference = service_conference(service, who->meeting);
    if (!conference || !meeting_member(conference_meeting(conference), who->self))
        return;
    struct meeting_operation operation = {
        .type = MEETING_LEAVE,
        .actor = who->self,
        .member = who->self,
        .now_ms = wall_clock_ms(),
    };
    enum error_code code = conference_operate(conference, &operation);
    if (code != ERROR_NONE)
        log_warn("person still on the roster meeting=%s member=%s code=%s", who->meeting, who->self,
                error_code_name(code));
}

enum error_code rest_session_delete(struct rest_call *call, char **detail)
{
    (void)detail;
    struct service *service = call->service;
    if (auth_end_session(service->auth, &call->who) < 0)
        return ERROR_PROTO_INTERNAL;
    struct session *session =
            sessions_find(service->sessions, call->who.role, call->who.self, call->who.meeting);
    if (session)
        sessions_end(service->sessions, session, WEB_CLOSE_AUTH, CLOSE_NEXT_STOP);
    leave(service, &call->who);
    rest_answer(call, AUTH_COOKIE "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    return REST_LATER;
}
