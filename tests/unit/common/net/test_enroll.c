// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/enroll.h"
#include "common/net/http_client.h"
#include "common/net/net_metrics.h"
#include "common/net/status_pages.h"
#include "common/protocol/body.h"
#include "tests/support/certificates.h"

#include <cmocka.h>

struct house {
    char *dir;
    char *state_dir;
    struct loop *loop; // the server's
    struct web_server *server;
    struct web_listener *listener;
    struct status_pages *pages;
    bool is_healthy;
    char *pin; // base64url of the server's key
    char *url;
};

static struct house house;

static char *read_file(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void answer_enroll(void *context, struct web_request *request)
{
    (void)context;
    g_autofree struct message_rest_enroll *ask = g_new0(struct message_rest_enroll, 1);
    g_autofree struct message_rest_enroll_reply *reply =
            g_new0(struct message_rest_enroll_reply, 1);
    struct fields_error error;
    size_t size = 0;
    const char *body = web_request_body(request, &size);
    if (body_parse(message_infos[MESSAGE_REST_ENROLL].fields, body, size, ask, &error) < 0 ||
            strcmp(ask->code, "ABCD-EFGH-JKLM-NPQR") != 0) {
        web_reply_problem(request, ERROR_ENROLL_UNKNOWN, NULL);
        return;
    }
    g_autofree char *ca = read_file(house.dir, "ca.pem");
    g_strlcpy(reply->certificate, ask->csr, sizeof(reply->certificate)); // to be looked at
    g_strlcpy(reply->ca, ca, sizeof(reply->ca));
    g_strlcpy(reply->name, "room:64", sizeof(reply->name));
    g_autofree char *json = body_build(message_infos[MESSAGE_REST_ENROLL].reply_fields, reply);
    web_reply_json(request, 200, json);
}

static const struct web_route routes[] = {
    { "POST", "/api/v1/enroll", answer_enroll, 20000 },
    { NULL, NULL, NULL, 0 },
};

static bool is_healthy(void *context, GString *reason)
{
    (void)context;
    if (!house.is_healthy)
        g_string_append(reason, "no MCU");
    return house.is_healthy;
}

static void start_server(void *context, const void *data)
{
    (void)context;
    (void)data;
    static char *certificate;
    static char *key;
    certificate = g_build_filename(house.dir, "server.pem", NULL);
    key = g_build_filename(house.dir, "server-key.pem", NULL);
    const struct web_listener_config config = {
        .name = "public",
        .listen = "127.0.0.1:0",
        .tls = WEB_TLS,
        .certificate_file = certificate,
        .key_file = key,
        .routes = routes,
    };
    house.server = web_server_new(house.loop);
    assert_int_equal(web_server_listen(house.server, &config, &house.listener), 0);
    static struct metric *const *const tables[] = { net_metrics, NULL };
    const struct status_pages_config status = {
        .program = "rong-test",
        .listen = "127.0.0.1:0",
        .is_healthy = is_healthy,
        .tables = tables + 1,
    };
    assert_int_equal(status_pages_open(house.server, &status, &house.pages), 0);
    g_free(certificate);
    g_free(key);
}

static void end_server(void *context, const void *data)
{
    (void)context;
    (void)data;
    web_server_free(house.server);
    status_pages_close(house.pages);
}

static char *pin_of(const char *certificate_name)
{
    g_autofree char *path = g_build_filename(house.dir, certificate_name, NULL);
    FILE *file = fopen(path, "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);
    unsigned char digest[32];
    assert_int_equal(EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(der);
    X509_free(certificate);
    char *text = g_base64_encode(digest, sizeof(digest));
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[43] = '\0'; // without padding
    return text;
}

static int set_up(void **state)
{
    (void)state;
    log_set_level("error");
    house.dir = g_dir_make_tmp("rong-enroll-XXXXXX", NULL);
    house.state_dir = g_build_filename(house.dir, "state", NULL);
    house.is_healthy = true;
    certificates_write(house.dir);
    house.pin = pin_of("server.pem");
    house.loop = loop_new_thread("server");
    loop_call(house.loop, start_server, NULL, NULL, 0);
    house.url = g_strdup_printf("https://127.0.0.1:%u", web_listener_port(house.listener));
    return 0;
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name = NULL;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_tree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    loop_call(house.loop, end_server, NULL, NULL, 0);
    loop_free(house.loop);
    remove_tree(house.dir);
    g_free(house.dir);
    g_free(house.state_dir);
    g_free(house.pin);
    g_free(house.url);
    return 0;
}

static int try_enroll(const char *secret, const char *pin, char **name, char **fault)
{
    g_autofree char *code = g_strdup_printf("%s.%s", secret, pin);
    *name = *fault = NULL;
    return enroll(house.url, code, ROLE_ROOM, house.state_dir, name, fault);
}

// An administrator enrols as root; the daemon, which is not, has to read what that left.
static void leaves_files_of_the_folder_s_owner_when_run_as_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    static const char *const files[] = { ENROLL_KEY_FILE, ENROLL_CA_FILE, ENROLL_CERTIFICATE_FILE };
    const uid_t daemon = 65534;
    assert_int_equal(g_mkdir(house.state_dir, 0700), 0);
    assert_int_equal(chown(house.state_dir, daemon, daemon), 0);
    char *name = NULL;
    char *fault = NULL;
    assert_int_equal(try_enroll("ABCD-EFGH-JKLM-NPQR", house.pin, &name, &fault), 0);
    g_free(name);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(house.state_dir, files[i], NULL);
        struct stat status;
        assert_int_equal(g_stat(path, &status), 0);
        assert_int_equal(status.st_uid, daemon);
        assert_int_equal(status.st_gid, daemon);
    }
    remove_tree(house.state_dir);
}

static void gets_a_certificate_for_a_key_of_its_own(void **state)
{
    (void)state;
    char *name = NULL;
    char *fault = NULL;
    assert_int_equal(try_enroll("ABCD-EFGH-JKLM-NPQR", house.pin, &name, &fault), 0);
    assert_string_equal(name, "room:64");
    g_free(name);
    g_autofree char *ca = read_file(house.dir, "ca.pem");
    g_autofree char *kept_ca = read_file(house.state_dir, ENROLL_CA_FILE);
    assert_string_equal(kept_ca, ca);

    // The server here gave the request back: it is signed by the key that was kept.
    g_autofree char *request_text = read_file(house.state_dir, ENROLL_CERTIFICATE_FILE);
    g_autofree char *key_text = read_file(house.state_dir, ENROLL_KEY_FILE);
    BIO *request_bio = BIO_new_mem_buf(request_text, -1);
    BIO *key_bio = BIO_new_mem_buf(key_text, -1);
    X509_REQ *request = PEM_read_bio_X509_REQ(request_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    assert_non_null(request);
    assert_int_equal(X509_REQ_verify(request, key), 1);
    EVP_PKEY_free(key);
    X509_REQ_free(request);
    BIO_free(request_bio);
    BIO_free(key_bio);

    g_autofree char *key_path = g_build_filename(house.state_dir, ENROLL_KEY_FILE, NULL);
    struct stat status;
    assert_int_equal(g_stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(g_stat(house.state_dir, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    remove_tree(house.state_dir);
}

static void assert_refused(const char *secret, const char *pin, int expected)
{
    char *name = NULL;
    char *fault = NULL;
    assert_int_equal(try_enroll(secret, pin, &name, &fault), expected);
    assert_null(name);
    assert_non_null(fault);
    g_free(fault);
    g_autofree char *key = g_build_filename(house.state_dir, ENROLL_KEY_FILE, NULL);
    assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
}

static void keeps_nothing_when_it_is_refused(void **state)
{
    (void)state;
    g_autofree char *other_pin = pin_of("client.pem");
    assert_refused("AAAA-AAAA-AAAA-AAAA", house.pin, -EACCES);
    assert_refused("ABCD-EFGH-JKLM-NPQR", other_pin, -EIO); // somebody between
    assert_refused("ABCD-EFGH-JKLM-NPQR", "short", -EINVAL);
    assert_refused("", house.pin, -EINVAL);
}

static void assert_page(const char *path, int status, const char *expected)
{
    g_autofree char *url =
            g_strdup_printf("http://127.0.0.1:%u%s", status_pages_port(house.pages), path);
    const struct http_request request = { .method = "GET", .url = url };
    struct http_response response = { 0 };
    char *fault = NULL;
    assert_int_equal(http_request(&request, &response, &fault), 0);
    assert_int_equal(response.status, status);
    if (!strstr(response.body, expected))
        fail_msg("%s: %s", path, response.body);
    http_response_fini(&response);
}

static void status_pages_say_how_it_is(void **state)
{
    (void)state;
    assert_page("/healthz", 200, "ok\n");
    house.is_healthy = false;
    assert_page("/healthz", 503, "no MCU\n");
    assert_page("/version", 200, "{\"program\":\"rong-test\",\"version\":\"");
    assert_page("/metrics", 200, "\nnet_http_requests_total ");
    assert_page("/metrics", 200, "\nprocess_resident_memory_bytes ");
    assert_page("/metrics", 200, "\nrong_build_info{program=\"rong-test\",version=\"");
    assert_page("/", 404, "http.not_found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_a_certificate_for_a_key_of_its_own),
        cmocka_unit_test(leaves_files_of_the_folder_s_owner_when_run_as_root),
        cmocka_unit_test(keeps_nothing_when_it_is_refused),
        cmocka_unit_test(status_pages_say_how_it_is),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
