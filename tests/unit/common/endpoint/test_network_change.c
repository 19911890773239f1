// SPDX-License-Identifier: Apache-2.0
// A real change of the network: the endpoint's machine (a network namespace of its own) loses its
// address and gets another while sound flows. Skipped where namespaces may not be made.
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/endpoint/endpoint.h"
#include "tests/mirror/mirror.h"

#include <cmocka.h>

#define CENTRE    "192.0.2.1"
#define TICK_US   20000
#define WITHIN_US (20 * G_USEC_PER_SEC)
#define GAP_MS    1500 // noticed in 0.3 s, then an exchange and a check

struct machine {
    GMainContext *context;
    struct certificate *certificate;
    struct endpoint *endpoint;
    struct mirror *mirror;
    int room; // the namespace of the endpoint
    int centre;
    int restarts;
    bool is_lost;
    enum peer_state state;
    uint32_t frame;
    int64_t next_us;
};

static bool run(const char *command)
{
    g_autoptr(GError) error = NULL;
    int status = 0;
    const bool is_run = g_spawn_command_line_sync(command, NULL, NULL, &status, &error);
    return is_run && status == 0;
}

static void go_to(int netns)
{
    assert_int_equal(setns(netns, CLONE_NEWNET), 0);
}

static int open_own_netns(void)
{
    return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

// The kernel says a moment later that a cable is in.
static bool wait_for_cable(void)
{
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = { .ifr_name = "rong-b" };
    while (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_RUNNING) &&
            g_get_monotonic_time() < deadline_us)
        g_usleep(1000);
    close(fd);
    return request.ifr_flags & IFF_RUNNING;
}

// Two namespaces and a cable between them; this thread is in the room's.
static bool make_networks(struct machine *machine)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    machine->centre = open_own_netns();
    if (unshare(CLONE_NEWNET) < 0)
        return false;
    machine->room = open_own_netns();
    go_to(machine->centre);
    g_autofree char *cable =
            g_strdup_printf("ip link add rong-a type veth peer name rong-b netns /proc/%d/fd/%d",
                    getpid(), machine->room);
    if (!run(cable) || !run("ip addr add " CENTRE "/24 dev rong-a") ||
            !run("ip link set rong-a up"))
        return false;
    go_to(machine->room);
    return run("ip addr add 192.0.2.2/24 dev rong-b") && run("ip link set rong-b up") &&
           wait_for_cable();
}

static void on_state(void *user, enum peer_state state, const char *reason)
{
    (void)reason;
    ((struct machine *)user)->state = state;
}

static void on_lost(void *user)
{
    ((struct machine *)user)->is_lost = true;
}

// What signalling carries.
static void exchange(struct machine *machine, char *take_offer)
{
    const char *error = NULL;
    g_autofree char *offer = take_offer;
    assert_non_null(offer);
    go_to(machine->centre);
    g_autofree char *answer = mirror_answer(machine->mirror, offer);
    go_to(machine->room);
    assert_int_equal(endpoint_answer(machine->endpoint, answer, &error), 0);
}

static void open_call(struct machine *machine)
{
    machine->context = g_main_context_new();
    assert_int_equal(certificate_new(&machine->certificate), 0);
    const struct mirror_config mirror = { .context = machine->context, .address = CENTRE };
    go_to(machine->centre);
    machine->mirror = mirror_new(&mirror);
    go_to(machine->room);
    const struct endpoint_config endpoint = { .context = machine->context,
        .certificate = machine->certificate,
        .cname = "room-64",
        .events = { .state_changed = on_state, .path_lost = on_lost },
        .user = machine };
    assert_int_equal(endpoint_open(&endpoint, &machine->endpoint), 0);
    exchange(machine, endpoint_offer(machine->endpoint));
}

static void close_call(struct machine *machine)
{
    endpoint_close(machine->endpoint);
    mirror_free(machine->mirror);
    certificate_free(machine->certificate);
    while (g_main_context_iteration(machine->context, FALSE))
        ;
    g_main_context_unref(machine->context);
    close(machine->room);
    close(machine->centre);
}

static gboolean nothing(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

// Sound each 20 ms, and another way when the endpoint asks for one.
static void step(struct machine *machine)
{
    static const uint8_t opus[] = { 0xf8, 0xff, 0xfe };
    const int64_t now_us = g_get_monotonic_time();
    g_main_context_iteration(machine->context, TRUE);
    if (machine->state == PEER_CONNECTED && now_us >= machine->next_us) {
        endpoint_send_audio(machine->endpoint, opus, sizeof(opus), machine->frame++ * 960, 20);
        machine->next_us = now_us + TICK_US;
    }
    if (!machine->is_lost)
        return;
    machine->is_lost = false;
    char *offer = endpoint_restart(machine->endpoint);
    if (!offer)
        return; // no network at all
    machine->restarts++;
    exchange(machine, offer);
}

// Until the mirror's sound flows back for a second; the longest hole on the way, in ms.
static int listen_for_a_second(struct machine *machine)
{
    GSource *beat = g_timeout_source_new(5);
    g_source_set_callback(beat, nothing, NULL, NULL);
    g_source_attach(beat, machine->context);
    const int64_t begun_us = g_get_monotonic_time();
    int64_t last_us = begun_us, flows_since_us = begun_us, hole_us = 0;
    uint64_t heard = 0;
    while (last_us - flows_since_us < G_USEC_PER_SEC) {
        struct endpoint_stats stats;
        step(machine);
        const int64_t now_us = g_get_monotonic_time();
        assert_true(now_us - begun_us < WITHIN_US);
        endpoint_read_stats(machine->endpoint, &stats);
        if (stats.lines[SDP_AUDIO].packets_in == heard)
            continue;
        heard = stats.lines[SDP_AUDIO].packets_in;
        hole_us = MAX(hole_us, now_us - last_us);
        if (now_us - last_us > 10 * TICK_US)
            flows_since_us = now_us;
        last_us = now_us;
    }
    g_source_destroy(beat);
    g_source_unref(beat);
    return (int)(hole_us / 1000);
}

static void a_room_that_changes_its_address_stays_in_the_meeting(void **state)
{
    (void)state;
    static struct machine machine;
    if (!make_networks(&machine))
        skip();
    open_call(&machine);
    listen_for_a_second(&machine);
    assert_int_equal(machine.state, PEER_CONNECTED);
    assert_int_equal(machine.restarts, 0);

    assert_true(run("ip addr del 192.0.2.2/24 dev rong-b"));
    assert_true(run("ip addr add 192.0.2.3/24 dev rong-b"));
    const int hole_ms = listen_for_a_second(&machine);
    print_message("silent for %d ms\n", hole_ms);
    assert_int_equal(machine.restarts, 1);
    assert_int_equal(machine.state, PEER_CONNECTED);
    assert_true(hole_ms < GAP_MS);
    close_call(&machine);
}

static void a_room_whose_cable_was_out_stays_in_the_meeting(void **state)
{
    (void)state;
    static struct machine machine;
    if (!make_networks(&machine))
        skip();
    open_call(&machine);
    listen_for_a_second(&machine);
    // No address goes: only the silence shows it.
    go_to(machine.centre);
    assert_true(run("ip link set rong-a down"));
    const int64_t begun_us = g_get_monotonic_time();
    go_to(machine.room);
    while (g_get_monotonic_time() - begun_us < 3 * G_USEC_PER_SEC)
        step(&machine);
    go_to(machine.centre);
    assert_true(run("ip link set rong-a up"));
    go_to(machine.room);
    print_message("silent for %d ms\n", 3000 + listen_for_a_second(&machine));
    assert_int_equal(machine.state, PEER_CONNECTED);
    close_call(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_that_changes_its_address_stays_in_the_meeting),
        cmocka_unit_test(a_room_whose_cable_was_out_stays_in_the_meeting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
