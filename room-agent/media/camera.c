// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/camera.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdatomic.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/h264_encoder.h"
#include "room-agent/media/test_picture.h"

#define LOG_TOPIC "camera"

struct camera {
    struct camera_config config;
    char *name;
    struct camera_wish wish;
    uint32_t run; // access units of an earlier pipeline are not sent
    GstElement *pipeline;
    struct h264_encoder *encoder;
    struct test_picture *test; // GStreamer's thread draws it
    uint32_t frame;
    int64_t begun_us;
    _Atomic bool is_broken;
    bool is_missing; // said so in the log
    _Atomic uint64_t dropped;
};

// A job's head; the access unit follows.
struct coded {
    int64_t pts_us;
    uint32_t run;
    bool is_key_frame;
};

static void deliver(void *context, const void *data)
{
    struct camera *camera = context;
    struct coded head;
    memcpy(&head, data, sizeof(head));
    const uint8_t *at = data;
    // The unit's size stands before it: loop_post() hands over memory, not its size.
    size_t size;
    memcpy(&size, at + sizeof(head), sizeof(size));
    if (head.run == camera->run)
        camera->config.fn(camera->config.user, at + sizeof(head) + sizeof(size), size,
                head.is_key_frame, head.pts_us);
}

// GStreamer's thread. `run` changes only while the pipeline is stopped.
static void take_coded(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    struct camera *camera = user;
    const struct coded head = {
        .pts_us = pts_us, .run = camera->run, .is_key_frame = is_key_frame
    };
    const size_t whole = sizeof(head) + sizeof(size) + size;
    g_autofree uint8_t *job = g_malloc(whole);
    memcpy(job, &head, sizeof(head));
    memcpy(job + sizeof(head), &size, sizeof(size));
    memcpy(job + sizeof(head) + sizeof(size), data, size);
    loop_post(camera->config.loop, deliver, camera, job, whole);
}

static void push_picture(struct camera *camera, const struct picture *picture, int64_t pts_us)
{
    if (h264_encoder_push(camera->encoder, picture, pts_us) == -EAGAIN)
        atomic_fetch_add_explicit(&camera->dropped, 1, memory_order_relaxed);
}

static void push_mapped(struct camera *camera, const GstVideoFrame *frame, int64_t pts_us)
{
    struct picture picture = { .width = GST_VIDEO_FRAME_WIDTH(frame),
        .height = GST_VIDEO_FRAME_HEIGHT(frame) };
    for (int plane = 0; plane < 3; plane++) {
        picture.plane[plane] = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
        picture.stride[plane] = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
    }
    push_picture(camera, &picture, pts_us);
}

// GStreamer's thread: one picture is due.
static GstFlowReturn take_picture(GstAppSink *sink, gpointer data)
{
    struct camera *camera = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample)
        return GST_FLOW_EOS;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    const GstClockTime time = gst_segment_to_running_time(
            gst_sample_get_segment(sample), GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    const int64_t pts_us = camera->begun_us + (int64_t)(time / 1000);
    GstVideoInfo info;
    GstVideoFrame frame;
    if (camera->test) {
        push_picture(camera, test_picture_draw(camera->test, camera->frame++), pts_us);
    } else if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) &&
               gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) {
        push_mapped(camera, &frame, pts_us);
        gst_video_frame_unmap(&frame);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    struct camera *camera = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        atomic_store(&camera->is_broken, true);
    gst_message_unref(message);
    return GST_BUS_DROP;
}

struct camera *camera_new(const struct camera_config *config)
{
    struct camera *camera = g_new0(struct camera, 1);
    camera->config = *config;
    camera->name = g_strdup(config->name);
    return camera;
}

static void stop(struct camera *camera)
{
    if (camera->pipeline) {
        gst_element_set_state(camera->pipeline, GST_STATE_NULL);
        g_clear_pointer(&camera->pipeline, gst_object_unref);
    }
    g_clear_pointer(&camera->encoder, h264_encoder_close);
    g_clear_pointer(&camera->test, test_picture_free);
    camera->run++;
}

void camera_free(struct camera *camera)
{
    if (!camera)
        return;
    stop(camera);
    g_free(camera->name);
    g_free(camera);
}

static GstElement *make_pipeline(const struct camera *camera, int width, int height, int fps)
{
    g_autoptr(GError) error = NULL;
    // The synthetic source only gives the beat; the test picture is drawn over what it brings.
    const char *source = camera->config.uses_devices
                                 ? "v4l2src name=camera ! decodebin ! videoconvert ! videoscale ! "
                                   "videorate drop-only=false"
                                 : "videotestsrc is-live=true pattern=black";
    g_autofree char *text =
            g_strdup_printf("%s ! video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1 ! "
                            "appsink name=out sync=false max-buffers=2 drop=true",
                    source, width, height, fps);
    GstElement *pipeline = gst_parse_launch(text, &error);
    if (error) {
        log_error("the camera's pipeline failed error=\"%s\"", error->message);
        g_clear_pointer(&pipeline, gst_object_unref);
    }
    return pipeline;
}

static int start(struct camera *camera)
{
    const int height = camera->wish.height & ~1;
    const int width = (height * 16 / 9 + 1) & ~1;
    camera->pipeline = make_pipeline(camera, width, height, camera->wish.fps);
    if (!camera->pipeline)
        return -ENOENT;
    const struct h264_encoder_config config = {
        .width = width, .height = height, .fps = camera->wish.fps, .kbps = camera->wish.kbps
    };
    const int rc = h264_encoder_open(&config, take_coded, camera, &camera->encoder);
    if (rc < 0)
        return rc;
    if (!camera->config.uses_devices)
        camera->test = test_picture_new(width, height, camera->config.mark, camera->name);

    g_autoptr(GstElement) source = gst_bin_get_by_name(GST_BIN(camera->pipeline), "camera");
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(camera->pipeline), "out");
    if (source && camera->config.device)
        g_object_set(source, "device", camera->config.device, NULL);
    g_autoptr(GstBus) bus = gst_element_get_bus(camera->pipeline);
    gst_bus_set_sync_handler(bus, on_message, camera, NULL);
    atomic_store(&camera->is_broken, false);
    GstAppSinkCallbacks callbacks = { .new_sample = take_picture };
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, camera, NULL);
    camera->begun_us = g_get_monotonic_time();
    if (gst_element_set_state(camera->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return -EIO;
    return 0;
}

static bool is_running_as(const struct camera *camera, const struct camera_wish *wish)
{
    return camera->pipeline && !camera->is_broken && camera->wish.height == wish->height &&
           camera->wish.fps == wish->fps;
}

static bool wants_picture(const struct camera_wish *wish)
{
    return wish->height >= 16 && wish->fps > 0 && wish->kbps > 0;
}

int camera_set(struct camera *camera, const struct camera_wish *wish)
{
    if (wants_picture(wish) && is_running_as(camera, wish)) {
        if (camera->wish.kbps != wish->kbps)
            h264_encoder_set_kbps(camera->encoder, wish->kbps);
        camera->wish = *wish;
        return 0;
    }
    stop(camera);
    camera->wish = *wish;
    const int rc = wants_picture(wish) ? start(camera) : 0;
    if (rc < 0)
        stop(camera);
    if (wants_picture(wish) && (rc < 0) != camera->is_missing) {
        camera->is_missing = rc < 0;
        log_warn("the camera is %s height=%d fps=%d", rc < 0 ? "not there" : "there again",
                wish->height, wish->fps);
    }
    return rc;
}

bool camera_check(struct camera *camera)
{
    const struct camera_wish wish = camera->wish;
    if (!wants_picture(&wish) || is_running_as(camera, &wish))
        return true;
    return camera_set(camera, &wish) == 0;
}

void camera_request_key_frame(struct camera *camera)
{
    if (camera->encoder)
        h264_encoder_request_key_frame(camera->encoder);
}

uint64_t camera_dropped(const struct camera *camera)
{
    return atomic_load_explicit(&camera->dropped, memory_order_relaxed);
}
