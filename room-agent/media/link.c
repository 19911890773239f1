// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"

#define LOG_TOPIC "link"

struct link {
    int fd;
    struct link_handler handler;
    void *context;
    GSource *readable;
    char text[ENVELOPE_MAX_BYTES + 1];
};

static void take(struct link *link, size_t size)
{
    struct envelope envelope;
    struct fields_error error = { 0 };
    int rc = envelope_parse(link->text, size, &envelope, &error);
    if (rc == 0 && envelope.kind == ENVELOPE_EVENT) {
        g_autofree void *body = g_malloc0(MAX(message_infos[envelope.type].size, 1));
        rc = envelope_body(&envelope, body, &error);
        if (rc == 0)
            link->handler.message(link->context, envelope.type, body);
    }
    if (rc < 0)
        log_warn("refused a message of the core code=%s path=%s", error.code, error.path);
    envelope_fini(&envelope);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    struct link *link = data;
    const ssize_t size = recv(fd, link->text, sizeof(link->text), MSG_DONTWAIT);
    if (size > 0) {
        take(link, (size_t)size);
        return G_SOURCE_CONTINUE;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    link->handler.closed(link->context);
    return G_SOURCE_REMOVE;
}

int link_open(struct loop *loop, int fd, const struct link_handler *handler, void *context,
        struct link **out)
{
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return -errno;
    if (type != SOCK_SEQPACKET)
        return -EPROTOTYPE;
    fcntl(fd, F_SETFD, FD_CLOEXEC);

    struct link *link = g_new0(struct link, 1);
    link->fd = fd;
    link->handler = *handler;
    link->context = context;
    link->readable = loop_add_fd(loop, fd, G_IO_IN | G_IO_HUP, on_readable, link);
    *out = link;
    return 0;
}

void link_close(struct link *link)
{
    if (!link)
        return;
    loop_clear_source(&link->readable);
    close(link->fd);
    g_free(link);
}

void link_send(struct link *link, enum message_type type, const void *body)
{
    g_autofree char *text = envelope_event(type, 0, NULL, body);
    if (send(link->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EPIPE)
        log_warn("the core does not take a message error=\"%s\"", g_strerror(errno));
}
