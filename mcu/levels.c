// SPDX-License-Identifier: Apache-2.0
#include "mcu/levels.h"

#include <string.h>

#include "mcu/engine.h"

// The same level: by name, so that the order does not change from message to message.
static gint loudest_first(gconstpointer a, gconstpointer b)
{
    const struct engine_member *first = a, *second = b;
    if (first->level != second->level)
        return second->level - first->level;
    return strcmp(first->id, second->id);
}

void levels_fill(GArray *rows, struct message_conference_levels *out)
{
    out->levels_count = 0;
    g_array_sort(rows, loudest_first);
    for (guint i = 0; i < rows->len && out->levels_count < G_N_ELEMENTS(out->levels); i++) {
        const struct engine_member *member = &g_array_index(rows, struct engine_member, i);
        if (!member->connected || member->level <= LEVELS_QUIET_DBOV)
            continue;
        struct type_member_level *level = &out->levels[out->levels_count++];
        g_strlcpy(level->member, member->id, sizeof(level->member));
        level->level = member->level;
    }
}
