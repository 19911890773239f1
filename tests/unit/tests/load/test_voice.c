// SPDX-License-Identifier: Apache-2.0
// What posed rooms say: coded once, with the level that it has.
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/media/media.h"
#include "common/media/tone.h"
#include "tests/load/clip_coder.h"
#include "tests/load/voice.h"

#include <cmocka.h>

#define FRAME_SAMPLES 960
#define SPEECH        "/usr/share/sounds/alsa"
#define WITHIN_US     (20 * G_USEC_PER_SEC)

static void rooms_of_one_tone_share_what_is_coded(void **state)
{
    (void)state;
    struct voices *voices = voices_new(NULL, 30, 2);
    assert_non_null(voices_of(voices, 30));
    assert_ptr_equal(voices_of(voices, 30), voices_of(voices, 30 + CLIP_TONES));
    assert_ptr_not_equal(voices_of(voices, 30), voices_of(voices, 31));
    assert_null(voices_of(voices, 32)); // no room of these has it
    voices_free(voices);
}

static void speech_is_louder_and_softer_and_says_so(void **state)
{
    (void)state;
    int error = 0, louder = 0;
    struct voices *voices = voices_new(SPEECH, 4, 1);
    const struct voice *voice = voices_of(voices, 4);
    OpusDecoder *decoder = opus_decoder_create(48000, 1, &error);
    for (int i = 0; i < VOICE_FRAMES; i++) {
        int16_t samples[FRAME_SAMPLES];
        size_t size;
        const uint8_t *data = g_bytes_get_data(voice->frames[i], &size);
        assert_int_equal(opus_decode(decoder, data, (opus_int32)size, samples, FRAME_SAMPLES, 0),
                FRAME_SAMPLES);
        // The decoder is behind the encoder by some milliseconds, and Opus is not exact.
        const int off = abs(audio_level(samples, FRAME_SAMPLES) - voice->levels[i]);
        assert_true(off < 20);
        louder += voice->levels[i] < 25;
    }
    assert_in_range(louder, VOICE_FRAMES / 10, VOICE_FRAMES * 9 / 10);
    opus_decoder_destroy(decoder);
    voices_free(voices);
}

static void a_picture_is_coded_when_it_is_ordered(void **state)
{
    (void)state;
    struct clip_coder *coder = clip_coder_new(&clip_picture_default);
    struct clip_order *order = clip_order_new(coder, 9, "Xã Ia Der");
    struct clip_order *dropped = clip_order_new(coder, 10, "Xã Ia Băng");
    clip_order_free(dropped); // before or while it is coded
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    while (!clip_order_look(order) && g_get_monotonic_time() < deadline_us)
        g_usleep(1000);
    assert_non_null(clip_order_look(order));
    assert_int_equal(clip_order_look(order)->frame_count, CLIP_SECONDS * clip_picture_default.fps);
    clip_order_free(order);
    clip_coder_free(coder);
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
        cmocka_unit_test(rooms_of_one_tone_share_what_is_coded),
        cmocka_unit_test(speech_is_louder_and_softer_and_says_so),
        cmocka_unit_test(a_picture_is_coded_when_it_is_ordered),
    };
    return cmocka_run_group_tests(tests, start_media, NULL);
}
