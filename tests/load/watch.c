// SPDX-License-Identifier: Apache-2.0
#include "tests/load/watch.h"

#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/media/frame_mark.h"
#include "mcu/canvas/layout.h"
#include "tests/load/clip.h"

#define MARKS_MAX 1024

struct watch {
    FILE *file;
    _Atomic int64_t sent_us[MARKS_MAX][CLIP_FRAMES_MAX]; // 0: not sent yet
};

int watch_open(const char *file, struct watch **out)
{
    *out = NULL;
    if (!file)
        return 0;
    FILE *opened = fopen(file, "we");
    if (!opened)
        return -errno;
    setvbuf(opened, NULL, _IOLBF, BUFSIZ); // whole lines, at once
    struct watch *watch = g_new0(struct watch, 1);
    watch->file = opened;
    *out = watch;
    return 0;
}

void watch_close(struct watch *watch)
{
    if (!watch)
        return;
    fclose(watch->file);
    g_free(watch);
}

void watch_picture(struct watch *watch, const char *unit, double since_offer_ms)
{
    if (watch)
        fprintf(watch->file,
                "{\"us\":%" G_GINT64_FORMAT ",\"what\":\"picture\",\"unit\":\"%s\",\"ms\":%.1f}\n",
                g_get_monotonic_time(), unit, since_offer_ms);
}

void watch_content(struct watch *watch, const char *unit)
{
    if (watch)
        fprintf(watch->file, "{\"us\":%" G_GINT64_FORMAT ",\"what\":\"content\",\"unit\":\"%s\"}\n",
                g_get_monotonic_time(), unit);
}

void watch_joined(struct watch *watch, const char *unit, double since_offer_ms)
{
    if (watch)
        fprintf(watch->file,
                "{\"us\":%" G_GINT64_FORMAT ",\"what\":\"joined\",\"unit\":\"%s\",\"ms\":%.1f}\n",
                g_get_monotonic_time(), unit, since_offer_ms);
}

static void add(struct json_object *line, const char *name, int64_t value)
{
    json_object_object_add(line, name, json_object_new_int64(value));
}

void watch_second(struct watch *watch, const struct watch_second *second)
{
    if (!watch)
        return;
    struct json_object *line = json_object_new_object();
    add(line, "us", g_get_monotonic_time());
    json_object_object_add(line, "what", json_object_new_string("second"));
    add(line, "ticks", second->ticks);
    add(line, "late_ticks", second->late_ticks);
    add(line, "connected", second->connected);
    add(line, "pictures", second->pictures);
    add(line, "sounds", second->sounds);
    add(line, "lost_in", second->lost_in);
    add(line, "key_frames_in", (int64_t)second->key_frames_in);
    add(line, "samples", (int64_t)second->samples);
    add(line, "concealed", (int64_t)second->concealed);
    add(line, "gaps", (int64_t)second->gaps);
    add(line, "clipped", (int64_t)second->clipped);
    add(line, "frames", (int64_t)second->frames);
    add(line, "freezes", (int64_t)second->freezes);
    add(line, "frozen_us", (int64_t)second->frozen_us);
    add(line, "watched_us", (int64_t)second->watched_us);
    add(line, "gap_ms", second->gap_ms);
    fprintf(watch->file, "%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
    json_object_put(line);
}

void watch_sent(struct watch *watch, unsigned mark, unsigned frame)
{
    if (watch && mark < MARKS_MAX && frame < CLIP_FRAMES_MAX)
        atomic_store(&watch->sent_us[mark][frame], g_get_monotonic_time());
}

static void tell_seen(struct watch_eye *eye, const struct frame_mark *mark)
{
    const int64_t now_us = g_get_monotonic_time();
    if (mark->room >= MARKS_MAX || mark->frame >= CLIP_FRAMES_MAX || mark->frame == eye->frame)
        return;
    eye->frame = mark->frame;
    const int64_t sent_us = atomic_load(&eye->watch->sent_us[mark->room][mark->frame]);
    if (sent_us > 0)
        fprintf(eye->watch->file,
                "{\"us\":%" G_GINT64_FORMAT
                ",\"what\":\"seen\",\"unit\":\"%s\",\"mark\":%d,\"ms\":%.1f}\n",
                now_us, eye->unit, mark->room, (double)(now_us - sent_us) / 1000);
}

// The mark in the first tile of a layout that has a large one; false: none.
static bool mark_in(
        const struct picture *picture, enum layout_kind kind, size_t tiles, struct frame_mark *mark)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    layout_place(kind, tiles, picture->width, picture->height, rects);
    const struct layout_rect *first = &rects[0];
    return frame_mark_read(picture, first->x, first->y, first->width, first->height, mark);
}

void watch_look(void *user, const struct picture *picture)
{
    struct watch_eye *eye = user;
    struct frame_mark mark;
    // Beside a large tile there are at most five others, which leave it where it is.
    const bool is_there =
            mark_in(picture, LAYOUT_SPEAKER, 6, &mark) || mark_in(picture, LAYOUT_SINGLE, 1, &mark);
    const int large = is_there ? mark.room : -1;
    if (is_there)
        tell_seen(eye, &mark);
    if (large == eye->large)
        return;
    eye->large = large;
    fprintf(eye->watch->file,
            "{\"us\":%" G_GINT64_FORMAT ",\"what\":\"large\",\"unit\":\"%s\",\"mark\":%d}\n",
            g_get_monotonic_time(), eye->unit, large);
}
