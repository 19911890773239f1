// SPDX-License-Identifier: Apache-2.0
// The sockets of a posed device: UDP, or TCP with several clients.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "hw/address.h"

struct sim_client; // one TCP connection

struct sim_listener;
struct sim_listener_handler {
    // False: closed at once.
    bool (*accepted)(void *context, struct sim_client *client);
    void (*received)(void *context, struct sim_client *client, const uint8_t *data, size_t size);
    void (*closed)(void *context, struct sim_client *client); // by the other side
};

// `address` is "127.0.0.1:5678"; port 0: the kernel chooses. -EINVAL, -EADDRINUSE and the like.
int sim_listener_open(struct loop *loop, const char *address,
        const struct sim_listener_handler *handler, void *context,
        struct sim_listener **out) MUST_CHECK;
void sim_listener_close(struct sim_listener *listener); // NULL is fine
uint16_t sim_listener_port(const struct sim_listener *listener);
// A device that is off: no connection is accepted, the open ones are cut. On again: same port.
void sim_listener_set_on(struct sim_listener *listener, bool is_on);
unsigned sim_listener_clients(const struct sim_listener *listener);
// Cuts every client but `spared` (may be NULL), with a reset. No `closed` follows.
void sim_listener_cut(struct sim_listener *listener, const struct sim_client *spared);
// Numbers never come back; 0 is none. A client that has gone gets nothing.
uint32_t sim_client_id(const struct sim_client *client);
void sim_listener_send(
        struct sim_listener *listener, uint32_t client, const void *data, size_t size);
void sim_client_set_data(struct sim_client *client, void *data); // g_free
void *sim_client_data(const struct sim_client *client);

struct sim_port; // UDP
typedef void sim_datagram_fn(
        void *context, const struct hw_address *from, const uint8_t *data, size_t size);
int sim_port_open(struct loop *loop, const char *address, sim_datagram_fn *fn, void *context,
        struct sim_port **out) MUST_CHECK;
void sim_port_close(struct sim_port *port);
uint16_t sim_port_number(const struct sim_port *port);
void sim_port_send(
        struct sim_port *port, const struct hw_address *to, const void *data, size_t size);
