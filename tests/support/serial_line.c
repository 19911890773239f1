// SPDX-License-Identifier: Apache-2.0
#include "tests/support/serial_line.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean carry(gint from, GIOCondition condition, gpointer context)
{
    const struct serial_line *line = context;
    uint8_t buffer[256];
    int to = from == line->master ? line->device : line->master;
    ssize_t size = read(from, buffer, sizeof(buffer));
    (void)condition;
    if (size > 0 && write(to, buffer, (size_t)size) == size)
        return G_SOURCE_CONTINUE;
    // The device hung up: a serial line only falls silent.
    return from == line->device && size <= 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void serial_line_open(struct loop *loop, uint16_t port, struct serial_line *line)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_cmpint(line->master, >=, 0);
    g_assert_cmpint(grantpt(line->master), ==, 0);
    g_assert_cmpint(unlockpt(line->master), ==, 0);
    g_assert_cmpint(ptsname_r(line->master, line->path, sizeof(line->path)), ==, 0);
    line->device = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(line->device, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    line->sources[0] = loop_add_fd(loop, line->master, G_IO_IN, carry, line);
    line->sources[1] = loop_add_fd(loop, line->device, G_IO_IN, carry, line);
}

void serial_line_close(struct serial_line *line)
{
    loop_clear_source(&line->sources[0]);
    loop_clear_source(&line->sources[1]);
    if (line->master >= 0)
        close(line->master);
    if (line->device >= 0)
        close(line->device);
    line->master = line->device = -1;
}
