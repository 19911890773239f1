// SPDX-License-Identifier: Apache-2.0
#include "signaling/drives.h"

#include <string.h>

#include "common/base/log.h"
#include "signaling/metrics.h"

#define LOG_TOPIC "drives"

struct drive {
    struct drives *drives;
    char id[49];
    char sid[65];        // who asked …
    uint32_t connection; // … on which of its connections
    enum message_type asked;
    int64_t request_id;
    char room[33];
    char room_sid[65];
    GSource *deadline;
};

struct drives {
    struct loop *loop;
    struct sessions *sessions;
    GHashTable *open; // id → struct drive, owned
    uint64_t count;
};

static void free_drive(gpointer data)
{
    struct drive *drive = data;
    loop_clear_source(&drive->deadline);
    g_free(drive);
}

struct drives *drives_new(struct loop *loop, struct sessions *sessions)
{
    struct drives *drives = g_new0(struct drives, 1);
    drives->loop = loop;
    drives->sessions = sessions;
    drives->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_drive);
    return drives;
}

void drives_free(struct drives *drives)
{
    if (!drives)
        return;
    g_hash_table_destroy(drives->open);
    g_free(drives);
}

// Who asked, if it still waits on the same connection.
static struct session *asker_of(const struct drive *drive)
{
    struct session *session = sessions_find_sid(drive->drives->sessions, drive->sid);
    if (!session || !session_is_connected(session) ||
            session_connection(session) != drive->connection)
        return NULL;
    return session;
}

static void fail_drive(struct drive *drive, enum error_code code, const char *detail)
{
    metric_add(&signal_drives_failed_total, 1);
    struct session *asker = asker_of(drive);
    if (asker)
        session_refuse(asker, drive->request_id, code, detail);
    g_hash_table_remove(drive->drives->open, drive->id);
}

static gboolean on_deadline(gpointer data)
{
    struct drive *drive = data;
    log_warn("no answer to an order room=%s drive=%s", drive->room, drive->id);
    fail_drive(drive, ERROR_ROOM_TIMEOUT, NULL);
    return G_SOURCE_REMOVE;
}

static guint open_of(const struct drives *drives, const struct session *asker)
{
    guint count = 0;
    GHashTableIter iter;
    gpointer drive;
    g_hash_table_iter_init(&iter, drives->open);
    while (g_hash_table_iter_next(&iter, NULL, &drive))
        count += strcmp(((struct drive *)drive)->sid, session_sid(asker)) == 0;
    return count;
}

enum error_code drives_ask(struct drives *drives, struct session *asker, enum message_type asked,
        int64_t request_id, const char *room, struct message_room_driven *driven)
{
    struct session *box = sessions_find(drives->sessions, ROLE_ROOM, room, "");
    if (!box || !session_is_connected(box))
        return ERROR_ROOM_ABSENT;
    bool is_stop = driven->has_op && driven->op == DRIVE_OP_STOP;
    if (!is_stop && open_of(drives, asker) >= DRIVES_OPEN_MAX)
        return ERROR_ROOM_TOO_MANY;
    struct drive *drive = g_new0(struct drive, 1);
    drive->drives = drives;
    drive->asked = asked;
    drive->request_id = request_id;
    drive->connection = session_connection(asker);
    g_snprintf(drive->id, sizeof(drive->id), "d-%" G_GUINT64_FORMAT, ++drives->count);
    g_strlcpy(drive->sid, session_sid(asker), sizeof(drive->sid));
    g_strlcpy(drive->room, room, sizeof(drive->room));
    g_strlcpy(drive->room_sid, session_sid(box), sizeof(drive->room_sid));
    drive->deadline = loop_add_timer(drives->loop, DRIVES_DEADLINE_MS, on_deadline, drive);
    g_hash_table_insert(drives->open, drive->id, drive);
    metric_add(&signal_drives_total, 1);
    g_strlcpy(driven->drive_id, drive->id, sizeof(driven->drive_id));
    g_strlcpy(driven->by, session_who(asker)->self, sizeof(driven->by));
    session_send_event(box, MESSAGE_ROOM_DRIVEN, 0, driven);
    return ERROR_NONE;
}

static void pass_answer(const struct drive *drive, const struct message_room_answer *answer)
{
    struct session *asker = asker_of(drive);
    struct message_room_drive_reply reply = { .done = answer->done };
    if (asker)
        session_reply(asker, drive->asked, drive->request_id,
                drive->asked == MESSAGE_ROOM_DRIVE ? &reply : NULL);
}

enum error_code drives_answer(
        struct drives *drives, const struct session *room, const struct message_room_answer *answer)
{
    struct drive *drive = g_hash_table_lookup(drives->open, answer->drive_id);
    if (!drive || strcmp(drive->room_sid, session_sid(room)) != 0)
        return ERROR_ROOM_UNKNOWN_DRIVE;
    if (!answer->has_error) {
        pass_answer(drive, answer);
        g_hash_table_remove(drives->open, answer->drive_id);
        return ERROR_NONE;
    }
    enum error_code code = error_code_from_name(answer->error.code);
    fail_drive(drive, code == ERROR_NONE ? ERROR_DEVICE_FAULT : code,
            answer->error.has_text ? answer->error.text : NULL);
    return ERROR_NONE;
}

void drives_forget(struct drives *drives, const struct session *session)
{
    g_autoptr(GPtrArray) failed = g_ptr_array_new();
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, drives->open);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        struct drive *drive = item;
        if (strcmp(drive->sid, session_sid(session)) == 0)
            g_hash_table_iter_remove(&iter);
        else if (strcmp(drive->room_sid, session_sid(session)) == 0)
            g_ptr_array_add(failed, drive);
    }
    for (guint i = 0; i < failed->len; i++)
        fail_drive(g_ptr_array_index(failed, i), ERROR_ROOM_ABSENT, NULL);
}
