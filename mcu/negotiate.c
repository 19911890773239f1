// SPDX-License-Identifier: Apache-2.0
#include "mcu/negotiate.h"

#include <glib.h>
#include <string.h>

static uint32_t new_ssrc(void)
{
    uint32_t ssrc = 0;
    while (ssrc == 0)
        ssrc = g_random_int();
    return ssrc;
}

static void begin_session(struct sdp_session *answer)
{
    g_snprintf(answer->id, sizeof(answer->id), "%" G_GINT64_FORMAT, g_get_real_time());
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct sdp_media *media = &answer->media[line];
        if (!media->present || media->rejected)
            continue;
        media->ssrc = new_ssrc();
        media->rtx_ssrc = media->rtx_payload_type ? new_ssrc() : 0;
        g_strlcpy(media->cname, NEGOTIATE_CNAME, sizeof(media->cname));
    }
}

// RFC 8839 §4.4.1: ICE restarts within a session. A certificate may serve several of them.
static bool is_of_session(const struct sdp_session *offer, const struct sdp_session *former)
{
    return offer->id[0] && strcmp(offer->id, former->id) == 0 &&
           g_ascii_strcasecmp(offer->fingerprint, former->fingerprint) == 0;
}

static bool is_same_line(const struct sdp_media *now, const struct sdp_media *former)
{
    return now->present == former->present && now->rejected == former->rejected &&
           now->m_index == former->m_index && strcmp(now->mid, former->mid) == 0 &&
           now->sends == former->sends && now->receives == former->receives &&
           now->codec == former->codec && now->payload_type == former->payload_type &&
           now->rtx_payload_type == former->rtx_payload_type &&
           now->red_payload_type == former->red_payload_type;
}

static int continue_session(
        const struct negotiation *former, struct negotiation *out, const char **error)
{
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        if (is_same_line(&out->answer.media[line], &former->answer.media[line]))
            continue;
        *error = "sdp.lines_changed";
        return -EINVAL;
    }
    memcpy(out->answer.media, former->answer.media, sizeof(out->answer.media));
    memcpy(out->answer.id, former->answer.id, sizeof(out->answer.id));
    out->answer.version = former->answer.version + 1;
    out->is_same_session = true;
    out->is_ice_restart = strcmp(out->offer.ice_ufrag, former->offer.ice_ufrag) != 0 ||
                          strcmp(out->offer.ice_pwd, former->offer.ice_pwd) != 0;
    return 0;
}

int negotiate_start(const char *offer, const struct negotiation *former, struct negotiation *out,
        const char **error)
{
    out->is_same_session = out->is_ice_restart = false;
    int rc = sdp_session_parse(offer, &out->offer, error);
    if (rc < 0)
        return rc;
    rc = sdp_session_answer(&out->offer, &out->answer, error);
    if (rc < 0)
        return rc;
    if (former && is_of_session(&out->offer, &former->offer))
        return continue_session(former, out, error);
    begin_session(&out->answer);
    return 0;
}

void negotiate_remote(const struct negotiation *negotiation, struct peer_description *out)
{
    const struct sdp_session *offer = &negotiation->offer;
    *out = (struct peer_description){
        .ice_lite = offer->ice_lite,
        .dtls_active = strcmp(offer->setup, "passive") != 0,
        .candidate_count = MIN(offer->candidate_count, PEER_CANDIDATES_MAX),
    };
    g_strlcpy(out->ice_ufrag, offer->ice_ufrag, sizeof(out->ice_ufrag));
    g_strlcpy(out->ice_pwd, offer->ice_pwd, sizeof(out->ice_pwd));
    g_strlcpy(out->fingerprint, offer->fingerprint, sizeof(out->fingerprint));
    for (size_t i = 0; i < out->candidate_count; i++) {
        const struct sdp_candidate *from = &offer->candidates[i];
        struct peer_candidate *to = &out->candidates[i];
        g_strlcpy(to->address, from->address, sizeof(to->address));
        g_strlcpy(to->foundation, from->foundation, sizeof(to->foundation));
        to->port = from->port;
        to->priority = from->priority;
    }
}

char *negotiate_finish(struct negotiation *negotiation, const struct peer_description *local)
{
    struct sdp_session *answer = &negotiation->answer;
    g_strlcpy(answer->ice_ufrag, local->ice_ufrag, sizeof(answer->ice_ufrag));
    g_strlcpy(answer->ice_pwd, local->ice_pwd, sizeof(answer->ice_pwd));
    g_strlcpy(answer->fingerprint, local->fingerprint, sizeof(answer->fingerprint));
    answer->candidate_count = MIN(local->candidate_count, SDP_CANDIDATES_MAX);
    for (size_t i = 0; i < answer->candidate_count; i++) {
        const struct peer_candidate *from = &local->candidates[i];
        struct sdp_candidate *to = &answer->candidates[i];
        g_strlcpy(to->address, from->address, sizeof(to->address));
        g_strlcpy(to->foundation, from->foundation, sizeof(to->foundation));
        to->port = from->port;
        to->priority = from->priority;
    }
    return sdp_session_write(answer);
}
