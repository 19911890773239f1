// SPDX-License-Identifier: Apache-2.0
// A WebSocket (rong.v1) that stays connected: wss with a client certificate, reconnecting with
// growing pauses for ever. Everything happens on the loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"

struct web_socket_client;

struct web_socket_client_handler {
    // Connected: say hello.
    void (*open)(void *context);
    // One whole text message, NUL-terminated behind `size`.
    void (*message)(void *context, const char *text, size_t size);
    // The connection that `open` announced ended; the next attempt is scheduled already. `code` is
    // the WebSocket's (1006: none came), `reason` its text ("" without).
    void (*closed)(void *context, int code, const char *reason);
};

// Strings are copied. 0 means the default.
struct web_socket_client_config {
    const char *url;              // "wss://host:8444/ws" or "ws://127.0.0.1:…"
    const char *ca_file;          // PEM; the server's name is checked too
    const char *certificate_file; // PEM; NULL: none
    const char *key_file;
    const char *local_address; // "127.0.21.1": the source address; NULL: the kernel's choice
    uint32_t retry_min_ms;     // 250
    uint32_t retry_max_ms;     // 5000; after a reason with "next":"stop" twelve times that
    uint32_t ping_interval_s;  // 10; no answer within as long again reconnects
    uint32_t max_queued_bytes; // 1 MiB; over it the connection is dropped and made anew
};

// Starts connecting at once, from the loop. -EINVAL for a bad url, -ENOENT for a file (logged).
int web_socket_client_open(struct loop *loop, const struct web_socket_client_config *config,
        const struct web_socket_client_handler *handler, void *context,
        struct web_socket_client **out) MUST_CHECK;
// Ends without calling `closed`. Never from a callback of this client; NULL is fine.
void web_socket_client_close(struct web_socket_client *client);
// Queues one text message; false when not connected (nothing is kept for later: state is declared
// anew after `open`).
bool web_socket_client_send(struct web_socket_client *client, const char *text, size_t size);
// Drops the connection and makes it anew after the usual pause: for a peer that breaks the
// protocol.
void web_socket_client_reconnect(struct web_socket_client *client);
