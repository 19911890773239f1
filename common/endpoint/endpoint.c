// SPDX-License-Identifier: Apache-2.0
#include "common/endpoint/endpoint.h"

#include <errno.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/endpoint/private.h"

#define CONNECT_WITHIN_US (8 * G_USEC_PER_SEC)
#define SILENT_AFTER_US   (5 * G_USEC_PER_SEC)
#define LOST_AFTER_US     (2 * G_USEC_PER_SEC) // reports come each second even without media
#define LOST_EVERY_US     G_USEC_PER_SEC
#define CHECK_EVERY_US    (G_USEC_PER_SEC / 10)
#define UNREACHABLE_TIMES 3       // checks in a row
#define GUESS_BPS         4000000 // of the way to the MCU
#define REPORT_EVERY_US   G_USEC_PER_SEC
#define ARRIVALS_EVERY_US (G_USEC_PER_SEC / 10)

static void change_state(struct endpoint *endpoint, enum peer_state state, const char *reason)
{
    if (endpoint->state == PEER_FAILED || endpoint->state == state)
        return;
    endpoint->state = state;
    if (endpoint->config.events.state_changed)
        endpoint->config.events.state_changed(endpoint->config.user, state, reason);
}

static void peer_changed(void *user, enum peer_state state, const char *reason)
{
    struct endpoint *endpoint = user;
    if (state == PEER_CONNECTED) {
        endpoint->next_report_us = g_get_monotonic_time();
        g_source_set_ready_time(endpoint->wake, 0);
    }
    change_state(endpoint, state, reason);
}

void endpoint_rtcp_begin(const struct endpoint *endpoint, struct bytes_writer *out,
        uint8_t buffer[ENDPOINT_RTCP_MAX])
{
    const struct rtcp_report report = { .ssrc = endpoint->feedback_ssrc };
    bytes_writer_init(out, buffer, ENDPOINT_RTCP_MAX);
    rtcp_write_report(out, &report);
}

void endpoint_rtcp_send(struct endpoint *endpoint, const struct bytes_writer *out)
{
    if (endpoint->state != PEER_CONNECTED || bytes_writer_status(out) <= 0)
        return;
    const struct endpoint_config *config = &endpoint->config;
    if (config->path)
        config->path(config->user, ENDPOINT_OUT, true, out->begin, bytes_writer_size(out));
    else
        peer_send_rtcp(endpoint->peer, out->begin, bytes_writer_size(out));
}

int endpoint_send_rtp(struct endpoint *endpoint, const uint8_t *packet, size_t size)
{
    const struct endpoint_config *config = &endpoint->config;
    if (!config->path)
        return peer_send_rtp(endpoint->peer, packet, size);
    config->path(config->user, ENDPOINT_OUT, false, packet, size);
    return 0;
}

static void peer_gave_rtp(void *user, uint8_t *data, size_t size)
{
    struct endpoint *endpoint = user;
    if (endpoint->config.path)
        endpoint->config.path(endpoint->config.user, ENDPOINT_IN, false, data, size);
    else
        endpoint_take_rtp(endpoint, data, size);
}

static void peer_gave_rtcp(void *user, const uint8_t *data, size_t size)
{
    struct endpoint *endpoint = user;
    if (endpoint->config.path)
        endpoint->config.path(endpoint->config.user, ENDPOINT_IN, true, data, size);
    else
        endpoint_take_rtcp(endpoint, data, size);
}

void endpoint_pass(
        struct endpoint *endpoint, enum endpoint_way way, bool is_rtcp, uint8_t *data, size_t size)
{
    if (endpoint->state != PEER_CONNECTED)
        return;
    if (way == ENDPOINT_IN && is_rtcp)
        endpoint_take_rtcp(endpoint, data, size);
    else if (way == ENDPOINT_IN)
        endpoint_take_rtp(endpoint, data, size);
    else if (is_rtcp)
        peer_send_rtcp(endpoint->peer, data, size);
    else
        peer_send_rtp(endpoint->peer, data, size);
}

static size_t report_blocks(struct endpoint *endpoint, int64_t now_us, struct rtcp_report *report)
{
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct receive_stats *stats = &endpoint->receivers[line].stats;
        if (stats->started)
            receive_stats_report(stats, now_us, &report->blocks[report->block_count++]);
    }
    return report->block_count;
}

// A sender report for each line that we send; the first report carries what we received.
static void send_reports(struct endpoint *endpoint, int64_t now_us)
{
    uint8_t buffer[ENDPOINT_RTCP_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, buffer, sizeof(buffer));
    bool has_blocks = false;
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct rtcp_report report;
        if (!endpoint_sender_report(endpoint, (enum sdp_line)line, now_us, &report))
            continue;
        if (!has_blocks)
            report_blocks(endpoint, now_us, &report);
        has_blocks = true;
        rtcp_write_report(&out, &report);
        rtcp_write_cname(&out, report.ssrc, endpoint->cname);
    }
    if (!has_blocks) {
        struct rtcp_report report = { .ssrc = endpoint->feedback_ssrc };
        report_blocks(endpoint, now_us, &report);
        rtcp_write_report(&out, &report);
        rtcp_write_cname(&out, report.ssrc, endpoint->cname);
    }
    endpoint_rtcp_send(endpoint, &out);
}

static void send_arrivals(struct endpoint *endpoint)
{
    uint8_t buffer[ENDPOINT_RTCP_MAX];
    struct bytes_writer out;
    uint32_t media_ssrc = endpoint->receivers[SDP_MAIN].ssrc;
    if (media_ssrc == 0)
        media_ssrc = endpoint->receivers[SDP_AUDIO].ssrc;
    endpoint_rtcp_begin(endpoint, &out, buffer);
    if (transport_cc_write(endpoint->arrivals, &out, endpoint->feedback_ssrc, media_ssrc))
        endpoint_rtcp_send(endpoint, &out);
}

// What is due by the clock while connected; returns when the next thing is.
static int64_t do_due(struct endpoint *endpoint, int64_t now_us)
{
    if (now_us >= endpoint->next_report_us) {
        bandwidth_poll(&endpoint->bandwidth, now_us);
        send_reports(endpoint, now_us);
        // Not all rooms of a process in the same millisecond.
        endpoint->next_report_us = now_us + REPORT_EVERY_US * g_random_int_range(90, 110) / 100;
    }
    int64_t next_us = endpoint->next_report_us;
    if (endpoint->arrivals) {
        if (now_us >= endpoint->next_arrivals_us) {
            send_arrivals(endpoint);
            endpoint->next_arrivals_us = now_us + ARRIVALS_EVERY_US;
        }
        next_us = MIN(next_us, endpoint->next_arrivals_us);
    }
    const int64_t receive_us = endpoint_receive_due(endpoint, now_us);
    return receive_us >= 0 ? MIN(next_us, receive_us) : next_us;
}

// Whether our packets find no way out of this machine, as after a change of its address.
static bool is_unreachable(struct endpoint *endpoint, int64_t now_us)
{
    if (now_us >= endpoint->next_check_us) {
        const uint64_t unreachable = peer_counters(endpoint->peer)->send_unreachable;
        const bool is_more = unreachable > endpoint->unreachable_before;
        endpoint->unreachable_checks = is_more ? endpoint->unreachable_checks + 1 : 0;
        endpoint->unreachable_before = unreachable;
        endpoint->next_check_us = now_us + CHECK_EVERY_US;
    }
    return endpoint->unreachable_checks >= UNREACHABLE_TIMES;
}

static void watch_path(struct endpoint *endpoint, int64_t now_us)
{
    const int64_t last_in_us = peer_counters(endpoint->peer)->last_in_us;
    const int64_t silent_us = now_us - MAX(last_in_us, endpoint->answered_us);
    const bool is_dead = is_unreachable(endpoint, now_us) || silent_us >= LOST_AFTER_US;
    if (silent_us >= SILENT_AFTER_US) {
        change_state(endpoint, PEER_FAILED, "media.silent");
    } else if (is_dead && !endpoint->is_restarting && now_us - endpoint->lost_us >= LOST_EVERY_US) {
        endpoint->lost_us = now_us;
        if (endpoint->config.events.path_lost)
            endpoint->config.events.path_lost(endpoint->config.user);
    }
}

static gboolean on_wake(gpointer data)
{
    struct endpoint *endpoint = data;
    const int64_t now_us = g_get_monotonic_time();
    if (endpoint->state == PEER_FAILED || endpoint->state == PEER_NEW) {
        g_source_set_ready_time(endpoint->wake, -1);
        return G_SOURCE_CONTINUE;
    }
    if (endpoint->state == PEER_CONNECTING) {
        const int64_t deadline_us = endpoint->answered_us + CONNECT_WITHIN_US;
        g_source_set_ready_time(endpoint->wake, deadline_us);
        if (now_us >= deadline_us)
            change_state(endpoint, PEER_FAILED, "media.connect_timeout");
        return G_SOURCE_CONTINUE;
    }
    g_source_set_ready_time(endpoint->wake, do_due(endpoint, now_us));
    watch_path(endpoint, now_us);
    return G_SOURCE_CONTINUE;
}

void endpoint_begin_polling(struct endpoint *endpoint)
{
    if (endpoint->state != PEER_CONNECTED || endpoint->config.path)
        return;
    endpoint_count_only(endpoint);
    g_source_set_ready_time(endpoint->wake, -1);
    peer_take_socket(endpoint->peer);
    endpoint->is_polled = true;
}

void endpoint_poll(struct endpoint *endpoint)
{
    if (!endpoint->is_polled || endpoint->state != PEER_CONNECTED)
        return;
    peer_read_socket(endpoint->peer, endpoint_count_raw_rtp);
    const int64_t now_us = g_get_monotonic_time();
    if (endpoint->state == PEER_CONNECTED)
        do_due(endpoint, now_us);
    watch_path(endpoint, now_us);
}

static gboolean dispatch_wake(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

static GSource *new_wake(struct endpoint *endpoint)
{
    static GSourceFuncs functions = { .dispatch = dispatch_wake };
    GSource *wake = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(wake, on_wake, endpoint, NULL);
    g_source_set_ready_time(wake, -1);
    g_source_attach(wake, endpoint->config.context);
    return wake;
}

int endpoint_open(const struct endpoint_config *config, struct endpoint **out)
{
    struct endpoint *endpoint = g_new0(struct endpoint, 1);
    endpoint->config = *config;
    endpoint->cname = g_strdup(config->cname);
    endpoint->config.cname = endpoint->cname;
    endpoint->wake = new_wake(endpoint);
    const struct peer_config peer_config = {
        .context = config->context,
        .certificate = config->certificate,
        .is_server = false,
        .local_addresses = config->local_addresses,
        .events = { peer_changed, peer_gave_rtp, peer_gave_rtcp },
        .user = endpoint,
    };
    const int rc = peer_open(&peer_config, &endpoint->peer);
    if (rc < 0) {
        endpoint_close(endpoint);
        return rc;
    }
    *out = endpoint;
    return 0;
}

static void say_bye(struct endpoint *endpoint)
{
    uint8_t buffer[ENDPOINT_RTCP_MAX];
    struct bytes_writer out;
    uint32_t ssrcs[SDP_LINE_COUNT];
    size_t count = 0;
    for (int line = 0; line < SDP_LINE_COUNT; line++)
        if (endpoint->senders[line].is_active)
            ssrcs[count++] = endpoint->senders[line].ssrc;
    if (count == 0)
        return;
    endpoint_rtcp_begin(endpoint, &out, buffer);
    rtcp_write_bye(&out, ssrcs, count);
    endpoint_rtcp_send(endpoint, &out);
}

void endpoint_close(struct endpoint *endpoint)
{
    if (!endpoint)
        return;
    if (endpoint->state == PEER_CONNECTED)
        say_bye(endpoint);
    peer_close(endpoint->peer);
    g_source_destroy(endpoint->wake);
    g_source_unref(endpoint->wake);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        endpoint_sender_stop(&endpoint->senders[line]);
        endpoint_receiver_stop(&endpoint->receivers[line]);
    }
    audio_jitter_free(endpoint->jitter);
    g_free(endpoint->arrivals);
    g_free(endpoint->scratch);
    g_free(endpoint->cname);
    g_free(endpoint);
}

static uint32_t new_ssrc(void)
{
    uint32_t ssrc = 0;
    while (ssrc == 0)
        ssrc = g_random_int();
    return ssrc;
}

static void describe_transport(const struct endpoint *endpoint, struct sdp_session *session)
{
    struct peer_description local;
    peer_local_description(endpoint->peer, &local);
    g_strlcpy(session->ice_ufrag, local.ice_ufrag, sizeof(session->ice_ufrag));
    g_strlcpy(session->ice_pwd, local.ice_pwd, sizeof(session->ice_pwd));
    g_strlcpy(session->fingerprint, local.fingerprint, sizeof(session->fingerprint));
    g_strlcpy(session->setup, "actpass", sizeof(session->setup));
    session->ice_lite = false;
    session->candidate_count = MIN(local.candidate_count, SDP_CANDIDATES_MAX);
    for (size_t i = 0; i < session->candidate_count; i++) {
        const struct peer_candidate *from = &local.candidates[i];
        struct sdp_candidate *to = &session->candidates[i];
        g_strlcpy(to->address, from->address, sizeof(to->address));
        g_strlcpy(to->foundation, from->foundation, sizeof(to->foundation));
        to->port = from->port;
        to->priority = from->priority;
    }
}

char *endpoint_offer(struct endpoint *endpoint)
{
    struct sdp_session *offer = &endpoint->offer;
    sdp_session_offer(offer);
    g_snprintf(offer->id, sizeof(offer->id), "%u%09u", g_random_int(),
            g_random_int_range(0, 1000000000));
    offer->version = 1;
    describe_transport(endpoint, offer);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct sdp_media *media = &offer->media[line];
        media->ssrc = new_ssrc();
        media->rtx_ssrc = media->rtx_payload_type ? new_ssrc() : 0;
        g_strlcpy(media->cname, endpoint->cname, sizeof(media->cname));
        if (endpoint->config.sound_only && line != SDP_AUDIO)
            media->sends = media->receives = false;
    }
    if (!endpoint->config.send_red)
        offer->media[SDP_AUDIO].red_payload_type = 0;
    endpoint->feedback_ssrc = offer->media[SDP_AUDIO].ssrc;
    return sdp_session_write(offer);
}

char *endpoint_restart(struct endpoint *endpoint)
{
    if (endpoint->state != PEER_CONNECTED || peer_restart_ice(endpoint->peer) < 0)
        return NULL;
    endpoint->is_restarting = true;
    endpoint->is_polled = false; // the new way's socket gives what comes by itself
    g_source_set_ready_time(endpoint->wake, 0);
    endpoint->offer.version++;
    describe_transport(endpoint, &endpoint->offer);
    return sdp_session_write(&endpoint->offer);
}

static void read_transport(const struct sdp_session *session, struct peer_description *remote)
{
    *remote = (struct peer_description){ .ice_lite = session->ice_lite,
        .dtls_active = strcmp(session->setup, "active") == 0,
        .candidate_count = MIN(session->candidate_count, PEER_CANDIDATES_MAX) };
    g_strlcpy(remote->ice_ufrag, session->ice_ufrag, sizeof(remote->ice_ufrag));
    g_strlcpy(remote->ice_pwd, session->ice_pwd, sizeof(remote->ice_pwd));
    g_strlcpy(remote->fingerprint, session->fingerprint, sizeof(remote->fingerprint));
    for (size_t i = 0; i < remote->candidate_count; i++) {
        const struct sdp_candidate *from = &session->candidates[i];
        struct peer_candidate *to = &remote->candidates[i];
        g_strlcpy(to->address, from->address, sizeof(to->address));
        g_strlcpy(to->foundation, from->foundation, sizeof(to->foundation));
        to->port = from->port;
        to->priority = from->priority;
    }
}

// The lines of an answer stand in the order of the offer (RFC 3264 §6).
static void start_lines(struct endpoint *endpoint, const struct sdp_session *answer)
{
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        endpoint_sender_start(
                endpoint, (enum sdp_line)line, &endpoint->offer.media[line], &answer->media[line]);
        endpoint_receiver_start(endpoint, (enum sdp_line)line, &answer->media[line]);
    }
}

int endpoint_answer(struct endpoint *endpoint, const char *sdp, const char **error)
{
    g_autofree struct sdp_session *answer = g_new0(struct sdp_session, 1);
    struct peer_description remote;
    const bool is_first = endpoint->state == PEER_NEW && endpoint->feedback_ssrc != 0;
    if (!is_first && !endpoint->is_restarting) {
        *error = "sdp.not_expected";
        return -EINVAL;
    }
    int rc = sdp_session_parse(sdp, answer, error);
    if (rc < 0)
        return rc;
    if (strcmp(answer->setup, "passive") != 0) {
        *error = "sdp.not_passive";
        return -EINVAL;
    }
    read_transport(answer, &remote);
    endpoint->answered_us = g_get_monotonic_time();
    rc = peer_set_remote_description(endpoint->peer, &remote);
    if (rc < 0) {
        *error = "sdp.bad_transport";
        return rc;
    }
    endpoint->is_restarting = false;
    if (!is_first) {
        endpoint->lost_us = endpoint->answered_us; // let it look for the way
        return 0;
    }
    const struct bandwidth_config bandwidth = { .start_bps = GUESS_BPS };
    bandwidth_init(&endpoint->bandwidth, &bandwidth);
    start_lines(endpoint, answer);
    change_state(endpoint, PEER_CONNECTING, NULL);
    g_source_set_ready_time(endpoint->wake, endpoint->answered_us + CONNECT_WITHIN_US);
    return 0;
}

enum peer_state endpoint_state(const struct endpoint *endpoint)
{
    return endpoint->state;
}

const char *endpoint_srtp_profile(const struct endpoint *endpoint)
{
    return peer_srtp_profile(endpoint->peer);
}

bool endpoint_may_send(const struct endpoint *endpoint, enum sdp_line line)
{
    return endpoint->senders[line].is_active;
}

enum audio_jitter_action endpoint_next_audio(
        struct endpoint *endpoint, struct audio_jitter_frame *frame)
{
    if (endpoint->jitter)
        return audio_jitter_next(endpoint->jitter, g_get_monotonic_time(), frame);
    *frame = (struct audio_jitter_frame){ .level = 127, .samples = 960 };
    return AUDIO_JITTER_SILENCE;
}

void endpoint_read_stats(const struct endpoint *endpoint, struct endpoint_stats *out)
{
    *out = endpoint->stats;
    out->transport = *peer_counters(endpoint->peer);
    out->estimate_bps = bandwidth_bps(&endpoint->bandwidth);
    out->has_estimate = bandwidth_source(&endpoint->bandwidth) != BANDWIDTH_GUESS;
    if (endpoint->jitter)
        out->audio = *audio_jitter_counters(endpoint->jitter);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        const struct endpoint_receiver *receiver = &endpoint->receivers[line];
        if (!receiver->stats.started)
            continue;
        out->lines[line].lost_in = receive_stats_lost(&receiver->stats);
        out->lines[line].jitter_us = receive_stats_jitter_us(&receiver->stats);
    }
}
