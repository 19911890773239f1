// SPDX-License-Identifier: Apache-2.0
// An endpoint against the mirror, over real ICE, DTLS and SRTP on loopback.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/endpoint/endpoint.h"
#include "tests/mirror/mirror.h"

#include <cmocka.h>

#define WITHIN_US (10 * G_USEC_PER_SEC)
#define UNIT_SIZE 9000
#define FRAME_US  40000

struct call {
    GMainContext *context;
    struct certificate *certificate;
    struct endpoint *endpoint;
    struct mirror *mirror;
    int connected, failed, key_frames_wanted;
    char reason[64];
    int units, key_frames;
    bool is_spoilt; // a unit came back that was not sent so
    uint32_t frame;
};

// An access unit as an encoder would write it: a key frame has parameter sets before it.
static size_t write_unit(uint8_t *out, bool is_key_frame, uint32_t frame, size_t size)
{
    static const uint8_t sets[] = { 0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0xda, 0x02, 0, 0, 0, 1,
        0x68, 0xce, 0x06, 0xe2 };
    size_t at = 0;
    if (is_key_frame) {
        memcpy(out, sets, sizeof(sets));
        at = sizeof(sets);
    }
    memcpy(out + at, "\0\0\0\1", 4);
    at += 4;
    out[at++] = is_key_frame ? 0x65 : 0x41;
    memset(out + at, 0x80 | (int)(frame & 0x7f), size);
    return at + size;
}

static void changed(void *user, enum peer_state state, const char *reason)
{
    struct call *call = user;
    call->connected += state == PEER_CONNECTED;
    if (state == PEER_FAILED) {
        call->failed++;
        g_strlcpy(call->reason, reason, sizeof(call->reason));
    }
}

static void take_unit(void *user, enum sdp_line line, const struct h264_access_unit *unit)
{
    struct call *call = user;
    uint8_t expected[UNIT_SIZE + 64];
    assert_int_equal(line, SDP_MAIN);
    const uint8_t frame = unit->data[unit->size - 1] & 0x7f;
    const size_t size = write_unit(expected, unit->is_key_frame, frame, UNIT_SIZE);
    call->is_spoilt |= size != unit->size || memcmp(expected, unit->data, size) != 0;
    call->units++;
    call->key_frames += unit->is_key_frame;
}

static void key_frame_wanted(void *user, enum sdp_line line)
{
    struct call *call = user;
    assert_int_equal(line, SDP_MAIN);
    call->key_frames_wanted++;
}

static void begin_with(
        struct call *call, const struct mirror_config *config, bool send_red, bool sound_only)
{
    static const char *const addresses[] = { "127.0.0.1", NULL };
    struct mirror_config mirror = *config;
    call->context = g_main_context_new();
    g_main_context_push_thread_default(call->context);
    assert_int_equal(certificate_new(&call->certificate), 0);
    const struct endpoint_config endpoint = { .context = call->context,
        .certificate = call->certificate,
        .local_addresses = addresses,
        .cname = "room-64",
        .send_red = send_red,
        .sound_only = sound_only,
        .events = { .state_changed = changed,
                .access_unit = take_unit,
                .key_frame_wanted = key_frame_wanted },
        .user = call };
    assert_int_equal(endpoint_open(&endpoint, &call->endpoint), 0);
    mirror.context = call->context;
    mirror.address = "127.0.0.1";
    call->mirror = mirror_new(&mirror);
}

static void begin(struct call *call, const struct mirror_config *config)
{
    begin_with(call, config, false, false);
}

static void end(struct call *call)
{
    endpoint_close(call->endpoint);
    mirror_free(call->mirror);
    certificate_free(call->certificate);
    while (g_main_context_iteration(call->context, FALSE)) // what closes in the background
        ;
    g_main_context_pop_thread_default(call->context);
    g_main_context_unref(call->context);
}

static void negotiate(struct call *call)
{
    const char *error = NULL;
    g_autofree char *offer = endpoint_offer(call->endpoint);
    g_autofree char *answer = mirror_answer(call->mirror, offer);
    assert_int_equal(endpoint_answer(call->endpoint, answer, &error), 0);
}

static gboolean nothing(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

// Iterates until the condition is true or the deadline has passed; wakes at least every 5 ms.
#define UNTIL(call, condition) \
    do { \
        const int64_t deadline_us_ = g_get_monotonic_time() + WITHIN_US; \
        GSource *beat_ = g_timeout_source_new(5); \
        g_source_set_callback(beat_, nothing, NULL, NULL); \
        g_source_attach(beat_, (call)->context); \
        while (!(condition) && g_get_monotonic_time() < deadline_us_) \
            g_main_context_iteration((call)->context, TRUE); \
        g_source_destroy(beat_); \
        g_source_unref(beat_); \
        assert_true(condition); \
    } while (0)

static void send_frame(struct call *call, bool is_key_frame)
{
    uint8_t unit[UNIT_SIZE + 64];
    const size_t size = write_unit(unit, is_key_frame, call->frame, UNIT_SIZE);
    assert_int_equal(endpoint_send_video(
                             call->endpoint, SDP_MAIN, unit, size, (int64_t)call->frame * FRAME_US),
            0);
    call->frame++;
}

static void sound_and_picture_go_there_and_back(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ 0 });
    assert_int_equal(endpoint_send_audio(call.endpoint, (const uint8_t *)"x", 1, 0, 20), -ENOTCONN);
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    assert_string_equal(endpoint_srtp_profile(call.endpoint), "SRTP_AEAD_AES_128_GCM");

    for (int frame = 0; frame < 20; frame++) {
        const uint8_t opus[] = { 0xf8, 0xff, 0xfe };
        send_frame(&call, frame == 0);
        assert_int_equal(
                endpoint_send_audio(call.endpoint, opus, sizeof(opus), (uint32_t)frame * 960, 20),
                0);
        UNTIL(&call, call.units == frame + 1);
    }
    struct endpoint_stats stats;
    UNTIL(&call, mirror_counters(call.mirror)->audio_in == 20);
    endpoint_read_stats(call.endpoint, &stats);
    assert_false(call.is_spoilt);
    assert_int_equal(call.key_frames, 1);
    assert_int_equal(mirror_counters(call.mirror)->level, 20);
    assert_int_equal(stats.lines[SDP_MAIN].lost_in, 0);
    assert_int_equal(stats.lines[SDP_MAIN].packets_in, stats.lines[SDP_MAIN].packets_out);
    assert_true(stats.lines[SDP_MAIN].packets_out >= 20 * UNIT_SIZE / 1100);
    assert_int_equal(stats.malformed_in, 0);
    end(&call);
}

static void lost_packets_are_asked_for_and_repaired(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ .lose_out_every = 7, .lose_in_every = 11 });
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    for (int frame = 0; frame < 40; frame++) {
        send_frame(&call, frame == 0);
        UNTIL(&call, call.units >= frame - 1); // the last loss shows with the next packet
    }
    struct endpoint_stats stats;
    endpoint_read_stats(call.endpoint, &stats);
    assert_false(call.is_spoilt);
    assert_int_equal(call.key_frames, 1);
    assert_true(stats.lines[SDP_MAIN].nacks_out > 0);
    assert_true(stats.lines[SDP_MAIN].rtx_in > 0);
    assert_true(stats.lines[SDP_MAIN].nacks_in > 0);
    assert_int_equal(mirror_counters(call.mirror)->rtx_in, stats.lines[SDP_MAIN].rtx_out);
    end(&call);
}

static void a_receiver_that_missed_the_key_frame_asks_for_one(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ 0 });
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    send_frame(&call, false);
    UNTIL(&call, mirror_counters(call.mirror)->plis_in > 0);
    assert_int_equal(call.units, 0);
    mirror_request_key_frame(call.mirror);
    mirror_request_key_frame(call.mirror); // too soon
    UNTIL(&call, call.key_frames_wanted == 1);
    send_frame(&call, true);
    UNTIL(&call, call.units == 1);
    assert_int_equal(call.key_frames_wanted, 1);
    end(&call);
}

static void sound_that_is_lost_comes_again_in_red(void **state)
{
    (void)state;
    struct call call = { 0 };
    struct endpoint_stats stats = { 0 };
    begin_with(&call, &(struct mirror_config){ .lose_sound_every = 5 }, true, false);
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    int packets = 0, others = 0;
    for (int frame = 0; frame < 60; frame++) {
        const uint8_t opus[] = { 0xf8, (uint8_t)frame, 1 };
        struct audio_jitter_frame got;
        assert_int_equal(
                endpoint_send_audio(call.endpoint, opus, sizeof(opus), (uint32_t)frame * 960, 20),
                0);
        UNTIL(&call, mirror_counters(call.mirror)->audio_in == (uint64_t)frame + 1);
        UNTIL(&call, (endpoint_read_stats(call.endpoint, &stats),
                             stats.lines[SDP_AUDIO].packets_in ==
                                     (uint64_t)(frame + 1 - (frame + 1) / 5)));
        if (frame < 6)
            continue; // 120 ms are kept, more than the buffer wants to hold
        if (endpoint_next_audio(call.endpoint, &got) == AUDIO_JITTER_PACKET)
            packets++;
        else
            others++;
    }
    endpoint_read_stats(call.endpoint, &stats);
    assert_true(stats.audio.red_used > 0);
    assert_int_equal(stats.audio.concealed, 0);
    assert_true(packets > 40);
    end(&call);
}

static void mids_end_when_the_far_side_knows_our_sources(void **state)
{
    (void)state;
    struct call call = { 0 };
    struct endpoint_stats stats = { 0 };
    begin(&call, &(struct mirror_config){ 0 });
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    send_frame(&call, true);
    // A report of ours, one of theirs about it: the round trip.
    UNTIL(&call, (endpoint_read_stats(call.endpoint, &stats), stats.round_trip_us > 0));
    const uint64_t mids = mirror_counters(call.mirror)->mids_in;
    assert_true(mids > 0);
    send_frame(&call, false);
    UNTIL(&call, call.units == 2);
    assert_int_equal(mirror_counters(call.mirror)->mids_in, mids);
    assert_true(stats.round_trip_us < G_USEC_PER_SEC);
    end(&call);
}

static void closing_says_bye(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ 0 });
    negotiate(&call);
    UNTIL(&call, call.connected == 1 && mirror_is_connected(call.mirror));
    g_clear_pointer(&call.endpoint, endpoint_close);
    UNTIL(&call, mirror_counters(call.mirror)->byes_in == 1);
    end(&call);
}

static void silence_of_five_seconds_is_a_failure(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ .is_silent = true });
    negotiate(&call);
    UNTIL(&call, call.connected == 1);
    UNTIL(&call, call.failed == 1);
    assert_string_equal(call.reason, "media.silent");
    assert_int_equal(endpoint_state(call.endpoint), PEER_FAILED);
    end(&call);
}

// What is sent, comes back to be counted.
static void send_and_poll(struct call *call)
{
    static uint32_t timestamp;
    const uint8_t opus[] = { 0xf8, 1, 2, 3 };
    send_frame(call, call->frame == 0);
    assert_int_equal(
            endpoint_send_audio(call->endpoint, opus, sizeof(opus), timestamp += 960, 30), 0);
    endpoint_poll(call->endpoint);
}

static void a_polled_endpoint_counts_without_decrypting(void **state)
{
    (void)state;
    struct call call = { 0 };
    struct endpoint_stats stats = { 0 };
    begin(&call, &(struct mirror_config){ 0 });
    negotiate(&call);
    UNTIL(&call, call.connected && mirror_is_connected(call.mirror));
    endpoint_begin_polling(call.endpoint);
    for (int i = 0; i < 10; i++)
        send_and_poll(&call);
    UNTIL(&call, mirror_counters(call.mirror)->audio_in == 10);
    assert_int_equal(call.units, 0);
    endpoint_read_stats(call.endpoint, &stats);
    assert_int_equal(stats.lines[SDP_AUDIO].packets_in, 0); // nothing comes by itself
    UNTIL(&call, (endpoint_poll(call.endpoint), endpoint_read_stats(call.endpoint, &stats),
                         stats.lines[SDP_MAIN].units_in == 10 &&
                                 stats.lines[SDP_AUDIO].packets_in == 10));
    assert_int_equal(stats.lines[SDP_MAIN].lost_in, 0);
    assert_int_equal(stats.malformed_in, 0);
    assert_int_equal(call.units, 0);

    // RTCP is understood, and reports are sent.
    mirror_request_key_frame(call.mirror);
    UNTIL(&call, (endpoint_poll(call.endpoint), call.key_frames_wanted == 1));
    UNTIL(&call, (endpoint_poll(call.endpoint), mirror_counters(call.mirror)->reports_in > 0));
    end(&call);
}

static void a_polled_endpoint_notices_silence(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin(&call, &(struct mirror_config){ .is_silent = true });
    negotiate(&call);
    UNTIL(&call, call.connected);
    endpoint_begin_polling(call.endpoint);
    UNTIL(&call, (endpoint_poll(call.endpoint), call.failed));
    assert_string_equal(call.reason, "media.silent");
    end(&call);
}

static void sound_alone_can_be_offered(void **state)
{
    (void)state;
    struct call call = { 0 };
    begin_with(&call, &(struct mirror_config){ 0 }, false, true);
    negotiate(&call);
    UNTIL(&call, call.connected);
    assert_true(endpoint_may_send(call.endpoint, SDP_AUDIO));
    assert_false(endpoint_may_send(call.endpoint, SDP_MAIN));
    assert_false(endpoint_may_send(call.endpoint, SDP_CONTENT));
    end(&call);
}

static void refuses_what_is_no_answer(void **state)
{
    (void)state;
    struct call call = { 0 };
    const char *error = NULL;
    begin(&call, &(struct mirror_config){ 0 });
    assert_int_equal(endpoint_answer(call.endpoint, "v=0", &error), -EINVAL);
    assert_string_equal(error, "sdp.not_expected");
    g_autofree char *offer = endpoint_offer(call.endpoint);
    assert_int_equal(endpoint_answer(call.endpoint, "rubbish", &error), -EINVAL);
    assert_int_equal(endpoint_answer(call.endpoint, offer, &error), -EINVAL); // our own text
    assert_string_equal(error, "sdp.not_passive");
    assert_int_equal(endpoint_state(call.endpoint), PEER_NEW);
    assert_int_equal(call.failed, 0);
    end(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_and_picture_go_there_and_back),
        cmocka_unit_test(lost_packets_are_asked_for_and_repaired),
        cmocka_unit_test(a_receiver_that_missed_the_key_frame_asks_for_one),
        cmocka_unit_test(sound_that_is_lost_comes_again_in_red),
        cmocka_unit_test(mids_end_when_the_far_side_knows_our_sources),
        cmocka_unit_test(closing_says_bye),
        cmocka_unit_test(silence_of_five_seconds_is_a_failure),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(a_polled_endpoint_counts_without_decrypting),
        cmocka_unit_test(a_polled_endpoint_notices_silence),
        cmocka_unit_test(sound_alone_can_be_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
