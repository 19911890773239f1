// SPDX-License-Identifier: Apache-2.0
#include "mcu/desired.h"

#include <errno.h>
#include <string.h>

struct desired_parts {
    int64_t rev, of;
    uint64_t have;   // bit part-1
    GArray *members; // struct type_conference_member
};

void desired_free(struct desired *desired)
{
    if (!desired)
        return;
    g_free(desired->members);
    g_free(desired);
}

const struct type_conference_member *desired_find(const struct desired *desired, const char *id)
{
    for (size_t i = 0; desired && i < desired->member_count; i++)
        if (strcmp(desired->members[i].id, id) == 0)
            return &desired->members[i];
    return NULL;
}

const struct type_canvas *desired_canvas(const struct desired *desired, enum canvas_kind kind)
{
    for (size_t i = 0; desired && i < desired->canvas_count; i++)
        if (desired->canvases[i].kind == kind)
            return &desired->canvases[i];
    return NULL;
}

enum canvas_kind desired_main(const struct type_conference_member *member)
{
    return member->has_main ? member->main : CANVAS_KIND_PROGRAM;
}

struct desired_parts *desired_parts_new(void)
{
    struct desired_parts *parts = g_new0(struct desired_parts, 1);
    parts->members = g_array_new(FALSE, FALSE, sizeof(struct type_conference_member));
    return parts;
}

void desired_parts_free(struct desired_parts *parts)
{
    if (!parts)
        return;
    g_array_unref(parts->members);
    g_free(parts);
}

static void start_anew(struct desired_parts *parts)
{
    parts->rev = -1;
    parts->have = 0;
    g_array_set_size(parts->members, 0);
}

static bool has_member(const struct desired_parts *parts, const char *id)
{
    for (guint i = 0; i < parts->members->len; i++)
        if (strcmp(g_array_index(parts->members, struct type_conference_member, i).id, id) == 0)
            return true;
    return false;
}

static bool take_members(struct desired_parts *parts, const struct message_conference_desired *part)
{
    if (parts->members->len + part->members_count > DESIRED_MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < part->members_count; i++) {
        if (has_member(parts, part->members[i].id))
            return false;
        g_array_append_val(parts->members, part->members[i]);
    }
    return true;
}

static struct desired *make_whole(
        const struct desired_parts *parts, const struct message_conference_desired *part)
{
    struct desired *whole = g_new0(struct desired, 1);
    g_strlcpy(whole->conference, part->conference, sizeof(whole->conference));
    whole->rev = part->rev;
    whole->ended = part->ended;
    whole->canvas_count = part->canvases_count;
    memcpy(whole->canvases, part->canvases, sizeof(whole->canvases));
    whole->member_count = parts->members->len;
    whole->members = g_memdup2(
            parts->members->data, parts->members->len * sizeof(struct type_conference_member));
    return whole;
}

static bool has_canvas_twice(const struct message_conference_desired *part)
{
    unsigned kinds = 0;
    for (size_t i = 0; i < part->canvases_count; i++) {
        const unsigned kind = 1u << part->canvases[i].kind;
        if (kinds & kind)
            return true;
        kinds |= kind;
    }
    return false;
}

int desired_parts_add(struct desired_parts *parts, const struct message_conference_desired *part,
        struct desired **complete)
{
    if (part->part < 1 || part->of < 1 || part->of > 64 || part->part > part->of ||
            has_canvas_twice(part))
        return -EINVAL;
    if (parts->rev != part->rev || parts->of != part->of ||
            (parts->have & 1ull << (part->part - 1))) {
        start_anew(parts);
        parts->rev = part->rev;
        parts->of = part->of;
    }
    if (!take_members(parts, part)) {
        start_anew(parts);
        return -EINVAL;
    }
    parts->have |= 1ull << (part->part - 1);
    const uint64_t all = part->of == 64 ? UINT64_MAX : (1ull << part->of) - 1;
    if (parts->have != all)
        return 0;
    *complete = make_whole(parts, part);
    start_anew(parts);
    return 1;
}

static unsigned changes_between(
        const struct type_conference_member *old, const struct type_conference_member *member)
{
    if (!old)
        return DESIRED_ADDED;
    unsigned changes = 0;
    if (old->heard != member->heard || old->gain_db != member->gain_db ||
            old->has_pinned != member->has_pinned || old->pinned != member->pinned ||
            old->has_bus != member->has_bus || old->bus != member->bus ||
            old->has_language != member->has_language || old->language != member->language ||
            old->has_thin != member->has_thin || old->thin != member->thin ||
            old->has_gain_auto != member->has_gain_auto || old->gain_auto != member->gain_auto)
        changes |= DESIRED_SOUND;
    if (strcmp(old->line1, member->line1) != 0 || strcmp(old->line2, member->line2) != 0)
        changes |= DESIRED_BANNER;
    if (desired_main(old) != desired_main(member))
        changes |= DESIRED_MAIN;
    if (old->link_kbps != member->link_kbps)
        changes |= DESIRED_LINK;
    return changes;
}

GArray *desired_steps(const struct desired *old, const struct desired *new_state)
{
    GArray *steps = g_array_new(FALSE, FALSE, sizeof(struct desired_step));
    for (size_t i = 0; old && i < old->member_count; i++) {
        if (desired_find(new_state, old->members[i].id))
            continue;
        const struct desired_step step = {
            .changes = DESIRED_REMOVED,
            .member = &old->members[i],
        };
        g_array_append_val(steps, step);
    }
    for (size_t i = 0; i < new_state->member_count; i++) {
        const struct type_conference_member *member = &new_state->members[i];
        const struct desired_step step = {
            .changes = changes_between(desired_find(old, member->id), member),
            .member = member,
        };
        if (step.changes)
            g_array_append_val(steps, step);
    }
    return steps;
}

bool desired_stage_differs(
        const struct desired *old, const struct desired *new_state, enum canvas_kind kind)
{
    const struct type_canvas *was = desired_canvas(old, kind);
    const struct type_canvas *is = desired_canvas(new_state, kind);
    if (!was || !is)
        return was != is;
    if (was->layout != is->layout || was->tiles_count != is->tiles_count)
        return true;
    for (size_t i = 0; i < is->tiles_count; i++) {
        const char *id = is->tiles[i].member;
        if (strcmp(was->tiles[i].member, id) != 0)
            return true;
        const struct type_conference_member *before = desired_find(old, id);
        const struct type_conference_member *now = desired_find(new_state, id);
        if (!before != !now)
            return true;
        if (now && changes_between(before, now) & DESIRED_BANNER)
            return true;
    }
    return false;
}
