// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "signaling/drives.h"
#include "signaling/handlers.h"
#include "signaling/rooms.h"
#include "signaling/wall_clock.h"
#include "signaling/watch.h"

#define LOG_TOPIC "room"

static void log_faults(const char *room, const struct message_room_report *report)
{
    if (report->scene_state == SCENE_STATE_FAILED)
        log_warn("scene failed room=%s scene=%s fault=\"%s\"", room, report->scene,
                report->has_scene_fault ? report->scene_fault : "");
    for (size_t i = 0; i < report->devices_count; i++) {
        const struct type_device *device = &report->devices[i];
        if (device->state == DEVICE_STATE_DOWN || device->state == DEVICE_STATE_FAULT)
            log_warn("device %s room=%s device=%s code=%s text=\"%s\"",
                    device_state_name(device->state), room, device->id,
                    device->has_code ? device->code : "-", device->has_text ? device->text : "");
    }
}

enum error_code handle_room_report(struct request *request)
{
    struct service *service = request->service;
    const char *room = session_who(request->session)->self;
    unsigned news = rooms_note(service->rooms, room, request->body, wall_clock_ms());
    if (news == ROOMS_NO_NEWS)
        return ERROR_NONE;
    log_faults(room, request->body);
    for (guint i = 0; i < service->order->len; i++)
        conference_note_room(g_ptr_array_index(service->order, i), room, news);
    if (news & ROOMS_NEW_STATUS)
        watch_note_report(service, room);
    return ERROR_NONE;
}

// A technician acts in the rooms of its meeting; without a meeting in all.
static bool may_act_in(const struct request *request, const char *room)
{
    const struct service *service = request->service;
    const char *meeting = session_who(request->session)->meeting;
    if (!meeting[0])
        return service->units && unit_tree_find(service->units, room);
    const struct conference *conference = service_conference(service, meeting);
    const struct meeting_member *member =
            conference ? meeting_member(conference_meeting(conference), room) : NULL;
    return member && member->kind == MEMBER_KIND_ROOM;
}

static enum error_code pass_on(
        struct request *request, const char *room, struct message_room_driven *driven)
{
    if (!may_act_in(request, room))
        return ERROR_ROOM_UNKNOWN;
    enum error_code code = drives_ask(
            request->service->drives, request->session, request->type, request->id, room, driven);
    request->is_answered = code == ERROR_NONE;
    return code;
}

enum error_code handle_room_drive(struct request *request)
{
    const struct message_room_drive *body = request->body;
    struct message_room_driven driven = {
        .has_device = true,
        .has_op = true,
        .op = body->op,
        .has_pan = body->has_pan,
        .pan = body->pan,
        .has_tilt = body->has_tilt,
        .tilt = body->tilt,
        .has_zoom = body->has_zoom,
        .zoom = body->zoom,
        .has_value = body->has_value,
        .value = body->value,
        .has_press = body->has_press,
        .press = body->press,
    };
    g_strlcpy(driven.device, body->device, sizeof(driven.device));
    // What is held is asked for three times a second.
    if (body->op != DRIVE_OP_DRIVE && body->op != DRIVE_OP_ZOOM)
        log_info("driven room=%s device=%s op=%s by=%s", body->room, body->device,
                drive_op_name(body->op), session_who(request->session)->self);
    return pass_on(request, body->room, &driven);
}

enum error_code handle_room_scene(struct request *request)
{
    const struct message_room_scene *body = request->body;
    struct message_room_driven driven = { .has_scene = true };
    g_strlcpy(driven.scene, body->scene, sizeof(driven.scene));
    log_info("scene by hand room=%s scene=%s by=%s", body->room, body->scene,
            session_who(request->session)->self);
    return pass_on(request, body->room, &driven);
}

enum error_code handle_room_answer(struct request *request)
{
    return drives_answer(request->service->drives, request->session, request->body);
}

// One of a meeting sees the rooms of its meeting: meeting.subscribe.
enum error_code handle_room_watch(struct request *request)
{
    if (session_who(request->session)->meeting[0])
        return ERROR_AUTH_FORBIDDEN;
    dispatch_reply(request);
    watch_begin(request->service, request->session);
    return ERROR_NONE;
}
