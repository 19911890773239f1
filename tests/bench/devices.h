// SPDX-License-Identifier: Apache-2.0
// How long a device takes to say that it has done what was asked: rong-room's own drivers and
// engine against posed devices, over sockets.
#pragma once

#include "common/base/check.h"

struct json_object;

struct devices_config {
    const char *camera; // UDP ADDRESS:PORT of a VISCA camera
    const char *wall;   // TCP ADDRESS:PORT of a NovaStar controller
    const char *local;  // address that the cameras' socket is bound to
    int count;          // requests of each kind
};

// *out: {"camera_stop_ms":[…],"wall_brightness_ms":[…]}, a time each; the caller puts it. -EIO: a
// device did not come up or refused (said in the log).
int devices_run(const struct devices_config *config, struct json_object **out) MUST_CHECK;
