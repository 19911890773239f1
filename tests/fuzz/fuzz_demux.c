// SPDX-License-Identifier: Apache-2.0
// module: common/transport common/rtp
// demux_classify: what it calls RTP or RTCP has at least their fixed parts.
#include <stdlib.h>

#include "common/rtp/packet.h"
#include "common/transport/demux.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum demux_kind kind = demux_classify(data, size);
    size_t least = kind == DEMUX_RTP ? RTP_HEADER_SIZE : kind == DEMUX_UNKNOWN ? 0 : 8;
    if (size < least)
        abort();
    return 0;
}
