// SPDX-License-Identifier: Apache-2.0
#include "signaling/watch.h"

#include <string.h>

#include "signaling/rooms.h"

static bool is_present(const struct service *service, const char *room)
{
    const struct session *box = sessions_find(service->sessions, ROLE_ROOM, room, "");
    return box && session_is_connected(box);
}

static void fill_member(
        const struct service *service, const struct unit *unit, struct type_member *out)
{
    const struct unit *parent = unit_tree_find(service->units, unit->parent);
    out->kind = MEMBER_KIND_ROOM;
    out->role = ROLE_ROOM;
    g_strlcpy(out->id, unit->code, sizeof(out->id));
    g_strlcpy(out->name, unit->name, sizeof(out->name));
    out->has_unit = true;
    g_strlcpy(out->unit, unit->code, sizeof(out->unit));
    out->has_level = true;
    out->level = unit->level;
    out->has_parent = out->has_parent_name = parent != NULL;
    if (parent) {
        g_strlcpy(out->parent, parent->code, sizeof(out->parent));
        g_strlcpy(out->parent_name, parent->name, sizeof(out->parent_name));
    }
    out->present = is_present(service, unit->code);
}

static void send_list(const struct service *service, struct session *session)
{
    g_autofree struct message_room_list *list = g_new(struct message_room_list, 1);
    const size_t of_part = COUNT_OF(list->rooms);
    const size_t count = service->units ? unit_tree_count(service->units) : 0;
    const size_t parts = count ? (count + of_part - 1) / of_part : 1;
    for (size_t part = 0; part < parts; part++) {
        memset(list, 0, sizeof(*list));
        list->part = (int64_t)part + 1;
        list->of = (int64_t)parts;
        for (size_t i = part * of_part; i < count && i < (part + 1) * of_part; i++)
            fill_member(
                    service, unit_tree_at(service->units, i), &list->rooms[list->rooms_count++]);
        session_send_event(session, MESSAGE_ROOM_LIST, 0, list);
    }
}

void watch_begin(struct service *service, struct session *session)
{
    session_subscription(session)->watches_rooms = true;
    send_list(service, session);
    for (size_t i = 0; service->units && i < unit_tree_count(service->units); i++) {
        const char *room = unit_tree_at(service->units, i)->code;
        const struct message_room_status *status = rooms_find(service->rooms, room);
        if (status)
            session_send_event(session, MESSAGE_ROOM_STATUS, 0, status);
    }
}

struct news {
    enum message_type type;
    const void *body;
};

static void tell(void *context, struct session *session)
{
    const struct news *news = context;
    if (session_subscription(session)->watches_rooms)
        session_send_event(session, news->type, 0, news->body);
}

void watch_note_report(struct service *service, const char *room)
{
    struct news news = { MESSAGE_ROOM_STATUS, rooms_find(service->rooms, room) };
    if (news.body)
        sessions_each(service->sessions, tell, &news);
}

void watch_note_presence(struct service *service, const char *room, bool present)
{
    struct message_room_presence presence = { .present = present };
    struct news news = { MESSAGE_ROOM_PRESENCE, &presence };
    g_strlcpy(presence.member, room, sizeof(presence.member));
    sessions_each(service->sessions, tell, &news);
}

static void begin_again(void *context, struct session *session)
{
    if (session_subscription(session)->watches_rooms)
        watch_begin(context, session);
}

void watch_note_units(struct service *service)
{
    sessions_each(service->sessions, begin_again, service);
}
