// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "common/endpoint/private.h"
#include "common/rtp/h264_pack.h"
#include "common/rtp/red.h"
#include "common/rtp/rtx.h"

#define PAYLOAD_MAX      1100 // with header, extensions, SRTP and UDP under 1 232 bytes
#define PAYLOADS_MAX     1024
#define BURST_MAX        32
#define BEYOND           86 // bytes of a packet on the wire beside its payload
#define HISTORY_PACKETS  512
#define RESEND_WINDOW_US 100000
#define RESENDS_A_WINDOW 100
#define RED_FRAMES       2
#define VIDEO_CLOCK_RATE 90000
#define AUDIO_CLOCK_RATE 48000

void endpoint_sender_start(struct endpoint *endpoint, enum sdp_line line,
        const struct sdp_media *offered, const struct sdp_media *answered)
{
    struct endpoint_sender *sender = &endpoint->senders[line];
    const bool is_taken = answered->present && !answered->rejected && answered->receives;
    if (!is_taken || answered->codec != (line == SDP_AUDIO ? SDP_OPUS : SDP_H264))
        return;
    sender->is_active = true;
    sender->ids = (struct rtp_extension_ids){
        .audio_level = answered->ext_audio_level,
        .transport_seq = answered->ext_transport_cc,
        .mid = answered->ext_mid,
        .abs_send_time = answered->ext_abs_send_time,
    };
    g_strlcpy(sender->mid, offered->mid, sizeof(sender->mid));
    sender->payload_type = answered->payload_type;
    sender->red_payload_type = endpoint->config.send_red ? answered->red_payload_type : 0;
    sender->rtx_payload_type = answered->rtx_payload_type;
    sender->ssrc = offered->ssrc;
    sender->rtx_ssrc = offered->rtx_ssrc;
    // Below 2^15, so that the first losses can not confuse SRTP's roll-over counter.
    sender->seq = (uint16_t)g_random_int_range(0, 1 << 15);
    sender->rtx_seq = (uint16_t)g_random_int_range(0, 1 << 15);
    sender->timestamp_offset = g_random_int();
    sender->clock_rate = line == SDP_AUDIO ? AUDIO_CLOCK_RATE : VIDEO_CLOCK_RATE;
    if (line != SDP_AUDIO && sender->rtx_payload_type)
        sender->history = send_history_new(HISTORY_PACKETS, PEER_PACKET_MAX);
}

void endpoint_sender_stop(struct endpoint_sender *sender)
{
    send_history_free(sender->history);
    *sender = (struct endpoint_sender){ 0 };
}

// With all its headers, roughly: those of the packet and those around it.
static uint16_t next_transport_seq(struct endpoint *endpoint, const struct endpoint_sender *sender,
        size_t size, int64_t now_us)
{
    return sender->ids.transport_seq ? bandwidth_sent(&endpoint->bandwidth, size + BEYOND, now_us)
                                     : 0;
}

static struct rtp_extensions extensions_now(struct endpoint *endpoint,
        const struct endpoint_sender *sender, size_t payload_size, int64_t now_us)
{
    return (struct rtp_extensions){
        .has_transport_seq = true,
        .transport_seq = next_transport_seq(endpoint, sender, payload_size, now_us),
        .has_abs_send_time = true,
        .abs_send_time = rtp_abs_send_time(now_us),
        .mid = sender->is_known ? NULL : sender->mid,
    };
}

static void count_sent(struct endpoint *endpoint, enum sdp_line line, size_t packets, size_t bytes)
{
    endpoint->stats.lines[line].packets_out += packets;
    endpoint->stats.lines[line].bytes_out += bytes;
}

// RFC 2198 with the frames one and two back; falls back to the plain frame when they do not fit.
static size_t audio_payload(struct endpoint_sender *sender, unsigned copies, const uint8_t *opus,
        size_t size, uint32_t timestamp, uint8_t *out, uint8_t *payload_type)
{
    struct red_block blocks[RED_FRAMES + 1];
    size_t count = 0;
    for (int back = (int)copies - 1; back >= 0 && sender->red_payload_type; back--) {
        const uint32_t offset = timestamp - sender->red_timestamp[back];
        if (sender->red_size[back] == 0 || offset == 0 || offset > RED_OFFSET_MAX)
            continue;
        blocks[count++] = (struct red_block){ .payload_type = sender->payload_type,
            .timestamp_offset = (uint16_t)offset,
            .data = sender->red_data[back],
            .size = sender->red_size[back] };
    }
    blocks[count++] =
            (struct red_block){ .payload_type = sender->payload_type, .data = opus, .size = size };
    *payload_type = sender->red_payload_type;
    const int written = sender->red_payload_type ? red_write(out, PAYLOAD_MAX, blocks, count) : 0;
    if (written > 0)
        return (size_t)written;
    *payload_type = sender->payload_type;
    memcpy(out, opus, size);
    return size;
}

static void keep_for_red(
        struct endpoint_sender *sender, const uint8_t *opus, size_t size, uint32_t timestamp)
{
    sender->red_size[1] = sender->red_size[0];
    sender->red_timestamp[1] = sender->red_timestamp[0];
    memcpy(sender->red_data[1], sender->red_data[0], sender->red_size[0]);
    sender->red_size[0] = size <= sizeof(sender->red_data[0]) ? size : 0;
    sender->red_timestamp[0] = timestamp;
    memcpy(sender->red_data[0], opus, sender->red_size[0]);
}

int endpoint_send_audio(struct endpoint *endpoint, const uint8_t *opus, size_t size,
        uint32_t timestamp, uint8_t level)
{
    struct endpoint_sender *sender = &endpoint->senders[SDP_AUDIO];
    if (endpoint->state != PEER_CONNECTED || !sender->is_active)
        return -ENOTCONN;
    if (size > PAYLOAD_MAX)
        return -EMSGSIZE;

    const int64_t now_us = g_get_monotonic_time();
    uint8_t packet[RTP_HEADER_MAX + PAYLOAD_MAX];
    uint8_t payload[PAYLOAD_MAX];
    struct rtp_header header = {
        .seq = sender->seq,
        .timestamp = timestamp + sender->timestamp_offset,
        .ssrc = sender->ssrc,
    };
    const unsigned wanted = endpoint->config.red_copies;
    const unsigned copies = wanted > 0 ? MIN(wanted, RED_FRAMES) : RED_FRAMES;
    const size_t payload_size =
            audio_payload(sender, copies, opus, size, timestamp, payload, &header.payload_type);
    struct rtp_extensions extensions = extensions_now(endpoint, sender, payload_size, now_us);
    extensions.has_audio_level = true;
    extensions.audio_level = level;
    extensions.voice = level < 60;
    const int header_size =
            rtp_packet_write_header(packet, RTP_HEADER_MAX, &header, &sender->ids, &extensions);
    if (header_size < 0)
        return header_size;
    memcpy(packet + header_size, payload, payload_size);
    if (sender->red_payload_type)
        keep_for_red(sender, opus, size, timestamp);

    sender->seq++;
    sender->last_timestamp = header.timestamp;
    sender->last_us = now_us;
    sender->bytes_in_payload += (uint32_t)payload_size;
    count_sent(endpoint, SDP_AUDIO, 1, (size_t)header_size + payload_size);
    return endpoint_send_rtp(endpoint, packet, (size_t)header_size + payload_size);
}

// Grows with the largest key frame that was sent; bounded by h264_pack()'s count of payloads.
static void make_room(struct endpoint *endpoint, size_t unit_size)
{
    const size_t payloads = unit_size / (PAYLOAD_MAX / 2) + 16;
    const size_t needed = unit_size + payloads * (RTP_HEADER_MAX + 8);
    if (needed <= endpoint->scratch_size)
        return;
    endpoint->scratch = g_realloc(endpoint->scratch, needed);
    endpoint->scratch_size = needed;
}

// GSO wants segments of one size, the last may be smaller.
static size_t burst_length(const struct peer_packet *packets, size_t count)
{
    size_t length = 1;
    while (length < count && length < BURST_MAX && packets[length].size == packets[0].size)
        length++;
    if (length < count && length < BURST_MAX && packets[length].size < packets[0].size)
        length++;
    return length;
}

static size_t write_packets(struct endpoint *endpoint, struct endpoint_sender *sender,
        const struct h264_pack_payload *payloads, size_t count, struct peer_packet *packets)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const struct rtp_extensions extensions =
                extensions_now(endpoint, sender, payloads[i].size, sender->last_us);
        const struct rtp_header header = {
            .marker = i == count - 1,
            .payload_type = sender->payload_type,
            .seq = sender->seq,
            .timestamp = sender->last_timestamp,
            .ssrc = sender->ssrc,
        };
        uint8_t head[RTP_HEADER_MAX];
        const int size =
                rtp_packet_write_header(head, sizeof(head), &header, &sender->ids, &extensions);
        uint8_t *begin = payloads[i].data - size;
        memcpy(begin, head, (size_t)size);
        packets[i] = (struct peer_packet){ begin, (size_t)size + payloads[i].size };
        if (sender->history)
            send_history_put(sender->history, sender->seq, begin, packets[i].size, sender->last_us);
        sender->seq++;
        sender->bytes_in_payload += (uint32_t)payloads[i].size;
        bytes += packets[i].size;
    }
    return bytes;
}

int endpoint_send_video(struct endpoint *endpoint, enum sdp_line line, const uint8_t *unit,
        size_t size, int64_t pts_us)
{
    struct endpoint_sender *sender = &endpoint->senders[line];
    if (endpoint->state != PEER_CONNECTED || !sender->is_active)
        return -ENOTCONN;
    make_room(endpoint, size);
    struct h264_pack_payload payloads[PAYLOADS_MAX];
    struct peer_packet packets[PAYLOADS_MAX];
    const struct h264_pack_target target = {
        .buffer = endpoint->scratch,
        .room = endpoint->scratch_size,
        .headroom = RTP_HEADER_MAX,
        .payload_max = PAYLOAD_MAX,
        .payloads = payloads,
        .payloads_max = PAYLOADS_MAX,
    };
    const int count = h264_pack(unit, size, &target);
    if (count < 0)
        return count;

    sender->last_us = g_get_monotonic_time();
    sender->last_timestamp = (uint32_t)(uint64_t)(pts_us * (VIDEO_CLOCK_RATE / 10000) / 100) +
                             sender->timestamp_offset;
    const size_t bytes = write_packets(endpoint, sender, payloads, (size_t)count, packets);
    count_sent(endpoint, line, (size_t)count, bytes);
    for (size_t at = 0; endpoint->config.path && at < (size_t)count; at++)
        endpoint_send_rtp(endpoint, packets[at].data, packets[at].size);
    for (size_t at = 0; !endpoint->config.path && at < (size_t)count;) {
        const size_t length = burst_length(packets + at, (size_t)count - at);
        peer_send_rtp_burst(endpoint->peer, packets + at, length);
        at += length;
    }
    return 0;
}

void endpoint_resend(struct endpoint *endpoint, struct endpoint_sender *sender,
        const uint16_t *seqs, int count, int64_t now_us)
{
    if (!sender->history)
        return;
    if (now_us >= sender->resend_until_us) {
        sender->resend_until_us = now_us + RESEND_WINDOW_US;
        sender->resend_left = RESENDS_A_WINDOW;
    }
    for (int i = 0; i < count && sender->resend_left > 0; i++) {
        struct send_history_packet lost;
        uint8_t packet[PEER_PACKET_MAX];
        send_history_find(sender->history, seqs[i], &lost);
        if (!lost.data)
            continue;
        const int size = rtx_write(packet, sizeof(packet), lost.data, lost.size, sender->rtx_ssrc,
                sender->rtx_payload_type, sender->rtx_seq);
        if (size < 0)
            continue;
        if (sender->ids.transport_seq)
            rtp_packet_set_transport_seq(packet, (size_t)size, sender->ids.transport_seq,
                    next_transport_seq(endpoint, sender, lost.size, now_us));
        if (sender->ids.abs_send_time)
            rtp_packet_set_abs_send_time(
                    packet, (size_t)size, sender->ids.abs_send_time, rtp_abs_send_time(now_us));
        sender->rtx_seq++;
        sender->resend_left--;
        endpoint->stats.lines[sender - endpoint->senders].rtx_out++;
        endpoint_send_rtp(endpoint, packet, (size_t)size);
    }
}

bool endpoint_sender_report(const struct endpoint *endpoint, enum sdp_line line, int64_t now_us,
        struct rtcp_report *out)
{
    const struct endpoint_sender *sender = &endpoint->senders[line];
    if (!sender->is_active || sender->last_us == 0)
        return false;
    const int64_t since_us = now_us - sender->last_us;
    *out = (struct rtcp_report){
        .ssrc = sender->ssrc,
        .is_sender = true,
        .ntp = rtcp_ntp(g_get_real_time()),
        .timestamp = sender->last_timestamp +
                     (uint32_t)(since_us * (int64_t)sender->clock_rate / G_USEC_PER_SEC),
        .packets = (uint32_t)endpoint->stats.lines[line].packets_out,
        .bytes = sender->bytes_in_payload,
    };
    return true;
}
