// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/ranking.h"

#define FALL_DB_A_FRAME  0.5f // 25 dB a second
#define AUDIBLE_DB       -70.0f
#define CLEARLY_LOUDER   3.0f
#define KEEP_AT_LEAST_MS 300

void ranking_entry_init(struct ranking_entry *entry)
{
    *entry = (struct ranking_entry){ .level = -127, .smooth = -127 };
}

static void smooth(struct ranking_entry *entry)
{
    float fallen = entry->smooth - FALL_DB_A_FRAME;
    float level = entry->candidate ? (float)entry->level : -127.0f;
    entry->smooth = level > fallen ? level : fallen;
}

static bool is_worth_mixing(const struct ranking_entry *entry)
{
    return entry->candidate && (entry->pinned || entry->smooth >= AUDIBLE_DB);
}

static struct ranking_entry *loudest_waiting(struct ranking_entry **entries, size_t count)
{
    struct ranking_entry *best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct ranking_entry *entry = entries[i];
        if (entry->chosen || !is_worth_mixing(entry))
            continue;
        if (!best || (entry->pinned && !best->pinned) ||
                (entry->pinned == best->pinned && entry->smooth > best->smooth))
            best = entry;
    }
    return best;
}

static struct ranking_entry *quietest_chosen(
        struct ranking_entry **entries, size_t count, bool for_pinned, int64_t now_ms)
{
    struct ranking_entry *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        struct ranking_entry *entry = entries[i];
        if (!entry->chosen || entry->pinned)
            continue;
        if (!for_pinned && now_ms - entry->chosen_at_ms < KEEP_AT_LEAST_MS)
            continue;
        if (!worst || entry->smooth < worst->smooth)
            worst = entry;
    }
    return worst;
}

static void choose(struct ranking_entry *entry, int64_t now_ms)
{
    entry->chosen = true;
    entry->chosen_at_ms = now_ms;
}

void ranking_choose(struct ranking_entry **entries, size_t count, size_t most, int64_t now_ms)
{
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) {
        smooth(entries[i]);
        entries[i]->chosen = entries[i]->chosen && is_worth_mixing(entries[i]);
        chosen += entries[i]->chosen;
    }

    struct ranking_entry *next;
    while ((next = loudest_waiting(entries, count)) != NULL) {
        if (chosen < most) {
            choose(next, now_ms);
            chosen++;
            continue;
        }
        struct ranking_entry *out = quietest_chosen(entries, count, next->pinned, now_ms);
        if (!out || (!next->pinned && next->smooth < out->smooth + CLEARLY_LOUDER))
            return;
        out->chosen = false;
        choose(next, now_ms);
    }
}
