// SPDX-License-Identifier: Apache-2.0
// Sessions: hello, sequence numbers, resume, rate limit, replacement. A session outlives its
// WebSocket for SESSION_RESUME_TTL_S; in that time its events are kept and given to the connection
// that resumes it. Nothing of a session outlives the process: what matters is in the journal.
// On the loop's thread.
#pragma once

#include "common/base/check.h"
#include "common/net/web_server.h"
#include "common/protocol/envelope.h"
#include "signaling/auth.h"

#define SESSION_RESUME_TTL_S 300

struct sessions; // all of them
struct session;

struct sessions_handler {
    // Who is it? False: nobody; the connection is closed with 4401.
    bool (*identify)(void *context, struct web_session *web, struct identity *who);
    // A name for hello's reply ("" none), at most 64 characters.
    void (*name)(void *context, const struct identity *who, char *name, size_t size);
    // After hello was answered. Not resumed: a new session that knows nothing yet.
    void (*ready)(void *context, struct session *session, bool resumed);
    // A request other than hello, well-formed as an envelope.
    void (*request)(void *context, struct session *session, const struct envelope *request);
    // Its connection came or went (`ready` follows the coming).
    void (*presence)(void *context, struct session *session);
    // It is about to be freed: not resumed in time, or replaced.
    void (*ended)(void *context, struct session *session);
    // Monotonic, µs; NULL: the system's clock.
    int64_t (*now_us)(void *context);
};

struct sessions *sessions_new(
        struct loop *loop, const struct sessions_handler *handler, void *context);
// After the web server was freed. NULL is fine.
void sessions_free(struct sessions *sessions);
// What the listeners' struct web_socket_handler passes on.
void sessions_opened(struct sessions *sessions, struct web_session *web);
void sessions_received(
        struct sessions *sessions, struct web_session *web, const char *text, size_t size);
void sessions_closed(struct sessions *sessions, struct web_session *web);

// The session of a machine ("room", "64"), or of a person in a meeting; NULL: none.
struct session *sessions_find(
        struct sessions *sessions, enum role role, const char *self, const char *meeting);
struct session *sessions_find_sid(struct sessions *sessions, const char *sid);
// `fn` must not end sessions.
void sessions_each(struct sessions *sessions, void (*fn)(void *context, struct session *session),
        void *context);
// Closes the connection with {"next":…,"code":…} and forgets the session.
void sessions_end(
        struct sessions *sessions, struct session *session, int close_code, enum close_next next);

// What somebody subscribed to; one meeting at a time.
struct subscription {
    enum subscription_detail detail; // NONE: nothing
    char meeting[9];
    char subtree[17];   // "": the whole
    bool watches_rooms; // all of the house: of a technician without a meeting
};

const struct identity *session_who(const struct session *session);
const char *session_sid(const struct session *session);
const char *session_boot_id(const struct session *session); // of an MCU
bool session_is_connected(const struct session *session);
// Rises with each connection that the session gets: a late answer belongs to one of them.
uint32_t session_connection(const struct session *session);
struct subscription *session_subscription(struct session *session);
// A slot for what was last sent of a kind of desired state, to send it only when it changed.
enum session_slot {
    SESSION_SLOT_MEMBER,
    SESSION_SLOT_ROOM,
    SESSION_SLOT_COUNTS,
    SESSION_SLOT_COUNT
};
// Sends the event unless it is the same as the last of the slot, byte by byte: `body` was zeroed
// before it was filled. A slot is for one type.
void session_send_changed(
        struct session *session, enum session_slot slot, enum message_type type, const void *body);

// What is sent next for the slot is sent even if it did not change.
void session_forget_slot(struct session *session, enum session_slot slot);

// Much is queued that it has not read yet: what can wait is better sent later.
bool session_is_behind(const struct session *session);

// An event, with a sequence number and kept for resume unless the contract calls it ephemeral.
// `at_ms` 0: now.
void session_send_event(
        struct session *session, enum message_type type, int64_t at_ms, const void *body);
void session_reply(struct session *session, enum message_type asked, int64_t id, const void *reply);
// `detail` may be NULL: the code's own English text.
void session_refuse(struct session *session, int64_t id, enum error_code code, const char *detail);
