// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signaling/store.h"
#include "tests/unit/signaling/temporary.h"

#include <cmocka.h>

#define MEETING "abcdefgh"

struct fixture {
    char *folder;
    char *path;
    struct store *store;
};

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->folder = temporary_folder();
    fixture->path = g_build_filename(fixture->folder, "rong.sqlite", NULL);
    g_autofree char *fault = NULL;
    assert_int_equal(store_open(fixture->path, &fixture->store, &fault), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    g_free(fixture->path);
    temporary_remove(fixture->folder);
    g_free(fixture);
    return 0;
}

static void reopen(struct fixture *fixture)
{
    g_autofree char *fault = NULL;
    store_close(fixture->store);
    assert_int_equal(store_open(fixture->path, &fixture->store, &fault), 0);
}

static void assert_private(const char *path, const char *suffix)
{
    g_autofree char *file = g_strconcat(path, suffix, NULL);
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static int append(struct store *store, int64_t first, const char *name)
{
    struct store_entry entry = { .name = name, .body = "{}", .at_ms = first };
    return store_append(store, MEETING, first, &entry, 1);
}

static int count_entry(void *context, int64_t number, const struct store_entry *entry)
{
    int64_t *next = context;
    assert_int_equal(number, *next);
    assert_int_equal(entry->at_ms, number);
    (*next)++;
    return 0;
}

static int64_t journal_length(struct store *store)
{
    int64_t next = 0;
    assert_int_equal(store_read_journal(store, MEETING, count_entry, &next), 0);
    return next;
}

static void nobody_else_can_read_it(void **state)
{
    struct fixture *fixture = *state;
    const mode_t before = umask(0);
    assert_int_equal(append(fixture->store, 0, "meeting.created"), 0);
    assert_private(fixture->path, "");
    assert_private(fixture->path, "-wal");
    assert_private(fixture->path, "-shm");
    // What an earlier version left open to all.
    assert_int_equal(chmod(fixture->path, 0644), 0);
    reopen(fixture);
    assert_int_equal(append(fixture->store, 1, "meeting.opened"), 0);
    assert_private(fixture->path, "");
    assert_private(fixture->path, "-wal");
    umask(before);
}

static void a_journal_is_read_back_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct store_entry two[] = { { "floor.granted", "{}", 1 }, { "floor.released", "{}", 2 } };
    assert_int_equal(append(fixture->store, 0, "meeting.created"), 0);
    assert_int_equal(store_append(fixture->store, MEETING, 1, two, 2), 0);
    reopen(fixture);
    assert_int_equal(journal_length(fixture->store), 3);
    g_autoptr(GPtrArray) meetings = store_meetings(fixture->store, 10);
    assert_int_equal(meetings->len, 1);
    assert_string_equal(g_ptr_array_index(meetings, 0), MEETING);
}

static void begin_meeting(struct store *store, int at_ms, bool ended)
{
    g_autofree char *id = g_strdup_printf("meeting%d", at_ms);
    struct store_entry entries[] = { { "meeting.created", "{}", at_ms },
        { "meeting.ended", "{}", at_ms } };
    assert_int_equal(store_append(store, id, 0, entries, ended ? 2 : 1), 0);
}

static void only_meetings_that_go_on_and_the_newest_ended_are_listed(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 6; i++)
        begin_meeting(fixture->store, i, i > 1);
    g_autoptr(GPtrArray) meetings = store_meetings(fixture->store, 2);
    static const char *const expected[] = { "meeting0", "meeting1", "meeting4", "meeting5" };
    assert_int_equal(meetings->len, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_string_equal(g_ptr_array_index(meetings, i), expected[i]);
}

static void an_older_file_is_brought_to_this_version(void **state)
{
    struct fixture *fixture = *state;
    begin_meeting(fixture->store, 1, false);
    store_close(g_steal_pointer(&fixture->store));
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                             "ALTER TABLE unit DROP COLUMN language;"
                             "DROP INDEX journal_begun; DROP INDEX journal_over;"
                             "PRAGMA user_version = 1",
                             NULL, NULL, NULL),
            SQLITE_OK);
    sqlite3_close(db);
    g_autofree char *fault = NULL;
    assert_int_equal(store_open(fixture->path, &fixture->store, &fault), 0);
    g_autoptr(GPtrArray) meetings = store_meetings(fixture->store, 0);
    assert_int_equal(meetings->len, 1);
    reopen(fixture);
}

static void an_append_is_all_or_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(append(fixture->store, 0, "meeting.created"), 0);
    assert_int_equal(append(fixture->store, 1, "meeting.opened"), 0);
    // The second of these numbers is taken: the first may not stay either.
    struct store_entry two[] = { { "a", "{}", 0 }, { "b", "{}", 1 } };
    assert_int_equal(store_append(fixture->store, MEETING, 0, two, 2), -EEXIST);
    assert_int_equal(journal_length(fixture->store), 2);
    assert_int_equal(append(fixture->store, 2, "meeting.ended"), 0);
}

static void the_file_itself_refuses_to_change_a_journal(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(append(fixture->store, 0, "meeting.created"), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_not_equal(
            sqlite3_exec(db, "UPDATE journal SET name = 'x'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM journal", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(journal_length(fixture->store), 1);
}

// A process that appends as fast as it can and says each number once the store took it.
static void append_for_ever(const char *path, int out)
{
    struct store *store = NULL;
    char *fault = NULL;
    if (store_open(path, &store, &fault) < 0)
        _exit(1);
    for (int64_t number = 0;; number++) {
        if (append(store, number, "member.muted") < 0 ||
                write(out, &number, sizeof(number)) != sizeof(number))
            _exit(1);
    }
}

static void kill_9_loses_nothing_that_was_accepted(void **state)
{
    struct fixture *fixture = *state;
    store_close(g_steal_pointer(&fixture->store));
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0)
        append_for_ever(fixture->path, pipe_ends[1]);
    close(pipe_ends[1]);
    int64_t accepted = -1;
    while (accepted < 40)
        assert_int_equal(read(pipe_ends[0], &accepted, sizeof(accepted)), sizeof(accepted));
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &accepted, sizeof(accepted)) == sizeof(accepted))
        continue;
    close(pipe_ends[0]);
    waitpid(child, NULL, 0);

    g_autofree char *fault = NULL;
    assert_int_equal(store_open(fixture->path, &fixture->store, &fault), 0);
    int64_t length = journal_length(fixture->store);
    // What it said it has is there; at most the one it was saying besides.
    assert_in_range(length, accepted + 1, accepted + 2);
}

static void units_replace_units(void **state)
{
    struct fixture *fixture = *state;
    assert_null(store_units(fixture->store));
    for (int round = 0; round < 2; round++) {
        struct unit_tree *tree = unit_tree_new();
        unit_tree_add(tree, &(struct unit){ "64", "", "Tỉnh Gia Lai", UNIT_LEVEL_PROVINCE, 100000,
                                    LANGUAGE_FLOOR });
        if (round == 0)
            unit_tree_add(tree,
                    &(struct unit){ "622", "64", "Pleiku", UNIT_LEVEL_DISTRICT, 1, LANGUAGE_JRAI });
        assert_int_equal(store_replace_units(fixture->store, tree), 0);
        unit_tree_free(tree);
        reopen(fixture);
        tree = store_units(fixture->store);
        assert_int_equal(unit_tree_count(tree), 2 - round);
        assert_string_equal(unit_tree_at(tree, 0)->name, "Tỉnh Gia Lai");
        assert_int_equal(unit_tree_at(tree, 0)->language, LANGUAGE_FLOOR);
        if (round == 0)
            assert_int_equal(unit_tree_at(tree, 1)->language, LANGUAGE_JRAI);
        unit_tree_free(tree);
    }
}

static void a_link_is_spent_once_and_in_time(void **state)
{
    struct fixture *fixture = *state;
    struct store_person person = { "chair", MEETING, "chair", "Chủ tọa", 1000 };
    struct store_person found;
    assert_int_equal(store_add_link(fixture->store, "hash", &person), 0);
    assert_int_equal(
            store_spend_link(fixture->store, "other", "s", 9000, 10, &found), STORE_UNKNOWN);
    assert_int_equal(
            store_spend_link(fixture->store, "hash", "s", 9000, 1000, &found), STORE_EXPIRED);
    assert_int_equal(
            store_spend_link(fixture->store, "hash", "s", 9000, 999, &found), STORE_SPENT_NOW);
    assert_string_equal(found.name, "Chủ tọa");
    assert_int_equal(store_spend_link(fixture->store, "hash", "t", 9000, 999, &found), STORE_USED);
    reopen(fixture);
    assert_int_equal(store_spend_link(fixture->store, "hash", "t", 9000, 999, &found), STORE_USED);
    assert_true(store_find_session(fixture->store, "s", 8999, &found));
    assert_string_equal(found.member, "chair");
    assert_false(store_find_session(fixture->store, "s", 9000, &found));
    assert_false(store_find_session(fixture->store, "t", 10, &found));
    assert_int_equal(store_remove_session(fixture->store, "s"), 0);
    assert_false(store_find_session(fixture->store, "s", 10, &found));
}

static void sessions_that_are_over_are_removed(void **state)
{
    struct fixture *fixture = *state;
    struct store_person person = { "chair", MEETING, "chair", "C", 1000 };
    struct store_person found;
    assert_int_equal(store_add_link(fixture->store, "hash", &person), 0);
    assert_int_equal(
            store_spend_link(fixture->store, "hash", "s", 2000, 1, &found), STORE_SPENT_NOW);
    assert_int_equal(store_remove_expired(fixture->store, 1999), 0);
    assert_true(store_find_session(fixture->store, "s", 1, &found));
    assert_int_equal(store_remove_expired(fixture->store, 2000), 0);
    assert_false(store_find_session(fixture->store, "s", 1, &found));
}

static void members_are_counted_by_stem(void **state)
{
    struct fixture *fixture = *state;
    static const char *const members[] = { "chair", "chair-2", "chairman", "tech" };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct store_person person = { "chair", MEETING, "", "C", 1 };
        g_strlcpy(person.member, members[i], sizeof(person.member));
        assert_int_equal(store_add_link(fixture->store, members[i], &person), 0);
    }
    assert_int_equal(store_count_members(fixture->store, MEETING, "chair"), 2);
    assert_int_equal(store_count_members(fixture->store, "zzzzzzzz", "chair"), 0);
}

static void a_code_enrols_one_machine_once(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *name = NULL;
    assert_int_equal(store_add_code(fixture->store, "first", "room:64", 1000), 0);
    assert_int_equal(store_add_code(fixture->store, "second", "room:64", 1000), 0);
    // The newer code of a machine is the only one.
    assert_int_equal(store_peek_code(fixture->store, "first", 1, &name), STORE_UNKNOWN);
    assert_int_equal(store_peek_code(fixture->store, "second", 1000, &name), STORE_EXPIRED);
    assert_int_equal(store_peek_code(fixture->store, "second", 1, &name), STORE_SPENT_NOW);
    assert_string_equal(name, "room:64");
    assert_null(store_machine_serial(fixture->store, "room:64"));
    assert_int_equal(store_spend_code(fixture->store, "second", "4f", 1), STORE_SPENT_NOW);
    assert_int_equal(store_spend_code(fixture->store, "second", "50", 1), STORE_USED);
    g_autofree char *serial = store_machine_serial(fixture->store, "room:64");
    assert_string_equal(serial, "4f");
}

static void a_file_of_a_newer_version_is_refused(void **state)
{
    struct fixture *fixture = *state;
    store_close(g_steal_pointer(&fixture->store));
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    g_autofree char *fault = NULL;
    assert_int_equal(store_open(fixture->path, &fixture->store, &fault), -EINVAL);
    assert_non_null(strstr(fault, "newer"));
    fixture->store = NULL;
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = g_build_filename(fixture->folder, "text", NULL);
    assert_true(g_file_set_contents(path,
            "this is not a database, but long enough for one "
            "page header to be read from it by the library …… ",
            -1, NULL));
    struct store *store = NULL;
    g_autofree char *fault = NULL;
    assert_int_not_equal(store_open(path, &store, &fault), 0);
    assert_non_null(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_journal_is_read_back_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_can_read_it, setup, teardown),
        cmocka_unit_test_setup_teardown(
                only_meetings_that_go_on_and_the_newest_ended_are_listed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_file_is_brought_to_this_version, setup, teardown),
        cmocka_unit_test_setup_teardown(an_append_is_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
                the_file_itself_refuses_to_change_a_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(kill_9_loses_nothing_that_was_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(units_replace_units, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_spent_once_and_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_that_are_over_are_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(members_are_counted_by_stem, setup, teardown),
        cmocka_unit_test_setup_teardown(a_code_enrols_one_machine_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_a_newer_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
