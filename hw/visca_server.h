// SPDX-License-Identifier: Apache-2.0
// We as a camera: microphone systems that follow the speaker say "recall preset N" by VISCA, over
// UDP (with Sony's header or bare) or TCP. Taken are the recall of a preset and the inquiries for
// version, power, position and zoom, IF_Clear and AddressSet; everything else gets VISCA's syntax
// error, so that nobody drives or stores through this door. From the owner's loop.
#pragma once

#include "common/base/check.h"
#include "common/base/loop.h"
#include "hw/address.h"

#define VISCA_SERVER_CLIENTS 8 // by TCP, at once

struct visca_server;

// What an inquiry is answered with.
struct visca_server_state {
    bool is_ready; // else a recall is "not executable now"
    bool is_on;
    int pan;
    int tilt;
    int zoom;
};

struct visca_server_handler {
    void (*state)(void *context, struct visca_server_state *out);
    // Somebody recalls a preset, 0 to 254. They are answered already.
    void (*recalled)(void *context, unsigned preset);
};

struct visca_server_config {
    const char *udp_listen; // "10.1.2.3:52380"; "" for none
    const char *tcp_listen; // "10.1.2.3:5678"; "" for none
    const char *peer;       // the only address that is heard; "" for any
};

// -EINVAL, -EADDRINUSE and the like.
int visca_server_open(struct loop *loop, const struct visca_server_config *config,
        const struct visca_server_handler *handler, void *context,
        struct visca_server **out) MUST_CHECK;
void visca_server_close(struct visca_server *server);              // NULL is fine
uint16_t visca_server_udp_port(const struct visca_server *server); // 0: none
uint16_t visca_server_tcp_port(const struct visca_server *server);
uint64_t visca_server_refused(const struct visca_server *server); // messages and clients
