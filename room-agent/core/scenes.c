// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/scenes.h"

void scene_apply(
        const struct room_settings *settings, enum scene scene, struct hw_device *const *devices)
{
    for (guint i = 0; i < settings->scenes->len; i++) {
        const struct scene_line *line = &g_array_index(settings->scenes, struct scene_line, i);
        if (line->scene == scene)
            hw_device_desire(devices[line->device], line->field, line->value);
    }
}

enum scene_state scene_judge(const struct room_settings *settings, enum scene scene,
        const struct hw_report *reports, int64_t elapsed_ms, char **fault)
{
    enum scene_state state = SCENE_STATE_CONFIRMED;
    *fault = NULL;
    for (guint i = 0; i < settings->scenes->len; i++) {
        const struct scene_line *line = &g_array_index(settings->scenes, struct scene_line, i);
        if (line->scene != scene)
            continue;
        const struct hw_report *report = &reports[line->device];
        const struct hw_wish *wish = &report->wishes[line->field];
        // Somebody moved it by hand since: that is no fault.
        if (wish->state == HW_WISH_NONE || wish->state == HW_WISH_REACHED)
            continue;
        bool is_late = wish->state == HW_WISH_PENDING && elapsed_ms >= SCENE_DEADLINE_MS;
        if (wish->state == HW_WISH_PENDING && !is_late) {
            state = SCENE_STATE_APPLYING;
            continue;
        }
        enum hw_result result = is_late ? HW_TIMEOUT : wish->result;
        *fault = g_strdup_printf(
                "%s.%s: %s", report->id, hw_field_name(line->field), hw_result_text_vi(result));
        return SCENE_STATE_FAILED;
    }
    return state;
}
