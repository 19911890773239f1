// SPDX-License-Identifier: Apache-2.0
// Who somebody is, and the secrets that say so: the administrator's token, one-time links and the
// session cookies they become, one-time codes of machines, names in client certificates.
// There are no passwords. Every secret has 256 (codes: 80) random bits and is stored as SHA-256.
// One thread. Times are wall clock in milliseconds.
#pragma once

#include "common/base/check.h"
#include "common/protocol/messages.h"
#include "signaling/pki.h"
#include "signaling/store.h"

#define AUTH_SESSION_TTL_S (12 * 60 * 60)
#define AUTH_CODE_TTL_S    (24 * 60 * 60)
#define AUTH_LINK_TTL_S    (24 * 60 * 60)
#define AUTH_COOKIE        "rong_session"

struct identity {
    enum role role;        // ROLE_NONE: nobody
    char self[33];         // member id, unit code or MCU name
    char meeting[9];       // of a person; "" for machines
    char name[4 * 64 + 1]; // of a person
    int64_t expires_ms;    // of a person's session; 0: never
    char session[65];      // of a person: the hash of its cookie
};

bool identity_equal(const struct identity *a, const struct identity *b);

struct auth;

// Makes admin.token (mode 0600) in `state_dir` when there is none; the file may be replaced by
// removing it and starting again. Lends store and pki.
int auth_open(struct store *store, const struct pki *pki, const char *state_dir, struct auth **out,
        char **fault) MUST_CHECK;
void auth_close(struct auth *auth);

bool auth_is_admin(const struct auth *auth, const char *token); // token may be NULL

// --- people -------------------------------------------------------------------------------------

// The secret of a new link (g_free), NULL when the store failed. `who->self` is set to the next
// free id of the role in the meeting: chair, chair-2, …
char *auth_make_link(
        struct auth *auth, struct identity *who, int64_t ttl_s, int64_t now_ms) MUST_CHECK;
// Spends a link for a cookie (g_free). ERROR_LINK_UNKNOWN, _USED, _EXPIRED, ERROR_PROTO_INTERNAL.
enum error_code auth_spend_link(struct auth *auth, const char *secret, int64_t now_ms,
        struct identity *who, char **cookie) MUST_CHECK;
// ROLE_NONE in *who: no such session. `cookie` may be NULL.
bool auth_from_cookie(struct auth *auth, const char *cookie, int64_t now_ms, struct identity *who);
int auth_end_session(struct auth *auth, const struct identity *who) MUST_CHECK;
// May a link be made for the role?
bool auth_role_has_links(enum role role);

// --- machines -----------------------------------------------------------------------------------

// "room:64" or "mcu:NAME", the CN of a verified client certificate. `name` may be NULL.
bool auth_machine(const char *name, struct identity *who);
// The same, and the certificate is the machine's newest: whoever enrols anew makes what was stolen
// worthless.
bool auth_from_certificate(
        struct auth *auth, const char *name, const char *serial, struct identity *who);
// A one-time code for the machine (g_free), with the server's pin; NULL when the store failed.
char *auth_make_code(
        struct auth *auth, const char *name, int64_t now_ms, int64_t *expires_ms) MUST_CHECK;
// The name of a code that could be spent now (g_free). ERROR_ENROLL_UNKNOWN, _USED, _EXPIRED.
enum error_code auth_check_code(
        struct auth *auth, const char *code, int64_t now_ms, char **name) MUST_CHECK;
// After the certificate was signed. The same errors: somebody else may have been faster.
enum error_code auth_spend_code(
        struct auth *auth, const char *code, const char *serial, int64_t now_ms) MUST_CHECK;
