// SPDX-License-Identifier: Apache-2.0
// What outlives the process: units, journals, links, sessions, enrolment. One interface; the
// embedded SQLite file (store_sqlite.c) is the default behind it. Only hashes of secrets ever get
// here. One thread; every call is durable when it returns 0. Errors: -EIO (logged by the store),
// -ENOENT, -EEXIST as said.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "signaling/unit_tree.h"

struct store;

// Opens or makes the file and brings its tables to this version. A file of a newer version is
// refused. *fault: one sentence (g_free).
int store_open(const char *path, struct store **out, char **fault) MUST_CHECK;
void store_close(struct store *store);

// --- settings of the installation ---------------------------------------------------------------

// NULL: never set. g_free.
char *store_setting(struct store *store, const char *key);
int store_set_setting(struct store *store, const char *key, const char *value) MUST_CHECK;

// --- units --------------------------------------------------------------------------------------

// The whole tree takes the place of the one before.
int store_replace_units(struct store *store, const struct unit_tree *tree) MUST_CHECK;
// NULL: none imported yet, or unreadable (logged).
struct unit_tree *store_units(struct store *store);

// --- journals -----------------------------------------------------------------------------------

struct store_entry {
    const char *name; // the message's name: "floor.granted"
    const char *body; // its JSON
    int64_t at_ms;
};

// Appends `count` entries from number `first` on, all or none, synced before it returns.
// -EEXIST: the journal has that number already.
int store_append(struct store *store, const char *meeting, int64_t first,
        const struct store_entry *entries, size_t count) MUST_CHECK;

// Calls `fn` for each entry in order; a negative return of `fn` ends the reading and is returned.
typedef int store_entry_fn(void *context, int64_t number, const struct store_entry *entry);
int store_read_journal(
        struct store *store, const char *meeting, store_entry_fn *fn, void *context) MUST_CHECK;
// Ids of the meetings that have not ended and of the `ended_max` newest that have, oldest first;
// g_ptr_array_unref.
GPtrArray *store_meetings(struct store *store, int ended_max);

// --- people: one-time links, sessions -----------------------------------------------------------

struct store_person {
    char role[24];
    char meeting[16];
    char member[40];
    char name[512];
    int64_t expires_ms;
};

enum store_spend { STORE_SPENT_NOW, STORE_UNKNOWN, STORE_USED, STORE_EXPIRED, STORE_FAILED };

int store_add_link(
        struct store *store, const char *hash, const struct store_person *person) MUST_CHECK;
// Spends the link and opens the session in one step; *person is the link's.
enum store_spend store_spend_link(struct store *store, const char *hash, const char *session_hash,
        int64_t session_expires_ms, int64_t now_ms, struct store_person *person);
// How many links of the meeting name members "chair", "chair-2", …; for the next free id.
int store_count_members(struct store *store, const char *meeting, const char *stem);
// False: unknown or expired.
bool store_find_session(
        struct store *store, const char *hash, int64_t now_ms, struct store_person *person);
int store_remove_session(struct store *store, const char *hash) MUST_CHECK;
// Sessions and links that nobody can use any more.
int store_remove_expired(struct store *store, int64_t now_ms) MUST_CHECK;

// --- machines -----------------------------------------------------------------------------------

// `name`: "room:64", "mcu:NAME". A new code for the name makes older unspent ones worthless.
int store_add_code(
        struct store *store, const char *hash, const char *name, int64_t expires_ms) MUST_CHECK;
// Looks without spending: the name of a code that could be spent now (g_free) in *name.
enum store_spend store_peek_code(
        struct store *store, const char *hash, int64_t now_ms, char **name);
// Spends the code and notes the certificate that was made for it.
enum store_spend store_spend_code(
        struct store *store, const char *hash, const char *serial, int64_t now_ms);
// The serial of the machine's newest certificate (g_free); NULL: never enrolled.
char *store_machine_serial(struct store *store, const char *name);
