// SPDX-License-Identifier: Apache-2.0
// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01):
// the receiver's arrival log and its message, and the sender's reader. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/rtp/rtcp.h"

#define TRANSPORT_CC_LOG_SIZE 1024 // packets between two messages; older ones are forgotten

// In place; fields are private to transport_cc.c.
struct transport_cc_log {
    bool started;
    uint8_t message_count;
    int64_t next_seq;                          // first that the next message tells of, unwrapped
    int64_t highest_seq;                       // unwrapped
    int64_t origin_us;                         // so that reference times are small and positive
    int64_t arrival_us[TRANSPORT_CC_LOG_SIZE]; // by seq; -1: not arrived
};

void transport_cc_log_init(struct transport_cc_log *log);
void transport_cc_log_arrived(struct transport_cc_log *log, uint16_t transport_seq, int64_t now_us);
// Writes one message about what arrived since the last; false: nothing did, nothing is written.
bool transport_cc_write(struct transport_cc_log *log, struct bytes_writer *out,
        uint32_t sender_ssrc, uint32_t media_ssrc);

struct transport_cc_result {
    uint16_t seq;
    bool received;
    int64_t arrival_us; // on the receiver's clock; only differences mean something
};

// Returns how many packets the message tells of (at most `room` are written) or -EBADMSG.
int transport_cc_read(const struct rtcp_packet *packet, struct transport_cc_result *results,
        size_t room) MUST_CHECK;
