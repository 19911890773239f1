// SPDX-License-Identifier: Apache-2.0
// Does a key frame start in this RTP payload? Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// An SPS, or the first fragment or whole of an IDR slice (RFC 6184).
bool key_frame_starts_h264(const uint8_t *payload, size_t size);
// RFC 7741: first partition of a frame whose inverse key frame bit is 0.
bool key_frame_starts_vp8(const uint8_t *payload, size_t size);
// The same question of an Annex B access unit: has it an IDR slice?
bool key_frame_is_h264_unit(const uint8_t *data, size_t size);
