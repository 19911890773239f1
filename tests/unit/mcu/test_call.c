// SPDX-License-Identifier: Apache-2.0
// The whole media plane in one process: three endpoints with real ICE, DTLS, SRTP, Opus and H.264
// against the engine. What comes back is decoded and looked at.
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/endpoint/endpoint.h"
#include "common/media/frame_mark.h"
#include "common/media/h264_decoder.h"
#include "common/media/h264_encoder.h"
#include "common/media/media.h"
#include "common/media/tone.h"
#include "mcu/canvas/layout.h"
#include "mcu/engine.h"

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

#define ROOMS       3
#define CONFERENCE  "abcdefgh"
#define WIDTH       640
#define HEIGHT      360
#define TONE_DBFS   (-20)
#define WITHIN_US   (20 * G_USEC_PER_SEC)
#define TICK_MS     20
#define HEARD_DBFS  (-35.0)
#define SILENT_DBFS (-55.0)
#define EAR_SAMPLES (48000 / 5)
#ifdef HAS_SANITIZER
#define LOST_TICKS_MAX 50
#else
#define LOST_TICKS_MAX 5
#endif

struct room {
    struct call *call;
    int number;
    char id[8];
    struct endpoint *endpoint;
    bool is_connected, is_speaking, is_sharing;
    uint32_t timestamp, frame;
    struct tone tone;
    OpusEncoder *opus_encoder;
    OpusDecoder *opus_decoder;
    struct h264_encoder *encoder;
    struct h264_decoder *decoder, *content_decoder;
    struct picture *camera;

    // What it hears: the last 200 ms.
    int16_t ear[EAR_SAMPLES];
    size_t heard;

    // What it sees (written by GStreamer threads).
    GMutex mutex;
    struct picture *seen, *content_seen;
    GQueue units; // of the encoder, GBytes
};

struct call {
    struct loop *loop;
    struct engine *engine;
    struct certificate *certificate;
    struct room rooms[ROOMS];
    GSource *ticks;
    unsigned tick;
    char *last_error;
};

static const char *const ipv4[] = { "127.0.0.1", NULL };
static const char *const ipv6[] = { "::1", NULL };
static const char *const *addresses;

// --- a room's camera, microphone, screen and loudspeaker -----------------------------------------

static void on_coded(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    (void)is_key_frame;
    (void)pts_us;
    struct room *room = user;
    g_mutex_lock(&room->mutex);
    g_queue_push_tail(&room->units, g_bytes_new(data, size));
    g_mutex_unlock(&room->mutex);
}

static void keep(struct picture **kept, const struct picture *picture)
{
    if (!*kept)
        *kept = picture_new(WIDTH, HEIGHT);
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < HEIGHT >> (plane > 0); y++)
            memcpy((*kept)->plane[plane] + y * (*kept)->stride[plane],
                    picture->plane[plane] + y * picture->stride[plane],
                    (size_t)(WIDTH >> (plane > 0)));
}

static void on_decoded(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct room *room = user;
    g_mutex_lock(&room->mutex);
    keep(&room->seen, picture);
    g_mutex_unlock(&room->mutex);
}

static void on_content_decoded(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct room *room = user;
    g_mutex_lock(&room->mutex);
    keep(&room->content_seen, picture);
    g_mutex_unlock(&room->mutex);
}

static void on_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    struct room *room = user;
    room->is_connected = state == PEER_CONNECTED;
}

static void on_access_unit(void *user, enum sdp_line line, const struct h264_access_unit *unit)
{
    struct room *room = user;
    assert_true(h264_decoder_push(line == SDP_MAIN ? room->decoder : room->content_decoder,
                        unit->data, unit->size, unit->timestamp / 90 * 1000) <= 0);
}

static void on_key_frame_wanted(void *user, enum sdp_line line)
{
    (void)line; // one camera feeds both
    struct room *room = user;
    h264_encoder_request_key_frame(room->encoder);
}

static void speak(struct room *room)
{
    int16_t pcm[960] = { 0 };
    uint8_t payload[1276];
    if (room->is_speaking)
        tone_add(&room->tone, pcm, 960);
    int size = opus_encode(room->opus_encoder, pcm, 960, payload, sizeof(payload));
    assert_true(size > 0);
    endpoint_send_audio(
            room->endpoint, payload, (size_t)size, room->timestamp, room->is_speaking ? 23 : 127);
    room->timestamp += 960;
}

static void hear(struct room *room)
{
    int16_t pcm[5760];
    struct audio_jitter_frame frame;
    int samples = 0;
    switch (endpoint_next_audio(room->endpoint, &frame)) {
    case AUDIO_JITTER_PACKET:
        samples = opus_decode(room->opus_decoder, frame.data, (opus_int32)frame.size, pcm, 5760, 0);
        break;
    case AUDIO_JITTER_FEC:
        samples = opus_decode(
                room->opus_decoder, frame.data, (opus_int32)frame.size, pcm, frame.samples, 1);
        break;
    case AUDIO_JITTER_CONCEAL:
        samples = opus_decode(room->opus_decoder, NULL, 0, pcm, frame.samples, 0);
        break;
    case AUDIO_JITTER_SILENCE:
        return;
    }
    assert_int_equal(samples, 960);
    memmove(room->ear, room->ear + samples, (EAR_SAMPLES - (size_t)samples) * sizeof(int16_t));
    memcpy(room->ear + EAR_SAMPLES - samples, pcm, (size_t)samples * sizeof(int16_t));
    room->heard += (size_t)samples;
}

static void film(struct room *room)
{
    memset(room->camera->plane[0], 60 + 40 * room->number,
            (size_t)(room->camera->stride[0] * room->camera->height));
    const struct frame_mark mark = {
        .room = (uint16_t)(room->number + 1),
        .frame = room->frame++,
    };
    frame_mark_draw(room->camera, &mark);
    (void)!h264_encoder_push(room->encoder, room->camera, g_get_monotonic_time());
}

static void send_coded(struct room *room)
{
    for (;;) {
        g_mutex_lock(&room->mutex);
        GBytes *unit = g_queue_pop_head(&room->units);
        g_mutex_unlock(&room->mutex);
        if (!unit)
            return;
        gsize size = 0;
        const uint8_t *data = g_bytes_get_data(unit, &size);
        endpoint_send_video(room->endpoint, SDP_MAIN, data, size, g_get_monotonic_time());
        if (room->is_sharing)
            endpoint_send_video(room->endpoint, SDP_CONTENT, data, size, g_get_monotonic_time());
        g_bytes_unref(unit);
    }
}

static gboolean on_tick(gpointer data)
{
    struct call *call = data;
    call->tick++;
    for (int i = 0; i < ROOMS; i++) {
        struct room *room = &call->rooms[i];
        if (!room->endpoint || !room->is_connected)
            continue;
        speak(room);
        hear(room);
        if (call->tick % 2 == 0)
            film(room);
        send_coded(room);
    }
    return G_SOURCE_CONTINUE;
}

// --- the call ------------------------------------------------------------------------------------

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct call *call = user;
    const char *fault = NULL;
    g_free(call->last_error);
    call->last_error = g_strdup(error);
    for (int i = 0; sdp && i < ROOMS; i++)
        if (g_str_equal(call->rooms[i].id, offer_id))
            assert_int_equal(endpoint_answer(call->rooms[i].endpoint, sdp, &fault), 0);
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    (void)user;
    (void)member;
    assert_string_equal(conference, CONFERENCE);
}

static void show(struct type_canvas *canvas, const char *member)
{
    g_strlcpy(canvas->tiles[canvas->tiles_count++].member, member, sizeof(canvas->tiles[0].member));
}

static struct desired *desire(struct call *call, enum stage_layout layout, unsigned heard,
        unsigned on_stage, unsigned members)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->members = g_new0(struct type_conference_member, ROOMS);
    desired->canvas_count = 1;
    struct type_canvas *canvas = &desired->canvases[0];
    canvas->kind = CANVAS_KIND_PROGRAM;
    canvas->layout = layout;
    for (unsigned i = 0; i < ROOMS; i++) {
        if (!(members & 1u << i))
            continue;
        struct type_conference_member *member = &desired->members[desired->member_count++];
        g_strlcpy(member->id, call->rooms[i].id, sizeof(member->id));
        g_strlcpy(member->line1, "Thị trấn Kbang", sizeof(member->line1));
        g_strlcpy(member->line2, "Huyện Kbang", sizeof(member->line2));
        member->heard = heard & 1u << i;
        if (on_stage & 1u << i)
            show(canvas, member->id);
    }
    return desired;
}

static void apply(struct call *call, enum stage_layout layout, unsigned heard, unsigned on_stage,
        unsigned members)
{
    engine_apply(call->engine, desire(call, layout, heard, on_stage, members));
}

static void dial(struct call *call, int number)
{
    struct room *room = &call->rooms[number];
    const struct endpoint_config config = {
        .context = loop_context(call->loop),
        .certificate = call->certificate,
        .local_addresses = addresses,
        .cname = room->id,
        .events = { .state_changed = on_state,
                .access_unit = on_access_unit,
                .key_frame_wanted = on_key_frame_wanted },
        .user = room,
    };
    endpoint_close(room->endpoint);
    room->is_connected = false;
    assert_int_equal(endpoint_open(&config, &room->endpoint), 0);
    const char *error = NULL;
    g_autofree char *offer = endpoint_offer(room->endpoint);
    assert_int_equal(engine_offer(call->engine, CONFERENCE, room->id, room->id, offer, &error), 0);
}

static void begin_room(struct call *call, int number)
{
    struct room *room = &call->rooms[number];
    int error = 0;
    room->call = call;
    room->number = number;
    room->is_speaking = true;
    g_snprintf(room->id, sizeof(room->id), "%d", 64 + number);
    g_mutex_init(&room->mutex);
    g_queue_init(&room->units);
    tone_init(&room->tone, 1000 + 250 * number, TONE_DBFS, 48000);
    room->opus_encoder = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
    room->opus_decoder = opus_decoder_create(48000, 1, &error);
    room->camera = picture_new(WIDTH, HEIGHT);
    const struct h264_encoder_config encoder = {
        .width = WIDTH,
        .height = HEIGHT,
        .fps = 25,
        .kbps = 400,
    };
    assert_int_equal(h264_encoder_open(&encoder, on_coded, room, &room->encoder), 0);
    assert_int_equal(h264_decoder_open(on_decoded, NULL, room, &room->decoder), 0);
    assert_int_equal(h264_decoder_open(on_content_decoded, NULL, room, &room->content_decoder), 0);
}

static void end_room(struct room *room)
{
    endpoint_close(room->endpoint);
    h264_encoder_close(room->encoder);
    h264_decoder_close(room->decoder);
    h264_decoder_close(room->content_decoder);
    opus_encoder_destroy(room->opus_encoder);
    opus_decoder_destroy(room->opus_decoder);
    picture_free(room->camera);
    picture_free(room->seen);
    picture_free(room->content_seen);
    g_queue_clear_full(&room->units, (GDestroyNotify)g_bytes_unref);
    g_mutex_clear(&room->mutex);
}

static int begin_on(void **state, const char *const *at, uint16_t port)
{
    static struct call call;
    static const struct engine_events events = { on_answered, on_connection_changed };
    const char *missing = NULL;
    addresses = at;
    assert_int_equal(media_init(NULL, &missing), 0);
    memset(&call, 0, sizeof(call));
    call.loop = loop_new_main();
    assert_int_equal(certificate_new(&call.certificate), 0);
    const struct engine_config config = {
        .loop = call.loop,
        .addresses = addresses,
        .min_port = port,
        .max_port = port,
        .net_threads = 2,
        .width = WIDTH,
        .height = HEIGHT,
        .fps = 25,
        .kbps = 1000,
        .content_width = WIDTH,
        .content_height = HEIGHT,
        .content_fps = 8,
        .content_kbps = 500,
        .audio_bit_rate = 32000,
        .audio_loss_percent = 5,
    };
    assert_int_equal(engine_open(&config, &events, &call, &call.engine), 0);
    for (int i = 0; i < ROOMS; i++)
        begin_room(&call, i);
    call.ticks = loop_add_timer(call.loop, TICK_MS, on_tick, &call);
    *state = &call;
    return 0;
}

static int begin(void **state)
{
    return begin_on(state, ipv4, 0);
}

static int begin_on_ipv6(void **state)
{
    return begin_on(state, ipv6, 0);
}

// A port that was free a moment ago is the whole range.
static int begin_with_one_port(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return begin_on(state, ipv4, ntohs(address.sin_port));
}

static int end(void **state)
{
    struct call *call = *state;
    loop_clear_source(&call->ticks);
    for (int i = 0; i < ROOMS; i++)
        end_room(&call->rooms[i]);
    engine_close(call->engine);
    while (g_main_context_iteration(loop_context(call->loop), FALSE))
        ;
    certificate_free(call->certificate);
    g_free(call->last_error);
    loop_free(call->loop);
    return 0;
}

typedef bool condition_fn(struct call *call);

static bool wait_for(struct call *call, condition_fn *condition)
{
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    while (!condition(call)) {
        if (g_get_monotonic_time() > deadline_us)
            return false;
        g_main_context_iteration(loop_context(call->loop), TRUE);
    }
    return true;
}

static double hears(const struct room *room, int other)
{
    return tone_level_dbfs(room->ear, EAR_SAMPLES, 1000 + 250 * other, 48000);
}

// Everybody hears exactly the others of `heard`.
static bool all_hear(struct call *call, unsigned heard)
{
    for (int i = 0; i < ROOMS; i++) {
        if (call->rooms[i].heard < EAR_SAMPLES)
            return false;
        for (int other = 0; other < ROOMS; other++) {
            const double level = hears(&call->rooms[i], other);
            if (other != i && heard & 1u << other ? level < HEARD_DBFS : level > SILENT_DBFS)
                return false;
        }
    }
    return true;
}

static bool all_hear_all(struct call *call)
{
    return all_hear(call, 7);
}

static bool all_hear_the_first(struct call *call)
{
    return all_hear(call, 1);
}

static bool reads_mark(
        struct room *room, struct picture *const *picture, const struct layout_rect *rect, int of)
{
    struct frame_mark mark = { 0 };
    g_mutex_lock(&room->mutex);
    const bool found =
            *picture &&
            frame_mark_read(*picture, rect->x, rect->y, rect->width, rect->height, &mark) &&
            mark.room == of + 1;
    g_mutex_unlock(&room->mutex);
    return found;
}

static bool sees(struct call *call, enum layout_kind layout, int count)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    assert_int_equal(layout_place(layout, (size_t)count, WIDTH, HEIGHT, rects), count);
    for (int i = 0; i < ROOMS; i++)
        for (int tile = 0; tile < count; tile++)
            if (!reads_mark(&call->rooms[i], &call->rooms[i].seen, &rects[tile], tile))
                return false;
    return true;
}

static bool all_see_the_grid(struct call *call)
{
    return sees(call, LAYOUT_GRID, 3);
}

static bool all_see_the_first_alone(struct call *call)
{
    return sees(call, LAYOUT_SINGLE, 1);
}

// The first has the floor and so the chair's canvas, which shows the second; the others see the
// first.
static bool each_sees_its_own_canvas(struct call *call)
{
    const struct layout_rect whole = { 0, 0, WIDTH, HEIGHT };
    bool all = true;
    for (int i = 0; i < ROOMS; i++)
        all = all && reads_mark(&call->rooms[i], &call->rooms[i].seen, &whole, i == 0 ? 1 : 0);
    return all;
}

static bool all_see_the_content_of_the_third(struct call *call)
{
    const struct layout_rect whole = { 0, 0, WIDTH, HEIGHT };
    bool all = true;
    for (int i = 0; i < ROOMS; i++)
        all = all && reads_mark(&call->rooms[i], &call->rooms[i].content_seen, &whole, 2);
    return all;
}

static bool third_is_lost(struct call *call)
{
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, call->rooms[2].id);
    return rows->len == 1 && !g_array_index(rows, struct engine_member, 0).connected;
}

static bool third_is_connected(struct call *call)
{
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, call->rooms[2].id);
    return rows->len == 1 && g_array_index(rows, struct engine_member, 0).connected &&
           g_array_index(rows, struct engine_member, 0).has_statistics;
}

// Each end tells the other what arrives, and takes what it carries for enough.
static bool all_links_are_known(struct call *call)
{
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, NULL);
    for (guint i = 0; i < rows->len; i++) {
        const struct engine_member *row = &g_array_index(rows, struct engine_member, i);
        if (!row->has_statistics || !row->has_estimate || row->tier != TIER_360P)
            return false;
    }
    for (int i = 0; i < ROOMS; i++) {
        struct endpoint_stats stats;
        endpoint_read_stats(call->rooms[i].endpoint, &stats);
        if (!stats.has_estimate || stats.estimate_bps < 500000)
            return false;
    }
    return rows->len == ROOMS;
}

static void three_rooms_see_all_and_hear_the_others(void **state)
{
    struct call *call = *state;
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i);
    assert_true(wait_for(call, all_see_the_grid));
    assert_true(wait_for(call, all_hear_all));
    assert_true(wait_for(call, all_links_are_known));
    assert_string_equal(endpoint_srtp_profile(call->rooms[0].endpoint), "SRTP_AEAD_AES_128_GCM");

    // The floor: one is heard and shown.
    apply(call, STAGE_LAYOUT_SINGLE, 1, 1, 7);
    assert_true(wait_for(call, all_see_the_first_alone));
    assert_true(wait_for(call, all_hear_the_first));

    // One offers again, as after a restart of its media process.
    dial(call, 2);
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    assert_true(wait_for(call, all_see_the_grid));
    assert_true(wait_for(call, all_hear_all));
    assert_true(wait_for(call, third_is_connected));

    // One vanishes without a word.
    g_clear_pointer(&call->rooms[2].endpoint, endpoint_close);
    assert_true(wait_for(call, third_is_lost));

    // And is dropped; the conference ends.
    apply(call, STAGE_LAYOUT_GRID, 3, 3, 3);
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, NULL);
    assert_int_equal(rows->len, 2);
    struct desired *ended = g_new0(struct desired, 1);
    g_strlcpy(ended->conference, CONFERENCE, sizeof(ended->conference));
    ended->ended = true;
    engine_apply(call->engine, ended);
    g_autoptr(GPtrArray) conferences = engine_conferences(call->engine);
    assert_int_equal(conferences->len, 0);
}

static struct type_canvas *add_canvas(struct desired *desired, enum canvas_kind kind)
{
    struct type_canvas *canvas = &desired->canvases[desired->canvas_count++];
    canvas->kind = kind;
    canvas->layout = STAGE_LAYOUT_SINGLE;
    return canvas;
}

static void who_speaks_sees_another_canvas_and_content_has_a_line_of_its_own(void **state)
{
    struct call *call = *state;
    struct desired *desired = desire(call, STAGE_LAYOUT_SINGLE, 7, 1, 7);
    show(add_canvas(desired, CANVAS_KIND_CHAIR), call->rooms[1].id);
    desired->members[0].has_main = true;
    desired->members[0].main = CANVAS_KIND_CHAIR;
    engine_apply(call->engine, desired);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i);
    assert_true(wait_for(call, each_sees_its_own_canvas));

    // The third shares its screen: nobody's main picture changes.
    desired = desire(call, STAGE_LAYOUT_SINGLE, 7, 1, 7);
    show(add_canvas(desired, CANVAS_KIND_CHAIR), call->rooms[1].id);
    show(add_canvas(desired, CANVAS_KIND_CONTENT), call->rooms[2].id);
    desired->members[0].has_main = true;
    desired->members[0].main = CANVAS_KIND_CHAIR;
    call->rooms[2].is_sharing = true;
    engine_apply(call->engine, desired);
    assert_true(wait_for(call, all_see_the_content_of_the_third));
    assert_true(each_sees_its_own_canvas(call));

    // Back to one canvas for all.
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    assert_true(wait_for(call, all_see_the_grid));
}

// The way of one member in the centre, as its endpoint sees it.
static struct endpoint_stats stats_of(const struct call *call, int number)
{
    struct endpoint_stats stats;
    endpoint_read_stats(call->rooms[number].endpoint, &stats);
    return stats;
}

static bool first_went_another_way(struct call *call)
{
    return stats_of(call, 0).transport.ice_restarts == 1;
}

static bool first_heard_on(struct call *call)
{
    return call->rooms[0].heard > 4 * EAR_SAMPLES;
}

static void offer_again(struct call *call, int number)
{
    const char *error = NULL;
    g_autofree char *sdp = endpoint_restart(call->rooms[number].endpoint);
    const char *id = call->rooms[number].id;
    assert_non_null(sdp);
    assert_int_equal(engine_offer(call->engine, CONFERENCE, id, id, sdp, &error), 0);
}

static void an_ice_restart_is_not_heard(void **state)
{
    struct call *call = *state;
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i);
    assert_true(wait_for(call, all_see_the_grid));
    assert_true(wait_for(call, all_hear_all));

    const struct endpoint_stats before = stats_of(call, 0);
    offer_again(call, 0);
    assert_true(wait_for(call, first_went_another_way));
    call->rooms[0].heard = 0;
    assert_true(wait_for(call, first_heard_on));
    const struct endpoint_stats after = stats_of(call, 0);
    assert_true(call->rooms[0].is_connected);
    // One SSRC, sequence and key for life: a new one would count as lost or be refused. (Ticks that
    // a busy machine leaves out show as lost sound.)
    assert_int_equal(after.lines[SDP_MAIN].lost_in, before.lines[SDP_MAIN].lost_in);
    assert_true(after.lines[SDP_AUDIO].lost_in - before.lines[SDP_AUDIO].lost_in <= LOST_TICKS_MAX);
    assert_int_equal(after.transport.srtp_refused, 0);
    assert_true(wait_for(call, all_hear_all));
}

static bool was_refused(struct call *call)
{
    return call->last_error != NULL;
}

static void a_session_that_is_over_can_not_be_gone_on_with(void **state)
{
    struct call *call = *state;
    const char *error = NULL;
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    dial(call, 2);
    assert_true(wait_for(call, third_is_connected));
    g_autofree char *sdp = endpoint_restart(call->rooms[2].endpoint);
    g_clear_pointer(&call->rooms[2].endpoint, endpoint_close);
    assert_true(wait_for(call, third_is_lost));
    assert_int_equal(engine_offer(call->engine, CONFERENCE, "66", "none", sdp, &error), 0);
    assert_true(wait_for(call, was_refused));
    assert_string_equal(call->last_error, "media.session_gone");
}

static void the_call_goes_by_ipv6(void **state)
{
    struct call *call = *state;
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    for (int i = 0; i < ROOMS; i++)
        dial(call, i);
    assert_true(wait_for(call, all_see_the_grid));
    assert_true(wait_for(call, all_hear_all));
    offer_again(call, 0);
    assert_true(wait_for(call, first_went_another_way));
}

static void who_finds_no_port_is_told_so_and_the_others_stay(void **state)
{
    struct call *call = *state;
    apply(call, STAGE_LAYOUT_GRID, 7, 7, 7);
    dial(call, 2);
    assert_true(wait_for(call, third_is_connected));
    dial(call, 0);
    assert_true(wait_for(call, was_refused));
    assert_string_equal(call->last_error, "media.no_port");
    // Nor is there one for another way: the former goes on.
    g_clear_pointer(&call->last_error, g_free);
    offer_again(call, 2);
    assert_true(wait_for(call, was_refused));
    assert_string_equal(call->last_error, "media.no_port");
    assert_true(third_is_connected(call));
}

static void bad_offers_are_refused_and_change_nothing(void **state)
{
    struct call *call = *state;
    const char *error = NULL;
    apply(call, STAGE_LAYOUT_GRID, 0, 0, 1);
    assert_int_equal(
            engine_offer(call->engine, CONFERENCE, "nobody", "x", "v=0\r\n", &error), -EINVAL);
    assert_string_equal(error, "media.unknown_member");
    assert_int_equal(engine_offer(call->engine, "zzzzzzzz", "64", "x", "v=0\r\n", &error), -EINVAL);
    assert_true(engine_offer(call->engine, CONFERENCE, "64", "x", "nonsense", &error) < 0);
    assert_non_null(strstr(error, "sdp."));
    g_autoptr(GArray) rows = engine_members(call->engine, CONFERENCE, NULL);
    assert_int_equal(rows->len, 1);
    assert_false(g_array_index(rows, struct engine_member, 0).connected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_offers_are_refused_and_change_nothing, begin, end),
        cmocka_unit_test_setup_teardown(three_rooms_see_all_and_hear_the_others, begin, end),
        cmocka_unit_test_setup_teardown(
                who_speaks_sees_another_canvas_and_content_has_a_line_of_its_own, begin, end),
        cmocka_unit_test_setup_teardown(an_ice_restart_is_not_heard, begin, end),
        cmocka_unit_test_setup_teardown(the_call_goes_by_ipv6, begin_on_ipv6, end),
        cmocka_unit_test_setup_teardown(
                who_finds_no_port_is_told_so_and_the_others_stay, begin_with_one_port, end),
        cmocka_unit_test_setup_teardown(a_session_that_is_over_can_not_be_gone_on_with, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
