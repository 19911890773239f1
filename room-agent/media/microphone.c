// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/microphone.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <opus.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/ring.h"
#include "common/media/tone.h"
#include "room-agent/media/speech.h"

#define LOG_TOPIC "microphone"

#define RATE_HZ       48000
#define BIT_RATE      32000
#define TONE_DBFS     (-32)
#define EXPECTED_LOSS 5  // percent, for which Opus carries FEC
#define RING_FRAMES   8  // 160 ms between the sound card's clock and ours
#define SILENT_EVERY  10 // frames, while the microphone is closed
#define SPEECH_FOLDER "/usr/share/sounds/alsa"

struct frame {
    int16_t samples[MICROPHONE_SAMPLES];
};

struct microphone {
    bool is_open;
    unsigned silent; // frames left out since the last that was sent
    OpusEncoder *encoder;
    struct speech *speech; // synthetic
    struct tone tone;
    GstElement *pipeline; // devices
    struct ring *frames;
    struct frame filling; // written by GStreamer's thread
    size_t filled;
};

// GStreamer's thread: cuts what the card gives into frames. A full ring drops.
static GstFlowReturn take_sound(GstAppSink *sink, gpointer data)
{
    struct microphone *microphone = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    GstMapInfo map;
    if (!sample)
        return GST_FLOW_EOS;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        const int16_t *samples = (const int16_t *)(const void *)map.data;
        for (size_t i = 0; i < map.size / sizeof(int16_t); i++) {
            microphone->filling.samples[microphone->filled++] = samples[i];
            if (microphone->filled == MICROPHONE_SAMPLES) {
                ring_push(microphone->frames, &microphone->filling);
                microphone->filled = 0;
            }
        }
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static int open_card(struct microphone *microphone, const char *device)
{
    g_autoptr(GError) error = NULL;
    microphone->frames = ring_new(sizeof(struct frame), RING_FRAMES);
    microphone->pipeline = gst_parse_launch(
            "alsasrc name=card latency-time=20000 buffer-time=200000 ! audioconvert ! "
            "audioresample ! audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
            "appsink name=out sync=false max-buffers=10 drop=true",
            &error);
    if (!microphone->pipeline || error) {
        log_error("the microphone's pipeline failed error=\"%s\"", error ? error->message : "");
        return -ENOENT;
    }
    g_autoptr(GstElement) card = gst_bin_get_by_name(GST_BIN(microphone->pipeline), "card");
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(microphone->pipeline), "out");
    if (device)
        g_object_set(card, "device", device, NULL);
    GstAppSinkCallbacks callbacks = { .new_sample = take_sound };
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, microphone, NULL);
    if (gst_element_set_state(microphone->pipeline, GST_STATE_PLAYING) ==
            GST_STATE_CHANGE_FAILURE) {
        log_error("the microphone does not open device=%s", device ? device : "default");
        return -EIO;
    }
    return 0;
}

static int open_encoder(struct microphone *microphone)
{
    int error = OPUS_OK;
    microphone->encoder = opus_encoder_create(RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    if (error != OPUS_OK)
        return -ENOMEM;
    opus_encoder_ctl(microphone->encoder, OPUS_SET_BITRATE(BIT_RATE));
    opus_encoder_ctl(microphone->encoder, OPUS_SET_COMPLEXITY(5));
    opus_encoder_ctl(microphone->encoder, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(microphone->encoder, OPUS_SET_PACKET_LOSS_PERC(EXPECTED_LOSS));
    return 0;
}

int microphone_open(const struct microphone_config *config, struct microphone **out)
{
    struct microphone *microphone = g_new0(struct microphone, 1);
    int rc = open_encoder(microphone);
    if (rc == 0 && config->uses_devices)
        rc = open_card(microphone, config->device);
    if (rc < 0) {
        microphone_close(microphone);
        return rc;
    }
    if (!config->uses_devices) {
        microphone->speech = speech_new(SPEECH_FOLDER);
        speech_begin_at(microphone->speech, config->mark);
        tone_init(&microphone->tone, config->tone_hz, TONE_DBFS, RATE_HZ);
    }
    *out = microphone;
    return 0;
}

void microphone_close(struct microphone *microphone)
{
    if (!microphone)
        return;
    if (microphone->pipeline) {
        gst_element_set_state(microphone->pipeline, GST_STATE_NULL);
        gst_object_unref(microphone->pipeline);
    }
    ring_free(microphone->frames);
    speech_free(microphone->speech);
    if (microphone->encoder)
        opus_encoder_destroy(microphone->encoder);
    g_free(microphone);
}

void microphone_set_open(struct microphone *microphone, bool is_open)
{
    microphone->is_open = is_open;
}

bool microphone_is_open(const struct microphone *microphone)
{
    return microphone->is_open;
}

static void read_samples(struct microphone *microphone, struct frame *frame)
{
    // A closed microphone still empties the ring, so that opening it gives the present.
    bool has_sound = true;
    if (microphone->speech)
        speech_read(microphone->speech, frame->samples, MICROPHONE_SAMPLES);
    else
        has_sound = ring_pop(microphone->frames, frame);
    if (!microphone->is_open || !has_sound) {
        memset(frame, 0, sizeof(*frame));
        return;
    }
    if (microphone->speech)
        tone_add(&microphone->tone, frame->samples, MICROPHONE_SAMPLES);
}

size_t microphone_read(
        struct microphone *microphone, uint8_t opus[MICROPHONE_OPUS_MAX], uint8_t *level)
{
    struct frame frame;
    read_samples(microphone, &frame);
    *level = audio_level(frame.samples, MICROPHONE_SAMPLES);
    if (!microphone->is_open && ++microphone->silent < SILENT_EVERY)
        return 0;
    microphone->silent = 0;
    const opus_int32 size = opus_encode(
            microphone->encoder, frame.samples, MICROPHONE_SAMPLES, opus, MICROPHONE_OPUS_MAX);
    return size > 0 ? (size_t)size : 0;
}
