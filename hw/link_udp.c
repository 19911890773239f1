// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "common/base/log.h"
#include "hw/address.h"
#include "hw/link.h"

#define LOG_TOPIC "hw-udp"

struct hw_udp_hub {
    struct loop *loop;
    char *local_address;
    uint16_t local_port;
    int fd;
    GSource *source;
    GPtrArray *links; // struct udp_link, lent; all that are open
    uint64_t strays;  // datagrams from nobody we know
};

struct udp_link {
    struct hw_link link; // first
    struct hw_udp_hub *hub;
    struct hw_address remote;
    bool is_open;
    GSource *up_source; // "up" is said from the loop, like every other link's
};

// The port decides among cameras of one address; else some answer from another port than they hear
// on.
static struct udp_link *find_link(struct hw_udp_hub *hub, const struct hw_address *from)
{
    struct udp_link *only = NULL;
    unsigned of_host = 0;
    for (guint i = 0; i < hub->links->len; i++) {
        struct udp_link *link = g_ptr_array_index(hub->links, i);
        if (!hw_address_same_host(&link->remote, from))
            continue;
        if (hw_address_port(&link->remote) == hw_address_port(from))
            return link;
        only = link;
        of_host++;
    }
    return of_host == 1 ? only : NULL;
}

static gboolean hub_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct hw_udp_hub *hub = context;
    (void)condition;
    uint8_t buffer[2048];
    struct hw_address from = { .size = sizeof(from.v6) };
    ssize_t size = recvfrom(fd, buffer, sizeof(buffer), 0, &from.any, &from.size);
    // An error here is the echo of one camera's "port unreachable": its silence will tell.
    if (size < 0)
        return G_SOURCE_CONTINUE;
    struct udp_link *link = find_link(hub, &from);
    if (link)
        link->link.listener.received(link->link.listener.context, buffer, (size_t)size);
    else if (hub->strays++ == 0)
        log_warn("a datagram from an address that no device has port=%u", hw_address_port(&from));
    return G_SOURCE_CONTINUE;
}

static int hub_bind(struct hw_udp_hub *hub)
{
    if (hub->fd >= 0)
        return 0;
    struct hw_address local;
    int rc = hw_address_parse(hub->local_address, hub->local_port, &local);
    if (rc < 0)
        return rc;
    int fd = socket(local.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, &local.any, local.size) < 0) {
        rc = -errno;
        close(fd);
        return rc;
    }
    hub->fd = fd;
    hub->source = loop_add_fd(hub->loop, fd, G_IO_IN, hub_readable, hub);
    return 0;
}

struct hw_udp_hub *hw_udp_hub_new(struct loop *loop, const char *local_address, uint16_t local_port)
{
    struct hw_udp_hub *hub = g_new0(struct hw_udp_hub, 1);
    hub->loop = loop;
    hub->local_address = g_strdup(local_address);
    hub->local_port = local_port;
    hub->fd = -1;
    hub->links = g_ptr_array_new();
    return hub;
}

void hw_udp_hub_free(struct hw_udp_hub *hub)
{
    if (!hub)
        return;
    loop_clear_source(&hub->source);
    if (hub->fd >= 0)
        close(hub->fd);
    g_ptr_array_unref(hub->links);
    g_free(hub->local_address);
    g_free(hub);
}

static gboolean say_up(gpointer context)
{
    struct udp_link *self = context;
    loop_clear_source(&self->up_source);
    self->link.listener.up(self->link.listener.context);
    return G_SOURCE_REMOVE;
}

static int udp_open(struct hw_link *link)
{
    struct udp_link *self = (struct udp_link *)link;
    int rc = hub_bind(self->hub);
    if (rc < 0)
        return rc;
    if (!self->is_open)
        g_ptr_array_add(self->hub->links, self);
    self->is_open = true;
    loop_clear_source(&self->up_source);
    self->up_source = loop_add_timer(self->hub->loop, 0, say_up, self);
    return 0;
}

static void udp_close(struct hw_link *link)
{
    struct udp_link *self = (struct udp_link *)link;
    loop_clear_source(&self->up_source);
    if (self->is_open)
        g_ptr_array_remove(self->hub->links, self);
    self->is_open = false;
}

static int udp_send(struct hw_link *link, const void *data, size_t size)
{
    struct udp_link *self = (struct udp_link *)link;
    if (!self->is_open)
        return -ENOTCONN;
    ssize_t sent =
            sendto(self->hub->fd, data, size, MSG_NOSIGNAL, &self->remote.any, self->remote.size);
    // A refusal belongs to an earlier datagram, perhaps another camera's; lost ones are asked
    // again.
    if (sent < 0 && errno != ECONNREFUSED && errno != EAGAIN && errno != ENETUNREACH &&
            errno != EHOSTUNREACH)
        return -errno;
    return 0;
}

static void udp_free(struct hw_link *link)
{
    g_free(link);
}

static const struct hw_link_class udp_class = {
    .open = udp_open,
    .close = udp_close,
    .send = udp_send,
    .free = udp_free,
};

int hw_link_udp_new(
        struct hw_udp_hub *hub, const char *address, uint16_t port, struct hw_link **out)
{
    struct udp_link *self = g_new0(struct udp_link, 1);
    self->link.class = &udp_class;
    self->link.is_datagram = true;
    self->hub = hub;
    int rc = hw_address_parse(address, port, &self->remote);
    if (rc < 0) {
        g_free(self);
        return rc;
    }
    *out = &self->link;
    return 0;
}

void hw_link_free(struct hw_link *link)
{
    if (!link)
        return;
    hw_link_close(link);
    link->class->free(link);
}
