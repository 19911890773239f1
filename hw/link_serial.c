// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hw/link.h"

struct serial_link {
    struct hw_link link; // first
    struct loop *loop;
    char *path;
    speed_t speed;
    int fd;
    GSource *source;
    GSource *up_source; // "up" is said from the loop, like every other link's
};

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {
    { 2400, B2400 },
    { 4800, B4800 },
    { 9600, B9600 },
    { 19200, B19200 },
    { 38400, B38400 },
    { 57600, B57600 },
    { 115200, B115200 },
};

static void serial_close(struct hw_link *link)
{
    struct serial_link *self = (struct serial_link *)link;
    loop_clear_source(&self->source);
    loop_clear_source(&self->up_source);
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
}

static gboolean serial_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct serial_link *self = context;
    (void)condition;
    uint8_t buffer[512];
    ssize_t size = read(fd, buffer, sizeof(buffer));
    if (size > 0) {
        self->link.listener.received(self->link.listener.context, buffer, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        int error = size == 0 ? -ENODEV : -errno; // the adapter was pulled out
        serial_close(&self->link);
        self->link.listener.down(self->link.listener.context, error);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean say_up(gpointer context)
{
    struct serial_link *self = context;
    loop_clear_source(&self->up_source);
    self->link.listener.up(self->link.listener.context);
    return G_SOURCE_REMOVE;
}

// Raw, eight bits, no parity, one stop bit, no handshake lines; nobody else may open it.
static int set_line(int fd, speed_t speed)
{
    struct termios line;
    if (tcgetattr(fd, &line) < 0)
        return -errno;
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    if (cfsetspeed(&line, speed) < 0 || tcsetattr(fd, TCSANOW, &line) < 0 ||
            tcflush(fd, TCIOFLUSH) < 0 || ioctl(fd, TIOCEXCL) < 0)
        return -errno;
    return 0;
}

static int serial_open(struct hw_link *link)
{
    struct serial_link *self = (struct serial_link *)link;
    serial_close(link);
    // Not blocking: without it open() waits for a carrier that three wires do not have.
    self->fd = open(self->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (self->fd < 0)
        return -errno;
    int rc = set_line(self->fd, self->speed);
    if (rc < 0) {
        serial_close(link);
        return rc;
    }
    self->source =
            loop_add_fd(self->loop, self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, serial_readable, self);
    self->up_source = loop_add_timer(self->loop, 0, say_up, self);
    return 0;
}

static int serial_send(struct hw_link *link, const void *data, size_t size)
{
    struct serial_link *self = (struct serial_link *)link;
    if (self->fd < 0)
        return -ENOTCONN;
    ssize_t sent = write(self->fd, data, size);
    if (sent < 0)
        return -errno;
    return (size_t)sent == size ? 0 : -EAGAIN;
}

static void serial_free(struct hw_link *link)
{
    struct serial_link *self = (struct serial_link *)link;
    g_free(self->path);
    g_free(self);
}

static const struct hw_link_class serial_class = {
    .open = serial_open,
    .close = serial_close,
    .send = serial_send,
    .free = serial_free,
};

int hw_link_serial_new(struct loop *loop, const char *path, unsigned baud, struct hw_link **out)
{
    for (size_t i = 0; i < COUNT_OF(speeds); i++) {
        if (speeds[i].baud != baud)
            continue;
        struct serial_link *self = g_new0(struct serial_link, 1);
        self->link.class = &serial_class;
        self->link.is_serial = true;
        self->loop = loop;
        self->path = g_strdup(path);
        self->speed = speeds[i].speed;
        self->fd = -1;
        *out = &self->link;
        return 0;
    }
    return -EINVAL;
}
