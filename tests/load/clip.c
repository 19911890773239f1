// SPDX-License-Identifier: Apache-2.0
#include "tests/load/clip.h"

#include <errno.h>
#include <opus.h>

#include "common/base/log.h"
#include "common/media/h264_encoder.h"
#include "common/media/tone.h"
#include "room-agent/media/test_picture.h"

#define LOG_TOPIC "clip"

#define RATE_HZ       48000
#define FRAME_SAMPLES 960
#define OPUS_MAX      512
#define CODED_WITHIN  (5 * G_USEC_PER_SEC)

const struct clip_picture clip_picture_default = { .height = 180, .fps = 15, .kbps = 150 };

static int clip_width(const struct clip_picture *picture)
{
    return (picture->height * 16 / 9 + 1) & ~1;
}

int clip_tone_hz(unsigned mark)
{
    return 1000 + 125 * (int)(mark % CLIP_TONES);
}

static void keep_unit(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    (void)is_key_frame;
    (void)pts_us;
    g_async_queue_push(user, g_bytes_new(data, size));
}

static int code_picture(
        struct clip *clip, const struct clip_picture *wanted, unsigned mark, const char *name)
{
    const struct h264_encoder_config config = { .width = clip_width(wanted),
        .height = wanted->height,
        .fps = wanted->fps,
        .kbps = wanted->kbps };
    GAsyncQueue *units = g_async_queue_new_full((GDestroyNotify)g_bytes_unref);
    struct test_picture *picture = test_picture_new(config.width, config.height, mark, name);
    struct h264_encoder *encoder = NULL;
    int rc = h264_encoder_open(&config, keep_unit, units, &encoder);
    clip->fps = wanted->fps;
    clip->frame_count = CLIP_SECONDS * wanted->fps;
    for (int frame = 0; rc == 0 && frame < clip->frame_count; frame++) {
        rc = h264_encoder_push(encoder, test_picture_draw(picture, (uint32_t)frame),
                (int64_t)frame * G_USEC_PER_SEC / wanted->fps);
        if (rc == 0)
            clip->units[frame] = g_async_queue_timeout_pop(units, CODED_WITHIN);
        if (rc == 0 && !clip->units[frame])
            rc = -EIO;
    }
    h264_encoder_close(encoder);
    test_picture_free(picture);
    g_async_queue_unref(units);
    return rc;
}

OpusEncoder *clip_opus_new(void)
{
    int error = OPUS_OK;
    OpusEncoder *opus = opus_encoder_create(RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    g_assert(error == OPUS_OK);
    opus_encoder_ctl(opus, OPUS_SET_BITRATE(24000));
    opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(5));
    return opus;
}

GBytes *clip_opus_code(OpusEncoder *opus, const int16_t *samples)
{
    uint8_t coded[OPUS_MAX];
    const opus_int32 size = opus_encode(opus, samples, FRAME_SAMPLES, coded, sizeof(coded));
    return g_bytes_new(coded, (gsize)MAX(size, 0));
}

// All tones are multiples of 125 Hz: a second holds whole periods, so that it repeats smoothly.
static void code_tone(struct clip *clip, unsigned mark)
{
    OpusEncoder *opus = clip_opus_new();
    struct tone tone;
    tone_init(&tone, clip_tone_hz(mark), CLIP_TONE_DBFS, RATE_HZ);
    for (int frame = -CLIP_SOUND_FRAMES; frame < CLIP_SOUND_FRAMES; frame++) {
        int16_t samples[FRAME_SAMPLES] = { 0 };
        tone_add(&tone, samples, FRAME_SAMPLES);
        clip->level = audio_level(samples, FRAME_SAMPLES);
        GBytes *coded = clip_opus_code(opus, samples);
        if (frame >= 0) // the first second is for the encoder to settle
            clip->sound[frame] = coded;
        else
            g_bytes_unref(coded);
    }
    opus_encoder_destroy(opus);
}

int clip_open_picture(
        const struct clip_picture *picture, unsigned mark, const char *name, struct clip *out)
{
    g_assert(picture->fps > 0 && picture->fps <= CLIP_FPS_MAX);
    *out = (struct clip){ 0 };
    const int rc = code_picture(out, picture, mark, name);
    if (rc < 0) {
        log_error("the clip can not be coded error=\"%s\"", g_strerror(-rc));
        clip_close(out);
    }
    return rc;
}

int clip_open(const struct clip_picture *picture, unsigned mark, const char *name, struct clip *out)
{
    const int rc = clip_open_picture(picture, mark, name, out);
    if (rc == 0)
        code_tone(out, mark);
    return rc;
}

void clip_close(struct clip *clip)
{
    for (int i = 0; i < CLIP_FRAMES_MAX; i++)
        g_clear_pointer(&clip->units[i], g_bytes_unref);
    for (int i = 0; i < CLIP_SOUND_FRAMES; i++)
        g_clear_pointer(&clip->sound[i], g_bytes_unref);
}

GBytes *clip_silence(void)
{
    OpusEncoder *opus = clip_opus_new();
    const int16_t samples[FRAME_SAMPLES] = { 0 };
    GBytes *silence = clip_opus_code(opus, samples);
    opus_encoder_destroy(opus);
    return silence;
}
