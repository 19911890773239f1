// SPDX-License-Identifier: Apache-2.0
// module: common/rtp
// rtcp_next and every reader of what it finds.
#include <stdlib.h>

#include "common/rtp/feedback.h"
#include "common/rtp/rtcp.h"
#include "common/rtp/transport_cc.h"

#define ROOM 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_feedback(const struct rtcp_packet *packet)
{
    uint32_t ssrc;
    uint8_t command;
    uint64_t bps;
    uint16_t seqs[ROOM];
    struct transport_cc_result results[ROOM];
    (void)feedback_kind(packet);
    if (feedback_read_nack(packet, &ssrc, seqs, ROOM) > (int)packet->size * 17 / 4)
        abort();
    (void)!feedback_read_pli(packet, &ssrc);
    (void)!feedback_read_fir(packet, &ssrc, &command);
    (void)!feedback_read_remb(packet, &bps);
    (void)!transport_cc_read(packet, results, ROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtcp_packet packet;
    size_t at = 0;
    while (rtcp_next(data, size, &at, &packet) > 0) {
        struct rtcp_report report;
        char cname[RTCP_CNAME_MAX + 1];
        uint32_t ssrcs[RTCP_BLOCKS_MAX];
        if (packet.body + packet.size > data + size)
            abort();
        if (rtcp_read_report(&packet, &report) == 0) {
            for (size_t i = 0; i < report.block_count; i++)
                (void)rtcp_round_trip_us(&report.blocks[i], report.ntp);
        }
        (void)!rtcp_read_cname(&packet, ssrcs, cname);
        (void)!rtcp_read_bye(&packet, ssrcs, RTCP_BLOCKS_MAX);
        read_feedback(&packet);
    }
    return 0;
}
