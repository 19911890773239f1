// SPDX-License-Identifier: Apache-2.0
// Oracle: the openssl command.
#include <errno.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "signaling/pki.h"
#include "tests/unit/signaling/temporary.h"

#include <cmocka.h>

static const char *const names[] = { "signal.gialai.example", "127.0.0.1", "::1", NULL };

struct fixture {
    char *folder;
    struct pki *pki;
};

static struct pki *open_pki(const char *folder, const char *const *wanted)
{
    struct pki *pki = NULL;
    g_autofree char *fault = NULL;
    if (pki_open(folder, (char *const *)wanted, &pki, &fault) < 0)
        fail_msg("%s", fault);
    return pki;
}

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->folder = temporary_folder();
    fixture->pki = open_pki(fixture->folder, names);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    pki_close(fixture->pki);
    temporary_remove(fixture->folder);
    g_free(fixture);
    return 0;
}

// Runs openssl in the folder; its stdout (g_free), fails the test when it fails.
static char *openssl(const struct fixture *fixture, const char *arguments)
{
    g_autofree char *line = g_strdup_printf("openssl %s", arguments);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    char *out = NULL;
    g_autofree char *errors = NULL;
    int status = 0;
    g_autoptr(GError) error = NULL;
    assert_true(g_spawn_sync(fixture->folder, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
            &errors, &status, &error));
    if (status != 0)
        fail_msg("%s: %s", line, errors);
    return out;
}

static char *file(const struct fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *request(const struct fixture *fixture, const char *key)
{
    g_autofree char *arguments = g_strdup_printf(
            "req -new -newkey %s -nodes -keyout m.key -out m.csr -subj /CN=admin", key);
    g_free(openssl(fixture, arguments));
    return file(fixture, "m.csr");
}

#define P256 "ec -pkeyopt ec_paramgen_curve:prime256v1"

static void the_servers_certificate_is_good_for_its_names(void **state)
{
    struct fixture *fixture = *state;
    static const char *const checks[] = { "-verify_hostname signal.gialai.example",
        "-verify_ip 127.0.0.1", "-verify_ip ::1" };
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        g_autofree char *arguments = g_strdup_printf(
                "verify -x509_strict -purpose sslserver %s -CAfile ca.pem server.pem", checks[i]);
        g_autofree char *out = openssl(fixture, arguments);
        assert_string_equal(out, "server.pem: OK\n");
    }
}

static void keys_are_for_their_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const secret[] = { "ca-key.pem", "server-key.pem" };
    for (size_t i = 0; i < COUNT_OF(secret); i++) {
        g_autofree char *path = g_build_filename(fixture->folder, secret[i], NULL);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void the_pin_is_the_hash_of_the_servers_key(void **state)
{
    struct fixture *fixture = *state;
    g_free(openssl(fixture, "x509 -in server.pem -noout -pubkey -out public.pem"));
    g_free(openssl(fixture, "pkey -pubin -in public.pem -outform DER -out public.der"));
    g_free(openssl(fixture, "dgst -sha256 -binary -out digest public.der"));
    g_autofree char *path = g_build_filename(fixture->folder, "digest", NULL);
    g_autofree char *digest = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(path, &digest, &size, NULL));
    g_autofree char *pin = g_base64_encode((const guchar *)digest, size);
    g_strdelimit(pin, "+", '-');
    g_strdelimit(pin, "/", '_');
    *strchrnul(pin, '=') = '\0';
    assert_string_equal(pki_server_pin(fixture->pki), pin);
}

static void a_machines_certificate_has_our_name_not_its_own(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *csr = request(fixture, P256);
    g_autofree char *serial = NULL;
    g_autofree char *certificate = pki_sign_csr(fixture->pki, csr, "room:64", &serial);
    assert_non_null(certificate);
    write_file(fixture, "m.pem", certificate);
    g_autofree char *verified =
            openssl(fixture, "verify -x509_strict -purpose sslclient -CAfile ca.pem m.pem");
    assert_string_equal(verified, "m.pem: OK\n");
    g_autofree char *shown = openssl(fixture, "x509 -in m.pem -noout -subject -serial");
    assert_non_null(strstr(shown, "CN = room:64"));
    assert_null(strstr(shown, "admin"));
    g_autofree char *upper = g_ascii_strup(serial, -1);
    assert_non_null(strstr(shown, upper));
}

static void a_machine_can_not_pose_as_server_or_authority(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *csr = request(fixture, P256);
    g_autofree char *serial = NULL;
    g_autofree char *certificate = pki_sign_csr(fixture->pki, csr, "mcu:mcu-1", &serial);
    write_file(fixture, "m.pem", certificate);
    g_autofree char *purposes = openssl(fixture, "x509 -in m.pem -noout -purpose");
    assert_non_null(strstr(purposes, "SSL client : Yes"));
    assert_non_null(strstr(purposes, "SSL server : No"));
    assert_non_null(strstr(purposes, "SSL client CA : No"));
}

static void requests_that_are_not_p256_or_not_signed_are_refused(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *serial = NULL;
    g_autofree char *rsa = request(fixture, "rsa:2048");
    g_autofree char *p384 = request(fixture, "ec -pkeyopt ec_paramgen_curve:secp384r1");
    g_autofree char *good = request(fixture, P256);
    assert_null(pki_sign_csr(fixture->pki, rsa, "room:64", &serial));
    assert_null(pki_sign_csr(fixture->pki, p384, "room:64", &serial));
    assert_null(pki_sign_csr(fixture->pki, "", "room:64", &serial));
    assert_null(pki_sign_csr(
            fixture->pki, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "room:64", &serial));
    g_autofree char *huge = g_strnfill(10000, 'A');
    assert_null(pki_sign_csr(fixture->pki, huge, "room:64", &serial));
    // One flipped bit of the signature, at the end of the DER.
    g_free(openssl(fixture, "req -in m.csr -outform DER -out m.der"));
    g_autofree char *path = g_build_filename(fixture->folder, "m.der", NULL);
    g_autofree char *der = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(path, &der, &size, NULL));
    der[size - 1] ^= 1;
    assert_true(g_file_set_contents(path, der, (gssize)size, NULL));
    g_free(openssl(fixture, "req -inform DER -in m.der -out bad.csr"));
    g_autofree char *bad = file(fixture, "bad.csr");
    assert_null(pki_sign_csr(fixture->pki, bad, "room:64", &serial));
    assert_null(serial);
    g_autofree char *certificate = pki_sign_csr(fixture->pki, good, "room:64", &serial);
    assert_non_null(certificate);
}

static void opening_again_keeps_everything(void **state)
{
    struct fixture *fixture = *state;
    g_autofree char *ca = file(fixture, "ca.pem");
    g_autofree char *server = file(fixture, "server.pem");
    pki_close(fixture->pki);
    fixture->pki = open_pki(fixture->folder, names);
    g_autofree char *ca_again = file(fixture, "ca.pem");
    g_autofree char *server_again = file(fixture, "server.pem");
    assert_string_equal(ca, ca_again);
    assert_string_equal(server, server_again);
}

static void a_new_name_makes_a_new_certificate_with_the_same_pin(void **state)
{
    struct fixture *fixture = *state;
    static const char *const more[] = { "10.64.0.9", "127.0.0.1", NULL };
    g_autofree char *pin = g_strdup(pki_server_pin(fixture->pki));
    pki_close(fixture->pki);
    fixture->pki = open_pki(fixture->folder, more);
    assert_string_equal(pki_server_pin(fixture->pki), pin);
    g_autofree char *out =
            openssl(fixture, "verify -verify_ip 10.64.0.9 -CAfile ca.pem server.pem");
    assert_string_equal(out, "server.pem: OK\n");
}

static void a_missing_or_broken_key_is_said_not_overwritten(void **state)
{
    struct fixture *fixture = *state;
    pki_close(g_steal_pointer(&fixture->pki));
    g_autofree char *path = g_build_filename(fixture->folder, "ca-key.pem", NULL);
    struct pki *pki = NULL;
    g_autofree char *fault = NULL;
    write_file(fixture, "ca-key.pem", "rubbish");
    assert_int_equal(pki_open(fixture->folder, (char *const *)names, &pki, &fault), -EBADMSG);
    assert_non_null(strstr(fault, "ca-key.pem"));
    g_remove(path);
    g_autofree char *missing = NULL;
    assert_int_equal(pki_open(fixture->folder, (char *const *)names, &pki, &missing), -ENOENT);
    assert_non_null(strstr(missing, "missing"));
    assert_null(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                the_servers_certificate_is_good_for_its_names, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_for_their_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pin_is_the_hash_of_the_servers_key, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_machines_certificate_has_our_name_not_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_machine_can_not_pose_as_server_or_authority, setup, teardown),
        cmocka_unit_test_setup_teardown(
                requests_that_are_not_p256_or_not_signed_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(opening_again_keeps_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_new_name_makes_a_new_certificate_with_the_same_pin, setup, teardown),
        cmocka_unit_test_setup_teardown(
                a_missing_or_broken_key_is_said_not_overwritten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
