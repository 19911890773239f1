// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "video_source"

#include "mcu/video_source.h"

#include <glib.h>

#include "common/base/log.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

struct video_source {
    struct net_worker *net;
    uint16_t slot;
    uint32_t generation;
    struct h264_decoder *decoder;
    struct tile_source *tiles;
};

static void on_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct video_source *source = user;
    metric_add(&mcu_video_decoded_total, 1);
    tile_source_put(source->tiles, picture, ticker_now_us());
}

static void on_need_key_frame(void *user)
{
    struct video_source *source = user;
    net_worker_need_key_frame(source->net, source->slot, source->generation);
}

int video_source_open(
        struct net_worker *net, uint16_t slot, uint32_t generation, struct video_source **out)
{
    struct video_source *source = g_new0(struct video_source, 1);
    source->net = net;
    source->slot = slot;
    source->generation = generation;
    source->tiles = tile_source_new();
    int rc = h264_decoder_open(on_picture, on_need_key_frame, source, &source->decoder);
    if (rc < 0) {
        log_error("no H.264 decoder errno=%d", -rc);
        video_source_close(source);
        return rc;
    }
    metric_add(&mcu_decoders, 1);
    net_worker_set_decoder(net, slot, source->decoder);
    *out = source;
    return 0;
}

void video_source_close(struct video_source *source)
{
    if (!source)
        return;
    if (source->decoder) {
        net_worker_set_decoder(source->net, source->slot, NULL);
        h264_decoder_close(source->decoder);
        metric_add(&mcu_decoders, -1);
    }
    tile_source_unref(source->tiles);
    g_free(source);
}

struct tile_source *video_source_tiles(const struct video_source *source)
{
    return source->tiles;
}
