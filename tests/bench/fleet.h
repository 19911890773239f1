// SPDX-License-Identifier: Apache-2.0
// The province's devices at rest: rong-room's own engines for every camera and LED wall of a posed
// fleet, in one process, polling as rooms do.
#pragma once

#include "common/base/check.h"

struct json_object;

struct fleet_config {
    const char *network; // of rong-sim's fleet: "127.16"
    const char *local;   // address that the cameras' socket is bound to
    int rooms;           // at most 254
    int ms;              // how long to stay, once all are up
};

// Says "steady" on stdout once every device is up, stays, and gives
// *out = {"devices":…,"up_ms":…,"seconds":…,"cpu_s":…,"least_up":…}; the caller puts it. -EIO: not
// all came up (said in the log).
int fleet_run(const struct fleet_config *config, struct json_object **out) MUST_CHECK;
