// SPDX-License-Identifier: Apache-2.0
// One member of the centre and its endpoint in one thread: sound and pictures in and out, losses
// and repairs, reports and feedback. None of our code allocates for a packet, on either side.
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/endpoint/endpoint.h"
#include "common/media/media.h"
#include "common/media/picture.h"
#include "mcu/member.h"
#include "mcu/ticker.h"
#include "mcu/tier.h"
#include "mcu/tier_feed.h"
#include "tests/support/allocations.h"

#include <cmocka.h>

#define WITHIN_US   (20 * G_USEC_PER_SEC)
#define WIDTH       640
#define HEIGHT      360
#define UNIT_SIZE   9000
#define WARM_ROUNDS 75
#define ROUNDS      150 // of 20 ms: three seconds, so that reports and polls are among them

struct path {
    GMainContext *context;
    struct certificate *certificate;
    struct audio_thread *audio;
    struct member_host host;
    struct member *member;
    struct endpoint *endpoint;
    struct tier *tier;
    struct tier_feed *feed;
    struct picture *canvas;
    int wake_fd;
    unsigned units, round;
    size_t allocations;
};

static const char *const addresses[] = { "127.0.0.1", NULL };

static void on_changed(void *user, struct member *member, const char *reason)
{
    (void)user;
    (void)member;
    (void)reason;
}

static void on_step(void *user, struct member *member)
{
    (void)user;
    (void)member;
}

static void on_unit(void *user, enum sdp_line line, const struct h264_access_unit *unit)
{
    (void)line;
    (void)unit;
    ((struct path *)user)->units++;
}

static void open_centre(struct path *path)
{
    path->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const struct audio_thread_config audio = {
        .net_count = 1, .net_wake_fds = { path->wake_fd }, .bit_rate = 32000
    };
    const struct tier_config tier = { .id = 1,
        .canvas_width = WIDTH,
        .canvas_height = HEIGHT,
        .shape = tier_step_shape(TIER_360P, WIDTH, HEIGHT, 25, 1000),
        .net_count = 1,
        .net_wake_fds = { path->wake_fd } };
    assert_int_equal(audio_thread_open(&audio, &path->audio), 0);
    assert_int_equal(audio_thread_add_conference(path->audio, 0), 0);
    assert_int_equal(audio_thread_add_member(path->audio, 0, 0), 0);
    assert_int_equal(tier_open(&tier, &path->tier), 0);
    path->feed = tier_feed_new(path->tier, 0);
    path->canvas = picture_new(WIDTH, HEIGHT);
    path->host = (struct member_host){ .context = path->context,
        .certificate = path->certificate,
        .addresses = addresses,
        .audio = path->audio,
        .unix_offset_us = g_get_real_time() - ticker_now_us(),
        .step_changed = on_step,
        .connection_changed = on_changed,
        .user = path };
    path->member = member_new(&path->host, 0, 0, 1);
    const struct tier_choice_config canvas = { .kbps = 1000, .top = TIER_360P };
    member_set_link(path->member, 0, &canvas);
}

static void negotiate(struct path *path)
{
    const char *error = NULL;
    g_autofree struct negotiation *negotiation = g_new0(struct negotiation, 1);
    g_autofree char *offer = endpoint_offer(path->endpoint);
    struct peer_description local;
    assert_int_equal(negotiate_start(offer, NULL, negotiation, &error), 0);
    assert_int_equal(member_accept(path->member, negotiation, &local), 0);
    member_set_feed(path->member, SDP_MAIN, path->feed);
    g_autofree char *answer = negotiate_finish(negotiation, &local);
    assert_int_equal(endpoint_answer(path->endpoint, answer, &error), 0);
}

static void open_path(struct path *path)
{
    const char *missing = NULL;
    assert_int_equal(media_init(NULL, &missing), 0);
    path->context = g_main_context_new();
    assert_int_equal(certificate_new(&path->certificate), 0);
    open_centre(path);
    const struct endpoint_config endpoint = { .context = path->context,
        .certificate = path->certificate,
        .local_addresses = addresses,
        .cname = "room-64",
        .send_red = true,
        .events = { .access_unit = on_unit },
        .user = path };
    assert_int_equal(endpoint_open(&endpoint, &path->endpoint), 0);
    negotiate(path);
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    while (endpoint_state(path->endpoint) != PEER_CONNECTED || !member_is_connected(path->member)) {
        assert_true(g_get_monotonic_time() < deadline_us);
        g_main_context_iteration(path->context, FALSE);
    }
}

static void close_path(struct path *path)
{
    endpoint_close(path->endpoint);
    member_free(path->member);
    while (g_main_context_iteration(path->context, FALSE))
        ;
    tier_feed_free(path->feed);
    tier_close(path->tier);
    picture_free(path->canvas);
    audio_thread_stop(path->audio);
    audio_thread_close(path->audio);
    certificate_free(path->certificate);
    g_main_context_unref(path->context);
    close(path->wake_fd);
}

// What the room sends in 20 ms; every other time a picture.
static void speak_and_film(struct path *path)
{
    static uint8_t unit[UNIT_SIZE] = { 0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65,
        0x80 };
    memset(unit + 17, 0x55, sizeof(unit) - 17);
    static const uint8_t opus[60] = { 0xf8, 0xff, 0xfe };
    endpoint_send_audio(path->endpoint, opus, sizeof(opus), path->round * 960, 20);
    if (path->round % 2 == 0)
        endpoint_send_video(
                path->endpoint, SDP_MAIN, unit, sizeof(unit), (int64_t)path->round * 20000);
}

// What the centre sends in 20 ms: a mix, and the picture that the tier made.
static void mix_and_compose(struct path *path, const struct tier_frame *frame, int64_t now_us)
{
    uint8_t packet[LINK_OUT_HEADROOM + MIXER_PAYLOAD_MAX] = { 0 };
    const struct audio_out out = {
        .slot = MIXER_SHARED, .tick = 1000 + path->round, .due_us = now_us, .size = 80
    };
    if (member_takes_shared(path->member, &out))
        member_send_audio(path->member, packet + LINK_OUT_HEADROOM, &out);
    if (frame)
        member_send_frame(path->member, path->feed, frame, now_us);
    member_poll(path->member, now_us);
    if (path->round % 50 == 0)
        member_poll_second(path->member, now_us);
}

static void run_round(struct path *path, bool is_counted)
{
    struct tier_frame frame;
    struct audio_jitter_frame heard;
    const int64_t begun_us = ticker_now_us();
    path->round++;
    memset(path->canvas->plane[0], (int)path->round, (size_t)path->canvas->stride[0] * HEIGHT);
    tier_push(path->tier, path->canvas, begun_us); // on the compositor's thread, in truth

    if (is_counted)
        allocations_begin();
    const bool has_frame = tier_feed_next(path->feed, begun_us, &frame);
    speak_and_film(path);
    mix_and_compose(path, has_frame ? &frame : NULL, begun_us);
    while (ticker_now_us() - begun_us < 20000)
        g_main_context_iteration(path->context, FALSE);
    endpoint_next_audio(path->endpoint, &heard);
    allocations_end();
    if (is_counted)
        path->allocations += allocations_of_ours();
}

static void a_packet_costs_no_allocation_of_ours_in_or_out(void **state)
{
    (void)state;
    static struct path path;
    struct member_statistics before, after;
    struct endpoint_stats stats;
    open_path(&path);
    for (int i = 0; i < WARM_ROUNDS; i++)
        run_round(&path, false);
    member_statistics(path.member, &before);
    for (int i = 0; i < ROUNDS; i++)
        run_round(&path, true);
    member_statistics(path.member, &after);
    endpoint_read_stats(path.endpoint, &stats);
    print_message("%u pictures and %u packets of sound came back; %u bytes in\n", path.units,
            (unsigned)stats.lines[SDP_AUDIO].packets_in,
            (unsigned)(after.bytes_in - before.bytes_in));
    // It did the work.
    assert_true(path.units > ROUNDS / 4);
    assert_true(stats.lines[SDP_AUDIO].packets_in >= ROUNDS);
    assert_true(after.bytes_in - before.bytes_in > ROUNDS / 2 * UNIT_SIZE);
    assert_int_equal(path.allocations, 0);
    close_path(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_costs_no_allocation_of_ours_in_or_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
