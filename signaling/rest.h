// SPDX-License-Identifier: Apache-2.0
// The REST interface: routes and rights come from the contract's tables; the handlers stand in
// rest_<subject>.c.
#pragma once

#include "signaling/service.h"

// The table for web_server_listen(); its context is the struct service. Lives for ever.
const struct web_route *rest_routes(void);

// The helper thread that signs certificates; end it before the web server.
GThreadPool *rest_signers_new(struct service *service);

// --- for the handlers ---------------------------------------------------------------------------

struct rest_call {
    struct service *service;
    struct web_request *request;
    enum message_type type;
    struct identity who; // of a person's cookie; ROLE_ADMIN with the token; else ROLE_NONE
    void *body;          // the message's struct, checked
    void *reply;         // the reply's struct, zeroed
};

// A handler fills call->reply and returns ERROR_NONE, or the error with *detail (g_free, may stay
// NULL). REST_LATER: it answers the request itself.
#define REST_LATER ERROR_COUNT
typedef enum error_code rest_fn(struct rest_call *call, char **detail);

rest_fn rest_unit_import, rest_unit_list;
rest_fn rest_room_list, rest_room_code, rest_mcu_code, rest_enroll;
rest_fn rest_meeting_create, rest_meeting_list, rest_meeting_get, rest_meeting_open,
        rest_meeting_end;
rest_fn rest_link_create, rest_session_create, rest_session_get, rest_session_delete;

// 200 with the reply's JSON; `cookie` is a set-cookie header or NULL.
void rest_answer(struct rest_call *call, const char *cookie);
