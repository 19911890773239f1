// SPDX-License-Identifier: Apache-2.0
// The sockets of whoever is spoken to, as a device is: UDP, or TCP with several clients.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "hw/address.h"

struct hw_client; // one TCP connection

struct hw_listener;
struct hw_listener_handler {
    // False: closed at once.
    bool (*accepted)(void *context, struct hw_client *client);
    void (*received)(void *context, struct hw_client *client, const uint8_t *data, size_t size);
    void (*closed)(void *context, struct hw_client *client); // by the other side
};

// `address` is "127.0.0.1:5678"; port 0: the kernel chooses. -EINVAL, -EADDRINUSE and the like.
int hw_listener_open(struct loop *loop, const char *address,
        const struct hw_listener_handler *handler, void *context,
        struct hw_listener **out) MUST_CHECK;
void hw_listener_close(struct hw_listener *listener); // NULL is fine
uint16_t hw_listener_port(const struct hw_listener *listener);
// Off as a device without power: no connection is accepted, the open ones are cut. On again: same
// port.
void hw_listener_set_on(struct hw_listener *listener, bool is_on);
unsigned hw_listener_clients(const struct hw_listener *listener); // without the forgotten
// Half-open, as after a power cut that nobody saw: the clients that there are stay connected, and
// are neither heard nor answered nor counted any more.
void hw_listener_forget(struct hw_listener *listener);
// Cuts every client but `spared` (may be NULL), with a reset. No `closed` follows.
void hw_listener_cut(struct hw_listener *listener, const struct hw_client *spared);
// Numbers never come back; 0 is none. A client that has gone gets nothing.
uint32_t hw_client_id(const struct hw_client *client);
void hw_listener_send(struct hw_listener *listener, uint32_t client, const void *data, size_t size);
const struct hw_address *hw_client_address(const struct hw_client *client);
void hw_client_set_data(struct hw_client *client, void *data); // g_free
void *hw_client_data(const struct hw_client *client);

struct hw_port; // UDP
typedef void hw_datagram_fn(
        void *context, const struct hw_address *from, const uint8_t *data, size_t size);
int hw_port_open(struct loop *loop, const char *address, hw_datagram_fn *fn, void *context,
        struct hw_port **out) MUST_CHECK;
void hw_port_close(struct hw_port *port);
uint16_t hw_port_number(const struct hw_port *port);
void hw_port_send(struct hw_port *port, const struct hw_address *to, const void *data, size_t size);
