// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/red.h"

#include <errno.h>

#include "common/base/bytes.h"

#define FOLLOWS_BIT 0x80 // another block header follows

// F, block payload type (7) · timestamp offset (14) · block
// length (10); the primary's has the first byte only.
static int read_headers(struct bytes_reader *in, struct red_block blocks[RED_BLOCKS_MAX])
{
    int count = 0;
    for (;;) {
        uint8_t first = bytes_read_u8(in);
        if (count == RED_BLOCKS_MAX || bytes_reader_status(in) < 0)
            return -EBADMSG;
        struct red_block *block = &blocks[count++];
        *block = (struct red_block){ .payload_type = first & 0x7f };
        if (!(first & FOLLOWS_BIT))
            return count;
        uint32_t rest = bytes_read_u24(in);
        block->timestamp_offset = (uint16_t)(rest >> 10);
        block->size = rest & RED_BLOCK_SIZE_MAX;
    }
}

int red_read(const uint8_t *payload, size_t size, struct red_block blocks[RED_BLOCKS_MAX])
{
    struct bytes_reader in;
    bytes_reader_init(&in, payload, size);
    int count = read_headers(&in, blocks);
    if (count < 0)
        return count;
    for (int i = 0; i < count; i++) {
        if (i == count - 1)
            blocks[i].size = bytes_reader_left(&in);
        blocks[i].data = bytes_read(&in, blocks[i].size);
    }
    int rc = bytes_reader_status(&in);
    return rc < 0 ? rc : count;
}

int red_write(uint8_t *out, size_t room, const struct red_block *blocks, size_t count)
{
    struct bytes_writer writer;
    if (count == 0)
        return -EINVAL;
    bytes_writer_init(&writer, out, room);
    for (size_t i = 0; i + 1 < count; i++) {
        const struct red_block *block = &blocks[i];
        if (block->size > RED_BLOCK_SIZE_MAX || block->timestamp_offset > RED_OFFSET_MAX)
            return -EINVAL;
        bytes_put_u8(&writer, FOLLOWS_BIT | (block->payload_type & 0x7f));
        bytes_put_u24(&writer, (uint32_t)block->timestamp_offset << 10 | (uint32_t)block->size);
    }
    bytes_put_u8(&writer, blocks[count - 1].payload_type & 0x7f);
    for (size_t i = 0; i < count; i++)
        bytes_put(&writer, blocks[i].data, blocks[i].size);
    return bytes_writer_status(&writer);
}
