// SPDX-License-Identifier: Apache-2.0
// Sound on the real path, endpoints with ICE, DTLS and SRTP against the engine: what a receiver is
// sent is one line for life whatever it is moved to, and who is mixed is the centre's word.
#include <glib.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/endpoint/endpoint.h"
#include "common/media/media.h"
#include "common/media/tone.h"
#include "common/rtp/packet.h"
#include "mcu/engine.h"

#include <cmocka.h>

#define CONFERENCE  "abcdefgh"
#define ROOMS       3
#define TICK_US     20000
#define FRAME       960
#define RATE_HZ     48000
#define EAR_SAMPLES (RATE_HZ / 5)
#define WITHIN_US   (20 * G_USEC_PER_SEC)
#define HEARD_DBFS  (-35.0)
#define SILENT_DBFS (-55.0)

// The RTP of sound that came, before the jitter buffer.
struct line {
    uint32_t ssrc;
    bool has_begun, was_thin;
    uint16_t seq;
    uint32_t timestamp;
    uint64_t packets, thin_packets, broken;
};

struct room {
    struct call *call;
    int number;
    struct endpoint *endpoint;
    bool is_connected, is_speaking;
    OpusEncoder *encoder;
    OpusDecoder *decoder;
    struct tone tone;
    uint32_t timestamp;
    struct line line;
    GQueue passing; // struct passing
    int16_t ear[EAR_SAMPLES];
    uint64_t heard;
};

struct passing {
    enum endpoint_way way;
    bool is_rtcp;
    size_t size;
    uint8_t data[PEER_PACKET_MAX];
};

struct call {
    struct loop *loop;
    struct engine *engine;
    struct certificate *certificate;
    struct room rooms[ROOMS];
    struct type_conference_member members[ROOMS];
    GSource *ticks;
    int64_t next_us;
};

static const char *const addresses[] = { "127.0.0.1", NULL };

// Consecutive but for ticks that the centre left out, which count in both.
static void look(struct line *line, const uint8_t *data, size_t size)
{
    struct rtp_packet packet;
    if (rtp_packet_read(data, size, &packet) < 0)
        return;
    const bool is_thin = opus_packet_get_nb_samples(packet.payload, (opus_int32)packet.payload_size,
                                 RATE_HZ) == 3 * FRAME;
    const uint32_t step = packet.timestamp - line->timestamp;
    const uint16_t packets = (uint16_t)(packet.seq - line->seq);
    const uint32_t length = line->was_thin ? 3 * FRAME : FRAME;
    if (line->has_begun) {
        // Going to thin packets waits for one that begins after what was sent last.
        const bool is_gapless =
                step == length || (packets >= 1 && step == packets * FRAME) ||
                (is_thin != line->was_thin && step >= length && step < length + 3 * FRAME);
        line->broken += packet.ssrc != line->ssrc || packets == 0 || packets > 8 || !is_gapless;
    }
    line->has_begun = true;
    line->was_thin = is_thin;
    line->ssrc = packet.ssrc;
    line->seq = packet.seq;
    line->timestamp = packet.timestamp;
    line->packets++;
    line->thin_packets += is_thin;
}

static void take_path(
        void *user, enum endpoint_way way, bool is_rtcp, const uint8_t *data, size_t size)
{
    struct room *room = user;
    if (way == ENDPOINT_IN && !is_rtcp)
        look(&room->line, data, size);
    struct passing *passing = g_new0(struct passing, 1);
    passing->way = way;
    passing->is_rtcp = is_rtcp;
    passing->size = MIN(size, sizeof(passing->data));
    memcpy(passing->data, data, passing->size);
    g_queue_push_tail(&room->passing, passing);
}

static void pass(struct room *room)
{
    struct passing *passing;
    while ((passing = g_queue_pop_head(&room->passing)) != NULL) {
        if (room->endpoint)
            endpoint_pass(
                    room->endpoint, passing->way, passing->is_rtcp, passing->data, passing->size);
        g_free(passing);
    }
}

static void speak(struct room *room)
{
    int16_t pcm[FRAME] = { 0 };
    uint8_t opus[1276];
    if (room->is_speaking)
        tone_add(&room->tone, pcm, FRAME);
    const int size = opus_encode(room->encoder, pcm, FRAME, opus, sizeof(opus));
    assert_true(size > 0);
    endpoint_send_audio(
            room->endpoint, opus, (size_t)size, room->timestamp, room->is_speaking ? 23 : 127);
    room->timestamp += FRAME;
}

static void hear(struct room *room)
{
    int16_t pcm[5760] = { 0 };
    struct audio_jitter_frame frame;
    int count = 0;
    switch (endpoint_next_audio(room->endpoint, &frame)) {
    case AUDIO_JITTER_PACKET:
        count = opus_decode(room->decoder, frame.data, (opus_int32)frame.size, pcm, 5760, 0);
        break;
    case AUDIO_JITTER_FEC:
        count = opus_decode(
                room->decoder, frame.data, (opus_int32)frame.size, pcm, frame.samples, 1);
        break;
    case AUDIO_JITTER_CONCEAL:
        count = opus_decode(room->decoder, NULL, 0, pcm, frame.samples, 0);
        break;
    case AUDIO_JITTER_SILENCE:
        return;
    }
    assert_true(count > 0 && count <= 2880);
    memmove(room->ear, room->ear + count, (EAR_SAMPLES - (size_t)count) * sizeof(pcm[0]));
    memcpy(room->ear + EAR_SAMPLES - count, pcm, (size_t)count * sizeof(pcm[0]));
    room->heard += (uint64_t)count;
}

static double level(const struct call *call, int listener, int talker)
{
    return tone_level_dbfs(call->rooms[listener].ear, EAR_SAMPLES, 1000 + 250 * talker, RATE_HZ);
}

static gboolean on_tick(gpointer data)
{
    struct call *call = data;
    for (int i = 0; i < ROOMS; i++) {
        struct room *room = &call->rooms[i];
        pass(room);
        if (!room->is_connected)
            continue;
        speak(room);
        hear(room);
        pass(room);
    }
    return G_SOURCE_CONTINUE;
}

static void on_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    ((struct room *)user)->is_connected = state == PEER_CONNECTED;
}

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct call *call = user;
    assert_non_null(sdp);
    assert_int_equal(endpoint_answer(call->rooms[offer_id[0] - '0'].endpoint, sdp, &error), 0);
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    (void)user;
    (void)conference;
    (void)member;
}

static void apply(struct call *call)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->members = g_memdup2(call->members, sizeof(call->members));
    desired->member_count = ROOMS;
    engine_apply(call->engine, desired);
}

// `without`: a line of the offer that has this word in it is left out.
static void dial(struct call *call, int number, const char *without)
{
    struct room *room = &call->rooms[number];
    const struct endpoint_config config = {
        .context = loop_context(call->loop),
        .certificate = call->certificate,
        .local_addresses = addresses,
        .cname = "test",
        .sound_only = true,
        .path = take_path,
        .events = { .state_changed = on_state },
        .user = room,
    };
    assert_int_equal(endpoint_open(&config, &room->endpoint), 0);
    g_autofree char *offer = endpoint_offer(room->endpoint);
    g_auto(GStrv) lines = g_strsplit(offer, "\r\n", -1);
    g_autoptr(GString) edited = g_string_new(NULL);
    int left_out = 0;
    for (int i = 0; lines[i] && lines[i][0]; i++) {
        if (without && strstr(lines[i], without))
            left_out++;
        else
            g_string_append_printf(edited, "%s\r\n", lines[i]);
    }
    assert_int_equal(left_out > 0, without != NULL);
    const char *error = NULL;
    assert_int_equal(engine_offer(call->engine, CONFERENCE, call->members[number].id,
                             call->members[number].id, edited->str, &error),
            0);
}

static int begin(void **state)
{
    static const struct engine_events events = { on_answered, on_connection_changed };
    struct call *call = g_new0(struct call, 1);
    const char *missing = NULL;
    int error = 0;
    assert_int_equal(media_init(NULL, &missing), 0);
    call->loop = loop_new_main();
    assert_int_equal(certificate_new(&call->certificate), 0);
    const struct engine_config config = {
        .loop = call->loop,
        .addresses = addresses,
        .net_threads = 2,
        .width = 320,
        .height = 180,
        .fps = 5,
        .kbps = 100,
        .content_width = 320,
        .content_height = 180,
        .content_fps = 5,
        .content_kbps = 100,
        .audio_bit_rate = 32000,
        .audio_loss_percent = 5,
    };
    assert_int_equal(engine_open(&config, &events, call, &call->engine), 0);
    for (int i = 0; i < ROOMS; i++) {
        struct room *room = &call->rooms[i];
        room->call = call;
        room->number = i;
        room->encoder = opus_encoder_create(RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
        room->decoder = opus_decoder_create(RATE_HZ, 1, &error);
        tone_init(&room->tone, 1000 + 250 * i, -20, RATE_HZ);
        g_queue_init(&room->passing);
        g_snprintf(call->members[i].id, sizeof(call->members[i].id), "%d", i);
    }
    call->ticks = loop_add_timer(call->loop, TICK_US / 1000, on_tick, call);
    *state = call;
    return 0;
}

static int end(void **state)
{
    struct call *call = *state;
    loop_clear_source(&call->ticks);
    for (int i = 0; i < ROOMS; i++) {
        struct room *room = &call->rooms[i];
        g_clear_pointer(&room->endpoint, endpoint_close);
        g_queue_clear_full(&room->passing, g_free);
        opus_encoder_destroy(room->encoder);
        opus_decoder_destroy(room->decoder);
    }
    engine_close(call->engine);
    while (g_main_context_iteration(loop_context(call->loop), FALSE))
        ;
    certificate_free(call->certificate);
    loop_free(call->loop);
    g_free(call);
    return 0;
}

typedef bool condition_fn(const struct call *call);

static bool wait_for(struct call *call, condition_fn *condition)
{
    const int64_t until_us = g_get_monotonic_time() + WITHIN_US;
    while (!condition(call)) {
        if (g_get_monotonic_time() > until_us)
            return false;
        g_main_context_iteration(loop_context(call->loop), TRUE);
    }
    return true;
}

// Until the second room was sent so many more packets.
static void listen_on(struct call *call, uint64_t packets)
{
    const int64_t until_us = g_get_monotonic_time() + WITHIN_US;
    const uint64_t from = call->rooms[1].line.packets;
    while (call->rooms[1].line.packets < from + packets) {
        assert_true(g_get_monotonic_time() < until_us);
        g_main_context_iteration(loop_context(call->loop), TRUE);
    }
}

static bool all_are_connected(const struct call *call)
{
    return call->rooms[0].is_connected && call->rooms[1].is_connected &&
           call->rooms[2].is_connected;
}

static bool second_hears_first(const struct call *call)
{
    return level(call, 1, 0) > HEARD_DBFS;
}

static bool second_hears_nobody(const struct call *call)
{
    return call->rooms[1].heard > 2 * EAR_SAMPLES && level(call, 1, 0) < SILENT_DBFS &&
           level(call, 1, 2) < SILENT_DBFS;
}

static bool second_gets_thin(const struct call *call)
{
    return call->rooms[1].line.was_thin;
}

static bool second_gets_whole(const struct call *call)
{
    return !call->rooms[1].line.was_thin;
}

static void a_receiver_has_one_line_for_life(void **state)
{
    struct call *call = *state;
    call->rooms[0].is_speaking = true;
    call->members[0].heard = call->members[1].heard = true;
    apply(call);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i, NULL);
    assert_true(wait_for(call, all_are_connected));
    assert_true(wait_for(call, second_hears_first));
    for (int round = 0; round < 3; round++) {
        call->rooms[1].is_speaking = true; // to an encode of its own
        listen_on(call, 40);
        call->rooms[1].is_speaking = false; // and back, after a second
        listen_on(call, 80);
        call->members[1].has_language = true;
        call->members[1].language = LANGUAGE_JRAI;
        apply(call);
        listen_on(call, 30);
        call->members[1].has_language = false;
        apply(call);
        call->members[1].has_thin = call->members[1].thin = true;
        apply(call);
        assert_true(wait_for(call, second_gets_thin));
        listen_on(call, 10);
        call->members[1].has_thin = false;
        apply(call);
        assert_true(wait_for(call, second_gets_whole));
        listen_on(call, 30);
    }
    assert_int_equal(call->rooms[1].line.broken, 0);
    assert_true(wait_for(call, second_hears_first));
}

static void who_is_not_heard_is_not_mixed_whatever_it_sends(void **state)
{
    struct call *call = *state;
    call->rooms[0].is_speaking = call->rooms[2].is_speaking = true;
    apply(call);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i, NULL);
    assert_true(wait_for(call, all_are_connected));
    listen_on(call, 50);
    assert_true(wait_for(call, second_hears_nobody));
    call->members[0].heard = true;
    apply(call);
    assert_true(wait_for(call, second_hears_first));
    assert_true(level(call, 1, 2) < SILENT_DBFS);
    call->members[0].heard = false;
    apply(call);
    listen_on(call, 50);
    assert_true(wait_for(call, second_hears_nobody));
}

static bool first_has_a_level(const struct call *call)
{
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, "0");
    return rows->len == 1 && g_array_index(rows, struct engine_member, 0).level > -40;
}

static void a_source_without_levels_is_decoded_and_measured(void **state)
{
    struct call *call = *state;
    call->rooms[0].is_speaking = true;
    call->members[0].heard = true;
    apply(call);
    dial(call, 0, "ssrc-audio-level");
    dial(call, 1, NULL);
    dial(call, 2, NULL);
    assert_true(wait_for(call, all_are_connected));
    assert_true(wait_for(call, second_hears_first));
    assert_true(wait_for(call, first_has_a_level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_receiver_has_one_line_for_life, begin, end),
        cmocka_unit_test_setup_teardown(
                who_is_not_heard_is_not_mixed_whatever_it_sends, begin, end),
        cmocka_unit_test_setup_teardown(
                a_source_without_levels_is_decoded_and_measured, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
