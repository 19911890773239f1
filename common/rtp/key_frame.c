// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/key_frame.h"

enum { NAL_IDR = 5, NAL_SPS = 7, NAL_STAP_A = 24, NAL_FU_A = 28 };

static bool is_key_nal(uint8_t header)
{
    uint8_t type = header & 0x1f;
    return type == NAL_IDR || type == NAL_SPS;
}

static bool aggregate_has_key(const uint8_t *payload, size_t size)
{
    for (size_t at = 1; at + 3 <= size;) {
        size_t nal = (size_t)payload[at] << 8 | payload[at + 1];
        if (is_key_nal(payload[at + 2]))
            return true;
        at += 2 + nal;
    }
    return false;
}

bool key_frame_starts_h264(const uint8_t *payload, size_t size)
{
    if (size < 2)
        return false;
    switch (payload[0] & 0x1f) {
    case NAL_STAP_A:
        return aggregate_has_key(payload, size);
    case NAL_FU_A:
        return (payload[1] & 0x80) && is_key_nal(payload[1]);
    default:
        return is_key_nal(payload[0]);
    }
}

// Octet 1: X R N S R PID. With X: I L T K, then a picture id of one or two octets, and so on.
bool key_frame_starts_vp8(const uint8_t *payload, size_t size)
{
    if (size < 1)
        return false;
    bool starts = (payload[0] & 0x10) && (payload[0] & 0x07) == 0;
    size_t at = 1;
    if (payload[0] & 0x80) {
        if (size < 2)
            return false;
        uint8_t has = payload[1];
        at = 2;
        if (has & 0x80)
            at += at < size && (payload[at] & 0x80) ? 2 : 1;
        at += (has & 0x40) ? 1 : 0;
        at += (has & 0x30) ? 1 : 0;
    }
    return starts && at < size && !(payload[at] & 0x01);
}

bool key_frame_is_h264_unit(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 3 < size; at++) {
        if (data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 1 &&
                (data[at + 3] & 0x1f) == NAL_IDR)
            return true;
    }
    return false;
}
