// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"
#include "signaling/handlers.h"

#define LOG_TOPIC "room"

enum error_code handle_room_report(struct request *request)
{
    const struct message_room_report *body = request->body;
    const char *room = session_who(request->session)->self;
    if (body->scene_state == SCENE_STATE_FAILED)
        log_warn("scene failed room=%s scene=%s fault=\"%s\"", room, scene_name(body->scene),
                body->has_scene_fault ? body->scene_fault : "");
    for (size_t i = 0; i < body->devices_count; i++) {
        const struct type_device *device = &body->devices[i];
        if (device->state == DEVICE_STATE_DOWN || device->state == DEVICE_STATE_FAULT)
            log_warn("device %s room=%s device=%s code=%s text=\"%s\"",
                    device_state_name(device->state), room, device->id,
                    device->has_code ? device->code : "-", device->has_text ? device->text : "");
    }
    struct conference *conference;
    if (body->has_meeting && dispatch_conference(request, body->meeting, &conference) == ERROR_NONE)
        conference_note_room(conference, room, body);
    return ERROR_NONE;
}
