// SPDX-License-Identifier: Apache-2.0
// What a room without devices sends: its test picture, its speech, its tone.
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/media/frame_mark.h"
#include "common/media/media.h"
#include "common/media/tone.h"
#include "room-agent/media/camera.h"
#include "room-agent/media/microphone.h"
#include "room-agent/media/speech.h"
#include "room-agent/media/test_picture.h"

#include <cmocka.h>

#define RATE_HZ 48000

static void the_test_picture_moves_and_carries_mark_and_name(void **state)
{
    (void)state;
    struct test_picture *named = test_picture_new(640, 360, 7, "Hội trường tỉnh Gia Lai");
    struct test_picture *nameless = test_picture_new(640, 360, 7, "");
    for (uint32_t frame = 0; frame < 300; frame++) {
        struct frame_mark mark = { 0 };
        const struct picture *picture = test_picture_draw(named, frame);
        assert_true(frame_mark_read(picture, 0, 0, 640, 360, &mark));
        assert_int_equal(mark.room, 7);
        assert_int_equal(mark.frame, frame);
    }
    const struct picture *with = test_picture_draw(named, 5);
    const struct picture *without = test_picture_draw(nameless, 5);
    int different = 0;
    for (int y = 176; y < 288; y++)
        for (int x = 0; x < 560; x++)
            different += with->plane[0][y * with->stride[0] + x] !=
                         without->plane[0][y * without->stride[0] + x];
    assert_true(different > 1000);
    test_picture_free(named);
    test_picture_free(nameless);
}

static void every_size_that_can_be_asked_for_is_drawn(void **state)
{
    (void)state;
    static const int heights[] = { 16, 90, 144, 180, 360, 480, 720, 1080 };
    for (size_t i = 0; i < COUNT_OF(heights); i++) {
        const int width = (heights[i] * 16 / 9 + 1) & ~1;
        struct test_picture *test = test_picture_new(width, heights[i], 1, "Ia Grai");
        for (uint32_t frame = 0; frame < 200; frame += 7)
            test_picture_draw(test, frame);
        test_picture_free(test);
    }
}

static void speech_is_loud_and_repeats(void **state)
{
    (void)state;
    struct speech *speech = speech_new("/usr/share/sounds/alsa");
    int16_t samples[RATE_HZ];
    uint8_t loudest = 127;
    for (int second = 0; second < 60; second++) {
        speech_read(speech, samples, RATE_HZ);
        const uint8_t level = audio_level(samples, RATE_HZ);
        loudest = level < loudest ? level : loudest;
    }
    assert_true(loudest < 40);
    speech_free(speech);
}

static void without_recordings_there_is_silence(void **state)
{
    (void)state;
    struct speech *speech = speech_new("/nonexistent");
    int16_t samples[960];
    memset(samples, 1, sizeof(samples));
    speech_begin_at(speech, 3);
    speech_read(speech, samples, 960);
    assert_int_equal(audio_level(samples, 960), 127);
    speech_free(speech);
}

static void an_open_microphone_gives_speech_and_the_pilot_tone(void **state)
{
    (void)state;
    const struct microphone_config config = { .mark = 2, .tone_hz = 1250 };
    struct microphone *microphone = NULL;
    int error = 0;
    OpusDecoder *decoder = opus_decoder_create(RATE_HZ, 1, &error);
    double loudest_other = -200, loudest_own = -200;
    assert_int_equal(microphone_open(&config, &microphone), 0);
    microphone_set_open(microphone, true);
    for (int window = 0; window < 25; window++) {
        int16_t samples[RATE_HZ / 5];
        for (int i = 0; i < 10; i++) {
            uint8_t opus[MICROPHONE_OPUS_MAX], level;
            const size_t size = microphone_read(microphone, opus, &level);
            assert_true(size > 0 && level < 60);
            assert_int_equal(
                    opus_decode(decoder, opus, (opus_int32)size, samples + i * 960, 960, 0), 960);
        }
        const double own = tone_level_dbfs(samples, RATE_HZ / 5, 1250, RATE_HZ);
        loudest_own = own > loudest_own ? own : loudest_own;
        loudest_other = tone_level_dbfs(samples, RATE_HZ / 5, 3875, RATE_HZ);
    }
    assert_true(loudest_own > -40);
    assert_true(loudest_other < -45);
    opus_decoder_destroy(decoder);
    microphone_close(microphone);
}

static void a_closed_microphone_keeps_the_path_alive(void **state)
{
    (void)state;
    const struct microphone_config config = { .mark = 1, .tone_hz = 1125 };
    struct microphone *microphone = NULL;
    int sent = 0;
    assert_int_equal(microphone_open(&config, &microphone), 0);
    for (int i = 0; i < 100; i++) {
        uint8_t opus[MICROPHONE_OPUS_MAX], level = 0;
        sent += microphone_read(microphone, opus, &level) > 0;
        assert_int_equal(level, 127);
    }
    assert_int_equal(sent, 10);
    microphone_close(microphone);
}

struct taken {
    struct loop *loop;
    int units, key_frames;
    int64_t last_pts_us;
};

static void take_unit(
        void *user, const uint8_t *unit, size_t size, bool is_key_frame, int64_t pts_us)
{
    struct taken *taken = user;
    assert_true(size > 4);
    assert_memory_equal(unit, "\0\0\0\1", 4);
    assert_true(pts_us > taken->last_pts_us);
    taken->last_pts_us = pts_us;
    taken->key_frames += is_key_frame;
    if (++taken->units == 10)
        loop_quit(taken->loop);
}

static gboolean too_late(gpointer data)
{
    (void)data;
    fail_msg("no picture in time");
    return G_SOURCE_REMOVE;
}

static void the_camera_changes_its_size_while_it_runs(void **state)
{
    (void)state;
    struct taken taken = { .loop = loop_new_main() };
    const struct camera_config config = {
        .loop = taken.loop, .mark = 1, .name = "Chư Sê", .fn = take_unit, .user = &taken
    };
    struct camera *camera = camera_new(&config);
    GSource *deadline = loop_add_timer(taken.loop, 20000, too_late, NULL);
    assert_int_equal(camera_set(camera, &(struct camera_wish){ 360, 25, 600 }), 0);
    loop_run(taken.loop);
    assert_int_equal(taken.key_frames, 1);
    assert_int_equal(camera_set(camera, &(struct camera_wish){ 360, 25, 300 }), 0);
    taken.units = 0;
    loop_run(taken.loop);
    assert_int_equal(taken.key_frames, 1); // the rate alone starts nothing anew
    assert_int_equal(camera_set(camera, &(struct camera_wish){ 180, 15, 200 }), 0);
    taken.units = 0;
    loop_run(taken.loop);
    assert_int_equal(taken.key_frames, 2);
    camera_free(camera);
    loop_clear_source(&deadline);
    loop_free(taken.loop);
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
        cmocka_unit_test(the_test_picture_moves_and_carries_mark_and_name),
        cmocka_unit_test(every_size_that_can_be_asked_for_is_drawn),
        cmocka_unit_test(speech_is_loud_and_repeats),
        cmocka_unit_test(without_recordings_there_is_silence),
        cmocka_unit_test(an_open_microphone_gives_speech_and_the_pilot_tone),
        cmocka_unit_test(a_closed_microphone_keeps_the_path_alive),
        cmocka_unit_test(the_camera_changes_its_size_while_it_runs),
    };
    return cmocka_run_group_tests(tests, start_media, NULL);
}
