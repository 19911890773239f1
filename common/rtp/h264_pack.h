// SPDX-License-Identifier: Apache-2.0
// H.264 access units → RTP payloads (RFC 6184, packetization-mode 1): parameter sets and other
// small NAL units in a STAP-A, large ones in FU-A fragments of equal size. Pure, no allocation.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

struct h264_pack_payload {
    uint8_t *data; // in the caller's buffer, `headroom` free bytes before it
    size_t size;
};

struct h264_pack_target {
    uint8_t *buffer;
    size_t room;
    size_t headroom;    // left free before each payload, for the RTP header
    size_t payload_max; // at least 64
    struct h264_pack_payload *payloads;
    size_t payloads_max;
};

// Cuts one Annex B access unit (3- or 4-byte start codes). Delimiters and
// filler are left out. Returns the number of payloads (the last one gets the
// marker bit), -EBADMSG (no NAL unit) or -ENOSPC. Fragments of one NAL unit
// are all of the same size but the last, which is not larger: one GSO burst.
int h264_pack(
        const uint8_t *access_unit, size_t size, const struct h264_pack_target *target) MUST_CHECK;
