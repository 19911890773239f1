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
#include "mcu/canvas/canvas.h"
#include "mcu/metrics.h"

#define KEY_FRAME_EVERY_US 1000000
#define EARLY_US           15000
#define STILL_FROM_US      1000000 // between pictures: each is a key frame
#define STILL_FACTOR       10      // the encoder takes a second for what has many
#define PACK_BYTES         (TIER_PACKETS_FRAME * TIER_PAYLOAD_MAX)

struct tier {
    struct tier_config config;
    struct h264_encoder *encoder;
    struct ring *rings[TIER_NETS_MAX]; // struct tier_packet

    _Atomic bool key_wanted, is_slow;

    // The compositor thread.
    int64_t key_asked_us, pushed_us;
    struct picture *scaled; // NULL: the canvas's size is the tier's

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
        packet.size = (uint16_t)payload->size;
        memcpy(packet.data + LINK_OUT_HEADROOM, payload->data, payload->size);
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
        .payload_max = (size_t)tier->config.shape.payload_max,
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
    atomic_init(&tier->is_slow, false);
    for (int net = 0; net < config->net_count; net++)
        tier->rings[net] = ring_new(sizeof(struct tier_packet), TIER_RING);

    const struct tier_shape *shape = &config->shape;
    const bool is_still = shape->interval_us > STILL_FROM_US;
    const struct h264_encoder_config encoder = {
        .width = shape->width,
        .height = shape->height,
        .fps = is_still ? 1 : 1000000 / shape->interval_us,
        .kbps = is_still ? shape->kbps * STILL_FACTOR : shape->kbps,
        .element = config->encoder,
        .key_frame_every = is_still ? 1 : 0,
    };
    if (shape->width != config->canvas_width || shape->height != config->canvas_height)
        tier->scaled = picture_new(shape->width, shape->height);
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
    picture_free(tier->scaled);
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

void tier_set_slow(struct tier *tier, bool is_slow)
{
    atomic_store(&tier->is_slow, is_slow);
}

void tier_want_key_frame(struct tier *tier)
{
    atomic_store(&tier->key_wanted, true);
}

bool tier_key_frame_is_due(const struct tier *tier, int64_t now_us)
{
    return tier->config.shape.interval_us <= STILL_FROM_US &&
           atomic_load(&((struct tier *)tier)->key_wanted) &&
           now_us - tier->key_asked_us >= KEY_FRAME_EVERY_US;
}

void tier_push(struct tier *tier, const struct picture *picture, int64_t now_us)
{
    const bool is_key = tier_key_frame_is_due(tier, now_us);
    // Half a picture's time of the fastest canvas: deadlines are not met to the microsecond.
    const int64_t interval_us =
            tier->config.shape.interval_us * (atomic_load(&tier->is_slow) ? 2 : 1);
    if (!is_key && now_us - tier->pushed_us < interval_us - EARLY_US)
        return;
    tier->pushed_us = now_us;
    if (is_key) {
        atomic_store(&tier->key_wanted, false);
        tier->key_asked_us = now_us;
        h264_encoder_request_key_frame(tier->encoder);
    }
    if (tier->scaled) {
        const struct layout_rect whole = { 0, 0, tier->scaled->width, tier->scaled->height };
        canvas_draw(tier->scaled, &whole, picture);
    }
    if (h264_encoder_push(tier->encoder, tier->scaled ? tier->scaled : picture, now_us) < 0)
        metric_add(&mcu_video_encoder_busy_total, 1);
}
