// SPDX-License-Identifier: Apache-2.0
#include "hw/sim/endpoint.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct sim_client {
    struct sim_listener *listener;
    uint32_t id;
    int fd;
    GSource *source;
    void *data;
};

struct sim_listener {
    struct loop *loop;
    struct sim_listener_handler handler;
    void *context;
    struct hw_address address; // with the port that the kernel chose
    int fd;                    // -1: off
    GSource *source;
    GPtrArray *clients;
    uint32_t last_id;
};

static void client_free(struct sim_client *client, bool with_reset)
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
    struct sim_client *client = context;
    struct sim_listener *listener = client->listener;
    (void)condition;
    uint8_t buffer[4096];
    ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
    if (size > 0) {
        listener->handler.received(listener->context, client, buffer, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        g_ptr_array_remove(listener->clients, client);
        if (listener->handler.closed)
            listener->handler.closed(listener->context, client);
        client_free(client, false);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean listener_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct sim_listener *listener = context;
    (void)condition;
    int client_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client_fd < 0)
        return G_SOURCE_CONTINUE;
    struct sim_client *client = g_new0(struct sim_client, 1);
    client->listener = listener;
    client->id = ++listener->last_id;
    client->fd = client_fd;
    if (!listener->handler.accepted(listener->context, client)) {
        client_free(client, true);
        return G_SOURCE_CONTINUE;
    }
    client->source = loop_add_fd(
            listener->loop, client_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, client_readable, client);
    g_ptr_array_add(listener->clients, client);
    return G_SOURCE_CONTINUE;
}

static int listen_on(struct sim_listener *listener)
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

int sim_listener_open(struct loop *loop, const char *address,
        const struct sim_listener_handler *handler, void *context, struct sim_listener **out)
{
    struct sim_listener *listener = g_new0(struct sim_listener, 1);
    listener->loop = loop;
    listener->handler = *handler;
    listener->context = context;
    listener->fd = -1;
    listener->clients = g_ptr_array_new();
    int rc = hw_address_parse_with_port(address, &listener->address);
    if (rc == 0)
        rc = listen_on(listener);
    if (rc < 0) {
        sim_listener_close(listener);
        return rc;
    }
    *out = listener;
    return 0;
}

static void stop_listening(struct sim_listener *listener)
{
    loop_clear_source(&listener->source);
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

void sim_listener_close(struct sim_listener *listener)
{
    if (!listener)
        return;
    stop_listening(listener);
    sim_listener_cut(listener, NULL);
    g_ptr_array_unref(listener->clients);
    g_free(listener);
}

uint16_t sim_listener_port(const struct sim_listener *listener)
{
    return hw_address_port(&listener->address);
}

void sim_listener_set_on(struct sim_listener *listener, bool is_on)
{
    if (!is_on) {
        stop_listening(listener);
        sim_listener_cut(listener, NULL);
    } else if (listener->fd < 0 && listen_on(listener) < 0) {
        g_warning("the port of a posed device was taken while it was off");
    }
}

unsigned sim_listener_clients(const struct sim_listener *listener)
{
    return listener->clients->len;
}

void sim_listener_cut(struct sim_listener *listener, const struct sim_client *spared)
{
    for (guint i = listener->clients->len; i-- > 0;) {
        struct sim_client *client = g_ptr_array_index(listener->clients, i);
        if (client == spared)
            continue;
        g_ptr_array_remove_index(listener->clients, i);
        client_free(client, true);
    }
}

uint32_t sim_client_id(const struct sim_client *client)
{
    return client->id;
}

void sim_listener_send(
        struct sim_listener *listener, uint32_t client, const void *data, size_t size)
{
    for (guint i = 0; i < listener->clients->len; i++) {
        const struct sim_client *to = g_ptr_array_index(listener->clients, i);
        // A client that reads nothing loses what does not fit, as with the real devices.
        if (to->id == client && send(to->fd, data, size, MSG_NOSIGNAL) < 0)
            return;
    }
}

void sim_client_set_data(struct sim_client *client, void *data)
{
    g_free(client->data);
    client->data = data;
}

void *sim_client_data(const struct sim_client *client)
{
    return client->data;
}

// --- UDP ---------------------------------------------------------------------------------------

struct sim_port {
    int fd;
    GSource *source;
    struct hw_address address;
    sim_datagram_fn *fn;
    void *context;
};

static gboolean port_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct sim_port *port = context;
    (void)condition;
    uint8_t buffer[2048];
    struct hw_address from = { .size = sizeof(from.v6) };
    ssize_t size = recvfrom(fd, buffer, sizeof(buffer), 0, &from.any, &from.size);
    if (size >= 0)
        port->fn(port->context, &from, buffer, (size_t)size);
    return G_SOURCE_CONTINUE;
}

int sim_port_open(struct loop *loop, const char *address, sim_datagram_fn *fn, void *context,
        struct sim_port **out)
{
    struct sim_port *port = g_new0(struct sim_port, 1);
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
    sim_port_close(port);
    return rc;
}

void sim_port_close(struct sim_port *port)
{
    if (!port)
        return;
    loop_clear_source(&port->source);
    if (port->fd >= 0)
        close(port->fd);
    g_free(port);
}

uint16_t sim_port_number(const struct sim_port *port)
{
    return hw_address_port(&port->address);
}

void sim_port_send(
        struct sim_port *port, const struct hw_address *to, const void *data, size_t size)
{
    if (sendto(port->fd, data, size, 0, &to->any, to->size) < 0)
        errno = 0; // lost, as datagrams may be
}
