// SPDX-License-Identifier: Apache-2.0
// One H.264 decoder over a GStreamer pipeline. Pictures leave on a codec thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/media/picture.h"

struct h264_decoder;

// Any codec thread; the picture's planes live until the call returns; its size may change.
typedef void h264_decoder_fn(void *user, const struct picture *picture, int64_t pts_us);
// The stream can not be decoded from here on without a key frame; said again for each access unit
// that is dropped until one comes, so the callee limits its PLIs. Any codec thread, or the
// pusher's.
typedef void h264_decoder_need_key_frame_fn(void *user);

int h264_decoder_open(h264_decoder_fn *fn, h264_decoder_need_key_frame_fn *need_key_frame,
        void *user, struct h264_decoder **out) MUST_CHECK;
void h264_decoder_close(struct h264_decoder *decoder);
// One Annex B access unit, copied. -EAGAIN: more than 1 s is waiting, dropped.
int h264_decoder_push(
        struct h264_decoder *decoder, const uint8_t *data, size_t size, int64_t pts_us);
