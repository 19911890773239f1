// SPDX-License-Identifier: Apache-2.0
// The WebSocket of a posed device: TLS with a certificate of its own making, Basic authentication
// in the header or, as browsers must, in the subprotocol.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"

struct sim_socket;  // listens
struct sim_session; // one client

struct sim_socket_handler {
    // False: refused at once, as by a device without power.
    bool (*accepts)(void *context);
    void (*opened)(void *context, struct sim_session *session);
    // One whole text message, NUL-terminated behind `size`.
    void (*received)(void *context, struct sim_session *session, const char *text, size_t size);
    void (*closed)(void *context, struct sim_session *session); // the last word of it
};

struct sim_socket_config {
    const char *name;
    const char *listen; // "127.0.0.1:443"
    const char *path;   // "/ws"
    const char *user;
    const char *password;
};

// -EINVAL, -EADDRINUSE and the like.
int sim_socket_open(struct loop *loop, const struct sim_socket_config *config,
        const struct sim_socket_handler *handler, void *context,
        struct sim_socket **out) MUST_CHECK;
void sim_socket_close(struct sim_socket *socket); // NULL is fine
uint16_t sim_socket_port(const struct sim_socket *socket);
const char *sim_socket_fingerprint(const struct sim_socket *socket); // SHA-256, hex with colons
unsigned sim_socket_sessions(const struct sim_socket *socket);
unsigned sim_socket_refused(const struct sim_socket *socket); // clients with a wrong password
void sim_socket_cut(struct sim_socket *socket);               // every client
void sim_session_send(struct sim_session *session, const char *text, size_t size);
// Numbers never come back. NULL: it has gone.
uint32_t sim_session_id(const struct sim_session *session);
struct sim_session *sim_socket_find(const struct sim_socket *socket, uint32_t id);
void sim_session_set_data(struct sim_session *session, void *data); // g_free
void *sim_session_data(const struct sim_session *session);
struct sim_session *sim_socket_at(const struct sim_socket *socket, unsigned index);
