// SPDX-License-Identifier: Apache-2.0
// What rong-load sends, and how it knows again what comes back.
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media/media.h"
#include "common/rtp/key_frame.h"
#include "tests/load/clip.h"
#include "tests/load/ear.h"

#include <cmocka.h>

#define FRAME_SAMPLES 960

static void mix(int16_t *samples, OpusDecoder *decoder, GBytes *frame)
{
    int16_t decoded[FRAME_SAMPLES];
    size_t size;
    const uint8_t *data = g_bytes_get_data(frame, &size);
    assert_int_equal(
            opus_decode(decoder, data, (opus_int32)size, decoded, FRAME_SAMPLES, 0), FRAME_SAMPLES);
    for (int i = 0; i < FRAME_SAMPLES; i++)
        samples[i] = (int16_t)(samples[i] + decoded[i]);
}

static void the_first_picture_is_the_only_key_frame(void **state)
{
    (void)state;
    struct clip clip;
    assert_int_equal(clip_open(&clip_picture_default, 9, "Xã Ia Der", &clip), 0);
    for (int i = 0; i < clip.frame_count; i++) {
        size_t size;
        const uint8_t *data = g_bytes_get_data(clip.units[i], &size);
        assert_int_equal(key_frame_is_h264_unit(data, size), i == 0);
    }
    clip_close(&clip);
}

static void the_ear_hears_exactly_the_rooms_that_speak(void **state)
{
    (void)state;
    int error = 0;
    for (unsigned mark = 0; mark < CLIP_TONES; mark++) {
        struct clip one, other;
        const unsigned next = (mark + 1) % CLIP_TONES;
        OpusDecoder *first = opus_decoder_create(48000, 1, &error);
        OpusDecoder *second = opus_decoder_create(48000, 1, &error);
        struct ear ear = { 0 };
        assert_int_equal(clip_open(&clip_picture_default, mark, "", &one), 0);
        assert_int_equal(clip_open(&clip_picture_default, next, "", &other), 0);
        for (int frame = 0; frame < 2 * CLIP_SOUND_FRAMES; frame++) {
            int16_t samples[FRAME_SAMPLES] = { 0 };
            mix(samples, first, one.sound[frame % CLIP_SOUND_FRAMES]);
            mix(samples, second, other.sound[frame % CLIP_SOUND_FRAMES]);
            ear_listen(&ear, samples, FRAME_SAMPLES);
        }
        assert_int_equal(ear.windows, 10);
        for (unsigned tone = 0; tone < CLIP_TONES; tone++)
            assert_int_equal(ear.is_heard[tone], tone == mark || tone == next);
        opus_decoder_destroy(first);
        opus_decoder_destroy(second);
        clip_close(&one);
        clip_close(&other);
    }
}

static int start_media(void **state)
{
    (void)state;
    const char *missing = NULL;
    return media_init(NULL, &missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_picture_is_the_only_key_frame),
        cmocka_unit_test(the_ear_hears_exactly_the_rooms_that_speak),
    };
    return cmocka_run_group_tests(tests, start_media, NULL);
}
