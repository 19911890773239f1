// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "video_source"

#include "mcu/video_source.h"

#include <glib.h>

#include "common/base/log.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

struct video_source {
    struct video_source_of of;
    struct h264_decoder *decoder;
    struct tile_source *views[CANVAS_KIND_COUNT];
};

static void on_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct video_source *source = user;
    metric_add(&mcu_video_decoded_total, 1);
    const int64_t now_us = ticker_now_us();
    for (int kind = 0; kind < CANVAS_KIND_COUNT; kind++)
        tile_source_put(source->views[kind], picture, now_us);
}

static void on_need_key_frame(void *user)
{
    struct video_source *source = user;
    const struct video_source_of *of = &source->of;
    net_worker_need_key_frame(of->net, of->slot, of->generation, of->line);
}

int video_source_open(const struct video_source_of *of, struct video_source **out)
{
    struct video_source *source = g_new0(struct video_source, 1);
    source->of = *of;
    for (int kind = 0; kind < CANVAS_KIND_COUNT; kind++)
        source->views[kind] = tile_source_new();
    int rc = h264_decoder_open(on_picture, on_need_key_frame, source, &source->decoder);
    if (rc < 0) {
        log_error("no H.264 decoder errno=%d", -rc);
        video_source_close(source);
        return rc;
    }
    metric_add(&mcu_decoders, 1);
    net_worker_set_decoder(of->net, of->slot, of->line, source->decoder);
    *out = source;
    return 0;
}

void video_source_close(struct video_source *source)
{
    if (!source)
        return;
    if (source->decoder) {
        net_worker_set_decoder(source->of.net, source->of.slot, source->of.line, NULL);
        h264_decoder_close(source->decoder);
        metric_add(&mcu_decoders, -1);
    }
    for (int kind = 0; kind < CANVAS_KIND_COUNT; kind++)
        tile_source_unref(source->views[kind]);
    g_free(source);
}

struct tile_source *video_source_view(const struct video_source *source, enum canvas_kind canvas)
{
    return source->views[canvas];
}
