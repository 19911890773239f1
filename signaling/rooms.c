// SPDX-License-Identifier: Apache-2.0
#include "signaling/rooms.h"

#include <string.h>

#include "common/base/log.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "rooms"

struct rooms {
    GHashTable *statuses; // room → struct message_room_status, owned
};

struct rooms *rooms_new(void)
{
    struct rooms *rooms = g_new0(struct rooms, 1);
    rooms->statuses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return rooms;
}

void rooms_free(struct rooms *rooms)
{
    if (!rooms)
        return;
    g_hash_table_destroy(rooms->statuses);
    g_free(rooms);
}

const struct message_room_status *rooms_find(const struct rooms *rooms, const char *room)
{
    return g_hash_table_lookup(rooms->statuses, room);
}

bool room_is_ready(const struct message_room_status *status)
{
    for (size_t i = 0; i < status->devices_count; i++) {
        enum device_state state = status->devices[i].state;
        if (state == DEVICE_STATE_DOWN || state == DEVICE_STATE_FAULT)
            return false;
    }
    return status->scene_state != SCENE_STATE_FAILED;
}

static const struct type_device *find_device(
        const struct message_room_status *status, const char *id)
{
    for (size_t i = 0; status && i < status->devices_count; i++) {
        if (strcmp(status->devices[i].id, id) == 0)
            return &status->devices[i];
    }
    return NULL;
}

// The centre's clock counts: a box may have been off for a year.
static void date_devices(
        struct message_room_status *status, const struct message_room_status *before)
{
    for (size_t i = 0; i < status->devices_count; i++) {
        struct type_device *device = &status->devices[i];
        const struct type_device *was = find_device(before, device->id);
        bool is_same = was && was->state == device->state && strcmp(was->code, device->code) == 0;
        device->has_since = true;
        g_strlcpy(device->since, is_same ? was->since : status->at, sizeof(device->since));
    }
}

static struct message_room_status *new_status(
        const char *room, const struct message_room_report *report, int64_t now_ms)
{
    struct message_room_status *status = g_new0(struct message_room_status, 1);
    g_strlcpy(status->member, room, sizeof(status->member));
    wall_clock_format(now_ms, status->at);
    status->media = report->media;
    status->devices_count = report->devices_count;
    memcpy(status->devices, report->devices, sizeof(status->devices));
    memcpy(status->scene, report->scene, sizeof(status->scene));
    status->scene_state = report->scene_state;
    status->has_scene_fault = report->has_scene_fault;
    memcpy(status->scene_fault, report->scene_fault, sizeof(status->scene_fault));
    status->has_scene_fault_at = report->has_scene_fault_at;
    memcpy(status->scene_fault_at, report->scene_fault_at, sizeof(status->scene_fault_at));
    status->has_scene_fault_code = report->has_scene_fault_code;
    memcpy(status->scene_fault_code, report->scene_fault_code, sizeof(status->scene_fault_code));
    status->buttons_count = report->buttons_count;
    memcpy(status->buttons, report->buttons, sizeof(status->buttons));
    return status;
}

// But for the time: a room repeats itself each minute.
static bool is_same(const struct message_room_status *a, const struct message_room_status *b)
{
    g_autofree struct message_room_status *copy = g_memdup2(a, sizeof(*a));
    memcpy(copy->at, b->at, sizeof(copy->at));
    // Both are cleared when they are made. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    return memcmp(copy, b, sizeof(*copy)) == 0;
}

unsigned rooms_note(struct rooms *rooms, const char *room, const struct message_room_report *report,
        int64_t now_ms)
{
    const struct message_room_status *before = rooms_find(rooms, room);
    if (!before && g_hash_table_size(rooms->statuses) >= ROOMS_MAX) {
        log_warn("report not kept: too many rooms room=%s", room);
        return ROOMS_NO_NEWS;
    }
    struct message_room_status *status = new_status(room, report, now_ms);
    date_devices(status, before);
    unsigned news = ROOMS_NO_NEWS;
    if (!before || !is_same(before, status))
        news |= ROOMS_NEW_STATUS;
    if (!before || room_is_ready(before) != room_is_ready(status))
        news |= ROOMS_NEW_READINESS;
    g_hash_table_insert(rooms->statuses, g_strdup(room), status);
    return news;
}
