// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <sqlite3.h>
#include <string.h>

#include "signaling/conference.h"
#include "signaling/metrics.h"
#include "signaling/rooms.h"
#include "signaling/session.h"
#include "signaling/store.h"
#include "tests/unit/signaling/temporary.h"

#include <cmocka.h>

// A service with a store and nobody connected.
struct fixture {
    struct service service;
    char *folder;
    char *path;
};

static bool identify(void *context, struct web_session *web, struct identity *who)
{
    (void)context, (void)web, (void)who;
    return false;
}

static void ignore_session(void *context, struct session *session)
{
    (void)context, (void)session;
}

static const struct sessions_handler nobody = {
    .identify = identify, .presence = ignore_session, .ended = ignore_session
};

static int set_up(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    g_autofree char *fault = NULL;
    fixture->folder = temporary_folder();
    fixture->path = g_build_filename(fixture->folder, "rong.sqlite", NULL);
    assert_int_equal(store_open(fixture->path, &fixture->service.store, &fault), 0);
    fixture->service.loop = loop_new_main();
    fixture->service.order = g_ptr_array_new();
    fixture->service.sessions = sessions_new(fixture->service.loop, &nobody, fixture);
    fixture->service.rooms = rooms_new();
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sessions_free(fixture->service.sessions);
    rooms_free(fixture->service.rooms);
    g_ptr_array_unref(fixture->service.order);
    loop_free(fixture->service.loop);
    store_close(fixture->service.store);
    g_free(fixture->path);
    temporary_remove(fixture->folder);
    g_free(fixture);
    return 0;
}

static const struct unit hall = { .code = "64", .name = "Hội trường", .parent = "" };

static struct conference *open_meeting(struct fixture *fixture, enum error_code *code)
{
    const struct unit *const units[] = { &hall };
    const struct conference_plan plan = { .title = "Giao ban",
        .mode = MEETING_MODE_FLOOR,
        .units = units,
        .unit_count = COUNT_OF(units),
        .is_open = true };
    struct conference *conference = NULL;
    assert_int_equal(conference_open(&fixture->service, "abcdefgh", &conference), 0);
    *code = conference_create(conference, &plan);
    if (*code == ERROR_NONE)
        conference_begin(conference);
    return conference;
}

static void operate(struct conference *conference, struct meeting_operation operation)
{
    assert_int_equal(conference_operate(conference, &operation), ERROR_NONE);
}

static void join_and_ask(struct conference *conference, const char *id)
{
    struct meeting_member person = { .kind = MEMBER_KIND_PERSON, .role = ROLE_DELEGATE };
    g_strlcpy(person.id, id, sizeof(person.id));
    operate(conference,
            (struct meeting_operation){ .type = MEETING_JOIN, .actor = id, .joins = &person });
    operate(conference, (struct meeting_operation){ .type = MEETING_FLOOR_REQUEST, .actor = id });
}

static int queue_length(const struct conference *conference)
{
    return (int)conference_meeting(conference)->queue->len;
}

static void a_person_whose_session_is_over_leaves_the_queue(void **state)
{
    enum error_code code;
    struct conference *conference = open_meeting(*state, &code);
    const int64_t dropped = metric_get(&signal_queue_dropped_total);
    operate(conference, (struct meeting_operation){ .type = MEETING_FLOOR_REQUEST, .actor = "64" });
    join_and_ask(conference, "delegate");
    join_and_ask(conference, "delegate-2");
    conference_note_presence(conference, "delegate", true);
    conference_note_presence(conference, "delegate", false);
    // The other may still come back from before the restart; the room keeps its place in any case.
    conference_drop_gone(conference, false);
    assert_int_equal(queue_length(conference), 2);
    assert_int_equal(meeting_queue_position(conference_meeting(conference), "delegate"), 0);
    conference_drop_gone(conference, true);
    assert_int_equal(queue_length(conference), 1);
    assert_int_equal(meeting_queue_position(conference_meeting(conference), "64"), 1);
    assert_int_equal(metric_get(&signal_queue_dropped_total), dropped + 2);
    conference_close(conference);
}

static int count_entry(void *context, int64_t number, const struct store_entry *entry)
{
    (void)number, (void)entry;
    ++*(int *)context;
    return 0;
}

// What a crash between two appends would leave: here the disk refuses the last of them.
static void a_meeting_is_stored_whole_or_not_at_all(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other,
                             "CREATE TRIGGER full BEFORE INSERT ON journal WHEN NEW.name = "
                             "'meeting.opened' BEGIN SELECT RAISE(ABORT, 'disk full'); END",
                             NULL, NULL, NULL),
            SQLITE_OK);
    enum error_code code;
    struct conference *conference = open_meeting(fixture, &code);
    assert_int_equal(code, ERROR_PROTO_INTERNAL);
    assert_int_equal(conference_meeting(conference)->event_count, 0);
    conference_close(conference);
    int count = 0;
    assert_int_equal(
            store_read_journal(fixture->service.store, "abcdefgh", count_entry, &count), 0);
    assert_int_equal(count, 0);

    assert_int_equal(sqlite3_exec(other, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    conference = open_meeting(fixture, &code);
    assert_int_equal(code, ERROR_NONE);
    assert_int_equal(conference_meeting(conference)->state, MEETING_STATE_OPEN);
    assert_int_equal(conference_meeting(conference)->members->len, 1);
    conference_close(conference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                a_person_whose_session_is_over_leaves_the_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_meeting_is_stored_whole_or_not_at_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
