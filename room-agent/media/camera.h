// SPDX-License-Identifier: Apache-2.0
// The room's picture: a V4L2 camera or the test picture, scaled and coded as the centre asks.
// Owned by the media loop; access units come there too.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"

// What the centre wants; height 0: nothing.
struct camera_wish {
    int height, fps, kbps;
};

// Annex B; lent until the call returns. On the loop.
typedef void camera_fn(
        void *user, const uint8_t *unit, size_t size, bool is_key_frame, int64_t pts_us);

struct camera_config {
    struct loop *loop;
    bool uses_devices;  // false: synthetic
    const char *device; // "/dev/video0"; NULL: the first
    unsigned mark;      // synthetic
    const char *name;   // synthetic, UTF-8; copied
    camera_fn *fn;
    void *user;
};

struct camera;

struct camera *camera_new(const struct camera_config *config);
// No call of `fn` after it returns.
void camera_free(struct camera *camera);
// Starts, changes or ends (height 0) the pipeline. A change of the rate alone keeps it running.
// -EIO or -ENOENT: no picture (logged); camera_check() tries again.
int camera_set(struct camera *camera, const struct camera_wish *wish) MUST_CHECK;
// Once a second: begins again when the camera was lost or did not open. False: it still is not
// there.
bool camera_check(struct camera *camera);
void camera_request_key_frame(struct camera *camera);
// Pictures that the encoder was too slow for.
uint64_t camera_dropped(const struct camera *camera);
