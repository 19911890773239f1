// SPDX-License-Identifier: Apache-2.0
// RTCP feedback: NACK and PLI (RFC 4585), FIR (RFC 5104), REMB (draft-alvestrand-rmcat-remb-03).
// Transport-wide feedback is in transport_cc.h. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/rtp/rtcp.h"

enum feedback_kind {
    FEEDBACK_NONE, // not a feedback message that we know
    FEEDBACK_NACK,
    FEEDBACK_PLI,
    FEEDBACK_FIR,
    FEEDBACK_REMB,
    FEEDBACK_TRANSPORT_CC,
};

// Looks only at type and format.
enum feedback_kind feedback_kind(const struct rtcp_packet *packet);

// Sequence numbers in the order given; neighbours share an item when they ascend.
void feedback_write_nack(struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc,
        const uint16_t *seqs, size_t count);
// Returns how many sequence numbers are asked for (at most `room` are written) or -EBADMSG.
int feedback_read_nack(const struct rtcp_packet *packet, uint32_t *media_ssrc, uint16_t *seqs,
        size_t room) MUST_CHECK;

void feedback_write_pli(struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc);
int feedback_read_pli(const struct rtcp_packet *packet, uint32_t *media_ssrc) MUST_CHECK;

void feedback_write_fir(
        struct bytes_writer *out, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t command_seq);
// The first entry; further ones are ignored (they are for other streams).
int feedback_read_fir(
        const struct rtcp_packet *packet, uint32_t *media_ssrc, uint8_t *command_seq) MUST_CHECK;

void feedback_write_remb(struct bytes_writer *out, uint32_t sender_ssrc, uint64_t bps,
        const uint32_t *ssrcs, size_t count);
int feedback_read_remb(const struct rtcp_packet *packet, uint64_t *bps) MUST_CHECK;
