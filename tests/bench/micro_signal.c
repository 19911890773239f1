// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "micro_signal"

#include <glib.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <string.h>

#include "common/base/log.h"
#include "common/protocol/envelope.h"
#include "signaling/meeting_decide.h"
#include "signaling/meeting_journal.h"
#include "signaling/store.h"
#include "tests/bench/clock.h"
#include "tests/bench/micro.h"

#define MEETING       "q7k3m2xa"
#define ROOMS         236
#define SNAPSHOT_ROOM 64 // members of one part

// --- parsing -------------------------------------------------------------------------------------

struct parsing {
    char *text;
    size_t size;
    void *body;
    int rc;
};

static void parse(void *user)
{
    struct parsing *parsing = user;
    struct envelope envelope;
    struct fields_error error;
    parsing->rc = envelope_parse(parsing->text, parsing->size, &envelope, &error);
    if (parsing->rc == 0)
        parsing->rc = envelope_body(&envelope, parsing->body, &error);
    envelope_fini(&envelope);
}

static double time_parsing(const struct micro *micro, char *take_text, enum message_type type)
{
    struct parsing parsing = {
        .text = take_text, .size = strlen(take_text), .body = g_malloc0(message_infos[type].size)
    };
    const double us = clock_time_us(parse, &parsing, micro->for_ms);
    g_free(parsing.text);
    g_free(parsing.body);
    return parsing.rc == 0 ? us : -1;
}

static double measure_parse_request(const struct micro *micro)
{
    const struct message_floor_request request = { .meeting = MEETING };
    return time_parsing(
            micro, envelope_request(MESSAGE_FLOOR_REQUEST, 42, &request), MESSAGE_FLOOR_REQUEST);
}

static void name_room(struct meeting_member *member, int number)
{
    *member = (struct meeting_member){
        .kind = MEMBER_KIND_ROOM, .role = ROLE_ROOM, .level = UNIT_LEVEL_COMMUNE, .muted = true
    };
    g_snprintf(member->id, sizeof(member->id), "%d", 23000 + number);
    g_strlcpy(member->unit, member->id, sizeof(member->unit));
    g_strlcpy(member->parent, "633", sizeof(member->parent));
    g_snprintf(member->name, sizeof(member->name), "Xã Ia Blang %d", number);
}

static double measure_parse_snapshot(const struct micro *micro)
{
    g_autofree struct message_meeting_snapshot *snapshot =
            g_new0(struct message_meeting_snapshot, 1);
    g_strlcpy(snapshot->meeting, MEETING, sizeof(snapshot->meeting));
    g_strlcpy(snapshot->title, "Họp giao ban tháng 11", sizeof(snapshot->title));
    snapshot->state = MEETING_STATE_OPEN;
    snapshot->mode = MEETING_MODE_FLOOR;
    snapshot->part = snapshot->of = 1;
    snapshot->stage.layout = STAGE_LAYOUT_GRID;
    snapshot->members_count = SNAPSHOT_ROOM;
    for (int i = 0; i < SNAPSHOT_ROOM; i++) {
        struct meeting_member member;
        name_room(&member, i);
        meeting_member_fill(&member, &snapshot->members[i]);
    }
    return time_parsing(micro, envelope_event(MESSAGE_MEETING_SNAPSHOT, 1, NULL, snapshot),
            MESSAGE_MEETING_SNAPSHOT);
}

// --- an operation, from the rule to the disk -----------------------------------------------------

struct procedure {
    struct store *store; // NULL: the journal is written, but not stored
    struct meeting *meeting;
    GArray *events;
    unsigned count;
    int rc;
};

static int store_events(struct procedure *procedure)
{
    int rc = 0;
    for (guint i = 0; rc == 0 && i < procedure->events->len; i++) {
        const struct meeting_event *event =
                &g_array_index(procedure->events, struct meeting_event, i);
        g_autofree char *body = meeting_event_write(MEETING, event);
        const struct store_entry entry = {
            .name = message_infos[meeting_event_message(event->type)].name,
            .body = body,
            .at_ms = event->at_ms,
        };
        if (procedure->store)
            rc = store_append(
                    procedure->store, MEETING, procedure->meeting->event_count, &entry, 1);
        if (rc == 0)
            rc = meeting_apply(procedure->meeting, event);
    }
    return rc;
}

static void operate(struct procedure *procedure, const struct meeting_operation *operation)
{
    g_array_set_size(procedure->events, 0);
    if (meeting_decide(procedure->meeting, operation, procedure->events) != ERROR_NONE ||
            store_events(procedure) < 0)
        procedure->rc = -1;
}

// Each room's microphone in turn; after the last one the other way.
static void mute_next(void *user)
{
    struct procedure *procedure = user;
    const unsigned number = procedure->count % ROOMS;
    char member[MEMBER_ID_SIZE];
    g_snprintf(member, sizeof(member), "%u", 23000 + number);
    const struct meeting_operation operation = { .type = MEETING_MUTE,
        .actor = "chair",
        .member = member,
        .muted = procedure->count / ROOMS % 2 == 1,
        .now_ms = 1700000000000 + procedure->count };
    operate(procedure, &operation);
    procedure->count++;
}

static void open_meeting(struct procedure *procedure)
{
    procedure->events = g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
    procedure->meeting = meeting_new(MEETING);
    g_array_set_size(procedure->events, 1);
    struct meeting_event *created = &g_array_index(procedure->events, struct meeting_event, 0);
    *created = (struct meeting_event){ .type = MEETING_EVENT_CREATED,
        .mode = MEETING_MODE_FLOOR,
        .by = "admin",
        .title = "Họp giao ban" };
    procedure->rc = store_events(procedure);
    for (int i = 0; i < ROOMS; i++) {
        struct meeting_member member;
        name_room(&member, i);
        operate(procedure, &(struct meeting_operation){
                                   .type = MEETING_JOIN, .actor = "admin", .joins = &member });
    }
    operate(procedure, &(struct meeting_operation){ .type = MEETING_OPEN, .actor = "admin" });
}

static void close_meeting(struct procedure *procedure)
{
    meeting_free(procedure->meeting);
    g_array_unref(procedure->events);
}

static double measure_decide(const struct micro *micro)
{
    struct procedure procedure = { 0 };
    open_meeting(&procedure);
    const double us = procedure.rc == 0 ? clock_time_us(mute_next, &procedure, micro->for_ms) : -1;
    close_meeting(&procedure);
    return procedure.rc == 0 ? us : -1;
}

static void remove_database(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        g_autofree char *file = g_strconcat(path, endings[i], NULL);
        g_unlink(file);
    }
}

// Elapsed time, since what it waits for is the disk.
static double time_journal(struct procedure *procedure, int for_ms)
{
    const int64_t begun_ns = clock_now_ns();
    int64_t past_ns = 0;
    unsigned operations = 0;
    while (procedure->rc == 0 && past_ns < (int64_t)for_ms * 1000000) {
        mute_next(procedure);
        operations++;
        past_ns = clock_now_ns() - begun_ns;
    }
    return procedure->rc == 0 ? (double)past_ns / 1000 / operations : -1;
}

static double measure_journal(const struct micro *micro)
{
    g_autofree char *path = g_build_filename(micro->folder, "journal.db", NULL);
    g_autofree char *fault = NULL;
    struct procedure procedure = { 0 };
    remove_database(path);
    if (store_open(path, &procedure.store, &fault) < 0) {
        log_error("no store error=\"%s\"", fault);
        return -1;
    }
    open_meeting(&procedure);
    const double us = procedure.rc == 0 ? time_journal(&procedure, 2 * micro->for_ms) : -1;
    close_meeting(&procedure);
    store_close(procedure.store);
    remove_database(path);
    return us;
}

const struct micro_row micro_signal_rows[] = {
    { "signal.parse_floor_request", "µs", measure_parse_request, "envelope and body" },
    { "signal.parse_snapshot", "µs", measure_parse_snapshot, "envelope and 64 members" },
    { "signal.decide_and_apply", "µs", measure_decide,
            "one operation of a meeting of 236 rooms, its JSON written but not stored" },
    { "signal.operation_with_journal", "µs", measure_journal,
            "the same with SQLite's append and sync; elapsed, so it is the disk's" },
    { 0 },
};
