// SPDX-License-Identifier: Apache-2.0
#include "hw/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct hw_client {
    struct hw_listener *listener;
    uint32_t id;
    int fd;
    struct hw_address address;
    bool is_forgotten;
    GSource *source;
    void *data;
};

struct hw_listener {
    struct loop *loop;
    struct hw_listener_handler handler;
    void *context;
    struct hw_address address; // with the port that the kernel chose
    int fd;                    // -1: off
    GSource *source;
    GPtrArray *clients;
    uint32_t last_id;
};

static void client_free(struct hw_client *client, bool with_reset)
{
    loop_clear_source(&client->source);
    if (with_reset) {
        struct linger linger = { .l_onoff = 1 };
        if (setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
            errno = 0; // then it is closed in good order
    }
    close(client->fd);
    g_free(client->data);
    g_free(client);
}

static gboolean client_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct hw_client *client = context;
    struct hw_listener *listener = client->listener;
    (void)condition;
    uint8_t buffer[4096];
    ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
    if (size > 0 && client->is_forgotten)
        return G_SOURCE_CONTINUE;
    if (size > 0) {
        listener->handler.received(listener->context, client, buffer, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        g_ptr_array_remove(listener->clients, client);
        if (listener->handler.closed && !client->is_forgotten)
            listener->handler.closed(listener->context, client);
        client_free(client, false);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean listener_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct hw_listener *listener = context;
    (void)condition;
    struct hw_address from = { .size = sizeof(from.v6) };
    int client_fd = accept4(fd, &from.any, &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client_fd < 0)
        return G_SOURCE_CONTINUE;
    struct hw_client *client = g_new0(struct hw_client, 1);
    client->listener = listener;
    client->id = ++listener->last_id;
    client->fd = client_fd;
    client->address = from;
    if (!listener->handler.accepted(listener->context, client)) {
        client_free(client, true);
        return G_SOURCE_CONTINUE;
    }
    client->source = loop_add_fd(
            listener->loop, client_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, client_readable, client);
    g_ptr_array_add(listener->clients, client);
    return G_SOURCE_CONTINUE;
}

static int listen_on(struct hw_listener *listener)
{
    int fd = socket(listener->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            bind(fd, &listener->address.any, listener->address.size) < 0 || listen(fd, 16) < 0 ||
            getsockname(fd, &listener->address.any, &listener->address.size) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    listener->fd = fd;
    listener->source = loop_add_fd(listener->loop, fd, G_IO_IN, listener_readable, listener);
    return 0;
}

int hw_listener_open(struct loop *loop, const char *address,
        const struct hw_listener_handler *handler, void *context, struct hw_listener **out)
{
    struct hw_listener *listener = g_new0(struct hw_listener, 1);
    listener->loop = loop;
    listener->handler = *handler;
    listener->context = context;
    listener->fd = -1;
    listener->clients = g_ptr_array_new();
    int rc = hw_address_parse_with_port(address, &listener->address);
    if (rc == 0)
        rc = listen_on(listener);
    if (rc < 0) {
        hw_listener_close(listener);
        return rc;
    }
    *out = listener;
    return 0;
}

static void stop_listening(struct hw_listener *listener)
{
    loop_clear_source(&listener->source);
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

void hw_listener_close(struct hw_listener *listener)
{
    if (!listener)
        return;
    stop_listening(listener);
    hw_listener_cut(listener, NULL);
    g_ptr_array_unref(listener->clients);
    g_free(listener);
}

uint16_t hw_listener_port(const struct hw_listener *listener)
{
    return hw_address_port(&listener->address);
}

void hw_listener_set_on(struct hw_listener *listener, bool is_on)
{
    if (!is_on) {
        stop_listening(listener);
        hw_listener_cut(listener, NULL);
    } else if (listener->fd < 0 && listen_on(listener) < 0) {
        g_warning("a port was taken while nobody listened on it");
    }
}

unsigned hw_listener_clients(const struct hw_listener *listener)
{
    unsigned count = 0;
    for (guint i = 0; i < listener->clients->len; i++)
        count += !((struct hw_client *)g_ptr_array_index(listener->clients, i))->is_forgotten;
    return count;
}

void hw_listener_forget(struct hw_listener *listener)
{
    for (guint i = 0; i < listener->clients->len; i++)
        ((struct hw_client *)g_ptr_array_index(listener->clients, i))->is_forgotten = true;
}

void hw_listener_cut(struct hw_listener *listener, const struct hw_client *spared)
{
    for (guint i = listener->clients->len; i-- > 0;) {
        struct hw_client *client = g_ptr_array_index(listener->clients, i);
        if (client == spared)
            continue;
        g_ptr_array_remove_index(listener->clients, i);
        client_free(client, true);
    }
}

uint32_t hw_client_id(const struct hw_client *client)
{
    return client->id;
}

void hw_listener_send(struct hw_listener *listener, uint32_t client, const void *data, size_t size)
{
    for (guint i = 0; i < listener->clients->len; i++) {
        const struct hw_client *to = g_ptr_array_index(listener->clients, i);
        // A client that reads nothing loses what does not fit, as with the real devices.
        if (to->id == client && !to->is_forgotten && send(to->fd, data, size, MSG_NOSIGNAL) < 0)
            return;
    }
}

const struct hw_address *hw_client_address(const struct hw_client *client)
{
    return &client->address;
}

void hw_client_set_data(struct hw_client *client, void *data)
{
    g_free(client->data);
    client->data = data;
}

void *hw_client_data(const struct hw_client *client)
{
    return client->data;
}

// --- UDP ---------------------------------------------------------------------------------------

struct hw_port {
    int fd;
    GSource *source;
    struct hw_address address;
    hw_datagram_fn *fn;
    void *context;
};

static gboolean port_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct hw_port *port = context;
    (void)condition;
    uint8_t buffer[2048];
    struct hw_address from = { .size = sizeof(from.v6) };
    ssize_t size = recvfrom(fd, buffer, sizeof(buffer), 0, &from.any, &from.size);
    if (size >= 0)
        port->fn(port->context, &from, buffer, (size_t)size);
    return G_SOURCE_CONTINUE;
}

int hw_port_open(struct loop *loop, const char *address, hw_datagram_fn *fn, void *context,
        struct hw_port **out)
{
    struct hw_port *port = g_new0(struct hw_port, 1);
    port->fn = fn;
    port->context = context;
    port->fd = -1;
    int rc = hw_address_parse_with_port(address, &port->address);
    if (rc < 0)
        goto fail;
    port->fd = socket(port->address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (port->fd < 0 || bind(port->fd, &port->address.any, port->address.size) < 0 ||
            getsockname(port->fd, &port->address.any, &port->address.size) < 0) {
        rc = -errno;
        goto fail;
    }
    port->source = loop_add_fd(loop, port->fd, G_IO_IN, port_readable, port);
    *out = port;
    return 0;

fail:
    hw_port_close(port);
    return rc;
}

void hw_port_close(struct hw_port *port)
{
    if (!port)
        return;
    loop_clear_source(&port->source);
    if (port->fd >= 0)
        close(port->fd);
    g_free(port);
}

uint16_t hw_port_number(const struct hw_port *port)
{
    return hw_address_port(&port->address);
}

void hw_port_send(struct hw_port *port, const struct hw_address *to, const void *data, size_t size)
{
    if (sendto(port->fd, data, size, 0, &to->any, to->size) < 0)
        errno = 0; // lost, as datagrams may be
}
