// SPDX-License-Identifier: Apache-2.0
// What the MCU does for a receiver that lost something, and how its streams are timed: a bare peer
// that reads every packet itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/media/media.h"
#include "common/rtp/feedback.h"
#include "common/rtp/key_frame.h"
#include "common/rtp/packet.h"
#include "common/rtp/rtcp.h"
#include "common/rtp/rtx.h"
#include "common/sdp/session.h"
#include "common/transport/peer.h"
#include "mcu/engine.h"
#include "mcu/metrics.h"

#include <cmocka.h>

#define CONFERENCE "abcdefgh"
#define WITHIN_US  (15 * G_USEC_PER_SEC)
#define OUR_SSRC   4711u

struct stream {
    uint32_t ssrc, clock_rate;
    uint64_t packets;
    uint16_t last_seq;
    uint32_t last_timestamp;
    int64_t last_unix_us; // arrival
    bool has_report;
    uint64_t report_ntp;
    uint32_t report_timestamp;
};

struct listener {
    struct loop *loop;
    struct engine *engine;
    struct certificate *certificate;
    struct peer *peer;
    struct sdp_session offer, answer;
    struct stream audio, video;
    bool steps_back; // a sequence or timestamp went backwards

    int key_frames;
    uint16_t lost_seq;
    uint8_t lost[1500];
    size_t lost_size; // 0: nothing was lost yet
    int repaired;
    bool is_repaired_right;
};

static const char *const addresses[] = { "127.0.0.1", NULL };

static void note(struct listener *listener, struct stream *stream, const struct rtp_packet *packet)
{
    if (stream->packets > 0 &&
            (rtp_seq_distance(stream->last_seq, packet->seq) != 1 ||
                    rtp_timestamp_distance(stream->last_timestamp, packet->timestamp) < 0))
        listener->steps_back = true;
    stream->packets++;
    stream->last_seq = packet->seq;
    stream->last_timestamp = packet->timestamp;
    stream->last_unix_us = g_get_real_time();
}

static void take_repair(struct listener *listener, uint8_t *data, size_t size)
{
    const struct sdp_media *main = &listener->answer.media[SDP_MAIN];
    const int restored = rtx_restore(data, size, main->ssrc, main->payload_type);
    assert_true(restored > 0);
    // All but the transport-wide number, which is of each sending.
    struct rtp_packet again, lost;
    assert_int_equal(rtp_packet_read(data, (size_t)restored, &again), 0);
    assert_int_equal(rtp_packet_read(listener->lost, listener->lost_size, &lost), 0);
    listener->repaired++;
    listener->is_repaired_right = again.seq == lost.seq && again.timestamp == lost.timestamp &&
                                  again.marker == lost.marker && again.ssrc == lost.ssrc &&
                                  again.payload_size == lost.payload_size &&
                                  memcmp(again.payload, lost.payload, lost.payload_size) == 0;
}

static void on_rtp(void *user, uint8_t *data, size_t size)
{
    struct listener *listener = user;
    struct rtp_packet packet;
    assert_int_equal(rtp_packet_read(data, size, &packet), 0);
    if (packet.ssrc == listener->audio.ssrc) {
        note(listener, &listener->audio, &packet);
        return;
    }
    if (packet.ssrc == listener->answer.media[SDP_MAIN].rtx_ssrc) {
        take_repair(listener, data, size);
        return;
    }
    assert_int_equal(packet.ssrc, listener->video.ssrc);
    note(listener, &listener->video, &packet);
    listener->key_frames +=
            key_frame_starts_h264(packet.payload, packet.payload_size) &&
            (packet.payload[0] & 0x1f) != 28; // the parameter sets, not each fragment
    if (listener->video.packets == 20) {
        memcpy(listener->lost, data, size);
        listener->lost_size = size;
        listener->lost_seq = packet.seq;
    }
}

static void on_rtcp(void *user, const uint8_t *data, size_t size)
{
    struct listener *listener = user;
    struct rtcp_packet packet;
    struct rtcp_report report;
    size_t at = 0;
    while (rtcp_next(data, size, &at, &packet) == 1) {
        if (packet.type != RTCP_SENDER_REPORT)
            continue;
        assert_int_equal(rtcp_read_report(&packet, &report), 0);
        struct stream *stream =
                report.ssrc == listener->audio.ssrc ? &listener->audio : &listener->video;
        assert_int_equal(report.ssrc, stream->ssrc);
        stream->has_report = true;
        stream->report_ntp = report.ntp;
        stream->report_timestamp = report.timestamp;
    }
}

static void on_state(void *user, enum peer_state state, const char *reason)
{
    (void)user;
    (void)reason;
    assert_int_not_equal(state, PEER_FAILED);
}

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct listener *listener = user;
    const char *fault = NULL;
    assert_string_equal(offer_id, "o-1");
    assert_null(error);
    assert_int_equal(sdp_session_parse(sdp, &listener->answer, &fault), 0);
    struct peer_description remote = { .ice_lite = true };
    g_strlcpy(remote.ice_ufrag, listener->answer.ice_ufrag, sizeof(remote.ice_ufrag));
    g_strlcpy(remote.ice_pwd, listener->answer.ice_pwd, sizeof(remote.ice_pwd));
    g_strlcpy(remote.fingerprint, listener->answer.fingerprint, sizeof(remote.fingerprint));
    remote.candidate_count = listener->answer.candidate_count;
    for (size_t i = 0; i < remote.candidate_count; i++) {
        g_strlcpy(remote.candidates[i].address, listener->answer.candidates[i].address,
                sizeof(remote.candidates[i].address));
        g_strlcpy(remote.candidates[i].foundation, listener->answer.candidates[i].foundation,
                sizeof(remote.candidates[i].foundation));
        remote.candidates[i].port = listener->answer.candidates[i].port;
        remote.candidates[i].priority = listener->answer.candidates[i].priority;
    }
    listener->audio =
            (struct stream){ .ssrc = listener->answer.media[SDP_AUDIO].ssrc, .clock_rate = 48000 };
    listener->video =
            (struct stream){ .ssrc = listener->answer.media[SDP_MAIN].ssrc, .clock_rate = 90000 };
    assert_int_equal(peer_set_remote_description(listener->peer, &remote), 0);
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    (void)user;
    (void)conference;
    (void)member;
}

static void want_canvas(struct listener *listener)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->members = g_new0(struct type_conference_member, 1);
    desired->member_count = 1;
    g_strlcpy(desired->members[0].id, "64", sizeof(desired->members[0].id));
    g_strlcpy(desired->members[0].line1, "Tỉnh Gia Lai", sizeof(desired->members[0].line1));
    desired->canvas_count = 1;
    desired->canvases[0].kind = CANVAS_KIND_PROGRAM;
    desired->canvases[0].layout = STAGE_LAYOUT_GRID;
    desired->canvases[0].tiles_count = 1;
    g_strlcpy(desired->canvases[0].tiles[0].member, "64",
            sizeof(desired->canvases[0].tiles[0].member));
    engine_apply(listener->engine, desired);
}

static void dial(struct listener *listener)
{
    const struct peer_config config = {
        .context = loop_context(listener->loop),
        .certificate = listener->certificate,
        .local_addresses = addresses,
        .events = { .state_changed = on_state, .rtp = on_rtp, .rtcp = on_rtcp },
        .user = listener,
    };
    struct peer_description local;
    struct sdp_session *offer = &listener->offer;
    assert_int_equal(peer_open(&config, &listener->peer), 0);
    peer_local_description(listener->peer, &local);
    sdp_session_offer(offer);
    g_strlcpy(offer->ice_ufrag, local.ice_ufrag, sizeof(offer->ice_ufrag));
    g_strlcpy(offer->ice_pwd, local.ice_pwd, sizeof(offer->ice_pwd));
    g_strlcpy(offer->fingerprint, local.fingerprint, sizeof(offer->fingerprint));
    g_strlcpy(offer->setup, "actpass", sizeof(offer->setup));
    for (int line = 0; line < SDP_LINE_COUNT; line++)
        offer->media[line].ssrc = OUR_SSRC + (uint32_t)line;
    g_autofree char *text = sdp_session_write(offer);
    const char *error = NULL;
    assert_int_equal(engine_offer(listener->engine, CONFERENCE, "64", "o-1", text, &error), 0);
}

static int begin(void **state)
{
    static struct listener listener;
    static const struct engine_events events = { on_answered, on_connection_changed };
    const char *missing = NULL;
    memset(&listener, 0, sizeof(listener));
    assert_int_equal(media_init(NULL, &missing), 0);
    listener.loop = loop_new_main();
    assert_int_equal(certificate_new(&listener.certificate), 0);
    const struct engine_config config = {
        .loop = listener.loop,
        .addresses = addresses,
        .net_threads = 1,
        .width = 1280,
        .height = 720,
        .fps = 25,
        .kbps = 1000,
        .audio_bit_rate = 32000,
    };
    assert_int_equal(engine_open(&config, &events, &listener, &listener.engine), 0);
    want_canvas(&listener);
    dial(&listener);
    *state = &listener;
    return 0;
}

static int end(void **state)
{
    struct listener *listener = *state;
    peer_close(listener->peer);
    engine_close(listener->engine);
    while (g_main_context_iteration(loop_context(listener->loop), FALSE))
        ;
    certificate_free(listener->certificate);
    loop_free(listener->loop);
    return 0;
}

static gboolean nothing(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

typedef bool condition_fn(struct listener *listener);

static bool wait_within(struct listener *listener, condition_fn *condition, int64_t within_us)
{
    const int64_t deadline_us = g_get_monotonic_time() + within_us;
    GSource *wake = loop_add_timer(listener->loop, 20, nothing, NULL);
    bool is_true;
    while (!(is_true = condition(listener)) && g_get_monotonic_time() < deadline_us)
        g_main_context_iteration(loop_context(listener->loop), TRUE);
    loop_clear_source(&wake);
    return is_true;
}

static bool wait_for(struct listener *listener, condition_fn *condition)
{
    return wait_within(listener, condition, WITHIN_US);
}

static bool never(struct listener *listener)
{
    (void)listener;
    return false;
}

static bool something_was_lost(struct listener *listener)
{
    return listener->lost_size > 0;
}

static bool it_came_again(struct listener *listener)
{
    return listener->repaired > 0;
}

static bool both_are_reported(struct listener *listener)
{
    return listener->audio.has_report && listener->video.has_report;
}

static bool a_key_frame_came(struct listener *listener)
{
    return listener->key_frames > 0;
}

static void send_feedback(struct listener *listener, const uint16_t *seqs, size_t count)
{
    uint8_t buffer[400];
    struct bytes_writer writer;
    const struct rtcp_report report = { .ssrc = OUR_SSRC };
    bytes_writer_init(&writer, buffer, sizeof(buffer));
    rtcp_write_report(&writer, &report);
    if (count > 0)
        feedback_write_nack(&writer, OUR_SSRC, listener->video.ssrc, seqs, count);
    else
        feedback_write_pli(&writer, OUR_SSRC, listener->video.ssrc);
    const int size = bytes_writer_status(&writer);
    assert_true(size > 0);
    assert_int_equal(peer_send_rtcp(listener->peer, buffer, (size_t)size), 0);
}

static void a_lost_packet_comes_again_as_rtx(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, something_was_lost));
    // One that was sent, and one that never was.
    const uint16_t seqs[] = { listener->lost_seq, (uint16_t)(listener->lost_seq + 20000) };
    send_feedback(listener, seqs, 2);
    assert_true(wait_for(listener, it_came_again));
    assert_true(listener->is_repaired_right);
    wait_within(listener, never, 100000);
    assert_int_equal(listener->repaired, 1);
    assert_false(listener->steps_back);
}

static void many_wishes_make_one_key_frame_a_second(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, a_key_frame_came));
    listener->key_frames = 0;
    const int64_t start_us = g_get_monotonic_time();
    while (g_get_monotonic_time() - start_us < 2500000) {
        send_feedback(listener, NULL, 0);
        wait_within(listener, never, 20000);
    }
    assert_in_range(listener->key_frames, 2, 3);
    assert_false(listener->steps_back);
}

static void two_hundred_and_forty_wishes_in_a_second_make_one_key_frame(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, a_key_frame_came));
    wait_within(listener, never, 1100000);
    listener->key_frames = 0;
    const int64_t start_us = g_get_monotonic_time();
    for (int i = 0; i < 240; i++) {
        send_feedback(listener, NULL, 0);
        if (i % 8 == 7)
            wait_within(listener, never, 20000);
    }
    wait_within(listener, never, 900000 - (g_get_monotonic_time() - start_us));
    // A machine that is busy may have needed longer than the second.
    assert_in_range(listener->key_frames, 1, (g_get_monotonic_time() - start_us) / 1000000 + 1);
    assert_false(listener->steps_back);
}

static void who_comes_after_a_key_frame_needs_no_other(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, a_key_frame_came));
    // The key frame must be younger than a second when the peer is there again; a busy machine may
    // need more than one attempt.
    const int64_t before = metric_get(&mcu_video_gops_sent_total);
    for (int attempt = 0; metric_get(&mcu_video_gops_sent_total) == before; attempt++) {
        assert_in_range(attempt, 0, 5);
        peer_close(listener->peer);
        listener->key_frames = 0;
        dial(listener);
        assert_true(wait_for(listener, a_key_frame_came));
    }
    assert_int_equal(listener->key_frames, 1);
    wait_within(listener, never, 200000);
    assert_false(listener->steps_back);
}

// Where the sender reports put the newest packet of a stream, in Unix time, µs.
static int64_t sent_at_us(const struct stream *stream)
{
    const double since = rtp_timestamp_distance(stream->report_timestamp, stream->last_timestamp) /
                         (double)stream->clock_rate;
    const uint64_t unix_ntp = stream->report_ntp - rtcp_ntp(0);
    return (int64_t)((double)unix_ntp / 4294967296.0 * 1e6 + since * 1e6);
}

static void both_streams_tell_the_same_time(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, both_are_reported));
    wait_within(listener, never, 300000);
    const int64_t audio_us = listener->audio.last_unix_us - sent_at_us(&listener->audio);
    const int64_t video_us = listener->video.last_unix_us - sent_at_us(&listener->video);
    // Sound leaves in the tick it is mixed in; a picture passes the encoder.
    assert_true(audio_us > -30000 && audio_us < 100000);
    assert_true(video_us > -30000 && video_us < 250000);
    assert_false(listener->steps_back);
}

static bool is_listed(struct listener *listener, bool connected)
{
    g_autoptr(GArray) rows = engine_members(listener->engine, CONFERENCE, NULL);
    return g_array_index(rows, struct engine_member, 0).connected == connected;
}

static bool is_listed_as_lost(struct listener *listener)
{
    return is_listed(listener, false);
}

static bool is_listed_as_connected(struct listener *listener)
{
    return is_listed(listener, true);
}

static void silence_is_noticed_and_a_word_is_enough(void **state)
{
    struct listener *listener = *state;
    assert_true(wait_for(listener, is_listed_as_connected));
    const int64_t start_us = g_get_monotonic_time();
    assert_true(wait_for(listener, is_listed_as_lost));
    assert_in_range(g_get_monotonic_time() - start_us, 4500000, 7500000);
    send_feedback(listener, NULL, 0);
    assert_true(wait_for(listener, is_listed_as_connected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lost_packet_comes_again_as_rtx, begin, end),
        cmocka_unit_test_setup_teardown(many_wishes_make_one_key_frame_a_second, begin, end),
        cmocka_unit_test_setup_teardown(
                two_hundred_and_forty_wishes_in_a_second_make_one_key_frame, begin, end),
        cmocka_unit_test_setup_teardown(who_comes_after_a_key_frame_needs_no_other, begin, end),
        cmocka_unit_test_setup_teardown(silence_is_noticed_and_a_word_is_enough, begin, end),
        cmocka_unit_test_setup_teardown(both_streams_tell_the_same_time, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
