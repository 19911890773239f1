// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 and WebSocket (subprotocol rong.v1) over TLS or plain, by libwebsockets on a loop:
// several listeners in one server, each with its routes, its static files and its WebSocket.
// Everything happens on the loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/protocol/messages.h"

struct web_server;
struct web_listener;
struct web_request; // one HTTP request; the handler's until it is answered
struct web_session; // one WebSocket connection

#define WEB_MESSAGE_MAX_BYTES 65536 // of a WebSocket message

enum web_tls {
    WEB_PLAIN,                  // loopback only
    WEB_TLS,                    // browsers
    WEB_TLS_CLIENT_CERTIFICATE, // machines: the handshake fails without one that client_ca_file
                                // signed
};

// WebSocket close codes of the contract.
enum web_close {
    WEB_CLOSE_NORMAL = 1000,
    WEB_CLOSE_GOING_AWAY = 1001,
    WEB_CLOSE_BAD_PROTOCOL = 4400,
    WEB_CLOSE_AUTH = 4401,
    WEB_CLOSE_REPLACED = 4409,
    WEB_CLOSE_SLOW = 4429,
};

// --- HTTP ----------------------------------------------------------------------------------------

// Answers now or later with exactly one web_reply_*() call; until then `request` stays valid, even
// when the client has gone meanwhile (the answer is then dropped).
typedef void web_request_fn(void *context, struct web_request *request);

struct web_route {
    const char *method;    // "GET"; NULL ends a table
    const char *path;      // "/api/v1/rooms/{code}/code": {name} matches one segment
    web_request_fn *fn;    // called when the body is complete
    size_t max_body_bytes; // more is answered with 413; 0: no body is read
};

// All lent until the answer; NULL when absent.
const char *web_request_method(const struct web_request *request);
const char *web_request_path(const struct web_request *request);
// The segment that {name} matched, percent-decoded; never NULL for a name of the route.
const char *web_request_parameter(const struct web_request *request, const char *name);
// A query argument, percent-decoded.
const char *web_request_query(const struct web_request *request, const char *name);
// authorization, cookie, host, content-type, accept-language, origin, if-none-match, user-agent.
const char *web_request_header(const struct web_request *request, const char *lower_case_name);
// What follows "Bearer " in authorization.
const char *web_request_bearer(const struct web_request *request);
const char *web_request_cookie(const struct web_request *request, const char *name);
// NUL-terminated behind `size`; "" without a body.
const char *web_request_body(const struct web_request *request, size_t *size);
// "127.0.0.1"
const char *web_request_address(const struct web_request *request);

struct web_header {
    const char *name; // "set-cookie"
    const char *value;
};

// The general answer. `headers` ends with a NULL name, may be NULL, comes on top of the security
// headers. Answers to routes are never cached.
void web_reply(struct web_request *request, int status, const struct web_header *headers,
        const char *content_type, const char *body, size_t size);
void web_reply_json(struct web_request *request, int status, const char *json);
// The problem+json of an error, with its own status; `detail` may be NULL.
void web_reply_problem(struct web_request *request, enum error_code code, const char *detail);

// --- WebSocket -----------------------------------------------------------------------------------

struct web_socket_handler {
    // After the upgrade. May already send, or close (with what the client should do next).
    void (*open)(void *context, struct web_session *session);
    // One whole text message, at most WEB_MESSAGE_MAX_BYTES, NUL-terminated behind `size`.
    void (*message)(void *context, struct web_session *session, const char *text, size_t size);
    // The last call for a session, however it ended; never from inside another web_session_*()
    // call.
    void (*closed)(void *context, struct web_session *session);
};

void web_session_set_data(struct web_session *session, void *data);
void *web_session_data(const struct web_session *session);
// Of the upgrade request, as for web_request_*().
const char *web_session_cookie(const struct web_session *session, const char *name);
// The CN of the verified client certificate; NULL on listeners without.
const char *web_session_peer_name(const struct web_session *session);
// The serial number of the same certificate in lower-case hex, for a server that knows which one
// of a name is valid; NULL on listeners without.
const char *web_session_peer_serial(const struct web_session *session);
// Queues one text message. Over the listener's queue bound the session is closed with 4429 and
// counted; on a session that is closing it does nothing. True when queued.
bool web_session_send(struct web_session *session, const char *text, size_t size);
// Sends what is queued, then closes. `reason` is JSON of at most 123 bytes:
// {"next":"stop","code":"auth.required"}; NULL for none. A second call does nothing.
void web_session_close(struct web_session *session, int code, const char *reason);
size_t web_session_queued_bytes(const struct web_session *session);

// --- server --------------------------------------------------------------------------------------

// All strings and tables are lent for the listener's life. 0 in a limit means its default.
struct web_listener_config {
    const char *name;   // "public": in logs
    const char *listen; // "0.0.0.0:8443", "[::]:8443", "127.0.0.1:0" (0: the kernel chooses)
    enum web_tls tls;
    const char *certificate_file; // PEM
    const char *key_file;
    const char *client_ca_file;     // WEB_TLS_CLIENT_CERTIFICATE
    const struct web_route *routes; // may be NULL
    // A built page: files with a hash in their name (under /assets/) are cached for ever, the
    // others asked for again, and any other path without a dot gets /index.html. NULL: no files.
    const char *files_dir;
    const char *socket_path; // "/ws"; NULL: no WebSocket
    const struct web_socket_handler *socket;
    // Browsers send Origin; it must be the Host asked for, or one of these ("https://…"; may be
    // NULL).
    const char *const *allowed_origins;
    void *context;                           // for routes and socket
    uint32_t max_connections;                // of the listener; 4096
    uint32_t max_connections_per_address;    // 512
    uint32_t max_new_per_address_per_second; // 200
    uint32_t max_queued_bytes;               // of a session; 1 MiB
    uint32_t ping_interval_s;                // 10; no answer within as long again closes
};

struct web_server *web_server_new(struct loop *loop);
// Closes everything (sessions get 1001 {"next":"wait"}); `closed` is called for each. Never from a
// callback of this server. NULL is fine.
void web_server_free(struct web_server *server);
// -EADDRINUSE, -EINVAL (address), -ENOENT (certificate or files), each logged.
int web_server_listen(struct web_server *server, const struct web_listener_config *config,
        struct web_listener **out) MUST_CHECK;
uint16_t web_listener_port(const struct web_listener *listener);
// Closes every session of the listener with this code and reason: before ending.
void web_listener_close_sessions(struct web_listener *listener, int code, const char *reason);
