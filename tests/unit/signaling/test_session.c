// SPDX-License-Identifier: Apache-2.0
// Sessions over fake connections: this file stands in for common/net/web_session.c.
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol/body.h"
#include "signaling/event_ring.h"
#include "signaling/rate_limit.h"
#include "signaling/session.h"

#include <cmocka.h>

// --- the fake connection ------------------------------------------------------------------------

struct web_session {
    void *data;
    struct identity who; // ROLE_NONE: nobody
    GPtrArray *sent;
    int close_code; // 0: open
    char *close_reason;
};

void web_session_set_data(struct web_session *session, void *data)
{
    session->data = data;
}

void *web_session_data(const struct web_session *session)
{
    return session->data;
}

bool web_session_send(struct web_session *session, const char *text, size_t size)
{
    assert_int_equal(session->close_code, 0);
    g_ptr_array_add(session->sent, g_strndup(text, size));
    return true;
}

void web_session_close(struct web_session *session, int code, const char *reason)
{
    assert_int_equal(session->close_code, 0);
    assert_true(strlen(reason) <= 123);
    session->close_code = code;
    session->close_reason = g_strdup(reason);
}

size_t web_session_queued_bytes(const struct web_session *session)
{
    (void)session;
    return 0;
}

// --- the fixture --------------------------------------------------------------------------------

struct fixture {
    struct loop *loop;
    struct sessions *sessions;
    GPtrArray *connections;
    struct session *ready; // the last that said hello
    bool resumed;
    int requests;
    int ended;
    int came;
    int went;
};

static bool identify(void *context, struct web_session *web, struct identity *who)
{
    (void)context;
    *who = web->who;
    return who->role != ROLE_NONE;
}

static void name_of(void *context, const struct identity *who, char *name, size_t size)
{
    (void)context;
    g_strlcpy(name, who->name, size);
}

static void on_ready(void *context, struct session *session, bool resumed)
{
    struct fixture *fixture = context;
    fixture->ready = session;
    fixture->resumed = resumed;
}

static void on_request(void *context, struct session *session, const struct envelope *request)
{
    struct fixture *fixture = context;
    fixture->requests++;
    session_reply(session, request->type, request->id, NULL);
}

static void on_presence(void *context, struct session *session)
{
    struct fixture *fixture = context;
    if (session_is_connected(session))
        fixture->came++;
    else
        fixture->went++;
}

static void on_ended(void *context, struct session *session)
{
    (void)session;
    ((struct fixture *)context)->ended++;
}

// Stands still: however slow the machine is, the test asks "at once".
static int64_t stopped_clock(void *context)
{
    (void)context;
    return G_USEC_PER_SEC;
}

static const struct sessions_handler handler = {
    .identify = identify,
    .name = name_of,
    .ready = on_ready,
    .request = on_request,
    .presence = on_presence,
    .ended = on_ended,
    .now_us = stopped_clock,
};

static int setup(void **state)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->loop = loop_new_main();
    fixture->sessions = sessions_new(fixture->loop, &handler, fixture);
    fixture->connections = g_ptr_array_new();
    *state = fixture;
    return 0;
}

static struct web_session *connect_as(
        struct fixture *fixture, enum role role, const char *self, const char *meeting)
{
    struct web_session *web = g_new0(struct web_session, 1);
    web->who.role = role;
    g_strlcpy(web->who.self, self, sizeof(web->who.self));
    g_strlcpy(web->who.meeting, meeting, sizeof(web->who.meeting));
    web->sent = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(fixture->connections, web);
    sessions_opened(fixture->sessions, web);
    return web;
}

static void disconnect(struct fixture *fixture, struct web_session *web)
{
    if (!web->data)
        return;
    sessions_closed(fixture->sessions, web);
    web->data = NULL;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    for (guint i = 0; i < fixture->connections->len; i++) {
        struct web_session *web = g_ptr_array_index(fixture->connections, i);
        disconnect(fixture, web);
        g_ptr_array_free(web->sent, TRUE);
        g_free(web->close_reason);
        g_free(web);
    }
    g_ptr_array_free(fixture->connections, TRUE);
    sessions_free(fixture->sessions);
    loop_free(fixture->loop);
    g_free(fixture);
    return 0;
}

static void receive(struct fixture *fixture, struct web_session *web, const char *text)
{
    sessions_received(fixture->sessions, web, text, strlen(text));
}

static const char *last(const struct web_session *web)
{
    return web->sent->len ? g_ptr_array_index(web->sent, web->sent->len - 1) : "";
}

static bool says(const struct web_session *web, const char *part)
{
    return strstr(last(web), part) != NULL;
}

static void hello(struct fixture *fixture, struct web_session *web)
{
    receive(fixture, web,
            "{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[1],\"boot_id\":\"ab\"}}");
}

static void resume(struct fixture *fixture, struct web_session *web, const char *sid, int ack)
{
    g_autofree char *text =
            g_strdup_printf("{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[1],\"boot_id\":\"ab\","
                            "\"resume\":{\"sid\":\"%s\",\"ack\":%d}}}",
                    sid, ack);
    receive(fixture, web, text);
}

static void send_event(struct fixture *fixture)
{
    struct message_meeting_opened body = { .meeting = "abcdefgh" };
    session_send_event(fixture->ready, MESSAGE_MEETING_OPENED, 0, &body);
}

// --- hello --------------------------------------------------------------------------------------

static void hello_says_who_one_is(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    hello(fixture, web);
    assert_true(says(web, "\"role\":\"room\""));
    assert_true(says(web, "\"self\":\"64\""));
    assert_true(says(web, "\"resumed\":false"));
    assert_non_null(fixture->ready);
    assert_ptr_equal(sessions_find(fixture->sessions, ROLE_ROOM, "64", ""), fixture->ready);
}

static void nobody_is_sent_away(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_NONE, "", "");
    assert_int_equal(web->close_code, WEB_CLOSE_AUTH);
    assert_non_null(strstr(web->close_reason, "auth.required"));
    assert_non_null(strstr(web->close_reason, "stop"));
    hello(fixture, web); // too late, and not a crash
    assert_null(fixture->ready);
}

static void hello_comes_first_and_once(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    receive(fixture, web, "{\"op\":\"floor.request\",\"id\":7,\"d\":{\"meeting\":\"abcdefgh\"}}");
    assert_true(says(web, "proto.hello_first"));
    assert_int_equal(web->close_code, WEB_CLOSE_BAD_PROTOCOL);
    assert_int_equal(fixture->requests, 0);

    web = connect_as(fixture, ROLE_ROOM, "64", "");
    hello(fixture, web);
    hello(fixture, web);
    assert_true(says(web, "proto.bad_envelope"));
    assert_int_equal(web->close_code, 0);
}

static void a_version_we_do_not_speak_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    receive(fixture, web, "{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[2,3]}}");
    assert_true(says(web, "proto.version"));
    assert_int_equal(web->close_code, WEB_CLOSE_BAD_PROTOCOL);
}

static void an_mcu_says_which_process_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_MCU, "mcu-1", "");
    receive(fixture, web, "{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[1]}}");
    assert_true(says(web, "proto.missing_field"));
    web = connect_as(fixture, ROLE_MCU, "mcu-1", "");
    hello(fixture, web);
    assert_string_equal(session_boot_id(fixture->ready), "ab");
}

// --- resume -------------------------------------------------------------------------------------

static void a_lost_connection_gets_what_it_missed(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, web);
    send_event(fixture);
    g_autofree char *sid = g_strdup(session_sid(fixture->ready));
    disconnect(fixture, web);
    send_event(fixture);
    send_event(fixture);

    web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    resume(fixture, web, sid, 1);
    assert_true(fixture->resumed);
    assert_int_equal(web->sent->len, 3); // the reply, then 2 and 3
    assert_non_null(strstr(g_ptr_array_index(web->sent, 0), "\"resumed\":true"));
    assert_non_null(strstr(g_ptr_array_index(web->sent, 1), "\"seq\":2"));
    assert_non_null(strstr(g_ptr_array_index(web->sent, 2), "\"seq\":3"));
    assert_int_equal(fixture->came, 2);
    assert_int_equal(fixture->went, 1);
    assert_int_equal(fixture->ended, 0);
}

static void what_can_not_be_resumed_begins_anew(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, web);
    g_autofree char *sid = g_strdup(session_sid(fixture->ready));
    disconnect(fixture, web);
    // Somebody else's session, an ack from the future, a session that is not there.
    web = connect_as(fixture, ROLE_DELEGATE, "delegate", "abcdefgh");
    resume(fixture, web, sid, 0);
    assert_false(fixture->resumed);
    web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    resume(fixture, web, sid, 99);
    assert_false(fixture->resumed);
    web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    resume(fixture, web, "0123456789abcdef", 0);
    assert_false(fixture->resumed);
}

static void ephemeral_events_have_no_number_and_are_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, web);
    struct message_meeting_levels levels = { .meeting = "abcdefgh" };
    session_send_event(fixture->ready, MESSAGE_MEETING_LEVELS, 0, &levels);
    assert_true(says(web, "meeting.levels"));
    assert_false(says(web, "\"seq\""));
    g_autofree char *sid = g_strdup(session_sid(fixture->ready));
    disconnect(fixture, web);
    session_send_event(fixture->ready, MESSAGE_MEETING_LEVELS, 0, &levels);
    web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    resume(fixture, web, sid, 0);
    assert_true(fixture->resumed);
    assert_int_equal(web->sent->len, 1);
}

// Whoever fell behind with states must not get all of them again, or it falls behind for ever.
static void an_mcu_that_resumes_gets_no_old_states(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_MCU, "mcu-1", "");
    hello(fixture, web);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    g_strlcpy(desired->conference, "abcdefgh", sizeof(desired->conference));
    g_autofree char *sid = g_strdup(session_sid(fixture->ready));
    session_send_event(fixture->ready, MESSAGE_CONFERENCE_DESIRED, 0, desired);
    assert_true(says(web, "conference.desired"));
    disconnect(fixture, web);
    web = connect_as(fixture, ROLE_MCU, "mcu-1", "");
    resume(fixture, web, sid, 0);
    assert_true(fixture->resumed);
    assert_int_equal(web->sent->len, 1); // the reply alone; the newest comes from who is told of it
}

static void desired_state_is_sent_when_it_changed(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    hello(fixture, web);
    guint before = web->sent->len;
    struct message_room_desired room = { .scene = SCENE_IDLE, .banner = "A" };
    session_send_changed(fixture->ready, SESSION_SLOT_ROOM, MESSAGE_ROOM_DESIRED, &room);
    session_send_changed(fixture->ready, SESSION_SLOT_ROOM, MESSAGE_ROOM_DESIRED, &room);
    assert_int_equal(web->sent->len, before + 1);
    room.scene = SCENE_FLOOR;
    session_send_changed(fixture->ready, SESSION_SLOT_ROOM, MESSAGE_ROOM_DESIRED, &room);
    assert_int_equal(web->sent->len, before + 2);
}

// --- replacement --------------------------------------------------------------------------------

static void a_second_connection_of_a_member_takes_over(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *older = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, older);
    struct web_session *newer = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, newer);
    assert_int_equal(older->close_code, WEB_CLOSE_REPLACED);
    assert_non_null(strstr(older->close_reason, "auth.replaced"));
    assert_int_equal(newer->close_code, 0);
    assert_int_equal(fixture->ended, 1);
    disconnect(fixture, older);
    assert_int_equal(fixture->went, 0); // the member was never gone
    assert_true(session_is_connected(
            sessions_find(fixture->sessions, ROLE_CHAIR, "chair", "abcdefgh")));
    // The same name in another meeting is somebody else.
    hello(fixture, connect_as(fixture, ROLE_CHAIR, "chair", "zzzzzzzz"));
    assert_int_equal(newer->close_code, 0);
}

static void resuming_takes_the_session_from_a_connection_that_hangs(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *hangs = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    hello(fixture, hangs);
    uint32_t connection = session_connection(fixture->ready);
    struct web_session *web = connect_as(fixture, ROLE_CHAIR, "chair", "abcdefgh");
    resume(fixture, web, session_sid(fixture->ready), 0);
    assert_true(fixture->resumed);
    assert_int_equal(hangs->close_code, WEB_CLOSE_REPLACED);
    assert_int_not_equal(session_connection(fixture->ready), connection);
    send_event(fixture);
    assert_true(says(web, "meeting.opened"));
}

// --- bad messages -------------------------------------------------------------------------------

static void bad_messages_are_answered_and_too_many_end_it(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    hello(fixture, web);
    receive(fixture, web, "{\"op\":\"no.such_op\",\"id\":5,\"d\":{}}");
    assert_true(says(web, "proto.unknown_op"));
    assert_true(says(web, "\"re\":5"));
    receive(fixture, web, "{\"op\":");
    assert_true(says(web, "proto.bad_json"));
    receive(fixture, web, "{\"ev\":\"meeting.opened\",\"seq\":1,\"d\":{\"meeting\":\"abcdefgh\"}}");
    assert_true(says(web, "proto.bad_envelope"));
    assert_int_equal(web->close_code, 0);
    for (int i = 0; i < 30 && !web->close_code; i++)
        receive(fixture, web, "[]");
    assert_int_equal(web->close_code, WEB_CLOSE_BAD_PROTOCOL);
    assert_int_equal(fixture->requests, 0);
}

static void who_drove_too_much_can_still_stop(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_TECHNICIAN, "tech-1", "");
    hello(fixture, web);
    static const char drive[] =
            "{\"op\":\"room.drive\",\"id\":7,\"d\":{\"room\":\"64\",\"device\":\"camera\","
            "\"op\":\"drive\",\"pan\":50}}";
    static const char stop[] =
            "{\"op\":\"room.drive\",\"id\":8,\"d\":{\"room\":\"64\",\"device\":\"camera\","
            "\"op\":\"stop\"}}";
    for (int i = 0; i < 100; i++)
        receive(fixture, web, drive);
    assert_true(says(web, "proto.rate"));
    int requests = fixture->requests;
    for (int i = 0; i < 20; i++)
        receive(fixture, web, stop);
    assert_int_equal(fixture->requests, requests + 20);
    // Not without end: 200 at once are more than any hand presses.
    for (int i = 0; i < 300; i++)
        receive(fixture, web, stop);
    assert_in_range(fixture->requests, requests + 200, requests + 220);
}

static void who_asks_too_fast_is_told_and_then_cut_off(void **state)
{
    struct fixture *fixture = *state;
    struct web_session *web = connect_as(fixture, ROLE_ROOM, "64", "");
    hello(fixture, web);
    static const char request[] =
            "{\"op\":\"floor.request\",\"id\":7,\"d\":{\"meeting\":\"abcdefgh\"}}";
    for (int i = 0; i < 100; i++)
        receive(fixture, web, request);
    assert_true(says(web, "proto.rate"));
    assert_in_range(fixture->requests, 50, 70);
    assert_int_equal(web->close_code, 0);
    for (int i = 0; i < 300 && !web->close_code; i++)
        receive(fixture, web, request);
    assert_int_equal(web->close_code, WEB_CLOSE_SLOW);
}

// --- its parts ----------------------------------------------------------------------------------

static void collect(void *context, const char *text)
{
    g_string_append(context, text);
}

static void the_ring_forgets_the_oldest_first(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(3, 1000);
    assert_true(event_ring_covers(ring, 0));
    assert_false(event_ring_covers(ring, 1));
    for (int seq = 1; seq <= 5; seq++)
        event_ring_push(ring, seq, g_strdup_printf("%d", seq));
    assert_int_equal(event_ring_last(ring), 5);
    assert_false(event_ring_covers(ring, 1));
    assert_true(event_ring_covers(ring, 2));
    assert_true(event_ring_covers(ring, 5));
    assert_false(event_ring_covers(ring, 6));
    g_autoptr(GString) text = g_string_new(NULL);
    event_ring_replay(ring, 3, collect, text);
    assert_string_equal(text->str, "45");
    event_ring_free(ring);
}

static void the_ring_is_bounded_in_bytes_too(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(100, 10);
    for (int seq = 1; seq <= 4; seq++)
        event_ring_push(ring, seq, g_strdup("1234"));
    assert_false(event_ring_covers(ring, 1));
    assert_true(event_ring_covers(ring, 2));
    event_ring_push(ring, 5, g_strdup("longer than all of it"));
    assert_false(event_ring_covers(ring, 4));
    assert_true(event_ring_covers(ring, 5));
    event_ring_free(ring);
}

static void the_bucket_fills_with_time(void **state)
{
    (void)state;
    struct rate_limit limit;
    rate_limit_init(&limit, 2, 10, 0);
    assert_true(rate_limit_take(&limit, 0));
    assert_true(rate_limit_take(&limit, 0));
    assert_false(rate_limit_take(&limit, 0));
    assert_false(rate_limit_take(&limit, 99000));
    assert_true(rate_limit_take(&limit, 100000));
    assert_false(rate_limit_take(&limit, 50000)); // a clock that went back gives nothing
    assert_true(rate_limit_take(&limit, 10000000));
    assert_true(rate_limit_take(&limit, 10000000));
    assert_false(rate_limit_take(&limit, 10000000));
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(hello_says_who_one_is),
        SESSION_TEST(nobody_is_sent_away),
        SESSION_TEST(hello_comes_first_and_once),
        SESSION_TEST(a_version_we_do_not_speak_is_refused),
        SESSION_TEST(an_mcu_says_which_process_it_is),
        SESSION_TEST(a_lost_connection_gets_what_it_missed),
        SESSION_TEST(what_can_not_be_resumed_begins_anew),
        SESSION_TEST(ephemeral_events_have_no_number_and_are_not_kept),
        SESSION_TEST(an_mcu_that_resumes_gets_no_old_states),
        SESSION_TEST(desired_state_is_sent_when_it_changed),
        SESSION_TEST(a_second_connection_of_a_member_takes_over),
        SESSION_TEST(resuming_takes_the_session_from_a_connection_that_hangs),
        SESSION_TEST(bad_messages_are_answered_and_too_many_end_it),
        SESSION_TEST(who_drove_too_much_can_still_stop),
        SESSION_TEST(who_asks_too_fast_is_told_and_then_cut_off),
        cmocka_unit_test(the_ring_forgets_the_oldest_first),
        cmocka_unit_test(the_ring_is_bounded_in_bytes_too),
        cmocka_unit_test(the_bucket_fills_with_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
