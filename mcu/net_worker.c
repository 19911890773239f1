// SPDX-License-Identifier: Apache-2.0
#include "mcu/net_worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mcu/ticker.h"

#define POLL_EVERY_US 20000
// GLib asks every socket at every wake-up: waking for each packet costs members squared. So the
// peers have a context of their own, which is served this often, all packets at once.
#define SERVE_EVERY_MS    5
#define SERVE_ROUNDS      8
#define SERVE_WHOLE_EVERY 4
#define FEEDS_MAX         64

struct net_worker {
    struct net_worker_config config;
    struct loop *loop;
    int wake_fd;

    // The net thread's.
    struct member_host host;
    GMainContext *peers;
    unsigned serves;
    GSource *wake, *serve, *seconds; // the latter two while there are members
    struct member *members[MIXER_SLOTS];
    uint16_t slots[MIXER_SLOTS]; // those in use
    size_t member_count;
    struct tier_feed *feeds[FEEDS_MAX];
    size_t feed_count;
    int64_t polled_us;
};

struct net_job {
    uint16_t conference, slot;
    uint32_t generation;
    enum sdp_line line;
    int tier_id;
    uint8_t language;
    bool is_thin;
    int declared_kbps;
    struct tier_choice_config canvas;
    enum tier_step most;
    struct audio_thread *audio;
    struct h264_decoder *decoder;
    struct tier *tier;
};

struct offer_job {
    uint16_t slot;
    uint32_t offer;
    struct negotiation negotiation;
};

// What runs on the control thread: the event's values and whom to tell.
struct answer_event {
    struct net_events events;
    void *user;
    struct net_answer answer;
};
struct connection_event {
    struct net_events events;
    void *user;
    struct net_connection connection;
};
struct step_event {
    struct net_events events;
    void *user;
    struct net_step step;
};
struct statistics_event {
    struct net_events events;
    void *user;
    struct net_statistics statistics;
};

static void tell_answer(void *context, const void *data)
{
    (void)context;
    const struct answer_event *event = data;
    event->events.answered(event->user, &event->answer);
}

static void tell_connection(void *context, const void *data)
{
    (void)context;
    const struct connection_event *event = data;
    event->events.connection_changed(event->user, &event->connection);
}

static void tell_step(void *context, const void *data)
{
    (void)context;
    const struct step_event *event = data;
    event->events.step_changed(event->user, &event->step);
}

static void tell_statistics(void *context, const void *data)
{
    (void)context;
    const struct statistics_event *event = data;
    event->events.statistics(event->user, &event->statistics);
}

// --- net thread ----------------------------------------------------------------------------------

static void send_shared(struct net_worker *worker, const struct audio_out *out, uint8_t *payload)
{
    for (size_t i = 0; i < worker->member_count; i++) {
        struct member *member = worker->members[worker->slots[i]];
        if (member_takes_shared(member, out))
            member_send_audio(member, payload, out);
    }
}

static void send_sound(struct net_worker *worker)
{
    struct audio_out out;
    uint8_t packet[LINK_OUT_HEADROOM + MIXER_PAYLOAD_MAX];
    uint8_t *payload = packet + LINK_OUT_HEADROOM;
    while (audio_thread_pop(worker->host.audio, worker->config.index, &out)) {
        memcpy(payload, out.data, out.size);
        if (out.slot == MIXER_SHARED) {
            send_shared(worker, &out, payload);
            continue;
        }
        struct member *member = out.slot < MIXER_SLOTS ? worker->members[out.slot] : NULL;
        if (member)
            member_send_audio(member, payload, &out);
    }
}

static void send_pictures(struct net_worker *worker, int64_t now_us)
{
    struct tier_frame frame;
    for (size_t f = 0; f < worker->feed_count; f++) {
        struct tier_feed *feed = worker->feeds[f];
        while (tier_feed_next(feed, now_us, &frame))
            for (size_t i = 0; i < worker->member_count; i++)
                member_send_frame(worker->members[worker->slots[i]], feed, &frame, now_us);
    }
}

static gboolean on_wake(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    struct net_worker *worker = data;
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got;

    const int64_t now_us = ticker_now_us();
    send_sound(worker); // first: it suffers most from waiting
    send_pictures(worker, now_us);
    if (now_us - worker->polled_us < POLL_EVERY_US - 1000)
        return G_SOURCE_CONTINUE;
    worker->polled_us = now_us;
    for (size_t i = 0; i < worker->member_count; i++)
        member_poll(worker->members[worker->slots[i]], now_us);
    return G_SOURCE_CONTINUE;
}

// What a round leaves is taken by the next; what the rounds leave, by the next call.
static void serve_peers(struct net_worker *worker, int rounds)
{
    while (rounds-- > 0 && g_main_context_iteration(worker->peers, FALSE))
        ;
}

// A round asks all sockets and empties those that have something, so that a further one mostly
// finds nothing: now and then is enough for what waits behind them.
static gboolean on_serve(gpointer data)
{
    struct net_worker *worker = data;
    serve_peers(worker, ++worker->serves % SERVE_WHOLE_EVERY == 0 ? SERVE_ROUNDS : 1);
    return G_SOURCE_CONTINUE;
}

static void post_statistics(struct net_worker *worker, const struct statistics_event *event)
{
    loop_post(worker->config.control, tell_statistics, NULL, event, sizeof(*event));
}

static gboolean on_second(gpointer data)
{
    struct net_worker *worker = data;
    const int64_t now_us = ticker_now_us();
    g_autofree struct statistics_event *event = g_new0(struct statistics_event, 1);
    event->events = worker->config.events;
    event->user = worker->config.user;
    for (size_t i = 0; i < worker->member_count; i++) {
        struct member *member = worker->members[worker->slots[i]];
        member_poll_second(member, now_us);
        member_statistics(member, &event->statistics.members[event->statistics.count++]);
        if (event->statistics.count < NET_STATISTICS_MAX)
            continue;
        post_statistics(worker, event);
        event->statistics.count = 0;
    }
    if (event->statistics.count > 0)
        post_statistics(worker, event);
    return G_SOURCE_CONTINUE;
}

static void on_connection_changed(void *user, struct member *member, const char *reason)
{
    struct net_worker *worker = user;
    struct connection_event event = {
        .events = worker->config.events,
        .user = worker->config.user,
        .connection = {
            .slot = member_slot(member),
            .generation = member_generation(member),
            .connected = member_is_connected(member),
        },
    };
    if (reason)
        g_strlcpy(event.connection.reason, reason, sizeof(event.connection.reason));
    loop_post(worker->config.control, tell_connection, NULL, &event, sizeof(event));
}

static void on_step_changed(void *user, struct member *member)
{
    struct net_worker *worker = user;
    const struct step_event event = {
        .events = worker->config.events,
        .user = worker->config.user,
        .step = {
            .slot = member_slot(member),
            .generation = member_generation(member),
            .step = member_step(member),
        },
    };
    loop_post(worker->config.control, tell_step, NULL, &event, sizeof(event));
}

static struct member *find_member(struct net_worker *worker, uint16_t slot)
{
    return slot < MIXER_SLOTS ? worker->members[slot] : NULL;
}

static void add_member(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    worker->members[job->slot] =
            member_new(&worker->host, job->conference, job->slot, job->generation);
    worker->slots[worker->member_count++] = job->slot;
    if (worker->seconds)
        return;
    worker->seconds = loop_add_timer(worker->loop, 1000, on_second, worker);
    worker->serve = loop_add_timer(worker->loop, SERVE_EVERY_MS, on_serve, worker);
}

static void remove_member(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (!member)
        return;
    worker->members[job->slot] = NULL;
    for (size_t i = 0; i < worker->member_count; i++) {
        if (worker->slots[i] != job->slot)
            continue;
        worker->slots[i] = worker->slots[--worker->member_count];
        break;
    }
    member_free(member);
    if (worker->member_count > 0)
        return;
    loop_clear_source(&worker->seconds);
    loop_clear_source(&worker->serve);
    serve_peers(worker, SERVE_ROUNDS); // what closes in the background
}

static void offer(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct offer_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (!member)
        return;
    struct answer_event event = {
        .events = worker->config.events,
        .user = worker->config.user,
        .answer = {
            .slot = job->slot,
            .generation = member_generation(member),
            .offer = job->offer,
        },
    };
    event.answer.rc = member_accept(member, &job->negotiation, &event.answer.local);
    loop_post(worker->config.control, tell_answer, NULL, &event, sizeof(event));
}

static void set_decoder(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (member)
        member_set_decoder(member, job->line, job->decoder);
}

static void need_key_frame(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (member && member_generation(member) == job->generation)
        member_need_key_frame(member, job->line);
}

static void add_tier(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    g_assert(worker->feed_count < FEEDS_MAX);
    worker->feeds[worker->feed_count++] = tier_feed_new(job->tier, worker->config.index);
}

static void remove_tier(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    for (size_t f = 0; f < worker->feed_count; f++) {
        struct tier_feed *feed = worker->feeds[f];
        if (tier_feed_tier(feed) != job->tier)
            continue;
        for (size_t i = 0; i < worker->member_count; i++)
            member_drop_feed(worker->members[worker->slots[i]], feed);
        worker->feeds[f] = worker->feeds[--worker->feed_count];
        tier_feed_free(feed);
        return;
    }
}

static void set_tier(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    struct tier_feed *found = NULL;
    for (size_t f = 0; f < worker->feed_count; f++)
        if (tier_feed_id(worker->feeds[f]) == job->tier_id)
            found = worker->feeds[f];
    if (member)
        member_set_feed(member, job->line, found);
}

static void set_link(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (!member)
        return;
    member_set_link(member, job->declared_kbps, &job->canvas);
    on_step_changed(worker, member);
}

static void set_most(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (member)
        member_set_most(member, job->most);
}

static void set_sound(void *context, const void *data)
{
    struct net_worker *worker = context;
    const struct net_job *job = data;
    struct member *member = find_member(worker, job->slot);
    if (member)
        member_set_sound(member, job->language, job->is_thin);
}

static void start(void *context, const void *data)
{
    (void)data;
    struct net_worker *worker = context;
    worker->wake = loop_add_fd(worker->loop, worker->wake_fd, G_IO_IN, on_wake, worker);
}

static void stop(void *context, const void *data)
{
    (void)data;
    struct net_worker *worker = context;
    loop_clear_source(&worker->wake);
    loop_clear_source(&worker->seconds);
    loop_clear_source(&worker->serve);
    for (int slot = 0; slot < MIXER_SLOTS; slot++)
        member_free(worker->members[slot]);
    for (size_t f = 0; f < worker->feed_count; f++)
        tier_feed_free(worker->feeds[f]);
    serve_peers(worker, SERVE_ROUNDS);
}

// --- control thread ------------------------------------------------------------------------------

int net_worker_open(const struct net_worker_config *config, struct net_worker **out)
{
    struct net_worker *worker = g_new0(struct net_worker, 1);
    worker->config = *config;
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->wake_fd < 0) {
        int rc = -errno;
        g_free(worker);
        return rc;
    }
    char name[16];
    snprintf(name, sizeof(name), "net-%d", config->index);
    worker->loop = loop_new_thread(name);
    worker->peers = g_main_context_new();
    worker->host = (struct member_host){
        .context = worker->peers,
        .certificate = config->certificate,
        .addresses = config->addresses,
        .min_port = config->min_port,
        .max_port = config->max_port,
        .net = config->index,
        .unix_offset_us = g_get_real_time() - ticker_now_us(),
        .step_changed = on_step_changed,
        .connection_changed = on_connection_changed,
        .user = worker,
    };
    *out = worker;
    return 0;
}

void net_worker_set_audio(struct net_worker *worker, struct audio_thread *audio)
{
    worker->host.audio = audio; // before the thread looks at it
    loop_call(worker->loop, start, worker, NULL, 0);
}

void net_worker_close(struct net_worker *worker)
{
    if (!worker)
        return;
    loop_call(worker->loop, stop, worker, NULL, 0);
    loop_free(worker->loop);
    g_main_context_unref(worker->peers);
    close(worker->wake_fd);
    g_free(worker);
}

int net_worker_wake_fd(const struct net_worker *worker)
{
    return worker->wake_fd;
}

void net_worker_add_member(
        struct net_worker *worker, uint16_t conference, uint16_t slot, uint32_t generation)
{
    const struct net_job job = {
        .conference = conference,
        .slot = slot,
        .generation = generation,
    };
    loop_post(worker->loop, add_member, worker, &job, sizeof(job));
}

void net_worker_remove_member(struct net_worker *worker, uint16_t slot)
{
    const struct net_job job = { .slot = slot };
    loop_post(worker->loop, remove_member, worker, &job, sizeof(job));
}

void net_worker_offer(struct net_worker *worker, uint16_t slot, uint32_t offer_number,
        const struct negotiation *negotiation)
{
    g_autofree struct offer_job *job = g_new0(struct offer_job, 1);
    job->slot = slot;
    job->offer = offer_number;
    job->negotiation = *negotiation;
    loop_post(worker->loop, offer, worker, job, sizeof(*job));
}

void net_worker_set_decoder(
        struct net_worker *worker, uint16_t slot, enum sdp_line line, struct h264_decoder *decoder)
{
    const struct net_job job = { .slot = slot, .line = line, .decoder = decoder };
    if (decoder)
        loop_post(worker->loop, set_decoder, worker, &job, sizeof(job));
    else
        loop_call(worker->loop, set_decoder, worker, &job, sizeof(job));
}

void net_worker_need_key_frame(
        struct net_worker *worker, uint16_t slot, uint32_t generation, enum sdp_line line)
{
    const struct net_job job = { .slot = slot, .generation = generation, .line = line };
    loop_post(worker->loop, need_key_frame, worker, &job, sizeof(job));
}

void net_worker_add_tier(struct net_worker *worker, struct tier *tier)
{
    const struct net_job job = { .tier = tier };
    loop_post(worker->loop, add_tier, worker, &job, sizeof(job));
}

void net_worker_remove_tier(struct net_worker *worker, struct tier *tier)
{
    const struct net_job job = { .tier = tier };
    loop_call(worker->loop, remove_tier, worker, &job, sizeof(job));
}

void net_worker_set_tier(struct net_worker *worker, uint16_t slot, enum sdp_line line, int tier)
{
    const struct net_job job = { .slot = slot, .line = line, .tier_id = tier };
    loop_post(worker->loop, set_tier, worker, &job, sizeof(job));
}

void net_worker_set_link(struct net_worker *worker, uint16_t slot, int declared_kbps,
        const struct tier_choice_config *canvas)
{
    const struct net_job job = { .slot = slot, .declared_kbps = declared_kbps, .canvas = *canvas };
    loop_post(worker->loop, set_link, worker, &job, sizeof(job));
}

void net_worker_set_most(struct net_worker *worker, uint16_t slot, enum tier_step most)
{
    const struct net_job job = { .slot = slot, .most = most };
    loop_post(worker->loop, set_most, worker, &job, sizeof(job));
}

void net_worker_set_sound(struct net_worker *worker, uint16_t slot, uint8_t language, bool is_thin)
{
    const struct net_job job = { .slot = slot, .language = language, .is_thin = is_thin };
    loop_post(worker->loop, set_sound, worker, &job, sizeof(job));
}
