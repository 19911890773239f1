// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "conference"

#include "mcu/conference.h"

#include <string.h>

#include "common/base/log.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"
#include "mcu/video_source.h"

#define STALLED_TEXT "Tín hiệu gián đoạn"
_Static_assert(LANGUAGE_BAHNAR - LANGUAGE_FLOOR < MIXER_LANGUAGES, "each has a bus");

#define TIER_STOPS_AFTER_US 10000000
#define TICKS_A_SECOND      (1000000 / AUDIO_TICK_US)

struct conference_member *conference_find(const struct conference *conference, const char *id)
{
    return g_hash_table_lookup(conference->members, id);
}

// --- members -------------------------------------------------------------------------------------

static void drop_banners(struct conference_member *member)
{
    g_clear_pointer(&member->name, banner_unref);
    g_clear_pointer(&member->placeholder, banner_unref);
    g_clear_pointer(&member->stalled, banner_unref);
}

static void member_end(void *data)
{
    struct conference_member *member = data;
    struct conference_host *host = member->conference->host;
    video_source_close(member->video);
    audio_thread_remove_member(host->audio, member->slot);
    net_worker_remove_member(host->nets[member->net], member->slot);
    host->slots[member->slot] = NULL;
    drop_banners(member);
    g_free(member->negotiation);
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

static void set_sound(
        struct conference_member *member, const struct type_conference_member *desired)
{
    struct conference_host *host = member->conference->host;
    const struct audio_member wishes = {
        .heard = desired->heard,
        .pinned = desired->has_pinned && desired->pinned,
        .is_thin = desired->has_thin && desired->thin,
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
    host->slots[slot] = member;
    net_worker_add_member(
            host->nets[member->net], conference->number, member->slot, member->generation);
    if (conference->tier)
        net_worker_set_tier(
                host->nets[member->net], member->slot, tier_config(conference->tier)->id);
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
    if (step->changes & DESIRED_BANNER)
        drop_banners(member);
}

// --- stage ---------------------------------------------------------------------------------------

static void need_banners(struct conference_member *member, const struct layout_rect *rect)
{
    if (member->name && member->banner_width == rect->width &&
            member->banner_height == rect->height)
        return;
    drop_banners(member);
    const struct type_conference_member *desired =
            desired_find(member->conference->desired, member->id);
    const char *line1 = desired ? desired->line1 : member->id;
    const char *line2 = desired ? desired->line2 : "";
    member->banner_width = rect->width;
    member->banner_height = rect->height;
    member->name = banner_new(BANNER_NAME, rect->width, rect->height, line1, line2);
    member->placeholder = banner_new(BANNER_PLACEHOLDER, rect->width, rect->height, line1, line2);
    member->stalled = banner_new(BANNER_STALLED, rect->width, rect->height, STALLED_TEXT, NULL);
}

static void fill_tile(struct conference_member *member, struct stage_tile *tile)
{
    struct conference_host *host = member->conference->host;
    if (!member->video && member->connected &&
            video_source_open(
                    host->nets[member->net], member->slot, member->generation, &member->video) < 0)
        member->video = NULL; // logged; its placeholder is shown
    if (member->video) {
        tile->source = tile_source_ref(video_source_tiles(member->video));
        tile_source_set_size(tile->source, tile->rect.width, tile->rect.height);
    }
    need_banners(member, &tile->rect);
    tile->name = banner_ref(member->name);
    tile->placeholder = banner_ref(member->placeholder);
    tile->stalled = banner_ref(member->stalled);
}

// The members of the tiles that exist, each once.
static size_t members_on_stage(
        const struct conference *conference, struct conference_member *out[LAYOUT_TILES_MAX])
{
    const struct type_canvas *canvas = &conference->desired->canvas;
    size_t count = 0;
    for (size_t i = 0; i < canvas->tiles_count && count < LAYOUT_TILES_MAX; i++) {
        struct conference_member *member = conference_find(conference, canvas->tiles[i].member);
        bool is_twice = false;
        for (size_t j = 0; j < count; j++)
            is_twice = is_twice || out[j] == member;
        if (member && !is_twice)
            out[count++] = member;
    }
    return count;
}

static enum layout_kind layout_of(enum stage_layout layout)
{
    switch (layout) {
    case STAGE_LAYOUT_SPEAKER:
        return LAYOUT_SPEAKER;
    case STAGE_LAYOUT_SINGLE:
        return LAYOUT_SINGLE;
    default:
        return LAYOUT_GRID;
    }
}

static void close_hidden(
        struct conference *conference, struct conference_member *const *shown, size_t count)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        bool is_shown = false;
        for (size_t i = 0; i < count; i++)
            is_shown = is_shown || shown[i] == member;
        if (is_shown)
            continue;
        g_clear_pointer(&member->video, video_source_close);
        drop_banners(member);
    }
}

static void set_stage(struct conference *conference)
{
    struct conference_host *host = conference->host;
    struct conference_member *members[LAYOUT_TILES_MAX];
    struct layout_rect rects[LAYOUT_TILES_MAX];
    const size_t wanted = members_on_stage(conference, members);
    const size_t count = layout_place(layout_of(conference->desired->canvas.layout), wanted,
            host->config.width, host->config.height, rects);

    struct stage *stage = stage_new();
    stage->count = count;
    for (size_t i = 0; i < count; i++) {
        stage->tiles[i].rect = rects[i];
        // At most `wanted` are placed. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
        fill_tile(members[i], &stage->tiles[i]);
    }
    compositor_take_stage(host->compositor, conference->number, stage);
    close_hidden(conference, members, count);
}

// --- tier ----------------------------------------------------------------------------------------

static void start_tier(struct conference *conference)
{
    struct conference_host *host = conference->host;
    struct tier_config config = {
        .conference = conference->number,
        .id = host->next_tier++,
        .width = host->config.width,
        .height = host->config.height,
        .fps = host->config.fps,
        .kbps = host->config.kbps,
        .net_count = host->config.net_threads,
    };
    for (int net = 0; net < config.net_count; net++)
        config.net_wake_fds[net] = net_worker_wake_fd(host->nets[net]);
    if (tier_open(&config, &conference->tier) < 0)
        return;
    for (int net = 0; net < config.net_count; net++)
        net_worker_add_tier(host->nets[net], conference->tier);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        net_worker_set_tier(host->nets[member->net], member->slot, config.id);
    }
    compositor_add_tier(host->compositor, conference->tier);
}

static void stop_tier(struct conference *conference)
{
    struct conference_host *host = conference->host;
    if (!conference->tier)
        return;
    compositor_remove_tier(host->compositor, conference->tier);
    for (int net = 0; net < host->config.net_threads; net++)
        net_worker_remove_tier(host->nets[net], conference->tier);
    g_clear_pointer(&conference->tier, tier_close);
}

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

static bool has_connected(const struct conference *conference)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((const struct conference_member *)value)->connected)
            return true;
    return false;
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
    if (!conference->tier)
        start_tier(conference);
    conference->deserted_us = 0;
    for (size_t i = 0; i < conference->desired->canvas.tiles_count && !member->video; i++)
        if (strcmp(conference->desired->canvas.tiles[i].member, member->id) == 0)
            set_stage(conference);
}

void conference_poll(struct conference *conference, int64_t now_us)
{
    follow_loss(conference);
    if (has_connected(conference))
        conference->deserted_us = 0;
    else if (conference->deserted_us == 0)
        conference->deserted_us = now_us;
    else if (now_us - conference->deserted_us > TIER_STOPS_AFTER_US)
        stop_tier(conference);
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
    compositor_add_canvas(host->compositor, number, host->config.width, host->config.height);
    metric_add(&mcu_conferences, 1);
    log_info("conference begins conference=%s", id);
    return conference;
}

void conference_free(struct conference *conference)
{
    if (!conference)
        return;
    log_info("conference ends conference=%s", conference->desired->conference);
    stop_tier(conference);
    compositor_remove_canvas(conference->host->compositor, conference->number);
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
    const bool stage_differs = desired_stage_differs(old, take_desired);
    g_autoptr(GArray) steps = desired_steps(old, take_desired);
    // Members that leave are taken off the stage before their decoders go.
    for (guint i = 0; i < steps->len; i++)
        take_step(conference, &g_array_index(steps, struct desired_step, i));
    if (stage_differs)
        set_stage(conference);
    desired_free(old);
}
