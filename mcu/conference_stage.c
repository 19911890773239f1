// SPDX-License-Identifier: Apache-2.0
#include "mcu/conference.h"
#include "mcu/video_source.h"

#define STALLED_TEXT "Tín hiệu gián đoạn"

void conference_drop_banners(struct conference_member *member)
{
    for (int kind = 0; kind < CANVAS_KIND_COUNT; kind++) {
        struct conference_banners *banners = &member->banners[kind];
        g_clear_pointer(&banners->name, banner_unref);
        g_clear_pointer(&banners->placeholder, banner_unref);
        g_clear_pointer(&banners->stalled, banner_unref);
        banners->width = banners->height = 0;
    }
}

static const struct conference_banners *need_banners(
        struct conference_member *member, enum canvas_kind kind, const struct layout_rect *rect)
{
    struct conference_banners *banners = &member->banners[kind];
    if (banners->name && banners->width == rect->width && banners->height == rect->height)
        return banners;
    g_clear_pointer(&banners->name, banner_unref);
    g_clear_pointer(&banners->placeholder, banner_unref);
    g_clear_pointer(&banners->stalled, banner_unref);
    const struct type_conference_member *desired =
            desired_find(member->conference->desired, member->id);
    const char *line1 = desired ? desired->line1 : member->id;
    const char *line2 = desired ? desired->line2 : "";
    banners->width = rect->width;
    banners->height = rect->height;
    banners->name = banner_new(BANNER_NAME, rect->width, rect->height, line1, line2);
    banners->placeholder = banner_new(BANNER_PLACEHOLDER, rect->width, rect->height, line1, line2);
    banners->stalled = banner_new(BANNER_STALLED, rect->width, rect->height, STALLED_TEXT, NULL);
    return banners;
}

// The decoder of the line that the canvas shows; NULL: not connected, or there is none.
static struct video_source *need_source(struct conference_member *member, enum canvas_kind kind)
{
    const bool is_content = kind == CANVAS_KIND_CONTENT;
    struct video_source **source = is_content ? &member->content : &member->video;
    const struct video_source_of of = {
        .net = member->conference->host->nets[member->net],
        .slot = member->slot,
        .generation = member->generation,
        .line = is_content ? SDP_CONTENT : SDP_MAIN,
    };
    if (!*source && member->connected && video_source_open(&of, source) < 0)
        *source = NULL; // logged; its placeholder is shown
    return *source;
}

static void fill_tile(
        struct conference_member *member, enum canvas_kind kind, struct stage_tile *tile)
{
    struct video_source *source = need_source(member, kind);
    if (source) {
        tile->source = tile_source_ref(video_source_view(source, kind));
        tile_source_set_size(tile->source, tile->rect.width, tile->rect.height);
    }
    const struct conference_banners *banners = need_banners(member, kind, &tile->rect);
    // A shared screen has no name over it.
    tile->name = kind == CANVAS_KIND_CONTENT ? NULL : banner_ref(banners->name);
    tile->placeholder = banner_ref(banners->placeholder);
    tile->stalled = banner_ref(banners->stalled);
}

// The members of the tiles that exist, each once.
static size_t members_on(const struct conference *conference, enum canvas_kind kind,
        struct conference_member *out[LAYOUT_TILES_MAX])
{
    const struct type_canvas *canvas = desired_canvas(conference->desired, kind);
    const size_t most = (size_t)overload_tiles(conference->host->overload);
    size_t count = 0;
    for (size_t i = 0; canvas && i < canvas->tiles_count && count < most; i++) {
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
    case STAGE_LAYOUT_PAIR:
        return LAYOUT_PAIR;
    default:
        return LAYOUT_GRID;
    }
}

static void canvas_size(
        const struct conference *conference, enum canvas_kind kind, int *width, int *height)
{
    const struct engine_config *config = &conference->host->config;
    const bool is_content = kind == CANVAS_KIND_CONTENT;
    *width = is_content ? config->content_width : config->width;
    *height = is_content ? config->content_height : config->height;
}

// Where the members of a canvas stand; how many of them are shown.
static size_t place(const struct conference *conference, enum canvas_kind kind,
        struct conference_member *members[LAYOUT_TILES_MAX],
        struct layout_rect rects[LAYOUT_TILES_MAX])
{
    const struct type_canvas *canvas = desired_canvas(conference->desired, kind);
    int width, height;
    if (!canvas)
        return 0;
    canvas_size(conference, kind, &width, &height);
    const size_t wanted = members_on(conference, kind, members);
    return layout_place(layout_of(canvas->layout), wanted, width, height, rects);
}

static void open_canvas(struct conference *conference, enum canvas_kind kind)
{
    const struct engine_config *config = &conference->host->config;
    int width, height;
    canvas_size(conference, kind, &width, &height);
    compositor_add_canvas(conference->host->compositor, conference->canvases[kind].number, width,
            height, kind == CANVAS_KIND_CONTENT ? config->content_fps : config->fps);
    conference->canvases[kind].is_open = true;
}

void conference_set_stage(struct conference *conference, enum canvas_kind kind)
{
    const bool is_desired = desired_canvas(conference->desired, kind);
    if (!conference->canvases[kind].is_open && !is_desired)
        return;
    if (!conference->canvases[kind].is_open)
        open_canvas(conference, kind);
    struct conference_member *members[LAYOUT_TILES_MAX];
    struct layout_rect rects[LAYOUT_TILES_MAX];
    const size_t count = place(conference, kind, members, rects);
    struct stage *stage = stage_new();
    stage->count = count;
    for (size_t i = 0; i < count; i++) {
        stage->tiles[i].rect = rects[i];
        // At most `wanted` are placed. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
        fill_tile(members[i], kind, &stage->tiles[i]);
    }
    compositor_take_stage(conference->host->compositor, conference->canvases[kind].number, stage);
}

static bool is_among(const struct conference_member *member,
        struct conference_member *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (members[i] == member)
            return true;
    return false;
}

bool conference_shows(
        const struct conference *conference, enum canvas_kind kind, const char *member)
{
    const struct type_canvas *canvas = desired_canvas(conference->desired, kind);
    for (size_t i = 0; canvas && i < canvas->tiles_count; i++)
        if (g_str_equal(canvas->tiles[i].member, member))
            return true;
    return false;
}

// `shown`: a bit for each kind of canvas that has the line on a tile.
static void hide_views(struct video_source **source, unsigned shown)
{
    if (!*source)
        return;
    if (!shown) {
        g_clear_pointer(source, video_source_close);
        return;
    }
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
        if (!(shown & 1u << kind))
            tile_source_set_size(video_source_view(*source, (enum canvas_kind)kind), 0, 0);
}

void conference_close_hidden(struct conference *conference)
{
    const unsigned content = 1u << CANVAS_KIND_CONTENT;
    struct conference_member *members[CANVAS_KIND_COUNT][LAYOUT_TILES_MAX];
    size_t counts[CANVAS_KIND_COUNT] = { 0 };
    for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++) {
        struct layout_rect rects[LAYOUT_TILES_MAX];
        counts[kind] = place(conference, (enum canvas_kind)kind, members[kind], rects);
    }
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, conference->members);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct conference_member *member = value;
        unsigned shown = 0;
        for (int kind = CANVAS_KIND_PROGRAM; kind < CANVAS_KIND_COUNT; kind++)
            if (is_among(member, members[kind], counts[kind]))
                shown |= 1u << kind;
        hide_views(&member->video, shown & ~content);
        hide_views(&member->content, shown & content);
        if (!shown)
            conference_drop_banners(member);
    }
}

void conference_close_canvas(struct conference *conference, enum canvas_kind kind)
{
    struct conference_canvas *canvas = &conference->canvases[kind];
    if (canvas->is_open)
        compositor_remove_canvas(conference->host->compositor, canvas->number);
    canvas->is_open = false;
}
