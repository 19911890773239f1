// SPDX-License-Identifier: Apache-2.0
// The codecs that Rông speaks, one row each, and the header extensions it knows. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/sdp/session.h"

#define SDP_EXT_AUDIO_LEVEL   "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define SDP_EXT_ABS_SEND_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define SDP_EXT_TRANSPORT_CC \
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define SDP_EXT_MID "urn:ietf:params:rtp-hdrext:sdes:mid"

#define CODECS_PROFILE_SIZE 7 // "42e01f" and a NUL

struct codec {
    enum sdp_codec id;
    const char *kind; // of the m= line
    const char *name; // of a=rtpmap, any case
    int clock_rate;
    int channels; // 0: not said
    // How well a payload type with this fmtp ("" when there is none) suits us; 0: not at all.
    int (*suits)(const char *fmtp);
    // Our fmtp in an answer to that one.
    void (*answer)(const char *fmtp, char *out, size_t room);
};

// NULL: not one of ours.
const struct codec *codecs_find(const char *kind, const char *name, int clock_rate, int channels);
const struct codec *codecs_of(enum sdp_codec id);

// The value of `key` in "a=1;b=2" as text; false when it is absent or does not fit.
bool codecs_fmtp_value(const char *fmtp, const char *key, char *out, size_t room);
