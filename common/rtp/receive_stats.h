// SPDX-License-Identifier: Apache-2.0
// Sequence, loss and jitter of one received stream (RFC 3550 A.1, A.3, A.8). In place, pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/rtp/rtcp.h"

struct receive_stats {
    uint32_t ssrc;
    uint32_t clock_rate;
    bool started;
    uint16_t highest;
    uint32_t cycles;
    uint32_t base_seq; // extended
    uint64_t received; // duplicates included, as the RFC counts
    uint64_t bytes;    // of payload
    uint32_t expected_prior, received_prior;
    int64_t last_transit; // in timestamp units
    uint32_t jitter_x16;
    uint32_t last_sr;
    int64_t last_sr_us; // when it came; 0: none
};

void receive_stats_init(struct receive_stats *stats, uint32_t ssrc, uint32_t clock_rate);
void receive_stats_arrived(struct receive_stats *stats, uint16_t seq, uint32_t timestamp,
        size_t payload_size, int64_t now_us);
// Notes the peer's sender report, for LSR and DLSR.
void receive_stats_sender_report(struct receive_stats *stats, uint64_t ntp, int64_t now_us);
// Fills a report block; "since the last report" starts anew.
void receive_stats_report(
        struct receive_stats *stats, int64_t now_us, struct rtcp_report_block *out);
uint32_t receive_stats_lost(const struct receive_stats *stats); // since the start; never negative
uint32_t receive_stats_jitter_us(const struct receive_stats *stats);
