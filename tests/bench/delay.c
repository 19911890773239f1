// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "delay"

#include "tests/bench/delay.h"

#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <math.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/endpoint/endpoint.h"
#include "common/media/media.h"
#include "mcu/engine.h"
#include "tests/load/link_queue.h"

#define CONFERENCE     "abcdefgh"
#define RATE_HZ        48000
#define FRAME          960
#define TICK_US        20000
#define CHIRP_SAMPLES  1440 // 30 ms
#define CHIRP_EVERY    (RATE_HZ * 2 / 5)
#define CHIRP_DBFS     (-14)
#define PHASES         4
#define PHASE_US       (TICK_US / PHASES)
#define SETTLE_CHIRPS  15 // not measured: jitter buffers and encoders begin
#define LATER_MAX      (RATE_HZ * 7 / 20)
#define FOUND_ABOVE    0.3 // of a perfect match
#define CONNECT_US     (10 * G_USEC_PER_SEC)
#define TALKER         0
#define LISTENER       1
#define JITTER_PACKETS 5000 // to learn what the link does

// What one ear heard, from its first tick on.
struct ear {
    OpusDecoder *decoder;
    int16_t pending[FRAME + 5760];
    size_t pending_count;
    GArray *heard; // int16_t
};

struct delay {
    struct delay_config config;
    struct loop *loop;
    struct engine *engine;
    struct certificate *certificate;
    struct endpoint *endpoints[2];
    bool is_connected[2];
    GSource *ticks[2];
    int64_t next_us[2];
    struct link_profile profile;
    struct link_queue *links[2]; // by enum endpoint_way
    OpusEncoder *encoder;
    uint32_t timestamp;
    uint16_t seq;
    struct audio_jitter *direct;
    struct ear ears[2]; // through the centre; directly
    int16_t chirp[CHIRP_SAMPLES];
    double chirp_energy;
    GArray *added_ms; // double
    uint64_t frames, concealed;
};

// --- sound ---------------------------------------------------------------------------------------

static void make_chirp(struct delay *delay)
{
    const double from_hz = 500, to_hz = 3500, seconds = (double)CHIRP_SAMPLES / RATE_HZ;
    for (int i = 0; i < CHIRP_SAMPLES; i++) {
        const double t = (double)i / RATE_HZ;
        const double window = 0.5 - 0.5 * cos(2 * G_PI * i / CHIRP_SAMPLES);
        const double phase = 2 * G_PI * (from_hz * t + (to_hz - from_hz) * t * t / (2 * seconds));
        delay->chirp[i] = (int16_t)(32767 * pow(10, CHIRP_DBFS / 20.0) * window * sin(phase));
        delay->chirp_energy += (double)delay->chirp[i] * delay->chirp[i];
    }
}

static void talk(struct delay *delay, int64_t now_us)
{
    int16_t pcm[FRAME];
    uint8_t opus[1276];
    for (int i = 0; i < FRAME; i++) {
        const uint32_t at = (delay->timestamp + (uint32_t)i) % CHIRP_EVERY;
        pcm[i] = 0;
        if (at < CHIRP_SAMPLES)
            pcm[i] = delay->chirp[at];
    }
    // Between the chirps there is time to change the delay, as between words.
    const uint8_t level = delay->timestamp % CHIRP_EVERY < CHIRP_SAMPLES ? 30 : 90;
    const int size = opus_encode(delay->encoder, pcm, FRAME, opus, sizeof(opus));
    if (size > 0 && endpoint_send_audio(delay->endpoints[TALKER], opus, (size_t)size,
                            delay->timestamp, level) == 0)
        audio_jitter_push(delay->direct, delay->seq++, delay->timestamp, opus, (size_t)size, level,
                false, now_us);
    delay->timestamp += FRAME;
}

static int decode(struct delay *delay, struct ear *ear, enum audio_jitter_action action,
        const struct audio_jitter_frame *frame, int16_t *out)
{
    delay->frames += ear == &delay->ears[0];
    delay->concealed += ear == &delay->ears[0] && action == AUDIO_JITTER_CONCEAL;
    switch (action) {
    case AUDIO_JITTER_PACKET:
        return opus_decode(ear->decoder, frame->data, (opus_int32)frame->size, out, 5760, 0);
    case AUDIO_JITTER_FEC:
        return opus_decode(
                ear->decoder, frame->data, (opus_int32)frame->size, out, frame->samples, 1);
    case AUDIO_JITTER_CONCEAL:
        return opus_decode(ear->decoder, NULL, 0, out, frame->samples, 0);
    case AUDIO_JITTER_SILENCE:
        break;
    }
    memset(out, 0, (size_t)frame->samples * sizeof(out[0]));
    return frame->samples;
}

static void listen(struct delay *delay, struct ear *ear, int64_t now_us)
{
    while (ear->pending_count < FRAME) {
        struct audio_jitter_frame frame;
        const enum audio_jitter_action action =
                ear == &delay->ears[1] ? audio_jitter_next(delay->direct, now_us, &frame)
                                       : endpoint_next_audio(delay->endpoints[LISTENER], &frame);
        const int count = decode(delay, ear, action, &frame, ear->pending + ear->pending_count);
        ear->pending_count += (size_t)MAX(count, 120);
    }
    g_array_append_vals(ear->heard, ear->pending, FRAME);
    ear->pending_count -= FRAME;
    memmove(ear->pending, ear->pending + FRAME, ear->pending_count * sizeof(ear->pending[0]));
}

// --- finding the chirps --------------------------------------------------------------------------

// Where in [from, to) the chirp is; -1: nowhere.
static int64_t find_chirp(const struct delay *delay, const GArray *heard, int64_t from, int64_t to)
{
    double best = 0;
    int64_t at = -1;
    to = MIN(to, (int64_t)heard->len - CHIRP_SAMPLES);
    for (int64_t i = MAX(from, 0); i < to; i++) {
        const int16_t *pcm = &g_array_index(heard, int16_t, i);
        int64_t sum = 0;
        for (int k = 0; k < CHIRP_SAMPLES; k++)
            sum += (int32_t)pcm[k] * delay->chirp[k];
        if (fabs((double)sum) > best) {
            best = fabs((double)sum);
            at = i;
        }
    }
    return best > FOUND_ABOVE * delay->chirp_energy ? at : -1;
}

static void measure(struct delay *delay)
{
    const GArray *direct = delay->ears[1].heard;
    for (int64_t from = (int64_t)SETTLE_CHIRPS * CHIRP_EVERY;
            from + CHIRP_EVERY + LATER_MAX < (int64_t)direct->len; from += CHIRP_EVERY) {
        const int64_t first = find_chirp(delay, direct, from, from + CHIRP_EVERY);
        const int64_t then =
                first < 0 ? -1 : find_chirp(delay, delay->ears[0].heard, first, first + LATER_MAX);
        if (then < 0)
            continue;
        const double ms = (double)(then - first) * 1000 / RATE_HZ;
        g_array_append_val(delay->added_ms, ms);
    }
}

// --- the call ------------------------------------------------------------------------------------

static void on_talker_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    ((struct delay *)user)->is_connected[TALKER] = state == PEER_CONNECTED;
}

static void on_listener_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    ((struct delay *)user)->is_connected[LISTENER] = state == PEER_CONNECTED;
}

static void take_path(
        void *user, enum endpoint_way way, bool is_rtcp, const uint8_t *data, size_t size)
{
    struct delay *delay = user;
    if (delay->links[way]) // none: it is being closed
        link_queue_put(delay->links[way], is_rtcp, data, size);
}

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct delay *delay = user;
    if (!sdp || endpoint_answer(delay->endpoints[offer_id[0] - '0'], sdp, &error) < 0)
        log_error("no answer code=%s", error);
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    (void)user;
    (void)conference;
    (void)member;
}

static gboolean dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

static gboolean on_talker_tick(gpointer data)
{
    struct delay *delay = data;
    const int64_t now_us = g_get_monotonic_time();
    for (; delay->next_us[TALKER] <= now_us; delay->next_us[TALKER] += TICK_US)
        talk(delay, now_us);
    g_source_set_ready_time(delay->ticks[TALKER], delay->next_us[TALKER]);
    return G_SOURCE_CONTINUE;
}

static gboolean on_listener_tick(gpointer data)
{
    struct delay *delay = data;
    const int64_t now_us = g_get_monotonic_time();
    for (; delay->next_us[LISTENER] <= now_us; delay->next_us[LISTENER] += TICK_US) {
        listen(delay, &delay->ears[0], now_us);
        listen(delay, &delay->ears[1], now_us);
    }
    g_source_set_ready_time(delay->ticks[LISTENER], delay->next_us[LISTENER]);
    return G_SOURCE_CONTINUE;
}

static GSource *new_tick(struct delay *delay, GSourceFunc fn, int64_t at_us)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    GSource *source = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(source, fn, delay, NULL);
    g_source_set_ready_time(source, at_us);
    g_source_attach(source, loop_context(delay->loop));
    return source;
}

static void desire(struct delay *delay)
{
    struct desired *desired = g_new0(struct desired, 1);
    g_strlcpy(desired->conference, CONFERENCE, sizeof(desired->conference));
    desired->members = g_new0(struct type_conference_member, 2);
    desired->member_count = 2;
    for (int i = 0; i < 2; i++) {
        g_snprintf(desired->members[i].id, sizeof(desired->members[i].id), "%d", i);
        desired->members[i].heard = desired->members[i].has_pinned = desired->members[i].pinned =
                i == TALKER;
    }
    engine_apply(delay->engine, desired);
}

static int dial(struct delay *delay, int number)
{
    static const char *const addresses[] = { "127.0.0.1", NULL };
    const struct endpoint_config config = {
        .context = loop_context(delay->loop),
        .certificate = delay->certificate,
        .local_addresses = addresses,
        .cname = "bench",
        .send_red = true,
        .sound_only = true,
        .path = number == TALKER && !link_profile_is_plain(&delay->profile) ? take_path : NULL,
        .events = { .state_changed = number == TALKER ? on_talker_state : on_listener_state },
        .user = delay,
    };
    char id[8];
    const char *error = NULL;
    delay->is_connected[number] = false;
    int rc = endpoint_open(&config, &delay->endpoints[number]);
    if (rc < 0)
        return rc;
    for (int way = 0; config.path && way < 2; way++) {
        const struct link_queue_config link = {
            .context = loop_context(delay->loop),
            .profile = way == ENDPOINT_OUT ? delay->profile : (struct link_profile){ 0 },
            .seed = 7,
            .way = (enum endpoint_way)way,
            .endpoint = delay->endpoints[number],
        };
        delay->links[way] = link_queue_new(&link);
    }
    g_snprintf(id, sizeof(id), "%d", number);
    g_autofree char *offer = endpoint_offer(delay->endpoints[number]);
    return engine_offer(delay->engine, CONFERENCE, id, id, offer, &error);
}

static void begin_ear(struct ear *ear)
{
    int error = OPUS_OK;
    ear->decoder = opus_decoder_create(RATE_HZ, 1, &error);
    ear->pending_count = 0;
    ear->heard = g_array_new(FALSE, FALSE, sizeof(int16_t));
}

static void end_ear(struct ear *ear)
{
    g_clear_pointer(&ear->decoder, opus_decoder_destroy);
    g_clear_pointer(&ear->heard, g_array_unref);
}

static int connect_both(struct delay *delay)
{
    int rc = dial(delay, LISTENER);
    if (rc == 0)
        rc = dial(delay, TALKER);
    const int64_t until_us = g_get_monotonic_time() + CONNECT_US;
    while (rc == 0 && !(delay->is_connected[0] && delay->is_connected[1])) {
        if (g_get_monotonic_time() > until_us)
            return -ETIMEDOUT;
        g_main_context_iteration(loop_context(delay->loop), TRUE);
    }
    return rc;
}

static int run_phase(struct delay *delay, int phase)
{
    const struct audio_jitter_config jitter = { 0 };
    int error = OPUS_OK;
    delay->encoder = opus_encoder_create(RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
    delay->direct = audio_jitter_new(&jitter);
    delay->timestamp = 0;
    begin_ear(&delay->ears[0]);
    begin_ear(&delay->ears[1]);
    const int rc = connect_both(delay);
    if (rc == 0) {
        // The centre's tick is on whole multiples of its length.
        const int64_t begin_us = (g_get_monotonic_time() / TICK_US + 2) * TICK_US;
        const int64_t chirps = SETTLE_CHIRPS + delay->config.chirps / PHASES + 2;
        const int64_t end_us = begin_us + chirps * CHIRP_EVERY * G_USEC_PER_SEC / RATE_HZ;
        delay->next_us[TALKER] = begin_us + (int64_t)phase * PHASE_US;
        delay->next_us[LISTENER] = begin_us + (int64_t)(PHASES - phase) * PHASE_US / 2;
        delay->ticks[TALKER] = new_tick(delay, on_talker_tick, delay->next_us[TALKER]);
        delay->ticks[LISTENER] = new_tick(delay, on_listener_tick, delay->next_us[LISTENER]);
        while (g_get_monotonic_time() < end_us)
            g_main_context_iteration(loop_context(delay->loop), TRUE);
        loop_clear_source(&delay->ticks[TALKER]);
        loop_clear_source(&delay->ticks[LISTENER]);
        measure(delay);
    }
    for (int i = 0; i < 2; i++) {
        g_clear_pointer(&delay->links[i], link_queue_free);
        g_clear_pointer(&delay->endpoints[i], endpoint_close);
        end_ear(&delay->ears[i]);
    }
    g_clear_pointer(&delay->direct, audio_jitter_free);
    g_clear_pointer(&delay->encoder, opus_encoder_destroy);
    return rc;
}

// --- the result ----------------------------------------------------------------------------------

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Of sorted values.
static double percentile(const GArray *values, double share)
{
    return values->len == 0
                   ? -1
                   : g_array_index(values, double, (guint)(share * (values->len - 1) + 0.5));
}

// What the link does to the slowest but one in a hundred, above its own delay.
static double jitter_p99_ms(const struct link_profile *profile)
{
    struct link link;
    g_autoptr(GArray) ms = g_array_new(FALSE, FALSE, sizeof(double));
    link_init(&link, profile, 7);
    for (int i = 0; i < JITTER_PACKETS; i++) {
        const int64_t sent_us = (int64_t)i * TICK_US;
        const int64_t due_us = link_take(&link, sent_us, 150);
        const double late = (double)(due_us - sent_us) / 1000 - profile->delay_ms;
        if (due_us != LINK_LOST)
            g_array_append_val(ms, late);
    }
    g_array_sort(ms, by_value);
    return percentile(ms, 0.99);
}

static struct json_object *result_of(struct delay *delay)
{
    GArray *ms = delay->added_ms;
    g_array_sort(ms, by_value);
    const struct {
        const char *name;
        double value;
    } rows[] = {
        { "median_ms", percentile(ms, 0.5) },
        { "p95_ms", percentile(ms, 0.95) },
        { "least_ms", percentile(ms, 0) },
        { "most_ms", percentile(ms, 1) },
        { "chirps", ms->len },
        { "jitter_p99_ms", jitter_p99_ms(&delay->profile) },
        { "concealed_percent",
                delay->frames ? 100.0 * (double)delay->concealed / (double)delay->frames : 0 },
    };
    struct json_object *result = json_object_new_object();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        json_object_object_add(result, rows[i].name, json_object_new_double(rows[i].value));
    return result;
}

static int open_engine(struct delay *delay)
{
    static const char *const addresses[] = { "127.0.0.1", NULL };
    static const struct engine_events events = { on_answered, on_connection_changed };
    const struct engine_config config = {
        .loop = delay->loop,
        .addresses = addresses,
        .net_threads = 1,
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
    return engine_open(&config, &events, delay, &delay->engine);
}

int delay_run(const struct delay_config *config, struct json_object **out)
{
    g_autofree struct delay *delay = g_new0(struct delay, 1);
    delay->config = *config;
    int rc = link_profile_parse(config->link, &delay->profile);
    if (rc < 0)
        return rc;
    make_chirp(delay);
    delay->loop = loop_new_main();
    delay->added_ms = g_array_new(FALSE, FALSE, sizeof(double));
    rc = certificate_new(&delay->certificate);
    if (rc == 0)
        rc = open_engine(delay);
    if (rc == 0)
        desire(delay);
    for (int phase = 0; rc == 0 && phase < PHASES; phase++)
        rc = run_phase(delay, phase);
    if (rc == 0)
        *out = result_of(delay);
    engine_close(delay->engine);
    while (g_main_context_iteration(loop_context(delay->loop), FALSE))
        ;
    certificate_free(delay->certificate);
    g_array_unref(delay->added_ms);
    loop_free(delay->loop);
    return rc;
}
