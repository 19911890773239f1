// SPDX-License-Identifier: Apache-2.0
#include "signaling/auth.h"

#include <errno.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "signaling/unit_tree.h"

#define SECRET_BYTES 32
#define CODE_GROUPS  4
#define CODE_GROUP   4
#define ADMIN_HASH   "admin_token_sha256"
#define HASH_CHARS   64

struct auth {
    struct store *store;
    const struct pki *pki;
    char admin_hash[HASH_CHARS + 1];
};

static const struct {
    enum role role;
    const char *stem;
} link_roles[] = {
    { ROLE_CHAIR, "chair" },
    { ROLE_SECRETARY, "secretary" },
    { ROLE_TECHNICIAN, "tech" },
    { ROLE_DELEGATE, "delegate" },
    { ROLE_INTERPRETER, "interpreter" },
};

static const char *stem_of(enum role role)
{
    for (size_t i = 0; i < COUNT_OF(link_roles); i++) {
        if (link_roles[i].role == role)
            return link_roles[i].stem;
    }
    return NULL;
}

bool auth_role_has_links(enum role role)
{
    return stem_of(role) != NULL;
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
    return a->role == b->role && strcmp(a->self, b->self) == 0 &&
           strcmp(a->meeting, b->meeting) == 0;
}

// --- secrets ------------------------------------------------------------------------------------

static void random_bytes(unsigned char *bytes, size_t size)
{
    // Without random numbers nothing here is secret: going on would be worse than ending.
    if (RAND_bytes(bytes, (int)size) != 1)
        g_error("the system gives no random numbers");
}

static char *new_secret(void)
{
    unsigned char bytes[SECRET_BYTES];
    random_bytes(bytes, sizeof(bytes));
    char *text = g_base64_encode(bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    *strchrnul(text, '=') = '\0';
    return text;
}

static char *hash_of(const char *secret)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
}

// --- the administrator --------------------------------------------------------------------------

static int make_admin_token(struct auth *auth, const char *path, char **fault)
{
    g_autofree char *token = new_secret();
    g_autofree char *line = g_strconcat(token, "\n", NULL);
    g_autofree char *hash = hash_of(token);
    g_autoptr(GError) error = NULL;
    int rc = store_set_setting(auth->store, ADMIN_HASH, hash);
    if (rc == 0 &&
            !g_file_set_contents_full(path, line, -1,
                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error)) {
        *fault = g_strdup(error->message);
        rc = -EIO;
    }
    OPENSSL_cleanse(token, strlen(token));
    OPENSSL_cleanse(line, strlen(line));
    return rc;
}

int auth_open(struct store *store, const struct pki *pki, const char *state_dir, struct auth **out,
        char **fault)
{
    struct auth *auth = g_new0(struct auth, 1);
    auth->store = store;
    auth->pki = pki;
    g_autofree char *path = g_build_filename(state_dir, "admin.token", NULL);
    g_autofree char *known = store_setting(store, ADMIN_HASH);
    int rc = 0;
    *fault = NULL;
    if (!known || !g_file_test(path, G_FILE_TEST_EXISTS))
        rc = make_admin_token(auth, path, fault);
    if (rc < 0) {
        if (!*fault)
            *fault = g_strdup("the administrator's token can not be stored");
        auth_close(auth);
        return rc;
    }
    g_autofree char *hash = store_setting(store, ADMIN_HASH);
    g_strlcpy(auth->admin_hash, hash ? hash : "", sizeof(auth->admin_hash));
    *out = auth;
    return 0;
}

void auth_close(struct auth *auth)
{
    g_free(auth);
}

bool auth_is_admin(const struct auth *auth, const char *token)
{
    if (!token || strlen(auth->admin_hash) != HASH_CHARS)
        return false;
    g_autofree char *hash = hash_of(token);
    return CRYPTO_memcmp(hash, auth->admin_hash, HASH_CHARS) == 0;
}

// --- people -------------------------------------------------------------------------------------

static void person_of(const struct identity *who, int64_t expires_ms, struct store_person *person)
{
    memset(person, 0, sizeof(*person));
    g_strlcpy(person->role, role_name(who->role), sizeof(person->role));
    g_strlcpy(person->meeting, who->meeting, sizeof(person->meeting));
    g_strlcpy(person->member, who->self, sizeof(person->member));
    g_strlcpy(person->name, who->name, sizeof(person->name));
    person->expires_ms = expires_ms;
}

static bool identity_of(
        const struct store_person *person, const char *session, struct identity *who)
{
    memset(who, 0, sizeof(*who));
    who->role = role_from_name(person->role);
    who->expires_ms = person->expires_ms;
    g_strlcpy(who->meeting, person->meeting, sizeof(who->meeting));
    g_strlcpy(who->self, person->member, sizeof(who->self));
    g_strlcpy(who->name, person->name, sizeof(who->name));
    g_strlcpy(who->session, session, sizeof(who->session));
    return who->role != ROLE_NONE;
}

char *auth_make_link(struct auth *auth, struct identity *who, int64_t ttl_s, int64_t now_ms)
{
    const char *stem = stem_of(who->role);
    int before = stem ? store_count_members(auth->store, who->meeting, stem) : -EINVAL;
    if (before < 0)
        return NULL;
    if (before == 0)
        g_strlcpy(who->self, stem, sizeof(who->self));
    else
        g_snprintf(who->self, sizeof(who->self), "%s-%d", stem, before + 1);

    struct store_person person;
    person_of(who, now_ms + ttl_s * 1000, &person);
    char *secret = new_secret();
    g_autofree char *hash = hash_of(secret);
    if (store_add_link(auth->store, hash, &person) == 0)
        return secret;
    g_free(secret);
    return NULL;
}

enum error_code auth_spend_link(
        struct auth *auth, const char *secret, int64_t now_ms, struct identity *who, char **cookie)
{
    g_autofree char *hash = hash_of(secret);
    g_autofree char *fresh = new_secret();
    g_autofree char *session = hash_of(fresh);
    struct store_person person;
    switch (store_spend_link(auth->store, hash, session,
            now_ms + (int64_t)AUTH_SESSION_TTL_S * 1000, now_ms, &person)) {
    case STORE_SPENT_NOW:
        break;
    case STORE_UNKNOWN:
        return ERROR_LINK_UNKNOWN;
    case STORE_USED:
        return ERROR_LINK_USED;
    case STORE_EXPIRED:
        return ERROR_LINK_EXPIRED;
    case STORE_FAILED:
        return ERROR_PROTO_INTERNAL;
    }
    if (!identity_of(&person, session, who))
        return ERROR_PROTO_INTERNAL;
    *cookie = g_steal_pointer(&fresh);
    return ERROR_NONE;
}

bool auth_from_cookie(struct auth *auth, const char *cookie, int64_t now_ms, struct identity *who)
{
    memset(who, 0, sizeof(*who));
    if (!cookie)
        return false;
    g_autofree char *hash = hash_of(cookie);
    struct store_person person;
    return store_find_session(auth->store, hash, now_ms, &person) &&
           identity_of(&person, hash, who);
}

int auth_end_session(struct auth *auth, const struct identity *who)
{
    return store_remove_session(auth->store, who->session);
}

// --- machines -----------------------------------------------------------------------------------

static bool is_mcu_name(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= 32 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool auth_machine(const char *name, struct identity *who)
{
    memset(who, 0, sizeof(*who));
    if (name && g_str_has_prefix(name, "room:") && unit_code_is_valid(name + 5)) {
        who->role = ROLE_ROOM;
        g_strlcpy(who->self, name + 5, sizeof(who->self));
    } else if (name && g_str_has_prefix(name, "mcu:") && is_mcu_name(name + 4)) {
        who->role = ROLE_MCU;
        g_strlcpy(who->self, name + 4, sizeof(who->self));
    }
    return who->role != ROLE_NONE;
}

bool auth_from_certificate(
        struct auth *auth, const char *name, const char *serial, struct identity *who)
{
    g_autofree char *newest = name ? store_machine_serial(auth->store, name) : NULL;
    if (newest && g_strcmp0(newest, serial) == 0)
        return auth_machine(name, who);
    memset(who, 0, sizeof(*who));
    return false;
}

// What is hashed is the part before the pin, without dashes and in capitals, so that a code that
// somebody typed from paper works too.
static char *hash_of_code(const char *code)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    for (; *code && *code != '.'; code++) {
        if (*code != '-')
            g_string_append_c(plain, g_ascii_toupper(*code));
    }
    return hash_of(plain->str);
}

char *auth_make_code(struct auth *auth, const char *name, int64_t now_ms, int64_t *expires_ms)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char bytes[CODE_GROUPS * CODE_GROUP];
    random_bytes(bytes, sizeof(bytes));
    g_autoptr(GString) code = g_string_new(NULL);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i > 0 && i % CODE_GROUP == 0)
            g_string_append_c(code, '-');
        g_string_append_c(code, letters[bytes[i] % 32]);
    }
    g_string_append_printf(code, ".%s", pki_server_pin(auth->pki));

    g_autofree char *hash = hash_of_code(code->str);
    *expires_ms = now_ms + (int64_t)AUTH_CODE_TTL_S * 1000;
    if (store_add_code(auth->store, hash, name, *expires_ms) < 0)
        return NULL;
    return g_strdup(code->str);
}

static enum error_code code_error(enum store_spend result)
{
    switch (result) {
    case STORE_SPENT_NOW:
        return ERROR_NONE;
    case STORE_UNKNOWN:
        return ERROR_ENROLL_UNKNOWN;
    case STORE_USED:
        return ERROR_ENROLL_USED;
    case STORE_EXPIRED:
        return ERROR_ENROLL_EXPIRED;
    case STORE_FAILED:
        break;
    }
    return ERROR_PROTO_INTERNAL;
}

enum error_code auth_check_code(struct auth *auth, const char *code, int64_t now_ms, char **name)
{
    g_autofree char *hash = hash_of_code(code);
    return code_error(store_peek_code(auth->store, hash, now_ms, name));
}

enum error_code auth_spend_code(
        struct auth *auth, const char *code, const char *serial, int64_t now_ms)
{
    g_autofree char *hash = hash_of_code(code);
    return code_error(store_spend_code(auth->store, hash, serial, now_ms));
}
