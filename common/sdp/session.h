// SPDX-License-Identifier: Apache-2.0
// What an offer or answer says, as values; text is read and written with GStreamer's gstsdp.
// One exchange for an endpoint's whole life (docs/decisions/0002-one-negotiation.md): three bundled
// lines in this order: audio, main video, content video. A foreign peer (webrtcbin, WHIP) may offer
// fewer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define SDP_CANDIDATES_MAX 16
#define SDP_LINES_MAX      8
#define SDP_TEXT_MAX       65536

enum sdp_line { SDP_AUDIO, SDP_MAIN, SDP_CONTENT, SDP_LINE_COUNT };
enum sdp_codec { SDP_CODEC_NONE, SDP_OPUS, SDP_H264, SDP_VP8 };

struct sdp_candidate {
    char address[46];
    uint16_t port;
    uint32_t priority;
    char foundation[33];
};

// One m= line after codec matching: payload types and
// extension ids are the offerer's; 0 is "absent".
struct sdp_media {
    bool present;
    bool rejected; // port 0: no codec in common; still answered, in its place
    int m_index;   // position among the offer's m= lines
    char mid[33];
    bool sends, receives; // from the point of view of whoever wrote the description
    enum sdp_codec codec;
    uint8_t payload_type, rtx_payload_type, red_payload_type;
    char fmtp[256];
    uint8_t ext_audio_level; // urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464)
    uint8_t ext_transport_cc;
    uint8_t ext_mid;
    uint8_t ext_abs_send_time;
    bool nack, pli, transport_cc, remb;
    uint32_t ssrc, rtx_ssrc; // of the writer; 0: not said
    char cname[65];
};

struct sdp_session {
    // o=: the same in all that one side says of one session (RFC 8866 §5.2). Written as the time of
    // now where it is empty.
    char id[32];
    uint32_t version;
    char ice_ufrag[257];
    char ice_pwd[257];
    char fingerprint[96];
    bool ice_lite;
    char setup[9]; // "actpass", "active", "passive"
    size_t candidate_count;
    struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
    struct sdp_media media[SDP_LINE_COUNT];
    // All m= lines of the text, also those we reject, so that they can be rejected in place.
    int m_count;
    char m_kinds[SDP_LINES_MAX][16];   // "audio", "video", "application" …
    char m_protos[SDP_LINES_MAX][32];  // "UDP/TLS/RTP/SAVPF"
    char m_formats[SDP_LINES_MAX][32]; // the first one
    char m_mids[SDP_LINES_MAX][33];
};

// Stable error codes of the readers: "sdp.syntax", "sdp.too_large" (over 64 KiB or 8 lines),
// "sdp.no_usable_codec", "sdp.no_fingerprint" (SHA-256 only), "sdp.no_ice", "sdp.not_bundled",
// "sdp.bad_setup" (the offerer insists on being DTLS server).

// Reads an offer or an answer. Returns 0 or -EINVAL with *error set to a stable code (a literal).
int sdp_session_parse(const char *text, struct sdp_session *out, const char **error) MUST_CHECK;
// The MCU's side: codecs and extensions both know, directions mirrored, setup passive, ICE-lite.
// Fills everything but our transport (ufrag, pwd, fingerprint, candidates) and SSRCs.
int sdp_session_answer(
        const struct sdp_session *offer, struct sdp_session *answer, const char **error) MUST_CHECK;
// The endpoint's side: the house's own offer (Opus, RED, H.264 + RTX, our extension ids).
void sdp_session_offer(struct sdp_session *offer);
// The text; g_free.
char *sdp_session_write(const struct sdp_session *session);
