// SPDX-License-Identifier: Apache-2.0
// From a request's name to its handler: the role comes from the contract's table, the body is
// checked against its field table, the handler's code becomes the reply.
#pragma once

#include "signaling/conference.h"

struct request {
    struct service *service;
    struct session *session;
    int64_t id;
    enum message_type type;
    const void *body;   // the message's struct
    void *reply;        // the reply's struct, zeroed: filled by the handler
    bool is_answered;   // the handler replied itself, or somebody will later
    const char *detail; // more than the error code says; lent until the handler returned
};

typedef enum error_code handler_fn(struct request *request);

void dispatch_request(
        struct service *service, struct session *session, const struct envelope *envelope);
// May this role send this request? From the contract alone.
bool dispatch_is_allowed(enum message_type type, enum role role);
// Every request of the contract but hello has a handler (for the test).
bool dispatch_has_handler(enum message_type type);
// Sends the reply now, so that what the handler sends after it comes after it.
void dispatch_reply(struct request *request);

// The conference of a meeting that the session may act in: a person in its own, a room in those
// that have it, a technician without a meeting in all. Else ERROR_MEETING_UNKNOWN: nobody learns
// which other meetings there are.
enum error_code dispatch_conference(
        const struct request *request, const char *meeting, struct conference **out) MUST_CHECK;
// Does it with the session as actor, now.
enum error_code dispatch_operate(const struct request *request, const char *meeting,
        struct meeting_operation operation) MUST_CHECK;
