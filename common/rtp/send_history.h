// SPDX-License-Identifier: Apache-2.0
// The last packets of one source in plaintext, found by the source's sequence number: answers NACKs
// of all its receivers. Memory is taken once. Owned by one thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct send_history;

struct send_history_packet {
    const uint8_t *data; // lent until the next put
    size_t size;
    int64_t sent_us;
};

// `packets` is rounded up to a power of two (at most 32768);
// larger packets than `packet_max` are not kept.
struct send_history *send_history_new(size_t packets, size_t packet_max);
void send_history_free(struct send_history *history);
void send_history_put(struct send_history *history, uint16_t seq, const uint8_t *data, size_t size,
        int64_t now_us);
// NULL data in *out when it is not (or no longer) there.
void send_history_find(
        const struct send_history *history, uint16_t seq, struct send_history_packet *out);
