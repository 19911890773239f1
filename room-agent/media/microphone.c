// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/microphone.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <opus.h>
#include <stdatomic.h>
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
    bool uses_devices;
    char *device;
    GstElement *pipeline; // devices; NULL while the card is not there
    _Atomic bool is_broken;
    bool is_missing; // said so in the log
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

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    struct microphone *microphone = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        atomic_store(&microphone->is_broken, true);
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static void close_card(struct microphone *microphone)
{
    if (!microphone->pipeline)
        return;
    gst_element_set_state(microphone->pipeline, GST_STATE_NULL);
    g_clear_pointer(&microphone->pipeline, gst_object_unref);
}

static bool open_card(struct microphone *microphone)
{
    g_autoptr(GError) error = NULL;
    atomic_store(&microphone->is_broken, false);
    microphone->pipeline = gst_parse_launch(
            "alsasrc name=card latency-time=20000 buffer-time=200000 ! audioconvert ! "
            "audioresample ! audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
            "appsink name=out sync=false max-buffers=10 drop=true",
            &error);
    if (!microphone->pipeline || error) {
        close_card(microphone);
        return false;
    }
    g_autoptr(GstElement) card = gst_bin_get_by_name(GST_BIN(microphone->pipeline), "card");
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(microphone->pipeline), "out");
    g_autoptr(GstBus) bus = gst_element_get_bus(microphone->pipeline);
    if (microphone->device)
        g_object_set(card, "device", microphone->device, NULL);
    gst_bus_set_sync_handler(bus, on_message, microphone, NULL);
    GstAppSinkCallbacks callbacks = { .new_sample = take_sound };
    gst_app_sink_set_callbacks(GST_APP_SINK(out), &callbacks, microphone, NULL);
    microphone->filled = 0;
    if (gst_element_set_state(microphone->pipeline, GST_STATE_PLAYING) ==
            GST_STATE_CHANGE_FAILURE) {
        close_card(microphone);
        return false;
    }
    return true;
}

bool microphone_check(struct microphone *microphone)
{
    if (!microphone->uses_devices || (microphone->pipeline && !microphone->is_broken))
        return true;
    close_card(microphone);
    const bool is_there = open_card(microphone);
    if (is_there == microphone->is_missing) {
        microphone->is_missing = !is_there;
        log_warn("the microphone is %s device=%s", is_there ? "there again" : "not there",
                microphone->device ? microphone->device : "default");
    }
    return is_there;
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
    const int rc = open_encoder(microphone);
    if (rc < 0) {
        microphone_close(microphone);
        return rc;
    }
    microphone->uses_devices = config->uses_devices;
    microphone->device = g_strdup(config->device);
    if (config->uses_devices) {
        microphone->frames = ring_new(sizeof(struct frame), RING_FRAMES);
        microphone_check(microphone);
    } else {
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
    close_card(microphone);
    g_free(microphone->device);
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

void microphone_set_loss(struct microphone *microphone, int percent)
{
    opus_encoder_ctl(microphone->encoder, OPUS_SET_PACKET_LOSS_PERC(percent));
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
