// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/uplink.h"

#include <glib.h>

#define SOUND_BPS    110000 // Opus at 32 kb/s with two copies, and headers
#define HEADERS      110    // percent of the picture's bit rate
#define LEAST_KBPS   40
#define UP_PERCENT   110 // of the rate before, to be worth a change
#define SMALL_HEIGHT 180
#define SMALL_KBPS   150 // a larger picture would be mush
#define LARGE_KBPS   250
#define SMALL_FOR_US 10000000 // a change of size is seen by all

void uplink_init(struct uplink *uplink)
{
    *uplink = (struct uplink){ 0 };
}

static int fitting_kbps(const struct uplink *uplink, int wished, int64_t estimate_bps)
{
    if (estimate_bps == 0)
        return wished;
    const int64_t left = (estimate_bps - SOUND_BPS) * 100 / HEADERS / 1000;
    const int kbps = (int)CLAMP(left, MIN(LEAST_KBPS, wished), wished);
    const bool is_little = uplink->kbps > 0 && kbps > uplink->kbps && kbps < wished &&
                           kbps * 100 < uplink->kbps * UP_PERCENT;
    return is_little ? MIN(uplink->kbps, wished) : kbps;
}

struct camera_wish uplink_fit(
        struct uplink *uplink, const struct camera_wish *wish, int64_t estimate_bps, int64_t now_us)
{
    struct camera_wish fitting = *wish;
    if (wish->height == 0 || wish->kbps == 0)
        return fitting;
    fitting.kbps = fitting_kbps(uplink, wish->kbps, estimate_bps);
    uplink->kbps = fitting.kbps;
    if (wish->height <= SMALL_HEIGHT || wish->kbps < LARGE_KBPS) {
        uplink->small_us = 0;
        return fitting;
    }
    if (fitting.kbps < SMALL_KBPS && uplink->small_us == 0)
        uplink->small_us = now_us;
    if (fitting.kbps >= LARGE_KBPS && now_us - uplink->small_us >= SMALL_FOR_US)
        uplink->small_us = 0;
    if (uplink->small_us)
        fitting.height = SMALL_HEIGHT;
    return fitting;
}
