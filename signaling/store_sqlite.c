// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "signaling/store.h"

#define LOG_TOPIC "store"

struct store {
    sqlite3 *db;
    char *path;
};

// Each entry brings the file from version i to i + 1. Only ever append; never change one that ran.
static const char *const migrations[] = {
    "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE unit (position INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE,"
    "  parent TEXT NOT NULL, level TEXT NOT NULL, name TEXT NOT NULL,"
    "  link_kbps INTEGER NOT NULL) STRICT;"
    "CREATE TABLE journal (meeting TEXT NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    "  name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (meeting, number)) STRICT,"
    "  WITHOUT ROWID;"
    "CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal"
    "  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER journal_is_never_cut BEFORE DELETE ON journal"
    "  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TABLE link (hash TEXT PRIMARY KEY, role TEXT NOT NULL, meeting TEXT NOT NULL,"
    "  member TEXT NOT NULL, name TEXT NOT NULL, expires_ms INTEGER NOT NULL,"
    "  spent_ms INTEGER) STRICT, WITHOUT ROWID;"
    "CREATE TABLE session (hash TEXT PRIMARY KEY, role TEXT NOT NULL, meeting TEXT NOT NULL,"
    "  member TEXT NOT NULL, name TEXT NOT NULL, expires_ms INTEGER NOT NULL) STRICT,"
    "  WITHOUT ROWID;"
    "CREATE TABLE code (hash TEXT PRIMARY KEY, name TEXT NOT NULL, expires_ms INTEGER NOT NULL,"
    "  spent_ms INTEGER) STRICT, WITHOUT ROWID;"
    "CREATE TABLE machine (name TEXT PRIMARY KEY, serial TEXT NOT NULL,"
    "  enrolled_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;",

    // Years of meetings lie here; only those that go on are opened at every start.
    ("CREATE INDEX journal_begun ON journal (at_ms, meeting) WHERE number = 0;"
     "CREATE INDEX journal_over ON journal (meeting) WHERE name = 'meeting.ended';"),

    "ALTER TABLE unit ADD COLUMN language TEXT NOT NULL DEFAULT 'floor';",
};

// --- statements ---------------------------------------------------------------------------------

static int fail(const struct store *store, const char *what)
{
    log_error("%s failed error=\"%s\" file=%s", what, sqlite3_errmsg(store->db), store->path);
    return -EIO;
}

static int run(struct store *store, const char *sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return fail(store, sql);
}

static sqlite3_stmt *prepare(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail(store, sql);
    return statement; // NULL binds and steps to SQLITE_MISUSE
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

// Runs a statement that returns no row, and finalizes it.
static int finish(struct store *store, sqlite3_stmt *statement, const char *what)
{
    int rc = sqlite3_step(statement);
    int result = rc == SQLITE_DONE ? 0 : fail(store, what);
    sqlite3_finalize(statement);
    return result;
}

static char *column_copy(sqlite3_stmt *statement, int index)
{
    return g_strdup((const char *)sqlite3_column_text(statement, index));
}

static void column_into(sqlite3_stmt *statement, int index, char *buffer, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    g_strlcpy(buffer, text ? text : "", size);
}

static int end_transaction(struct store *store, int rc)
{
    if (rc == 0)
        rc = run(store, "COMMIT");
    if (rc < 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

// --- opening ------------------------------------------------------------------------------------

static int schema_version(struct store *store)
{
    sqlite3_stmt *statement = prepare(store, "PRAGMA user_version");
    int version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -EIO;
    sqlite3_finalize(statement);
    return version;
}

static int migrate(struct store *store, char **fault)
{
    int version = schema_version(store);
    if (version < 0)
        return version;
    if (version > (int)COUNT_OF(migrations)) {
        *fault =
                g_strdup_printf("%s was written by a newer rong-signal (its tables are version %d, "
                                "this program knows %zu)",
                        store->path, version, COUNT_OF(migrations));
        return -EINVAL;
    }
    for (int rc = 0; version < (int)COUNT_OF(migrations); version++) {
        g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", version + 1);
        rc = run(store, "BEGIN IMMEDIATE");
        if (rc == 0)
            rc = run(store, migrations[version]);
        if (rc == 0)
            rc = run(store, mark);
        rc = end_transaction(store, rc);
        if (rc < 0)
            return rc;
    }
    return 0;
}

// The journal says who said what when, and links' secrets are in it as hashes: nobody else's to
// read. SQLite gives -wal and -shm the mode of the database; those that an earlier version left are
// put right here.
static int keep_private(const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    close(fd);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        g_autofree char *file = g_strconcat(path, suffixes[i], NULL);
        if (chmod(file, 0600) < 0 && errno != ENOENT)
            return -errno;
    }
    return 0;
}

int store_open(const char *path, struct store **out, char **fault)
{
    struct store *store = g_new0(struct store, 1);
    store->path = g_strdup(path);
    *fault = NULL;
    int rc = keep_private(path);
    if (rc < 0) {
        *fault = g_strdup_printf("%s: %s", path, g_strerror(-rc));
    } else if (sqlite3_open_v2(path, &store->db,
                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                       NULL) != SQLITE_OK) {
        *fault = g_strdup_printf("%s: %s", path, sqlite3_errmsg(store->db));
        rc = -EIO;
    }
    // FULL: a commit is on the disk when it returns; with NORMAL a power cut may take the last
    // accepted operations along.
    static const char setup[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";
    if (rc == 0)
        rc = run(store, setup);
    if (rc == 0)
        rc = migrate(store, fault);
    if (rc < 0) {
        if (!*fault)
            *fault = g_strdup_printf("%s is no usable database: %s", path,
                    store->db ? sqlite3_errmsg(store->db) : "no memory");
        store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sqlite3_close_v2(store->db);
    g_free(store->path);
    g_free(store);
}

// --- settings -----------------------------------------------------------------------------------

char *store_setting(struct store *store, const char *key)
{
    sqlite3_stmt *statement = prepare(store, "SELECT value FROM setting WHERE key = ?");
    bind_text(statement, 1, key);
    char *value = sqlite3_step(statement) == SQLITE_ROW ? column_copy(statement, 0) : NULL;
    sqlite3_finalize(statement);
    return value;
}

int store_set_setting(struct store *store, const char *key, const char *value)
{
    sqlite3_stmt *statement =
            prepare(store, "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)");
    bind_text(statement, 1, key);
    bind_text(statement, 2, value);
    return finish(store, statement, "set setting");
}

// --- units --------------------------------------------------------------------------------------

static int insert_unit(struct store *store, const struct unit *unit)
{
    sqlite3_stmt *statement =
            prepare(store, "INSERT INTO unit (code, parent, level, name, link_kbps, language)"
                           " VALUES (?, ?, ?, ?, ?, ?)");
    bind_text(statement, 1, unit->code);
    bind_text(statement, 2, unit->parent);
    bind_text(statement, 3, unit_level_name(unit->level));
    bind_text(statement, 4, unit->name);
    sqlite3_bind_int64(statement, 5, unit->link_kbps);
    bind_text(statement, 6, language_name(unit->language));
    return finish(store, statement, "insert unit");
}

int store_replace_units(struct store *store, const struct unit_tree *tree)
{
    int rc = run(store, "BEGIN IMMEDIATE; DELETE FROM unit");
    for (size_t i = 0; rc == 0 && i < unit_tree_count(tree); i++)
        rc = insert_unit(store, unit_tree_at(tree, i));
    return end_transaction(store, rc);
}

struct unit_tree *store_units(struct store *store)
{
    sqlite3_stmt *statement = prepare(store,
            "SELECT code, parent, level, name, link_kbps, language FROM unit ORDER BY position");
    struct unit_tree *tree = unit_tree_new();
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct unit unit = {
            .code = (const char *)sqlite3_column_text(statement, 0),
            .parent = (const char *)sqlite3_column_text(statement, 1),
            .name = (const char *)sqlite3_column_text(statement, 3),
            .level = unit_level_from_name((const char *)sqlite3_column_text(statement, 2)),
            .link_kbps = sqlite3_column_int64(statement, 4),
            .language = language_from_name((const char *)sqlite3_column_text(statement, 5)),
        };
        unit_tree_add(tree, &unit);
    }
    sqlite3_finalize(statement);

    struct unit_fault fault = { 0 };
    if (unit_tree_count(tree) > 0 && unit_tree_check(tree, &fault))
        return tree;
    if (unit_tree_count(tree) > 0)
        log_error("stored units are no tree code=%s text=\"%s\"", error_code_name(fault.code),
                fault.text);
    unit_tree_free(tree);
    return NULL;
}

// --- journals -----------------------------------------------------------------------------------

static int insert_entry(struct store *store, sqlite3_stmt *statement, const char *meeting,
        int64_t number, const struct store_entry *entry)
{
    bind_text(statement, 1, meeting);
    sqlite3_bind_int64(statement, 2, number);
    sqlite3_bind_int64(statement, 3, entry->at_ms);
    bind_text(statement, 4, entry->name);
    bind_text(statement, 5, entry->body);
    int rc = sqlite3_step(statement);
    int result = 0;
    if (rc == SQLITE_CONSTRAINT)
        result = -EEXIST;
    else if (rc != SQLITE_DONE)
        result = fail(store, "append");
    sqlite3_reset(statement);
    return result;
}

int store_append(struct store *store, const char *meeting, int64_t first,
        const struct store_entry *entries, size_t count)
{
    if (count == 0)
        return 0;
    int rc = run(store, "BEGIN IMMEDIATE");
    sqlite3_stmt *statement = prepare(store,
            "INSERT INTO journal (meeting, number, at_ms, name, body) VALUES (?, ?, ?, ?, ?)");
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = insert_entry(store, statement, meeting, first + (int64_t)i, &entries[i]);
    sqlite3_finalize(statement);
    return end_transaction(store, rc);
}

int store_read_journal(struct store *store, const char *meeting, store_entry_fn *fn, void *context)
{
    sqlite3_stmt *statement = prepare(store,
            "SELECT number, at_ms, name, body FROM journal WHERE meeting = ? ORDER BY number");
    bind_text(statement, 1, meeting);
    int result = 0;
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && result >= 0) {
        struct store_entry entry = {
            .at_ms = sqlite3_column_int64(statement, 1),
            .name = (const char *)sqlite3_column_text(statement, 2),
            .body = (const char *)sqlite3_column_text(statement, 3),
        };
        result = fn(context, sqlite3_column_int64(statement, 0), &entry);
    }
    if (result >= 0 && rc != SQLITE_DONE)
        result = fail(store, "read journal");
    sqlite3_finalize(statement);
    return result < 0 ? result : 0;
}

GPtrArray *store_meetings(struct store *store, int ended_max)
{
    GPtrArray *meetings = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *statement = prepare(store,
            "WITH over AS (SELECT meeting FROM journal WHERE name = 'meeting.ended'),"
            " recent AS (SELECT meeting FROM journal WHERE number = 0 AND meeting IN over"
            "  ORDER BY at_ms DESC LIMIT ?)"
            "SELECT meeting FROM journal WHERE number = 0"
            " AND (meeting NOT IN over OR meeting IN recent) ORDER BY at_ms, meeting");
    sqlite3_bind_int(statement, 1, ended_max);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_ptr_array_add(meetings, column_copy(statement, 0));
    sqlite3_finalize(statement);
    return meetings;
}

// --- people -------------------------------------------------------------------------------------

static void bind_person(
        sqlite3_stmt *statement, const char *hash, const struct store_person *person)
{
    bind_text(statement, 1, hash);
    bind_text(statement, 2, person->role);
    bind_text(statement, 3, person->meeting);
    bind_text(statement, 4, person->member);
    bind_text(statement, 5, person->name);
    sqlite3_bind_int64(statement, 6, person->expires_ms);
}

// The columns role, meeting, member, name, expires_ms from the first on.
static void column_person(sqlite3_stmt *statement, struct store_person *person)
{
    column_into(statement, 0, person->role, sizeof(person->role));
    column_into(statement, 1, person->meeting, sizeof(person->meeting));
    column_into(statement, 2, person->member, sizeof(person->member));
    column_into(statement, 3, person->name, sizeof(person->name));
    person->expires_ms = sqlite3_column_int64(statement, 4);
}

int store_add_link(struct store *store, const char *hash, const struct store_person *person)
{
    sqlite3_stmt *statement =
            prepare(store, "INSERT INTO link (hash, role, meeting, member, name, expires_ms)"
                           " VALUES (?, ?, ?, ?, ?, ?)");
    bind_person(statement, hash, person);
    return finish(store, statement, "add link");
}

static enum store_spend find_link(
        struct store *store, const char *hash, int64_t now_ms, struct store_person *person)
{
    sqlite3_stmt *statement = prepare(store,
            "SELECT role, meeting, member, name, expires_ms, spent_ms FROM link WHERE hash = ?");
    bind_text(statement, 1, hash);
    enum store_spend result = STORE_UNKNOWN;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        column_person(statement, person);
        if (sqlite3_column_type(statement, 5) != SQLITE_NULL)
            result = STORE_USED;
        else
            result = person->expires_ms <= now_ms ? STORE_EXPIRED : STORE_SPENT_NOW;
    }
    sqlite3_finalize(statement);
    return result;
}

static int mark_spent(struct store *store, const char *sql, const char *hash, int64_t now_ms)
{
    sqlite3_stmt *statement = prepare(store, sql);
    sqlite3_bind_int64(statement, 1, now_ms);
    bind_text(statement, 2, hash);
    return finish(store, statement, "spend");
}

static int insert_session(struct store *store, const char *hash, const struct store_person *person)
{
    sqlite3_stmt *statement =
            prepare(store, "INSERT INTO session (hash, role, meeting, member, name, expires_ms)"
                           " VALUES (?, ?, ?, ?, ?, ?)");
    bind_person(statement, hash, person);
    return finish(store, statement, "add session");
}

enum store_spend store_spend_link(struct store *store, const char *hash, const char *session_hash,
        int64_t session_expires_ms, int64_t now_ms, struct store_person *person)
{
    if (run(store, "BEGIN IMMEDIATE") < 0)
        return STORE_FAILED;
    enum store_spend result = find_link(store, hash, now_ms, person);
    int rc = -ECANCELED;
    if (result == STORE_SPENT_NOW) {
        struct store_person session = *person;
        session.expires_ms = session_expires_ms;
        rc = mark_spent(store, "UPDATE link SET spent_ms = ? WHERE hash = ?", hash, now_ms);
        if (rc == 0)
            rc = insert_session(store, session_hash, &session);
    }
    rc = end_transaction(store, rc);
    return result == STORE_SPENT_NOW && rc < 0 ? STORE_FAILED : result;
}

int store_count_members(struct store *store, const char *meeting, const char *stem)
{
    sqlite3_stmt *statement = prepare(store, "SELECT COUNT(*) FROM link WHERE meeting = ?1"
                                             " AND (member = ?2 OR member GLOB ?2 || '-[0-9]*')");
    bind_text(statement, 1, meeting);
    bind_text(statement, 2, stem);
    int count = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -EIO;
    sqlite3_finalize(statement);
    return count;
}

bool store_find_session(
        struct store *store, const char *hash, int64_t now_ms, struct store_person *person)
{
    sqlite3_stmt *statement =
            prepare(store, "SELECT role, meeting, member, name, expires_ms FROM session"
                           " WHERE hash = ? AND expires_ms > ?");
    bind_text(statement, 1, hash);
    sqlite3_bind_int64(statement, 2, now_ms);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found)
        column_person(statement, person);
    sqlite3_finalize(statement);
    return found;
}

int store_remove_session(struct store *store, const char *hash)
{
    sqlite3_stmt *statement = prepare(store, "DELETE FROM session WHERE hash = ?");
    bind_text(statement, 1, hash);
    return finish(store, statement, "remove session");
}

int store_remove_expired(struct store *store, int64_t now_ms)
{
    sqlite3_stmt *statement = prepare(store, "DELETE FROM session WHERE expires_ms <= ?");
    sqlite3_bind_int64(statement, 1, now_ms);
    return finish(store, statement, "remove expired");
}

// --- machines -----------------------------------------------------------------------------------

int store_add_code(struct store *store, const char *hash, const char *name, int64_t expires_ms)
{
    int rc = run(store, "BEGIN IMMEDIATE");
    if (rc == 0) {
        sqlite3_stmt *statement =
                prepare(store, "DELETE FROM code WHERE name = ? AND spent_ms IS NULL");
        bind_text(statement, 1, name);
        rc = finish(store, statement, "remove codes");
    }
    if (rc == 0) {
        sqlite3_stmt *statement =
                prepare(store, "INSERT INTO code (hash, name, expires_ms) VALUES (?, ?, ?)");
        bind_text(statement, 1, hash);
        bind_text(statement, 2, name);
        sqlite3_bind_int64(statement, 3, expires_ms);
        rc = finish(store, statement, "add code");
    }
    return end_transaction(store, rc);
}

enum store_spend store_peek_code(struct store *store, const char *hash, int64_t now_ms, char **name)
{
    sqlite3_stmt *statement =
            prepare(store, "SELECT name, expires_ms, spent_ms FROM code WHERE hash = ?");
    bind_text(statement, 1, hash);
    enum store_spend result = STORE_UNKNOWN;
    *name = NULL;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        if (sqlite3_column_type(statement, 2) != SQLITE_NULL)
            result = STORE_USED;
        else if (sqlite3_column_int64(statement, 1) <= now_ms)
            result = STORE_EXPIRED;
        else {
            result = STORE_SPENT_NOW;
            *name = column_copy(statement, 0);
        }
    }
    sqlite3_finalize(statement);
    return result;
}

static int note_machine(struct store *store, const char *name, const char *serial, int64_t now_ms)
{
    sqlite3_stmt *statement = prepare(
            store, "INSERT OR REPLACE INTO machine (name, serial, enrolled_ms) VALUES (?, ?, ?)");
    bind_text(statement, 1, name);
    bind_text(statement, 2, serial);
    sqlite3_bind_int64(statement, 3, now_ms);
    return finish(store, statement, "note machine");
}

enum store_spend store_spend_code(
        struct store *store, const char *hash, const char *serial, int64_t now_ms)
{
    if (run(store, "BEGIN IMMEDIATE") < 0)
        return STORE_FAILED;
    g_autofree char *name = NULL;
    enum store_spend result = store_peek_code(store, hash, now_ms, &name);
    int rc = -ECANCELED;
    if (result == STORE_SPENT_NOW) {
        rc = mark_spent(store, "UPDATE code SET spent_ms = ? WHERE hash = ?", hash, now_ms);
        if (rc == 0)
            rc = note_machine(store, name, serial, now_ms);
    }
    rc = end_transaction(store, rc);
    return result == STORE_SPENT_NOW && rc < 0 ? STORE_FAILED : result;
}

char *store_machine_serial(struct store *store, const char *name)
{
    sqlite3_stmt *statement = prepare(store, "SELECT serial FROM machine WHERE name = ?");
    bind_text(statement, 1, name);
    char *serial = sqlite3_step(statement) == SQLITE_ROW ? column_copy(statement, 0) : NULL;
    sqlite3_finalize(statement);
    return serial;
}
