// SPDX-License-Identifier: Apache-2.0
#include "signaling/rest.h"
#include "signaling/rooms.h"

static void fill_devices(const struct message_room_status *status, struct type_room_row *out)
{
    for (size_t i = 0; i < status->devices_count; i++) {
        const struct type_device *device = &status->devices[i];
        struct type_room_device *row = &out->devices[out->devices_count++];
        g_strlcpy(row->id, device->id, sizeof(row->id));
        g_strlcpy(row->driver, device->driver, sizeof(row->driver));
        row->state = device->state;
        row->has_code = device->has_code;
        g_strlcpy(row->code, device->code, sizeof(row->code));
        row->has_since = device->has_since;
        g_strlcpy(row->since, device->since, sizeof(row->since));
    }
}

static void fill_row(
        const struct service *service, const struct unit *unit, struct type_room_row *out)
{
    const struct session *session = sessions_find(service->sessions, ROLE_ROOM, unit->code, "");
    const struct message_room_status *status = rooms_find(service->rooms, unit->code);
    g_strlcpy(out->room, unit->code, sizeof(out->room));
    g_strlcpy(out->name, unit->name, sizeof(out->name));
    out->present = session && session_is_connected(session);
    if (!status)
        return;
    out->has_at = out->has_media = out->has_scene = out->has_scene_state = true;
    g_strlcpy(out->at, status->at, sizeof(out->at));
    out->media = status->media.state;
    g_strlcpy(out->scene, status->scene, sizeof(out->scene));
    out->scene_state = status->scene_state;
    fill_devices(status, out);
}

enum error_code rest_room_list(struct rest_call *call, char **detail)
{
    (void)detail;
    struct message_rest_room_list_reply *reply = call->reply;
    const struct unit_tree *tree = call->service->units;
    for (size_t i = 0; tree && i < unit_tree_count(tree) && i < COUNT_OF(reply->rooms); i++)
        fill_row(call->service, unit_tree_at(tree, i), &reply->rooms[reply->rooms_count++]);
    return ERROR_NONE;
}
