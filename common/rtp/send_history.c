// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/send_history.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX 32768 // half the circle of sequence numbers

struct slot {
    bool used;
    uint16_t seq;
    uint32_t size;
    int64_t sent_us;
};

struct send_history {
    size_t mask;
    size_t packet_max;
    struct slot *slots;
    uint8_t *bytes; // packet_max for each slot
};

struct send_history *send_history_new(size_t packets, size_t packet_max)
{
    size_t count = 1;
    while (count < packets && count < PACKETS_MAX)
        count *= 2;
    struct send_history *history = calloc(1, sizeof(*history));
    if (!history)
        abort();
    history->mask = count - 1;
    history->packet_max = packet_max;
    history->slots = calloc(count, sizeof(*history->slots));
    history->bytes = calloc(count, packet_max);
    if (!history->slots || !history->bytes)
        abort();
    return history;
}

void send_history_free(struct send_history *history)
{
    if (!history)
        return;
    free(history->slots);
    free(history->bytes);
    free(history);
}

void send_history_put(struct send_history *history, uint16_t seq, const uint8_t *data, size_t size,
        int64_t now_us)
{
    size_t index = seq & history->mask;
    struct slot *slot = &history->slots[index];
    slot->used = size <= history->packet_max;
    if (!slot->used)
        return;
    slot->seq = seq;
    slot->size = (uint32_t)size;
    slot->sent_us = now_us;
    memcpy(history->bytes + index * history->packet_max, data, size);
}

void send_history_find(
        const struct send_history *history, uint16_t seq, struct send_history_packet *out)
{
    size_t index = seq & history->mask;
    const struct slot *slot = &history->slots[index];
    *out = (struct send_history_packet){ 0 };
    if (!slot->used || slot->seq != seq)
        return;
    out->data = history->bytes + index * history->packet_max;
    out->size = slot->size;
    out->sent_us = slot->sent_us;
}
