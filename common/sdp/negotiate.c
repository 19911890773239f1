// SPDX-License-Identifier: Apache-2.0
// Offer × our abilities → answer; and the house's own offer.
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/sdp/codecs.h"
#include "common/sdp/session.h"

// The numbers that Chromium uses too, so that traces look alike.
#define OPUS_TYPE            111
#define RED_TYPE             63
#define H264_TYPE            108
#define H264_RTX_TYPE        109
#define EXT_AUDIO_LEVEL_ID   1
#define EXT_ABS_SEND_TIME_ID 2
#define EXT_TRANSPORT_CC_ID  3
#define EXT_MID_ID           4

#define RTP_PROTO "UDP/TLS/RTP/SAVPF"

static void answer_media(const struct sdp_media *offer, struct sdp_media *answer)
{
    *answer = *offer;
    answer->ssrc = 0;
    answer->rtx_ssrc = 0;
    answer->cname[0] = '\0';
    if (!offer->present || offer->rejected)
        return;
    answer->sends = offer->receives;
    answer->receives = offer->sends;
    if (offer->codec == SDP_OPUS) { // sound is repaired by FEC and RED, never by asking again
        answer->nack = false;
        answer->rtx_payload_type = 0;
    }
    codecs_of(offer->codec)->answer(offer->fmtp, answer->fmtp, sizeof(answer->fmtp));
}

int sdp_session_answer(
        const struct sdp_session *offer, struct sdp_session *answer, const char **error)
{
    memset(answer, 0, sizeof(*answer));
    *error = NULL;
    // RFC 8842 §5.2: an offer without a=setup is not a DTLS offer;
    // "passive" would make us the client.
    if (strcmp(offer->setup, "actpass") != 0 && strcmp(offer->setup, "active") != 0) {
        *error = "sdp.bad_setup";
        return -EINVAL;
    }
    int used = 0;
    for (int i = 0; i < SDP_LINE_COUNT; i++) {
        answer_media(&offer->media[i], &answer->media[i]);
        used += offer->media[i].present && !offer->media[i].rejected;
    }
    if (used == 0) {
        *error = "sdp.no_usable_codec";
        return -EINVAL;
    }
    g_strlcpy(answer->setup, "passive", sizeof(answer->setup));
    answer->ice_lite = true;
    answer->m_count = offer->m_count;
    memcpy(answer->m_kinds, offer->m_kinds, sizeof(answer->m_kinds));
    memcpy(answer->m_protos, offer->m_protos, sizeof(answer->m_protos));
    memcpy(answer->m_formats, offer->m_formats, sizeof(answer->m_formats));
    memcpy(answer->m_mids, offer->m_mids, sizeof(answer->m_mids));
    return 0;
}

static void offer_line(struct sdp_session *offer, enum sdp_line line, const char *kind)
{
    struct sdp_media *media = &offer->media[line];
    int index = (int)line;
    media->present = true;
    media->m_index = index;
    g_snprintf(media->mid, sizeof(media->mid), "%d", index);
    media->sends = true;
    media->receives = true;
    media->ext_transport_cc = EXT_TRANSPORT_CC_ID;
    media->ext_mid = EXT_MID_ID;
    media->ext_abs_send_time = EXT_ABS_SEND_TIME_ID;
    media->transport_cc = true;
    g_strlcpy(offer->m_kinds[index], kind, sizeof(offer->m_kinds[index]));
    g_strlcpy(offer->m_protos[index], RTP_PROTO, sizeof(offer->m_protos[index]));
    g_strlcpy(offer->m_mids[index], media->mid, sizeof(offer->m_mids[index]));
    offer->m_count = index + 1;
}

static void offer_video(struct sdp_session *offer, enum sdp_line line)
{
    offer_line(offer, line, "video");
    struct sdp_media *media = &offer->media[line];
    media->codec = SDP_H264;
    media->payload_type = H264_TYPE;
    media->rtx_payload_type = H264_RTX_TYPE;
    codecs_of(SDP_H264)->answer("profile-level-id=42e01f", media->fmtp, sizeof(media->fmtp));
    media->nack = true;
    media->pli = true;
    media->remb = true;
}

void sdp_session_offer(struct sdp_session *offer)
{
    memset(offer, 0, sizeof(*offer));
    g_strlcpy(offer->setup, "actpass", sizeof(offer->setup));
    offer_line(offer, SDP_AUDIO, "audio");
    struct sdp_media *audio = &offer->media[SDP_AUDIO];
    audio->codec = SDP_OPUS;
    audio->payload_type = OPUS_TYPE;
    audio->red_payload_type = RED_TYPE;
    audio->ext_audio_level = EXT_AUDIO_LEVEL_ID;
    codecs_of(SDP_OPUS)->answer("", audio->fmtp, sizeof(audio->fmtp));
    offer_video(offer, SDP_MAIN);
    offer_video(offer, SDP_CONTENT);
}
