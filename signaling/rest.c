// SPDX-License-Identifier: Apache-2.0
#include "signaling/rest.h"

#include <string.h>

#include "common/base/log.h"
#include "common/protocol/body.h"
#include "signaling/metrics.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "rest"

#define JSON_BODY_BYTES (64 * 1024)
#define CSV_BODY_BYTES  (1024 * 1024)

static const struct row {
    enum message_type type;
    rest_fn *handle;
    bool is_text; // the body is no JSON: the handler reads it
} rows[] = {
    { MESSAGE_REST_UNIT_IMPORT, rest_unit_import, true },
    { MESSAGE_REST_UNIT_LIST, rest_unit_list, false },
    { MESSAGE_REST_ROOM_LIST, rest_room_list, false },
    { MESSAGE_REST_ROOM_CODE, rest_room_code, false },
    { MESSAGE_REST_MCU_CODE, rest_mcu_code, false },
    { MESSAGE_REST_ENROLL, rest_enroll, false },
    { MESSAGE_REST_MEETING_CREATE, rest_meeting_create, false },
    { MESSAGE_REST_MEETING_LIST, rest_meeting_list, false },
    { MESSAGE_REST_MEETING_GET, rest_meeting_get, false },
    { MESSAGE_REST_MEETING_OPEN, rest_meeting_open, false },
    { MESSAGE_REST_MEETING_END, rest_meeting_end, false },
    { MESSAGE_REST_LINK_CREATE, rest_link_create, false },
    { MESSAGE_REST_SESSION_CREATE, rest_session_create, false },
    { MESSAGE_REST_SESSION_GET, rest_session_get, false },
    { MESSAGE_REST_SESSION_DELETE, rest_session_delete, false },
};

void rest_answer(struct rest_call *call, const char *cookie)
{
    const struct web_header headers[] = { { "set-cookie", cookie }, { NULL, NULL } };
    g_autofree char *text = body_build(message_infos[call->type].reply_fields, call->reply);
    web_reply(call->request, 200, cookie ? headers : NULL, BODY_CONTENT_TYPE, text, strlen(text));
}

// Who asks: the administrator by the token, a person by the cookie.
static void identify(struct rest_call *call)
{
    if (auth_is_admin(call->service->auth, web_request_bearer(call->request))) {
        call->who.role = ROLE_ADMIN;
        g_strlcpy(call->who.self, "admin", sizeof(call->who.self));
        return;
    }
    auth_from_cookie(call->service->auth, web_request_cookie(call->request, AUTH_COOKIE),
            wall_clock_ms(), &call->who);
}

static enum error_code allow(struct rest_call *call)
{
    uint32_t roles = message_infos[call->type].roles;
    identify(call);
    if (roles == 0 || (roles & ROLE_BIT(call->who.role)))
        return ERROR_NONE;
    metric_add(&signal_auth_refused_total, 1);
    return call->who.role == ROLE_NONE ? ERROR_AUTH_REQUIRED : ERROR_AUTH_FORBIDDEN;
}

static enum error_code read_body(struct rest_call *call, const struct row *row, char **detail)
{
    size_t size;
    const char *text = web_request_body(call->request, &size);
    struct fields_error error;
    if (row->is_text ||
            body_parse(message_infos[row->type].fields, text, size, call->body, &error) == 0)
        return ERROR_NONE;
    *detail = g_strdup(error.path);
    return error_code_from_name(error.code);
}

static void serve(struct service *service, struct web_request *request, const struct row *row)
{
    const struct message_info *info = &message_infos[row->type];
    struct rest_call call = { .service = service, .request = request, .type = row->type };
    call.body = g_malloc0(info->size);
    call.reply = g_malloc0(info->reply_size);
    g_autofree char *detail = NULL;
    enum error_code code = allow(&call);
    if (code == ERROR_NONE)
        code = read_body(&call, row, &detail);
    if (code == ERROR_NONE)
        code = row->handle(&call, &detail);
    if (code == ERROR_NONE)
        rest_answer(&call, NULL);
    else if (code != REST_LATER) {
        log_info("request refused request=%s code=%s address=%s", info->name, error_code_name(code),
                web_request_address(request));
        web_reply_problem(request, code, detail);
    }
    g_free(call.body);
    g_free(call.reply);
}

// The web server's routes carry a function and no number, so each row has a function of its own.
#define SERVE(index) \
    static void serve_##index(void *context, struct web_request *request) \
    { \
        serve(context, request, &rows[index]); \
    }
#define ROWS(X)           X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define SERVE_NAME(index) serve_##index,
ROWS(SERVE)
static web_request_fn *const serve_fns[] = { ROWS(SERVE_NAME) };
_Static_assert(COUNT_OF(serve_fns) == COUNT_OF(rows), "each row has its function");

const struct web_route *rest_routes(void)
{
    static struct web_route routes[COUNT_OF(rows) + 1];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct message_info *info = &message_infos[rows[i].type];
        routes[i] = (struct web_route){
            .method = info->method,
            .path = info->path,
            .fn = serve_fns[i],
            .max_body_bytes = rows[i].is_text ? CSV_BODY_BYTES : JSON_BODY_BYTES,
        };
    }
    return routes;
}
