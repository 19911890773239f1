// SPDX-License-Identifier: Apache-2.0
// What stands around a message's body in subprotocol rong.v1, on the WebSocket and between the two
// halves of a room: a request with its id, the reply or error to it, or an event.
// Pure: any thread. Text in, struct out; struct in, text out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/protocol/fields.h"
#include "common/protocol/messages.h"

#define ENVELOPE_MAX_BYTES (64 * 1024)
#define ENVELOPE_VERSION   1

enum envelope_kind {
    ENVELOPE_NONE,    // not even that could be read
    ENVELOPE_REQUEST, // {"op":…,"id":…,"d":…}
    ENVELOPE_REPLY,   // {"re":…,"d":…}
    ENVELOPE_ERROR,   // {"re":…,"err":{"code":…,"msg":…}}
    ENVELOPE_EVENT,   // {"ev":…,"seq":…,"at":…,"d":…}
};

struct envelope {
    enum envelope_kind kind;
    enum message_type type; // of a request or event; a reply's is known to who asked
    int64_t id;             // of a request; of what a reply or error answers
    int64_t seq;            // of an event; 0: none, it is not replayed
    char at[36];            // of an event; RFC 3339, may be empty
    enum error_code error;  // of an error; ERROR_NONE: a code we do not know
    char error_code[49];    // the same as text
    char error_text[801];
    struct json_object *d; // owned; NULL: empty
};

// 0, or -EBADMSG with `error`. Even then kind and id are set as far as they could be read, so that
// a request can be answered with the error. Call envelope_fini() either way.
int envelope_parse(
        const char *text, size_t size, struct envelope *out, struct fields_error *error) MUST_CHECK;
void envelope_fini(struct envelope *envelope);

// The body of a request or event, by its own table; of a reply by that of `asked`.
int envelope_body(
        const struct envelope *envelope, void *out, struct fields_error *error) MUST_CHECK;
int envelope_reply_body(const struct envelope *envelope, enum message_type asked, void *out,
        struct fields_error *error) MUST_CHECK;

// Texts, owned by the caller (g_free). `body` is the message's own struct, NULL where it has no
// fields. `at` may be NULL, `seq` 0.
char *envelope_request(enum message_type type, int64_t id, const void *body);
char *envelope_reply(enum message_type asked, int64_t id, const void *body);
char *envelope_error(int64_t id, enum error_code code, const char *text);
// The error of a failed parse: code, and the path as its text.
char *envelope_fault(int64_t id, const struct fields_error *error);
char *envelope_event(enum message_type type, int64_t seq, const char *at, const void *body);

// The reason of a WebSocket close, owned by the caller (g_free):
// {"next":"wait","code":"server.ending"}.
char *close_reason_build(enum close_next next, enum error_code code);
// CLOSE_NEXT_RESUME if the text says nothing: a connection that just broke is resumed.
enum close_next close_reason_next(const char *text, size_t size);
