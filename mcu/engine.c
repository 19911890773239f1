// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "engine"

#include "mcu/engine.h"

#include <errno.h>

#include "common/base/log.h"
#include "mcu/conference.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

#define THIN_KBPS 1000

struct engine {
    struct conference_host host;
    struct engine_events events;
    void *user;
    struct certificate *certificate;
    GHashTable *conferences; // id → struct conference
    bool numbers[MIXER_SLOTS];
    uint32_t next_offer;
    GSource *seconds;
    struct overload overload;
    struct overload_second overload_before; // the counters a second ago
    bool is_closed; // only events of the net threads may still be on their way
};

static struct conference *find_conference(const struct engine *engine, const char *id)
{
    return g_hash_table_lookup(engine->conferences, id);
}

static struct conference_member *find_member(
        const struct engine *engine, uint16_t slot, uint32_t generation)
{
    if (engine->is_closed)
        return NULL;
    struct conference_member *member = slot < MIXER_SLOTS ? engine->host.slots[slot] : NULL;
    return member && member->generation == generation ? member : NULL;
}

// --- what the net threads say --------------------------------------------------------------------

// Why the net thread has no peer for an offer.
static const char *peer_fault(int rc)
{
    switch (rc) {
    case -ENOTCONN:
        return "media.session_gone"; // it was to go on
    case -EADDRINUSE:
        return "media.no_port";
    case -EADDRNOTAVAIL:
        return "media.no_address";
    case -EINVAL:
        return "sdp.bad_transport";
    default:
        return "media.peer_failed";
    }
}

static void on_answered(void *user, const struct net_answer *answer)
{
    struct engine *engine = user;
    struct conference_member *member = find_member(engine, answer->slot, answer->generation);
    if (!member || !member->negotiation || member->offer != answer->offer)
        return; // gone, or a newer offer is on its way
    g_autofree struct negotiation *negotiation = g_steal_pointer(&member->negotiation);
    if (answer->rc < 0) {
        log_warn("no peer member=%s errno=%d", member->id, -answer->rc);
        metric_add(&mcu_offers_refused_total, 1);
        engine->events.answered(engine->user, member->offer_id, NULL, peer_fault(answer->rc));
        return;
    }
    g_autofree char *sdp = negotiate_finish(negotiation, &answer->local);
    engine->events.answered(engine->user, member->offer_id, sdp, NULL);
    g_free(member->answered);
    member->answered = g_steal_pointer(&negotiation);
}

static void on_connection_changed(void *user, const struct net_connection *connection)
{
    struct engine *engine = user;
    struct conference_member *member =
            find_member(engine, connection->slot, connection->generation);
    if (!member)
        return;
    if (connection->reason[0])
        log_info("peer ended member=%s reason=%s", member->id, connection->reason);
    if (member->connected == connection->connected)
        return;
    conference_set_connected(member, connection->connected);
    engine->events.connection_changed(
            engine->user, member->conference->desired->conference, member->id);
}

static void on_statistics(void *user, const struct net_statistics *statistics)
{
    struct engine *engine = user;
    for (size_t i = 0; i < statistics->count; i++) {
        const struct member_statistics *of = &statistics->members[i];
        struct conference_member *member = find_member(engine, of->slot, of->generation);
        if (!member)
            continue;
        member->statistics = *of;
        member->has_statistics = true;
    }
}

static void on_step_changed(void *user, const struct net_step *step)
{
    struct conference_member *member = find_member(user, step->slot, step->generation);
    if (member)
        conference_set_step(member, step->step);
}

static void count_receivers(const struct engine *engine)
{
    static struct metric *const gauges[TIER_STEP_COUNT] = {
        [TIER_AUDIO] = &mcu_receivers_audio,
        [TIER_STILL] = &mcu_receivers_still,
        [TIER_180P] = &mcu_receivers_180p,
        [TIER_360P] = &mcu_receivers_360p,
        [TIER_480P] = &mcu_receivers_480p,
        [TIER_720P] = &mcu_receivers_720p,
        [TIER_1080P] = &mcu_receivers_1080p,
    };
    int64_t counts[TIER_STEP_COUNT] = { 0 }, thin = 0;
    for (int slot = 0; slot < MIXER_SLOTS; slot++) {
        const struct conference_member *member = engine->host.slots[slot];
        if (!member || !member->connected || !member->has_statistics)
            continue;
        counts[member->statistics.step]++;
        thin += member->statistics.estimate_kbps < THIN_KBPS;
    }
    for (int step = 0; step < TIER_STEP_COUNT; step++)
        metric_set(gauges[step], counts[step]);
    metric_set(&mcu_links_thin, thin);
}

static int64_t since(const struct metric *metric, int64_t *before)
{
    const int64_t now = metric_get(metric), delta = now - *before;
    *before = now;
    return delta;
}

static struct overload_second last_second(struct engine *engine)
{
    struct overload_second *before = &engine->overload_before;
    return (struct overload_second){
        .ticks = since(&mcu_canvas_ticks_total, &before->ticks),
        .ticks_skipped = since(&mcu_canvas_ticks_skipped_total, &before->ticks_skipped),
        .encoded = since(&mcu_video_encoded_total, &before->encoded),
        .busy = since(&mcu_video_encoder_busy_total, &before->busy),
        .sounds_late = since(&mcu_audio_ticks_late_total, &before->sounds_late),
    };
}

static void watch_overload(struct engine *engine)
{
    const struct overload_second second = last_second(engine);
    const enum overload_level was = engine->overload.level;
    if (!overload_update(&engine->overload, &second))
        return;
    const enum overload_level level = engine->overload.level;
    log_warn("the machine is %s level=%d", level > was ? "overloaded" : "less overloaded", level);
    metric_set(&mcu_overload_level, level);
    metric_add(&mcu_overload_steps_total, level > was);
    engine->host.overload = level;
    compositor_set_frozen(engine->host.compositor, level >= OVERLOAD_FROZEN);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, engine->conferences);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        conference_obey_overload(value);
}

static gboolean on_second(gpointer data)
{
    struct engine *engine = data;
    const int64_t now_us = ticker_now_us();
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, engine->conferences);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        conference_poll(value, now_us);
    count_receivers(engine);
    watch_overload(engine);
    if (audio_thread_collect(engine->host.audio) || g_hash_table_size(engine->conferences) > 0)
        return G_SOURCE_CONTINUE;
    g_source_unref(g_steal_pointer(&engine->seconds));
    return G_SOURCE_REMOVE;
}

static void start_seconds(struct engine *engine)
{
    if (engine->seconds)
        return;
    last_second(engine);
    engine->seconds = loop_add_timer(engine->host.config.loop, 1000, on_second, engine);
}

// --- life ----------------------------------------------------------------------------------------

static int open_nets(struct engine *engine)
{
    const struct engine_config *config = &engine->host.config;
    for (int i = 0; i < config->net_threads; i++) {
        const struct net_worker_config net = {
            .index = i,
            .control = config->loop,
            .certificate = engine->certificate,
            .addresses = config->addresses,
            .min_port = config->min_port,
            .max_port = config->max_port,
            .events = {
                .answered = on_answered,
                .connection_changed = on_connection_changed,
                .step_changed = on_step_changed,
                .statistics = on_statistics,
            },
            .user = engine,
        };
        int rc = net_worker_open(&net, &engine->host.nets[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int open_audio(struct engine *engine)
{
    const struct engine_config *config = &engine->host.config;
    struct audio_thread_config audio = {
        .net_count = config->net_threads,
        .bit_rate = config->audio_bit_rate,
        .loss_percent = config->audio_loss_percent,
    };
    for (int i = 0; i < config->net_threads; i++)
        audio.net_wake_fds[i] = net_worker_wake_fd(engine->host.nets[i]);
    int rc = audio_thread_open(&audio, &engine->host.audio);
    for (int i = 0; rc == 0 && i < config->net_threads; i++)
        net_worker_set_audio(engine->host.nets[i], engine->host.audio);
    return rc;
}

int engine_open(const struct engine_config *config, const struct engine_events *events, void *user,
        struct engine **out)
{
    g_return_val_if_fail(
            config->net_threads >= 1 && config->net_threads <= ENGINE_NETS_MAX, -EINVAL);
    struct engine *engine = g_new0(struct engine, 1);
    engine->host.config = *config;
    engine->events = *events;
    engine->user = user;
    engine->conferences =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)conference_free);
    int rc = certificate_new(&engine->certificate);
    if (rc == 0)
        rc = compositor_open(config->fps, &engine->host.compositor);
    if (rc == 0)
        rc = open_nets(engine);
    if (rc == 0)
        rc = open_audio(engine);
    if (rc < 0) {
        engine_close(engine);
        return rc;
    }
    *out = engine;
    return 0;
}

static void free_engine(void *context, const void *data)
{
    (void)data;
    g_free(context);
}

void engine_close(struct engine *engine)
{
    if (!engine)
        return;
    g_hash_table_unref(engine->conferences);
    loop_clear_source(&engine->seconds);
    compositor_close(engine->host.compositor);
    audio_thread_stop(engine->host.audio);
    for (int i = 0; i < ENGINE_NETS_MAX; i++)
        net_worker_close(engine->host.nets[i]);
    audio_thread_close(engine->host.audio);
    certificate_free(engine->certificate);
    // Behind whatever the net threads have posted.
    engine->is_closed = true;
    loop_post(engine->host.config.loop, free_engine, engine, NULL, 0);
}

// --- what is desired -----------------------------------------------------------------------------

static struct conference *begin_conference(struct engine *engine, const char *id)
{
    uint16_t number = 0;
    while (number < MIXER_SLOTS && engine->numbers[number])
        number++;
    if (number == MIXER_SLOTS) {
        log_error("no place for one more conference conference=%s", id);
        return NULL;
    }
    struct conference *conference = conference_new(&engine->host, number, id);
    if (!conference)
        return NULL;
    engine->numbers[number] = true;
    g_hash_table_replace(engine->conferences, g_strdup(id), conference);
    start_seconds(engine);
    return conference;
}

void engine_apply(struct engine *engine, struct desired *take_desired)
{
    struct conference *conference = find_conference(engine, take_desired->conference);
    if (take_desired->ended) {
        if (conference)
            engine->numbers[conference->number] = false;
        g_hash_table_remove(engine->conferences, take_desired->conference);
        desired_free(take_desired);
        return;
    }
    if (!conference)
        conference = begin_conference(engine, take_desired->conference);
    if (conference)
        conference_apply(conference, take_desired);
    else
        desired_free(take_desired);
}

bool engine_has_member(const struct engine *engine, const char *conference_id, const char *member)
{
    const struct conference *conference = find_conference(engine, conference_id);
    return conference && conference_find(conference, member);
}

int engine_offer(struct engine *engine, const char *conference_id, const char *member_id,
        const char *offer_id, const char *sdp, const char **error)
{
    metric_add(&mcu_offers_total, 1);
    struct conference *conference = find_conference(engine, conference_id);
    struct conference_member *member = conference ? conference_find(conference, member_id) : NULL;
    if (!member) {
        *error = "media.unknown_member";
        metric_add(&mcu_offers_refused_total, 1);
        return -EINVAL;
    }
    g_autofree struct negotiation *negotiation = g_new0(struct negotiation, 1);
    int rc = negotiate_start(sdp, member->answered, negotiation, error);
    if (rc < 0) {
        metric_add(&mcu_offers_refused_total, 1);
        return rc;
    }
    g_free(member->negotiation);
    member->negotiation = g_steal_pointer(&negotiation);
    member->offer = ++engine->next_offer;
    g_strlcpy(member->offer_id, offer_id, sizeof(member->offer_id));
    if (!member->negotiation->is_same_session)
        audio_thread_restart_member(engine->host.audio, member->slot);
    net_worker_offer(
            engine->host.nets[member->net], member->slot, member->offer, member->negotiation);
    return 0;
}

// --- what is -------------------------------------------------------------------------------------

GPtrArray *engine_conferences(const struct engine *engine)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, engine->conferences);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_ptr_array_add(ids, g_strdup(key));
    return ids;
}

static void add_row(
        const struct engine *engine, const struct conference_member *member, GArray *rows)
{
    const struct member_statistics *of = &member->statistics;
    const struct engine_member row = {
        .id = member->id,
        .connected = member->connected,
        .has_statistics = member->has_statistics && member->connected,
        .has_round_trip = of->has_round_trip,
        .loss_percent = of->loss_percent,
        .round_trip_ms = of->round_trip_ms,
        .jitter_ms = of->jitter_ms,
        .tier = of->step,
        .has_estimate = of->has_estimate,
        .estimate_kbps = of->estimate_kbps,
        .bytes_in = of->bytes_in,
        .bytes_out = of->bytes_out,
        .concealed_percent = member->concealed_percent,
        .level = audio_thread_level(engine->host.audio, member->slot),
    };
    g_array_append_val(rows, row);
}

GArray *engine_members(
        const struct engine *engine, const char *conference_id, const char *member_id)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct engine_member));
    const struct conference *conference = find_conference(engine, conference_id);
    GHashTableIter iter;
    gpointer value;
    if (!conference)
        return rows;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct conference_member *member = value;
        if (!member_id || g_str_equal(member->id, member_id))
            add_row(engine, member, rows);
    }
    return rows;
}
