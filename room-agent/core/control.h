// SPDX-License-Identifier: Apache-2.0
// The room's connection to the centre: says hello, resumes, hands on what the centre declares, and
// keeps requests until they are answered. Connects again for ever.
#pragma once

#include <stdbool.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/protocol/envelope.h"
#include "common/protocol/messages.h"

struct control;

struct control_config {
    const char *url;           // wss://host:8444/ws
    const char *state_dir;     // with key, certificate and CA of the enrolment
    const char *local_address; // NULL: any
};

struct control_handler {
    void (*connected)(void *context, const struct message_hello_reply *hello);
    void (*disconnected)(void *context);
    void (*member_desired)(void *context, const struct message_member_desired *desired);
    void (*room_desired)(void *context, const struct message_room_desired *desired);
    // To be answered with MESSAGE_ROOM_ANSWER.
    void (*room_driven)(void *context, const struct message_room_driven *driven);
};

// Called exactly once: `reply` is NULL when it failed (`error`, and `text` for people or logs), was
// not answered in ten seconds, or the connection went (ERROR_NONE).
typedef void control_reply_fn(
        void *context, const void *reply, enum error_code error, const char *text);

int control_open(struct loop *loop, const struct control_config *config,
        const struct control_handler *handler, void *context, struct control **out) MUST_CHECK;
// Ends open requests. NULL is fine.
void control_close(struct control *control);
// After hello.
bool control_is_connected(const struct control *control);
// `done` may be NULL. Not connected: `done` is called before this returns.
void control_request(struct control *control, enum message_type type, const void *body,
        control_reply_fn *done, void *context);
// The same when the network may have changed: without an answer in a second and a half the
// connection is taken for dead and made anew.
void control_request_urgent(struct control *control, enum message_type type, const void *body,
        control_reply_fn *done, void *context);
