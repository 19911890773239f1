// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/rtp/h264_pack.h"
#include "common/rtp/packet.h"
#include "common/transport/rtp_crypt.h"
#include "mcu/canvas/layout.h"
#include "tests/bench/clock.h"
#include "tests/bench/micro.h"

#define UNIT_SIZE   7500 // of a picture at 1.5 Mb/s and 25 a second
#define PAYLOAD_MAX 1168
#define PACKETS_MAX 64

struct cutting {
    uint8_t unit[UNIT_SIZE];
    uint8_t buffer[PACKETS_MAX * (RTP_HEADER_SIZE + PAYLOAD_MAX)];
    struct h264_pack_payload payloads[PACKETS_MAX];
    int count;
};

static void cut(void *user)
{
    struct cutting *cutting = user;
    const struct h264_pack_target target = { .buffer = cutting->buffer,
        .room = sizeof(cutting->buffer),
        .headroom = RTP_HEADER_SIZE,
        .payload_max = PAYLOAD_MAX,
        .payloads = cutting->payloads,
        .payloads_max = PACKETS_MAX };
    cutting->count = h264_pack(cutting->unit, sizeof(cutting->unit), &target);
}

static double measure_pack(const struct micro *micro)
{
    static struct cutting cutting;
    static const uint8_t start[] = { 0, 0, 0, 1, 0x41 };
    memset(cutting.unit, 0x55, sizeof(cutting.unit));
    memcpy(cutting.unit, start, sizeof(start));
    const double us = clock_time_us(cut, &cutting, micro->for_ms);
    return cutting.count > 1 ? us : -1;
}

struct protecting {
    struct rtp_crypt *crypt;
    uint8_t plain[RTP_HEADER_SIZE + PAYLOAD_MAX];
    uint16_t seq;
    int size;
};

static void protect(void *user)
{
    struct protecting *protecting = user;
    uint8_t packet[sizeof(protecting->plain) + RTP_CRYPT_TRAILER];
    memcpy(packet, protecting->plain, sizeof(protecting->plain));
    rtp_packet_set_seq(packet, protecting->seq++);
    protecting->size = rtp_crypt_protect_rtp(protecting->crypt, packet, sizeof(protecting->plain));
}

static double measure_protect(const struct micro *micro)
{
    const struct rtp_crypt_profile *profile = rtp_crypt_profile_find("SRTP_AEAD_AES_128_GCM");
    const struct rtp_crypt_keys keys = {
        .size = profile->key_size + profile->salt_size, .send = { 1 }, .receive = { 2 }
    };
    const struct rtp_header header = { .payload_type = 102, .ssrc = 7 };
    struct protecting protecting = { 0 };
    if (rtp_crypt_open(profile, &keys, &protecting.crypt) < 0 ||
            rtp_packet_write_header(protecting.plain, RTP_HEADER_SIZE, &header, NULL, NULL) < 0)
        return -1;
    const double us = clock_time_us(protect, &protecting, micro->for_ms);
    rtp_crypt_close(protecting.crypt);
    return protecting.size > 0 ? us : -1;
}

static void place(void *user)
{
    struct layout_rect *rects = user;
    layout_place(LAYOUT_GRID, 16, 1280, 720, rects);
    layout_place(LAYOUT_SPEAKER, 6, 1280, 720, rects);
}

static double measure_layout(const struct micro *micro)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    return clock_time_us(place, rects, micro->for_ms) / 2;
}

const struct micro_row micro_wire_rows[] = {
    { "wire.h264_pack", "µs", measure_pack, "one 7.5 kB picture cut into RTP payloads" },
    { "wire.protect_packet", "µs", measure_protect, "1 180 bytes, AES-128-GCM" },
    { "video.layout", "µs", measure_layout, "mean of a grid of 16 and a speaker of 6" },
    { 0 },
};
