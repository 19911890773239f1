// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/loudspeaker.h"

#include <errno.h>
#include <glib.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <opus.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/tone.h"

#define LOG_TOPIC "loudspeaker"

#define RATE_HZ      48000
#define TICK_SAMPLES 960
#define FRAME_MAX    5760 // the longest Opus frame, 120 ms
#define GAP_SAMPLES  2880 // 60 ms
#define WAITING_MAX  10   // frames between our clock and the card's

struct loudspeaker {
    OpusDecoder *decoder;
    int16_t samples[TICK_SAMPLES + FRAME_MAX];
    size_t count; // decoded, not yet played
    int16_t last[TICK_SAMPLES];
    bool has_begun;    // some real sound came
    int without_sound; // samples in a row that are invented or silence
    struct loudspeaker_counters counters;
    bool uses_devices;
    GstElement *pipeline, *source; // NULL: nothing to play on
    _Atomic bool is_broken;
    bool is_missing; // said so in the log
};

static GstBusSyncReply on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    (void)bus;
    struct loudspeaker *loudspeaker = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
        atomic_store(&loudspeaker->is_broken, true);
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static void close_card(struct loudspeaker *loudspeaker)
{
    if (!loudspeaker->pipeline)
        return;
    gst_element_set_state(loudspeaker->pipeline, GST_STATE_NULL);
    g_clear_pointer(&loudspeaker->source, gst_object_unref);
    g_clear_pointer(&loudspeaker->pipeline, gst_object_unref);
}

static bool open_card(struct loudspeaker *loudspeaker)
{
    g_autoptr(GError) error = NULL;
    atomic_store(&loudspeaker->is_broken, false);
    loudspeaker->pipeline = gst_parse_launch(
            "appsrc name=in is-live=true format=time do-timestamp=true leaky-type=downstream "
            "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
            "audioconvert ! audioresample ! alsasink sync=false",
            &error);
    if (!loudspeaker->pipeline || error) {
        close_card(loudspeaker);
        return false;
    }
    g_autoptr(GstBus) bus = gst_element_get_bus(loudspeaker->pipeline);
    gst_bus_set_sync_handler(bus, on_message, loudspeaker, NULL);
    loudspeaker->source = gst_bin_get_by_name(GST_BIN(loudspeaker->pipeline), "in");
    g_object_set(loudspeaker->source, "max-buffers", (guint64)WAITING_MAX, "max-bytes", (guint64)0,
            NULL);
    if (gst_element_set_state(loudspeaker->pipeline, GST_STATE_PLAYING) ==
            GST_STATE_CHANGE_FAILURE) {
        close_card(loudspeaker);
        return false;
    }
    return true;
}

bool loudspeaker_check(struct loudspeaker *loudspeaker)
{
    if (!loudspeaker->uses_devices || (loudspeaker->pipeline && !loudspeaker->is_broken))
        return true;
    close_card(loudspeaker);
    const bool is_there = open_card(loudspeaker);
    if (is_there == loudspeaker->is_missing) {
        loudspeaker->is_missing = !is_there;
        log_warn("the loudspeaker is %s", is_there ? "there again" : "not there");
    }
    return is_there;
}

int loudspeaker_open(bool uses_devices, struct loudspeaker **out)
{
    struct loudspeaker *loudspeaker = g_new0(struct loudspeaker, 1);
    int error = OPUS_OK;
    loudspeaker->counters.level = 127;
    loudspeaker->decoder = opus_decoder_create(RATE_HZ, 1, &error);
    if (error != OPUS_OK) {
        loudspeaker_close(loudspeaker);
        return -ENOMEM;
    }
    loudspeaker->uses_devices = uses_devices;
    loudspeaker_check(loudspeaker);
    *out = loudspeaker;
    return 0;
}

void loudspeaker_close(struct loudspeaker *loudspeaker)
{
    if (!loudspeaker)
        return;
    close_card(loudspeaker);
    if (loudspeaker->decoder)
        opus_decoder_destroy(loudspeaker->decoder);
    g_free(loudspeaker);
}

// A mix always comes: what is not a packet, nor restored from one, is a hole.
static void count_gap(struct loudspeaker *loudspeaker, enum audio_jitter_action action, int samples)
{
    const bool is_real = action == AUDIO_JITTER_PACKET || action == AUDIO_JITTER_FEC;
    loudspeaker->has_begun = loudspeaker->has_begun || is_real;
    const int before = loudspeaker->without_sound;
    loudspeaker->without_sound = is_real || !loudspeaker->has_begun ? 0 : before + samples;
    if (before <= GAP_SAMPLES && loudspeaker->without_sound > GAP_SAMPLES)
        loudspeaker->counters.gaps++;
}

// Returns how many samples it wrote, at most FRAME_MAX.
static int decode(struct loudspeaker *loudspeaker, enum audio_jitter_action action,
        const struct audio_jitter_frame *frame, int16_t *out)
{
    const int asked = CLAMP(frame->samples, 120, FRAME_MAX);
    int count = 0;
    count_gap(loudspeaker, action, asked);
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
    for (int i = 0; i < TICK_SAMPLES; i++)
        loudspeaker->counters.clipped += abs(loudspeaker->samples[i]) >= INT16_MAX;
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
