// SPDX-License-Identifier: Apache-2.0
#include "signaling/counts.h"

#include <string.h>

// The unit right under `top` in which `code` is, `top` itself for its own; NULL: not within.
static const char *row_of(const struct unit_tree *units, const char *code, const char *top)
{
    const struct unit *unit = unit_tree_find(units, code);
    while (unit && strcmp(unit->code, top) != 0 && strcmp(unit->parent, top) != 0)
        unit = unit->parent[0] ? unit_tree_find(units, unit->parent) : NULL;
    return unit ? unit->code : NULL;
}

static const char *root_of(const struct unit_tree *units)
{
    for (size_t i = 0; i < unit_tree_count(units); i++) {
        if (!unit_tree_at(units, i)->parent[0])
            return unit_tree_at(units, i)->code;
    }
    return "";
}

static struct type_unit_count *count_for(struct message_meeting_counts *out, const char *unit)
{
    for (size_t i = 0; i < out->units_count; i++) {
        if (strcmp(out->units[i].unit, unit) == 0)
            return &out->units[i];
    }
    if (out->units_count == COUNT_OF(out->units))
        return NULL;
    struct type_unit_count *count = &out->units[out->units_count++];
    g_strlcpy(count->unit, unit, sizeof(count->unit));
    return count;
}

void counts_make(const struct meeting *meeting, const struct unit_tree *units, const char *subtree,
        counts_observe_fn *observe, void *context, struct message_meeting_counts *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->meeting, meeting->id, sizeof(out->meeting));
    if (!units)
        return;
    const char *top = subtree[0] ? subtree : root_of(units);
    for (guint i = 0; i < meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        const char *unit =
                member->kind == MEMBER_KIND_ROOM ? row_of(units, member->unit, top) : NULL;
        struct type_unit_count *count = unit ? count_for(out, unit) : NULL;
        if (!count)
            continue;
        bool present = false;
        bool connected = false;
        observe(context, member->id, &present, &connected);
        count->total++;
        count->present += present;
        count->connected += connected;
        count->queued += meeting_queue_position(meeting, member->id) > 0;
    }
}
