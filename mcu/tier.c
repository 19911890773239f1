// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "tier"

#include "mcu/tier.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/media/h264_encoder.h"
#include "common/rtp/h264_pack.h"
#include "mcu/metrics.h"

#define KEY_FRAME_EVERY_US 1000000
#define PACK_BYTES         (TIER_PACKETS_FRAME * (RTP_HEADER_SIZE + TIER_PAYLOAD_MAX))

struct tier {
    struct tier_config config;
    struct h264_encoder *encoder;
    struct ring *rings[TIER_NETS_MAX]; // struct tier_packet

    _Atomic bool key_wanted;
    int64_t key_asked_us; // compositor thread

    // The encoder's thread.
    uint16_t seq;
    uint8_t buffer[PACK_BYTES];
    struct h264_pack_payload payloads[TIER_PACKETS_FRAME];
};

static bool has_room(const struct tier *tier, size_t count)
{
    bool all = true;
    for (int net = 0; net < tier->config.net_count; net++)
        all = all && ring_size(tier->rings[net]) + count <= TIER_RING;
    return all;
}

static void give(struct tier *tier, const struct tier_packet *packet)
{
    for (int net = 0; net < tier->config.net_count; net++) {
        bool pushed = ring_push(tier->rings[net], packet);
        (void)pushed; // has_room() was asked
    }
}

static void wake_nets(const struct tier *tier)
{
    const uint64_t one = 1;
    for (int net = 0; net < tier->config.net_count; net++) {
        ssize_t written = write(tier->config.net_wake_fds[net], &one, sizeof(one));
        (void)written;
    }
}

static void give_all(struct tier *tier, int count, bool is_key, int64_t pts_us)
{
    struct tier_packet packet = {
        .pts_us = pts_us,
        .is_key = is_key,
        .timestamp = (uint32_t)(pts_us * 9 / 100),
    };
    for (int i = 0; i < count; i++) {
        const struct h264_pack_payload *payload = &tier->payloads[i];
        packet.is_first = i == 0;
        packet.is_last = i == count - 1;
        packet.seq = tier->seq++;
        packet.size = (uint16_t)(RTP_HEADER_SIZE + payload->size);
        memcpy(packet.data + RTP_HEADER_SIZE, payload->data, payload->size);
        const struct rtp_header header = {
            .marker = packet.is_last,
            .seq = packet.seq,
            .timestamp = packet.timestamp,
        };
        int written = rtp_packet_write_header(packet.data, RTP_HEADER_SIZE, &header, NULL, NULL);
        (void)written; // a bare header is RTP_HEADER_SIZE
        give(tier, &packet);
    }
    wake_nets(tier);
}

static void on_unit(void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    struct tier *tier = user;
    const struct h264_pack_target target = {
        .buffer = tier->buffer,
        .room = sizeof(tier->buffer),
        .payload_max = TIER_PAYLOAD_MAX,
        .payloads = tier->payloads,
        .payloads_max = TIER_PACKETS_FRAME,
    };
    int count = h264_pack(data, size, &target);
    if (count < 0) {
        metric_add(&mcu_video_pack_failed_total, 1);
        tier_want_key_frame(tier);
        return;
    }
    metric_add(&mcu_video_encoded_total, 1);
    metric_add(&mcu_video_encoded_bytes_total, (int64_t)size);
    metric_add(&mcu_video_key_frames_total, is_key_frame);
    if (!has_room(tier, (size_t)count)) {
        metric_add(&mcu_video_out_ring_full_total, 1);
        tier_want_key_frame(tier);
        return;
    }
    give_all(tier, count, is_key_frame, pts_us);
}

int tier_open(const struct tier_config *config, struct tier **out)
{
    struct tier *tier = g_new0(struct tier, 1);
    tier->config = *config;
    atomic_init(&tier->key_wanted, false);
    for (int net = 0; net < config->net_count; net++)
        tier->rings[net] = ring_new(sizeof(struct tier_packet), TIER_RING);

    const struct h264_encoder_config encoder = {
        .width = config->width,
        .height = config->height,
        .fps = config->fps,
        .kbps = config->kbps,
    };
    int rc = h264_encoder_open(&encoder, on_unit, tier, &tier->encoder);
    if (rc < 0) {
        log_error("no H.264 encoder errno=%d", -rc);
        tier_close(tier);
        return rc;
    }
    metric_add(&mcu_encoders, 1);
    *out = tier;
    return 0;
}

void tier_close(struct tier *tier)
{
    if (!tier)
        return;
    if (tier->encoder)
        metric_add(&mcu_encoders, -1);
    h264_encoder_close(tier->encoder);
    for (int net = 0; net < TIER_NETS_MAX; net++)
        ring_free(tier->rings[net]);
    g_free(tier);
}

const struct tier_config *tier_config(const struct tier *tier)
{
    return &tier->config;
}

struct ring *tier_ring(struct tier *tier, int net)
{
    return tier->rings[net];
}

void tier_want_key_frame(struct tier *tier)
{
    atomic_store(&tier->key_wanted, true);
}

bool tier_key_frame_is_due(const struct tier *tier, int64_t now_us)
{
    return atomic_load(&((struct tier *)tier)->key_wanted) &&
           now_us - tier->key_asked_us >= KEY_FRAME_EVERY_US;
}

void tier_push(struct tier *tier, const struct picture *picture, int64_t now_us)
{
    if (tier_key_frame_is_due(tier, now_us)) {
        atomic_store(&tier->key_wanted, false);
        tier->key_asked_us = now_us;
        h264_encoder_request_key_frame(tier->encoder);
    }
    if (h264_encoder_push(tier->encoder, picture, now_us) < 0)
        metric_add(&mcu_video_encoder_busy_total, 1);
}
