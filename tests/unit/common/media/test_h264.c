// SPDX-License-Identifier: Apache-2.0
// The codecs through the real GStreamer elements.
#include <glib.h>
#include <libyuv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/media/frame_mark.h"
#include "common/media/h264_decoder.h"
#include "common/media/h264_encoder.h"
#include "common/media/media.h"

#include <cmocka.h>

#define WIDTH  320
#define HEIGHT 180

// What arrives on GStreamer's threads: access units or pictures, in order.
struct outcome {
    int64_t pts_us;
    bool is_key_frame;
    GBytes *coded;
    struct picture *picture;
};

static void outcome_free(struct outcome *outcome)
{
    g_clear_pointer(&outcome->coded, g_bytes_unref);
    picture_free(outcome->picture);
    g_free(outcome);
}

static void keep_coded(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    struct outcome *outcome = g_new0(struct outcome, 1);
    *outcome = (struct outcome){
        .pts_us = pts_us, .is_key_frame = is_key_frame, .coded = g_bytes_new(data, size)
    };
    g_async_queue_push(user, outcome);
}

static void keep_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    struct outcome *outcome = g_new0(struct outcome, 1);
    outcome->pts_us = pts_us;
    outcome->picture = picture_new(picture->width, picture->height);
    I420Copy(picture->plane[0], picture->stride[0], picture->plane[1], picture->stride[1],
            picture->plane[2], picture->stride[2], outcome->picture->plane[0],
            outcome->picture->stride[0], outcome->picture->plane[1], outcome->picture->stride[1],
            outcome->picture->plane[2], outcome->picture->stride[2], picture->width,
            picture->height);
    g_async_queue_push(user, outcome);
}

static struct outcome *next(GAsyncQueue *queue)
{
    struct outcome *outcome = g_async_queue_timeout_pop(queue, 5 * G_USEC_PER_SEC);
    assert_non_null(outcome);
    return outcome;
}

static void count(void *user)
{
    g_atomic_int_inc((gint *)user);
}

static void draw(struct picture *picture, uint32_t frame)
{
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++)
            picture->plane[0][y * picture->stride[0] + x] = (uint8_t)(x + y + 3 * (int)frame);
    frame_mark_draw(picture, &(struct frame_mark){ .room = 42, .frame = frame });
}

static struct h264_encoder *open_encoder(
        const char *element, int width, int height, int kbps, GAsyncQueue *coded)
{
    const struct h264_encoder_config config = {
        .width = width, .height = height, .fps = 25, .kbps = kbps, .element = element
    };
    struct h264_encoder *encoder = NULL;
    assert_int_equal(h264_encoder_open(&config, keep_coded, coded, &encoder), 0);
    return encoder;
}

static struct outcome *encode(
        struct h264_encoder *encoder, GAsyncQueue *coded, const struct picture *picture, int frame)
{
    assert_int_equal(h264_encoder_push(encoder, picture, frame * 40000), 0);
    return next(coded);
}

static void a_mark_survives_scaling_and_two_encodings(void **state)
{
    (void)state;
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    GAsyncQueue *decoded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    gint asked = 0;
    struct h264_encoder *room = open_encoder(NULL, 640, 360, 600, coded);
    struct h264_encoder *mixer = open_encoder(NULL, WIDTH, HEIGHT, 120, coded);
    struct h264_decoder *at_mixer = NULL, *at_room = NULL;
    assert_int_equal(h264_decoder_open(keep_picture, count, decoded, &at_mixer), 0);
    g_atomic_int_set(&asked, 0);
    assert_int_equal(h264_decoder_open(keep_picture, NULL, decoded, &at_room), 0);
    struct picture *camera = picture_new(640, 360);
    struct picture *tile = picture_new(WIDTH, HEIGHT);

    for (int frame = 0; frame < 30; frame++) {
        struct frame_mark found = { 0 };
        draw(camera, (uint32_t)frame);
        struct outcome *first = encode(room, coded, camera, frame);
        assert_int_equal(h264_decoder_push(at_mixer, g_bytes_get_data(first->coded, NULL),
                                 g_bytes_get_size(first->coded), first->pts_us),
                0);
        struct outcome *seen = next(decoded);
        I420Scale(seen->picture->plane[0], seen->picture->stride[0], seen->picture->plane[1],
                seen->picture->stride[1], seen->picture->plane[2], seen->picture->stride[2], 640,
                360, tile->plane[0], tile->stride[0], tile->plane[1], tile->stride[1],
                tile->plane[2], tile->stride[2], WIDTH, HEIGHT, kFilterBox);
        struct outcome *second = encode(mixer, coded, tile, frame);
        assert_int_equal(h264_decoder_push(at_room, g_bytes_get_data(second->coded, NULL),
                                 g_bytes_get_size(second->coded), second->pts_us),
                0);
        struct outcome *shown = next(decoded);
        assert_int_equal(shown->pts_us, frame * 40000);
        assert_true(frame_mark_read(shown->picture, 0, 0, WIDTH, HEIGHT, &found));
        assert_int_equal(found.room, 42);
        assert_int_equal(found.frame, frame);
        outcome_free(first);
        outcome_free(seen);
        outcome_free(second);
        outcome_free(shown);
    }
    h264_encoder_close(room);
    h264_encoder_close(mixer);
    h264_decoder_close(at_mixer);
    h264_decoder_close(at_room);
    picture_free(camera);
    picture_free(tile);
    g_async_queue_unref(coded);
    g_async_queue_unref(decoded);
}

static void gives_key_frames_only_on_request(const char *element)
{
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    struct h264_encoder *encoder = open_encoder(element, WIDTH, HEIGHT, 300, coded);
    struct picture *picture = picture_new(WIDTH, HEIGHT);
    for (int frame = 0; frame < 40; frame++) {
        if (frame == 20)
            h264_encoder_request_key_frame(encoder);
        if (frame == 10)
            picture_clear(picture); // a cut is no reason
        else
            draw(picture, (uint32_t)frame);
        struct outcome *outcome = encode(encoder, coded, picture, frame);
        assert_int_equal(outcome->is_key_frame, frame == 0 || frame == 20);
        const uint8_t *data = g_bytes_get_data(outcome->coded, NULL);
        assert_memory_equal(data, "\0\0\0\1", 4);
        if (outcome->is_key_frame)
            assert_int_equal(data[4] & 0x1f, 7); // its parameter sets come with it
        outcome_free(outcome);
    }
    h264_encoder_close(encoder);
    picture_free(picture);
    g_async_queue_unref(coded);
}

static void x264_gives_key_frames_only_on_request(void **state)
{
    (void)state;
    gives_key_frames_only_on_request("x264enc");
}

static void openh264_gives_key_frames_only_on_request(void **state)
{
    (void)state;
    gives_key_frames_only_on_request("openh264enc");
}

static void the_rate_can_change_while_it_runs(void **state)
{
    (void)state;
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    struct h264_encoder *encoder = open_encoder(NULL, 640, 360, 800, coded);
    struct picture *picture = picture_new(640, 360);
    size_t bytes[2] = { 0 };
    GRand *noise = g_rand_new_with_seed(1);
    for (int frame = 0; frame < 100; frame++) {
        if (frame == 50)
            h264_encoder_set_kbps(encoder, 100);
        for (int y = 0; y < 360; y++)
            for (int x = 0; x < 640; x++)
                picture->plane[0][y * picture->stride[0] + x] =
                        (uint8_t)(128 + g_rand_int_range(noise, -20, 20));
        struct outcome *outcome = encode(encoder, coded, picture, frame);
        if (frame % 50 >= 25)
            bytes[frame / 50] += g_bytes_get_size(outcome->coded);
        outcome_free(outcome);
    }
    assert_true(bytes[1] * 3 < bytes[0]);
    g_rand_free(noise);
    h264_encoder_close(encoder);
    picture_free(picture);
    g_async_queue_unref(coded);
}

static void an_encoder_that_is_behind_or_asked_wrongly_refuses(void **state)
{
    (void)state;
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    struct h264_encoder *encoder = open_encoder(NULL, 1280, 720, 1500, coded);
    struct picture *picture = picture_new(1280, 720);
    struct picture *other = picture_new(WIDTH, HEIGHT);
    assert_int_equal(h264_encoder_push(encoder, other, 0), -EINVAL);
    int refused = 0;
    for (int frame = 0; frame < 50; frame++) // faster than any encoder
        refused += h264_encoder_push(encoder, picture, frame * 40000) == -EAGAIN;
    assert_true(refused > 0);
    h264_encoder_close(encoder);
    const struct h264_encoder_config config = {
        .width = WIDTH, .height = HEIGHT, .fps = 25, .kbps = 100, .element = "no_such_encoder"
    };
    assert_int_equal(h264_encoder_open(&config, keep_coded, coded, &encoder), -ENOENT);
    picture_free(picture);
    picture_free(other);
    g_async_queue_unref(coded);
}

static void a_decoder_waits_for_a_key_frame_and_recovers(void **state)
{
    (void)state;
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    GAsyncQueue *decoded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    struct h264_encoder *encoder = open_encoder(NULL, WIDTH, HEIGHT, 300, coded);
    struct picture *picture = picture_new(WIDTH, HEIGHT);
    struct h264_decoder *decoder = NULL;
    assert_int_equal(h264_decoder_open(keep_picture, NULL, decoded, &decoder), 0);
    for (int frame = 0; frame < 20; frame++) {
        if (frame == 10)
            h264_encoder_request_key_frame(encoder);
        draw(picture, (uint32_t)frame);
        struct outcome *outcome = encode(encoder, coded, picture, frame);
        if (frame > 0) // the first key frame is lost
            assert_int_equal(h264_decoder_push(decoder, g_bytes_get_data(outcome->coded, NULL),
                                     g_bytes_get_size(outcome->coded), outcome->pts_us),
                    0);
        outcome_free(outcome);
    }
    for (int frame = 10; frame < 20; frame++) {
        struct frame_mark found = { 0 };
        struct outcome *outcome = next(decoded);
        assert_int_equal(outcome->pts_us, frame * 40000);
        assert_true(frame_mark_read(outcome->picture, 0, 0, WIDTH, HEIGHT, &found));
        assert_int_equal(found.frame, frame);
        outcome_free(outcome);
    }
    h264_decoder_close(decoder);
    h264_encoder_close(encoder);
    picture_free(picture);
    g_async_queue_unref(coded);
    g_async_queue_unref(decoded);
}

static void a_decoder_says_that_it_needs_a_key_frame(void **state)
{
    (void)state;
    gint asked = 0;
    struct h264_decoder *decoder = NULL;
    assert_int_equal(
            h264_decoder_open((h264_decoder_fn *)keep_picture, count, &asked, &decoder), 0);
    static const uint8_t slice[] = { 0, 0, 0, 1, 0x41, 0x9a, 0x21, 0x00 };
    assert_int_equal(h264_decoder_push(decoder, slice, sizeof(slice), 0), 0);
    assert_int_equal(g_atomic_int_get(&asked), 1);
    h264_decoder_close(decoder);
}

static void rubbish_does_not_end_a_decoder(void **state)
{
    (void)state;
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    GAsyncQueue *decoded = g_async_queue_new_full((GDestroyNotify)outcome_free);
    struct h264_encoder *encoder = open_encoder(NULL, WIDTH, HEIGHT, 300, coded);
    struct picture *picture = picture_new(WIDTH, HEIGHT);
    struct h264_decoder *decoder = NULL;
    GRand *random = g_rand_new_with_seed(7);
    assert_int_equal(h264_decoder_open(keep_picture, NULL, decoded, &decoder), 0);
    for (int frame = 0; frame < 20; frame++) {
        uint8_t rubbish[300] = { 0, 0, 0, 1, 0x65 };
        for (size_t i = 5; i < sizeof(rubbish); i++)
            rubbish[i] = (uint8_t)g_rand_int(random);
        assert_int_equal(h264_decoder_push(decoder, rubbish, sizeof(rubbish), frame * 40000), 0);
    }
    draw(picture, 1);
    struct outcome *outcome = encode(encoder, coded, picture, 21);
    assert_int_equal(h264_decoder_push(decoder, g_bytes_get_data(outcome->coded, NULL),
                             g_bytes_get_size(outcome->coded), outcome->pts_us),
            0);
    outcome_free(outcome);
    struct outcome *seen = next(decoded);
    assert_int_equal(seen->pts_us, 21 * 40000);
    outcome_free(seen);
    h264_decoder_close(decoder);
    h264_encoder_close(encoder);
    picture_free(picture);
    g_rand_free(random);
    g_async_queue_unref(coded);
    g_async_queue_unref(decoded);
}

static int start_media(void **state)
{
    (void)state;
    static const char *const elements[] = { "x264enc", "openh264enc", "avdec_h264", NULL };
    const char *missing = NULL;
    return media_init(elements, &missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_survives_scaling_and_two_encodings),
        cmocka_unit_test(x264_gives_key_frames_only_on_request),
        cmocka_unit_test(openh264_gives_key_frames_only_on_request),
        cmocka_unit_test(the_rate_can_change_while_it_runs),
        cmocka_unit_test(an_encoder_that_is_behind_or_asked_wrongly_refuses),
        cmocka_unit_test(a_decoder_waits_for_a_key_frame_and_recovers),
        cmocka_unit_test(a_decoder_says_that_it_needs_a_key_frame),
        cmocka_unit_test(rubbish_does_not_end_a_decoder),
    };
    return cmocka_run_group_tests(tests, start_media, NULL);
}
