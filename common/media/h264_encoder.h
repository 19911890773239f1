// SPDX-License-Identifier: Apache-2.0
// One H.264 encoder (constrained baseline, byte-stream, no B frames, one slice) over a GStreamer
// pipeline. Frames leave on a codec thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/media/picture.h"

struct h264_encoder;

struct h264_encoder_config {
    int width, height, fps;
    int kbps;
    const char *element; // NULL: the measured default ("x264enc")
    int key_frame_every; // frames; 0: only on request
};

// Annex B access unit. Any codec thread; `data` lives until the call returns.
typedef void h264_encoder_fn(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us);

int h264_encoder_open(const struct h264_encoder_config *config, h264_encoder_fn *fn, void *user,
        struct h264_encoder **out) MUST_CHECK;
// Waits for the pipeline's threads: no call of `fn` after it returns.
void h264_encoder_close(struct h264_encoder *encoder);
// Copies the picture (it must have the configured size). -EAGAIN: the encoder is behind, frame
// dropped.
int h264_encoder_push(struct h264_encoder *encoder, const struct picture *picture, int64_t pts_us);
void h264_encoder_request_key_frame(struct h264_encoder *encoder);
void h264_encoder_set_kbps(struct h264_encoder *encoder, int kbps);
