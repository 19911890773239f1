// SPDX-License-Identifier: Apache-2.0
#include "mcu/conference.h"
#include "mcu/metrics.h"
#include "mcu/negotiate.h"

#define STOPS_AFTER_US   10000000
#define CONTENT_LEFT_BPS 300000 // for sound and a small picture beside it
#define CONTENT_SPARE    120    // percent that a step up must fit with

// --- which encodes run ---------------------------------------------------------------------------

struct canvas_size {
    int width, height, fps, kbps;
};

static struct canvas_size size_of(const struct conference *conference, enum canvas_kind kind)
{
    const struct engine_config *config = &conference->host->config;
    if (kind == CANVAS_KIND_CONTENT)
        return (struct canvas_size){ config->content_width, config->content_height,
            config->content_fps, config->content_kbps };
    return (struct canvas_size){ config->width, config->height, config->fps, config->kbps };
}

static struct tier_choice_config steps_of(
        const struct conference *conference, enum canvas_kind kind)
{
    const struct canvas_size size = size_of(conference, kind);
    return (struct tier_choice_config){
        .kbps = size.kbps,
        .top = tier_step_of_height(size.height),
    };
}

static bool is_slow(const struct conference *conference, enum canvas_kind kind, enum tier_step step)
{
    return conference->host->overload >= OVERLOAD_SLOW && step < steps_of(conference, kind).top;
}

static void start_tier(struct conference *conference, enum canvas_kind kind, enum tier_step step)
{
    struct conference_host *host = conference->host;
    struct conference_canvas *canvas = &conference->canvases[kind];
    const struct canvas_size size = size_of(conference, kind);
    struct tier_config config = {
        .canvas = canvas->number,
        .id = host->next_tier++,
        .canvas_width = size.width,
        .canvas_height = size.height,
        .shape = tier_step_shape(step, size.width, size.height, size.fps, size.kbps),
        .encoder = host->config.encoder,
        .net_count = host->config.net_threads,
    };
    for (int net = 0; net < config.net_count; net++)
        config.net_wake_fds[net] = net_worker_wake_fd(host->nets[net]);
    struct tier *tier = NULL;
    if (tier_open(&config, &tier) < 0)
        return;
    canvas->tiers[step] = tier;
    canvas->unused_us[step] = 0;
    tier_set_slow(tier, is_slow(conference, kind, step));
    for (int net = 0; net < config.net_count; net++)
        net_worker_add_tier(host->nets[net], tier);
    compositor_add_tier(host->compositor, tier);
}

static void stop_tier(struct conference *conference, struct tier *tier)
{
    struct conference_host *host = conference->host;
    const int id = tier_config(tier)->id;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        if (member->main_tier == id)
            member->main_tier = TIER_NONE;
        if (member->content_tier == id)
            member->content_tier = TIER_NONE;
    }
    compositor_remove_tier(host->compositor, tier);
    for (int net = 0; net < host->config.net_threads; net++)
        net_worker_remove_tier(host->nets[net], tier);
    tier_close(tier);
}

static void stop_step(struct conference *conference, enum canvas_kind kind, enum tier_step step)
{
    struct conference_canvas *canvas = &conference->canvases[kind];
    if (canvas->tiers[step])
        stop_tier(conference, g_steal_pointer(&canvas->tiers[step]));
    canvas->unused_us[step] = 0;
}

void conference_stop_tiers(struct conference *conference, enum canvas_kind kind)
{
    for (int step = 0; step < TIER_STEP_COUNT; step++)
        stop_step(conference, kind, (enum tier_step)step);
}

// --- who receives which --------------------------------------------------------------------------

static enum canvas_kind main_of(
        const struct conference *conference, const struct conference_member *member)
{
    return desired_canvas(conference->desired, member->main) ? member->main : CANVAS_KIND_PROGRAM;
}

static void tell_most(const struct conference_member *member)
{
    const struct conference *conference = member->conference;
    const bool is_lower =
            conference->host->overload >= OVERLOAD_LOWER && member->main != CANVAS_KIND_CHAIR;
    const enum tier_step top = steps_of(conference, main_of(conference, member)).top;
    net_worker_set_most(conference->host->nets[member->net], member->slot,
            is_lower && top > TIER_180P ? top - 1 : TIER_1080P);
}

void conference_obey_overload(struct conference *conference)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        tell_most(value);
    for (int i = CANVAS_KIND_PROGRAM; i < CANVAS_KIND_COUNT; i++) {
        const enum canvas_kind kind = (enum canvas_kind)i;
        for (int step = 0; step < TIER_STEP_COUNT; step++)
            if (conference->canvases[kind].tiers[step])
                tier_set_slow(conference->canvases[kind].tiers[step],
                        is_slow(conference, kind, (enum tier_step)step));
        conference_set_stage(conference, kind);
    }
    conference_close_hidden(conference);
}

void conference_tell_link(struct conference_member *member)
{
    struct conference *conference = member->conference;
    const struct type_conference_member *desired = desired_find(conference->desired, member->id);
    const struct tier_choice_config steps = steps_of(conference, main_of(conference, member));
    net_worker_set_link(conference->host->nets[member->net], member->slot,
            desired && desired->has_link_kbps ? (int)desired->link_kbps : 0, &steps);
    tell_most(member);
}

// False: it offered sound alone, or takes no picture on this line.
static bool takes(const struct conference_member *member, enum sdp_line line)
{
    return !member->answered || member->answered->answer.media[line].sends;
}

// TIER_AUDIO: nothing.
static enum tier_step step_for(const struct conference *conference,
        const struct conference_member *member, enum canvas_kind kind)
{
    const enum sdp_line line = kind == CANVAS_KIND_CONTENT ? SDP_CONTENT : SDP_MAIN;
    if (!member->connected || !takes(member, line) || !desired_canvas(conference->desired, kind) ||
            (kind != CANVAS_KIND_CONTENT && main_of(conference, member) != kind))
        return TIER_AUDIO;
    const enum tier_step wanted = kind == CANVAS_KIND_CONTENT ? member->content_step : member->step;
    return MIN(wanted, steps_of(conference, kind).top);
}

static int tier_for(struct conference *conference, const struct conference_member *member,
        enum canvas_kind kind)
{
    struct conference_canvas *canvas = &conference->canvases[kind];
    const enum tier_step step = step_for(conference, member, kind);
    if (step == TIER_AUDIO)
        return TIER_NONE;
    if (!canvas->tiers[step])
        start_tier(conference, kind, step);
    return canvas->tiers[step] ? tier_config(canvas->tiers[step])->id : TIER_NONE;
}

static void send_tier(struct conference_member *member, enum sdp_line line, int tier, int *told)
{
    if (*told == tier || !member->connected)
        return;
    *told = tier;
    net_worker_set_tier(member->conference->host->nets[member->net], member->slot, line, tier);
}

void conference_follow_receivers(struct conference *conference)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        send_tier(member, SDP_MAIN, tier_for(conference, member, main_of(conference, member)),
                &member->main_tier);
        send_tier(member, SDP_CONTENT, tier_for(conference, member, CANVAS_KIND_CONTENT),
                &member->content_tier);
    }
}

// --- each second ---------------------------------------------------------------------------------

// Known before anybody shares: the first second would else be too much for a thin link.
// A screen is read, not watched: smaller where the link carries no more, and slower to come back.
static enum tier_step content_step(
        const struct conference *conference, const struct conference_member *member)
{
    const struct tier_choice_config steps = steps_of(conference, CANVAS_KIND_CONTENT);
    const int64_t bps = member->statistics.estimate_kbps * INT64_C(1000) - CONTENT_LEFT_BPS;
    enum tier_step step = steps.top;
    for (; step > TIER_STILL; step--) {
        const int percent = step > member->content_step ? CONTENT_SPARE : 100;
        if (tier_choice_needs_bps(&steps, step) * percent / 100 <= bps)
            break;
    }
    return step;
}

static void follow_content(struct conference *conference)
{
    GHashTableIter iter;
    gpointer value;
    bool differs = false;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        if (!member->has_statistics)
            continue;
        const enum tier_step step = content_step(conference, member);
        differs |= step != member->content_step;
        member->content_step = step;
    }
    if (differs)
        conference_follow_receivers(conference);
}

static bool has_receiver(
        const struct conference *conference, enum canvas_kind kind, enum tier_step step)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (step_for(conference, value, kind) == step)
            return true;
    return false;
}

static void stop_unused(struct conference *conference, enum canvas_kind kind, int64_t now_us)
{
    struct conference_canvas *canvas = &conference->canvases[kind];
    bool is_used = false;
    for (int step = 0; step < TIER_STEP_COUNT; step++) {
        if (!canvas->tiers[step])
            continue;
        if (has_receiver(conference, kind, (enum tier_step)step))
            canvas->unused_us[step] = 0;
        else if (canvas->unused_us[step] == 0)
            canvas->unused_us[step] = now_us;
        else if (now_us - canvas->unused_us[step] > STOPS_AFTER_US)
            stop_step(conference, kind, (enum tier_step)step);
        is_used |= canvas->tiers[step] != NULL;
    }
    if (!is_used && !desired_canvas(conference->desired, kind))
        conference_close_canvas(conference, kind);
}

void conference_poll_tiers(struct conference *conference, int64_t now_us)
{
    follow_content(conference);
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        stop_unused(conference, (enum canvas_kind)kind, now_us);
}
