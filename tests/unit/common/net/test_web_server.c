// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/http_client.h"
#include "common/net/net_metrics.h"
#include "common/net/web_server.h"
#include "common/net/web_socket_client.h"
#include "tests/support/certificates.h"

#include <cmocka.h>

#define DEADLINE_US (10 * G_USEC_PER_SEC)

// The server runs on a thread of its own, as everybody else on earth sees it; tests are a blocking
// client, or a WebSocket client on the main loop.
struct house {
    char *dir;
    struct loop *server_loop;
    struct loop *loop; // the test's own
    struct web_server *server;
    struct web_listener *public;
    struct web_listener *machines;
    struct web_listener *local;
    struct web_listener *six;
    struct web_request *waiting; // the server's thread
    GQueue seen;                 // char *: what the handlers were told
};

static struct house house;

static char *path_of(const char *name)
{
    return g_build_filename(house.dir, name, NULL);
}

static void see(const char *format, ...) PRINTF_LIKE(1, 2);
static void keep_seen(void *context, const void *data)
{
    (void)context;
    g_queue_push_tail(&house.seen, g_strdup(data));
}

// Any thread: crosses to the test's loop, as everything does.
static void see(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    loop_post(house.loop, keep_seen, NULL, text, strlen(text) + 1);
}

static gboolean on_tick(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

// Runs the test's loop until `is_done`, or fails.
static void run_until(bool (*is_done)(int64_t wanted), int64_t wanted)
{
    gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
    GSource *tick = loop_add_timer(house.loop, 20, on_tick, NULL); // so that the deadline is seen
    while (!is_done(wanted) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(loop_context(house.loop), TRUE);
    loop_clear_source(&tick);
    if (!is_done(wanted))
        fail_msg("nothing came in time");
}

static bool has_seen(int64_t wanted)
{
    (void)wanted;
    return !g_queue_is_empty(&house.seen);
}

static char *next_seen(void)
{
    run_until(has_seen, 0);
    return g_queue_pop_head(&house.seen);
}

static void assert_seen(const char *expected)
{
    g_autofree char *text = next_seen();
    assert_string_equal(text, expected);
}

// --- what the server does ------------------------------------------------------------------------

static void answer_echo(void *context, struct web_request *request)
{
    (void)context;
    size_t size = 0;
    const char *body = web_request_body(request, &size);
    const char *bearer = web_request_bearer(request);
    const char *query = web_request_query(request, "q");
    g_autofree char *text = g_strdup_printf("%s %s %s %s %zu", web_request_method(request),
            web_request_parameter(request, "name"), query ? query : "-", bearer ? bearer : "-",
            size);
    (void)body;
    const struct web_header headers[] = { { "set-cookie", "a=b; HttpOnly" }, { NULL, NULL } };
    web_reply(request, 201, headers, "text/plain", text, strlen(text));
}

static void answer_later(void *context, struct web_request *request)
{
    (void)context;
    house.waiting = request;
    see("waiting");
}

static void answer_large(void *context, struct web_request *request)
{
    (void)context;
    g_autofree char *text = g_malloc(3000000);
    memset(text, 'x', 3000000);
    web_reply(request, 200, NULL, "text/plain", text, 3000000);
}

static void answer_problem(void *context, struct web_request *request)
{
    (void)context;
    web_reply_problem(request, ERROR_LINK_USED, "spent \"once\"");
}

static const struct web_route routes[] = {
    { "POST", "/api/{name}/echo", answer_echo, 1000 },
    { "GET", "/api/{name}/echo", answer_echo, 0 },
    { "PUT", "/api/{name}/echo", answer_echo, 1000 },
    { "GET", "/later", answer_later, 0 },
    { "GET", "/large", answer_large, 0 },
    { "GET", "/problem", answer_problem, 0 },
    { NULL, NULL, NULL, 0 },
};

static void on_open(void *context, struct web_session *session)
{
    const char *cookie = web_session_cookie(session, "rong_session");
    const char *peer = web_session_peer_name(session);
    see("%s open peer=%s cookie=%s", (char *)context, peer ? peer : "-", cookie ? cookie : "-");
}

static void on_message(void *context, struct web_session *session, const char *text, size_t size)
{
    if (size > 100)
        see("%s message of %zu", (char *)context, size);
    else
        see("%s message %s", (char *)context, text);
    if (strcmp(text, "close") == 0)
        web_session_close(
                session, WEB_CLOSE_AUTH, "{\"next\":\"stop\",\"code\":\"auth.required\"}");
    if (strcmp(text, "echo") == 0)
        web_session_send(session, text, size);
    if (strcmp(text, "flood") == 0) {
        g_autofree char *large = g_malloc0(60000);
        memset(large, 'y', 60000);
        while (web_session_send(session, large, 60000))
            ;
    }
}

static void on_closed(void *context, struct web_session *session)
{
    (void)session;
    see("%s closed", (char *)context);
}

static const struct web_socket_handler socket_handler = { on_open, on_message, on_closed };

static void start_server(void *context, const void *data)
{
    (void)context;
    (void)data;
    static const char *const origins[] = { "https://elsewhere.example", NULL };
    g_autofree char *files = path_of("page");
    char *certificate = path_of("server.pem");
    char *key = path_of("server-key.pem");
    char *ca = path_of("ca.pem");
    house.server = web_server_new(house.server_loop);
    struct web_listener_config config = {
        .name = "public",
        .listen = "127.0.0.1:0",
        .tls = WEB_TLS,
        .certificate_file = certificate,
        .key_file = key,
        .routes = routes,
        .files_dir = files,
        .socket_path = "/ws",
        .socket = &socket_handler,
        .allowed_origins = origins,
        .context = (void *)"public",
        .ping_interval_s = 1,
        .max_queued_bytes = 500000,
    };
    assert_int_equal(web_server_listen(house.server, &config, &house.public), 0);
    config.name = "machines";
    config.context = (void *)"machines";
    config.tls = WEB_TLS_CLIENT_CERTIFICATE;
    config.client_ca_file = ca;
    config.routes = NULL;
    config.files_dir = NULL;
    assert_int_equal(web_server_listen(house.server, &config, &house.machines), 0);
    config.name = "local";
    config.context = (void *)"local";
    config.tls = WEB_PLAIN;
    config.routes = routes;
    config.files_dir = files;
    config.max_connections_per_address = 5;
    assert_int_equal(web_server_listen(house.server, &config, &house.local), 0);
    config.name = "six";
    config.context = (void *)"six";
    config.listen = "[::1]:0";
    config.tls = WEB_TLS;
    assert_int_equal(web_server_listen(house.server, &config, &house.six), 0);
    // None of these changes anything.
    struct web_listener *none = NULL;
    config.listen = "nowhere:1";
    assert_int_equal(web_server_listen(house.server, &config, &none), -EINVAL);
    config.listen = "192.0.2.1:0";
    assert_int_equal(web_server_listen(house.server, &config, &none), -EADDRNOTAVAIL);
    g_autofree char *taken = g_strdup_printf("127.0.0.1:%u", web_listener_port(house.local));
    config.listen = taken;
    assert_int_equal(web_server_listen(house.server, &config, &none), -EADDRINUSE);
    config.listen = "127.0.0.1:0";
    config.files_dir = "/nonexistent";
    assert_int_equal(web_server_listen(house.server, &config, &none), -ENOENT);
    config.key_file = "/nonexistent";
    assert_int_equal(web_server_listen(house.server, &config, &none), -ENOENT);
    config.files_dir = NULL;
    config.key_file = ca; // no key at all
    assert_int_equal(web_server_listen(house.server, &config, &none), -EINVAL);
    assert_null(none);
    // Paths are lent for the listeners' life, but only read while listening starts.
    g_free(certificate);
    g_free(key);
    g_free(ca);
}

static void end_server(void *context, const void *data)
{
    (void)context;
    (void)data;
    web_server_free(house.server);
}

static int set_up(void **state)
{
    (void)state;
    house.dir = g_dir_make_tmp("rong-web-XXXXXX", NULL);
    certificates_write(house.dir);
    g_autofree char *page = path_of("page/assets");
    g_mkdir_with_parents(page, 0700);
    g_autofree char *index = path_of("page/index.html");
    g_autofree char *text = path_of("page/long.txt");
    g_autofree char *long_text = g_strnfill(5000, 'a');
    assert_true(g_file_set_contents(text, long_text, -1, NULL));
    g_autofree char *script = path_of("page/assets/app-1234.js");
    assert_true(g_file_set_contents(index, "<p>Rông</p>", -1, NULL));
    assert_true(g_file_set_contents(script, "let x;", -1, NULL));
    g_queue_init(&house.seen);
    house.loop = loop_new_main();
    house.server_loop = loop_new_thread("server");
    loop_call(house.server_loop, start_server, NULL, NULL, 0);
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
    loop_call(house.server_loop, end_server, NULL, NULL, 0);
    loop_free(house.server_loop);
    loop_free(house.loop);
    g_queue_clear_full(&house.seen, g_free);
    remove_tree(house.dir);
    g_free(house.dir);
    return 0;
}

// --- HTTP ----------------------------------------------------------------------------------------

static int ask(struct web_listener *listener, const char *method, const char *path,
        const char *body, struct http_response *response)
{
    g_autofree char *ca = path_of("ca.pem");
    g_autofree char *url = g_strdup_printf("%s://127.0.0.1:%u%s",
            listener == house.local ? "http" : "https", web_listener_port(listener), path);
    const struct http_request request = {
        .method = method,
        .url = url,
        .ca_file = ca,
        .bearer = "secret",
        .body = body,
        .size = body ? strlen(body) : 0,
    };
    char *fault = NULL;
    int rc = http_request(&request, response, &fault);
    g_free(fault);
    return rc;
}

static void assert_answer(
        const char *method, const char *path, const char *body, int status, const char *expected)
{
    struct http_response response = { 0 };
    assert_int_equal(ask(house.public, method, path, body, &response), 0);
    assert_int_equal(response.status, status);
    if (expected)
        assert_string_equal(response.body, expected);
    http_response_fini(&response);
}

static void answers_routes_with_parameters_query_and_body(void **state)
{
    (void)state;
    assert_answer(
            "POST", "/api/phú%20thiện/echo?q=a%26b", "12345", 201, "POST phú thiện a&b secret 5");
    assert_answer("POST", "/api/x/echo", "", 201, "POST x - secret 0");
    assert_answer("GET", "/api/x/echo?q=", NULL, 201, "GET x  secret 0");
    assert_answer("PUT", "/api/x/echo", "abc", 201, "PUT x - secret 3");
    assert_answer("PUT", "/api/x/echo", "", 201, "PUT x - secret 0");
}

static void names_what_is_wrong_with_a_request(void **state)
{
    (void)state;
    int64_t unknown = metric_get(&net_http_not_found_total);
    g_autofree char *large = g_strnfill(2000, 'x');
    g_autofree char *huge = g_strnfill(4000000, 'x');
    assert_answer("GET", "/api/x/nothing.at.all", NULL, 404, NULL);
    assert_answer("DELETE", "/api/x/echo", NULL, 405, NULL);
    assert_answer("POST", "/api/x/echo", large, 413, NULL);
    assert_answer("POST", "/api/x/echo", huge, 413, NULL);
    assert_answer("GET", "/problem", NULL, 409,
            "{\"type\":\"urn:rong:error:link.used\",\"title\":\"Liên kết đã được dùng.\","
            "\"status\":409,\"code\":\"link.used\",\"detail\":\"spent \\\"once\\\"\"}");
    assert_int_equal(metric_get(&net_http_not_found_total), unknown + 1);
}

static void sends_a_large_answer_whole(void **state)
{
    (void)state;
    struct http_response response = { 0 };
    assert_int_equal(ask(house.public, "GET", "/large", NULL, &response), 0);
    assert_int_equal(response.size, 3000000);
    http_response_fini(&response);
}

static void serves_the_page_and_its_views(void **state)
{
    (void)state;
    assert_answer("GET", "/", NULL, 200, "<p>Rông</p>");
    assert_answer("GET", "/meeting/abcd", NULL, 200, "<p>Rông</p>");
    assert_answer("GET", "/assets/app-1234.js", NULL, 200, "let x;");
    assert_answer("GET", "/assets/missing.js", NULL, 404, NULL);
    assert_answer("GET", "/assets/../../server-key.pem", NULL, 404, NULL);
    assert_answer("GET", "/%2e%2e/server-key.pem", NULL, 404, NULL);
}

static void finish_waiting(void *context, const void *data)
{
    (void)context;
    (void)data;
    web_reply_json(house.waiting, 200, "{\"late\":true}");
    house.waiting = NULL;
}

static gpointer ask_later(gpointer data)
{
    (void)data;
    struct http_response response = { 0 };
    assert_int_equal(ask(house.public, "GET", "/later", NULL, &response), 0);
    return response.body;
}

static void answers_later(void **state)
{
    (void)state;
    GThread *asker = g_thread_new("asker", ask_later, NULL);
    assert_seen("waiting");
    loop_post(house.server_loop, finish_waiting, NULL, NULL, 0);
    g_autofree char *body = g_thread_join(asker);
    assert_string_equal(body, "{\"late\":true}");
}

// --- raw connections -----------------------------------------------------------------------------

static int connect_raw(struct web_listener *listener)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons(web_listener_port(listener)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { .tv_sec = 10 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

// Until the server closes, or `until` has come.
static char *receive_text(int fd, const char *until)
{
    GString *text = g_string_new(NULL);
    char part[4096];
    ssize_t got = 0;
    while ((!until || !strstr(text->str, until)) && (got = recv(fd, part, sizeof(part), 0)) > 0)
        g_string_append_len(text, part, got);
    return g_string_free(text, FALSE);
}

static void assert_raw(const char *request, const char *expected_start)
{
    int fd = connect_raw(house.local);
    send_text(fd, request);
    g_autofree char *text = receive_text(fd, "\r\n\r\n");
    if (!g_str_has_prefix(text, expected_start))
        fail_msg("%s", text);
    close(fd);
}

static void answers_odd_requests(void **state)
{
    (void)state;
    assert_raw("GET /problem HTTP/1.1\r\nHost: localhost:1\r\n\r\n", "HTTP/1.1 409 ");
    assert_raw("GET /problem HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421 ");
    assert_raw("GET /problem HTTP/1.1\r\n\r\n", "HTTP/1.1 421 ");
    assert_raw("POST /api/x/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 411 ");
    assert_raw("POST /api/x/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 411 ");
    assert_raw("POST /api/x/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
            "HTTP/1.1 411 ");
    assert_raw("GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            "HTTP/1.1 404 ");
}

static void answers_one_request_after_the_other(void **state)
{
    (void)state;
    int fd = connect_raw(house.local);
    send_text(fd, "GET /problem HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                  "GET /api/together/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    g_autofree char *first = receive_text(fd, "GET together - - 0");
    assert_non_null(strstr(first, "409 Conflict"));
    assert_non_null(strstr(first, "content-security-policy: default-src 'self'"));
    assert_null(strstr(first, "strict-transport-security"));
    for (int i = 0; i < 3; i++) {
        send_text(fd, "POST /api/x/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n");
        send_text(fd, "abc");
        g_autofree char *next = receive_text(fd, "POST x - - 3");
        assert_non_null(strstr(next, "201 Created"));
    }
    close(fd);
}

static void packs_what_gets_smaller(void **state)
{
    (void)state;
    int fd = connect_raw(house.local);
    send_text(fd, "GET /long.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: br, gzip\r\n\r\n");
    g_autofree char *packed = receive_text(fd, "\r\n\r\n");
    assert_non_null(strstr(packed, "content-encoding: gzip\r\n"));
    assert_non_null(strstr(packed, "vary: accept-encoding\r\n"));
    close(fd);
    fd = connect_raw(house.local);
    send_text(fd, "GET /long.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    g_autofree char *plain = receive_text(fd, "aaaa");
    assert_non_null(strstr(plain, "content-length: 5000\r\n"));
    assert_null(strstr(plain, "content-encoding"));
    close(fd);
}

static void survives_who_hangs_up(void **state)
{
    (void)state;
    int fd = connect_raw(house.local);
    send_text(fd, "GET /later HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    assert_seen("waiting");
    close(fd);
    // Later than the hang-up, as far as the server can tell.
    assert_raw("GET /problem HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 409 ");
    loop_call(house.server_loop, finish_waiting, NULL, NULL, 0);
    fd = connect_raw(house.local);
    send_text(fd, "POST /api/x/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30\r\n\r\nabc");
    close(fd);
    assert_raw("GET /problem HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 409 ");
}

static bool has_connections(int64_t count)
{
    return metric_get(&net_connections) == count;
}

static void refuses_too_many_connections_of_one_address(void **state)
{
    (void)state;
    int fds[6];
    int64_t refused = metric_get(&net_connections_refused_total);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = connect_raw(house.local);
    g_autofree char *text = receive_text(fds[5], NULL);
    assert_string_equal(text, "");
    assert_true(metric_get(&net_connections_refused_total) > refused);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    run_until(has_connections, 0);
}

// --- WebSocket -----------------------------------------------------------------------------------

#define UPGRADE(extra) \
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" extra "\r\n"

static void refuses_upgrades_from_elsewhere(void **state)
{
    (void)state;
    assert_raw(UPGRADE("Sec-WebSocket-Protocol: rong.v1\r\nOrigin: http://evil.example\r\n"),
            "HTTP/1.1 403 ");
    assert_raw(UPGRADE("Sec-WebSocket-Protocol: chat\r\n"), "HTTP/1.1 400 ");
    assert_raw(UPGRADE(""), "HTTP/1.1 400 ");
    assert_raw(UPGRADE("Sec-WebSocket-Protocol: rong.v1\r\nOrigin: http://127.0.0.1\r\n"
                       "Cookie: x=1; rong_session=abc; y=2\r\n"),
            "HTTP/1.1 101 ");
    assert_seen("local open peer=- cookie=abc");
    assert_seen("local closed");
    assert_raw(UPGRADE("Sec-WebSocket-Protocol: rong.v1\r\nOrigin: https://elsewhere.example\r\n"),
            "HTTP/1.1 101 ");
    assert_seen("local open peer=- cookie=-");
    assert_seen("local closed");
}

static void send_frame(int fd, int opcode, const void *data, size_t size, bool is_final)
{
    unsigned char head[14] = { (unsigned char)((is_final ? 0x80 : 0) | opcode), 0xff };
    for (int i = 0; i < 8; i++)
        head[2 + i] = (unsigned char)(size >> (8 * (7 - i))); // and a mask of zeroes
    assert_int_equal(send(fd, head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        assert_true(sent > 0);
        at += sent;
        size -= (size_t)sent;
    }
}

static int open_raw_session(void)
{
    int fd = connect_raw(house.local);
    send_text(fd, UPGRADE("Sec-WebSocket-Protocol: rong.v1\r\n"));
    char text[2048] = "";
    size_t length = 0;
    while (!strstr(text, "\r\n\r\n"))
        assert_int_equal(recv(fd, text + length++, 1, 0), 1);
    assert_seen("local open peer=- cookie=-");
    return fd;
}

// The payload of the next close frame, behind whatever comes before.
static void assert_close(int fd, int code, const char *reason)
{
    GString *all = g_string_new(NULL);
    char part[4096];
    ssize_t got = 0;
    while ((got = recv(fd, part, sizeof(part), 0)) > 0)
        g_string_append_len(all, part, got);
    size_t length = 2 + strlen(reason);
    bool is_found = false;
    for (size_t i = 0; i + 2 + length <= all->len && !is_found; i++) {
        const unsigned char *at = (const unsigned char *)all->str + i;
        is_found = at[0] == 0x88 && at[1] == length && (at[2] << 8 | at[3]) == code &&
                   memcmp(at + 4, reason, strlen(reason)) == 0;
    }
    g_string_free(all, TRUE);
    assert_true(is_found);
    close(fd);
    assert_seen("local closed");
}

static void joins_the_parts_of_a_message(void **state)
{
    (void)state;
    int fd = open_raw_session();
    g_autofree char *large = g_strnfill(65536, 'z');
    send_frame(fd, 1, "ec", 2, false);
    send_frame(fd, 0, "ho", 2, true);
    assert_seen("local message echo");
    send_frame(fd, 1, large, 65536, true);
    assert_seen("local message of 65536");
    close(fd);
    assert_seen("local closed");
}

static void refuses_a_message_over_the_limit(void **state)
{
    (void)state;
    int64_t bad = metric_get(&net_messages_bad_total);
    g_autofree char *large = g_strnfill(65537, 'z');
    int fd = open_raw_session();
    send_frame(fd, 1, large, 65537, true);
    assert_close(fd, 4400, "{\"next\":\"stop\",\"code\":\"proto.too_large\"}");
    fd = open_raw_session();
    send_frame(fd, 2, "x", 1, true);
    assert_close(fd, 4400, "{\"next\":\"stop\",\"code\":\"proto.bad_json\"}");
    assert_int_equal(metric_get(&net_messages_bad_total), bad + 2);
}

static void ends_on_text_that_is_not_utf8(void **state)
{
    (void)state;
    int fd = open_raw_session();
    send_frame(fd, 1, "\xc3\x28", 2, true);
    assert_seen("local closed");
    close(fd);
}

static void closes_with_a_reason(void **state)
{
    (void)state;
    int fd = open_raw_session();
    send_frame(fd, 1, "close", 5, true);
    assert_seen("local message close");
    assert_close(fd, 4401, "{\"next\":\"stop\",\"code\":\"auth.required\"}");
}

static void drops_who_reads_too_slowly(void **state)
{
    (void)state;
    int64_t slow = metric_get(&net_sessions_slow_total);
    int fd = open_raw_session();
    send_frame(fd, 1, "flood", 5, true);
    assert_seen("local message flood");
    assert_seen("local closed"); // without a byte read
    assert_int_equal(metric_get(&net_sessions_slow_total), slow + 1);
    close(fd);
}

static void drops_who_answers_no_ping(void **state)
{
    (void)state;
    int fd = open_raw_session();
    assert_seen("local closed"); // after twice the second between pings
    close(fd);
}

// --- the client ----------------------------------------------------------------------------------

static void client_open(void *context)
{
    (void)context;
    see("client open");
}

static void client_message(void *context, const char *text, size_t size)
{
    (void)context;
    see("client message %.20s %zu", text, size);
}

static void client_closed(void *context, int code, const char *reason)
{
    (void)context;
    see("client closed %d %s", code, reason);
}

static const struct web_socket_client_handler client_handler = { client_open, client_message,
    client_closed };

static struct web_socket_client *open_client(
        struct web_listener *listener, const char *host, const char *identity, const char *ca_name)
{
    g_autofree char *url = g_strdup_printf("%s://%s:%u/ws", listener == house.local ? "ws" : "wss",
            host, web_listener_port(listener));
    g_autofree char *ca = path_of(ca_name);
    g_autofree char *certificate_name = g_strdup_printf("%s.pem", identity ? identity : "");
    g_autofree char *key_name = g_strdup_printf("%s-key.pem", identity ? identity : "");
    g_autofree char *certificate = path_of(certificate_name);
    g_autofree char *key = path_of(key_name);
    const struct web_socket_client_config config = {
        .url = url,
        .ca_file = ca,
        .certificate_file = identity ? certificate : NULL,
        .key_file = identity ? key : NULL,
        .local_address = strchr(host, ':') ? NULL : "127.0.21.1",
        .retry_min_ms = 20,
        .retry_max_ms = 100,
    };
    struct web_socket_client *client = NULL;
    assert_int_equal(
            web_socket_client_open(house.loop, &config, &client_handler, NULL, &client), 0);
    return client;
}

static void assert_both_open(const char *server_side)
{
    g_autofree char *one = next_seen();
    g_autofree char *other = next_seen();
    bool is_client_first = strcmp(one, "client open") == 0;
    assert_string_equal(is_client_first ? other : one, server_side);
    assert_string_equal(is_client_first ? one : other, "client open");
}

static void a_machine_is_known_by_its_certificate(void **state)
{
    (void)state;
    struct web_socket_client *client = open_client(house.machines, "127.0.0.1", "client", "ca.pem");
    assert_both_open("machines open peer=room:64 cookie=-");
    assert_true(web_socket_client_send(client, "echo", 4));
    assert_seen("machines message echo");
    assert_seen("client message echo 4");
    web_socket_client_close(client);
    assert_seen("machines closed");
}

static void six_is_as_good_as_four(void **state)
{
    (void)state;
    struct web_socket_client *client = open_client(house.six, "[::1]", NULL, "ca.pem");
    assert_both_open("six open peer=- cookie=-");
    web_socket_client_close(client);
    assert_seen("six closed");
}

static void names_are_looked_up(void **state)
{
    (void)state;
    struct web_socket_client *client = open_client(house.public, "localhost", NULL, "ca.pem");
    assert_both_open("public open peer=- cookie=-");
    web_socket_client_close(client);
    assert_seen("public closed");
    client = open_client(house.public, "no-such-host.invalid", NULL, "ca.pem");
    web_socket_client_close(client); // while it is looked up
}

static bool has_connected(int64_t count)
{
    return metric_get(&net_client_connects_total) + metric_get(&net_client_failures_total) >= count;
}

// As rong-load does: one more while the others are in the middle of their handshake.
static void clients_that_come_one_after_the_other_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct web_socket_client *clients[16];
    const int64_t failures = metric_get(&net_client_failures_total);
    const int64_t done = metric_get(&net_client_connects_total) + failures;
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = open_client(house.public, "127.0.0.1", NULL, "ca.pem");
        for (int turn = 0; turn < 4; turn++)
            g_main_context_iteration(loop_context(house.loop), FALSE);
    }
    run_until(has_connected, done + (int64_t)COUNT_OF(clients));
    assert_int_equal(metric_get(&net_client_failures_total), failures);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        web_socket_client_close(clients[i]);
    for (size_t i = 0; i < 3 * COUNT_OF(clients); i++) // open on both sides, closed
        g_free(next_seen());
}

static bool has_failed(int64_t count)
{
    return metric_get(&net_client_failures_total) >= count;
}

static void assert_never_opens(
        struct web_listener *listener, const char *host, const char *identity, const char *ca)
{
    struct web_socket_client *client = open_client(listener, host, identity, ca);
    run_until(has_failed, metric_get(&net_client_failures_total) + 2);
    web_socket_client_close(client);
    g_autofree char *text = g_queue_pop_head(&house.seen);
    // With TLS 1.3 a client may believe it is connected before it hears of the refusal.
    while (text && g_str_has_prefix(text, "client")) {
        g_free(text);
        text = g_queue_pop_head(&house.seen);
    }
    assert_null(text);
}

static bool has_failed_tls(int64_t count)
{
    return metric_get(&net_tls_failures_total) >= count;
}

static void strangers_stay_outside(void **state)
{
    (void)state;
    int64_t failures = metric_get(&net_tls_failures_total);
    assert_never_opens(house.machines, "127.0.0.1", "stranger", "ca.pem");
    assert_never_opens(house.machines, "127.0.0.1", NULL, "ca.pem");
    run_until(has_failed_tls, failures + 4);
    assert_never_opens(house.public, "127.0.0.1", NULL, "unknown-ca.pem"); // not our server
    assert_never_opens(house.public, "127.0.0.2", NULL, "ca.pem");         // not its name
    assert_never_opens(house.six, "[::1]", NULL, "unknown-ca.pem");
    assert_never_opens(house.public, "[::ffff:127.0.0.1]", NULL, "ca.pem"); // not its name either
}

static void no_certificate_gets_in_by_another_name(void **state)
{
    (void)state;
    // The name of a listener without client certificates, on the port of the one with.
    struct http_response response = { 0 };
    int64_t failures = metric_get(&net_tls_failures_total);
    g_autofree char *ca = path_of("ca.pem");
    g_autofree char *url =
            g_strdup_printf("https://localhost:%u/", web_listener_port(house.machines));
    const struct http_request request = { .method = "GET", .url = url, .ca_file = ca };
    char *fault = NULL;
    assert_true(http_request(&request, &response, &fault) < 0);
    g_free(fault);
    run_until(has_failed_tls, failures + 1);
}

static void close_sessions(void *context, const void *data)
{
    (void)context;
    web_listener_close_sessions(house.public, 4409, data);
}

static void comes_back_by_itself(void **state)
{
    (void)state;
    static const char reason[] = "{\"next\":\"rejoin\",\"code\":\"session.replaced\"}";
    struct web_socket_client *client = open_client(house.public, "127.0.0.1", NULL, "ca.pem");
    for (int i = 0; i < 5; i++) {
        assert_both_open("public open peer=- cookie=-");
        loop_post(house.server_loop, close_sessions, NULL, reason, sizeof(reason));
        g_autofree char *one = next_seen();
        g_autofree char *other = next_seen();
        bool is_client_first = g_str_has_prefix(one, "client");
        assert_string_equal(is_client_first ? one : other,
                "client closed 4409 {\"next\":\"rejoin\",\"code\":\"session.replaced\"}");
        assert_string_equal(is_client_first ? other : one, "public closed");
    }
    assert_both_open("public open peer=- cookie=-");
    web_socket_client_close(client);
    assert_seen("public closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_routes_with_parameters_query_and_body),
        cmocka_unit_test(names_what_is_wrong_with_a_request),
        cmocka_unit_test(sends_a_large_answer_whole),
        cmocka_unit_test(serves_the_page_and_its_views),
        cmocka_unit_test(answers_later),
        cmocka_unit_test(answers_odd_requests),
        cmocka_unit_test(answers_one_request_after_the_other),
        cmocka_unit_test(packs_what_gets_smaller),
        cmocka_unit_test(survives_who_hangs_up),
        cmocka_unit_test(refuses_upgrades_from_elsewhere),
        cmocka_unit_test(joins_the_parts_of_a_message),
        cmocka_unit_test(refuses_a_message_over_the_limit),
        cmocka_unit_test(ends_on_text_that_is_not_utf8),
        cmocka_unit_test(closes_with_a_reason),
        cmocka_unit_test(drops_who_reads_too_slowly),
        cmocka_unit_test(drops_who_answers_no_ping),
        cmocka_unit_test(a_machine_is_known_by_its_certificate),
        cmocka_unit_test(six_is_as_good_as_four),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(clients_that_come_one_after_the_other_do_not_disturb_each_other),
        cmocka_unit_test(strangers_stay_outside),
        cmocka_unit_test(no_certificate_gets_in_by_another_name),
        cmocka_unit_test(comes_back_by_itself),
        cmocka_unit_test(refuses_too_many_connections_of_one_address),
    };
    log_set_level("error");
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
