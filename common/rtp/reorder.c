// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/reorder.h"

#include <stdlib.h>
#include <string.h>

#include "common/rtp/nack.h"
#include "common/rtp/packet.h"

#define REQUESTS_MAX     10
#define REORDER_GRACE_MS 5 // most reordering is within this; asking at once would double packets
#define RETRY_MIN_MS     20
#define CAPACITY_MAX     4096

struct slot {
    bool used;
    uint32_t size;
};

struct reorder {
    struct reorder_config config;
    struct nack_list *missing;
    bool started;
    uint16_t next;  // to hand out
    size_t waiting; // packets in slots
    uint64_t given_up;
    struct slot *slots;
    uint8_t *bytes; // packet_max for each slot
};

static size_t power_of_two(size_t wanted)
{
    size_t count = 16;
    while (count < wanted && count < CAPACITY_MAX)
        count *= 2;
    return count;
}

struct reorder *reorder_new(const struct reorder_config *config)
{
    struct reorder *reorder = calloc(1, sizeof(*reorder));
    if (!reorder)
        abort();
    reorder->config = *config;
    reorder->config.capacity = power_of_two(config->capacity);
    struct nack_config nack = {
        .max_requests = REQUESTS_MAX,
        .retry_after_ms = config->retry_after_ms,
        .reorder_grace_ms = REORDER_GRACE_MS,
        .give_up_after_ms = config->wait_max_ms,
    };
    reorder->missing = nack_list_new(&nack);
    reorder->slots = calloc(reorder->config.capacity, sizeof(*reorder->slots));
    reorder->bytes = calloc(reorder->config.capacity, config->packet_max);
    if (!reorder->slots || !reorder->bytes)
        abort();
    return reorder;
}

void reorder_free(struct reorder *reorder)
{
    if (!reorder)
        return;
    nack_list_free(reorder->missing);
    free(reorder->slots);
    free(reorder->bytes);
    free(reorder);
}

void reorder_set_round_trip(struct reorder *reorder, uint32_t round_trip_ms)
{
    uint32_t retry_ms = round_trip_ms + round_trip_ms / 4;
    nack_list_set_retry(reorder->missing, retry_ms < RETRY_MIN_MS ? RETRY_MIN_MS : retry_ms);
}

static size_t index_of(const struct reorder *reorder, uint16_t seq)
{
    return seq & (reorder->config.capacity - 1);
}

static void start_at(struct reorder *reorder, uint16_t seq)
{
    memset(reorder->slots, 0, reorder->config.capacity * sizeof(*reorder->slots));
    reorder->started = true;
    reorder->next = seq;
    reorder->waiting = 0;
}

bool reorder_push(
        struct reorder *reorder, uint16_t seq, const uint8_t *packet, size_t size, int64_t now_ms)
{
    if (size > reorder->config.packet_max)
        return false;
    if (!reorder->started)
        start_at(reorder, seq);
    int ahead = rtp_seq_distance(reorder->next, seq);
    if (ahead < 0)
        return false;
    if ((size_t)ahead >= reorder->config.capacity) { // a leap: what waits is worth nothing any more
        reorder->given_up += (size_t)ahead - reorder->waiting;
        start_at(reorder, seq);
        nack_list_forget_before(reorder->missing, seq);
    }
    struct slot *slot = &reorder->slots[index_of(reorder, seq)];
    if (slot->used)
        return false;
    slot->used = true;
    slot->size = (uint32_t)size;
    memcpy(reorder->bytes + index_of(reorder, seq) * reorder->config.packet_max, packet, size);
    reorder->waiting++;
    if (reorder->config.wait_max_ms > 0)
        nack_list_arrived(reorder->missing, seq, now_ms);
    return true;
}

const uint8_t *reorder_next(struct reorder *reorder, int64_t now_ms, uint16_t *seq, size_t *size)
{
    if (!reorder->started || reorder->waiting == 0)
        return NULL;
    nack_list_due(reorder->missing, now_ms, NULL, 0);
    while (!reorder->slots[index_of(reorder, reorder->next)].used) {
        if (nack_list_is_missing(reorder->missing, reorder->next))
            return NULL;
        reorder->next++;
        reorder->given_up++;
    }
    size_t index = index_of(reorder, reorder->next);
    reorder->slots[index].used = false; // its bytes stay until the next push
    reorder->waiting--;
    *seq = reorder->next++;
    *size = reorder->slots[index].size;
    return reorder->bytes + index * reorder->config.packet_max;
}

size_t reorder_due(struct reorder *reorder, int64_t now_ms, uint16_t *seqs, size_t room)
{
    return nack_list_due(reorder->missing, now_ms, seqs, room);
}

int64_t reorder_deadline_ms(const struct reorder *reorder)
{
    return nack_list_deadline_ms(reorder->missing);
}

uint64_t reorder_given_up(const struct reorder *reorder)
{
    return reorder->given_up;
}
