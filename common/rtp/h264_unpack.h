// SPDX-License-Identifier: Apache-2.0
// H.264 RTP payloads in sequence → Annex B access units (RFC 6184
// modes 0 and 1). A lost packet spoils its access unit and all that
// follow until a key frame: they are dropped. Memory is taken once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h264_unpack;

struct h264_access_unit {
    const uint8_t *data; // Annex B with 4-byte start codes; lent until the call returns
    size_t size;
    uint32_t timestamp;
    bool is_key_frame; // IDR, with parameter sets before it (repeated from earlier ones if need be)
};

typedef void h264_unpack_fn(void *user, const struct h264_access_unit *unit);

// Access units larger than `unit_max` bytes are dropped as if lost.
struct h264_unpack *h264_unpack_new(size_t unit_max, h264_unpack_fn *fn, void *user);
void h264_unpack_free(struct h264_unpack *unpack);
// One packet in sequence order (reorder.h sees to that); a step in `seq` is a loss, old ones are
// ignored. Calls `fn` for each access unit that it completes. Malformed payloads count as lost.
void h264_unpack_push(struct h264_unpack *unpack, uint16_t seq, uint32_t timestamp, bool marker,
        const uint8_t *payload, size_t size);
// True from a loss (and from the start) until a key frame came
// whole: ask with a PLI, not too often.
bool h264_unpack_needs_key_frame(const struct h264_unpack *unpack);
// The source was exchanged or the decoder failed: drop what is begun and wait for a key frame.
void h264_unpack_reset(struct h264_unpack *unpack);
