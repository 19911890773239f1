// SPDX-License-Identifier: Apache-2.0
// Retransmission payload format (RFC 4588, SSRC multiplexing). Pure, no allocation.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define RTX_OVERHEAD 2 // bytes that the original sequence number adds

// Writes `packet` (a whole RTP packet) as a retransmission. Its size, -ENOSPC, or -EBADMSG.
int rtx_write(uint8_t *out, size_t room, const uint8_t *packet, size_t size, uint32_t rtx_ssrc,
        uint8_t rtx_payload_type, uint16_t rtx_seq) MUST_CHECK;
// Turns a retransmission back into the original, in place. Its size, -EBADMSG (malformed) or
// -ENODATA (an empty one: padding for a probe).
int rtx_restore(uint8_t *packet, size_t size, uint32_t original_ssrc,
        uint8_t original_payload_type) MUST_CHECK;
