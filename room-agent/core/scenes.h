// SPDX-License-Identifier: Apache-2.0
// A scene is a list of device.field = value: what the room's devices shall be while a meeting is in
// a state. Setting one declares it; the devices' engines see to it. It ends confirmed, or in one
// named fault.
#pragma once

#include "hw/device.h"
#include "room-agent/core/settings.h"

#define SCENE_DEADLINE_MS 8000

// Wants every line of the scene from the devices (indexed as in the settings). What the scene does
// not name stays as it is.
void scene_apply(
        const struct room_settings *settings, enum scene scene, struct hw_device *const *devices);

// Pure: how far the scene is, by the devices' reports, `elapsed_ms` after it was set. When it
// failed, *fault is one Vietnamese sentence (g_free), else NULL.
enum scene_state scene_judge(const struct room_settings *settings, enum scene scene,
        const struct hw_report *reports, int64_t elapsed_ms, char **fault);
