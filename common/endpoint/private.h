// SPDX-License-Identifier: Apache-2.0
// What the three files of common/endpoint share: endpoint.c (offer, answer, states, time),
// send.c (our lines), receive.c (what comes back). Nobody else includes this.
#pragma once

#include "common/endpoint/endpoint.h"
#include "common/rtp/bandwidth.h"
#include "common/rtp/packet.h"
#include "common/rtp/receive_stats.h"
#include "common/rtp/reorder.h"
#include "common/rtp/rtcp.h"
#include "common/rtp/send_history.h"
#include "common/rtp/transport_cc.h"

#define ENDPOINT_RTCP_MAX 1200 // bytes of a compound

// One line that we send.
struct endpoint_sender {
    bool is_active;
    bool is_known; // a report named our SSRC: the mid extension has done its work
    struct rtp_extension_ids ids;
    char mid[33];
    uint8_t payload_type, red_payload_type, rtx_payload_type;
    uint32_t ssrc, rtx_ssrc;
    uint16_t seq, rtx_seq;
    uint32_t timestamp_offset;
    uint32_t clock_rate;
    uint32_t last_timestamp; // as sent
    int64_t last_us;
    struct send_history *history;
    int64_t resend_until_us; // the budget of retransmissions starts anew then
    int resend_left;
    int64_t last_wanted_us;    // key frame
    uint32_t bytes_in_payload; // for sender reports
    size_t red_size[2];        // the last two frames, newest first
    uint32_t red_timestamp[2];
    uint8_t red_data[2][512];
};

// One line that we receive.
struct endpoint_receiver {
    bool is_active;
    struct rtp_extension_ids ids;
    char mid[33];
    uint8_t payload_type, red_payload_type, rtx_payload_type;
    uint32_t ssrc, rtx_ssrc; // of the MCU; 0: not known yet
    struct receive_stats stats;
    struct reorder *reorder;
    struct h264_unpack *unpack;
    int64_t last_pli_us;
    struct endpoint *endpoint;
    enum sdp_line line;
};

struct endpoint {
    struct endpoint_config config;
    char *cname;
    struct peer *peer;
    struct sdp_session offer;
    enum peer_state state;
    uint32_t feedback_ssrc; // our SSRC in feedback: that of the first line
    struct endpoint_sender senders[SDP_LINE_COUNT];
    struct endpoint_receiver receivers[SDP_LINE_COUNT];
    struct endpoint_stats stats;
    struct audio_jitter *jitter;
    struct transport_cc_log *arrivals; // NULL: not negotiated
    struct bandwidth bandwidth;        // of the way to the MCU
    uint8_t *scratch;                  // the payloads of one access unit
    size_t scratch_size;
    GSource *wake;
    bool is_polled;
    int64_t answered_us;
    bool is_restarting; // an offer is under way in the middle of the session
    int64_t lost_us;    // when path_lost was said last, or a restart answered
    uint64_t unreachable_before;
    unsigned unreachable_checks; // in a row
    int64_t next_check_us;
    int64_t next_report_us, next_arrivals_us;
};

void endpoint_sender_start(struct endpoint *endpoint, enum sdp_line line,
        const struct sdp_media *offered, const struct sdp_media *answered);
void endpoint_sender_stop(struct endpoint_sender *sender);
// A NACK for one of our lines.
void endpoint_resend(struct endpoint *endpoint, struct endpoint_sender *sender,
        const uint16_t *seqs, int count, int64_t now_us);
// The sender part of a report; false while nothing was sent on the line.
bool endpoint_sender_report(const struct endpoint *endpoint, enum sdp_line line, int64_t now_us,
        struct rtcp_report *out);

void endpoint_receiver_start(
        struct endpoint *endpoint, enum sdp_line line, const struct sdp_media *answered);
void endpoint_receiver_stop(struct endpoint_receiver *receiver);
void endpoint_take_rtp(void *user, uint8_t *data, size_t size);
// A peer_raw_rtp_fn: only what the header says.
void endpoint_count_raw_rtp(void *user, uint8_t *data, size_t size, int64_t arrived_us);
void endpoint_take_rtcp(void *user, const uint8_t *data, size_t size);
// Reordering, NACKs and PLIs that are due; returns when to be asked again (monotonic µs, -1:
// never).
int64_t endpoint_receive_due(struct endpoint *endpoint, int64_t now_us);

// On the wire, or on the path that poses one.
int endpoint_send_rtp(struct endpoint *endpoint, const uint8_t *packet, size_t size);

// Begins a compound: a receiver report without blocks.
void endpoint_rtcp_begin(const struct endpoint *endpoint, struct bytes_writer *out,
        uint8_t buffer[ENDPOINT_RTCP_MAX]);
void endpoint_rtcp_send(struct endpoint *endpoint, const struct bytes_writer *out);
