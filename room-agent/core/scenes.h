// SPDX-License-Identifier: Apache-2.0
// A scene is a list of device.field = value: what the room's devices shall be while a meeting is in
// a state, or since a button was pressed. Setting one declares it; the devices' engines see to it.
// It ends confirmed, or in one named fault.
#pragma once

#include "hw/device.h"
#include "room-agent/core/settings.h"

#define SCENE_DEADLINE_MS 8000

// Wants every line of the scene from the devices (indexed as in the settings). What the scene does
// not name stays as it is.
void scene_apply(const struct scene_settings *scene, struct hw_device *const *devices);

struct scene_verdict {
    enum scene_state state;
    // Of the one line that it failed by: "led.brightness" and why.
    char at[66];
    enum hw_result result;
};

// Pure: how far the scene is, by the devices' reports, `elapsed_ms` after it was set.
void scene_judge(const struct scene_settings *scene, const struct hw_report *reports,
        int64_t elapsed_ms, struct scene_verdict *out);
