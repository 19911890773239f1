// SPDX-License-Identifier: Apache-2.0
#include "mcu/conference.h"

#define STOPS_AFTER_US 10000000

// --- which encodes run ---------------------------------------------------------------------------

static void start_tier(struct conference *conference, enum canvas_kind kind)
{
    struct conference_host *host = conference->host;
    struct conference_canvas *canvas = &conference->canvases[kind];
    const bool is_content = kind == CANVAS_KIND_CONTENT;
    struct tier_config config = {
        .canvas = canvas->number,
        .id = host->next_tier++,
        .width = is_content ? host->config.content_width : host->config.width,
        .height = is_content ? host->config.content_height : host->config.height,
        .fps = is_content ? host->config.content_fps : host->config.fps,
        .kbps = is_content ? host->config.content_kbps : host->config.kbps,
        .net_count = host->config.net_threads,
    };
    for (int net = 0; net < config.net_count; net++)
        config.net_wake_fds[net] = net_worker_wake_fd(host->nets[net]);
    struct tier *tier = NULL;
    if (tier_open(&config, &tier) < 0)
        return;
    canvas->tiers[canvas->tier_count++] = tier;
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

void conference_stop_tiers(struct conference *conference, enum canvas_kind kind)
{
    struct conference_canvas *canvas = &conference->canvases[kind];
    while (canvas->tier_count > 0)
        stop_tier(conference, canvas->tiers[--canvas->tier_count]);
}

// --- who receives which --------------------------------------------------------------------------

static enum canvas_kind main_of(
        const struct conference *conference, const struct conference_member *member)
{
    return desired_canvas(conference->desired, member->main) ? member->main : CANVAS_KIND_PROGRAM;
}

static bool has_receiver(const struct conference *conference, enum canvas_kind kind)
{
    GHashTableIter iter;
    gpointer value;
    if (!desired_canvas(conference->desired, kind))
        return false;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct conference_member *member = value;
        if (member->connected &&
                (kind == CANVAS_KIND_CONTENT || main_of(conference, member) == kind))
            return true;
    }
    return false;
}

// Of the canvas's tiers the one for this member.
static int tier_for(const struct conference *conference, const struct conference_member *member,
        enum canvas_kind kind)
{
    (void)member;
    const struct conference_canvas *canvas = &conference->canvases[kind];
    if (canvas->tier_count == 0 || !desired_canvas(conference->desired, kind))
        return TIER_NONE;
    return tier_config(canvas->tiers[0])->id;
}

static void send_tier(struct conference_member *member, enum sdp_line line, int tier, int *told)
{
    if (*told == tier)
        return;
    *told = tier;
    net_worker_set_tier(member->conference->host->nets[member->net], member->slot, line, tier);
}

void conference_follow_receivers(struct conference *conference)
{
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        if (conference->canvases[kind].tier_count == 0 &&
                has_receiver(conference, (enum canvas_kind)kind))
            start_tier(conference, (enum canvas_kind)kind);
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

void conference_poll_tiers(struct conference *conference, int64_t now_us)
{
    for (int i = CANVAS_KIND_PROGRAM; i < CANVAS_KIND_COUNT; i++) {
        const enum canvas_kind kind = (enum canvas_kind)i;
        struct conference_canvas *canvas = &conference->canvases[kind];
        if (has_receiver(conference, kind))
            canvas->deserted_us = 0;
        else if (canvas->deserted_us == 0)
            canvas->deserted_us = now_us;
        else if (now_us - canvas->deserted_us > STOPS_AFTER_US) {
            conference_stop_tiers(conference, kind);
            if (!desired_canvas(conference->desired, kind))
                conference_close_canvas(conference, kind);
        }
    }
}
