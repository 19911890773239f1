// SPDX-License-Identifier: Apache-2.0
// What of the centre's wish is sent: no more than the way there carries beside the sound. In place,
// pure.
#pragma once

#include <stdint.h>

#include "room-agent/media/camera.h"

struct uplink {
    int kbps;         // given last; 0: nothing yet
    int64_t small_us; // since when the picture is smaller than wished; 0: it is not
};

void uplink_init(struct uplink *uplink);
// `estimate_bps` 0: nothing is known. Small changes are left out: each costs the encoder something.
struct camera_wish uplink_fit(struct uplink *uplink, const struct camera_wish *wish,
        int64_t estimate_bps, int64_t now_us);
