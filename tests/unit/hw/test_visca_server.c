// SPDX-License-Identifier: Apache-2.0
// We as a camera: a microphone system over loopback sockets, in the bytes of Sony's command list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "hw/visca_server.h"

#include <cmocka.h>

#define DEADLINE_MS 5000

struct bench {
    struct loop *loop;
    struct visca_server *server;
    struct visca_server_state camera;
    unsigned recalls;
    unsigned preset;
};

static void tell_state(void *context, struct visca_server_state *out)
{
    const struct bench *bench = context;
    *out = bench->camera;
}

static void note_recall(void *context, unsigned preset)
{
    struct bench *bench = context;
    bench->recalls++;
    bench->preset = preset;
}

static void open_server(struct bench *bench, const char *peer)
{
    static const struct visca_server_handler handler = { tell_state, note_recall };
    const struct visca_server_config config = {
        .udp_listen = "127.0.0.1:0",
        .tcp_listen = "127.0.0.1:0",
        .peer = peer,
    };
    assert_int_equal(visca_server_open(bench->loop, &config, &handler, bench, &bench->server), 0);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    bench->loop = loop_new_main();
    bench->camera = (struct visca_server_state){
        .is_ready = true, .is_on = true, .pan = -2, .zoom = 0x123
    };
    open_server(bench, "");
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    visca_server_close(bench->server);
    loop_free(bench->loop);
    g_free(bench);
    return 0;
}

static int connect_to(int type, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

// Runs the loop until that much came, or the other side closed (0).
static ssize_t wait_for_bytes(struct bench *bench, int fd, uint8_t *out, size_t size)
{
    int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000;
    GSource *tick = loop_add_timer(bench->loop, 2, wake, NULL);
    size_t used = 0;
    ssize_t got = -1;
    while (used < size && got != 0 && g_get_monotonic_time() < until_us) {
        g_main_context_iteration(loop_context(bench->loop), TRUE);
        got = recv(fd, out + used, size - used, MSG_DONTWAIT);
        if (got > 0)
            used += (size_t)got;
        else if (got < 0 && errno == ECONNRESET)
            got = 0;
    }
    loop_clear_source(&tick);
    return (ssize_t)used;
}

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t size = 0;
    for (; *hex; hex += 2)
        out[size++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]));
    return size;
}

// Says one thing and hears exactly the other.
static void exchange(struct bench *bench, int fd, const char *say, const char *hear)
{
    uint8_t said[64];
    uint8_t expected[64];
    uint8_t heard[64];
    size_t size = bytes_of(say, said);
    size_t expected_size = bytes_of(hear, expected);
    assert_int_equal(send(fd, said, size, MSG_NOSIGNAL), size);
    assert_int_equal(wait_for_bytes(bench, fd, heard, expected_size), expected_size);
    assert_memory_equal(heard, expected, expected_size);
}

static void takes_a_recall_over_tcp(void **state)
{
    struct bench *bench = *state;
    int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    exchange(bench, fd, "8101043f0205ff", "9041ff9051ff");
    assert_int_equal(bench->recalls, 1);
    assert_int_equal(bench->preset, 5);
    close(fd);
}

static void takes_a_recall_over_udp_with_header_and_bare(void **state)
{
    struct bench *bench = *state;
    int fd = connect_to(SOCK_DGRAM, visca_server_udp_port(bench->server));
    exchange(bench, fd, "020000010000000001", "020100010000000001");
    // Each answer is a datagram of its own, with the number of its question.
    exchange(bench, fd, "01000007000000078101043f0207ff", "01110003000000079041ff");
    uint8_t completion[16];
    assert_int_equal(wait_for_bytes(bench, fd, completion, 11), 11);
    assert_int_equal(completion[9], 0x51);
    assert_int_equal(bench->preset, 7);
    exchange(bench, fd, "8101043f0209ff", "9041ff");
    assert_int_equal(bench->preset, 9);
    close(fd);
}

static void answers_the_inquiries_of_its_set(void **state)
{
    struct bench *bench = *state;
    int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    exchange(bench, fd, "883001ff", "883002ff");
    exchange(bench, fd, "81010001ff", "9050ff");
    exchange(bench, fd, "81090002ff", "905000000000010001ff");
    exchange(bench, fd, "81090400ff", "905002ff");
    exchange(bench, fd, "81090612ff", "90500f0f0f0e00000000ff");
    exchange(bench, fd, "81090447ff", "905000010203ff");
    bench->camera.is_on = false;
    exchange(bench, fd, "81090400ff", "905003ff");
    close(fd);
}

static void refuses_what_is_not_its_business(void **state)
{
    struct bench *bench = *state;
    int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    static const char *const refused[] = {
        "8101043f0105ff",     // store
        "8101060110100103ff", // drive
        "8101040003ff",       // standby
        "81010604ff",         // home
        "8109043fff",         // no such inquiry
        "8177ff",
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        exchange(bench, fd, refused[i], "906002ff");
    exchange(bench, fd, "8101043f02ff", "906001ff"); // a recall without its number
    exchange(bench, fd, "8121ff", "906005ff");
    assert_int_equal(bench->recalls, 0);
    assert_int_equal(visca_server_refused(bench->server), 8);
    close(fd);
}

static void says_so_when_there_is_no_camera(void **state)
{
    struct bench *bench = *state;
    bench->camera.is_ready = false;
    int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    exchange(bench, fd, "8101043f0205ff", "906041ff");
    assert_int_equal(bench->recalls, 0);
    close(fd);
}

static void hears_one_peer_only(void **state)
{
    struct bench *bench = *state;
    uint8_t byte;
    visca_server_close(bench->server);
    open_server(bench, "127.0.0.9");
    int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    assert_int_equal(wait_for_bytes(bench, fd, &byte, 1), 0);
    close(fd);
    assert_int_equal(visca_server_refused(bench->server), 1);
}

static void has_room_for_eight(void **state)
{
    struct bench *bench = *state;
    int fds[VISCA_SERVER_CLIENTS];
    uint8_t byte;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
        exchange(bench, fds[i], "81010001ff", "9050ff");
    }
    int late = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
    assert_int_equal(wait_for_bytes(bench, late, &byte, 1), 0);
    close(late);
    close(fds[0]);
    // Once one has gone there is room again.
    int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000;
    bool is_in = false;
    while (!is_in && g_get_monotonic_time() < until_us) {
        uint8_t heard[3];
        int fd = connect_to(SOCK_STREAM, visca_server_tcp_port(bench->server));
        assert_int_equal(send(fd, "\x81\x01\x00\x01\xff", 5, MSG_NOSIGNAL), 5);
        is_in = wait_for_bytes(bench, fd, heard, sizeof(heard)) == sizeof(heard);
        close(fd);
    }
    assert_true(is_in);
    for (size_t i = 1; i < COUNT_OF(fds); i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_a_recall_over_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(
                takes_a_recall_over_udp_with_header_and_bare, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_the_inquiries_of_its_set, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_its_business, setup, teardown),
        cmocka_unit_test_setup_teardown(says_so_when_there_is_no_camera, setup, teardown),
        cmocka_unit_test_setup_teardown(hears_one_peer_only, setup, teardown),
        cmocka_unit_test_setup_teardown(has_room_for_eight, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
