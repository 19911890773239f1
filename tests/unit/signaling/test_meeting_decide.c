// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "signaling/meeting_decide.h"
#include "signaling/meeting_journal.h"

#include <cmocka.h>

#define MEETING "abcdefgh"

// A live meeting and its journal as it would be stored.
struct fixture {
    struct meeting *meeting;
    GPtrArray *names;  // of messages, lent
    GPtrArray *bodies; // JSON
    GArray *times;
    int64_t now_ms;
};

static void keep(struct fixture *fixture, const struct meeting_event *event)
{
    g_ptr_array_add(
            fixture->names, (gpointer)message_infos[meeting_event_message(event->type)].name);
    g_ptr_array_add(fixture->bodies, meeting_event_write(MEETING, event));
    g_array_append_val(fixture->times, event->at_ms);
    assert_int_equal(meeting_apply(fixture->meeting, event), 0);
}

static struct fixture *fixture_new(enum meeting_mode mode)
{
    struct fixture *fixture = g_new0(struct fixture, 1);
    fixture->meeting = meeting_new(MEETING);
    fixture->names = g_ptr_array_new();
    fixture->bodies = g_ptr_array_new_with_free_func(g_free);
    fixture->times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    fixture->now_ms = 1000;
    struct meeting_event created = {
        .type = MEETING_EVENT_CREATED, .at_ms = 1000, .by = "admin", .mode = mode
    };
    g_strlcpy(created.title, "Giao ban", sizeof(created.title));
    keep(fixture, &created);
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    meeting_free(fixture->meeting);
    g_ptr_array_free(fixture->names, TRUE);
    g_ptr_array_free(fixture->bodies, TRUE);
    g_array_free(fixture->times, TRUE);
    g_free(fixture);
}

// Decides and applies; *count is the number of events.
static enum error_code run(
        struct fixture *fixture, struct meeting_operation operation, guint *count)
{
    g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
    operation.now_ms = ++fixture->now_ms;
    enum error_code code = meeting_decide(fixture->meeting, &operation, events);
    if (code != ERROR_NONE)
        assert_int_equal(events->len, 0);
    for (guint i = 0; i < events->len; i++)
        keep(fixture, &g_array_index(events, struct meeting_event, i));
    if (count)
        *count = events->len;
    return code;
}

#define DO(fixture, ...) run(fixture, (struct meeting_operation){ __VA_ARGS__ }, NULL)

static enum error_code join(struct fixture *fixture, const char *id, enum role role)
{
    struct meeting_member member = {
        .kind = role == ROLE_ROOM ? MEMBER_KIND_ROOM : MEMBER_KIND_PERSON,
        .role = role,
        .level = role == ROLE_ROOM ? UNIT_LEVEL_COMMUNE : UNIT_LEVEL_NONE,
    };
    g_strlcpy(member.id, id, sizeof(member.id));
    g_strlcpy(member.name, "Xã Ia Phí", sizeof(member.name));
    if (role == ROLE_ROOM)
        g_strlcpy(member.unit, id, sizeof(member.unit));
    return DO(fixture, .type = MEETING_JOIN, .actor = "admin", .joins = &member);
}

static struct fixture *open_meeting(enum meeting_mode mode)
{
    struct fixture *fixture = fixture_new(mode);
    assert_int_equal(join(fixture, "64", ROLE_ROOM), ERROR_NONE);
    assert_int_equal(join(fixture, "622", ROLE_ROOM), ERROR_NONE);
    assert_int_equal(join(fixture, "623", ROLE_ROOM), ERROR_NONE);
    assert_int_equal(join(fixture, "chair", ROLE_CHAIR), ERROR_NONE);
    assert_int_equal(DO(fixture, .type = MEETING_OPEN, .actor = "admin"), ERROR_NONE);
    return fixture;
}

static bool muted(const struct fixture *fixture, const char *id)
{
    return meeting_member(fixture->meeting, id)->muted;
}

#define ASK(fixture, member_) DO(fixture, .type = MEETING_FLOOR_REQUEST, .actor = member_)
#define GRANT(fixture, member_) \
    DO(fixture, .type = MEETING_FLOOR_GRANT, .actor = "chair", .member = member_)
#define RELEASE(fixture, member_) \
    DO(fixture, .type = MEETING_FLOOR_RELEASE, .actor = "chair", .member = member_)

static void in_mode_floor_only_chairs_are_heard_at_first(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_true(muted(fixture, "64"));
    assert_false(muted(fixture, "chair"));
    fixture_free(fixture);
    fixture = open_meeting(MEETING_MODE_DISCUSSION);
    assert_false(muted(fixture, "64"));
    fixture_free(fixture);
}

static void the_queue_keeps_the_order_of_asking(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_int_equal(ASK(fixture, "622"), ERROR_NONE);
    assert_int_equal(ASK(fixture, "64"), ERROR_NONE);
    assert_int_equal(meeting_queue_position(fixture->meeting, "622"), 1);
    assert_int_equal(meeting_queue_position(fixture->meeting, "64"), 2);
    assert_int_equal(DO(fixture, .type = MEETING_FLOOR_WITHDRAW, .actor = "622"), ERROR_NONE);
    assert_int_equal(meeting_queue_position(fixture->meeting, "64"), 1);
    fixture_free(fixture);
}

static void asking_again_changes_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    guint count;
    assert_int_equal(ASK(fixture, "622"), ERROR_NONE);
    struct meeting_operation again = { .type = MEETING_FLOOR_REQUEST, .actor = "622" };
    assert_int_equal(run(fixture, again, &count), ERROR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(fixture->meeting->queue->len, 1);
    fixture_free(fixture);
}

static void a_grant_opens_the_microphone_and_leaves_the_queue(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    ASK(fixture, "622");
    assert_int_equal(GRANT(fixture, "622"), ERROR_NONE);
    assert_string_equal(fixture->meeting->holder, "622");
    assert_false(muted(fixture, "622"));
    assert_int_equal(fixture->meeting->queue->len, 0);
    assert_int_equal(ASK(fixture, "622"), ERROR_FLOOR_ALREADY_HELD);
    fixture_free(fixture);
}

static void a_grant_to_another_takes_it_from_the_holder_first(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    guint count;
    GRANT(fixture, "622");
    struct meeting_operation grant = {
        .type = MEETING_FLOOR_GRANT, .actor = "chair", .member = "64"
    };
    assert_int_equal(run(fixture, grant, &count), ERROR_NONE);
    assert_int_equal(count, 2);
    assert_string_equal(fixture->meeting->holder, "64");
    assert_true(muted(fixture, "622"));
    assert_false(muted(fixture, "64"));
    fixture_free(fixture);
}

static void granting_the_holder_again_only_opens_its_microphone(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    struct meeting_operation grant = {
        .type = MEETING_FLOOR_GRANT, .actor = "chair", .member = "622"
    };
    guint count;
    GRANT(fixture, "622");
    assert_int_equal(run(fixture, grant, &count), ERROR_NONE);
    assert_int_equal(count, 0);
    DO(fixture, .type = MEETING_MUTE_ALL, .actor = "chair");
    assert_true(muted(fixture, "622"));
    assert_int_equal(run(fixture, grant, &count), ERROR_NONE);
    assert_int_equal(count, 1);
    assert_false(muted(fixture, "622"));
    fixture_free(fixture);
}

static void release_mutes_in_mode_floor_but_not_in_a_discussion_nor_a_chair(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    GRANT(fixture, "622");
    assert_int_equal(RELEASE(fixture, "64"), ERROR_FLOOR_NOT_HELD);
    assert_int_equal(RELEASE(fixture, "622"), ERROR_NONE);
    assert_true(muted(fixture, "622"));
    assert_string_equal(fixture->meeting->holder, "");
    GRANT(fixture, "chair");
    RELEASE(fixture, "chair");
    assert_false(muted(fixture, "chair"));
    fixture_free(fixture);

    fixture = open_meeting(MEETING_MODE_DISCUSSION);
    GRANT(fixture, "622");
    RELEASE(fixture, "622");
    assert_false(muted(fixture, "622"));
    fixture_free(fixture);
}

static void only_the_holder_can_yield(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    GRANT(fixture, "622");
    assert_int_equal(DO(fixture, .type = MEETING_FLOOR_YIELD, .actor = "64"), ERROR_FLOOR_NOT_HELD);
    assert_int_equal(DO(fixture, .type = MEETING_FLOOR_YIELD, .actor = "622"), ERROR_NONE);
    assert_int_equal(
            DO(fixture, .type = MEETING_FLOOR_YIELD, .actor = "622"), ERROR_FLOOR_NOT_HELD);
    fixture_free(fixture);
}

static void names_what_is_not_there(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_int_equal(GRANT(fixture, "999"), ERROR_MEMBER_UNKNOWN);
    assert_int_equal(RELEASE(fixture, "999"), ERROR_MEMBER_UNKNOWN);
    assert_int_equal(ASK(fixture, "999"), ERROR_MEMBER_UNKNOWN);
    assert_int_equal(DO(fixture, .type = MEETING_MUTE, .actor = "chair", .member = "999"),
            ERROR_MEMBER_UNKNOWN);
    assert_int_equal(DO(fixture, .type = MEETING_LEAVE, .actor = "999", .member = "999"),
            ERROR_MEMBER_UNKNOWN);
    assert_int_equal(
            DO(fixture, .type = MEETING_FLOOR_WITHDRAW, .actor = "622"), ERROR_FLOOR_NOT_QUEUED);
    fixture_free(fixture);
}

static void muting_all_spares_the_chairs_and_is_quiet_when_all_are(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_DISCUSSION);
    struct meeting_operation mute_all = { .type = MEETING_MUTE_ALL, .actor = "chair" };
    guint count;
    assert_int_equal(run(fixture, mute_all, &count), ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(muted(fixture, "64"));
    assert_false(muted(fixture, "chair"));
    assert_int_equal(run(fixture, mute_all, &count), ERROR_NONE);
    assert_int_equal(count, 0);
    fixture_free(fixture);
}

static void nothing_happens_before_the_opening_or_after_the_end(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(MEETING_MODE_FLOOR);
    join(fixture, "622", ROLE_ROOM);
    assert_int_equal(ASK(fixture, "622"), ERROR_MEETING_NOT_OPEN);
    assert_int_equal(GRANT(fixture, "622"), ERROR_MEETING_NOT_OPEN);
    DO(fixture, .type = MEETING_OPEN, .actor = "admin");
    guint count;
    struct meeting_operation open = { .type = MEETING_OPEN, .actor = "admin" };
    assert_int_equal(run(fixture, open, &count), ERROR_NONE);
    assert_int_equal(count, 0);
    ASK(fixture, "622");
    GRANT(fixture, "622");
    assert_int_equal(DO(fixture, .type = MEETING_END, .actor = "chair"), ERROR_NONE);
    assert_string_equal(fixture->meeting->holder, "");
    assert_int_equal(fixture->meeting->queue->len, 0);
    assert_int_equal(DO(fixture, .type = MEETING_END, .actor = "chair"), ERROR_MEETING_ENDED);
    assert_int_equal(DO(fixture, .type = MEETING_OPEN, .actor = "admin"), ERROR_MEETING_ENDED);
    assert_int_equal(ASK(fixture, "622"), ERROR_MEETING_ENDED);
    assert_int_equal(join(fixture, "64", ROLE_ROOM), ERROR_MEETING_ENDED);
    fixture_free(fixture);
}

static void who_leaves_loses_floor_and_place(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    join(fixture, "delegate", ROLE_DELEGATE);
    GRANT(fixture, "delegate");
    assert_int_equal(DO(fixture, .type = MEETING_LEAVE, .actor = "delegate", .member = "delegate"),
            ERROR_NONE);
    assert_string_equal(fixture->meeting->holder, "");
    assert_null(meeting_member(fixture->meeting, "delegate"));
    fixture_free(fixture);
}

static void is_full_at_its_limit(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(MEETING_MODE_FLOOR);
    for (int i = 0; i < MEETING_MEMBERS_MAX; i++) {
        g_autofree char *id = g_strdup_printf("room-%d", i);
        assert_int_equal(join(fixture, id, ROLE_ROOM), ERROR_NONE);
    }
    assert_int_equal(join(fixture, "one-more", ROLE_ROOM), ERROR_MEETING_FULL);
    fixture_free(fixture);
}

#define HEAR(fixture, member_, language_) \
    DO(fixture, .type = MEETING_LANGUAGE, .actor = member_, .member = member_, .hears = language_)
#define SPEAK(fixture, member_, language_) \
    DO(fixture, .type = MEETING_LANGUAGE, .actor = member_, .member = member_, .speaks = language_)

static bool heard(const struct fixture *fixture, const char *id)
{
    return meeting_is_heard(meeting_member(fixture->meeting, id));
}

static void a_language_is_chosen_once_and_the_other_stays(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    const struct meeting_member *room = meeting_member(fixture->meeting, "622");
    assert_int_equal(room->hears, LANGUAGE_FLOOR);
    assert_int_equal(HEAR(fixture, "622", LANGUAGE_JRAI), ERROR_NONE);
    assert_int_equal(room->hears, LANGUAGE_JRAI);
    assert_int_equal(room->speaks, LANGUAGE_FLOOR);
    const int64_t before = fixture->meeting->event_count;
    assert_int_equal(HEAR(fixture, "622", LANGUAGE_JRAI), ERROR_NONE);
    assert_int_equal(fixture->meeting->event_count, before);
    assert_int_equal(HEAR(fixture, "999", LANGUAGE_JRAI), ERROR_MEMBER_UNKNOWN);
    fixture_free(fixture);
}

static void an_interpreter_is_heard_in_its_booth_only_and_mute_all_spares_it(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_int_equal(join(fixture, "interpreter", ROLE_INTERPRETER), ERROR_NONE);
    assert_false(heard(fixture, "interpreter"));
    assert_int_equal(SPEAK(fixture, "interpreter", LANGUAGE_BAHNAR), ERROR_NONE);
    assert_true(heard(fixture, "interpreter"));
    GRANT(fixture, "622");
    DO(fixture, .type = MEETING_MUTE_ALL, .actor = "chair");
    assert_false(heard(fixture, "622"));
    assert_true(heard(fixture, "interpreter"));
    assert_int_equal(SPEAK(fixture, "interpreter", LANGUAGE_FLOOR), ERROR_NONE);
    assert_false(heard(fixture, "interpreter"));
    fixture_free(fixture);
}

static void a_room_that_interprets_is_heard_until_it_no_longer_does(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_int_equal(DO(fixture, .type = MEETING_LANGUAGE, .actor = "tech-1", .member = "622",
                             .speaks = LANGUAGE_JRAI),
            ERROR_NONE);
    assert_true(heard(fixture, "622"));
    assert_int_equal(DO(fixture, .type = MEETING_LANGUAGE, .actor = "tech-1", .member = "622",
                             .speaks = LANGUAGE_FLOOR),
            ERROR_NONE);
    assert_false(heard(fixture, "622"));
    fixture_free(fixture);
}

static void a_gain_changes_what_was_said_and_no_more(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    const struct meeting_member *room = meeting_member(fixture->meeting, "622");
    assert_int_equal(DO(fixture, .type = MEETING_GAIN, .actor = "tech-1", .member = "622",
                             .has_gain = true, .gain_db = -6),
            ERROR_NONE);
    assert_int_equal(room->gain_db, -6);
    assert_false(room->gain_is_fixed);
    assert_int_equal(DO(fixture, .type = MEETING_GAIN, .actor = "tech-1", .member = "622",
                             .has_auto = true, .is_auto = false),
            ERROR_NONE);
    assert_int_equal(room->gain_db, -6);
    assert_true(room->gain_is_fixed);
    fixture_free(fixture);
}

// --- properties ---------------------------------------------------------------------------------

static struct meeting *fold(const struct fixture *fixture)
{
    struct meeting *meeting = meeting_new(MEETING);
    for (guint i = 0; i < fixture->bodies->len; i++) {
        struct meeting_event event;
        assert_int_equal(meeting_event_read(MEETING, g_ptr_array_index(fixture->names, i),
                                 g_ptr_array_index(fixture->bodies, i),
                                 g_array_index(fixture->times, int64_t, i), &event),
                0);
        assert_int_equal(meeting_apply(meeting, &event), 0);
    }
    return meeting;
}

static void holds_together(const struct meeting *meeting)
{
    assert_int_equal(g_hash_table_size(meeting->by_id), meeting->members->len);
    if (meeting->holder[0]) {
        assert_int_equal(meeting->state, MEETING_STATE_OPEN);
        assert_non_null(meeting_member(meeting, meeting->holder));
        assert_int_equal(meeting_queue_position(meeting, meeting->holder), 0);
    }
    for (guint i = 0; i < meeting->queue->len; i++) {
        const char *id = g_array_index(meeting->queue, struct meeting_queued, i).member;
        assert_non_null(meeting_member(meeting, id));
        assert_int_equal(meeting_queue_position(meeting, id), (int)i + 1);
    }
}

static const char *any_member(GRand *random)
{
    static const char *const ids[] = { "64", "622", "623", "chair", "delegate", "delegate-2",
        "nobody" };
    return ids[g_rand_int_range(random, 0, COUNT_OF(ids))];
}

static void random_operation(struct fixture *fixture, GRand *random)
{
    struct meeting_member member = { .kind = MEMBER_KIND_PERSON, .role = ROLE_DELEGATE };
    g_strlcpy(member.id, any_member(random), sizeof(member.id));
    struct meeting_stage_order order = {
        .mode = g_rand_boolean(random) ? STAGE_MODE_AUTO : STAGE_MODE_DECLARED,
        .tile_count = 1,
    };
    g_strlcpy(order.tiles[0], any_member(random), sizeof(order.tiles[0]));
    struct meeting_operation operation = {
        .type = (enum meeting_operation_type)g_rand_int_range(random, 0, MEETING_OPERATION_COUNT),
        .actor = any_member(random),
        .member = any_member(random),
        .muted = g_rand_boolean(random),
        .hears = (enum language)g_rand_int_range(random, LANGUAGE_NONE, LANGUAGE_COUNT),
        .speaks = (enum language)g_rand_int_range(random, LANGUAGE_NONE, LANGUAGE_COUNT),
        .has_gain = g_rand_boolean(random),
        .gain_db = g_rand_int_range(random, -60, 21),
        .has_auto = g_rand_boolean(random),
        .is_auto = g_rand_boolean(random),
        .joins = &member,
        .order = &order,
    };
    // The end comes seldom, or every meeting would be short.
    if (operation.type == MEETING_END && g_rand_int_range(random, 0, 20) > 0)
        return;
    (void)run(fixture, operation, NULL);
}

static void the_fold_of_the_journal_is_the_live_state(void **state)
{
    (void)state;
    for (guint32 seed = 1; seed <= 60; seed++) {
        GRand *random = g_rand_new_with_seed(seed);
        struct fixture *fixture =
                open_meeting(seed % 2 ? MEETING_MODE_FLOOR : MEETING_MODE_DISCUSSION);
        for (int step = 0; step < 200; step++) {
            random_operation(fixture, random);
            holds_together(fixture->meeting);
        }
        struct meeting *again = fold(fixture);
        assert_true(meeting_equal(fixture->meeting, again));
        meeting_free(again);
        fixture_free(fixture);
        g_rand_free(random);
    }
}

static void the_fold_refuses_events_that_do_not_fit(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_new(MEETING);
    for (int type = 0; type < MEETING_EVENT_COUNT; type++) {
        struct meeting_event event = { .type = (enum meeting_event_type)type };
        if (type != MEETING_EVENT_CREATED)
            assert_int_not_equal(meeting_apply(meeting, &event), 0);
    }
    meeting_free(meeting);

    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    int64_t before = fixture->meeting->event_count;
    for (int type = 0; type < MEETING_EVENT_COUNT; type++) {
        struct meeting_event event = {
            .type = (enum meeting_event_type)type, .member = "nobody", .by = "chair"
        };
        if (type == MEETING_EVENT_ENDED || type == MEETING_EVENT_ALL_MUTED)
            continue;
        assert_int_not_equal(meeting_apply(fixture->meeting, &event), 0);
    }
    struct meeting_event strange = { .type = (enum meeting_event_type)99 };
    assert_int_not_equal(meeting_apply(fixture->meeting, &strange), 0);
    assert_int_equal(fixture->meeting->event_count, before);
    fixture_free(fixture);
}

static void a_trial_refuses_a_double_join_and_changes_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(MEETING_MODE_FLOOR);
    struct meeting_event joined = { .type = MEETING_EVENT_MEMBER_JOINED, .joined.id = "64" };
    g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(joined));
    g_array_append_val(events, joined);
    assert_int_equal(meeting_try(fixture->meeting, events), 0);
    g_array_append_val(events, joined);
    assert_int_not_equal(meeting_try(fixture->meeting, events), 0);
    assert_int_equal(fixture->meeting->members->len, 0);
    assert_int_equal(fixture->meeting->event_count, 1);
    fixture_free(fixture);
}

static void a_journal_of_another_meeting_or_language_is_not_read(void **state)
{
    (void)state;
    struct meeting_event event;
    assert_int_not_equal(
            meeting_event_read(MEETING, "floor.granted",
                    "{\"meeting\":\"zzzzzzzz\",\"member\":\"64\",\"by\":\"chair\"}", 1, &event),
            0);
    assert_int_not_equal(meeting_event_read(MEETING, "floor.granted", "{}", 1, &event), 0);
    assert_int_not_equal(meeting_event_read(MEETING, "floor.granted", "no", 1, &event), 0);
    assert_int_not_equal(meeting_event_read(MEETING, "floor.stolen", "{}", 1, &event), 0);
}

static struct meeting_member room_of(const char *id)
{
    struct meeting_member member = { .kind = MEMBER_KIND_ROOM, .role = ROLE_ROOM };
    g_strlcpy(member.id, id, sizeof(member.id));
    return member;
}

static void a_new_meeting_is_one_batch_of_events(void **state)
{
    (void)state;
    const struct meeting_member rooms[] = { room_of("64"), room_of("633") };
    const struct meeting_plan plan = { .title = "Giao ban",
        .mode = MEETING_MODE_FLOOR,
        .actor = "admin",
        .members = rooms,
        .member_count = COUNT_OF(rooms),
        .is_open = true,
        .now_ms = 1000 };
    g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
    assert_int_equal(meeting_decide_new(&plan, events), ERROR_NONE);
    assert_int_equal(events->len, 4);
    struct meeting *meeting = meeting_new(MEETING);
    assert_int_equal(meeting_try(meeting, events), 0);
    for (guint i = 0; i < events->len; i++)
        assert_int_equal(
                meeting_apply(meeting, &g_array_index(events, struct meeting_event, i)), 0);
    assert_int_equal(meeting->state, MEETING_STATE_OPEN);
    assert_string_equal(meeting->title, "Giao ban");
    assert_int_equal(meeting->members->len, 2);
    assert_true(meeting_member(meeting, "633")->muted);
    meeting_free(meeting);
}

static void a_new_meeting_that_can_not_be_is_no_event_at_all(void **state)
{
    (void)state;
    g_autofree struct meeting_member *rooms =
            g_new0(struct meeting_member, MEETING_MEMBERS_MAX + 1);
    for (unsigned i = 0; i <= MEETING_MEMBERS_MAX; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);
        rooms[i] = room_of(id);
    }
    const struct meeting_plan plan = { .title = "Đông quá",
        .actor = "admin",
        .members = rooms,
        .member_count = MEETING_MEMBERS_MAX + 1 };
    g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
    assert_int_equal(meeting_decide_new(&plan, events), ERROR_MEETING_FULL);
    assert_int_equal(events->len, 0);
}

static void assert_folds_to_the_same(const struct fixture *fixture)
{
    struct meeting *again = fold(fixture);
    assert_true(meeting_equal(fixture->meeting, again));
    meeting_free(again);
}

static void a_stage_order_needs_members_and_is_kept(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    struct meeting_stage_order order = { .mode = STAGE_MODE_DECLARED, .layout = STAGE_LAYOUT_PAIR };
    assert_int_equal(DO(fixture, .type = MEETING_STAGE_SET, .actor = "chair", .order = &order),
            ERROR_STAGE_NO_TILES);
    order.tile_count = 2;
    g_strlcpy(order.tiles[0], "64", sizeof(order.tiles[0]));
    g_strlcpy(order.tiles[1], "nobody", sizeof(order.tiles[1]));
    assert_int_equal(DO(fixture, .type = MEETING_STAGE_SET, .actor = "chair", .order = &order),
            ERROR_MEMBER_UNKNOWN);
    g_strlcpy(order.tiles[1], "622", sizeof(order.tiles[1]));
    order.dwell_s = 7;
    guint count = 0;
    const struct meeting_operation set = {
        .type = MEETING_STAGE_SET, .actor = "chair", .order = &order
    };
    assert_int_equal(run(fixture, set, &count), ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(meeting_orders_equal(&fixture->meeting->order, &order));
    assert_int_equal(run(fixture, set, &count), ERROR_NONE); // as it is already
    assert_int_equal(count, 0);
    assert_folds_to_the_same(fixture);
    fixture_free(fixture);
}

static void a_screen_is_shown_by_who_presides_or_has_the_floor(void **state)
{
    (void)state;
    struct fixture *fixture = open_meeting(MEETING_MODE_FLOOR);
    assert_int_equal(
            DO(fixture, .type = MEETING_CONTENT_START, .actor = "64"), ERROR_CONTENT_NOT_ALLOWED);
    assert_int_equal(
            DO(fixture, .type = MEETING_CONTENT_STOP, .actor = "chair"), ERROR_CONTENT_NOT_SHARED);
    assert_int_equal(DO(fixture, .type = MEETING_CONTENT_START, .actor = "chair"), ERROR_NONE);
    assert_string_equal(fixture->meeting->content, "chair");
    GRANT(fixture, "64");
    assert_string_equal(fixture->meeting->content, "chair"); // presides, floor or not
    assert_int_equal(
            DO(fixture, .type = MEETING_CONTENT_STOP, .actor = "64"), ERROR_CONTENT_NOT_ALLOWED);
    // Who has the floor takes the chair's place, and loses it with the floor.
    assert_int_equal(DO(fixture, .type = MEETING_CONTENT_START, .actor = "64"), ERROR_NONE);
    assert_string_equal(fixture->meeting->content, "64");
    GRANT(fixture, "622");
    assert_string_equal(fixture->meeting->content, "");
    assert_int_equal(DO(fixture, .type = MEETING_CONTENT_START, .actor = "622"), ERROR_NONE);
    assert_int_equal(DO(fixture, .type = MEETING_CONTENT_STOP, .actor = "chair"), ERROR_NONE);
    assert_int_equal(DO(fixture, .type = MEETING_CONTENT_START, .actor = "622"), ERROR_NONE);
    assert_int_equal(
            DO(fixture, .type = MEETING_LEAVE, .actor = "622", .member = "622"), ERROR_NONE);
    assert_string_equal(fixture->meeting->content, "");
    assert_folds_to_the_same(fixture);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_order_needs_members_and_is_kept),
        cmocka_unit_test(a_screen_is_shown_by_who_presides_or_has_the_floor),
        cmocka_unit_test(in_mode_floor_only_chairs_are_heard_at_first),
        cmocka_unit_test(the_queue_keeps_the_order_of_asking),
        cmocka_unit_test(asking_again_changes_nothing),
        cmocka_unit_test(a_grant_opens_the_microphone_and_leaves_the_queue),
        cmocka_unit_test(a_grant_to_another_takes_it_from_the_holder_first),
        cmocka_unit_test(granting_the_holder_again_only_opens_its_microphone),
        cmocka_unit_test(release_mutes_in_mode_floor_but_not_in_a_discussion_nor_a_chair),
        cmocka_unit_test(only_the_holder_can_yield),
        cmocka_unit_test(names_what_is_not_there),
        cmocka_unit_test(muting_all_spares_the_chairs_and_is_quiet_when_all_are),
        cmocka_unit_test(nothing_happens_before_the_opening_or_after_the_end),
        cmocka_unit_test(who_leaves_loses_floor_and_place),
        cmocka_unit_test(is_full_at_its_limit),
        cmocka_unit_test(a_language_is_chosen_once_and_the_other_stays),
        cmocka_unit_test(an_interpreter_is_heard_in_its_booth_only_and_mute_all_spares_it),
        cmocka_unit_test(a_room_that_interprets_is_heard_until_it_no_longer_does),
        cmocka_unit_test(a_gain_changes_what_was_said_and_no_more),
        cmocka_unit_test(the_fold_of_the_journal_is_the_live_state),
        cmocka_unit_test(the_fold_refuses_events_that_do_not_fit),
        cmocka_unit_test(a_trial_refuses_a_double_join_and_changes_nothing),
        cmocka_unit_test(a_journal_of_another_meeting_or_language_is_not_read),
        cmocka_unit_test(a_new_meeting_is_one_batch_of_events),
        cmocka_unit_test(a_new_meeting_that_can_not_be_is_no_event_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
