// SPDX-License-Identifier: Apache-2.0
#include "tests/mirror/mirror.h"

#include <string.h>

#include "common/base/bytes.h"
#include "common/rtp/feedback.h"
#include "common/rtp/key_frame.h"
#include "common/rtp/packet.h"
#include "common/rtp/receive_stats.h"
#include "common/rtp/rtcp.h"
#include "common/rtp/rtx.h"
#include "common/rtp/send_history.h"
#include "common/sdp/session.h"
#include "common/transport/peer.h"

#define RTCP_MAX     1200
#define NACKS_MAX    64
#define REPORT_MS    100
#define OWN_SSRC     0x10000000u // + line
#define OWN_RTX_SSRC 0x20000000u

struct mirror {
    struct mirror_config config;
    struct certificate *certificate;
    struct peer *peer;
    struct sdp_session offer, answer;
    struct mirror_counters counters;
    struct send_history *history;
    struct receive_stats stats[SDP_LINE_COUNT];
    uint64_t picture_packets;
    uint16_t rtx_seq;
    GSource *reports;
};

static bool is_silent(const struct mirror *mirror)
{
    return mirror->config.is_silent || (mirror->config.is_silent_until_restart &&
                                               peer_counters(mirror->peer)->ice_restarts == 0);
}

static void send_compound(struct mirror *mirror, struct bytes_writer *out)
{
    g_assert_cmpint(bytes_writer_status(out), >, 0);
    if (!is_silent(mirror))
        peer_send_rtcp(mirror->peer, out->begin, bytes_writer_size(out));
}

static void begin_compound(struct bytes_writer *out, uint8_t buffer[RTCP_MAX])
{
    const struct rtcp_report report = { .ssrc = OWN_SSRC };
    bytes_writer_init(out, buffer, RTCP_MAX);
    rtcp_write_report(out, &report);
}

static void ask_again(struct mirror *mirror, uint16_t seq)
{
    uint8_t buffer[RTCP_MAX];
    struct bytes_writer out;
    begin_compound(&out, buffer);
    feedback_write_nack(&out, OWN_SSRC, mirror->offer.media[SDP_MAIN].ssrc, &seq, 1);
    send_compound(mirror, &out);
    mirror->counters.nacks_out++;
}

void mirror_request_key_frame(struct mirror *mirror)
{
    uint8_t buffer[RTCP_MAX];
    struct bytes_writer out;
    begin_compound(&out, buffer);
    feedback_write_pli(&out, OWN_SSRC, mirror->offer.media[SDP_MAIN].ssrc);
    send_compound(mirror, &out);
}

static void send_back(struct mirror *mirror, uint8_t *packet, size_t size, enum sdp_line line)
{
    rtp_packet_set_ssrc(packet, OWN_SSRC + (uint32_t)line);
    if (is_silent(mirror))
        return;
    if (line == SDP_MAIN) {
        struct rtp_packet read;
        g_assert_cmpint(rtp_packet_read(packet, size, &read), ==, 0);
        send_history_put(mirror->history, read.seq, packet, size, g_get_monotonic_time());
        const unsigned every = mirror->config.lose_out_every;
        if (every && mirror->picture_packets % every == every - 1)
            return;
    }
    peer_send_rtp(mirror->peer, packet, size);
}

static void take_picture(
        struct mirror *mirror, uint8_t *data, size_t size, const struct rtp_packet *packet)
{
    const unsigned every = mirror->config.lose_in_every;
    mirror->picture_packets++;
    if (every && mirror->picture_packets % every == 0) {
        ask_again(mirror, packet->seq);
        return;
    }
    mirror->counters.picture_in++;
    mirror->counters.pictures_in += packet->marker;
    mirror->counters.key_frames_in += key_frame_starts_h264(packet->payload, packet->payload_size);
    send_back(mirror, data, size, SDP_MAIN);
}

static void take_rtp(void *user, uint8_t *data, size_t size)
{
    struct mirror *mirror = user;
    const struct sdp_media *audio = &mirror->offer.media[SDP_AUDIO];
    const struct sdp_media *main = &mirror->offer.media[SDP_MAIN];
    struct rtp_packet packet;
    char mid[33];
    g_assert_cmpint(rtp_packet_read(data, size, &packet), ==, 0);
    mirror->counters.mids_in += rtp_packet_mid(&packet, main->ext_mid, mid, sizeof(mid));
    if (packet.ssrc == main->rtx_ssrc) {
        const int restored = rtx_restore(data, size, main->ssrc, main->payload_type);
        g_assert_cmpint(restored, >, 0);
        mirror->counters.rtx_in++;
        send_back(mirror, data, (size_t)restored, SDP_MAIN);
        return;
    }
    const enum sdp_line line = packet.ssrc == audio->ssrc ? SDP_AUDIO : SDP_MAIN;
    if (!mirror->stats[line].started)
        receive_stats_init(&mirror->stats[line], packet.ssrc, line == SDP_AUDIO ? 48000 : 90000);
    receive_stats_arrived(&mirror->stats[line], packet.seq, packet.timestamp, packet.payload_size,
            g_get_monotonic_time());
    if (line == SDP_MAIN) {
        g_assert_cmpuint(packet.ssrc, ==, main->ssrc);
        take_picture(mirror, data, size, &packet);
        return;
    }
    mirror->counters.audio_in++;
    rtp_packet_audio_level(&packet, audio->ext_audio_level, &mirror->counters.level, NULL);
    const unsigned every = mirror->config.lose_sound_every;
    if (!every || mirror->counters.audio_in % every != 0)
        send_back(mirror, data, size, SDP_AUDIO);
}

static void repair(struct mirror *mirror, const struct rtcp_packet *packet)
{
    uint32_t ssrc;
    uint16_t seqs[NACKS_MAX];
    const int count = feedback_read_nack(packet, &ssrc, seqs, NACKS_MAX);
    g_assert_cmpint(count, >, 0);
    for (int i = 0; i < MIN(count, NACKS_MAX); i++) {
        struct send_history_packet lost;
        uint8_t out[PEER_PACKET_MAX];
        mirror->counters.nacks_in++;
        send_history_find(mirror->history, seqs[i], &lost);
        if (!lost.data)
            continue;
        const int size = rtx_write(out, sizeof(out), lost.data, lost.size, OWN_RTX_SSRC + SDP_MAIN,
                mirror->answer.media[SDP_MAIN].rtx_payload_type, mirror->rtx_seq++);
        g_assert_cmpint(size, >, 0);
        peer_send_rtp(mirror->peer, out, (size_t)size);
        mirror->counters.rtx_out++;
    }
}

static void take_rtcp(void *user, const uint8_t *data, size_t size)
{
    struct mirror *mirror = user;
    struct rtcp_packet packet;
    size_t at = 0;
    while (rtcp_next(data, size, &at, &packet) > 0) {
        const enum feedback_kind kind = feedback_kind(&packet);
        mirror->counters.byes_in += packet.type == RTCP_BYE;
        mirror->counters.reports_in += packet.type == RTCP_SENDER_REPORT;
        mirror->counters.plis_in += kind == FEEDBACK_PLI;
        if (kind == FEEDBACK_NACK)
            repair(mirror, &packet);
        if (packet.type != RTCP_SENDER_REPORT)
            continue;
        struct rtcp_report report;
        g_assert_cmpint(rtcp_read_report(&packet, &report), ==, 0);
        for (int line = 0; line < SDP_LINE_COUNT; line++)
            if (mirror->stats[line].started && mirror->stats[line].ssrc == report.ssrc)
                receive_stats_sender_report(
                        &mirror->stats[line], report.ntp, g_get_monotonic_time());
    }
}

static gboolean send_reports(gpointer data)
{
    struct mirror *mirror = data;
    struct rtcp_report report = { .ssrc = OWN_SSRC };
    uint8_t buffer[RTCP_MAX];
    struct bytes_writer out;
    if (!mirror_is_connected(mirror))
        return G_SOURCE_CONTINUE;
    for (int line = 0; line < SDP_LINE_COUNT; line++)
        if (mirror->stats[line].started)
            receive_stats_report(&mirror->stats[line], g_get_monotonic_time(),
                    &report.blocks[report.block_count++]);
    bytes_writer_init(&out, buffer, sizeof(buffer));
    rtcp_write_report(&out, &report);
    send_compound(mirror, &out);
    return G_SOURCE_CONTINUE;
}

struct mirror *mirror_new(const struct mirror_config *config)
{
    struct mirror *mirror = g_new0(struct mirror, 1);
    const char *addresses[] = { config->address, NULL };
    mirror->config = *config;
    mirror->history = send_history_new(1024, PEER_PACKET_MAX);
    g_assert_cmpint(certificate_new(&mirror->certificate), ==, 0);
    const struct peer_config peer = {
        .context = config->context,
        .certificate = mirror->certificate,
        .is_server = true,
        .local_addresses = addresses,
        .events = { .rtp = take_rtp, .rtcp = take_rtcp },
        .user = mirror,
    };
    g_assert_cmpint(peer_open(&peer, &mirror->peer), ==, 0);
    mirror->reports = g_timeout_source_new(REPORT_MS);
    g_source_set_callback(mirror->reports, send_reports, mirror, NULL);
    g_source_attach(mirror->reports, config->context);
    return mirror;
}

void mirror_free(struct mirror *mirror)
{
    if (!mirror)
        return;
    g_source_destroy(mirror->reports);
    g_source_unref(mirror->reports);
    peer_close(mirror->peer);
    certificate_free(mirror->certificate);
    send_history_free(mirror->history);
    g_free(mirror);
}

static void describe(const struct peer_description *local, struct sdp_session *session)
{
    g_strlcpy(session->ice_ufrag, local->ice_ufrag, sizeof(session->ice_ufrag));
    g_strlcpy(session->ice_pwd, local->ice_pwd, sizeof(session->ice_pwd));
    g_strlcpy(session->fingerprint, local->fingerprint, sizeof(session->fingerprint));
    session->candidate_count = local->candidate_count;
    for (size_t i = 0; i < local->candidate_count; i++) {
        const struct peer_candidate *from = &local->candidates[i];
        session->candidates[i] =
                (struct sdp_candidate){ .port = from->port, .priority = from->priority };
        g_strlcpy(session->candidates[i].address, from->address, 46);
        g_strlcpy(session->candidates[i].foundation, from->foundation, 33);
    }
}

char *mirror_answer(struct mirror *mirror, const char *offer)
{
    const char *error = "";
    struct peer_description remote = { .dtls_active = true };
    struct peer_description local;
    if (sdp_session_parse(offer, &mirror->offer, &error) < 0 ||
            sdp_session_answer(&mirror->offer, &mirror->answer, &error) < 0)
        g_error("the offer is refused: %s", error);
    if (mirror_is_connected(mirror)) // a further offer
        g_assert_cmpint(peer_restart_ice(mirror->peer), ==, 0);
    g_strlcpy(remote.ice_ufrag, mirror->offer.ice_ufrag, sizeof(remote.ice_ufrag));
    g_strlcpy(remote.ice_pwd, mirror->offer.ice_pwd, sizeof(remote.ice_pwd));
    g_strlcpy(remote.fingerprint, mirror->offer.fingerprint, sizeof(remote.fingerprint));
    g_assert_cmpint(peer_set_remote_description(mirror->peer, &remote), ==, 0);

    peer_local_description(mirror->peer, &local);
    describe(&local, &mirror->answer);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct sdp_media *media = &mirror->answer.media[line];
        media->ssrc = OWN_SSRC + (uint32_t)line;
        media->rtx_ssrc = media->rtx_payload_type ? OWN_RTX_SSRC + (uint32_t)line : 0;
        g_strlcpy(media->cname, "mirror", sizeof(media->cname));
    }
    return sdp_session_write(&mirror->answer);
}

bool mirror_is_connected(const struct mirror *mirror)
{
    return peer_state(mirror->peer) == PEER_CONNECTED;
}

const struct mirror_counters *mirror_counters(const struct mirror *mirror)
{
    return &mirror->counters;
}
