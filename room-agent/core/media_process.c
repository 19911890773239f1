// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/media_process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/backoff.h"
#include "common/protocol/envelope.h"
#include "room-agent/core/metrics.h"

#define LOG_TOPIC "media"

enum {
    CHILD_FD = 3,
    RETRY_MIN_MS = 200,
    RETRY_MAX_MS = 3000, // a dead child is back within five seconds
    STEADY_MS = 10000,   // a child that lived this long was well
    END_MS = 2000,
    END_STEP_US = 10000,
};

struct media_process {
    struct loop *loop;
    const char *program;
    struct media_process_handler handler;
    void *context;
    struct backoff backoff;
    GPid pid; // 0: none
    int fd;
    bool is_ready;
    int64_t started_ms;
    GSource *readable;
    GSource *watch;
    GSource *retry;
};

static void start(struct media_process *media);

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void close_socket(struct media_process *media)
{
    loop_clear_source(&media->readable);
    if (media->fd >= 0)
        close(media->fd);
    media->fd = -1;
    media->is_ready = false;
}

static gboolean retry(gpointer context)
{
    struct media_process *media = context;
    loop_clear_source(&media->retry);
    start(media);
    return G_SOURCE_REMOVE;
}

static void retry_later(struct media_process *media)
{
    if (now_ms() - media->started_ms >= STEADY_MS)
        backoff_reset(&media->backoff);
    uint32_t pause_ms = backoff_next(&media->backoff, g_random_int());
    loop_clear_source(&media->retry);
    media->retry = loop_add_timer(media->loop, pause_ms, retry, media);
}

static void child_ended(GPid pid, gint status, gpointer context)
{
    struct media_process *media = context;
    if (WIFSIGNALED(status))
        log_warn("media process ended pid=%d signal=%d", pid, WTERMSIG(status));
    else
        log_warn("media process ended pid=%d status=%d", pid, WEXITSTATUS(status));
    loop_clear_source(&media->watch);
    media->pid = 0;
    close_socket(media);
    retry_later(media);
    media->handler.ended(media->context);
}

static void take_packet(struct media_process *media, const char *text, size_t size)
{
    g_autofree struct envelope *envelope = g_new0(struct envelope, 1);
    struct fields_error error = { 0 };
    int rc = envelope_parse(text, size, envelope, &error);
    bool is_event = rc == 0 && envelope->kind == ENVELOPE_EVENT;
    g_autofree void *body = is_event ? g_malloc0(MAX(message_infos[envelope->type].size, 1)) : NULL;
    if (!is_event || envelope_body(envelope, body, &error) < 0) {
        metric_add(&room_bad_messages_total, 1);
        log_warn("bad message from the media process code=%s path=%s",
                error.code ? error.code : "none", error.path);
    } else if (envelope->type == MESSAGE_LOCAL_READY) {
        const struct message_local_ready *ready = body;
        log_info("media process ready pid=%d version=%s", media->pid, ready->version);
        media->is_ready = true;
        media->handler.ready(media->context);
    } else {
        media->handler.message(media->context, envelope->type, body);
    }
    envelope_fini(envelope);
}

static gboolean packet_readable(gint fd, GIOCondition condition, gpointer context)
{
    struct media_process *media = context;
    (void)condition;
    g_autofree char *text = g_malloc(ENVELOPE_MAX_BYTES + 1);
    ssize_t size = recv(fd, text, ENVELOPE_MAX_BYTES, 0);
    if (size > 0) {
        text[size] = '\0';
        take_packet(media, text, (size_t)size);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_socket(media); // the watch tells when the child itself is gone
    }
    return G_SOURCE_CONTINUE;
}

// In the child, before exec: it shall not outlive us.
static void prepare_child(gpointer context)
{
    pid_t parent = GPOINTER_TO_INT(context);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(1);
}

static void start(struct media_process *media)
{
    int pair[2];
    media->started_ms = now_ms();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        log_error("no socket pair error=\"%s\"", g_strerror(errno));
        retry_later(media);
        return;
    }
    const char *const argv[] = { media->program, NULL };
    const int source = pair[1];
    const int target = CHILD_FD;
    g_autoptr(GError) error = NULL;
    gboolean is_running = g_spawn_async_with_pipes_and_fds(NULL, argv, NULL,
            G_SPAWN_DO_NOT_REAP_CHILD, prepare_child, GINT_TO_POINTER(getpid()), -1, -1, -1,
            &source, &target, 1, &media->pid, NULL, NULL, NULL, &error);
    close(pair[1]);
    if (!is_running) {
        log_error("media process can not be started error=\"%s\"", error->message);
        close(pair[0]);
        media->pid = 0;
        retry_later(media);
        return;
    }
    metric_add(&room_media_starts_total, 1);
    media->fd = pair[0];
    media->readable = loop_add_fd(
            media->loop, media->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, packet_readable, media);
    media->watch = g_child_watch_source_new(media->pid);
    g_source_set_callback(media->watch, G_SOURCE_FUNC(child_ended), media, NULL);
    g_source_attach(media->watch, loop_context(media->loop));
}

struct media_process *media_process_new(struct loop *loop, const char *program,
        const struct media_process_handler *handler, void *context)
{
    struct media_process *media = g_new0(struct media_process, 1);
    media->loop = loop;
    media->program = program;
    media->handler = *handler;
    media->context = context;
    media->fd = -1;
    backoff_init(&media->backoff, RETRY_MIN_MS, RETRY_MAX_MS);
    start(media);
    return media;
}

static void end_child(struct media_process *media)
{
    kill(media->pid, SIGTERM);
    for (int waited_us = 0; waited_us < END_MS * 1000; waited_us += END_STEP_US) {
        if (waitpid(media->pid, NULL, WNOHANG) != 0)
            return;
        g_usleep(END_STEP_US);
    }
    kill(media->pid, SIGKILL);
    waitpid(media->pid, NULL, 0);
}

void media_process_free(struct media_process *media)
{
    if (!media)
        return;
    loop_clear_source(&media->retry);
    loop_clear_source(&media->watch);
    close_socket(media);
    if (media->pid)
        end_child(media);
    g_free(media);
}

void media_process_restart(struct media_process *media)
{
    if (media->pid)
        kill(media->pid, SIGKILL);
}

bool media_process_is_ready(const struct media_process *media)
{
    return media->is_ready;
}

void media_process_send(struct media_process *media, enum message_type type, const void *body)
{
    if (!media->is_ready)
        return;
    g_autofree char *text = envelope_event(type, 0, NULL, body);
    // A child that reads nothing is a child that hangs: better a new one.
    if (send(media->fd, text, strlen(text), MSG_NOSIGNAL) < 0 && media->pid) {
        log_warn("media process does not listen error=\"%s\"", g_strerror(errno));
        kill(media->pid, SIGKILL);
    }
}
