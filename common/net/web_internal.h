// SPDX-License-Identifier: Apache-2.0
// What the files of the web server share. Of common/net only.
#pragma once

#include <glib.h>
#include <libwebsockets.h>

#include "common/net/web_files.h"
#include "common/net/web_server.h"

#define WEB_SUBPROTOCOL "rong.v1"

// The request headers that handlers may ask for.
enum web_header_id {
    WEB_HEADER_AUTHORIZATION,
    WEB_HEADER_COOKIE,
    WEB_HEADER_HOST,
    WEB_HEADER_CONTENT_TYPE,
    WEB_HEADER_ACCEPT_LANGUAGE,
    WEB_HEADER_ORIGIN,
    WEB_HEADER_IF_NONE_MATCH,
    WEB_HEADER_USER_AGENT,
    WEB_HEADER_ACCEPT_ENCODING,
    WEB_HEADER_COUNT,
};

struct web_headers {
    char *values[WEB_HEADER_COUNT]; // NULL: absent
};

void web_headers_read(struct web_headers *headers, struct lws *wsi);
void web_headers_clear(struct web_headers *headers);
// The value of one cookie of the Cookie header, g_free; NULL when absent.
char *web_headers_cookie(const struct web_headers *headers, const char *name);

// How much one address uses of a listener.
struct web_address_use {
    uint32_t open;
    uint32_t opened_in_second;
    int64_t second;
};

struct web_listener {
    struct web_server *server;
    struct web_listener_config config; // limits are filled in
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3];
    lws_retry_bo_t ping;
    struct web_files *files;
    uint16_t port;
    char *interface;       // for the vhost; NULL: all
    GHashTable *addresses; // key of the address → struct web_address_use
    uint32_t connections;
    GHashTable *sessions; // set of struct web_session
    // Between the two calls of the library for one accept.
    char accepted_address[64];
    bool is_accepting;
};

// One TCP connection; lives as long as the library's wsi.
struct web_connection {
    struct web_listener *listener;
    struct lws *wsi;
    char address[64];
    char *peer_name;   // CN of the verified client certificate, once asked for
    char *peer_serial; // of the same
    bool is_handshake_done;
    struct web_request *request; // HTTP: the one being read or answered
    struct web_session *session; // WebSocket
};

// The CN of the verified client certificate, lent; NULL without one.
const char *web_connection_peer_name(struct web_connection *connection);
// Its serial number in hex.
const char *web_connection_peer_serial(struct web_connection *connection);
// False when a page of another site, or another name for our address, asks. Plain listeners are on
// loopback: a name that an attacker points at 127.0.0.1 must not reach them.
bool web_connection_is_host_allowed(
        const struct web_connection *connection, const struct web_headers *headers);

// HTTP, each called from the library's callback; a negative result closes the connection.
int web_http_begin(struct web_connection *connection, const char *path);
int web_http_body(struct web_connection *connection, const void *data, size_t size);
int web_http_complete(struct web_connection *connection);
int web_http_writable(struct web_connection *connection);
void web_http_gone(struct web_connection *connection);
// Writes a small whole answer at once; the connection is closed after it.
void web_http_refuse(struct web_connection *connection, enum error_code code);

// WebSocket.
int web_session_confirm(struct web_connection *connection); // before the upgrade
void web_session_opened(struct web_connection *connection);
int web_session_received(struct web_connection *connection, const void *data, size_t size);
int web_session_writable(struct web_connection *connection);
void web_session_gone(struct web_connection *connection);
// Says 1001 without waiting: the server ends now.
void web_session_say_goodbye(struct web_session *session);
