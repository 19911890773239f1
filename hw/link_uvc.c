// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "hw/uvc_port.h"

#define LOG_TOPIC "uvc"

enum { PRESETS = 255, NEAR_ARC_SECONDS = 3600 };

struct preset {
    bool is_known;
    int32_t pan;
    int32_t tilt;
    int32_t zoom;
};

// Of the link's thread alone, once it runs.
struct worker {
    const struct uvc_system *system;
    char *path;
    char *presets_path;
    int socket;
    int fd; // of the camera; -1: closed
    struct preset presets[PRESETS];
};

struct uvc_link {
    struct hw_link link; // first
    struct loop *loop;
    struct worker worker;
    GThread *thread;
    int socket;
    GSource *source;
    uint32_t generation;
    bool is_open;
};

// --- the thread --------------------------------------------------------------------------------

static int call(const struct worker *worker, unsigned long request, void *argument)
{
    return worker->system->ioctl(worker->system->context, worker->fd, request, argument);
}

static int open_camera(struct worker *worker, struct uvc_reply *reply)
{
    struct v4l2_capability capability = { 0 };
    worker->fd = worker->system->open(worker->system->context, worker->path);
    if (worker->fd < 0)
        return worker->fd;
    int rc = call(worker, VIDIOC_QUERYCAP, &capability);
    if (rc < 0)
        return rc;
    // A camera has a second node, for its data about pictures: that one moves nothing.
    if (!(capability.device_caps & V4L2_CAP_VIDEO_CAPTURE))
        return -ENOTTY;
    memcpy(reply->model, capability.card, MIN(sizeof(capability.card), sizeof(reply->model) - 1));
    return 0;
}

static void close_camera(struct worker *worker)
{
    if (worker->fd >= 0)
        worker->system->close(worker->system->context, worker->fd);
    worker->fd = -1;
}

static int set_controls(
        const struct worker *worker, struct v4l2_ext_control *control, unsigned count)
{
    struct v4l2_ext_controls controls = {
        .which = V4L2_CTRL_WHICH_CUR_VAL,
        .count = count,
        .controls = control,
    };
    return call(worker, VIDIOC_S_EXT_CTRLS, &controls);
}

static int get_control(const struct worker *worker, uint32_t id, int32_t *out)
{
    struct v4l2_ext_control control = { .id = id };
    struct v4l2_ext_controls controls = {
        .which = V4L2_CTRL_WHICH_CUR_VAL,
        .count = 1,
        .controls = &control,
    };
    int rc = call(worker, VIDIOC_G_EXT_CTRLS, &controls);
    *out = control.value;
    return rc;
}

static int set_place(const struct worker *worker, int32_t pan, int32_t tilt)
{
    struct v4l2_ext_control controls[] = {
        { .id = V4L2_CID_PAN_ABSOLUTE, .value = pan },
        { .id = V4L2_CID_TILT_ABSOLUTE, .value = tilt },
    };
    return set_controls(worker, controls, COUNT_OF(controls));
}

static int set_zoom(const struct worker *worker, int32_t zoom)
{
    struct v4l2_ext_control control = { .id = V4L2_CID_ZOOM_ABSOLUTE, .value = zoom };
    return set_controls(worker, &control, 1);
}

// Percent of what the camera can do in that direction.
static int scaled(const struct worker *worker, uint32_t id, int32_t percent, int32_t *out)
{
    struct v4l2_query_ext_ctrl query = { .id = id };
    int rc = call(worker, VIDIOC_QUERY_EXT_CTRL, &query);
    if (rc < 0)
        return rc;
    int64_t limit = percent < 0 ? -query.minimum : query.maximum;
    int64_t speed = percent * limit / 100;
    if (speed == 0 && percent != 0)
        speed = percent < 0 ? -1 : 1;
    *out = (int32_t)speed;
    return 0;
}

static int set_speed(const struct worker *worker, int32_t pan, int32_t tilt)
{
    int32_t pan_speed = 0;
    int32_t tilt_speed = 0;
    int rc = scaled(worker, V4L2_CID_PAN_SPEED, pan, &pan_speed);
    if (rc == 0)
        rc = scaled(worker, V4L2_CID_TILT_SPEED, tilt, &tilt_speed);
    struct v4l2_ext_control controls[] = {
        { .id = V4L2_CID_PAN_SPEED, .value = pan_speed },
        { .id = V4L2_CID_TILT_SPEED, .value = tilt_speed },
    };
    return rc < 0 ? rc : set_controls(worker, controls, COUNT_OF(controls));
}

static int set_zooming(const struct worker *worker, int32_t percent)
{
    int32_t speed = 0;
    int rc = scaled(worker, V4L2_CID_ZOOM_CONTINUOUS, percent, &speed);
    struct v4l2_ext_control control = { .id = V4L2_CID_ZOOM_CONTINUOUS, .value = speed };
    return rc < 0 ? rc : set_controls(worker, &control, 1);
}

static int read_place(const struct worker *worker, struct uvc_reply *reply)
{
    int rc = get_control(worker, V4L2_CID_PAN_ABSOLUTE, &reply->pan);
    if (rc == 0)
        rc = get_control(worker, V4L2_CID_TILT_ABSOLUTE, &reply->tilt);
    if (rc == 0)
        rc = get_control(worker, V4L2_CID_ZOOM_ABSOLUTE, &reply->zoom);
    reply->preset = -1;
    for (int i = 0; rc == 0 && i < PRESETS && reply->preset < 0; i++) {
        const struct preset *preset = &worker->presets[i];
        if (preset->is_known && ABS(preset->pan - reply->pan) <= NEAR_ARC_SECONDS &&
                ABS(preset->tilt - reply->tilt) <= NEAR_ARC_SECONDS && preset->zoom == reply->zoom)
            reply->preset = i;
    }
    return rc;
}

static void load_presets(struct worker *worker)
{
    g_autofree char *text = NULL;
    if (!worker->presets_path || !g_file_get_contents(worker->presets_path, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", 5);
        gint64 number = 0, place[3] = { 0 };
        bool is_whole = g_strv_length(words) == 4 &&
                        g_ascii_string_to_signed(words[0], 10, 0, PRESETS - 1, &number, NULL);
        for (int i = 0; is_whole && i < 3; i++)
            is_whole = g_ascii_string_to_signed(
                    words[1 + i], 10, G_MININT32, G_MAXINT32, &place[i], NULL);
        if (is_whole)
            worker->presets[number] =
                    (struct preset){ true, (int)place[0], (int)place[1], (int)place[2] };
    }
}

static int store_preset(struct worker *worker, int32_t number)
{
    struct uvc_reply place = { 0 };
    int rc = read_place(worker, &place);
    if (rc < 0)
        return rc;
    worker->presets[number] = (struct preset){ true, place.pan, place.tilt, place.zoom };
    if (!worker->presets_path)
        return 0;
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < PRESETS; i++)
        if (worker->presets[i].is_known)
            g_string_append_printf(text, "%d %d %d %d\n", i, worker->presets[i].pan,
                    worker->presets[i].tilt, worker->presets[i].zoom);
    if (!g_file_set_contents(worker->presets_path, text->str, (gssize)text->len, NULL))
        log_warn("presets are not kept path=%s", worker->presets_path);
    return 0;
}

static int recall_preset(const struct worker *worker, int32_t number)
{
    const struct preset *preset = &worker->presets[number];
    if (!preset->is_known)
        return -ERANGE;
    int rc = set_place(worker, preset->pan, preset->tilt);
    return rc < 0 ? rc : set_zoom(worker, preset->zoom);
}

static int serve(struct worker *worker, const struct uvc_request *request, struct uvc_reply *reply)
{
    if (request->op == UVC_OPEN) {
        close_camera(worker);
        int rc = open_camera(worker, reply);
        if (rc < 0)
            close_camera(worker);
        return rc;
    }
    if (worker->fd < 0)
        return -ENODEV;
    switch (request->op) {
    case UVC_IDENTIFY: {
        struct v4l2_capability capability = { 0 };
        int rc = call(worker, VIDIOC_QUERYCAP, &capability);
        memcpy(reply->model, capability.card, sizeof(capability.card));
        return rc;
    }
    case UVC_READ:
        return read_place(worker, reply);
    case UVC_MOVE:
        return set_place(worker, request->pan, request->tilt);
    case UVC_ZOOM:
        return set_zoom(worker, request->zoom);
    case UVC_SPEED:
        return set_speed(worker, request->pan, request->tilt);
    case UVC_ZOOMING:
        return set_zooming(worker, request->zoom);
    case UVC_STORE:
        return store_preset(worker, request->preset);
    case UVC_RECALL:
        return recall_preset(worker, request->preset);
    default:
        close_camera(worker);
        return 0;
    }
}

static gpointer work(gpointer context)
{
    struct worker *worker = context;
    struct uvc_request request;
    load_presets(worker);
    while (recv(worker->socket, &request, sizeof(request), 0) == (ssize_t)sizeof(request)) {
        struct uvc_reply reply = {
            .generation = request.generation,
            .serial = request.serial,
            .op = request.op,
        };
        reply.error = serve(worker, &request, &reply);
        // What was asked last is done also when nobody waits for the reply: it may be a stop.
        if (request.op != UVC_CLOSE)
            (void)send(worker->socket, &reply, sizeof(reply), MSG_NOSIGNAL);
    }
    close_camera(worker);
    return NULL;
}

// --- the link ----------------------------------------------------------------------------------

static int tell(struct uvc_link *self, struct uvc_request request)
{
    request.generation = self->generation;
    ssize_t sent = send(self->socket, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? -errno : 0;
}

static void uvc_close(struct hw_link *link)
{
    struct uvc_link *self = (struct uvc_link *)link;
    if (!self->is_open)
        return;
    self->is_open = false;
    self->generation++;
    // A thread that hangs so long that its queue is full closes when it is told to open.
    if (tell(self, (struct uvc_request){ .op = UVC_CLOSE }) < 0)
        log_warn("the camera holds its calls path=%s", self->worker.path);
}

static gboolean answered(gint fd, GIOCondition condition, gpointer context)
{
    struct uvc_link *self = context;
    struct uvc_reply reply;
    (void)condition;
    if (recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) != (ssize_t)sizeof(reply))
        return G_SOURCE_CONTINUE;
    if (!self->is_open || reply.generation != self->generation)
        return G_SOURCE_CONTINUE;
    const struct hw_link_listener *listener = &self->link.listener;
    bool is_gone = reply.error == -ENODEV || (reply.op == UVC_OPEN && reply.error < 0);
    if (is_gone) {
        uvc_close(&self->link);
        listener->down(listener->context, reply.error);
    } else if (reply.op == UVC_OPEN) {
        listener->up(listener->context);
    } else {
        listener->received(listener->context, (const uint8_t *)&reply, sizeof(reply));
    }
    return G_SOURCE_CONTINUE;
}

static int uvc_open(struct hw_link *link)
{
    struct uvc_link *self = (struct uvc_link *)link;
    uvc_close(link);
    self->is_open = true;
    self->generation++;
    return tell(self, (struct uvc_request){ .op = UVC_OPEN });
}

static int uvc_send(struct hw_link *link, const void *data, size_t size)
{
    struct uvc_link *self = (struct uvc_link *)link;
    struct uvc_request request;
    if (!self->is_open)
        return -ENOTCONN;
    if (size != sizeof(request))
        return -EMSGSIZE;
    memcpy(&request, data, sizeof(request));
    return tell(self, request);
}

static void uvc_free(struct hw_link *link)
{
    struct uvc_link *self = (struct uvc_link *)link;
    loop_clear_source(&self->source);
    // Its thread ends after what it was told already; closed at once, unread replies would undo
    // that.
    shutdown(self->socket, SHUT_RDWR);
    g_thread_join(self->thread);
    close(self->socket);
    close(self->worker.socket);
    g_free(self->worker.path);
    g_free(self->worker.presets_path);
    g_free(self);
}

static const struct hw_link_class uvc_class = {
    .open = uvc_open,
    .close = uvc_close,
    .send = uvc_send,
    .free = uvc_free,
};

struct hw_link *hw_link_uvc_new(struct loop *loop, const struct uvc_system *system,
        const char *path, const char *presets_path)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        g_error("no pair of sockets: %s", g_strerror(errno)); // no file is left: nothing works
    struct uvc_link *self = g_new0(struct uvc_link, 1);
    self->link.class = &uvc_class;
    self->link.is_datagram = true;
    self->loop = loop;
    self->socket = sockets[0];
    self->worker.system = system;
    self->worker.path = g_strdup(path);
    self->worker.presets_path = g_strdup(presets_path);
    self->worker.socket = sockets[1];
    self->worker.fd = -1;
    self->source = loop_add_fd(loop, self->socket, G_IO_IN, answered, self);
    self->thread = g_thread_new("uvc", work, &self->worker);
    return &self->link;
}

// --- the real system calls ---------------------------------------------------------------------

static int linux_open(void *context, const char *path)
{
    (void)context;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void linux_close(void *context, int fd)
{
    (void)context;
    close(fd);
}

static int linux_ioctl(void *context, int fd, unsigned long request, void *argument)
{
    (void)context;
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

const struct uvc_system uvc_linux = {
    .open = linux_open,
    .close = linux_close,
    .ioctl = linux_ioctl,
};
