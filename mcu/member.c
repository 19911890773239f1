// SPDX-License-Identifier: Apache-2.0
#include "mcu/member.h"

#include <errno.h>
#include <string.h>

#include "common/rtp/feedback.h"
#include "common/rtp/receive_stats.h"
#include "common/rtp/red.h"
#include "common/rtp/rtcp.h"
#include "common/rtp/rtx.h"
#include "common/rtp/transport_cc.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"
#include "mcu/video_in.h"
#include "mcu/video_out.h"

#define SILENT_AFTER_US   5000000
#define CLOSED_AFTER_US   15000000 // of silence: whoever comes back offers anew
#define FEEDBACK_EVERY_US 100000   // transport-wide congestion control
#define AUDIO_PER_SECOND  400
#define AUDIO_SOURCE      1 // all mixes of a conference are one stream: their ticks are the same
#define NACKS_MAX         256
#define RESENDS_PER_POLL  200
#define RTCP_BYTES_MAX    1200
#define VIDEO_LINES       2 // main and content
#define RED_COPIES        2
#define RED_COPY_MAX      400
#define RED_PAYLOAD_MAX   1100
#define RED_FROM_PERCENT  1.0 // of loss that the receiver reports
#define RED_UNTIL_PERCENT 0.5 // and for so long:
#define RED_KEEP_US       10000000

// What comes in on one line.
struct line_in {
    struct sdp_media media; // as the endpoint describes it, with the negotiated numbers
    uint32_t ssrc;          // 0: not seen yet
    struct receive_stats stats;
};

// A line of pictures, both ways.
struct video_line {
    struct video_in *in;
    struct video_out out;
    bool sends;
};

// The sound that was sent last, newest first, to be sent again beside what follows.
struct red_out {
    bool is_wanted; // the receiver lost some
    int64_t lossy_us;
    size_t size[RED_COPIES];
    uint32_t timestamp[RED_COPIES];
    uint8_t data[RED_COPIES][RED_COPY_MAX];
};

struct member {
    const struct member_host *host;
    uint16_t conference, slot;
    uint32_t generation;

    struct peer *peer;    // NULL: it has not offered
    int64_t connected_us; // when DTLS was done
    bool was_connected;
    struct line_in in[SDP_LINE_COUNT];
    uint8_t ext_mid, ext_transport_cc;
    struct transport_cc_log transport_cc;
    int64_t feedback_us;
    uint32_t feedback_ssrc; // ours, as sender of RTCP

    struct link_out link;
    struct video_line video[VIDEO_LINES];
    int audio_in_second; // packets since the last second, against floods

    bool sends_audio;
    uint8_t audio_payload_type, audio_red_type;
    uint8_t audio_extension; // of transport-wide sequence numbers; 0: none
    struct red_out red;
    struct stream_out audio_out;
    uint32_t audio_tick; // sent last
    uint16_t audio_seq;  // of the mixes, whichever it is sent: a packet, not a tick, is one
    uint8_t language;
    bool is_thin;
    int resends_left;

    double loss_out_percent; // of what we send, as the member reports it
    double loss_in_percent;  // of its sound, in the last second
    int64_t round_trip_us;
    struct peer_counters counted;           // already in the metrics
    uint64_t past_bytes_in, past_bytes_out; // of former peers
};

static size_t send_train(void *user, const struct peer_packet *packets, size_t count)
{
    struct member *member = user;
    if (count > 1)
        return peer_send_rtp_burst(member->peer, packets, count);
    return peer_send_rtp(member->peer, packets->data, packets->size) == 0;
}

struct member *member_new(
        const struct member_host *host, uint16_t conference, uint16_t slot, uint32_t generation)
{
    struct member *member = g_new0(struct member, 1);
    member->host = host;
    member->conference = conference;
    member->slot = slot;
    member->generation = generation;
    for (int i = 0; i < VIDEO_LINES; i++)
        member->video[i].in = video_in_new();
    link_out_init(&member->link, send_train, member, ticker_now_us());
    return member;
}

static struct video_line *video_line(struct member *member, enum sdp_line line)
{
    return &member->video[line - SDP_MAIN];
}

static enum sdp_line line_of(const struct member *member, const struct video_line *video)
{
    return (enum sdp_line)(SDP_MAIN + (video - member->video));
}

static void count_peer(struct member *member)
{
    const struct peer_counters *now = peer_counters(member->peer);
    struct peer_counters *counted = &member->counted;
    metric_add(&mcu_srtp_refused_total, (int64_t)(now->srtp_refused - counted->srtp_refused));
    metric_add(&mcu_demux_refused_total, (int64_t)(now->demux_refused - counted->demux_refused));
    metric_add(&mcu_ice_restarts_total, (int64_t)(now->ice_restarts - counted->ice_restarts));
    *counted = *now;
}

static void close_peer(struct member *member)
{
    if (!member->peer)
        return;
    count_peer(member);
    member->past_bytes_in += member->counted.bytes_in;
    member->past_bytes_out += member->counted.bytes_out;
    memset(&member->counted, 0, sizeof(member->counted));
    peer_close(member->peer);
    member->peer = NULL;
    metric_add(&mcu_peers, -1);
}

void member_free(struct member *member)
{
    if (!member)
        return;
    close_peer(member);
    for (int i = 0; i < VIDEO_LINES; i++)
        video_in_free(member->video[i].in);
    g_free(member);
}

uint16_t member_slot(const struct member *member)
{
    return member->slot;
}

uint32_t member_generation(const struct member *member)
{
    return member->generation;
}

static int64_t silent_us(const struct member *member)
{
    // Who only receives says its first word after it got something.
    const int64_t heard_us = MAX(peer_counters(member->peer)->last_in_us, member->connected_us);
    return ticker_now_us() - heard_us;
}

bool member_is_connected(const struct member *member)
{
    return member->peer && peer_state(member->peer) == PEER_CONNECTED &&
           silent_us(member) < SILENT_AFTER_US;
}

static void note_connection(struct member *member, const char *reason)
{
    const bool is_connected = member_is_connected(member);
    if (is_connected == member->was_connected && !reason)
        return;
    member->was_connected = is_connected;
    member->host->connection_changed(member->host->user, member, reason);
}

// --- in ------------------------------------------------------------------------------------------

static bool line_has_type(const struct line_in *line, uint8_t payload_type)
{
    const struct sdp_media *media = &line->media;
    return media->present && !media->rejected && payload_type != 0 &&
           (payload_type == media->payload_type || payload_type == media->red_payload_type ||
                   payload_type == media->rtx_payload_type);
}

// By the SSRC of the description, by the MID extension (RFC 8843 §9.2), else the first line that
// has the payload type. NULL: no line expects it.
static struct line_in *find_line(struct member *member, const struct rtp_packet *packet)
{
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        struct line_in *line = &member->in[i];
        if (packet->ssrc == line->ssrc || packet->ssrc == line->media.ssrc ||
                packet->ssrc == line->media.rtx_ssrc)
            return line_has_type(line, packet->payload_type) ? line : NULL;
    }
    char mid[33] = "";
    if (rtp_packet_mid(packet, member->ext_mid, mid, sizeof(mid))) {
        for (int i = 0; i < SDP_LINE_COUNT; i++)
            if (member->in[i].media.present && strcmp(member->in[i].media.mid, mid) == 0)
                return line_has_type(&member->in[i], packet->payload_type) ? &member->in[i] : NULL;
        return NULL;
    }
    for (int i = 0; i < SDP_LINE_COUNT; i++)
        if (line_has_type(&member->in[i], packet->payload_type) && member->in[i].media.ssrc == 0)
            return &member->in[i];
    return NULL;
}

static void push_audio(struct member *member, const struct mixer_packet *packet, int64_t now_us)
{
    if (!audio_thread_push(member->host->audio, member->host->net, packet, now_us))
        metric_add(&mcu_audio_in_ring_full_total, 1);
}

static void push_block(struct member *member, struct mixer_packet *packet, const uint8_t *data,
        size_t size, int64_t now_us)
{
    if (size == 0 || size > sizeof(packet->data)) {
        metric_add(&mcu_audio_in_too_large_total, size > 0);
        return;
    }
    packet->size = (uint16_t)size;
    memcpy(packet->data, data, size);
    push_audio(member, packet, now_us);
}

static void push_red(struct member *member, struct mixer_packet *packet,
        const struct rtp_packet *from, int64_t now_us)
{
    struct red_block blocks[RED_BLOCKS_MAX];
    const int count = red_read(from->payload, from->payload_size, blocks);
    if (count < 0) {
        metric_add(&mcu_rtp_malformed_total, 1);
        return;
    }
    for (int i = 0; i < count; i++) {
        packet->is_copy = i < count - 1;
        packet->timestamp = from->timestamp - blocks[i].timestamp_offset;
        packet->seq = (uint16_t)(from->seq - blocks[i].timestamp_offset / AUDIO_FRAME);
        push_block(member, packet, blocks[i].data, blocks[i].size, now_us);
    }
}

static void take_audio(struct member *member, const struct line_in *line,
        const struct rtp_packet *from, int64_t now_us)
{
    if (member->audio_in_second++ >= AUDIO_PER_SECOND) {
        metric_add(&mcu_audio_in_flood_total, 1);
        return;
    }
    struct mixer_packet packet;
    packet.slot = member->slot;
    packet.seq = from->seq;
    packet.timestamp = from->timestamp;
    packet.is_copy = false;
    packet.level = 127;
    packet.has_level =
            rtp_packet_audio_level(from, line->media.ext_audio_level, &packet.level, NULL);
    if (from->payload_type == line->media.red_payload_type)
        push_red(member, &packet, from, now_us);
    else
        push_block(member, &packet, from->payload, from->payload_size, now_us);
}

static void take_video(struct video_in *in, const struct line_in *line, uint8_t *data, size_t size,
        struct rtp_packet *packet, int64_t now_us)
{
    if (packet->payload_type == line->media.rtx_payload_type) {
        if (line->ssrc == 0)
            return; // a probe before the first picture
        const int restored = rtx_restore(data, size, line->ssrc, line->media.payload_type);
        if (restored < 0 || rtp_packet_read(data, (size_t)restored, packet) < 0)
            return; // padding to probe the link with
        size = (size_t)restored;
    }
    video_in_push(in, data, size, packet, now_us);
}

static void note_arrival(struct line_in *line, const struct rtp_packet *packet, int64_t now_us)
{
    if (packet->payload_type == line->media.rtx_payload_type)
        return;
    if (line->ssrc != packet->ssrc) {
        line->ssrc = packet->ssrc;
        receive_stats_init(
                &line->stats, packet->ssrc, line->media.codec == SDP_OPUS ? AUDIO_RATE_HZ : 90000);
    }
    receive_stats_arrived(
            &line->stats, packet->seq, packet->timestamp, packet->payload_size, now_us);
}

static void on_rtp(void *user, uint8_t *data, size_t size)
{
    struct member *member = user;
    struct rtp_packet packet;
    const int64_t now_us = ticker_now_us();
    metric_add(&mcu_rtp_in_packets_total, 1);
    metric_add(&mcu_rtp_in_bytes_total, (int64_t)size);
    if (rtp_packet_read(data, size, &packet) < 0) {
        metric_add(&mcu_rtp_malformed_total, 1);
        return;
    }
    uint16_t transport_seq = 0;
    if (rtp_packet_transport_seq(&packet, member->ext_transport_cc, &transport_seq))
        transport_cc_log_arrived(&member->transport_cc, transport_seq, now_us);

    struct line_in *line = find_line(member, &packet);
    if (!line) {
        metric_add(&mcu_rtp_unknown_total, 1);
        return;
    }
    const bool is_new_source = line->ssrc != 0 && line->ssrc != packet.ssrc &&
                               packet.payload_type != line->media.rtx_payload_type;
    note_arrival(line, &packet, now_us);
    if (line == &member->in[SDP_AUDIO]) {
        take_audio(member, line, &packet, now_us);
    } else {
        struct video_in *in = video_line(member, (enum sdp_line)(line - member->in))->in;
        if (is_new_source)
            video_in_restart(in);
        take_video(in, line, data, size, &packet, now_us);
    }
    if (!member->was_connected)
        note_connection(member, NULL);
}

// --- RTCP in -------------------------------------------------------------------------------------

static uint64_t ntp_now(const struct member *member, int64_t now_us)
{
    return rtcp_ntp(now_us + member->host->unix_offset_us);
}

static void note_loss_out(struct member *member, double percent, int64_t now_us)
{
    struct red_out *red = &member->red;
    member->loss_out_percent = percent;
    if (percent > RED_UNTIL_PERCENT)
        red->lossy_us = now_us;
    const bool was_wanted = red->is_wanted;
    red->is_wanted =
            percent > RED_FROM_PERCENT || (was_wanted && now_us - red->lossy_us < RED_KEEP_US);
    if (!was_wanted)
        memset(red->size, 0, sizeof(red->size));
}

// NULL: no pictures are sent with this SSRC.
static struct video_line *line_sent_as(struct member *member, uint32_t ssrc)
{
    for (int i = 0; i < VIDEO_LINES; i++)
        if (member->video[i].sends && member->video[i].out.stream.ssrc == ssrc)
            return &member->video[i];
    return NULL;
}

static void take_report(struct member *member, const struct rtcp_packet *packet, int64_t now_us)
{
    struct rtcp_report report;
    if (rtcp_read_report(packet, &report) < 0)
        return;
    for (int i = 0; report.is_sender && i < SDP_LINE_COUNT; i++)
        if (member->in[i].ssrc == report.ssrc)
            receive_stats_sender_report(&member->in[i].stats, report.ntp, now_us);
    for (size_t i = 0; i < report.block_count; i++) {
        const struct rtcp_report_block *block = &report.blocks[i];
        if (block->ssrc != member->audio_out.ssrc && !line_sent_as(member, block->ssrc))
            continue;
        const int64_t round_trip_us = rtcp_round_trip_us(block, ntp_now(member, now_us));
        if (round_trip_us >= 0) {
            member->round_trip_us = round_trip_us;
            for (int line = 0; line < VIDEO_LINES; line++)
                // Twice a round trip: a request may be lost as well.
                video_in_set_round_trip(
                        member->video[line].in, (uint32_t)(round_trip_us / 2000) + 10);
        }
        if (block->ssrc == member->audio_out.ssrc) {
            note_loss_out(member, block->fraction_lost * 100.0 / 256, now_us);
            link_out_report(&member->link, block->fraction_lost, round_trip_us, now_us);
        }
    }
}

static void answer_nack(struct member *member, const struct rtcp_packet *packet, int64_t now_us)
{
    uint32_t ssrc = 0;
    uint16_t seqs[NACKS_MAX];
    int count = feedback_read_nack(packet, &ssrc, seqs, NACKS_MAX);
    struct video_line *line = count < 0 ? NULL : line_sent_as(member, ssrc);
    if (!line)
        return;
    if (count > NACKS_MAX)
        count = NACKS_MAX;
    metric_add(&mcu_video_nacks_received_total, count);
    for (int i = 0; i < count && member->resends_left > 0; i++, member->resends_left--) {
        switch (video_out_resend(&line->out, &member->link, seqs[i], now_us)) {
        case VIDEO_OUT_SENT:
            metric_add(&mcu_video_nacks_answered_total, 1);
            break;
        case VIDEO_OUT_GONE:
            metric_add(&mcu_video_nacks_too_old_total, 1);
            break;
        case VIDEO_OUT_NO_ROOM:
            metric_add(&mcu_video_nacks_no_room_total, 1);
            break;
        }
    }
}

static void want_key_frame(struct member *member, uint32_t ssrc)
{
    const struct video_line *line = line_sent_as(member, ssrc);
    if (!line)
        return;
    metric_add(&mcu_video_plis_received_total, 1);
    video_out_need_key_frame(&line->out);
}

static void take_rtcp(struct member *member, const struct rtcp_packet *packet, int64_t now_us)
{
    if (packet->type == RTCP_SENDER_REPORT || packet->type == RTCP_RECEIVER_REPORT) {
        take_report(member, packet, now_us);
        return;
    }
    uint32_t ssrc = 0;
    uint8_t command = 0;
    switch (feedback_kind(packet)) {
    case FEEDBACK_NACK:
        answer_nack(member, packet, now_us);
        break;
    case FEEDBACK_PLI:
        if (feedback_read_pli(packet, &ssrc) == 0)
            want_key_frame(member, ssrc);
        break;
    case FEEDBACK_FIR:
        if (feedback_read_fir(packet, &ssrc, &command) == 0)
            want_key_frame(member, ssrc);
        break;
    case FEEDBACK_REMB:
    case FEEDBACK_TRANSPORT_CC:
        link_out_feedback(&member->link, packet, now_us);
        break;
    case FEEDBACK_NONE:
        break;
    }
}

static void on_rtcp(void *user, const uint8_t *data, size_t size)
{
    struct member *member = user;
    struct rtcp_packet packet;
    const int64_t now_us = ticker_now_us();
    size_t at = 0;
    int rc;
    while ((rc = rtcp_next(data, size, &at, &packet)) == 1)
        take_rtcp(member, &packet, now_us);
    metric_add(&mcu_rtcp_malformed_total, rc < 0);
    if (!member->was_connected)
        note_connection(member, NULL);
}

// --- the peer ------------------------------------------------------------------------------------

static void on_state(void *user, enum peer_state state, const char *reason)
{
    struct member *member = user;
    if (state == PEER_FAILED) {
        metric_add(&mcu_peers_failed_total, !reason || strcmp(reason, "dtls.closed") != 0);
        note_connection(member, reason ? reason : "peer.failed");
        return;
    }
    if (state == PEER_CONNECTED) {
        const bool is_gcm = strstr(peer_srtp_profile(member->peer), "GCM") != NULL;
        metric_add(is_gcm ? &mcu_peers_aes_gcm_total : &mcu_peers_aes_cm_total, 1);
        member->connected_us = ticker_now_us();
    }
    for (int i = 0; state == PEER_CONNECTED && i < VIDEO_LINES; i++)
        video_out_restart(&member->video[i].out, member->connected_us);
    note_connection(member, NULL);
}

static void start_lines(struct member *member, const struct negotiation *negotiation)
{
    const struct sdp_session *answer = &negotiation->answer;
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        struct line_in *line = &member->in[i];
        *line = (struct line_in){ .media = answer->media[i] };
        line->media.ssrc = negotiation->offer.media[i].ssrc;
        line->media.rtx_ssrc = negotiation->offer.media[i].rtx_ssrc;
        if (line->media.present && !line->media.rejected) {
            member->ext_mid = line->media.ext_mid;
            member->ext_transport_cc = line->media.ext_transport_cc;
        }
    }
    const struct sdp_media *audio = &answer->media[SDP_AUDIO];
    member->sends_audio = audio->present && !audio->rejected && audio->sends;
    member->audio_payload_type = audio->payload_type;
    member->audio_red_type = audio->red_payload_type;
    member->audio_extension = audio->transport_cc ? audio->ext_transport_cc : 0;
    member->red = (struct red_out){ 0 };
    member->feedback_ssrc = audio->ssrc ? audio->ssrc : answer->media[SDP_MAIN].ssrc;
    stream_out_init(&member->audio_out, audio->ssrc, AUDIO_RATE_HZ,
            (uint16_t)(audio->ssrc & 0x7fff), audio->ssrc * 2654435761u);
    transport_cc_log_init(&member->transport_cc);
    for (int i = 0; i < VIDEO_LINES; i++) {
        struct video_line *line = &member->video[i];
        const struct sdp_media *media = &answer->media[line_of(member, line)];
        line->sends = media->present && !media->rejected && media->sends;
        const struct video_out_config config = {
            .kind = i == 0 ? LINK_MAIN : LINK_CONTENT,
            .ssrc = media->ssrc,
            .rtx_ssrc = media->rtx_ssrc,
            .payload_type = media->payload_type,
            .rtx_payload_type = media->rtx_payload_type,
            .extension = media->transport_cc ? media->ext_transport_cc : 0,
        };
        video_out_init(&line->out, &config);
        video_in_restart(line->in);
    }
}

// The same peer goes on; with new credentials it looks for another way beside the former.
static int go_on(struct member *member, const struct negotiation *negotiation,
        struct peer_description *local)
{
    if (!member->peer || peer_state(member->peer) == PEER_FAILED)
        return -ENOTCONN;
    int rc = negotiation->is_ice_restart ? peer_restart_ice(member->peer) : 0;
    if (rc == 0 && negotiation->is_ice_restart) {
        struct peer_description remote;
        negotiate_remote(negotiation, &remote);
        rc = peer_set_remote_description(member->peer, &remote);
    }
    if (rc == 0)
        peer_local_description(member->peer, local);
    return rc;
}

int member_accept(struct member *member, const struct negotiation *negotiation,
        struct peer_description *local)
{
    if (negotiation->is_same_session)
        return go_on(member, negotiation, local);
    const struct peer_config config = {
        .context = member->host->context,
        .certificate = member->host->certificate,
        .is_server = true,
        .local_addresses = member->host->addresses,
        .min_port = member->host->min_port,
        .max_port = member->host->max_port,
        .events = { .state_changed = on_state, .rtp = on_rtp, .rtcp = on_rtcp },
        .user = member,
    };
    struct peer *peer = NULL;
    int rc = peer_open(&config, &peer);
    if (rc < 0)
        return rc;
    struct peer_description remote;
    negotiate_remote(negotiation, &remote);
    rc = peer_set_remote_description(peer, &remote);
    if (rc < 0) {
        peer_close(peer); // it has not said a word yet: the former one goes on
        return rc;
    }
    peer_local_description(peer, local);
    close_peer(member);
    member->peer = peer;
    metric_add(&mcu_peers, 1);
    link_out_restart(&member->link, ticker_now_us());
    member->host->step_changed(member->host->user, member);
    member->was_connected = false;
    member->round_trip_us = 0;
    member->loss_out_percent = member->loss_in_percent = 0;
    start_lines(member, negotiation);
    return 0;
}

void member_set_decoder(struct member *member, enum sdp_line line, struct h264_decoder *decoder)
{
    video_in_set_decoder(video_line(member, line)->in, decoder);
}

void member_need_key_frame(struct member *member, enum sdp_line line)
{
    video_in_need_key_frame(video_line(member, line)->in);
}

void member_set_link(
        struct member *member, int declared_kbps, const struct tier_choice_config *canvas)
{
    link_out_set_declared(&member->link, declared_kbps);
    link_out_set_canvas(&member->link, canvas);
}

void member_set_most(struct member *member, enum tier_step most)
{
    link_out_set_most(&member->link, most);
}

enum tier_step member_step(const struct member *member)
{
    return link_out_step(&member->link);
}

void member_set_feed(struct member *member, enum sdp_line line, struct tier_feed *feed)
{
    video_out_set_feed(&video_line(member, line)->out, feed, ticker_now_us());
}

void member_drop_feed(struct member *member, const struct tier_feed *feed)
{
    for (int i = 0; i < VIDEO_LINES; i++)
        video_out_drop_feed(&member->video[i].out, feed);
}

// --- out -----------------------------------------------------------------------------------------

static bool may_send(const struct member *member)
{
    return member->peer && peer_state(member->peer) == PEER_CONNECTED;
}

static void keep_copy(struct red_out *red, const uint8_t *data, size_t size, uint32_t timestamp)
{
    for (int i = RED_COPIES - 1; i > 0; i--) {
        red->size[i] = red->size[i - 1];
        red->timestamp[i] = red->timestamp[i - 1];
        memcpy(red->data[i], red->data[i - 1], red->size[i]);
    }
    red->size[0] = size <= RED_COPY_MAX ? size : 0;
    red->timestamp[0] = timestamp;
    memcpy(red->data[0], data, red->size[0]);
}

// RFC 2198: the two frames before beside the new one. 0: send it alone.
static size_t write_red(const struct member *member, const uint8_t *data, size_t size,
        uint32_t timestamp, uint8_t out[RED_PAYLOAD_MAX])
{
    const struct red_out *red = &member->red;
    struct red_block blocks[RED_COPIES + 1];
    size_t count = 0;
    for (int i = RED_COPIES - 1; i >= 0; i--) {
        const uint32_t offset = timestamp - red->timestamp[i];
        if (red->size[i] > 0 && offset > 0 && offset <= RED_OFFSET_MAX)
            blocks[count++] = (struct red_block){ .payload_type = member->audio_payload_type,
                .timestamp_offset = (uint16_t)offset,
                .data = red->data[i],
                .size = red->size[i] };
    }
    blocks[count++] = (struct red_block){
        .payload_type = member->audio_payload_type, .data = data, .size = size
    };
    const int written = red_write(out, RED_PAYLOAD_MAX, blocks, count);
    return written > 0 ? (size_t)written : 0;
}

void member_set_sound(struct member *member, uint8_t language, bool is_thin)
{
    member->language = language;
    member->is_thin = is_thin;
}

bool member_takes_shared(const struct member *member, const struct audio_out *out)
{
    return member->conference == out->conference && member->language == out->language &&
           member->is_thin == out->is_thin;
}

// Copies would be too much for a thin link, and three times 60 ms come too late.
static bool sends_copies(const struct member *member)
{
    return member->red.is_wanted && member->audio_red_type && !member->is_thin;
}

bool member_send_audio(struct member *member, uint8_t *payload, const struct audio_out *out)
{
    // Who comes from its own encode to that of thin links waits for one that begins after it.
    if (!may_send(member) || !member->sends_audio || (int32_t)(out->tick - member->audio_tick) <= 0)
        return false;
    // What was never made or was dropped shows as lost.
    member->audio_seq += (uint16_t)(member->is_thin ? 1 : out->tick - member->audio_tick);
    member->audio_tick = out->tick + (out->is_thin ? MIXER_THIN_TICKS - 1 : 0);
    size_t size = out->size;
    struct rtp_header header = {
        .payload_type = member->audio_payload_type,
        .ssrc = member->audio_out.ssrc,
    };
    if (!stream_out_map(&member->audio_out, AUDIO_SOURCE, member->audio_seq,
                out->tick * AUDIO_FRAME, size, out->due_us, &header.seq, &header.timestamp))
        return false;
    uint8_t redundant[LINK_OUT_HEADROOM + RED_PAYLOAD_MAX];
    if (sends_copies(member)) {
        const size_t red_size =
                write_red(member, payload, size, header.timestamp, redundant + LINK_OUT_HEADROOM);
        keep_copy(&member->red, payload, size, header.timestamp);
        if (red_size > 0) {
            header.payload_type = member->audio_red_type;
            payload = redundant + LINK_OUT_HEADROOM;
            size = red_size;
            metric_add(&mcu_audio_out_red_total, 1);
        }
    }
    struct peer_packet packet;
    link_out_write(&member->link, LINK_SOUND, payload, size, &header, member->audio_extension,
            ticker_now_us(), &packet);
    link_out_send(&member->link, &packet, 1);
    return true;
}

void member_send_frame(struct member *member, struct tier_feed *feed,
        const struct tier_frame *frame, int64_t now_us)
{
    for (int i = 0; i < VIDEO_LINES && may_send(member); i++)
        if (member->video[i].sends)
            video_out_send(&member->video[i].out, &member->link, feed, frame, now_us);
}

static void send_rtcp(struct member *member, const struct bytes_writer *writer)
{
    const int size = bytes_writer_status(writer);
    if (size > 0)
        peer_send_rtcp(member->peer, writer->begin, (size_t)size);
}

static void ask_sender(
        struct member *member, enum sdp_line line, const uint16_t *seqs, size_t count, bool pli)
{
    const uint32_t ssrc = member->in[line].ssrc;
    if (ssrc == 0 || (count == 0 && !pli))
        return;
    uint8_t buffer[RTCP_BYTES_MAX];
    struct bytes_writer writer;
    bytes_writer_init(&writer, buffer, sizeof(buffer));
    const struct rtcp_report report = { .ssrc = member->feedback_ssrc };
    rtcp_write_report(&writer, &report);
    if (count > 0)
        feedback_write_nack(&writer, member->feedback_ssrc, ssrc, seqs, count);
    if (pli)
        feedback_write_pli(&writer, member->feedback_ssrc, ssrc);
    send_rtcp(member, &writer);
}

static void send_transport_cc(struct member *member, int64_t now_us)
{
    if (member->ext_transport_cc == 0 || now_us - member->feedback_us < FEEDBACK_EVERY_US)
        return;
    member->feedback_us = now_us;
    uint8_t buffer[RTCP_BYTES_MAX];
    struct bytes_writer writer;
    bytes_writer_init(&writer, buffer, sizeof(buffer));
    const struct rtcp_report report = { .ssrc = member->feedback_ssrc };
    rtcp_write_report(&writer, &report);
    const uint32_t media_ssrc =
            member->in[SDP_MAIN].ssrc ? member->in[SDP_MAIN].ssrc : member->in[SDP_AUDIO].ssrc;
    if (transport_cc_write(&member->transport_cc, &writer, member->feedback_ssrc, media_ssrc))
        send_rtcp(member, &writer);
}

static void poll_link(struct member *member, int64_t now_us)
{
    for (int i = 0; i < VIDEO_LINES; i++)
        video_out_poll(&member->video[i].out, &member->link, now_us);
    if (link_out_poll(&member->link, now_us))
        member->host->step_changed(member->host->user, member);
    const size_t padding = link_out_padding(&member->link, now_us);
    if (padding > 0)
        video_out_pad(&member->video[0].out, &member->link, padding, now_us);
}

void member_poll(struct member *member, int64_t now_us)
{
    member->resends_left = RESENDS_PER_POLL;
    if (!may_send(member))
        return;
    for (int i = 0; i < VIDEO_LINES; i++) {
        uint16_t seqs[VIDEO_IN_NACKS_MAX];
        bool pli = false;
        const size_t count = video_in_poll(member->video[i].in, now_us, seqs, &pli);
        ask_sender(member, line_of(member, &member->video[i]), seqs, count, pli);
    }
    send_transport_cc(member, now_us);
    poll_link(member, now_us);
}

static void send_report(
        struct member *member, const struct stream_out *stream, int64_t now_us, bool with_blocks)
{
    struct rtcp_report report = { .ssrc = stream->ssrc };
    if (stream->packets > 0)
        stream_out_report(stream, now_us + member->host->unix_offset_us, now_us, &report);
    for (int i = 0; with_blocks && i < SDP_LINE_COUNT; i++) {
        if (member->in[i].ssrc == 0)
            continue;
        struct rtcp_report_block *block = &report.blocks[report.block_count++];
        receive_stats_report(&member->in[i].stats, now_us, block);
        if (i == SDP_AUDIO)
            member->loss_in_percent = block->fraction_lost * 100.0 / 256;
    }

    uint8_t buffer[RTCP_BYTES_MAX];
    struct bytes_writer writer;
    bytes_writer_init(&writer, buffer, sizeof(buffer));
    rtcp_write_report(&writer, &report);
    rtcp_write_cname(&writer, stream->ssrc, NEGOTIATE_CNAME);
    send_rtcp(member, &writer);
}

void member_poll_second(struct member *member, int64_t now_us)
{
    member->audio_in_second = 0;
    if (!member->peer)
        return;
    count_peer(member);
    note_connection(member, NULL);
    const enum peer_state state = peer_state(member->peer);
    const bool is_silent = state == PEER_CONNECTED && silent_us(member) >= CLOSED_AFTER_US;
    metric_add(&mcu_peers_silent_total, is_silent);
    if (is_silent || state == PEER_FAILED) {
        close_peer(member);
        return;
    }
    if (!may_send(member))
        return;
    send_report(member, &member->audio_out, now_us, true);
    for (int i = 0; i < VIDEO_LINES; i++)
        if (member->video[i].sends && member->video[i].out.stream.packets > 0)
            send_report(member, &member->video[i].out.stream, now_us, false);
}

void member_statistics(struct member *member, struct member_statistics *out)
{
    const struct line_in *audio = &member->in[SDP_AUDIO];
    *out = (struct member_statistics){
        .slot = member->slot,
        .generation = member->generation,
        .connected = member_is_connected(member),
        .loss_percent = MAX(member->loss_in_percent, member->loss_out_percent),
        .loss_unrepaired_percent = sends_copies(member) ? 0 : member->loss_out_percent,
        .has_round_trip = member->round_trip_us > 0,
        .round_trip_ms = (double)member->round_trip_us / 1000,
        .jitter_ms = audio->ssrc ? receive_stats_jitter_us(&audio->stats) / 1000.0 : 0,
        .step = link_out_step(&member->link),
        .has_estimate = link_out_has_estimate(&member->link),
        .estimate_kbps = (int)(link_out_estimate_bps(&member->link) / 1000),
        .bytes_in = member->past_bytes_in,
        .bytes_out = member->past_bytes_out,
    };
    if (!member->peer)
        return;
    out->bytes_in += peer_counters(member->peer)->bytes_in;
    out->bytes_out += peer_counters(member->peer)->bytes_out;
}
