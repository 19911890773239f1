// SPDX-License-Identifier: Apache-2.0
// What a driver can do, by its row of functions.
#include "hw/device_private.h"

static hw_start_fn *find_set(const struct hw_driver *driver, enum hw_field field)
{
    const struct hw_camera_ability *camera = driver->camera;
    const struct hw_display_ability *display = driver->display;
    const struct hw_call_ability *call = driver->call;
    switch (field) {
    case HW_POWER:
        return driver->power ? driver->power->set : NULL;
    case HW_PRESET:
        return camera ? camera->recall : display ? display->preset : NULL;
    case HW_ZOOM:
        return camera ? camera->zoom : NULL;
    case HW_INPUT:
        return display ? display->input : NULL;
    case HW_BRIGHTNESS:
        return display ? display->brightness : NULL;
    case HW_BLANK:
        return display ? display->blank : NULL;
    case HW_FREEZE:
        return display ? display->freeze : NULL;
    case HW_PATTERN:
        return display ? display->pattern : NULL;
    case HW_VOLUME:
        return call ? call->volume : NULL;
    case HW_MUTE:
        return call ? call->mute : NULL;
    case HW_CALL:
        return call ? call->call : NULL;
    default:
        return NULL;
    }
}

hw_start_fn *abilities_find_start(
        const struct hw_driver *driver, enum hw_verb verb, enum hw_field field)
{
    const struct hw_camera_ability *camera = driver->camera;
    switch (verb) {
    case HW_SET:
        return find_set(driver, field);
    case HW_READ:
        return driver->read;
    case HW_KEEP:
        return driver->display ? driver->display->keep : NULL;
    case HW_DIAL:
        return driver->call ? driver->call->dial : NULL;
    case HW_STORE:
        return camera ? camera->store : NULL;
    case HW_HOME:
        return camera ? camera->home : NULL;
    case HW_DRIVE:
        return camera ? camera->drive : NULL;
    case HW_DRIVE_ZOOM:
        return camera ? camera->drive_zoom : NULL;
    case HW_STOP:
        return camera ? camera->stop : NULL;
    case HW_STOP_ZOOM:
        return camera ? camera->stop_zoom : NULL;
    case HW_IDENTIFY:
        return driver->identify;
    }
    return NULL;
}

bool hw_driver_can(const struct hw_driver *driver, enum hw_verb verb, enum hw_field field)
{
    return abilities_find_start(driver, verb, field) != NULL;
}
