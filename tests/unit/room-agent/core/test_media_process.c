// SPDX-License-Identifier: Apache-2.0
// Starts this very program as the child: it plays rong-room-media when it has a socket as
// descriptor 3 and the environment says so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/protocol/envelope.h"
#include "room-agent/core/media_process.h"

#include <cmocka.h>

#define ROLE        "RONG_TEST_MEDIA_CHILD"
#define DEADLINE_MS 10000
#define CHILD_FD    3

// Says it is ready, then says back what it is told: "open" ends it, "closed" brings a state.
static int play_child(void)
{
    struct message_local_ready ready = { .version = "test" };
    struct message_local_state state = { .state = MEDIA_STATE_CONNECTED, .level = -40 };
    g_autofree char *ready_text = envelope_event(MESSAGE_LOCAL_READY, 0, NULL, &ready);
    g_autofree char *state_text = envelope_event(MESSAGE_LOCAL_STATE, 0, NULL, &state);
    if (send(CHILD_FD, "nonsense", 8, MSG_NOSIGNAL) < 0)
        return 1;
    if (send(CHILD_FD, ready_text, strlen(ready_text), MSG_NOSIGNAL) < 0)
        return 1;
    for (;;) {
        char buffer[4096];
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(CHILD_FD, &readable);
        if (select(CHILD_FD + 1, &readable, NULL, NULL, NULL) < 0)
            return 1;
        ssize_t size = recv(CHILD_FD, buffer, sizeof(buffer) - 1, 0);
        if (size <= 0)
            return 0;
        buffer[size] = '\0';
        if (strstr(buffer, "true"))
            return 7;
        if (send(CHILD_FD, state_text, strlen(state_text), MSG_NOSIGNAL) < 0)
            return 1;
    }
}

struct seen {
    unsigned ready;
    unsigned ended;
    unsigned messages;
    enum message_type last;
};

static void note_ready(void *context)
{
    ((struct seen *)context)->ready++;
}

static void note_message(void *context, enum message_type type, const void *body)
{
    struct seen *seen = context;
    const struct message_local_state *state = body;
    seen->messages++;
    seen->last = type;
    assert_int_equal(state->state, MEDIA_STATE_CONNECTED);
}

static void note_ended(void *context)
{
    ((struct seen *)context)->ended++;
}

static const struct media_process_handler handler = {
    .ready = note_ready,
    .message = note_message,
    .ended = note_ended,
};

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

#define WAIT_FOR(loop, condition) \
    do { \
        int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000; \
        GSource *tick = loop_add_timer(loop, 5, wake, NULL); \
        while (!(condition) && g_get_monotonic_time() < until_us) \
            g_main_context_iteration(loop_context(loop), TRUE); \
        loop_clear_source(&tick); \
        assert_true(condition); \
    } while (0)

static void speaks_with_a_child_and_starts_another_when_it_ends(void **state)
{
    (void)state;
    struct loop *loop = loop_new_main();
    struct seen seen = { 0 };
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    struct media_process *media = media_process_new(loop, self, &handler, &seen);
    WAIT_FOR(loop, seen.ready == 1); // past a packet that is nonsense
    struct message_local_microphone microphone = { .open = false };
    media_process_send(media, MESSAGE_LOCAL_MICROPHONE, &microphone);
    WAIT_FOR(loop, seen.messages == 1);
    assert_int_equal(seen.last, MESSAGE_LOCAL_STATE);

    microphone.open = true;
    int64_t ended_us = g_get_monotonic_time();
    media_process_send(media, MESSAGE_LOCAL_MICROPHONE, &microphone);
    WAIT_FOR(loop, seen.ended == 1);
    assert_false(media_process_is_ready(media));
    WAIT_FOR(loop, seen.ready == 2);
    assert_true(g_get_monotonic_time() - ended_us < 5000000);

    media_process_restart(media); // as for one that hangs
    WAIT_FOR(loop, seen.ready == 3);
    media_process_free(media);
    loop_free(loop);
}

static void keeps_trying_a_program_that_is_not_there(void **state)
{
    (void)state;
    struct loop *loop = loop_new_main();
    struct seen seen = { 0 };
    struct media_process *media =
            media_process_new(loop, "/nonexistent/rong-room-media", &handler, &seen);
    assert_false(media_process_is_ready(media));
    media_process_send(media, MESSAGE_LOCAL_STOP, NULL); // dropped
    assert_int_equal(seen.ready, 0);
    media_process_free(media);
    loop_free(loop);
}

int main(void)
{
    if (g_getenv(ROLE))
        return play_child();
    g_setenv(ROLE, "1", TRUE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_with_a_child_and_starts_another_when_it_ends),
        cmocka_unit_test(keeps_trying_a_program_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
