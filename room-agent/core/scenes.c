// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/scenes.h"

void scene_apply(const struct scene_settings *scene, struct hw_device *const *devices)
{
    for (guint i = 0; i < scene->lines->len; i++) {
        const struct scene_line *line = &g_array_index(scene->lines, struct scene_line, i);
        hw_device_desire(devices[line->device], line->field, line->value);
    }
}

static void fail(const struct hw_report *report, enum hw_field field, enum hw_result result,
        struct scene_verdict *out)
{
    out->state = SCENE_STATE_FAILED;
    out->result = result;
    g_snprintf(out->at, sizeof(out->at), "%s.%s", report->id, hw_field_name(field));
}

void scene_judge(const struct scene_settings *scene, const struct hw_report *reports,
        int64_t elapsed_ms, struct scene_verdict *out)
{
    *out = (struct scene_verdict){ .state = SCENE_STATE_CONFIRMED };
    for (guint i = 0; i < scene->lines->len; i++) {
        const struct scene_line *line = &g_array_index(scene->lines, struct scene_line, i);
        const struct hw_report *report = &reports[line->device];
        const struct hw_wish *wish = &report->wishes[line->field];
        // Somebody moved it by hand since: that is no fault.
        if (wish->state == HW_WISH_NONE || wish->state == HW_WISH_REACHED)
            continue;
        if (wish->state == HW_WISH_FAILED) {
            fail(report, line->field, wish->result, out);
            return;
        }
        if (elapsed_ms >= SCENE_DEADLINE_MS) {
            // What is wrong with the device says more than that the time is over.
            fail(report, line->field, report->fault != HW_OK ? report->fault : HW_TIMEOUT, out);
            return;
        }
        out->state = SCENE_STATE_APPLYING;
    }
}
