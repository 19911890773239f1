// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/screen.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdatomic.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/frame_mark.h"
#include "common/media/h264_decoder.h"
#include "room-agent/media/inset.h"

#define LOG_TOPIC "screen"

#define GAP_FLOOR_US 150000
#define STREAM_PAUSE 90000
#define SHOWN_MAX    3 // pictures that may wait for the display
// A still screen is sent again five times a second.
#define SHARED_ENDS_US (2 * G_USEC_PER_SEC)

struct screen {
    struct loop *loop;
    screen_need_key_frame_fn *need_key_frame;
    void *user;
    screen_look_fn *look; // NULL: nobody looks
    void *look_user;
    struct h264_decoder *decoder;
    int64_t timestamp; // unwrapped, 90 kHz
    uint32_t last_timestamp;
    bool has_timestamp;
    GstElement *pipeline, *source; // NULL: no display
    int shown_width, shown_height; // of the display's caps; the decoder's thread
    int64_t last_us, mean_gap_us;  // the decoder's thread
    GMutex mutex;                  // of what another decoder's thread gives:
    struct picture *shared;        // NULL: nothing yet
    int64_t shared_us;
    _Atomic uint64_t frames, freezes, frozen_us;
    _Atomic int width, height;
    _Atomic int64_t last_mark;
};

static void measure(struct screen *screen, const struct picture *picture)
{
    const int64_t now_us = g_get_monotonic_time();
    const int64_t gap_us = now_us - screen->last_us;
    if (screen->last_us && screen->mean_gap_us &&
            gap_us > MAX(3 * screen->mean_gap_us, screen->mean_gap_us + GAP_FLOOR_US)) {
        atomic_fetch_add(&screen->freezes, 1);
        atomic_fetch_add(&screen->frozen_us, (uint64_t)gap_us);
    } else if (screen->last_us) {
        // WebRTC takes the mean of the last 30 gaps; this decays as fast.
        screen->mean_gap_us =
                screen->mean_gap_us ? (29 * screen->mean_gap_us + gap_us) / 30 : gap_us;
    }
    screen->last_us = now_us;

    struct frame_mark mark;
    const bool has_mark = frame_mark_read(picture, 0, 0, picture->width, picture->height, &mark);
    atomic_store(&screen->last_mark, has_mark ? (int64_t)mark.room << 20 | mark.frame : -1);
    atomic_store(&screen->width, picture->width);
    atomic_store(&screen->height, picture->height);
    atomic_fetch_add(&screen->frames, 1);
}

static void copy_planes(struct picture *to, const struct picture *from)
{
    for (int plane = 0; plane < 3; plane++) {
        const int shift = plane > 0;
        for (int y = 0; y < from->height >> shift; y++)
            memcpy(to->plane[plane] + y * to->stride[plane],
                    from->plane[plane] + y * from->stride[plane], (size_t)(from->width >> shift));
    }
}

// `inset` NULL: the picture alone.
static void show(struct screen *screen, const struct picture *picture, const struct picture *inset)
{
    GstVideoInfo info;
    GstVideoFrame frame;
    gst_video_info_set_format(
            &info, GST_VIDEO_FORMAT_I420, (guint)picture->width, (guint)picture->height);
    if (picture->width != screen->shown_width || picture->height != screen->shown_height) {
        g_autoptr(GstCaps) caps = gst_video_info_to_caps(&info);
        gst_app_src_set_caps(GST_APP_SRC(screen->source), caps);
        screen->shown_width = picture->width;
        screen->shown_height = picture->height;
    }
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
    if (!gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE)) {
        gst_buffer_unref(buffer);
        return;
    }
    struct picture to = { .width = picture->width, .height = picture->height };
    for (int plane = 0; plane < 3; plane++) {
        to.plane[plane] = GST_VIDEO_FRAME_PLANE_DATA(&frame, plane);
        to.stride[plane] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
    }
    copy_planes(&to, picture);
    if (inset)
        inset_draw(&to, inset);
    gst_video_frame_unmap(&frame);
    gst_app_src_push_buffer(GST_APP_SRC(screen->source), buffer);
}

static void show_both(struct screen *screen, const struct picture *picture)
{
    g_mutex_lock(&screen->mutex);
    const bool is_shared =
            screen->shared && g_get_monotonic_time() - screen->shared_us < SHARED_ENDS_US;
    if (is_shared)
        show(screen, screen->shared, picture);
    else
        show(screen, picture, NULL);
    g_mutex_unlock(&screen->mutex);
}

void screen_take_shared(void *user, const struct picture *picture)
{
    struct screen *screen = user;
    g_mutex_lock(&screen->mutex);
    if (!screen->shared || screen->shared->width != picture->width ||
            screen->shared->height != picture->height) {
        picture_free(screen->shared);
        screen->shared = picture_new(picture->width, picture->height);
    }
    copy_planes(screen->shared, picture);
    screen->shared_us = g_get_monotonic_time();
    g_mutex_unlock(&screen->mutex);
}

// GStreamer's thread.
static void take_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct screen *screen = user;
    measure(screen, picture);
    if (screen->look)
        screen->look(screen->look_user, picture);
    if (screen->source)
        show_both(screen, picture);
}

static void tell_need(void *context, const void *data)
{
    (void)data;
    struct screen *screen = context;
    screen->need_key_frame(screen->user);
}

// GStreamer's thread, or the loop's.
static void ask_key_frame(void *user)
{
    struct screen *screen = user;
    loop_post(screen->loop, tell_need, screen, NULL, 0);
}

static int open_display(struct screen *screen)
{
    g_autoptr(GError) error = NULL;
    screen->pipeline = gst_parse_launch(
            "appsrc name=in is-live=true format=time do-timestamp=true leaky-type=downstream ! "
            "videoconvert ! autovideosink sync=false",
            &error);
    if (!screen->pipeline || error) {
        log_error("the display's pipeline failed error=\"%s\"", error ? error->message : "");
        return -ENOENT;
    }
    screen->source = gst_bin_get_by_name(GST_BIN(screen->pipeline), "in");
    g_object_set(screen->source, "max-buffers", (guint64)SHOWN_MAX, "max-bytes", (guint64)0, NULL);
    if (gst_element_set_state(screen->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        log_error("the display does not open");
        return -EIO;
    }
    return 0;
}

int screen_open(struct loop *loop, bool has_display, screen_need_key_frame_fn *need_key_frame,
        void *user, struct screen **out)
{
    struct screen *screen = g_new0(struct screen, 1);
    screen->loop = loop;
    screen->need_key_frame = need_key_frame;
    screen->user = user;
    atomic_store(&screen->last_mark, -1);
    g_mutex_init(&screen->mutex);
    int rc = has_display ? open_display(screen) : 0;
    if (rc == 0)
        rc = h264_decoder_open(take_picture, ask_key_frame, screen, &screen->decoder);
    if (rc < 0) {
        screen_close(screen);
        return rc;
    }
    *out = screen;
    return 0;
}

void screen_close(struct screen *screen)
{
    if (!screen)
        return;
    h264_decoder_close(screen->decoder);
    if (screen->pipeline) {
        gst_element_set_state(screen->pipeline, GST_STATE_NULL);
        g_clear_pointer(&screen->source, gst_object_unref);
        gst_object_unref(screen->pipeline);
    }
    picture_free(screen->shared);
    g_mutex_clear(&screen->mutex);
    g_free(screen);
}

void screen_begin_stream(struct screen *screen)
{
    screen->has_timestamp = false;
    screen->timestamp += STREAM_PAUSE; // times must not go back
}

void screen_push(struct screen *screen, const struct h264_access_unit *unit)
{
    if (screen->has_timestamp)
        screen->timestamp += (int32_t)(unit->timestamp - screen->last_timestamp);
    screen->has_timestamp = true;
    screen->last_timestamp = unit->timestamp;
    h264_decoder_push(screen->decoder, unit->data, unit->size, MAX(screen->timestamp, 0) * 100 / 9);
}

void screen_set_look(struct screen *screen, screen_look_fn *look, void *user)
{
    screen->look = look;
    screen->look_user = user;
}

void screen_read_counters(const struct screen *screen, struct screen_counters *out)
{
    *out = (struct screen_counters){
        .frames = atomic_load(&screen->frames),
        .freezes = atomic_load(&screen->freezes),
        .frozen_us = atomic_load(&screen->frozen_us),
        .width = atomic_load(&screen->width),
        .height = atomic_load(&screen->height),
        .last_mark = atomic_load(&screen->last_mark),
    };
}
