// SPDX-License-Identifier: Apache-2.0
// Orders by hand between a technician and a room, over fake connections: this file stands in for
// common/net/web_session.c.
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "signaling/drives.h"
#include "signaling/rooms.h"

#include <cmocka.h>

struct web_session {
    void *data;
    struct identity who;
    char *last; // that was sent
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
    g_free(session->last);
    session->last = g_strndup(text, size);
    return true;
}

void web_session_close(struct web_session *session, int code, const char *reason)
{
    (void)session;
    (void)code;
    (void)reason;
}

size_t web_session_queued_bytes(const struct web_session *session)
{
    (void)session;
    return 0;
}

struct house {
    struct loop *loop;
    struct sessions *sessions;
    struct drives *drives;
    struct web_session technician;
    struct web_session room;
    struct session *latest;
    struct session *asker;
    struct session *box;
};

static bool identify(void *context, struct web_session *web, struct identity *who)
{
    (void)context;
    *who = web->who;
    return true;
}

static void name_of(void *context, const struct identity *who, char *name, size_t size)
{
    (void)context;
    (void)who;
    g_strlcpy(name, "", size);
}

static void on_ready(void *context, struct session *session, bool resumed)
{
    (void)resumed;
    ((struct house *)context)->latest = session;
}

static void on_request(void *context, struct session *session, const struct envelope *request)
{
    (void)context;
    (void)session;
    (void)request;
}

static void on_presence(void *context, struct session *session)
{
    struct house *house = context;
    if (!session_is_connected(session))
        drives_forget(house->drives, session);
}

static void on_ended(void *context, struct session *session)
{
    drives_forget(((struct house *)context)->drives, session);
}

static struct session *come(
        struct house *house, struct web_session *web, enum role role, const char *self)
{
    static const char hello[] = "{\"op\":\"hello\",\"id\":1,\"d\":{\"versions\":[1]}}";
    web->who.role = role;
    g_strlcpy(web->who.self, self, sizeof(web->who.self));
    sessions_opened(house->sessions, web);
    sessions_received(house->sessions, web, hello, strlen(hello));
    return house->latest;
}

static int setup(void **state)
{
    static const struct sessions_handler handler = {
        .identify = identify,
        .name = name_of,
        .ready = on_ready,
        .request = on_request,
        .presence = on_presence,
        .ended = on_ended,
    };
    struct house *house = g_new0(struct house, 1);
    house->loop = loop_new_main();
    house->sessions = sessions_new(house->loop, &handler, house);
    house->drives = drives_new(house->loop, house->sessions);
    house->asker = come(house, &house->technician, ROLE_TECHNICIAN, "tech-1");
    house->box = come(house, &house->room, ROLE_ROOM, "622");
    *state = house;
    return 0;
}

static void leave(struct house *house, struct web_session *web)
{
    if (web->data)
        sessions_closed(house->sessions, web);
    web->data = NULL;
}

static int teardown(void **state)
{
    struct house *house = *state;
    leave(house, &house->technician);
    leave(house, &house->room);
    sessions_free(house->sessions);
    drives_free(house->drives);
    loop_free(house->loop);
    g_free(house->technician.last);
    g_free(house->room.last);
    g_free(house);
    return 0;
}

static enum error_code ask(struct house *house, const char *room, enum drive_op op, int64_t id)
{
    struct message_room_driven driven = { .has_device = true, .has_op = true, .op = op };
    g_strlcpy(driven.device, "camera", sizeof(driven.device));
    return drives_ask(house->drives, house->asker, MESSAGE_ROOM_DRIVE, id, room, &driven);
}

static enum error_code answer(struct house *house, const char *drive, const char *code)
{
    struct message_room_answer body = { .done = !code, .has_error = code != NULL };
    g_strlcpy(body.drive_id, drive, sizeof(body.drive_id));
    g_strlcpy(body.error.code, code ? code : "", sizeof(body.error.code));
    return drives_answer(house->drives, house->box, &body);
}

static void goes_to_the_room_and_the_answer_comes_back(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 7), ERROR_NONE);
    assert_non_null(strstr(house->room.last, "\"room.driven\""));
    assert_non_null(strstr(house->room.last, "\"by\":\"tech-1\""));
    // Never replayed: it has no sequence number.
    assert_null(strstr(house->room.last, "\"seq\""));
    assert_int_equal(answer(house, "d-1", NULL), ERROR_NONE);
    assert_non_null(strstr(house->technician.last, "\"re\":7"));
    assert_non_null(strstr(house->technician.last, "\"done\":true"));
    assert_int_equal(answer(house, "d-1", NULL), ERROR_ROOM_UNKNOWN_DRIVE);
}

static void passes_on_what_the_room_says_is_wrong(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 8), ERROR_NONE);
    assert_int_equal(answer(house, "d-1", "device.offline"), ERROR_NONE);
    assert_non_null(strstr(house->technician.last, "device.offline"));
    // A newer room may know faults that this centre does not.
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 9), ERROR_NONE);
    assert_int_equal(answer(house, "d-2", "device.melted"), ERROR_NONE);
    assert_non_null(strstr(house->technician.last, "device.fault"));
}

static void says_that_a_room_is_not_there(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "64", DRIVE_OP_HOME, 2), ERROR_ROOM_ABSENT);
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 3), ERROR_NONE);
    leave(house, &house->room);
    assert_non_null(strstr(house->technician.last, "\"re\":3"));
    assert_non_null(strstr(house->technician.last, "room.absent"));
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 4), ERROR_ROOM_ABSENT);
}

static void says_so_after_three_seconds_of_silence(void **state)
{
    struct house *house = *state;
    int64_t began_us = g_get_monotonic_time();
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 5), ERROR_NONE);
    while (!strstr(house->technician.last, "room.timeout") &&
            g_get_monotonic_time() - began_us < 20 * G_USEC_PER_SEC)
        g_main_context_iteration(loop_context(house->loop), TRUE);
    assert_non_null(strstr(house->technician.last, "room.timeout"));
    assert_true(g_get_monotonic_time() - began_us >= DRIVES_DEADLINE_MS * 1000 - 50000);
    assert_int_equal(answer(house, "d-1", NULL), ERROR_ROOM_UNKNOWN_DRIVE);
}

static void bounds_what_is_open_but_never_a_stop(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < DRIVES_OPEN_MAX; i++)
        assert_int_equal(ask(house, "622", DRIVE_OP_DRIVE, 10 + i), ERROR_NONE);
    assert_int_equal(ask(house, "622", DRIVE_OP_DRIVE, 90), ERROR_ROOM_TOO_MANY);
    assert_int_equal(ask(house, "622", DRIVE_OP_STOP, 91), ERROR_NONE);
    assert_non_null(strstr(house->room.last, "\"op\":\"stop\""));
}

static void forgets_who_went(void **state)
{
    struct house *house = *state;
    assert_int_equal(ask(house, "622", DRIVE_OP_HOME, 5), ERROR_NONE);
    leave(house, &house->technician);
    assert_int_equal(answer(house, "d-1", NULL), ERROR_ROOM_UNKNOWN_DRIVE);
}

// --- what rooms reported ------------------------------------------------------------------------

static void report(struct message_room_report *out, enum device_state state)
{
    memset(out, 0, sizeof(*out));
    out->media.state = MEDIA_STATE_CONNECTED;
    g_strlcpy(out->scene, "meeting", sizeof(out->scene));
    out->scene_state = SCENE_STATE_CONFIRMED;
    out->devices_count = 1;
    out->devices[0].state = state;
    out->devices[0].quality = DEVICE_QUALITY_CONFIRMED;
    g_strlcpy(out->devices[0].id, "camera", sizeof(out->devices[0].id));
    g_strlcpy(out->devices[0].driver, "visca", sizeof(out->devices[0].driver));
}

static void keeps_the_latest_report_and_since_when(void **state)
{
    (void)state;
    struct rooms *rooms = rooms_new();
    g_autofree struct message_room_report *body = g_new0(struct message_room_report, 1);
    assert_null(rooms_find(rooms, "622"));
    report(body, DEVICE_STATE_UP);
    assert_int_equal(
            rooms_note(rooms, "622", body, 1000000), ROOMS_NEW_STATUS | ROOMS_NEW_READINESS);
    g_autofree char *since = g_strdup(rooms_find(rooms, "622")->devices[0].since);
    assert_int_equal(rooms_note(rooms, "622", body, 2000000), ROOMS_NO_NEWS);
    assert_string_equal(rooms_find(rooms, "622")->devices[0].since, since);
    assert_string_not_equal(rooms_find(rooms, "622")->at, since);
    g_strlcpy(body->scene, "floor", sizeof(body->scene));
    assert_int_equal(rooms_note(rooms, "622", body, 3000000), ROOMS_NEW_STATUS);
    report(body, DEVICE_STATE_DOWN);
    assert_int_equal(
            rooms_note(rooms, "622", body, 4000000), ROOMS_NEW_STATUS | ROOMS_NEW_READINESS);
    assert_false(room_is_ready(rooms_find(rooms, "622")));
    assert_string_equal(rooms_find(rooms, "622")->devices[0].since, rooms_find(rooms, "622")->at);
    rooms_free(rooms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                goes_to_the_room_and_the_answer_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(passes_on_what_the_room_says_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(says_that_a_room_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(says_so_after_three_seconds_of_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_what_is_open_but_never_a_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(forgets_who_went, setup, teardown),
        cmocka_unit_test(keeps_the_latest_report_and_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
