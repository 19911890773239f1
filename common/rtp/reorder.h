// SPDX-License-Identifier: Apache-2.0
// Puts packets of one video stream in order, waits for retransmissions
// of missing ones, says which to ask for, and gives up in time. Copies
// packets into memory that is taken once. Pure: time is passed in.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reorder_config {
    size_t capacity;         // packets; rounded up to a power of two
    size_t packet_max;       // bytes
    uint32_t wait_max_ms;    // for a missing packet (0: never wait; no NACKs)
    uint32_t retry_after_ms; // first guess of the round trip
};

struct reorder;

struct reorder *reorder_new(const struct reorder_config *config);
void reorder_free(struct reorder *reorder);
void reorder_set_round_trip(struct reorder *reorder, uint32_t round_trip_ms);
// Takes a copy. False: old, a duplicate or too large.
bool reorder_push(
        struct reorder *reorder, uint16_t seq, const uint8_t *packet, size_t size, int64_t now_ms);
// The next packet in order, lent until the next call on this object; NULL: none is due yet. After a
// packet was given up the next sequence number steps, which h264_unpack sees as a loss.
const uint8_t *reorder_next(struct reorder *reorder, int64_t now_ms, uint16_t *seq, size_t *size);
// Sequence numbers to ask for now (NACK), at most `room`.
size_t reorder_due(struct reorder *reorder, int64_t now_ms, uint16_t *seqs, size_t room);
// When reorder_next() or reorder_due() should be asked again though nothing arrives; -1: no need.
int64_t reorder_deadline_ms(const struct reorder *reorder);
uint64_t reorder_given_up(const struct reorder *reorder); // packets, since the start
