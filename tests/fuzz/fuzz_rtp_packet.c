// SPDX-License-Identifier: Apache-2.0
// module: common/rtp
// rtp_packet_read and its extensions, rtx_write and rtx_restore, key_frame_starts_*.
#include <stdlib.h>
#include <string.h>

#include "common/rtp/key_frame.h"
#include "common/rtp/packet.h"
#include "common/rtp/rtx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_extensions(const struct rtp_packet *packet, unsigned int id)
{
    uint8_t level;
    bool voice;
    uint16_t seq;
    uint32_t time;
    char mid[17];
    if (rtp_packet_mid(packet, (uint8_t)id, mid, sizeof(mid)) && strlen(mid) >= sizeof(mid))
        abort();
    (void)rtp_packet_audio_level(packet, (uint8_t)id, &level, &voice);
    (void)rtp_packet_transport_seq(packet, (uint8_t)id, &seq);
    (void)rtp_packet_abs_send_time(packet, (uint8_t)id, &time);
}

// A retransmission of it, turned back, is the packet without its padding.
static void repeat(const uint8_t *data, size_t size, const struct rtp_packet *packet)
{
    static uint8_t rtx[70000];
    int written = rtx_write(rtx, sizeof(rtx), data, size, 1, 2, 3);
    if (written < 0)
        abort();
    int restored = rtx_restore(rtx, (size_t)written, packet->ssrc, packet->payload_type);
    if (restored != (int)(packet->header_size + packet->payload_size) ||
            memcmp(rtx + 1, data + 1, (size_t)restored - 1) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtp_packet packet;
    if (size > 65000 || rtp_packet_read(data, size, &packet) < 0)
        return 0;
    if (packet.header_size + packet.payload_size > size)
        abort();
    for (unsigned int id = 0; id < 256; id++)
        read_extensions(&packet, id);
    (void)key_frame_starts_h264(packet.payload, packet.payload_size);
    (void)key_frame_starts_vp8(packet.payload, packet.payload_size);
    repeat(data, size, &packet);
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    (void)rtp_packet_set_transport_seq(copy, size, 3, 9);
    (void)rtx_restore(copy, size, 1, 2);
    free(copy);
    return 0;
}
