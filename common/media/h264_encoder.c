// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "h264_encoder"

#include "common/media/h264_encoder.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdatomic.h>

#include "common/base/log.h"
#include "common/media/codec_lane.h"

// Pictures that may wait: one in the encoder, one behind it. More is delay, not smoothness.
#define WAITING_MAX 2

struct h264_encoder {
    struct h264_encoder_config config;
    h264_encoder_fn *fn;
    void *user;
    bool rate_in_bits; // openh264enc counts bits, x264enc kilobits
    GstElement *pipeline, *codec, *sink;
    struct codec_lane *lane;
    GstBufferPool *pool;
    GstVideoInfo info;
    _Atomic bool is_broken;
    _Atomic int waiting;
};

static GstFlowReturn take_access_unit(GstAppSink *sink, gpointer data)
{
    struct h264_encoder *encoder = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample)
        return GST_FLOW_EOS;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    // x264enc moves its segment by 1000 hours; running time takes that back.
    const GstClockTime time = gst_segment_to_running_time(
            gst_sample_get_segment(sample), GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        const bool is_key_frame = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
        encoder->fn(encoder->user, map.data, map.size, is_key_frame, (int64_t)(time / 1000));
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    atomic_fetch_sub(&encoder->waiting, 1);
    return GST_FLOW_OK;
}

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    struct h264_encoder *encoder = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) error = NULL;
        gst_message_parse_error(message, &error, NULL);
        if (!atomic_exchange(&encoder->is_broken, true))
            log_error("the encoder failed error=\"%s\"", error->message);
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static void set_x264(struct h264_encoder *encoder)
{
    const struct h264_encoder_config *config = &encoder->config;
    // One packet train a frame: one slice, one thread, nothing held back.
    gst_util_set_object_arg(G_OBJECT(encoder->codec), "speed-preset", "superfast");
    gst_util_set_object_arg(G_OBJECT(encoder->codec), "tune", "zerolatency");
    g_object_set(encoder->codec, "sliced-threads", FALSE, "threads", 1u, "bframes", 0u,
            "rc-lookahead", 0, "byte-stream", TRUE, "aud", FALSE, "cabac", FALSE,
            "vbv-buf-capacity", 400u, "key-int-max",
            config->key_frame_every > 0 ? (guint)config->key_frame_every : 1u << 30,
            // Key frames come when somebody needs one, not when the picture changes.
            "option-string", "scenecut=0", NULL);
}

static void set_openh264(struct h264_encoder *encoder)
{
    const struct h264_encoder_config *config = &encoder->config;
    encoder->rate_in_bits = true;
    gst_util_set_object_arg(G_OBJECT(encoder->codec), "rate-control", "bitrate");
    gst_util_set_object_arg(G_OBJECT(encoder->codec), "complexity", "low");
    g_object_set(encoder->codec, "multi-thread", 1u, "num-slices", 1u, "scene-change-detection",
            FALSE, "gop-size", config->key_frame_every > 0 ? (guint)config->key_frame_every : 0u,
            NULL);
}

static int add_codec(struct h264_encoder *encoder)
{
    const char *name = encoder->config.element ? encoder->config.element : "x264enc";
    encoder->codec = gst_element_factory_make(name, NULL);
    if (!encoder->codec)
        return -ENOENT;
    gst_bin_add(GST_BIN(encoder->pipeline), encoder->codec);
    if (g_str_equal(name, "x264enc"))
        set_x264(encoder);
    else if (g_str_equal(name, "openh264enc"))
        set_openh264(encoder);
    h264_encoder_set_kbps(encoder, encoder->config.kbps);
    return 0;
}

static void on_failure(void *user)
{
    struct h264_encoder *encoder = user;
    if (!atomic_exchange(&encoder->is_broken, true))
        log_error("the encoder refuses more");
}

static int open_lane(struct h264_encoder *encoder)
{
    const struct h264_encoder_config *config = &encoder->config;
    gst_video_info_set_format(
            &encoder->info, GST_VIDEO_FORMAT_I420, (guint)config->width, (guint)config->height);
    encoder->info.fps_n = config->fps;
    encoder->info.fps_d = 1;
    g_autoptr(GstCaps) caps = gst_video_info_to_caps(&encoder->info);
    encoder->pool = gst_video_buffer_pool_new();
    GstStructure *pool_config = gst_buffer_pool_get_config(encoder->pool);
    gst_buffer_pool_config_set_params(
            pool_config, caps, (guint)encoder->info.size, WAITING_MAX + 1, 0);
    gst_buffer_pool_set_config(encoder->pool, pool_config);
    gst_buffer_pool_set_active(encoder->pool, TRUE);
    const struct codec_lane_config lane = {
        .codec = encoder->codec,
        .caps = caps,
        .failed = on_failure,
        .user = encoder,
    };
    return codec_lane_open(&lane, &encoder->lane);
}

static int make_pipeline(struct h264_encoder *encoder)
{
    encoder->pipeline = gst_pipeline_new(NULL);
    encoder->sink = gst_element_factory_make("appsink", NULL);
    if (!encoder->sink)
        return -ENOENT;
    gst_bin_add(GST_BIN(encoder->pipeline), encoder->sink);
    const int rc = add_codec(encoder);
    if (rc < 0)
        return rc;
    g_autoptr(GstCaps) caps = gst_caps_from_string("video/x-h264,stream-format=byte-stream,"
                                                   "alignment=au,profile=constrained-baseline");
    g_object_set(encoder->sink, "caps", caps, "sync", FALSE, "async", FALSE, NULL);
    GstAppSinkCallbacks callbacks = { .new_sample = take_access_unit };
    gst_app_sink_set_callbacks(GST_APP_SINK(encoder->sink), &callbacks, encoder, NULL);

    g_autoptr(GstBus) bus = gst_element_get_bus(encoder->pipeline);
    gst_bus_set_sync_handler(bus, on_message, encoder, NULL);
    if (!gst_element_link(encoder->codec, encoder->sink))
        return -EINVAL;
    if (gst_element_set_state(encoder->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return -EIO;
    return open_lane(encoder);
}

int h264_encoder_open(const struct h264_encoder_config *config, h264_encoder_fn *fn, void *user,
        struct h264_encoder **out)
{
    struct h264_encoder *encoder = g_new0(struct h264_encoder, 1);
    encoder->config = *config;
    encoder->fn = fn;
    encoder->user = user;

    const int rc = make_pipeline(encoder);
    if (rc < 0) {
        h264_encoder_close(encoder);
        return rc;
    }
    *out = encoder;
    return 0;
}

void h264_encoder_close(struct h264_encoder *encoder)
{
    if (!encoder)
        return;
    codec_lane_close(encoder->lane);
    if (encoder->pipeline) {
        gst_element_set_state(encoder->pipeline, GST_STATE_NULL);
        gst_object_unref(encoder->pipeline);
    }
    if (encoder->pool) {
        gst_buffer_pool_set_active(encoder->pool, FALSE);
        gst_object_unref(encoder->pool);
    }
    g_free(encoder);
}

static void copy_picture(GstVideoFrame *frame, const struct picture *picture)
{
    for (int plane = 0; plane < 3; plane++) {
        const int shift = plane > 0;
        const int stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
        uint8_t *to = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
        for (int y = 0; y < picture->height >> shift; y++)
            memcpy(to + (ptrdiff_t)y * stride,
                    picture->plane[plane] + (ptrdiff_t)y * picture->stride[plane],
                    (size_t)(picture->width >> shift));
    }
}

int h264_encoder_push(struct h264_encoder *encoder, const struct picture *picture, int64_t pts_us)
{
    if (atomic_load(&encoder->is_broken))
        return -EIO;
    if (picture->width != encoder->config.width || picture->height != encoder->config.height)
        return -EINVAL;
    if (atomic_load(&encoder->waiting) >= WAITING_MAX)
        return -EAGAIN;

    GstBuffer *buffer = NULL;
    GstVideoFrame frame;
    if (gst_buffer_pool_acquire_buffer(encoder->pool, &buffer, NULL) != GST_FLOW_OK)
        return -EIO;
    if (!gst_video_frame_map(&frame, &encoder->info, buffer, GST_MAP_WRITE)) {
        gst_buffer_unref(buffer);
        return -EIO;
    }
    copy_picture(&frame, picture);
    gst_video_frame_unmap(&frame);
    GST_BUFFER_PTS(buffer) = (GstClockTime)pts_us * 1000;
    GST_BUFFER_DURATION(buffer) = GST_SECOND / (GstClockTime)encoder->config.fps;

    atomic_fetch_add(&encoder->waiting, 1);
    codec_lane_push(encoder->lane, buffer);
    return 0;
}

void h264_encoder_request_key_frame(struct h264_encoder *encoder)
{
    gst_element_send_event(encoder->sink,
            gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void h264_encoder_set_kbps(struct h264_encoder *encoder, int kbps)
{
    encoder->config.kbps = kbps;
    const guint rate = (guint)(encoder->rate_in_bits ? kbps * 1000 : kbps);
    g_object_set(encoder->codec, "bitrate", rate, NULL);
    if (encoder->rate_in_bits)
        g_object_set(encoder->codec, "max-bitrate", rate, NULL);
}
