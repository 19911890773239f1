// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/speech.h"

#include <glib.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"

#define LOG_TOPIC "speech"

#define RATE_HZ       48000
#define PAUSE_SAMPLES (RATE_HZ * 3 / 10)
#define DECODE_WITHIN (5 * GST_SECOND)

static const char *const words[] = { "Front_Center.wav", "Front_Left.wav", "Front_Right.wav",
    "Rear_Center.wav", "Rear_Left.wav", "Rear_Right.wav", "Side_Left.wav", "Side_Right.wav" };

struct speech {
    GArray *samples; // int16_t
    GArray *starts;  // size_t, of each word
    size_t at;
};

static void append_buffer(GArray *samples, GstBuffer *buffer)
{
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    g_array_append_vals(samples, map.data, (guint)(map.size / sizeof(int16_t)));
    gst_buffer_unmap(buffer, &map);
}

static void append_file(struct speech *speech, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GstElement) pipeline =
            gst_parse_launch("filesrc name=file ! wavparse ! audioconvert ! audioresample ! "
                             "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
                             "appsink name=out sync=false",
                    &error);
    if (!pipeline || error) {
        log_warn("speech can not be decoded error=\"%s\"", error ? error->message : "");
        return;
    }
    g_autoptr(GstElement) file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_object_set(file, "location", path, NULL);
    const size_t start = speech->samples->len;
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstSample *sample;
    while ((sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), DECODE_WITHIN)) != NULL) {
        append_buffer(speech->samples, gst_sample_get_buffer(sample));
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    if (speech->samples->len == start)
        return;
    g_array_append_val(speech->starts, start);
    g_array_set_size(speech->samples, speech->samples->len + PAUSE_SAMPLES); // cleared
}

struct speech *speech_new(const char *folder)
{
    struct speech *speech = g_new0(struct speech, 1);
    speech->samples = g_array_new(FALSE, TRUE, sizeof(int16_t));
    speech->starts = g_array_new(FALSE, TRUE, sizeof(size_t));
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        g_autofree char *path = g_build_filename(folder, words[i], NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            append_file(speech, path);
    }
    if (speech->samples->len == 0)
        log_warn("no recorded speech, only the pilot tone is sent folder=%s", folder);
    return speech;
}

void speech_free(struct speech *speech)
{
    if (!speech)
        return;
    g_array_unref(speech->samples);
    g_array_unref(speech->starts);
    g_free(speech);
}

void speech_begin_at(struct speech *speech, unsigned index)
{
    if (speech->starts->len > 0)
        speech->at = g_array_index(speech->starts, size_t, index % speech->starts->len);
}

void speech_read(struct speech *speech, int16_t *samples, size_t count)
{
    if (speech->samples->len == 0) {
        memset(samples, 0, count * sizeof(samples[0]));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        samples[i] = g_array_index(speech->samples, int16_t, speech->at);
        speech->at = (speech->at + 1) % speech->samples->len;
    }
}
