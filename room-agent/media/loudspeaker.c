// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/loudspeaker.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <opus.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/tone.h"

#define LOG_TOPIC "loudspeaker"

#define RATE_HZ      48000
#define TICK_SAMPLES 960
#define FRAME_MAX    5760 // the longest Opus frame, 120 ms
#define WAITING_MAX  10   // frames between our clock and the card's

struct loudspeaker {
    OpusDecoder *decoder;
    int16_t samples[TICK_SAMPLES + FRAME_MAX];
    size_t count; // decoded, not yet played
    int16_t last[TICK_SAMPLES];
    struct loudspeaker_counters counters;
    GstElement *pipeline, *source; // NULL: nothing to play on
};

static int open_card(struct loudspeaker *loudspeaker)
{
    g_autoptr(GError) error = NULL;
    loudspeaker->pipeline = gst_parse_launch(
            "appsrc name=in is-live=true format=time do-timestamp=true leaky-type=downstream "
            "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
            "audioconvert ! audioresample ! autoaudiosink sync=false",
            &error);
    if (!loudspeaker->pipeline || error) {
        log_error("the loudspeaker's pipeline failed error=\"%s\"", error ? error->message : "");
        return -ENOENT;
    }
    loudspeaker->source = gst_bin_get_by_name(GST_BIN(loudspeaker->pipeline), "in");
    g_object_set(loudspeaker->source, "max-buffers", (guint64)WAITING_MAX, "max-bytes", (guint64)0,
            NULL);
    if (gst_element_set_state(loudspeaker->pipeline, GST_STATE_PLAYING) ==
            GST_STATE_CHANGE_FAILURE) {
        log_error("the loudspeaker does not open");
        return -EIO;
    }
    return 0;
}

int loudspeaker_open(bool uses_devices, struct loudspeaker **out)
{
    struct loudspeaker *loudspeaker = g_new0(struct loudspeaker, 1);
    int error = OPUS_OK;
    loudspeaker->counters.level = 127;
    loudspeaker->decoder = opus_decoder_create(RATE_HZ, 1, &error);
    int rc = error == OPUS_OK ? 0 : -ENOMEM;
    if (rc == 0 && uses_devices)
        rc = open_card(loudspeaker);
    if (rc < 0) {
        loudspeaker_close(loudspeaker);
        return rc;
    }
    *out = loudspeaker;
    return 0;
}

void loudspeaker_close(struct loudspeaker *loudspeaker)
{
    if (!loudspeaker)
        return;
    if (loudspeaker->pipeline) {
        gst_element_set_state(loudspeaker->pipeline, GST_STATE_NULL);
        g_clear_pointer(&loudspeaker->source, gst_object_unref);
        gst_object_unref(loudspeaker->pipeline);
    }
    if (loudspeaker->decoder)
        opus_decoder_destroy(loudspeaker->decoder);
    g_free(loudspeaker);
}

// Returns how many samples it wrote, at most FRAME_MAX.
static int decode(struct loudspeaker *loudspeaker, enum audio_jitter_action action,
        const struct audio_jitter_frame *frame, int16_t *out)
{
    const int asked = CLAMP(frame->samples, 120, FRAME_MAX);
    int count = 0;
    switch (action) {
    case AUDIO_JITTER_PACKET:
        count = opus_decode(
                loudspeaker->decoder, frame->data, (opus_int32)frame->size, out, FRAME_MAX, 0);
        break;
    case AUDIO_JITTER_FEC:
        count = opus_decode(
                loudspeaker->decoder, frame->data, (opus_int32)frame->size, out, asked, 1);
        break;
    case AUDIO_JITTER_CONCEAL:
        count = opus_decode(loudspeaker->decoder, NULL, 0, out, asked, 0);
        loudspeaker->counters.concealed += (uint64_t)asked;
        break;
    case AUDIO_JITTER_SILENCE:
        break;
    }
    if (count > 0)
        return count;
    memset(out, 0, (size_t)asked * sizeof(out[0])); // silence, or a frame that is no Opus
    return asked;
}

static void play(struct loudspeaker *loudspeaker)
{
    loudspeaker->counters.samples += TICK_SAMPLES;
    loudspeaker->counters.level = audio_level(loudspeaker->samples, TICK_SAMPLES);
    if (!loudspeaker->source)
        return;
    GstBuffer *buffer = gst_buffer_new_memdup(loudspeaker->samples, TICK_SAMPLES * sizeof(int16_t));
    gst_app_src_push_buffer(GST_APP_SRC(loudspeaker->source), buffer);
}

void loudspeaker_tick(struct loudspeaker *loudspeaker, struct endpoint *endpoint)
{
    while (loudspeaker->count < TICK_SAMPLES) {
        struct audio_jitter_frame frame;
        const enum audio_jitter_action action = endpoint_next_audio(endpoint, &frame);
        loudspeaker->count += (size_t)decode(
                loudspeaker, action, &frame, loudspeaker->samples + loudspeaker->count);
    }
    play(loudspeaker);
    memcpy(loudspeaker->last, loudspeaker->samples, sizeof(loudspeaker->last));
    loudspeaker->count -= TICK_SAMPLES;
    memmove(loudspeaker->samples, loudspeaker->samples + TICK_SAMPLES,
            loudspeaker->count * sizeof(loudspeaker->samples[0]));
}

const struct loudspeaker_counters *loudspeaker_counters(const struct loudspeaker *loudspeaker)
{
    return &loudspeaker->counters;
}

const int16_t *loudspeaker_last(const struct loudspeaker *loudspeaker)
{
    return loudspeaker->last;
}
