// SPDX-License-Identifier: Apache-2.0
#include "mcu/compositor.h"

#include <glib.h>

#include "common/base/loop.h"
#include "mcu/canvas/canvas.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

#define TIERS_MAX        8
#define FROZEN_US        2000000
#define STALLED_AFTER_US 2000000
#define GONE_AFTER_US    15000000
// A still picture is sent this often all the same: a receiver learns of a loss by what follows it.
#define STILL_EVERY_US 200000

enum tile_look { TILE_UNDRAWN, TILE_PLACEHOLDER, TILE_LIVE, TILE_STALLED };

struct canvas {
    uint16_t number;
    int64_t interval_us; // between two pictures of it, at least
    struct picture *picture;
    struct stage *stage; // NULL: none yet
    enum tile_look looks[LAYOUT_TILES_MAX];
    bool is_changed;
    int64_t drawn_us, pushed_us;
    size_t tier_count;
    struct tier *tiers[TIERS_MAX];
};

struct compositor {
    struct loop *loop;
    struct ticker ticker;
    GSource *ticks;
    GHashTable *canvases; // number → struct canvas
    bool is_frozen;
    int64_t thawed_us; // when all tiles were drawn
    size_t tier_count;
};

struct canvas_job {
    uint16_t number;
    int width, height, fps;
    struct stage *stage;
    struct tier *tier;
    bool is_frozen;
};

struct stage *stage_new(void)
{
    return g_new0(struct stage, 1);
}

static void stage_free(struct stage *stage)
{
    if (!stage)
        return;
    for (size_t i = 0; i < stage->count; i++) {
        tile_source_unref(stage->tiles[i].source);
        banner_unref(stage->tiles[i].name);
        banner_unref(stage->tiles[i].placeholder);
        banner_unref(stage->tiles[i].stalled);
    }
    g_free(stage);
}

static void canvas_free(void *data)
{
    struct canvas *canvas = data;
    picture_free(canvas->picture);
    stage_free(canvas->stage);
    g_free(canvas);
}

// --- compositor thread ---------------------------------------------------------------------------

static struct canvas *find_canvas(struct compositor *compositor, uint16_t number)
{
    return g_hash_table_lookup(compositor->canvases, GUINT_TO_POINTER(number + 1u));
}

static enum tile_look look_of(const struct stage_tile *tile, int64_t now_us)
{
    const int64_t last_us = tile->source ? tile_source_last_us(tile->source) : 0;
    if (last_us == 0 || now_us - last_us > GONE_AFTER_US)
        return TILE_PLACEHOLDER;
    return now_us - last_us > STALLED_AFTER_US ? TILE_STALLED : TILE_LIVE;
}

static void draw_framed(
        struct canvas *canvas, const struct layout_rect *rect, const struct picture *picture)
{
    canvas_draw(canvas->picture, rect, picture);
    metric_add(&mcu_canvas_tiles_drawn_total, 1);
    if (canvas->stage->count > 1)
        canvas_frame(canvas->picture, rect);
}

static bool draw_tile(struct canvas *canvas, size_t index, int64_t now_us)
{
    const struct stage_tile *tile = &canvas->stage->tiles[index];
    const enum tile_look look = look_of(tile, now_us);
    const bool looks_other = look != canvas->looks[index];
    canvas->looks[index] = look;
    if (look == TILE_PLACEHOLDER) {
        if (looks_other)
            draw_framed(canvas, &tile->rect, banner_overlay(tile->placeholder)->picture);
        return looks_other;
    }

    bool is_new = false;
    const struct picture *picture = tile_source_take(tile->source, &is_new);
    if (!picture || (!is_new && !looks_other))
        return false;
    draw_framed(canvas, &tile->rect, picture);
    if (tile->name)
        canvas_blend(canvas->picture, &tile->rect, banner_overlay(tile->name));
    if (look == TILE_STALLED)
        canvas_blend(canvas->picture, &tile->rect, banner_overlay(tile->stalled));
    return true;
}

static void push(struct canvas *canvas, int64_t now_us)
{
    bool is_due = canvas->is_changed || now_us - canvas->pushed_us >= STILL_EVERY_US;
    for (size_t i = 0; i < canvas->tier_count; i++)
        is_due = is_due || tier_key_frame_is_due(canvas->tiers[i], now_us);
    if (!is_due) {
        metric_add(&mcu_canvas_unchanged_total, 1);
        return;
    }
    for (size_t i = 0; i < canvas->tier_count; i++)
        tier_push(canvas->tiers[i], canvas->picture, now_us);
    canvas->is_changed = false;
    canvas->pushed_us = now_us;
}

static void tick(struct compositor *compositor, int64_t now_us)
{
    const bool draws_all = !compositor->is_frozen || now_us - compositor->thawed_us >= FROZEN_US;
    if (draws_all)
        compositor->thawed_us = now_us;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, compositor->canvases);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct canvas *canvas = value;
        if (canvas->tier_count == 0 || now_us - canvas->drawn_us < canvas->interval_us)
            continue;
        canvas->drawn_us = now_us;
        for (size_t i = 0; canvas->stage && i < canvas->stage->count; i++)
            if (i == 0 || draws_all || canvas->looks[i] == TILE_UNDRAWN)
                canvas->is_changed |= draw_tile(canvas, i, now_us);
        push(canvas, now_us);
    }
}

static gboolean on_ticks(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    struct compositor *compositor = data;
    int64_t due_us = 0;
    if (ticker_take(&compositor->ticker, &due_us)) {
        tick(compositor, ticker_now_us());
        metric_add(&mcu_canvas_ticks_total, 1);
        metric_add(&mcu_canvas_ticks_skipped_total,
                ticker_skip(&compositor->ticker, compositor->ticker.interval_us));
    }
    return G_SOURCE_CONTINUE;
}

static void add_canvas(void *context, const void *data)
{
    struct compositor *compositor = context;
    const struct canvas_job *job = data;
    struct canvas *canvas = g_new0(struct canvas, 1);
    canvas->number = job->number;
    // Half a tick earlier: deadlines are not met to the microsecond.
    canvas->interval_us = 1000000 / job->fps - compositor->ticker.interval_us / 2;
    canvas->picture = picture_new(job->width, job->height);
    canvas_clear(canvas->picture);
    g_hash_table_replace(compositor->canvases, GUINT_TO_POINTER(job->number + 1u), canvas);
}

static void remove_canvas(void *context, const void *data)
{
    struct compositor *compositor = context;
    const struct canvas_job *job = data;
    g_hash_table_remove(compositor->canvases, GUINT_TO_POINTER(job->number + 1u));
}

static void set_stage(void *context, const void *data)
{
    struct compositor *compositor = context;
    const struct canvas_job *job = data;
    struct canvas *canvas = find_canvas(compositor, job->number);
    if (!canvas) {
        stage_free(job->stage);
        return;
    }
    stage_free(canvas->stage);
    canvas->stage = job->stage;
    canvas->is_changed = true;
    canvas_clear(canvas->picture);
    for (size_t i = 0; i < LAYOUT_TILES_MAX; i++)
        canvas->looks[i] = TILE_UNDRAWN;
}

static void add_tier(void *context, const void *data)
{
    struct compositor *compositor = context;
    const struct canvas_job *job = data;
    struct canvas *canvas = find_canvas(compositor, tier_config(job->tier)->canvas);
    if (!canvas || canvas->tier_count == TIERS_MAX)
        return;
    canvas->tiers[canvas->tier_count++] = job->tier;
    canvas->is_changed = true;
    compositor->tier_count++;
    ticker_run(&compositor->ticker, true);
}

static void remove_tier(void *context, const void *data)
{
    struct compositor *compositor = context;
    const struct canvas_job *job = data;
    struct canvas *canvas = find_canvas(compositor, tier_config(job->tier)->canvas);
    for (size_t i = 0; canvas && i < canvas->tier_count; i++) {
        if (canvas->tiers[i] != job->tier)
            continue;
        canvas->tiers[i] = canvas->tiers[--canvas->tier_count];
        compositor->tier_count--;
        break;
    }
    ticker_run(&compositor->ticker, compositor->tier_count > 0);
}

static void set_frozen(void *context, const void *data)
{
    struct compositor *compositor = context;
    compositor->is_frozen = ((const struct canvas_job *)data)->is_frozen;
}

static void start(void *context, const void *data)
{
    (void)data;
    struct compositor *compositor = context;
    compositor->ticks = loop_add_fd(
            compositor->loop, compositor->ticker.timer_fd, G_IO_IN, on_ticks, compositor);
}

static void stop(void *context, const void *data)
{
    (void)data;
    struct compositor *compositor = context;
    loop_clear_source(&compositor->ticks);
    g_hash_table_remove_all(compositor->canvases);
}

// --- control thread ------------------------------------------------------------------------------

int compositor_open(int fps, struct compositor **out)
{
    struct compositor *compositor = g_new0(struct compositor, 1);
    compositor->canvases = g_hash_table_new_full(NULL, NULL, NULL, canvas_free);
    int rc = ticker_open(&compositor->ticker, 1000000 / fps);
    if (rc < 0) {
        compositor_close(compositor);
        return rc;
    }
    compositor->loop = loop_new_thread("compositor");
    loop_call(compositor->loop, start, compositor, NULL, 0);
    *out = compositor;
    return 0;
}

void compositor_close(struct compositor *compositor)
{
    if (!compositor)
        return;
    if (compositor->loop) {
        loop_call(compositor->loop, stop, compositor, NULL, 0);
        loop_free(compositor->loop);
    }
    ticker_close(&compositor->ticker);
    g_hash_table_unref(compositor->canvases);
    g_free(compositor);
}

void compositor_add_canvas(
        struct compositor *compositor, uint16_t canvas, int width, int height, int fps)
{
    const struct canvas_job job = {
        .number = canvas,
        .width = width,
        .height = height,
        .fps = fps,
    };
    loop_post(compositor->loop, add_canvas, compositor, &job, sizeof(job));
}

void compositor_remove_canvas(struct compositor *compositor, uint16_t canvas)
{
    const struct canvas_job job = { .number = canvas };
    loop_call(compositor->loop, remove_canvas, compositor, &job, sizeof(job));
}

void compositor_take_stage(struct compositor *compositor, uint16_t canvas, struct stage *take_stage)
{
    const struct canvas_job job = { .number = canvas, .stage = take_stage };
    loop_post(compositor->loop, set_stage, compositor, &job, sizeof(job));
}

void compositor_set_frozen(struct compositor *compositor, bool is_frozen)
{
    const struct canvas_job job = { .is_frozen = is_frozen };
    loop_post(compositor->loop, set_frozen, compositor, &job, sizeof(job));
}

void compositor_add_tier(struct compositor *compositor, struct tier *tier)
{
    const struct canvas_job job = { .tier = tier };
    loop_post(compositor->loop, add_tier, compositor, &job, sizeof(job));
}

void compositor_remove_tier(struct compositor *compositor, struct tier *tier)
{
    const struct canvas_job job = { .tier = tier };
    loop_call(compositor->loop, remove_tier, compositor, &job, sizeof(job));
}
