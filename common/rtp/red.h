// SPDX-License-Identifier: Apache-2.0
// Redundant audio data (RFC 2198): read and write. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define RED_BLOCKS_MAX     8
#define RED_OFFSET_MAX     16383 // timestamp units before the primary
#define RED_BLOCK_SIZE_MAX 1023  // bytes of a redundant block

struct red_block {
    uint8_t payload_type;
    uint16_t timestamp_offset; // how much earlier than the packet's timestamp; 0 for the primary
    const uint8_t *data;       // lent
    size_t size;
};

// Blocks in the packet's order: the primary is the last. Returns how many, or -EBADMSG (also when
// there are more than RED_BLOCKS_MAX).
int red_read(
        const uint8_t *payload, size_t size, struct red_block blocks[RED_BLOCKS_MAX]) MUST_CHECK;
// The last of `blocks` is the primary. Returns the size,
// -ENOSPC, or -EINVAL when a block can not be told.
int red_write(uint8_t *out, size_t room, const struct red_block *blocks, size_t count) MUST_CHECK;
