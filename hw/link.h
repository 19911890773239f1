// SPDX-License-Identifier: Apache-2.0
// The way to a device: a socket in programs, a script in tests. A link only carries bytes; when to
// connect again is the device engine's business. Nothing here blocks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"

struct hw_link;

// How a link speaks to its user; from the loop, or from within open() and send().
struct hw_link_listener {
    void (*up)(void *context);
    // `error` is a negative errno; 0 when the other side closed in good order; -EKEYREJECTED: it
    // refuses our password; -ENOKEY: we refuse its certificate. The link is closed then.
    void (*down)(void *context, int error);
    void (*received)(void *context, const uint8_t *data, size_t size);
    void *context;
};

struct hw_link_class {
    int (*open)(struct hw_link *link);   // 0, or why not: no event follows then
    void (*close)(struct hw_link *link); // no event follows
    int (*send)(struct hw_link *link, const void *data, size_t size); // 0 or a negative errno
    void (*free)(struct hw_link *link);
};

struct hw_link {
    const struct hw_link_class *class;
    bool is_datagram;
    bool is_serial;
    struct hw_link_listener listener;
};

static inline int MUST_CHECK hw_link_open(struct hw_link *link)
{
    return link->class->open(link);
}

static inline void hw_link_close(struct hw_link *link)
{
    link->class->close(link);
}

static inline int MUST_CHECK hw_link_send(struct hw_link *link, const void *data, size_t size)
{
    return link->class->send(link, data, size);
}

void hw_link_free(struct hw_link *link); // closes; NULL is fine

// --- TCP ---------------------------------------------------------------------------------------

// `address` and `local_address` are numeric; the latter may be NULL. -EINVAL for one that is not.
// Notices a silent peer within `user_timeout_ms` of unacknowledged bytes.
int hw_link_tcp_new(struct loop *loop, const char *address, uint16_t port,
        const char *local_address, unsigned user_timeout_ms, struct hw_link **out) MUST_CHECK;

// --- serial lines: raw, 8N1
// ------------------------------------------------------------------------

// `baud`: 2400, 4800, 9600, 19200, 38400, 57600 or 115200; else -EINVAL.
int hw_link_serial_new(
        struct loop *loop, const char *path, unsigned baud, struct hw_link **out) MUST_CHECK;

// --- UDP: one local port shared by all cameras of the box, told apart by where they speak from ---

struct hw_udp_hub;

// Binds when the first link opens. Some cameras answer to port 52381 whatever port asked.
struct hw_udp_hub *hw_udp_hub_new(
        struct loop *loop, const char *local_address, uint16_t local_port);
void hw_udp_hub_free(struct hw_udp_hub *hub); // after its links
int hw_link_udp_new(struct hw_udp_hub *hub, const char *address, uint16_t port,
        struct hw_link **out) MUST_CHECK;

// --- for tests: the test is the device ---------------------------------------------------------

struct hw_link *hw_link_script_new(bool is_datagram);
// What to answer to open(): 0 (up at once), -EINPROGRESS (hw_link_script_up() later), or a refusal.
void hw_link_script_on_open(struct hw_link *link, int result);
void hw_link_script_up(struct hw_link *link);
void hw_link_script_down(struct hw_link *link, int error);
void hw_link_script_receive(struct hw_link *link, const void *data, size_t size);
// Everything sent since the last call (transfer full): GBytes, one a send.
GPtrArray *hw_link_script_take_sent(struct hw_link *link);
// The same list while it still grows, until the next take; outlives the link (transfer full).
GPtrArray *hw_link_script_hold_sent(struct hw_link *link);
unsigned hw_link_script_opens(const struct hw_link *link);
