// SPDX-License-Identifier: Apache-2.0
// ICE of one peer (libnice): one stream, one component, UDP host
// candidates; lite on the server's side, full and controlling on the
// endpoint's. Everything happens on the thread that iterates the context.
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/check.h"
#include "common/transport/peer.h"

struct ice;

struct ice_events {
    void (*connected)(void *user); // a pair is usable
    void (*failed)(void *user);
    void (*received)(void *user, uint8_t *data, size_t size); // all but STUN; may be written into
};

struct ice_config {
    GMainContext *context;
    bool is_server;
    const char *const *local_addresses; // as in peer_config
    uint16_t min_port, max_port;
    struct ice_events events;
    void *user;
};

// The way through the selected pair, for own sends. The socket is not connected.
struct ice_path {
    int fd; // -1: no pair yet, or one that is not a plain UDP socket
    struct sockaddr_storage address;
    socklen_t address_size;
};

int ice_open(const struct ice_config *config, struct ice **out) MUST_CHECK;
// Not from inside an event.
void ice_close(struct ice *ice);

// Credentials and candidates of our side.
void ice_describe(const struct ice *ice, struct peer_description *out);
// -EINVAL: credentials that libnice refuses.
int ice_set_remote(struct ice *ice, const struct peer_description *remote) MUST_CHECK;
// From now on `received` is silent: the owner reads the socket of the path itself. Checks that come
// are no more answered.
void ice_stop_receiving(struct ice *ice);

bool ice_is_connected(const struct ice *ice);
const struct ice_path *ice_path(const struct ice *ice);
// Through libnice, for what is rare (DTLS). -EAGAIN: not sent.
int ice_send(struct ice *ice, const uint8_t *data, size_t size) MUST_CHECK;
