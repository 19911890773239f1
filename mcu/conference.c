// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "conference"

#include "mcu/conference.h"

#include <string.h>

#include "common/base/log.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"
#include "mcu/video_source.h"

_Static_assert(LANGUAGE_BAHNAR - LANGUAGE_FLOOR < MIXER_LANGUAGES, "each has a bus");

#define TICKS_A_SECOND (1000000 / AUDIO_TICK_US)

struct conference_member *conference_find(const struct conference *conference, const char *id)
{
    return g_hash_table_lookup(conference->members, id);
}

// --- members -------------------------------------------------------------------------------------

static void member_end(void *data)
{
    struct conference_member *member = data;
    struct conference_host *host = member->conference->host;
    video_source_close(member->video);
    video_source_close(member->content);
    audio_thread_remove_member(host->audio, member->slot);
    net_worker_remove_member(host->nets[member->net], member->slot);
    host->slots[member->slot] = NULL;
    conference_drop_banners(member);
    g_free(member->negotiation);
    g_free(member->answered);
    metric_add(&mcu_members, -1);
    metric_add(&mcu_members_connected, -(int64_t)member->connected);
    g_free(member);
}

static int free_slot(const struct conference_host *host)
{
    for (int slot = 0; slot < MIXER_SLOTS; slot++)
        if (!host->slots[slot])
            return slot;
    return -1;
}

static int least_busy_net(const struct conference_host *host)
{
    int counts[ENGINE_NETS_MAX] = { 0 };
    for (int slot = 0; slot < MIXER_SLOTS; slot++)
        if (host->slots[slot])
            counts[host->slots[slot]->net]++;
    int best = 0;
    for (int net = 1; net < host->config.net_threads; net++)
        if (counts[net] < counts[best])
            best = net;
    return best;
}

// Sound goes first: a link that carries no moving picture gets that of thin links.
static void set_sound(
        struct conference_member *member, const struct type_conference_member *desired)
{
    struct conference_host *host = member->conference->host;
    const struct audio_member wishes = {
        .heard = desired->heard,
        .pinned = desired->has_pinned && desired->pinned,
        .is_thin = (desired->has_thin && desired->thin) || member->step <= TIER_STILL,
        .is_even = desired->has_gain_auto && desired->gain_auto,
        .gain = mix_gain_from_db((int)desired->gain_db),
        .speaks = desired->has_bus ? (uint8_t)(desired->bus - LANGUAGE_FLOOR) : 0,
        .hears = desired->has_language ? (uint8_t)(desired->language - LANGUAGE_FLOOR) : 0,
    };
    audio_thread_set_member(host->audio, member->slot, &wishes);
    net_worker_set_sound(host->nets[member->net], member->slot, wishes.hears, wishes.is_thin);
}

static void member_begin(
        struct conference *conference, const struct type_conference_member *desired)
{
    struct conference_host *host = conference->host;
    const int slot = free_slot(host);
    if (slot < 0) {
        log_error("no place for one more member conference=%s member=%s limit=%d",
                conference->desired->conference, desired->id, MIXER_SLOTS);
        return;
    }
    if (audio_thread_add_member(host->audio, conference->number, (uint16_t)slot) < 0) {
        log_error("no Opus decoder member=%s", desired->id);
        return;
    }
    struct conference_member *member = g_new0(struct conference_member, 1);
    member->conference = conference;
    g_strlcpy(member->id, desired->id, sizeof(member->id));
    member->slot = (uint16_t)slot;
    member->generation = ++host->next_generation;
    member->net = least_busy_net(host);
    member->main = desired_main(desired);
    member->main_tier = member->content_tier = TIER_NONE;
    member->step = member->content_step = TIER_1080P;
    host->slots[slot] = member;
    net_worker_add_member(
            host->nets[member->net], conference->number, member->slot, member->generation);
    conference_tell_link(member);
    set_sound(member, desired);
    metric_add(&mcu_members, 1);
    g_hash_table_replace(conference->members, member->id, member);
}

static void take_step(struct conference *conference, const struct desired_step *step)
{
    if (step->changes & DESIRED_REMOVED) {
        g_hash_table_remove(conference->members, step->member->id);
        return;
    }
    if (step->changes & DESIRED_ADDED) {
        member_begin(conference, step->member);
        return;
    }
    struct conference_member *member = conference_find(conference, step->member->id);
    if (!member)
        return;
    if (step->changes & DESIRED_SOUND)
        set_sound(member, step->member);
    if (step->changes & DESIRED_MAIN)
        member->main = desired_main(step->member);
    if (step->changes & (DESIRED_MAIN | DESIRED_LINK))
        conference_tell_link(member);
    if (step->changes & DESIRED_BANNER)
        conference_drop_banners(member);
}

// --- what is observed ----------------------------------------------------------------------------

// Opus carries as much FEC as all but one in twenty receivers need who get no copies; one bad link
// does not cost the others their quality.
static void follow_loss(struct conference *conference)
{
    enum { BIN_COUNT = 21 };
    int bins[BIN_COUNT] = { 0 }, count = 0;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        const uint32_t concealed = audio_thread_concealed(conference->host->audio, member->slot);
        member->concealed_percent =
                MIN(100.0, (concealed - member->concealed_before) * 100.0 / TICKS_A_SECOND);
        member->concealed_before = concealed;
        if (!member->connected || !member->has_statistics)
            continue;
        const double loss = member->statistics.loss_unrepaired_percent;
        bins[CLAMP((int)(loss + 0.5), 0, BIN_COUNT - 1)]++;
        count++;
    }
    int loss = BIN_COUNT - 1;
    for (int above = bins[loss]; loss > 0 && above * 20 <= count; above += bins[loss])
        loss--;
    loss = MAX(loss, conference->host->config.audio_loss_percent);
    if (loss == conference->loss_percent)
        return;
    conference->loss_percent = loss;
    audio_thread_set_loss(conference->host->audio, conference->number, loss);
}

void conference_set_step(struct conference_member *member, enum tier_step step)
{
    const bool was_thin = member->step <= TIER_STILL;
    member->step = step;
    const struct type_conference_member *desired =
            desired_find(member->conference->desired, member->id);
    if (desired && was_thin != (step <= TIER_STILL))
        set_sound(member, desired);
    conference_follow_receivers(member->conference);
}

void conference_set_connected(struct conference_member *member, bool connected)
{
    struct conference *conference = member->conference;
    if (member->connected == connected)
        return;
    metric_add(&mcu_members_connected, connected ? 1 : -1);
    member->connected = connected;
    log_info("member %s conference=%s member=%s", connected ? "connected" : "lost",
            conference->desired->conference, member->id);
    if (!connected)
        return;
    conference_follow_receivers(conference);
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        if (conference_shows(conference, (enum canvas_kind)kind, member->id))
            conference_set_stage(conference, (enum canvas_kind)kind);
}

void conference_poll(struct conference *conference, int64_t now_us)
{
    follow_loss(conference);
    conference_poll_tiers(conference, now_us);
}

// --- life ----------------------------------------------------------------------------------------

struct conference *conference_new(struct conference_host *host, uint16_t number, const char *id)
{
    if (audio_thread_add_conference(host->audio, number) < 0) {
        log_error("no Opus encoders conference=%s", id);
        return NULL;
    }
    struct conference *conference = g_new0(struct conference, 1);
    conference->host = host;
    conference->number = number;
    conference->members = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, member_end);
    for (int kind = 0; kind < CANVAS_KIND_COUNT; kind++)
        conference->canvases[kind].number = (uint16_t)(number * CANVAS_KIND_COUNT + kind);
    metric_add(&mcu_conferences, 1);
    log_info("conference begins conference=%s", id);
    return conference;
}

void conference_free(struct conference *conference)
{
    if (!conference)
        return;
    log_info("conference ends conference=%s", conference->desired->conference);
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++) {
        conference_stop_tiers(conference, (enum canvas_kind)kind);
        conference_close_canvas(conference, (enum canvas_kind)kind);
    }
    g_hash_table_unref(conference->members);
    audio_thread_remove_conference(conference->host->audio, conference->number);
    desired_free(conference->desired);
    metric_add(&mcu_conferences, -1);
    g_free(conference);
}

void conference_apply(struct conference *conference, struct desired *take_desired)
{
    struct desired *old = conference->desired;
    conference->desired = take_desired;
    g_autoptr(GArray) steps = desired_steps(old, take_desired);
    // Members that leave are taken off the stage before their decoders go.
    for (guint i = 0; i < steps->len; i++)
        take_step(conference, &g_array_index(steps, struct desired_step, i));
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        if (desired_stage_differs(old, take_desired, (enum canvas_kind)kind))
            conference_set_stage(conference, (enum canvas_kind)kind);
    conference_close_hidden(conference);
    conference_follow_receivers(conference);
    desired_free(old);
}
