// SPDX-License-Identifier: Apache-2.0
// rong-room-media: the room's picture and sound. Started by rong-room, which owns the other end of
// descriptor 3.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/media/media.h"
#include "room-agent/media/service.h"

#define LOG_TOPIC "main"

#define CORE_FD 3

static gboolean on_signal(gpointer data)
{
    loop_quit(data);
    return G_SOURCE_CONTINUE;
}

static GSource *end_on(struct loop *loop, int signal_number)
{
    GSource *source = g_unix_signal_source_new(signal_number);
    g_source_set_callback(source, on_signal, loop, NULL);
    g_source_attach(source, loop_context(loop));
    return source;
}

static int run(void)
{
    static const char *const elements[] = { "appsrc", "appsink", "x264enc", "avdec_h264",
        "videotestsrc", "wavparse", "audioconvert", "audioresample", NULL };
    const char *missing = NULL;
    struct service *service = NULL;
    if (media_init(elements, &missing) < 0) {
        log_error("GStreamer lacks an element element=%s", missing);
        return 1;
    }
    struct loop *loop = loop_new_main();
    GSource *terminated = end_on(loop, SIGTERM);
    GSource *interrupted = end_on(loop, SIGINT);
    const int rc = service_open(loop, CORE_FD, &service);
    if (rc < 0)
        log_error("descriptor 3 is not the core's socket error=\"%s\"", g_strerror(-rc));
    else
        loop_run(loop);
    service_close(service);
    loop_clear_source(&terminated);
    loop_clear_source(&interrupted);
    loop_free(loop);
    return rc < 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("rong-room-media %s\n", daemon_version());
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts("usage: rong-room-media [--version | --help]\n"
             "The room's picture and sound. rong-room starts it, with a socket as descriptor 3.");
        return 0;
    }
    if (argc > 1) {
        fprintf(stderr, "rong-room-media: unexpected argument '%s'; see --help\n", argv[argc - 1]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    return run();
}
