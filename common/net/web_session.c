// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "common/net/net_metrics.h"
#include "common/net/web_internal.h"
#include "common/protocol/envelope.h"

#define LOG_TOPIC "session"

#define MAX_REASON_BYTES 123 // RFC 6455 section 5.5
#define CLOSE_TIMEOUT_S  5
#define WRITE_CLOSE      ((enum lws_write_protocol)4) // the library keeps this name to itself

struct outgoing {
    size_t size;
    unsigned char bytes[]; // LWS_PRE bytes, then the text
};

struct web_session {
    struct web_connection *connection;
    struct web_headers headers;
    GHashTable *cookies; // those asked for
    void *data;
    GString *incoming;
    GQueue outgoing; // struct outgoing
    size_t queued_bytes;
    bool is_closing;
    int close_code;
    char close_reason[MAX_REASON_BYTES + 1];
};

static const struct web_listener_config *config_of(const struct web_session *session)
{
    return &session->connection->listener->config;
}

static void drop_outgoing(struct web_session *session)
{
    g_queue_clear_full(&session->outgoing, g_free);
    session->queued_bytes = 0;
}

// A browser sends the page's Origin: ours, unless another site's page asks.
static bool is_origin_allowed(
        const struct web_connection *connection, const struct web_headers *headers)
{
    const struct web_listener_config *config = &connection->listener->config;
    const char *origin = headers->values[WEB_HEADER_ORIGIN];
    const char *host = headers->values[WEB_HEADER_HOST];
    if (!origin)
        return true;
    if (config->allowed_origins && g_strv_contains(config->allowed_origins, origin))
        return true;
    g_autofree char *own =
            g_strconcat(config->tls == WEB_PLAIN ? "http://" : "https://", host ? host : "", NULL);
    return g_ascii_strcasecmp(own, origin) == 0;
}

static bool asks_for_subprotocol(struct lws *wsi)
{
    char text[256];
    if (lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_PROTOCOL) <= 0)
        return false;
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    for (char **name = names; *name; name++) {
        if (strcmp(g_strstrip(*name), WEB_SUBPROTOCOL) == 0)
            return true;
    }
    return false;
}

static bool is_socket_path(struct lws *wsi, const char *path)
{
    char uri[256];
    return path && lws_hdr_copy(wsi, uri, sizeof(uri), WSI_TOKEN_GET_URI) > 0 &&
           strcmp(uri, path) == 0;
}

int web_session_confirm(struct web_connection *connection)
{
    const struct web_listener_config *config = &connection->listener->config;
    char upgrade[32] = "";
    lws_hdr_copy(connection->wsi, upgrade, sizeof(upgrade), WSI_TOKEN_UPGRADE);
    struct web_session *session = g_new0(struct web_session, 1);
    web_headers_read(&session->headers, connection->wsi);

    enum error_code code = ERROR_NONE;
    if (g_ascii_strcasecmp(upgrade, "websocket") != 0 || connection->session ||
            !is_socket_path(connection->wsi, config->socket_path)) {
        code = ERROR_HTTP_NOT_FOUND;
    } else if (!web_connection_is_host_allowed(connection, &session->headers)) {
        code = ERROR_HTTP_WRONG_HOST;
    } else if (!is_origin_allowed(connection, &session->headers)) {
        code = ERROR_HTTP_WRONG_ORIGIN;
    } else if (!asks_for_subprotocol(connection->wsi)) {
        code = ERROR_HTTP_WRONG_SUBPROTOCOL;
    }
    if (code != ERROR_NONE) {
        metric_add(&net_sessions_refused_total, 1);
        log_info(
                "websocket refused address=%s code=%s", connection->address, error_code_name(code));
        web_http_refuse(connection, code);
        web_headers_clear(&session->headers);
        g_free(session);
        return -1;
    }
    session->connection = connection;
    session->incoming = g_string_new(NULL);
    g_queue_init(&session->outgoing);
    connection->session = session;
    return 0;
}

void web_session_opened(struct web_connection *connection)
{
    struct web_session *session = connection->session;
    metric_add(&net_sessions, 1);
    metric_add(&net_sessions_total, 1);
    g_hash_table_add(connection->listener->sessions, session);
    config_of(session)->socket->open(config_of(session)->context, session);
}

static int refuse_message(struct web_session *session, enum error_code code)
{
    metric_add(&net_messages_bad_total, 1);
    g_autofree char *reason = close_reason_build(CLOSE_NEXT_STOP, code);
    g_string_set_size(session->incoming, 0);
    web_session_close(session, WEB_CLOSE_BAD_PROTOCOL, reason);
    return 0;
}

int web_session_received(struct web_connection *connection, const void *data, size_t size)
{
    struct web_session *session = connection->session;
    if (!session)
        return -1;
    if (session->is_closing)
        return 0;
    if (lws_frame_is_binary(connection->wsi))
        return refuse_message(session, ERROR_PROTO_BAD_JSON);
    if (session->incoming->len + size > WEB_MESSAGE_MAX_BYTES)
        return refuse_message(session, ERROR_PROTO_TOO_LARGE);
    g_string_append_len(session->incoming, data, (gssize)size);
    if (!lws_is_final_fragment(connection->wsi) || lws_remaining_packet_payload(connection->wsi))
        return 0;
    metric_add(&net_messages_in_total, 1);
    config_of(session)->socket->message(
            config_of(session)->context, session, session->incoming->str, session->incoming->len);
    g_string_set_size(session->incoming, 0);
    return 0;
}

int web_session_writable(struct web_connection *connection)
{
    struct web_session *session = connection->session;
    if (!session)
        return -1;
    struct outgoing *next = g_queue_pop_head(&session->outgoing);
    if (next) {
        session->queued_bytes -= next->size;
        int written = lws_write(connection->wsi, next->bytes + LWS_PRE, next->size, LWS_WRITE_TEXT);
        g_free(next);
        if (written < 0)
            return -1;
        metric_add(&net_messages_out_total, 1);
    }
    if (!g_queue_is_empty(&session->outgoing) || (next && session->is_closing)) {
        lws_callback_on_writable(connection->wsi);
        return 0;
    }
    if (!session->is_closing)
        return 0;
    lws_close_reason(connection->wsi, (enum lws_close_status)session->close_code,
            (unsigned char *)session->close_reason, strlen(session->close_reason));
    return -1;
}

void web_session_gone(struct web_connection *connection)
{
    struct web_session *session = connection->session;
    if (!session)
        return;
    // Only those that were opened are in the set, and only they have an owner to tell.
    if (g_hash_table_remove(connection->listener->sessions, session)) {
        metric_add(&net_sessions, -1);
        session->is_closing = true;
        config_of(session)->socket->closed(config_of(session)->context, session);
    }
    connection->session = NULL;
    drop_outgoing(session);
    g_string_free(session->incoming, TRUE);
    g_clear_pointer(&session->cookies, g_hash_table_unref);
    web_headers_clear(&session->headers);
    g_free(session);
}

void web_session_say_goodbye(struct web_session *session)
{
    unsigned char frame[LWS_PRE + 2 + MAX_REASON_BYTES];
    if (session->is_closing)
        return;
    g_autofree char *reason = close_reason_build(CLOSE_NEXT_WAIT, ERROR_SERVER_ENDING);
    size_t size = MIN(strlen(reason), MAX_REASON_BYTES);
    session->is_closing = true;
    drop_outgoing(session);
    frame[LWS_PRE] = WEB_CLOSE_GOING_AWAY >> 8;
    frame[LWS_PRE + 1] = WEB_CLOSE_GOING_AWAY & 0xff;
    memcpy(frame + LWS_PRE + 2, reason, size);
    if (lws_write(session->connection->wsi, frame + LWS_PRE, 2 + size, WRITE_CLOSE) < 0)
        log_debug("goodbye lost address=%s", session->connection->address);
}

void web_session_set_data(struct web_session *session, void *data)
{
    session->data = data;
}

void *web_session_data(const struct web_session *session)
{
    return session->data;
}

const char *web_session_cookie(const struct web_session *session, const char *name)
{
    struct web_session *writable = (struct web_session *)session;
    if (!writable->cookies)
        writable->cookies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!g_hash_table_contains(writable->cookies, name))
        g_hash_table_insert(
                writable->cookies, g_strdup(name), web_headers_cookie(&session->headers, name));
    return g_hash_table_lookup(writable->cookies, name);
}

const char *web_session_peer_name(const struct web_session *session)
{
    return web_connection_peer_name(session->connection);
}

const char *web_session_peer_serial(const struct web_session *session)
{
    return web_connection_peer_serial(session->connection);
}

bool web_session_send(struct web_session *session, const char *text, size_t size)
{
    if (session->is_closing)
        return false;
    if (session->queued_bytes + size > config_of(session)->max_queued_bytes) {
        metric_add(&net_sessions_slow_total, 1);
        log_warn("session reads too slowly address=%s queued_bytes=%zu",
                session->connection->address, session->queued_bytes);
        drop_outgoing(session);
        g_autofree char *reason = close_reason_build(CLOSE_NEXT_RESUME, ERROR_SESSION_SLOW);
        web_session_close(session, WEB_CLOSE_SLOW, reason);
        return false;
    }
    struct outgoing *message = g_malloc(sizeof(*message) + LWS_PRE + size);
    message->size = size;
    memcpy(message->bytes + LWS_PRE, text, size);
    g_queue_push_tail(&session->outgoing, message);
    session->queued_bytes += size;
    lws_callback_on_writable(session->connection->wsi);
    return true;
}

void web_session_close(struct web_session *session, int code, const char *reason)
{
    if (session->is_closing)
        return;
    session->is_closing = true;
    session->close_code = code;
    g_strlcpy(session->close_reason, reason ? reason : "", sizeof(session->close_reason));
    // Who does not read does not hear why either, but ends all the same.
    lws_set_timeout(session->connection->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(session->connection->wsi);
    lws_cancel_service(lws_get_context(session->connection->wsi));
}

size_t web_session_queued_bytes(const struct web_session *session)
{
    return session->queued_bytes;
}
