// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "hw/address.h"
#include "hw/link.h"

struct tcp_link {
    struct hw_link link; // first
    struct loop *loop;
    struct hw_address remote;
    struct hw_address local;
    bool has_local;
    unsigned user_timeout_ms;
    int fd;
    bool is_up;
    GSource *source;
};

static void tcp_close(struct hw_link *link)
{
    struct tcp_link *self = (struct tcp_link *)link;
    loop_clear_source(&self->source);
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->is_up = false;
}

static void go_down(struct tcp_link *self, int error)
{
    tcp_close(&self->link);
    self->link.listener.down(self->link.listener.context, error);
}

static gboolean tcp_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct tcp_link *self = context;
    (void)condition;
    uint8_t buffer[2048];
    ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
    if (size > 0)
        self->link.listener.received(self->link.listener.context, buffer, (size_t)size);
    else if (size == 0)
        go_down(self, 0);
    else if (errno != EAGAIN && errno != EINTR)
        go_down(self, -errno);
    return G_SOURCE_CONTINUE;
}

static gboolean tcp_connected(gint fd, GIOCondition condition, gpointer context)
{
    struct tcp_link *self = context;
    (void)condition;
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error) {
        go_down(self, -error);
        return G_SOURCE_CONTINUE;
    }
    loop_clear_source(&self->source);
    self->source = loop_add_fd(self->loop, fd, G_IO_IN | G_IO_HUP | G_IO_ERR, tcp_readable, self);
    self->is_up = true;
    self->link.listener.up(self->link.listener.context);
    return G_SOURCE_CONTINUE;
}

static int tcp_open(struct hw_link *link)
{
    struct tcp_link *self = (struct tcp_link *)link;
    tcp_close(link);
    self->fd = socket(self->remote.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        return -errno;

    int on = 1;
    int rc = 0;
    if (setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
            setsockopt(self->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &self->user_timeout_ms,
                    sizeof(self->user_timeout_ms)) < 0 ||
            (self->has_local && bind(self->fd, &self->local.any, self->local.size) < 0) ||
            (connect(self->fd, &self->remote.any, self->remote.size) < 0 && errno != EINPROGRESS)) {
        rc = -errno;
        tcp_close(link);
        return rc;
    }
    self->source =
            loop_add_fd(self->loop, self->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, tcp_connected, self);
    return 0;
}

static int tcp_send(struct hw_link *link, const void *data, size_t size)
{
    struct tcp_link *self = (struct tcp_link *)link;
    if (!self->is_up)
        return -ENOTCONN;
    // Commands are tens of bytes: a socket buffer that can not take one means a device that is
    // deaf.
    ssize_t sent = send(self->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0)
        return -errno;
    return (size_t)sent == size ? 0 : -EAGAIN;
}

static void tcp_free(struct hw_link *link)
{
    g_free(link);
}

static const struct hw_link_class tcp_class = {
    .open = tcp_open,
    .close = tcp_close,
    .send = tcp_send,
    .free = tcp_free,
};

int hw_link_tcp_new(struct loop *loop, const char *address, uint16_t port,
        const char *local_address, unsigned user_timeout_ms, struct hw_link **out)
{
    struct tcp_link *self = g_new0(struct tcp_link, 1);
    self->link.class = &tcp_class;
    self->loop = loop;
    self->fd = -1;
    self->user_timeout_ms = user_timeout_ms;
    self->has_local = local_address != NULL;
    if (hw_address_parse(address, port, &self->remote) < 0 ||
            (local_address && hw_address_parse(local_address, 0, &self->local) < 0)) {
        g_free(self);
        return -EINVAL;
    }
    *out = &self->link;
    return 0;
}
