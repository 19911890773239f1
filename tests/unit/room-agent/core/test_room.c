// SPDX-License-Identifier: Apache-2.0
// The room against a centre and a media process that the test plays: this very program is the
// child when the environment says so, and a plain WebSocket server is the centre.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/web_server.h"
#include "common/protocol/envelope.h"
#include "room-agent/core/room.h"

#include <cmocka.h>

#define ROLE        "RONG_TEST_MEDIA_CHILD"
#define DEADLINE_MS 10000
#define CHILD_FD    3
#define MEETING     "q7k3m2xa"

// --- the media process -------------------------------------------------------------------------

static void tell_core(enum message_type type, const void *body)
{
    g_autofree char *text = envelope_event(type, 0, NULL, body);
    if (send(CHILD_FD, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(1);
}

static void tell_state(enum media_state media_state)
{
    struct message_local_state state = { .state = media_state, .level = -40 };
    tell_core(MESSAGE_LOCAL_STATE, &state);
}

static void play_packet(const char *text)
{
    if (strstr(text, "local.offer_wanted")) {
        g_autofree struct message_local_offer *offer = g_new0(struct message_local_offer, 1);
        g_strlcpy(offer->offer_id, "offer-1", sizeof(offer->offer_id));
        g_strlcpy(offer->sdp, "v=0", sizeof(offer->sdp));
        tell_core(MESSAGE_LOCAL_OFFER, offer);
    } else if (strstr(text, "local.answer")) {
        tell_state(strstr(text, "v=0") ? MEDIA_STATE_CONNECTED : MEDIA_STATE_FAILED);
    } else if (strstr(text, "local.stop")) {
        tell_state(MEDIA_STATE_OFF);
    }
}

static int play_child(void)
{
    struct message_local_ready ready = { .version = "test" };
    tell_core(MESSAGE_LOCAL_READY, &ready);
    for (;;) {
        struct pollfd core = { .fd = CHILD_FD, .events = POLLIN };
        char buffer[32768];
        if (poll(&core, 1, -1) < 0)
            return 1;
        ssize_t size = recv(CHILD_FD, buffer, sizeof(buffer) - 1, 0);
        if (size <= 0)
            return 0;
        buffer[size] = '\0';
        play_packet(buffer);
    }
}

// --- the centre --------------------------------------------------------------------------------

struct centre {
    struct loop *loop;
    struct web_server *server;
    struct web_listener *listener;
    struct web_session *session; // NULL while nobody is connected
    unsigned hellos;
    unsigned offers;
    unsigned requests; // for the floor
    bool refuses_offers;
    bool refuses_report; // the next one
    enum error_code floor_error;
    struct message_room_report report; // the last one
    unsigned reports;
    struct room_settings *settings;
    struct room *room;
};

static void answer(struct centre *centre, const struct envelope *envelope, const void *body)
{
    g_autofree char *text = envelope_reply(envelope->type, envelope->id, body);
    assert_true(web_session_send(centre->session, text, strlen(text)));
}

static void refuse(struct centre *centre, const struct envelope *envelope, enum error_code code)
{
    g_autofree char *text = envelope_error(envelope->id, code, "refused by the test");
    assert_true(web_session_send(centre->session, text, strlen(text)));
}

static void answer_hello(struct centre *centre, const struct envelope *envelope)
{
    g_autofree struct message_hello_reply *reply = g_new0(struct message_hello_reply, 1);
    centre->hellos++;
    reply->version = 1;
    reply->resume_ttl_s = 300;
    reply->role = ROLE_ROOM;
    g_strlcpy(reply->sid, "session-1", sizeof(reply->sid));
    g_strlcpy(reply->self, "64", sizeof(reply->self));
    g_strlcpy(reply->server_time, "2026-11-21T08:30:01.120+07:00", sizeof(reply->server_time));
    answer(centre, envelope, reply);
}

static void answer_offer(struct centre *centre, const struct envelope *envelope)
{
    centre->offers++;
    if (centre->refuses_offers) {
        refuse(centre, envelope, ERROR_MEDIA_NO_MCU);
        return;
    }
    g_autofree struct message_media_offer_reply *reply =
            g_new0(struct message_media_offer_reply, 1);
    g_strlcpy(reply->sdp, "v=0", sizeof(reply->sdp));
    g_strlcpy(reply->media_epoch, "aa", sizeof(reply->media_epoch));
    answer(centre, envelope, reply);
}

static void centre_message(
        void *context, struct web_session *session, const char *text, size_t size)
{
    struct centre *centre = context;
    struct envelope envelope;
    struct fields_error error;
    (void)session;
    assert_int_equal(envelope_parse(text, size, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_REQUEST);
    struct message_floor_request_reply position = { .position = 2 };
    switch (envelope.type) {
    case MESSAGE_HELLO:
        answer_hello(centre, &envelope);
        break;
    case MESSAGE_MEDIA_OFFER:
        answer_offer(centre, &envelope);
        break;
    case MESSAGE_ROOM_REPORT:
        if (centre->refuses_report) {
            centre->refuses_report = false;
            refuse(centre, &envelope, ERROR_PROTO_RATE);
            break;
        }
        assert_int_equal(envelope_body(&envelope, &centre->report, &error), 0);
        centre->reports++;
        answer(centre, &envelope, NULL);
        break;
    case MESSAGE_FLOOR_REQUEST:
        centre->requests++;
        if (centre->floor_error)
            refuse(centre, &envelope, centre->floor_error);
        else
            answer(centre, &envelope, &position);
        break;
    default:
        fail_msg("unexpected %s", message_infos[envelope.type].name);
    }
    envelope_fini(&envelope);
}

static void centre_open(void *context, struct web_session *session)
{
    ((struct centre *)context)->session = session;
}

static void centre_closed(void *context, struct web_session *session)
{
    struct centre *centre = context;
    if (centre->session == session)
        centre->session = NULL;
}

static const struct web_socket_handler centre_handler = {
    .open = centre_open,
    .message = centre_message,
    .closed = centre_closed,
};

static void declare(struct centre *centre, enum message_type type, const void *body)
{
    g_autofree char *text = envelope_event(type, 0, NULL, body);
    assert_true(web_session_send(centre->session, text, strlen(text)));
}

// In the meeting, or in none ("" for the epoch then).
static void declare_member(struct centre *centre, bool has_meeting, const char *epoch)
{
    g_autofree struct message_member_desired *desired = g_new0(struct message_member_desired, 1);
    desired->has_meeting = has_meeting;
    if (has_meeting)
        g_strlcpy(desired->meeting, MEETING, sizeof(desired->meeting));
    g_strlcpy(desired->member, "64", sizeof(desired->member));
    g_strlcpy(desired->media_epoch, epoch, sizeof(desired->media_epoch));
    desired->microphone = MICROPHONE_STATE_CLOSED;
    desired->floor = FLOOR_STATE_NONE;
    desired->send = (struct type_send_wish){ 360, 25, 600 };
    declare(centre, MESSAGE_MEMBER_DESIRED, desired);
}

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

#define WAIT_FOR(centre, condition) \
    do { \
        int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000; \
        GSource *tick = loop_add_timer((centre)->loop, 5, wake, NULL); \
        while (!(condition) && g_get_monotonic_time() < until_us) \
            g_main_context_iteration(loop_context((centre)->loop), TRUE); \
        loop_clear_source(&tick); \
        assert_true(condition); \
    } while (0)

#define BUTTON "[scene chao-co]\nlabel=Chào cờ\n"

static struct room_settings *read_settings(unsigned port)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *text =
            g_strdup_printf("[room]\nname=Hội trường\nstate_dir=/nonexistent\n"
                            "[signal]\nmachine_url=ws://127.0.0.1:%u/ws\n"
                            "[media]\nprogram=%s\nsource=synthetic\nmark=1\n" BUTTON,
                    port, self);
    g_autofree char *path = NULL;
    char *fault = NULL;
    int fd = g_file_open_tmp("room-XXXXXX.conf", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    struct config *config = config_load(path, room_settings_table, &fault);
    assert_non_null(config);
    struct room_settings *settings = room_settings_new(config, &fault);
    assert_non_null(settings);
    config_free(config);
    unlink(path);
    return settings;
}

static int setup(void **state)
{
    struct centre *centre = g_new0(struct centre, 1);
    *state = centre;
    centre->loop = loop_new_main();
    centre->server = web_server_new(centre->loop);
    struct web_listener_config listener = {
        .name = "centre",
        .listen = "127.0.0.1:0",
        .tls = WEB_PLAIN,
        .socket_path = "/ws",
        .socket = &centre_handler,
        .context = centre,
    };
    assert_int_equal(web_server_listen(centre->server, &listener, &centre->listener), 0);
    struct room_settings *settings = read_settings(web_listener_port(centre->listener));
    centre->settings = settings;
    assert_int_equal(room_open(centre->loop, settings, &centre->room), 0);
    return 0;
}

static int teardown(void **state)
{
    struct centre *centre = *state;
    room_close(centre->room);
    web_server_free(centre->server);
    room_settings_free(centre->settings);
    loop_free(centre->loop);
    g_free(centre);
    return 0;
}

static void join(struct centre *centre)
{
    WAIT_FOR(centre, centre->hellos > 0 && centre->session);
    declare_member(centre, true, "aa");
    WAIT_FOR(centre, centre->report.media.state == MEDIA_STATE_CONNECTED);
}

struct outcome {
    bool is_over;
    enum error_code code;
    int64_t position;
};

static void note_outcome(void *context, enum error_code code, const char *text, int64_t position)
{
    struct outcome *outcome = context;
    (void)text;
    outcome->is_over = true;
    outcome->code = code;
    outcome->position = position;
}

static void offers_once_and_reports_that_it_is_connected(void **state)
{
    struct centre *centre = *state;
    join(centre);
    assert_int_equal(centre->offers, 1);
    assert_true(centre->report.has_meeting);
    assert_string_equal(centre->report.meeting, MEETING);
    struct message_local_page *page = g_new(struct message_local_page, 1);
    room_describe(centre->room, page);
    assert_int_equal(page->signal, SIGNAL_STATE_CONNECTED);
    assert_string_equal(page->room, "64");
    assert_string_equal(page->name, "Hội trường");
    g_free(page);
}

static void offers_again_under_a_new_epoch_only(void **state)
{
    struct centre *centre = *state;
    join(centre);
    unsigned reports = centre->reports;
    declare_member(centre, true, ""); // no MCU: wait
    declare_member(centre, true, "aa");
    struct message_room_desired scene = { .scene = SCENE_MEETING };
    declare(centre, MESSAGE_ROOM_DESIRED, &scene);
    WAIT_FOR(centre, centre->reports > reports && strcmp(centre->report.scene, "meeting") == 0);
    assert_int_equal(centre->report.scene_state, SCENE_STATE_CONFIRMED);
    assert_int_equal(centre->offers, 1);
    declare_member(centre, true, "bb");
    WAIT_FOR(centre, centre->offers == 2);
}

static void keeps_its_media_while_the_centre_restarts(void **state)
{
    struct centre *centre = *state;
    join(centre);
    web_session_close(centre->session, WEB_CLOSE_GOING_AWAY, "{\"next\":\"wait\"}");
    WAIT_FOR(centre, centre->hellos == 2 && centre->session);
    unsigned reports = centre->reports;
    declare_member(centre, true, "aa");
    WAIT_FOR(centre, centre->reports > reports);
    assert_int_equal(centre->report.media.state, MEDIA_STATE_CONNECTED);
    assert_int_equal(centre->offers, 1);
}

static void offers_again_when_the_offer_was_refused(void **state)
{
    struct centre *centre = *state;
    centre->refuses_offers = true;
    WAIT_FOR(centre, centre->hellos > 0 && centre->session);
    declare_member(centre, true, "aa");
    WAIT_FOR(centre, centre->offers >= 2);
    centre->refuses_offers = false;
    WAIT_FOR(centre, centre->report.media.state == MEDIA_STATE_CONNECTED);
}

static void leaves_the_meeting_that_is_over(void **state)
{
    struct centre *centre = *state;
    join(centre);
    declare_member(centre, false, "");
    WAIT_FOR(centre, centre->report.media.state == MEDIA_STATE_OFF);
    assert_false(centre->report.has_meeting);
    struct outcome outcome = { 0 };
    const struct message_local_action ask = { .action = PAGE_ACTION_FLOOR_REQUEST };
    room_act(centre->room, &ask, note_outcome, &outcome);
    assert_true(outcome.is_over);
    assert_int_not_equal(outcome.code, ERROR_NONE);
    assert_int_equal(centre->requests, 0);
    declare_member(centre, true, "aa");
    WAIT_FOR(centre, centre->offers == 2);
}

static void asks_for_the_floor_and_tells_why_not(void **state)
{
    struct centre *centre = *state;
    join(centre);
    struct outcome outcome = { 0 };
    const struct message_local_action ask = { .action = PAGE_ACTION_FLOOR_REQUEST };
    room_act(centre->room, &ask, note_outcome, &outcome);
    WAIT_FOR(centre, outcome.is_over);
    assert_int_equal(outcome.code, ERROR_NONE);
    assert_int_equal(outcome.position, 2);

    outcome = (struct outcome){ 0 };
    centre->floor_error = ERROR_FLOOR_ALREADY_HELD;
    room_act(centre->room, &ask, note_outcome, &outcome);
    WAIT_FOR(centre, outcome.is_over);
    assert_int_equal(outcome.code, ERROR_FLOOR_ALREADY_HELD);
}

static void sets_scenes_by_hand_without_the_centre(void **state)
{
    struct centre *centre = *state;
    struct outcome outcome = { 0 };
    const struct message_local_action scene = {
        .action = PAGE_ACTION_SCENE,
        .has_scene = true,
        .scene = "content",
    };
    room_act(centre->room, &scene, note_outcome, &outcome); // not connected yet
    assert_true(outcome.is_over);
    assert_int_equal(outcome.code, ERROR_NONE);
    const struct message_local_action ask = { .action = PAGE_ACTION_FLOOR_REQUEST };
    outcome = (struct outcome){ 0 };
    room_act(centre->room, &ask, note_outcome, &outcome);
    assert_int_not_equal(outcome.code, ERROR_NONE);
    struct message_local_page *page = g_new(struct message_local_page, 1);
    room_describe(centre->room, page);
    assert_string_equal(page->scene, "content");
    assert_int_equal(page->signal, SIGNAL_STATE_DISCONNECTED);
    g_free(page);
}

static void press(struct centre *centre, const char *scene, struct outcome *outcome)
{
    struct message_local_action action = { .action = PAGE_ACTION_SCENE, .has_scene = true };
    g_strlcpy(action.scene, scene, sizeof(action.scene));
    *outcome = (struct outcome){ 0 };
    room_act(centre->room, &action, note_outcome, outcome);
    assert_true(outcome->is_over);
}

static void sets_the_scene_of_a_named_button(void **state)
{
    struct centre *centre = *state;
    struct outcome outcome;
    join(centre);
    struct message_room_desired scene = { .scene = SCENE_MEETING };
    declare(centre, MESSAGE_ROOM_DESIRED, &scene);
    WAIT_FOR(centre, strcmp(centre->report.scene, "meeting") == 0);
    assert_int_equal(centre->report.buttons_count, 1);
    assert_string_equal(centre->report.buttons[0].name, "chao-co");
    assert_string_equal(centre->report.buttons[0].label, "Chào cờ");

    press(centre, "chao-co", &outcome);
    assert_int_equal(outcome.code, ERROR_NONE);
    WAIT_FOR(centre, strcmp(centre->report.scene, "chao-co") == 0);
    press(centre, "tiec", &outcome);
    assert_int_equal(outcome.code, ERROR_ROOM_UNKNOWN_SCENE);

    // The centre repeats itself after a reconnect: the button holds, until it asks for another.
    declare(centre, MESSAGE_ROOM_DESIRED, &scene);
    declare_member(centre, true, "bb");
    WAIT_FOR(centre, centre->offers == 2);
    assert_string_equal(centre->report.scene, "chao-co");
    scene.scene = SCENE_FLOOR;
    declare(centre, MESSAGE_ROOM_DESIRED, &scene);
    WAIT_FOR(centre, strcmp(centre->report.scene, "floor") == 0);
}

static void reports_again_what_the_centre_did_not_take(void **state)
{
    struct centre *centre = *state;
    struct outcome outcome;
    join(centre);
    WAIT_FOR(centre, strcmp(centre->report.scene, "idle") == 0);
    centre->refuses_report = true;
    press(centre, "chao-co", &outcome);
    WAIT_FOR(centre, strcmp(centre->report.scene, "chao-co") == 0);
    assert_false(centre->refuses_report);
}

static void takes_other_scenes_while_it_runs(void **state)
{
    struct centre *centre = *state;
    struct outcome outcome;
    join(centre);
    press(centre, "chao-co", &outcome);
    GPtrArray *none = g_ptr_array_new();
    room_take_scenes(centre->room, none);
    g_ptr_array_unref(none);
    WAIT_FOR(centre, centre->report.buttons_count == 0);
    press(centre, "chao-co", &outcome);
    assert_int_equal(outcome.code, ERROR_ROOM_UNKNOWN_SCENE);
}

int main(void)
{
    if (g_getenv(ROLE))
        return play_child();
    g_setenv(ROLE, "1", TRUE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                offers_once_and_reports_that_it_is_connected, setup, teardown),
        cmocka_unit_test_setup_teardown(offers_again_under_a_new_epoch_only, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_its_media_while_the_centre_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(offers_again_when_the_offer_was_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(leaves_the_meeting_that_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_for_the_floor_and_tells_why_not, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_scenes_by_hand_without_the_centre, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_the_scene_of_a_named_button, setup, teardown),
        cmocka_unit_test_setup_teardown(
                reports_again_what_the_centre_did_not_take, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_other_scenes_while_it_runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
