// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/nack.h"

#include <stdlib.h>
#include <string.h>

#include "common/rtp/packet.h"

struct missing {
    uint16_t seq;
    uint32_t requests;
    int64_t seen_ms;
    int64_t next_ms; // of the next request, or of giving up when there was the last
};

struct nack_list {
    struct nack_config config;
    bool started;
    uint16_t highest;
    size_t count;
    struct missing missing[NACK_MISSING_MAX]; // ascending
};

struct nack_list *nack_list_new(const struct nack_config *config)
{
    struct nack_list *list = calloc(1, sizeof(*list));
    if (!list)
        abort();
    list->config = *config;
    return list;
}

void nack_list_free(struct nack_list *list)
{
    free(list);
}

void nack_list_set_retry(struct nack_list *list, uint32_t retry_after_ms)
{
    list->config.retry_after_ms = retry_after_ms;
}

static void remove_at(struct nack_list *list, size_t index)
{
    list->count--;
    memmove(&list->missing[index], &list->missing[index + 1],
            (list->count - index) * sizeof(list->missing[0]));
}

static void drop_first(struct nack_list *list, size_t count)
{
    list->count -= count;
    memmove(list->missing, list->missing + count, list->count * sizeof(list->missing[0]));
}

static void add_gap(struct nack_list *list, uint16_t first, size_t size, int64_t now_ms)
{
    if (size > NACK_MISSING_MAX) { // not a loss but a leap: asking for all would make things worse
        list->count = 0;
        return;
    }
    if (list->count + size > NACK_MISSING_MAX)
        drop_first(list, list->count + size - NACK_MISSING_MAX);
    for (size_t i = 0; i < size; i++) {
        list->missing[list->count++] = (struct missing){
            .seq = (uint16_t)(first + i),
            .seen_ms = now_ms,
            .next_ms = now_ms + list->config.reorder_grace_ms,
        };
    }
}

static size_t find(const struct nack_list *list, uint16_t seq)
{
    size_t i = 0;
    while (i < list->count && list->missing[i].seq != seq)
        i++;
    return i;
}

bool nack_list_arrived(struct nack_list *list, uint16_t seq, int64_t now_ms)
{
    if (!list->started) {
        list->started = true;
        list->highest = seq;
        return false;
    }
    int distance = rtp_seq_distance(list->highest, seq);
    if (distance > 0) {
        add_gap(list, (uint16_t)(list->highest + 1), (size_t)distance - 1, now_ms);
        list->highest = seq;
        return false;
    }
    size_t index = find(list, seq);
    if (index == list->count)
        return false;
    remove_at(list, index);
    return true;
}

static bool is_given_up(const struct nack_list *list, const struct missing *missing, int64_t now_ms)
{
    const struct nack_config *config = &list->config;
    if (config->give_up_after_ms > 0 && now_ms - missing->seen_ms >= config->give_up_after_ms)
        return true;
    return missing->requests >= config->max_requests && now_ms >= missing->next_ms;
}

size_t nack_list_due(struct nack_list *list, int64_t now_ms, uint16_t *seqs, size_t room)
{
    size_t due = 0;
    for (size_t i = 0; i < list->count;) {
        struct missing *missing = &list->missing[i];
        if (is_given_up(list, missing, now_ms)) {
            remove_at(list, i);
            continue;
        }
        if (now_ms >= missing->next_ms && due < room) {
            seqs[due++] = missing->seq;
            missing->requests++;
            missing->next_ms = now_ms + list->config.retry_after_ms;
        }
        i++;
    }
    return due;
}

int64_t nack_list_deadline_ms(const struct nack_list *list)
{
    int64_t deadline_ms = -1;
    for (size_t i = 0; i < list->count; i++) {
        const struct missing *missing = &list->missing[i];
        int64_t at_ms = missing->next_ms;
        if (list->config.give_up_after_ms > 0 &&
                missing->seen_ms + list->config.give_up_after_ms < at_ms)
            at_ms = missing->seen_ms + list->config.give_up_after_ms;
        if (deadline_ms < 0 || at_ms < deadline_ms)
            deadline_ms = at_ms;
    }
    return deadline_ms;
}

void nack_list_forget_before(struct nack_list *list, uint16_t seq)
{
    size_t old = 0;
    while (old < list->count && rtp_seq_distance(list->missing[old].seq, seq) > 0)
        old++;
    drop_first(list, old);
}

bool nack_list_is_missing(const struct nack_list *list, uint16_t seq)
{
    return find(list, seq) < list->count;
}

size_t nack_list_missing_count(const struct nack_list *list)
{
    return list->count;
}
