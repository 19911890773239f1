// SPDX-License-Identifier: Apache-2.0
#include "tests/load/watch.h"

#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/media/frame_mark.h"
#include "mcu/canvas/layout.h"

struct watch {
    FILE *file;
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
    fprintf(watch->file, "%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
    json_object_put(line);
}

// The mark in the first tile of a layout that has a large one; -1: none.
static int mark_in(const struct picture *picture, enum layout_kind kind, size_t tiles)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    struct frame_mark mark;
    layout_place(kind, tiles, picture->width, picture->height, rects);
    const struct layout_rect *first = &rects[0];
    return frame_mark_read(picture, first->x, first->y, first->width, first->height, &mark)
                   ? mark.room
                   : -1;
}

void watch_look(void *user, const struct picture *picture)
{
    struct watch_eye *eye = user;
    // Beside a large tile there are at most five others, which leave it where it is.
    int large = mark_in(picture, LAYOUT_SPEAKER, 6);
    if (large < 0)
        large = mark_in(picture, LAYOUT_SINGLE, 1);
    if (large == eye->large)
        return;
    eye->large = large;
    fprintf(eye->watch->file,
            "{\"us\":%" G_GINT64_FORMAT ",\"what\":\"large\",\"unit\":\"%s\",\"mark\":%d}\n",
            g_get_monotonic_time(), eye->unit, large);
}
