// SPDX-License-Identifier: Apache-2.0
#include "mcu/video_in.h"

#include <glib.h>

#include "common/rtp/h264_unpack.h"
#include "common/rtp/reorder.h"
#include "mcu/metrics.h"

#define CAPACITY       512
#define PACKET_MAX     1500
#define WAIT_MAX_MS    400
#define FIRST_RETRY_MS 60
#define UNIT_BYTES_MAX (512 * 1024)
#define PLI_EVERY_US   500000

struct video_in {
    struct h264_decoder *decoder; // lent
    struct reorder *reorder;
    struct h264_unpack *unpack;
    uint32_t round_trip_ms;
    uint64_t given_up; // already counted
    bool needs_key_frame;
    int64_t pli_us;
    bool has_timestamp;
    uint32_t last_timestamp;
    int64_t timestamp; // unwrapped
};

static void on_unit(void *user, const struct h264_access_unit *unit)
{
    struct video_in *in = user;
    if (!in->has_timestamp)
        in->last_timestamp = unit->timestamp;
    in->has_timestamp = true;
    in->timestamp += rtp_timestamp_distance(in->last_timestamp, unit->timestamp);
    in->last_timestamp = unit->timestamp;

    int rc = h264_decoder_push(
            in->decoder, unit->data, unit->size, in->timestamp > 0 ? in->timestamp * 100 / 9 : 0);
    if (rc == 0)
        return;
    metric_add(&mcu_video_decode_busy_total, 1);
    in->needs_key_frame = true;
}

struct video_in *video_in_new(void)
{
    struct video_in *in = g_new0(struct video_in, 1);
    in->round_trip_ms = FIRST_RETRY_MS;
    return in;
}

static void drop_buffers(struct video_in *in)
{
    reorder_free(in->reorder);
    h264_unpack_free(in->unpack);
    in->reorder = NULL;
    in->unpack = NULL;
}

void video_in_free(struct video_in *in)
{
    if (!in)
        return;
    drop_buffers(in);
    g_free(in);
}

static void take_buffers(struct video_in *in)
{
    const struct reorder_config config = {
        .capacity = CAPACITY,
        .packet_max = PACKET_MAX,
        .wait_max_ms = WAIT_MAX_MS,
        .retry_after_ms = in->round_trip_ms,
    };
    in->reorder = reorder_new(&config);
    in->unpack = h264_unpack_new(UNIT_BYTES_MAX, on_unit, in);
    in->given_up = 0;
    in->has_timestamp = false;
    in->timestamp = 0;
    in->needs_key_frame = true;
    in->pli_us = 0;
}

void video_in_set_decoder(struct video_in *in, struct h264_decoder *decoder)
{
    in->decoder = decoder;
    drop_buffers(in);
    if (decoder)
        take_buffers(in);
}

void video_in_restart(struct video_in *in)
{
    video_in_set_decoder(in, in->decoder);
}

static void unpack_ready(struct video_in *in, int64_t now_us)
{
    uint16_t seq = 0;
    size_t size = 0;
    const uint8_t *data;
    while ((data = reorder_next(in->reorder, now_us / 1000, &seq, &size)) != NULL) {
        struct rtp_packet packet;
        if (rtp_packet_read(data, size, &packet) < 0)
            continue;
        h264_unpack_push(in->unpack, seq, packet.timestamp, packet.marker, packet.payload,
                packet.payload_size);
    }
    const uint64_t given_up = reorder_given_up(in->reorder);
    metric_add(&mcu_video_in_given_up_total, (int64_t)(given_up - in->given_up));
    in->given_up = given_up;
}

void video_in_push(struct video_in *in, const uint8_t *data, size_t size,
        const struct rtp_packet *packet, int64_t now_us)
{
    if (!in->decoder) {
        metric_add(&mcu_video_in_off_canvas_total, 1);
        return;
    }
    if (packet->payload_size == 0) // a probe
        return;
    if (!reorder_push(in->reorder, packet->seq, data, size, now_us / 1000)) {
        metric_add(&mcu_video_in_refused_total, 1);
        return;
    }
    unpack_ready(in, now_us);
}

size_t video_in_poll(
        struct video_in *in, int64_t now_us, uint16_t seqs[VIDEO_IN_NACKS_MAX], bool *pli)
{
    *pli = false;
    if (!in->decoder)
        return 0;
    unpack_ready(in, now_us);
    bool wants = in->needs_key_frame || h264_unpack_needs_key_frame(in->unpack);
    if (wants && now_us - in->pli_us >= PLI_EVERY_US) {
        in->pli_us = now_us;
        in->needs_key_frame = false;
        *pli = true;
        metric_add(&mcu_video_plis_sent_total, 1);
    }
    size_t count = reorder_due(in->reorder, now_us / 1000, seqs, VIDEO_IN_NACKS_MAX);
    metric_add(&mcu_video_nacks_sent_total, (int64_t)count);
    return count;
}

void video_in_need_key_frame(struct video_in *in)
{
    in->needs_key_frame = true;
}

void video_in_set_round_trip(struct video_in *in, uint32_t round_trip_ms)
{
    in->round_trip_ms = round_trip_ms;
    if (in->reorder)
        reorder_set_round_trip(in->reorder, round_trip_ms);
}
