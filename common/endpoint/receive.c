// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/endpoint/private.h"
#include "common/rtp/feedback.h"
#include "common/rtp/red.h"
#include "common/rtp/rtx.h"

#define UNIT_MAX            (512 * 1024)
#define REORDER_PACKETS     512
#define RETRY_LEAST_MS      5
#define REORDER_WAIT_MS     400 // then a PLI is better than the delay
#define ROUND_TRIP_GUESS_MS 50
#define PLI_EVERY_US        500000
#define KEY_FRAME_EVERY_US  250000
#define ARRIVALS_MAX        1024
#define NACKS_MAX           64
#define PADDING_BIT         0x20

static void take_unit(void *user, const struct h264_access_unit *unit)
{
    struct endpoint_receiver *receiver = user;
    struct endpoint *endpoint = receiver->endpoint;
    endpoint->stats.lines[receiver->line].units_in++;
    endpoint->stats.lines[receiver->line].key_frames_in += unit->is_key_frame;
    if (endpoint->config.events.access_unit)
        endpoint->config.events.access_unit(endpoint->config.user, receiver->line, unit);
}

void endpoint_receiver_start(
        struct endpoint *endpoint, enum sdp_line line, const struct sdp_media *answered)
{
    struct endpoint_receiver *receiver = &endpoint->receivers[line];
    const bool is_sent = answered->present && !answered->rejected && answered->sends;
    if (!is_sent || answered->codec != (line == SDP_AUDIO ? SDP_OPUS : SDP_H264))
        return;
    receiver->is_active = true;
    receiver->endpoint = endpoint;
    receiver->line = line;
    receiver->ids = (struct rtp_extension_ids){
        .audio_level = answered->ext_audio_level,
        .transport_seq = answered->ext_transport_cc,
        .mid = answered->ext_mid,
    };
    g_strlcpy(receiver->mid, answered->mid, sizeof(receiver->mid));
    receiver->payload_type = answered->payload_type;
    receiver->red_payload_type = answered->red_payload_type;
    receiver->rtx_payload_type = answered->rtx_payload_type;
    receiver->ssrc = answered->ssrc;
    receiver->rtx_ssrc = answered->rtx_ssrc;
    if (answered->transport_cc && answered->ext_transport_cc && !endpoint->arrivals) {
        endpoint->arrivals = g_new0(struct transport_cc_log, 1);
        transport_cc_log_init(endpoint->arrivals);
    }
    if (endpoint->config.is_counting_only)
        return;
    if (line == SDP_AUDIO) {
        const struct audio_jitter_config config = { 0 };
        endpoint->jitter = audio_jitter_new(&config);
        return;
    }
    const struct reorder_config config = {
        .capacity = REORDER_PACKETS,
        .packet_max = PEER_PACKET_MAX,
        .wait_max_ms = answered->nack ? REORDER_WAIT_MS : 0,
        .retry_after_ms = ROUND_TRIP_GUESS_MS,
    };
    receiver->reorder = reorder_new(&config);
    receiver->unpack = h264_unpack_new(UNIT_MAX, take_unit, receiver);
}

void endpoint_receiver_stop(struct endpoint_receiver *receiver)
{
    reorder_free(receiver->reorder);
    h264_unpack_free(receiver->unpack);
    *receiver = (struct endpoint_receiver){ 0 };
}

void endpoint_count_only(struct endpoint *endpoint)
{
    endpoint->config.is_counting_only = true;
    g_clear_pointer(&endpoint->jitter, audio_jitter_free);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        g_clear_pointer(&endpoint->receivers[line].reorder, reorder_free);
        g_clear_pointer(&endpoint->receivers[line].unpack, h264_unpack_free);
    }
}

// By SSRC; else by mid (RFC 9143 §9.2); else by payload type, when one line alone uses it.
static struct endpoint_receiver *receiver_of(
        struct endpoint *endpoint, const struct rtp_packet *packet)
{
    struct endpoint_receiver *by_mid = NULL, *by_type = NULL;
    int types = 0;
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct endpoint_receiver *receiver = &endpoint->receivers[line];
        char mid[33];
        if (!receiver->is_active)
            continue;
        if (packet->ssrc == receiver->ssrc || packet->ssrc == receiver->rtx_ssrc)
            return receiver;
        if (rtp_packet_mid(packet, receiver->ids.mid, mid, sizeof(mid)) &&
                strcmp(mid, receiver->mid) == 0)
            by_mid = receiver;
        if (packet->payload_type == receiver->payload_type) {
            by_type = receiver;
            types++;
        }
    }
    struct endpoint_receiver *found = by_mid ? by_mid : types == 1 ? by_type : NULL;
    if (found && packet->payload_type == found->rtx_payload_type)
        found->rtx_ssrc = packet->ssrc;
    else if (found)
        found->ssrc = packet->ssrc;
    return found;
}

static void take_red(
        struct endpoint *endpoint, const struct rtp_packet *packet, uint8_t level, int64_t now_us)
{
    struct red_block blocks[RED_BLOCKS_MAX];
    const int count = red_read(packet->payload, packet->payload_size, blocks);
    if (count <= 0) {
        endpoint->stats.malformed_in++;
        return;
    }
    for (int i = 0; i < count; i++) {
        const int back = count - 1 - i;
        audio_jitter_push(endpoint->jitter, (uint16_t)(packet->seq - back),
                packet->timestamp - blocks[i].timestamp_offset, blocks[i].data, blocks[i].size,
                level, back > 0, now_us);
    }
}

static void take_audio(struct endpoint *endpoint, const struct endpoint_receiver *receiver,
        const struct rtp_packet *packet, int64_t now_us)
{
    uint8_t level = 127;
    if (!endpoint->jitter)
        return;
    rtp_packet_audio_level(packet, receiver->ids.audio_level, &level, NULL);
    if (receiver->red_payload_type && packet->payload_type == receiver->red_payload_type)
        take_red(endpoint, packet, level, now_us);
    else if (packet->payload_type == receiver->payload_type)
        audio_jitter_push(endpoint->jitter, packet->seq, packet->timestamp, packet->payload,
                packet->payload_size, level, false, now_us);
}

static void ask_for_key_frame(
        struct endpoint *endpoint, struct endpoint_receiver *receiver, int64_t now_us)
{
    const bool is_first = receiver->last_pli_us == 0;
    if (receiver->ssrc == 0 || (!is_first && now_us - receiver->last_pli_us < PLI_EVERY_US))
        return;
    uint8_t buffer[ENDPOINT_RTCP_MAX];
    struct bytes_writer out;
    receiver->last_pli_us = now_us;
    endpoint->stats.lines[receiver->line].plis_out++;
    endpoint_rtcp_begin(endpoint, &out, buffer);
    feedback_write_pli(&out, endpoint->feedback_ssrc, receiver->ssrc);
    endpoint_rtcp_send(endpoint, &out);
}

static void ask_for_missing(
        struct endpoint *endpoint, struct endpoint_receiver *receiver, int64_t now_us)
{
    uint16_t seqs[NACKS_MAX];
    const size_t count = reorder_due(receiver->reorder, now_us / 1000, seqs, NACKS_MAX);
    if (count == 0 || receiver->ssrc == 0)
        return;
    uint8_t buffer[ENDPOINT_RTCP_MAX];
    struct bytes_writer out;
    endpoint->stats.lines[receiver->line].nacks_out += count;
    endpoint_rtcp_begin(endpoint, &out, buffer);
    feedback_write_nack(&out, endpoint->feedback_ssrc, receiver->ssrc, seqs, count);
    endpoint_rtcp_send(endpoint, &out);
}

static void drain(struct endpoint *endpoint, struct endpoint_receiver *receiver, int64_t now_us)
{
    const uint8_t *data;
    uint16_t seq;
    size_t size;
    while ((data = reorder_next(receiver->reorder, now_us / 1000, &seq, &size)) != NULL) {
        struct rtp_packet packet;
        if (rtp_packet_read(data, size, &packet) < 0)
            continue; // it was read before it was stored
        h264_unpack_push(receiver->unpack, packet.seq, packet.timestamp, packet.marker,
                packet.payload, packet.payload_size);
    }
    ask_for_missing(endpoint, receiver, now_us);
    if (receiver->stats.started && h264_unpack_needs_key_frame(receiver->unpack))
        ask_for_key_frame(endpoint, receiver, now_us);
}

int64_t endpoint_receive_due(struct endpoint *endpoint, int64_t now_us)
{
    int64_t next_us = -1;
    for (int line = SDP_MAIN; line < SDP_LINE_COUNT; line++) {
        struct endpoint_receiver *receiver = &endpoint->receivers[line];
        if (!receiver->reorder)
            continue;
        drain(endpoint, receiver, now_us);
        const int64_t deadline_ms = reorder_deadline_ms(receiver->reorder);
        if (deadline_ms >= 0 && (next_us < 0 || deadline_ms * 1000 < next_us))
            next_us = deadline_ms * 1000;
    }
    return next_us;
}

static void take_video(struct endpoint *endpoint, struct endpoint_receiver *receiver,
        const struct rtp_packet *packet, const uint8_t *data, size_t size, int64_t now_us)
{
    if (!receiver->reorder)
        return;
    reorder_push(receiver->reorder, packet->seq, data, size, now_us / 1000);
    drain(endpoint, receiver, now_us);
    const int64_t deadline_ms = reorder_deadline_ms(receiver->reorder);
    if (deadline_ms >= 0 && deadline_ms * 1000 < g_source_get_ready_time(endpoint->wake))
        g_source_set_ready_time(endpoint->wake, deadline_ms * 1000);
}

static void count_arrival(struct endpoint *endpoint, struct endpoint_receiver *receiver,
        const struct rtp_packet *packet, size_t size, int64_t now_us)
{
    if (!receiver->stats.started || receiver->stats.ssrc != packet->ssrc)
        receive_stats_init(
                &receiver->stats, packet->ssrc, receiver->line == SDP_AUDIO ? 48000 : 90000);
    receive_stats_arrived(
            &receiver->stats, packet->seq, packet->timestamp, packet->payload_size, now_us);
    endpoint->stats.lines[receiver->line].packets_in++;
    endpoint->stats.lines[receiver->line].bytes_in += size;
}

void endpoint_take_rtp(void *user, uint8_t *data, size_t size)
{
    struct endpoint *endpoint = user;
    const int64_t now_us = g_get_monotonic_time();
    struct rtp_packet packet;
    struct endpoint_receiver *receiver = NULL;
    if (rtp_packet_read(data, size, &packet) == 0)
        receiver = receiver_of(endpoint, &packet);
    if (!receiver) {
        endpoint->stats.malformed_in++;
        return;
    }
    uint16_t transport_seq;
    if (endpoint->arrivals &&
            rtp_packet_transport_seq(&packet, receiver->ids.transport_seq, &transport_seq))
        transport_cc_log_arrived(endpoint->arrivals, transport_seq, now_us);

    if (receiver->rtx_payload_type && packet.payload_type == receiver->rtx_payload_type) {
        const int restored = rtx_restore(data, size, receiver->ssrc, receiver->payload_type);
        if (restored < 0 || rtp_packet_read(data, (size_t)restored, &packet) < 0)
            return; // padding, or malformed
        size = (size_t)restored;
        endpoint->stats.lines[receiver->line].rtx_in++;
    } else {
        count_arrival(endpoint, receiver, &packet, size, now_us);
    }
    if (receiver->line == SDP_AUDIO)
        take_audio(endpoint, receiver, &packet, now_us);
    else
        take_video(endpoint, receiver, &packet, data, size, now_us);
}

void endpoint_count_raw_rtp(void *user, uint8_t *data, size_t size, int64_t arrived_us)
{
    struct endpoint *endpoint = user;
    struct rtp_packet packet;
    struct endpoint_receiver *receiver = NULL;
    data[0] &= (uint8_t)~PADDING_BIT; // how much of it there is, is encrypted
    if (rtp_packet_read(data, size, &packet) == 0)
        receiver = receiver_of(endpoint, &packet);
    if (!receiver) {
        endpoint->stats.malformed_in++;
        return;
    }
    uint16_t transport_seq;
    if (endpoint->arrivals &&
            rtp_packet_transport_seq(&packet, receiver->ids.transport_seq, &transport_seq))
        transport_cc_log_arrived(endpoint->arrivals, transport_seq, arrived_us);
    struct endpoint_line_stats *line = &endpoint->stats.lines[receiver->line];
    if (receiver->rtx_payload_type && packet.payload_type == receiver->rtx_payload_type) {
        line->rtx_in++;
        return;
    }
    count_arrival(endpoint, receiver, &packet, size, arrived_us);
    line->units_in += packet.marker; // nobody can say whether it came whole
}

static struct endpoint_sender *sender_of(struct endpoint *endpoint, uint32_t ssrc)
{
    for (int line = 0; line < SDP_LINE_COUNT; line++)
        if (endpoint->senders[line].is_active && endpoint->senders[line].ssrc == ssrc)
            return &endpoint->senders[line];
    return NULL;
}

static void want_key_frame(struct endpoint *endpoint, uint32_t ssrc, int64_t now_us)
{
    struct endpoint_sender *sender = sender_of(endpoint, ssrc);
    if (!sender)
        return;
    const enum sdp_line line = (enum sdp_line)(sender - endpoint->senders);
    endpoint->stats.lines[line].plis_in++;
    if (sender->last_wanted_us && now_us - sender->last_wanted_us < KEY_FRAME_EVERY_US)
        return;
    sender->last_wanted_us = now_us;
    if (endpoint->config.events.key_frame_wanted)
        endpoint->config.events.key_frame_wanted(endpoint->config.user, line);
}

static int take_report(struct endpoint *endpoint, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_report report;
    const int rc = rtcp_read_report(packet, &report);
    if (rc < 0)
        return rc;
    for (int line = 0; report.is_sender && line < SDP_LINE_COUNT; line++) {
        struct endpoint_receiver *receiver = &endpoint->receivers[line];
        if (receiver->stats.started && receiver->stats.ssrc == report.ssrc)
            receive_stats_sender_report(&receiver->stats, report.ntp, now_us);
    }
    for (size_t i = 0; i < report.block_count; i++) {
        struct endpoint_sender *sender = sender_of(endpoint, report.blocks[i].ssrc);
        if (!sender)
            continue;
        sender->is_known = true;
        if (sender == &endpoint->senders[SDP_AUDIO])
            endpoint->stats.loss_out_percent =
                    (3 * endpoint->stats.loss_out_percent +
                            report.blocks[i].fraction_lost * 100.0 / 256) /
                    4;
        const int64_t round_trip_us =
                rtcp_round_trip_us(&report.blocks[i], rtcp_ntp(g_get_real_time()));
        if (round_trip_us < 0)
            continue;
        // Smoothed as in RFC 6298: one late report is not the path.
        const int64_t before_us = endpoint->stats.round_trip_us;
        endpoint->stats.round_trip_us =
                before_us ? (7 * before_us + round_trip_us) / 8 : round_trip_us;
        // Asked for twice a round trip: a request may be lost as well.
        const int64_t retry_ms = endpoint->stats.round_trip_us / 2000 + RETRY_LEAST_MS;
        for (int line = SDP_MAIN; line < SDP_LINE_COUNT; line++)
            if (endpoint->receivers[line].reorder)
                reorder_set_round_trip(endpoint->receivers[line].reorder,
                        (uint32_t)MIN(retry_ms, REORDER_WAIT_MS));
    }
    return 0;
}

static int take_arrivals(
        struct endpoint *endpoint, const struct rtcp_packet *packet, int64_t now_us)
{
    struct transport_cc_result results[ARRIVALS_MAX];
    const int count = transport_cc_read(packet, results, ARRIVALS_MAX);
    if (count > 0)
        bandwidth_feedback(&endpoint->bandwidth, results, (size_t)MIN(count, ARRIVALS_MAX), now_us);
    return count;
}

static int take_feedback(
        struct endpoint *endpoint, const struct rtcp_packet *packet, int64_t now_us)
{
    uint32_t ssrc = 0;
    uint16_t seqs[NACKS_MAX];
    uint8_t command_seq;
    uint64_t bps = 0;
    int rc = 0;
    switch (feedback_kind(packet)) {
    case FEEDBACK_NACK:
        rc = feedback_read_nack(packet, &ssrc, seqs, NACKS_MAX);
        struct endpoint_sender *sender = rc > 0 ? sender_of(endpoint, ssrc) : NULL;
        if (!sender)
            break;
        const int count = MIN(rc, NACKS_MAX);
        endpoint->stats.lines[sender - endpoint->senders].nacks_in += (uint64_t)count;
        endpoint_resend(endpoint, sender, seqs, count, now_us);
        break;
    case FEEDBACK_PLI:
        rc = feedback_read_pli(packet, &ssrc);
        if (rc >= 0)
            want_key_frame(endpoint, ssrc, now_us);
        break;
    case FEEDBACK_FIR:
        rc = feedback_read_fir(packet, &ssrc, &command_seq);
        if (rc >= 0)
            want_key_frame(endpoint, ssrc, now_us);
        break;
    case FEEDBACK_REMB:
        rc = feedback_read_remb(packet, &bps);
        if (rc >= 0)
            bandwidth_remb(&endpoint->bandwidth, bps, now_us);
        break;
    case FEEDBACK_TRANSPORT_CC:
        rc = take_arrivals(endpoint, packet, now_us);
        break;
    case FEEDBACK_NONE:
        break;
    }
    return rc;
}

void endpoint_take_rtcp(void *user, const uint8_t *data, size_t size)
{
    struct endpoint *endpoint = user;
    const int64_t now_us = g_get_monotonic_time();
    struct rtcp_packet packet;
    size_t at = 0;
    int rc;
    while ((rc = rtcp_next(data, size, &at, &packet)) > 0) {
        if (packet.type == RTCP_SENDER_REPORT || packet.type == RTCP_RECEIVER_REPORT)
            rc = take_report(endpoint, &packet, now_us);
        else
            rc = take_feedback(endpoint, &packet, now_us);
        if (rc < 0)
            break;
    }
    if (rc < 0)
        endpoint->stats.malformed_in++;
}

void endpoint_need_key_frame(struct endpoint *endpoint, enum sdp_line line)
{
    struct endpoint_receiver *receiver = &endpoint->receivers[line];
    if (receiver->unpack)
        h264_unpack_reset(receiver->unpack);
    ask_for_key_frame(endpoint, receiver, g_get_monotonic_time());
}
