// SPDX-License-Identifier: Apache-2.0
#include "common/sdp/codecs.h"

#include <glib.h>
#include <string.h>

#define OPUS_FMTP "minptime=10;useinbandfec=1"

bool codecs_fmtp_value(const char *fmtp, const char *key, char *out, size_t room)
{
    size_t key_size = strlen(key);
    while (*fmtp) {
        fmtp += strspn(fmtp, " ;");
        size_t size = strcspn(fmtp, ";");
        if (size > key_size && fmtp[key_size] == '=' &&
                g_ascii_strncasecmp(fmtp, key, key_size) == 0) {
            size_t value_size = size - key_size - 1;
            if (value_size >= room)
                return false;
            memcpy(out, fmtp + key_size + 1, value_size);
            out[value_size] = '\0';
            g_strchomp(out);
            return true;
        }
        fmtp += size;
    }
    return false;
}

static int opus_suits(const char *fmtp)
{
    (void)fmtp; // all of them are hints (RFC 7587 §6.1)
    return 1;
}

static void opus_answer(const char *fmtp, char *out, size_t room)
{
    (void)fmtp;
    g_strlcpy(out, OPUS_FMTP, room);
}

static bool is_profile(const char *text)
{
    return strlen(text) == CODECS_PROFILE_SIZE - 1 &&
           strspn(text, "0123456789abcdefABCDEF") == CODECS_PROFILE_SIZE - 1;
}

// RFC 6184 §8.1: without a profile-level-id it is baseline at level 1.
static void h264_profile(const char *fmtp, char profile[CODECS_PROFILE_SIZE])
{
    if (!codecs_fmtp_value(fmtp, "profile-level-id", profile, CODECS_PROFILE_SIZE) ||
            !is_profile(profile))
        g_strlcpy(profile, "42000a", CODECS_PROFILE_SIZE);
}

// Mode 1 only: mode 0 has no fragments. What we encode is constrained baseline, which every
// profile's decoder plays; we ask for it back when it is offered.
static int h264_suits(const char *fmtp)
{
    char mode[4];
    if (!codecs_fmtp_value(fmtp, "packetization-mode", mode, sizeof(mode)) ||
            strcmp(mode, "1") != 0)
        return 0;
    char profile[CODECS_PROFILE_SIZE];
    h264_profile(fmtp, profile);
    bool is_constrained = g_ascii_xdigit_value(profile[2]) & 4; // constraint_set1_flag
    if (strncmp(profile, "42", 2) == 0)
        return is_constrained ? 3 : 2;
    return 1;
}

static void h264_answer(const char *fmtp, char *out, size_t room)
{
    char profile[CODECS_PROFILE_SIZE];
    h264_profile(fmtp, profile);
    g_snprintf(out, room, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=%.4s1f",
            profile);
}

static const struct codec codecs[] = {
    { SDP_OPUS, "audio", "opus", 48000, 2, opus_suits, opus_answer },
    { SDP_H264, "video", "H264", 90000, 0, h264_suits, h264_answer },
};

const struct codec *codecs_find(const char *kind, const char *name, int clock_rate, int channels)
{
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        const struct codec *codec = &codecs[i];
        if (strcmp(kind, codec->kind) == 0 && g_ascii_strcasecmp(name, codec->name) == 0 &&
                clock_rate == codec->clock_rate &&
                (codec->channels == 0 || channels == codec->channels))
            return codec;
    }
    return NULL;
}

const struct codec *codecs_of(enum sdp_codec id)
{
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        if (codecs[i].id == id)
            return &codecs[i];
    }
    return NULL;
}
