// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "signaling/auth.h"
#include "tests/unit/signaling/temporary.h"

#include <cmocka.h>

#define NOW 1000000

struct fixture {
    char *folder;
    char *database;
    struct pki *pki;
    struct store *store;
    struct auth *auth;
};

static void open_all(struct fixture *fixture)
{
    char *names[] = { (char[]){ "127.0.0.1" }, NULL };
    g_autofree char *fault = NULL;
    assert_int_equal(pki_open(fixture->folder, names, &fixture->pki, &fault), 0);
    assert_int_equal(store_open(fixture->database, &fixture->store, &fault), 0);
    assert_int_equal(
            auth_open(fixture->store, fixture->pki, fixture->folder, &fixture->auth, &fault), 0);
}

static void close_all(struct fixture *fixture)
{
    auth_close(fixture->auth);
    store_close(fixture->store);
    pki_close(fixture->pki);
}

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->folder = temporary_folder();
    fixture->database = g_build_filename(fixture->folder, "rong.sqlite", NULL);
    open_all(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    close_all(fixture);
    g_free(fixture->database);
    temporary_remove(fixture->folder);
    g_free(fixture);
    return 0;
}

static char *token_of(const struct fixture *fixture)
{
    g_autofree char *path = g_build_filename(fixture->folder, "admin.token", NULL);
    char *token = NULL;
    assert_true(g_file_get_contents(path, &token, NULL, NULL));
    return g_strstrip(token);
}

static void the_administrators_token_is_made_once_and_kept_secret(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *path = g_build_filename(fixture->folder, "admin.token", NULL);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    g_autofree char *token = token_of(fixture);
    assert_int_equal(strlen(token), 43);
    assert_true(auth_is_admin(fixture->auth, token));
    assert_false(auth_is_admin(fixture->auth, NULL));
    assert_false(auth_is_admin(fixture->auth, ""));
    token[0] ^= 1;
    assert_false(auth_is_admin(fixture->auth, token));
    token[0] ^= 1;
    close_all(fixture);
    open_all(fixture);
    assert_true(auth_is_admin(fixture->auth, token));
}

static void a_removed_token_is_replaced_and_the_old_one_is_void(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *before = token_of(fixture);
    g_autofree char *path = g_build_filename(fixture->folder, "admin.token", NULL);
    g_remove(path);
    close_all(fixture);
    open_all(fixture);
    g_autofree char *after = token_of(fixture);
    assert_string_not_equal(before, after);
    assert_false(auth_is_admin(fixture->auth, before));
    assert_true(auth_is_admin(fixture->auth, after));
}

static char *link_for(struct fixture *fixture, enum role role, struct identity *who)
{
    memset(who, 0, sizeof(*who));
    who->role = role;
    g_strlcpy(who->meeting, "abcdefgh", sizeof(who->meeting));
    g_strlcpy(who->name, "Nguyễn Thị Hương", sizeof(who->name));
    return auth_make_link(fixture->auth, who, 60, NOW);
}

static void a_link_becomes_a_session_once(void **state)
{
    struct fixture *fixture = *state;
    struct identity made;
    struct identity who;
    g_autofree char *secret = link_for(fixture, ROLE_CHAIR, &made);
    assert_string_equal(made.self, "chair");
    g_autofree char *cookie = NULL;
    assert_int_equal(auth_spend_link(fixture->auth, secret, NOW, &who, &cookie), ERROR_NONE);
    assert_true(identity_equal(&who, &made));
    assert_string_equal(who.name, "Nguyễn Thị Hương");
    char *second = NULL;
    assert_int_equal(auth_spend_link(fixture->auth, secret, NOW, &who, &second), ERROR_LINK_USED);
    assert_null(second);

    assert_true(auth_from_cookie(fixture->auth, cookie, NOW, &who));
    assert_int_equal(who.role, ROLE_CHAIR);
    assert_false(auth_from_cookie(fixture->auth, secret, NOW, &who));
    assert_int_equal(who.role, ROLE_NONE);
    assert_false(auth_from_cookie(fixture->auth, NULL, NOW, &who));
    int64_t over = NOW + (int64_t)AUTH_SESSION_TTL_S * 1000;
    assert_false(auth_from_cookie(fixture->auth, cookie, over, &who));
}

static void a_link_that_is_over_or_unknown_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct identity who;
    char *cookie = NULL;
    g_autofree char *secret = link_for(fixture, ROLE_CHAIR, &who);
    assert_int_equal(
            auth_spend_link(fixture->auth, secret, NOW + 60000, &who, &cookie), ERROR_LINK_EXPIRED);
    assert_int_equal(
            auth_spend_link(fixture->auth, "nothing", NOW, &who, &cookie), ERROR_LINK_UNKNOWN);
    assert_null(cookie);
}

static void ending_a_session_ends_it(void **state)
{
    struct fixture *fixture = *state;
    struct identity who;
    g_autofree char *secret = link_for(fixture, ROLE_CHAIR, &who);
    g_autofree char *cookie = NULL;
    assert_int_equal(auth_spend_link(fixture->auth, secret, NOW, &who, &cookie), ERROR_NONE);
    assert_true(auth_from_cookie(fixture->auth, cookie, NOW, &who));
    assert_int_equal(auth_end_session(fixture->auth, &who), 0);
    assert_false(auth_from_cookie(fixture->auth, cookie, NOW, &who));
}

static void members_of_a_role_are_numbered(void **state)
{
    struct fixture *fixture = *state;
    static const char *const expected[] = { "tech", "tech-2", "tech-3" };
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        struct identity who;
        g_free(link_for(fixture, ROLE_TECHNICIAN, &who));
        assert_string_equal(who.self, expected[i]);
    }
    assert_false(auth_role_has_links(ROLE_ROOM));
    assert_false(auth_role_has_links(ROLE_MCU));
    assert_false(auth_role_has_links(ROLE_ADMIN));
    assert_false(auth_role_has_links(ROLE_NONE));
}

static void certificates_name_rooms_and_mcus_and_nobody_else(void **state)
{
    (void)state;
    struct identity who;
    assert_true(auth_machine("room:23557", &who));
    assert_int_equal(who.role, ROLE_ROOM);
    assert_string_equal(who.self, "23557");
    assert_true(auth_machine("mcu:mcu-1", &who));
    assert_int_equal(who.role, ROLE_MCU);
    static const char *const strangers[] = { NULL, "", "room:", "room:A", "room:64/65",
        "mcu:", "mcu:x y", "admin", "chair:64", "ROOM:64", "room:12345678901234567",
        "mcu:123456789012345678901234567890123" };
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        assert_false(auth_machine(strangers[i], &who));
        assert_int_equal(who.role, ROLE_NONE);
    }
}

static void only_the_newest_certificate_of_a_machine_counts(void **state)
{
    struct fixture *fixture = *state;
    struct identity who;
    int64_t expires_ms;
    assert_false(auth_from_certificate(fixture->auth, "room:64", "01", &who));
    static const char *const serials[] = { "01", "02" };
    for (size_t i = 0; i < COUNT_OF(serials); i++) {
        g_autofree char *code = auth_make_code(fixture->auth, "room:64", NOW, &expires_ms);
        assert_int_equal(auth_spend_code(fixture->auth, code, serials[i], NOW), ERROR_NONE);
        assert_true(auth_from_certificate(fixture->auth, "room:64", serials[i], &who));
        assert_string_equal(who.self, "64");
    }
    assert_false(auth_from_certificate(fixture->auth, "room:64", "01", &who));
    assert_int_equal(who.role, ROLE_NONE);
    assert_false(auth_from_certificate(fixture->auth, "room:65", "02", &who));
    assert_false(auth_from_certificate(fixture->auth, "room:64", NULL, &who));
    assert_false(auth_from_certificate(fixture->auth, NULL, NULL, &who));
}

static void a_code_is_spent_once_even_typed_from_paper(void **state)
{
    struct fixture *fixture = *state;
    int64_t expires_ms = 0;
    g_autofree char *code = auth_make_code(fixture->auth, "room:64", NOW, &expires_ms);
    assert_int_equal(expires_ms, NOW + 24 * 3600 * 1000);
    g_auto(GStrv) halves = g_strsplit(code, ".", 2);
    assert_int_equal(strlen(halves[0]), 19);
    assert_string_equal(halves[1], pki_server_pin(fixture->pki));
    g_autofree char *typed = g_ascii_strdown(halves[0], -1);
    g_autofree char *name = NULL;
    assert_int_equal(auth_check_code(fixture->auth, typed, NOW, &name), ERROR_NONE);
    assert_string_equal(name, "room:64");
    char *none = NULL;
    assert_int_equal(auth_check_code(fixture->auth, code, expires_ms, &none), ERROR_ENROLL_EXPIRED);
    assert_int_equal(auth_check_code(fixture->auth, "AAAA-AAAA-AAAA-AAAA.x", NOW, &none),
            ERROR_ENROLL_UNKNOWN);
    assert_int_equal(auth_spend_code(fixture->auth, code, "01", NOW), ERROR_NONE);
    assert_int_equal(auth_spend_code(fixture->auth, code, "02", NOW), ERROR_ENROLL_USED);
    assert_int_equal(auth_check_code(fixture->auth, code, NOW, &none), ERROR_ENROLL_USED);
    assert_null(none);
}

// Whoever copies the database has no secret that opens anything.
static void no_secret_is_in_the_database(void **state)
{
    struct fixture *fixture = *state;
    struct identity who;
    int64_t expires_ms;
    g_autofree char *token = token_of(fixture);
    g_autofree char *secret = link_for(fixture, ROLE_CHAIR, &who);
    g_autofree char *cookie = NULL;
    assert_int_equal(auth_spend_link(fixture->auth, secret, NOW, &who, &cookie), ERROR_NONE);
    g_autofree char *code = auth_make_code(fixture->auth, "room:64", NOW, &expires_ms);
    code[19] = '\0'; // without the pin, which is public
    store_close(fixture->store);
    g_autofree char *bytes = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(fixture->database, &bytes, &size, NULL));
    const char *const secrets[] = { token, secret, cookie, code };
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        assert_null(memmem(bytes, size, secrets[i], strlen(secrets[i])));
    assert_non_null(memmem(bytes, size, "room:64", 7));
    g_autofree char *fault = NULL;
    assert_int_equal(store_open(fixture->database, &fixture->store, &fault), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                the_administrators_token_is_made_once_and_kept_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_removed_token_is_replaced_and_the_old_one_is_void, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_becomes_a_session_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_that_is_over_or_unknown_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(ending_a_session_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(members_of_a_role_are_numbered, setup, teardown),
        cmocka_unit_test_setup_teardown(
                only_the_newest_certificate_of_a_machine_counts, setup, teardown),
        cmocka_unit_test(certificates_name_rooms_and_mcus_and_nobody_else),
        cmocka_unit_test_setup_teardown(
                a_code_is_spent_once_even_typed_from_paper, setup, teardown),
        cmocka_unit_test_setup_teardown(no_secret_is_in_the_database, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
