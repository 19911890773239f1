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

int negotiate_start(const char *offer, struct negotiation *out, const char **error)
{
    int rc = sdp_session_parse(offer, &out->offer, error);
    if (rc < 0)
        return rc;
    rc = sdp_session_answer(&out->offer, &out->answer, error);
    if (rc < 0)
        return rc;
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        struct sdp_media *media = &out->answer.media[line];
        if (!media->present || media->rejected)
            continue;
        media->ssrc = new_ssrc();
        media->rtx_ssrc = media->rtx_payload_type ? new_ssrc() : 0;
        g_strlcpy(media->cname, NEGOTIATE_CNAME, sizeof(media->cname));
    }
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
