// SPDX-License-Identifier: Apache-2.0
#include "signaling/session.h"

#include <openssl/rand.h>
#include <string.h>

#include "common/base/log.h"
#include "common/protocol/body.h"
#include "signaling/event_ring.h"
#include "signaling/metrics.h"
#include "signaling/rate_limit.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "session"

#define RING_EVENTS          1024
#define RING_BYTES           (512 * 1024) // a replay of all fits the queue of a connection twice
#define HELLO_DEADLINE_US    (10 * G_USEC_PER_SEC)
#define SWEEP_MS             1000
#define BAD_MESSAGES_MAX     20
#define REFUSED_FOR_RATE_MAX 200
#define SLOW_BYTES           (256 * 1024) // over it, what can wait or be left out is not sent
#define PROTOCOL_VERSION     1

struct session {
    struct sessions *all;
    char sid[65];
    struct identity who;
    char boot_id[33];
    struct connection *connection; // NULL: lost, may be resumed
    uint32_t connection_count;
    int64_t lost_us;
    struct event_ring *ring;
    int64_t seq;
    struct subscription subscription;
    void *slots[SESSION_SLOT_COUNT]; // the structs that were sent last
};

// One WebSocket; before hello it has no session.
struct connection {
    struct sessions *all;
    struct web_session *web;
    struct identity who;
    struct session *session;
    struct rate_limit limit;
    struct rate_limit stops; // of their own: who drove too much can still stop
    uint32_t refused_for_rate;
    uint32_t bad_messages;
    int64_t opened_us;
    bool is_closing;
};

struct sessions {
    struct loop *loop;
    struct sessions_handler handler;
    void *context;
    GHashTable *by_sid;      // sid → session, owned
    GHashTable *by_key;      // key_of() → session
    GHashTable *connections; // set of struct connection
    GSource *sweep;
};

static int64_t clock_us(const struct sessions *sessions)
{
    return sessions->handler.now_us ? sessions->handler.now_us(sessions->context)
                                    : g_get_monotonic_time();
}

// --- keys ---------------------------------------------------------------------------------------

static char *key_for(enum role role, const char *self, const char *meeting)
{
    // A person is one of its meeting, whatever its role; a machine one of the house.
    bool is_machine = role == ROLE_ROOM || role == ROLE_MCU;
    return g_strdup_printf("%s/%s", is_machine ? role_name(role) : meeting, self);
}

static char *key_of(const struct identity *who)
{
    return key_for(who->role, who->self, who->meeting);
}

struct session *sessions_find(
        struct sessions *sessions, enum role role, const char *self, const char *meeting)
{
    g_autofree char *key = key_for(role, self, meeting);
    return g_hash_table_lookup(sessions->by_key, key);
}

struct session *sessions_find_sid(struct sessions *sessions, const char *sid)
{
    return g_hash_table_lookup(sessions->by_sid, sid);
}

void sessions_each(struct sessions *sessions, void (*fn)(void *context, struct session *session),
        void *context)
{
    GHashTableIter iter;
    gpointer session;
    g_hash_table_iter_init(&iter, sessions->by_sid);
    while (g_hash_table_iter_next(&iter, NULL, &session))
        fn(context, session);
}

const struct identity *session_who(const struct session *session)
{
    return &session->who;
}

const char *session_sid(const struct session *session)
{
    return session->sid;
}

const char *session_boot_id(const struct session *session)
{
    return session->boot_id;
}

bool session_is_connected(const struct session *session)
{
    return session->connection != NULL;
}

uint32_t session_connection(const struct session *session)
{
    return session->connection_count;
}

struct subscription *session_subscription(struct session *session)
{
    return &session->subscription;
}

// --- sending ------------------------------------------------------------------------------------

static void send_text(struct connection *connection, const char *text)
{
    if (connection && !connection->is_closing)
        web_session_send(connection->web, text, strlen(text));
}

static void close_connection(
        struct connection *connection, int code, enum close_next next, enum error_code error)
{
    if (connection->is_closing)
        return;
    connection->is_closing = true;
    g_autofree char *reason = close_reason_build(next, error);
    web_session_close(connection->web, code, reason);
}

bool session_is_behind(const struct session *session)
{
    return session->connection && web_session_queued_bytes(session->connection->web) > SLOW_BYTES;
}

void session_send_event(
        struct session *session, enum message_type type, int64_t at_ms, const void *body)
{
    bool is_ephemeral = message_infos[type].is_ephemeral;
    if (is_ephemeral && !session->connection)
        return;
    if (type == MESSAGE_MEETING_LEVELS && session_is_behind(session)) {
        metric_add(&signal_ephemeral_dropped_total, 1);
        return;
    }
    char at[WALL_CLOCK_TEXT_SIZE];
    wall_clock_format(at_ms ? at_ms : wall_clock_ms(), at);
    char *text = envelope_event(type, is_ephemeral ? 0 : ++session->seq, at, body);
    metric_add(&signal_events_sent_total, 1);
    send_text(session->connection, text);
    if (is_ephemeral)
        g_free(text);
    else
        event_ring_push(session->ring, session->seq, text);
}

void session_send_changed(
        struct session *session, enum session_slot slot, enum message_type type, const void *body)
{
    size_t size = message_infos[type].size;
    if (session->slots[slot] && memcmp(session->slots[slot], body, size) == 0)
        return;
    g_free(session->slots[slot]);
    session->slots[slot] = g_memdup2(body, size);
    session_send_event(session, type, 0, body);
}

void session_forget_slot(struct session *session, enum session_slot slot)
{
    g_clear_pointer(&session->slots[slot], g_free);
}

void session_reply(struct session *session, enum message_type asked, int64_t id, const void *reply)
{
    g_autofree char *text = envelope_reply(asked, id, reply);
    send_text(session->connection, text);
}

static void refuse(
        struct connection *connection, int64_t id, enum error_code code, const char *detail)
{
    metric_add(&signal_requests_refused_total, 1);
    g_autofree char *text = envelope_error(id, code, detail ? detail : error_infos[code].en);
    send_text(connection, text);
}

void session_refuse(struct session *session, int64_t id, enum error_code code, const char *detail)
{
    if (session->connection)
        refuse(session->connection, id, code, detail);
}

// --- life ---------------------------------------------------------------------------------------

static void free_session(gpointer data)
{
    struct session *session = data;
    event_ring_free(session->ring);
    for (int i = 0; i < SESSION_SLOT_COUNT; i++)
        g_free(session->slots[i]);
    g_free(session);
}

static struct session *new_session(struct sessions *sessions, const struct identity *who)
{
    struct session *session = g_new0(struct session, 1);
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        g_error("the system gives no random numbers");
    for (size_t i = 0; i < sizeof(bytes); i++)
        g_snprintf(session->sid + 2 * i, 3, "%02x", bytes[i]);
    session->all = sessions;
    session->who = *who;
    session->ring = event_ring_new(RING_EVENTS, RING_BYTES);
    g_hash_table_insert(sessions->by_sid, session->sid, session);
    g_hash_table_insert(sessions->by_key, key_of(who), session);
    return session;
}

static void detach(struct session *session)
{
    if (!session->connection)
        return;
    session->lost_us = clock_us(session->connection->all);
    session->connection->session = NULL;
    session->connection = NULL;
}

// Frees the session; its connection, if any, is on its own.
static void forget(struct sessions *sessions, struct session *session)
{
    detach(session);
    g_autofree char *key = key_of(&session->who);
    if (g_hash_table_lookup(sessions->by_key, key) == session)
        g_hash_table_remove(sessions->by_key, key);
    sessions->handler.ended(sessions->context, session);
    g_hash_table_remove(sessions->by_sid, session->sid);
}

void sessions_end(
        struct sessions *sessions, struct session *session, int close_code, enum close_next next)
{
    if (session->connection) {
        struct connection *connection = session->connection;
        close_connection(connection, close_code, next,
                close_code == WEB_CLOSE_REPLACED ? ERROR_AUTH_REPLACED : ERROR_AUTH_REQUIRED);
    }
    forget(sessions, session);
}

static void sweep_connection(struct connection *connection, int64_t now_us)
{
    int64_t expires_ms = connection->who.expires_ms;
    if (!connection->session && now_us - connection->opened_us > HELLO_DEADLINE_US)
        close_connection(
                connection, WEB_CLOSE_BAD_PROTOCOL, CLOSE_NEXT_REJOIN, ERROR_PROTO_HELLO_FIRST);
    else if (expires_ms > 0 && expires_ms <= wall_clock_ms())
        close_connection(connection, WEB_CLOSE_AUTH, CLOSE_NEXT_STOP, ERROR_AUTH_REQUIRED);
}

static gboolean on_sweep(gpointer data)
{
    struct sessions *sessions = data;
    int64_t now_us = clock_us(sessions);
    GHashTableIter iter;
    gpointer item;

    g_hash_table_iter_init(&iter, sessions->connections);
    while (g_hash_table_iter_next(&iter, &item, NULL))
        sweep_connection(item, now_us);

    g_autoptr(GPtrArray) over = g_ptr_array_new();
    g_hash_table_iter_init(&iter, sessions->by_sid);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        const struct session *session = item;
        if (!session->connection &&
                now_us - session->lost_us > SESSION_RESUME_TTL_S * G_USEC_PER_SEC)
            g_ptr_array_add(over, item);
    }
    for (guint i = 0; i < over->len; i++)
        forget(sessions, g_ptr_array_index(over, i));
    return G_SOURCE_CONTINUE;
}

struct sessions *sessions_new(
        struct loop *loop, const struct sessions_handler *handler, void *context)
{
    struct sessions *sessions = g_new0(struct sessions, 1);
    sessions->loop = loop;
    sessions->handler = *handler;
    sessions->context = context;
    sessions->by_sid = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_session);
    sessions->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sessions->connections = g_hash_table_new(NULL, NULL);
    sessions->sweep = loop_add_timer(loop, SWEEP_MS, on_sweep, sessions);
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (!sessions)
        return;
    loop_clear_source(&sessions->sweep);
    g_hash_table_destroy(sessions->by_key);
    g_hash_table_destroy(sessions->by_sid);
    g_hash_table_destroy(sessions->connections);
    g_free(sessions);
}

// --- hello --------------------------------------------------------------------------------------

static bool speaks_our_version(const struct message_hello *hello)
{
    for (size_t i = 0; i < hello->versions_count; i++) {
        if (hello->versions[i] == PROTOCOL_VERSION)
            return true;
    }
    return false;
}

// The session that hello wants to go on with, if that loses nothing.
static struct session *resumable(
        const struct connection *connection, const struct message_hello *hello)
{
    struct session *session =
            hello->has_resume ? sessions_find_sid(connection->all, hello->resume.sid) : NULL;
    if (!session || !identity_equal(&session->who, &connection->who) ||
            !event_ring_covers(session->ring, hello->resume.ack) ||
            (session->who.role == ROLE_MCU && strcmp(session->boot_id, hello->boot_id) != 0))
        return NULL;
    return session;
}

static void replace_older(struct connection *connection)
{
    const struct identity *who = &connection->who;
    struct session *older = sessions_find(connection->all, who->role, who->self, who->meeting);
    if (!older)
        return;
    if (older->connection)
        metric_add(&signal_replaced_total, 1);
    sessions_end(connection->all, older, WEB_CLOSE_REPLACED, CLOSE_NEXT_STOP);
}

static void attach(struct connection *connection, struct session *session)
{
    if (session->connection) {
        struct connection *older = session->connection;
        detach(session);
        close_connection(older, WEB_CLOSE_REPLACED, CLOSE_NEXT_STOP, ERROR_AUTH_REPLACED);
    }
    session->connection = connection;
    session->connection_count++;
    session->who = connection->who; // the same member, but perhaps a newer cookie
    connection->session = session;
}

static void send_kept(void *context, const char *text)
{
    send_text(context, text);
}

static void answer_hello(
        struct connection *connection, const struct message_hello *hello, int64_t id, bool resumed)
{
    struct sessions *sessions = connection->all;
    struct session *session = connection->session;
    struct message_hello_reply *reply = g_new0(struct message_hello_reply, 1);
    reply->version = PROTOCOL_VERSION;
    reply->resume_ttl_s = SESSION_RESUME_TTL_S;
    reply->resumed = resumed;
    reply->role = session->who.role;
    g_strlcpy(reply->sid, session->sid, sizeof(reply->sid));
    g_strlcpy(reply->self, session->who.self, sizeof(reply->self));
    g_strlcpy(reply->meeting, session->who.meeting, sizeof(reply->meeting));
    reply->has_meeting = reply->meeting[0];
    sessions->handler.name(sessions->context, &session->who, reply->name, sizeof(reply->name));
    reply->has_name = reply->name[0];
    wall_clock_format(wall_clock_ms(), reply->server_time);
    session_reply(session, MESSAGE_HELLO, id, reply);
    g_free(reply);
    if (resumed)
        event_ring_replay(session->ring, hello->resume.ack, send_kept, connection);
}

static enum error_code accept_hello(
        struct connection *connection, const struct message_hello *hello, int64_t id)
{
    if (!speaks_our_version(hello))
        return ERROR_PROTO_VERSION;
    if (connection->who.role == ROLE_MCU && !hello->has_boot_id)
        return ERROR_PROTO_MISSING_FIELD;
    struct sessions *sessions = connection->all;
    struct session *session = resumable(connection, hello);
    bool resumed = session != NULL;
    if (!resumed) {
        replace_older(connection);
        session = new_session(sessions, &connection->who);
        g_strlcpy(session->boot_id, hello->boot_id, sizeof(session->boot_id));
    }
    attach(connection, session);
    metric_add(resumed ? &signal_resumes_total : &signal_hellos_total, 1);
    log_info("session %s role=%s self=%s meeting=%s client=%s/%s", resumed ? "resumed" : "begun",
            role_name(session->who.role), session->who.self,
            session->who.meeting[0] ? session->who.meeting : "-",
            hello->has_client ? hello->client.name : "-",
            hello->has_client ? hello->client.version : "-");
    answer_hello(connection, hello, id, resumed);
    sessions->handler.presence(sessions->context, session);
    sessions->handler.ready(sessions->context, session, resumed);
    return ERROR_NONE;
}

static void on_hello(struct connection *connection, const struct envelope *envelope)
{
    struct message_hello *hello = g_new0(struct message_hello, 1);
    struct fields_error error = { .code = NULL };
    enum error_code code = ERROR_PROTO_BAD_ENVELOPE;
    if (connection->session)
        code = ERROR_PROTO_BAD_ENVELOPE; // one hello a connection
    else if (envelope_body(envelope, hello, &error) < 0)
        code = error_code_from_name(error.code);
    else
        code = accept_hello(connection, hello, envelope->id);
    g_free(hello);
    if (code == ERROR_NONE)
        return;
    metric_add(&signal_bad_messages_total, 1);
    refuse(connection, envelope->id, code, error.code ? error.path : NULL);
    if (!connection->session)
        close_connection(connection, WEB_CLOSE_BAD_PROTOCOL, CLOSE_NEXT_STOP, code);
}

// --- the web server's callbacks -----------------------------------------------------------------

void sessions_opened(struct sessions *sessions, struct web_session *web)
{
    struct connection *connection = g_new0(struct connection, 1);
    connection->all = sessions;
    connection->web = web;
    connection->opened_us = clock_us(sessions);
    g_hash_table_add(sessions->connections, connection);
    web_session_set_data(web, connection);
    if (!sessions->handler.identify(sessions->context, web, &connection->who)) {
        metric_add(&signal_auth_refused_total, 1);
        close_connection(connection, WEB_CLOSE_AUTH, CLOSE_NEXT_STOP, ERROR_AUTH_REQUIRED);
        return;
    }
    // An MCU reports every conference every second; a person clicks, a room changes now and then.
    bool is_mcu = connection->who.role == ROLE_MCU;
    rate_limit_init(
            &connection->limit, is_mcu ? 4000 : 60, is_mcu ? 2000 : 20, connection->opened_us);
    rate_limit_init(&connection->stops, 200, 50, connection->opened_us);
}

static bool is_stop(const struct envelope *envelope)
{
    struct message_room_drive drive;
    struct fields_error error;
    return envelope->kind == ENVELOPE_REQUEST && envelope->type == MESSAGE_ROOM_DRIVE &&
           envelope_body(envelope, &drive, &error) == 0 && drive.op == DRIVE_OP_STOP;
}

static bool is_within_rate(struct connection *connection, const struct envelope *envelope)
{
    int64_t now_us = clock_us(connection->all);
    if (is_stop(envelope) && rate_limit_take(&connection->stops, now_us))
        return true;
    if (rate_limit_take(&connection->limit, now_us)) {
        connection->refused_for_rate = 0;
        return true;
    }
    metric_add(&signal_rate_limited_total, 1);
    if (++connection->refused_for_rate > REFUSED_FOR_RATE_MAX)
        close_connection(connection, WEB_CLOSE_SLOW, CLOSE_NEXT_WAIT, ERROR_PROTO_RATE);
    else
        refuse(connection, envelope->id, ERROR_PROTO_RATE, NULL);
    return false;
}

static void on_bad_message(
        struct connection *connection, int64_t id, enum error_code code, const char *detail)
{
    metric_add(&signal_bad_messages_total, 1);
    if (id >= 0)
        refuse(connection, id, code, detail);
    // An operation of a newer client is no reason to part.
    bool is_harmless = connection->session && code == ERROR_PROTO_UNKNOWN_OP;
    if (!connection->session || (!is_harmless && ++connection->bad_messages > BAD_MESSAGES_MAX))
        close_connection(connection, WEB_CLOSE_BAD_PROTOCOL, CLOSE_NEXT_STOP, code);
}

void sessions_received(
        struct sessions *sessions, struct web_session *web, const char *text, size_t size)
{
    struct connection *connection = web_session_data(web);
    if (connection->is_closing)
        return;
    struct envelope envelope;
    struct fields_error error;
    int rc = envelope_parse(text, size, &envelope, &error);
    metric_add(&signal_requests_total, 1);
    if (!is_within_rate(connection, &envelope)) {
        envelope_fini(&envelope);
        return;
    }
    if (rc < 0)
        on_bad_message(connection, envelope.id, error_code_from_name(error.code), error.path);
    else if (envelope.kind != ENVELOPE_REQUEST)
        on_bad_message(connection, envelope.id, ERROR_PROTO_BAD_ENVELOPE, NULL);
    else if (envelope.type == MESSAGE_HELLO)
        on_hello(connection, &envelope);
    else if (!connection->session)
        on_bad_message(connection, envelope.id, ERROR_PROTO_HELLO_FIRST, NULL);
    else
        sessions->handler.request(sessions->context, connection->session, &envelope);
    envelope_fini(&envelope);
}

void sessions_closed(struct sessions *sessions, struct web_session *web)
{
    struct connection *connection = web_session_data(web);
    struct session *session = connection->session;
    g_hash_table_remove(sessions->connections, connection);
    if (session) {
        detach(session);
        log_info("session lost its connection role=%s self=%s", role_name(session->who.role),
                session->who.self);
        sessions->handler.presence(sessions->context, session);
    }
    g_free(connection);
}
