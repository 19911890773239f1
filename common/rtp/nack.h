// SPDX-License-Identifier: Apache-2.0
// Which packets of one stream are missing, and when to ask for them again.
// Pure: no socket, no clock; memory is taken once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NACK_MISSING_MAX 256

struct nack_config {
    uint32_t max_requests;     // then the packet counts as lost
    uint32_t retry_after_ms;   // at least one round trip
    uint32_t reorder_grace_ms; // wait this long before the first request
    uint32_t give_up_after_ms; // from when the gap was seen; 0: only max_requests counts
};

struct nack_list;

struct nack_list *nack_list_new(const struct nack_config *config);
void nack_list_free(struct nack_list *list);
void nack_list_set_retry(struct nack_list *list, uint32_t retry_after_ms);

// Notes an arrival. True if it filled a gap.
bool nack_list_arrived(struct nack_list *list, uint16_t seq, int64_t now_ms);
// Writes the sequence numbers due for a request, at most `room`; returns how many. Gives up what is
// due for that, also when `room` is 0.
size_t nack_list_due(struct nack_list *list, int64_t now_ms, uint16_t *seqs, size_t room);
// When due() has something to do again though nothing arrives; -1: nothing is missing.
int64_t nack_list_deadline_ms(const struct nack_list *list);
// Forgets all gaps before `seq`: they are no longer wanted (a key frame came, the buffer moved on).
void nack_list_forget_before(struct nack_list *list, uint16_t seq);
// Is this packet still being waited for?
bool nack_list_is_missing(const struct nack_list *list, uint16_t seq);
size_t nack_list_missing_count(const struct nack_list *list);
