// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "h264_decoder"

#include "common/media/h264_decoder.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/log.h"
#include "common/media/codec_lane.h"

// A second of the fastest rate that the house sends.
#define WAITING_MAX 30

struct h264_decoder {
    h264_decoder_fn *fn;
    h264_decoder_need_key_frame_fn *need_key_frame;
    void *user;
    GstElement *pipeline, *codec, *sink;
    struct codec_lane *lane;
    _Atomic bool is_broken;
    _Atomic bool waits_for_key_frame;
};

static void lose_sync(struct h264_decoder *decoder)
{
    atomic_store(&decoder->waits_for_key_frame, true);
    if (decoder->need_key_frame)
        decoder->need_key_frame(decoder->user);
}

static GstFlowReturn take_picture(GstAppSink *sink, gpointer data)
{
    struct h264_decoder *decoder = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample)
        return GST_FLOW_EOS;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstVideoInfo info;
    GstVideoFrame frame;
    if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) &&
            gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) {
        const struct picture picture = {
            .width = GST_VIDEO_FRAME_WIDTH(&frame) & ~1,
            .height = GST_VIDEO_FRAME_HEIGHT(&frame) & ~1,
            .plane = { GST_VIDEO_FRAME_PLANE_DATA(&frame, 0), GST_VIDEO_FRAME_PLANE_DATA(&frame, 1),
                    GST_VIDEO_FRAME_PLANE_DATA(&frame, 2) },
            .stride = { GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
                    GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 1),
                    GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 2) },
        };
        decoder->fn(decoder->user, &picture, (int64_t)(GST_BUFFER_PTS(buffer) / 1000));
        gst_video_frame_unmap(&frame);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    struct h264_decoder *decoder = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) error = NULL;
        gst_message_parse_error(message, &error, NULL);
        if (!atomic_exchange(&decoder->is_broken, true))
            log_warn("the decoder failed error=\"%s\"", error->message);
        lose_sync(decoder);
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static void on_failure(void *user)
{
    struct h264_decoder *decoder = user;
    if (!atomic_exchange(&decoder->is_broken, true))
        log_warn("the decoder refuses more");
    lose_sync(decoder);
}

// The decoder itself says when it lost its references (automatic-request-sync-points).
static void on_key_frame_wish(void *user)
{
    lose_sync(user);
}

static int open_lane(struct h264_decoder *decoder)
{
    // Access units come whole, so h264parse would only copy them.
    g_autoptr(GstCaps) coded =
            gst_caps_from_string("video/x-h264,stream-format=byte-stream,alignment=au");
    const struct codec_lane_config config = {
        .codec = decoder->codec,
        .caps = coded,
        .failed = on_failure,
        .wants_key_frame = on_key_frame_wish,
        .user = decoder,
    };
    return codec_lane_open(&config, &decoder->lane);
}

static int make_pipeline(struct h264_decoder *decoder)
{
    decoder->pipeline = gst_pipeline_new(NULL);
    decoder->codec = gst_element_factory_make("avdec_h264", NULL);
    decoder->sink = gst_element_factory_make("appsink", NULL);
    if (!decoder->codec || !decoder->sink)
        return -ENOENT;
    gst_bin_add_many(GST_BIN(decoder->pipeline), decoder->codec, decoder->sink, NULL);

    // More threads would hold back as many frames.
    g_object_set(decoder->codec, "max-threads", 1, "output-corrupt", FALSE,
            "discard-corrupted-frames", TRUE, "automatic-request-sync-points", TRUE, "qos", FALSE,
            NULL);
    g_autoptr(GstCaps) raw = gst_caps_from_string("video/x-raw,format=I420");
    g_object_set(decoder->sink, "caps", raw, "sync", FALSE, "async", FALSE, "qos", FALSE, NULL);
    GstAppSinkCallbacks callbacks = { .new_sample = take_picture };
    gst_app_sink_set_callbacks(GST_APP_SINK(decoder->sink), &callbacks, decoder, NULL);

    g_autoptr(GstBus) bus = gst_element_get_bus(decoder->pipeline);
    gst_bus_set_sync_handler(bus, on_message, decoder, NULL);
    if (!gst_element_link(decoder->codec, decoder->sink))
        return -EINVAL;
    if (gst_element_set_state(decoder->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return -EIO;
    return open_lane(decoder);
}

int h264_decoder_open(h264_decoder_fn *fn, h264_decoder_need_key_frame_fn *need_key_frame,
        void *user, struct h264_decoder **out)
{
    struct h264_decoder *decoder = g_new0(struct h264_decoder, 1);
    decoder->fn = fn;
    decoder->need_key_frame = need_key_frame;
    decoder->user = user;
    atomic_store(&decoder->waits_for_key_frame, true);

    const int rc = make_pipeline(decoder);
    if (rc < 0) {
        h264_decoder_close(decoder);
        return rc;
    }
    *out = decoder;
    return 0;
}

void h264_decoder_close(struct h264_decoder *decoder)
{
    if (!decoder)
        return;
    codec_lane_close(decoder->lane);
    if (decoder->pipeline) {
        gst_element_set_state(decoder->pipeline, GST_STATE_NULL);
        gst_object_unref(decoder->pipeline);
    }
    g_free(decoder);
}

// Whether an Annex B access unit has a NAL unit of the type IDR slice.
static bool has_idr(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 < size; i++) {
        if (data[i] != 0 || data[i + 1] != 0 || data[i + 2] != 1)
            continue;
        const int type = data[i + 3] & 0x1f;
        if (type == 5)
            return true;
        if (type == 1)
            return false; // all slices of a picture are of one kind
        i += 3;
    }
    return false;
}

int h264_decoder_push(
        struct h264_decoder *decoder, const uint8_t *data, size_t size, int64_t pts_us)
{
    if (atomic_load(&decoder->is_broken))
        return -EIO;
    const bool is_key_frame = has_idr(data, size);
    if (atomic_load(&decoder->waits_for_key_frame) && !is_key_frame) {
        if (decoder->need_key_frame)
            decoder->need_key_frame(decoder->user);
        return 0;
    }
    if (codec_lane_waiting(decoder->lane) > WAITING_MAX) {
        lose_sync(decoder);
        return -EAGAIN;
    }
    if (is_key_frame)
        atomic_store(&decoder->waits_for_key_frame, false);

    GstBuffer *buffer = gst_buffer_new_memdup(data, size);
    GST_BUFFER_PTS(buffer) = (GstClockTime)pts_us * 1000;
    if (!is_key_frame)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    codec_lane_push(decoder->lane, buffer);
    return 0;
}
