// SPDX-License-Identifier: Apache-2.0
// module: common/rtp
// red_read; what is read can be written and is the same bytes.
#include <stdlib.h>
#include <string.h>

#include "common/rtp/red.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct red_block blocks[RED_BLOCKS_MAX];
    static uint8_t out[70000];
    if (size > sizeof(out))
        return 0;
    int count = red_read(data, size, blocks);
    if (count < 0)
        return 0;
    int written = red_write(out, sizeof(out), blocks, (size_t)count);
    if (written != (int)size || memcmp(out, data, size) != 0)
        abort();
    return 0;
}
