// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "material"

#include "tests/bench/material.h"

#include <errno.h>

#include "common/base/log.h"
#include "common/media/h264_decoder.h"
#include "common/media/h264_encoder.h"
#include "mcu/canvas/canvas.h"

#define CODED_WITHIN (10 * G_USEC_PER_SEC)
#define FRAME_US     (G_USEC_PER_SEC / MATERIAL_FPS)

const struct clip_picture material_tile = { .height = 360, .fps = MATERIAL_FPS, .kbps = 600 };

static void keep_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)pts_us;
    struct picture *kept = picture_new(picture->width, picture->height);
    canvas_fit(kept, picture);
    g_async_queue_push(user, kept);
}

static int decode_clip(const struct clip *clip, struct picture *pictures[MATERIAL_PICTURES])
{
    GAsyncQueue *decoded = g_async_queue_new_full((GDestroyNotify)picture_free);
    struct h264_decoder *decoder = NULL;
    int rc = h264_decoder_open(keep_picture, NULL, decoded, &decoder);
    for (int i = 0; rc == 0 && i < MATERIAL_PICTURES; i++) {
        size_t size;
        const uint8_t *data = g_bytes_get_data(clip->units[i], &size);
        rc = h264_decoder_push(decoder, data, size, (int64_t)i * FRAME_US);
        if (rc == 0)
            pictures[i] = g_async_queue_timeout_pop(decoded, CODED_WITHIN);
        if (rc == 0 && !pictures[i])
            rc = -EIO;
    }
    h264_decoder_close(decoder);
    g_async_queue_unref(decoded);
    return rc;
}

static void draw_canvases(struct material *material)
{
    for (int i = 0; i < MATERIAL_PICTURES; i++) {
        material->canvases[i] = picture_new(MATERIAL_WIDTH, MATERIAL_HEIGHT);
        canvas_clear(material->canvases[i]);
        for (size_t tile = 0; tile < material->tile_count; tile++)
            canvas_draw(material->canvases[i], &material->rects[tile],
                    material->pictures[tile % MATERIAL_CLIPS][i]);
    }
}

static void keep_unit(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    (void)is_key_frame;
    (void)pts_us;
    g_async_queue_push(user, g_bytes_new(data, size));
}

static int encode_canvases(struct material *material)
{
    const struct h264_encoder_config config = { .width = MATERIAL_WIDTH,
        .height = MATERIAL_HEIGHT,
        .fps = MATERIAL_FPS,
        .kbps = MATERIAL_KBPS };
    GAsyncQueue *coded = g_async_queue_new_full((GDestroyNotify)g_bytes_unref);
    struct h264_encoder *encoder = NULL;
    int rc = h264_encoder_open(&config, keep_unit, coded, &encoder);
    for (int i = 0; rc == 0 && i < 2 * MATERIAL_PICTURES; i++) {
        rc = h264_encoder_push(
                encoder, material->canvases[i % MATERIAL_PICTURES], (int64_t)i * FRAME_US);
        GBytes *unit = rc == 0 ? g_async_queue_timeout_pop(coded, CODED_WITHIN) : NULL;
        if (unit)
            g_ptr_array_add(material->units, unit);
        else
            rc = -EIO;
    }
    h264_encoder_close(encoder);
    g_async_queue_unref(coded);
    return rc;
}

int material_open(size_t tiles, struct material *out)
{
    *out = (struct material){ 0 };
    out->units = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    out->tile_count = layout_place(LAYOUT_GRID, tiles, MATERIAL_WIDTH, MATERIAL_HEIGHT, out->rects);
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < MATERIAL_CLIPS; i++) {
        rc = clip_open(&material_tile, i + 1, "Xã Ia Der", &out->clips[i]);
        if (rc == 0)
            rc = decode_clip(&out->clips[i], out->pictures[i]);
    }
    if (rc == 0)
        draw_canvases(out);
    if (rc == 0)
        rc = encode_canvases(out);
    if (rc < 0) {
        log_error("the material can not be made error=\"%s\"", g_strerror(-rc));
        material_close(out);
    }
    return rc;
}

void material_close(struct material *material)
{
    for (int i = 0; i < MATERIAL_CLIPS; i++) {
        clip_close(&material->clips[i]);
        for (int k = 0; k < MATERIAL_PICTURES; k++)
            picture_free(material->pictures[i][k]);
    }
    for (int i = 0; i < MATERIAL_PICTURES; i++)
        picture_free(material->canvases[i]);
    g_clear_pointer(&material->units, g_ptr_array_unref);
}
