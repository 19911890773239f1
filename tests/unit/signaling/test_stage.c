// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "signaling/counts.h"
#include "signaling/desired.h"
#include "signaling/stage.h"

#include <cmocka.h>

static void apply(struct meeting *meeting, struct meeting_event event)
{
    assert_int_equal(meeting_apply(meeting, &event), 0);
}

static void join(struct meeting *meeting, const char *id, enum role role)
{
    struct meeting_event event = { .type = MEETING_EVENT_MEMBER_JOINED };
    event.joined.kind = role == ROLE_ROOM ? MEMBER_KIND_ROOM : MEMBER_KIND_PERSON;
    event.joined.role = role;
    event.joined.muted = role != ROLE_CHAIR;
    g_strlcpy(event.joined.id, id, sizeof(event.joined.id));
    g_strlcpy(event.joined.name, id, sizeof(event.joined.name));
    apply(meeting, event);
}

// `rooms` rooms room-0…, a chair, a technician and a delegate; open.
static struct meeting *meeting_of(int rooms)
{
    struct meeting *meeting = meeting_new("abcdefgh");
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_CREATED,
                           .mode = MEETING_MODE_FLOOR,
                           .title = "Giao ban" });
    for (int i = 0; i < rooms; i++) {
        g_autofree char *id = g_strdup_printf("room-%d", i);
        join(meeting, id, ROLE_ROOM);
    }
    join(meeting, "chair", ROLE_CHAIR);
    join(meeting, "tech", ROLE_TECHNICIAN);
    join(meeting, "delegate", ROLE_DELEGATE);
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_OPENED });
    return meeting;
}

static void grant(struct meeting *meeting, const char *member)
{
    struct meeting_event event = { .type = MEETING_EVENT_FLOOR_GRANTED };
    g_strlcpy(event.member, member, sizeof(event.member));
    apply(meeting, event);
}

static bool everybody(void *context, const char *member)
{
    return g_strcmp0(context, member) != 0; // but one
}

static bool is_nobody(void *context, const char *member)
{
    (void)context;
    (void)member;
    return false;
}

static void make_at(const struct meeting *meeting, stage_connected_fn *connected, void *context,
        const char *voice, int64_t now_ms, struct stages *stages)
{
    const struct stage_seen seen = { connected, context, voice, now_ms };
    stages_make(meeting, &seen, stages);
}

static void make(const struct meeting *meeting, stage_connected_fn *connected, void *context,
        struct stages *stages)
{
    make_at(meeting, connected, context, "", 0, stages);
}

static void with_a_free_floor_it_is_a_grid_of_chairs_then_rooms(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    const struct stage *stage = &stages.canvases[CANVAS_KIND_PROGRAM];
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stage->layout, STAGE_LAYOUT_GRID);
    assert_int_equal(stage->tile_count, 4);
    assert_string_equal(stage->tiles[0], "chair");
    assert_string_equal(stage->tiles[1], "room-0");
    assert_string_equal(stage->tiles[3], "room-2");
    meeting_free(meeting);
}

static void the_holder_comes_first_then_chairs_then_the_others(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    grant(meeting, "room-1");
    struct stages stages;
    const struct stage *stage = &stages.canvases[CANVAS_KIND_PROGRAM];
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stage->layout, STAGE_LAYOUT_SPEAKER);
    assert_int_equal(stage->tile_count, 5);
    static const char *const order[] = { "room-1", "chair", "room-0", "room-2", "delegate" };
    for (size_t i = 0; i < COUNT_OF(order); i++)
        assert_string_equal(stage->tiles[i], order[i]);
    assert_false(stage_has(stage, "tech"));
    meeting_free(meeting);
}

static void who_has_no_media_is_not_on_stage_but_the_holder_is(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    const struct stage *stage = &stages.canvases[CANVAS_KIND_PROGRAM];
    char absent[] = "room-0";
    make(meeting, everybody, absent, &stages);
    assert_false(stage_has(stage, "room-0"));
    grant(meeting, "room-0");
    make(meeting, is_nobody, NULL, &stages);
    assert_int_equal(stage->tile_count, 1);
    assert_string_equal(stage->tiles[0], "room-0");
    meeting_free(meeting);
}

static void it_has_no_more_tiles_than_fit(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(40);
    struct stages stages;
    const struct stage *stage = &stages.canvases[CANVAS_KIND_PROGRAM];
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stage->tile_count, STAGE_GRID_MAX);
    grant(meeting, "room-39");
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stage->tile_count, STAGE_SPEAKER_MAX);
    meeting_free(meeting);
}

static void it_is_empty_before_the_opening_and_after_the_end(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    grant(meeting, "room-1");
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_ENDED });
    struct stages stages;
    const struct stage *stage = &stages.canvases[CANVAS_KIND_PROGRAM];
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stage->tile_count, 0);
    assert_int_equal(stage->layout, STAGE_LAYOUT_GRID);
    meeting_free(meeting);
}

static void only_who_is_shown_is_asked_to_send(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stages_send(&stages, "tech", 0).height, 0);
    assert_int_equal(stages_send(&stages, "room-0", 0).height, 360);
    grant(meeting, "room-0");
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(stages_send(&stages, "room-0", 0).height, 720);
    assert_int_equal(stages_send(&stages, "room-1", 0).height, 360);
    // A thin link: less, and not 720 lines of mud.
    assert_int_equal(stages_send(&stages, "room-0", 512).height, 360);
    assert_int_equal(stages_send(&stages, "room-0", 512).kbps, 384);
    assert_int_equal(stages_send(&stages, "room-0", 10).kbps, 64);
    meeting_free(meeting);
}

// --- what follows from it for everybody
// -----------------------------------------------------------

static void a_member_is_told_its_place_and_its_microphone(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    struct message_member_desired desired;
    struct meeting_event ask = { .type = MEETING_EVENT_FLOOR_REQUESTED, .member = "room-2" };
    apply(meeting, ask);
    make(meeting, everybody, NULL, &stages);
    desired_member(meeting, &stages, "room-2", "ab12", 0, &desired);
    assert_string_equal(desired.meeting, "abcdefgh");
    assert_string_equal(desired.media_epoch, "ab12");
    assert_int_equal(desired.floor, FLOOR_STATE_QUEUED);
    assert_int_equal(desired.position, 1);
    assert_int_equal(desired.queue_length, 1);
    assert_int_equal(desired.microphone, MICROPHONE_STATE_CLOSED);
    grant(meeting, "room-2");
    make(meeting, everybody, NULL, &stages);
    desired_member(meeting, &stages, "room-2", "ab12", 0, &desired);
    assert_int_equal(desired.floor, FLOOR_STATE_GRANTED);
    assert_int_equal(desired.position, 0);
    assert_int_equal(desired.microphone, MICROPHONE_STATE_OPEN);
    assert_true(desired.on_stage);
    meeting_free(meeting);
}

static void without_a_meeting_everything_is_closed(void **state)
{
    (void)state;
    struct message_member_desired desired;
    desired_member(NULL, NULL, "64", "ab12", 0, &desired);
    assert_false(desired.has_meeting);
    assert_string_equal(desired.media_epoch, "");
    assert_int_equal(desired.microphone, MICROPHONE_STATE_CLOSED);
    assert_int_equal(desired.send.height, 0);
    struct message_room_desired room;
    desired_room(NULL, "64", "Tỉnh Gia Lai", &room);
    assert_int_equal(room.scene, SCENE_IDLE);
    assert_string_equal(room.banner, "Tỉnh Gia Lai");
}

static void a_rooms_scene_follows_the_meeting_and_the_floor(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(2);
    struct message_room_desired room;
    desired_room(meeting, "room-0", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_MEETING);
    assert_string_equal(room.banner, "Giao ban");
    grant(meeting, "room-0");
    desired_room(meeting, "room-0", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_FLOOR);
    desired_room(meeting, "room-1", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_MEETING);
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_ENDED });
    desired_room(meeting, "room-1", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_ENDED);
    meeting_free(meeting);
}

static void a_large_conference_comes_in_parts_and_whole(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(200);
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t parts = desired_conference_parts(meeting);
    assert_int_equal(parts, 4);
    for (size_t part = 1; part <= parts; part++) {
        desired_conference(meeting, &stages, NULL, part, desired);
        assert_int_equal(desired->of, 4);
        assert_int_equal(desired->canvases[0].tiles_count, STAGE_GRID_MAX);
        for (size_t i = 0; i < desired->members_count; i++)
            assert_true(g_hash_table_add(seen, g_strdup(desired->members[i].id)));
    }
    assert_int_equal(g_hash_table_size(seen), 203);
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_ENDED });
    assert_int_equal(desired_conference_parts(meeting), 1);
    desired_conference(meeting, &stages, NULL, 1, desired);
    assert_true(desired->ended);
    assert_int_equal(desired->members_count, 0);
    meeting_free(meeting);
}

static struct unit_tree *tree_with_link_of(int64_t kbps)
{
    struct unit_tree *tree = unit_tree_new();
    unit_tree_add(tree, &(struct unit){ .code = "room-0",
                                .parent = "",
                                .name = "Xã",
                                .level = UNIT_LEVEL_PROVINCE,
                                .link_kbps = kbps });
    struct unit_fault fault;
    assert_true(unit_tree_check(tree, &fault));
    return tree;
}

static void a_thin_link_is_sent_thin_sound(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(1);
    struct meeting_member *room = meeting_member(meeting, "room-0");
    g_strlcpy(room->unit, "room-0", sizeof(room->unit));
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    static const struct {
        int64_t kbps;
        bool is_thin;
    } cases[] = { { 0, false }, { 64, true }, { 96, true }, { 97, false }, { 4000, false } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct unit_tree *tree = tree_with_link_of(cases[i].kbps);
        desired_conference(meeting, &stages, tree, 1, desired);
        assert_int_equal(desired->members[0].thin, cases[i].is_thin);
        unit_tree_free(tree);
    }
    meeting_free(meeting);
}

static void the_mcu_learns_languages_and_gain(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(1);
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    desired_conference(meeting, &stages, NULL, 1, desired);
    assert_false(desired->members[0].has_bus);
    assert_true(desired->members[0].gain_auto);
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_LANGUAGE_CHANGED,
                           .member = "room-0",
                           .hears = LANGUAGE_BAHNAR,
                           .speaks = LANGUAGE_JRAI });
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_GAIN_CHANGED,
                           .member = "room-0",
                           .gain_db = -6,
                           .gain_is_fixed = true });
    desired_conference(meeting, &stages, NULL, 1, desired);
    const struct type_conference_member *room = &desired->members[0];
    assert_true(room->heard);
    assert_int_equal(room->bus, LANGUAGE_JRAI);
    assert_int_equal(room->language, LANGUAGE_BAHNAR);
    assert_int_equal((int)room->gain_db, -6);
    assert_false(room->gain_auto);
    struct message_member_desired own;
    desired_member(meeting, &stages, "room-0", "ab12", 0, &own);
    assert_int_equal(own.hears, LANGUAGE_BAHNAR);
    assert_int_equal(own.speaks, LANGUAGE_JRAI);
    meeting_free(meeting);
}

static void heard_is_who_is_not_muted(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(1);
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    desired_conference(meeting, &stages, NULL, 1, desired);
    assert_false(desired->members[0].heard);
    assert_true(desired->members[1].heard);
    assert_string_equal(desired->members[1].line2, "Chủ tọa");
    meeting_free(meeting);
}

static void observe_even(void *context, const char *member, bool *present, bool *connected)
{
    (void)context;
    *present = true;
    *connected = member[strlen(member) - 1] % 2 == 0;
}

static void counts_are_by_the_units_right_below(void **state)
{
    (void)state;
    static const char csv[] = "code,parent,level,name,link_kbps\n"
                              "64,,province,A,1\n622,64,district,B,1\n2301,622,commune,C,1\n"
                              "2302,622,commune,D,1\n623,64,district,E,1\n";
    struct unit_fault fault;
    struct unit_tree *units = unit_tree_parse(csv, strlen(csv), &fault);
    struct meeting *meeting = meeting_of(0);
    static const char *const codes[] = { "64", "2301", "2302", "623" };
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        join(meeting, codes[i], ROLE_ROOM);
        g_strlcpy(meeting_member(meeting, codes[i])->unit, codes[i], UNIT_CODE_MAX + 1);
    }
    struct message_meeting_counts counts;
    counts_make(meeting, units, "", observe_even, NULL, &counts);
    assert_int_equal(counts.units_count, 3);
    assert_string_equal(counts.units[1].unit, "622");
    assert_int_equal(counts.units[1].total, 2);
    assert_int_equal(counts.units[1].present, 2);
    assert_int_equal(counts.units[1].connected, 1);
    counts_make(meeting, units, "622", observe_even, NULL, &counts);
    assert_int_equal(counts.units_count, 2);
    assert_string_equal(counts.units[0].unit, "2301");
    counts_make(meeting, NULL, "", observe_even, NULL, &counts);
    assert_int_equal(counts.units_count, 0);
    meeting_free(meeting);
    unit_tree_free(units);
}

// --- what the chair orders, and the other canvases -----------------------------------------------

static void order(struct meeting *meeting, struct meeting_stage_order wanted)
{
    apply(meeting, (struct meeting_event){ .type = MEETING_EVENT_STAGE_ORDERED, .order = wanted });
}

static void assert_tiles(const struct stage *stage, const char *const *ids, size_t count)
{
    assert_int_equal(stage->tile_count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(stage->tiles[i], ids[i]);
}

#define ASSERT_TILES(stage, ...) \
    do { \
        static const char *const expected[] = { __VA_ARGS__ }; \
        assert_tiles(stage, expected, COUNT_OF(expected)); \
    } while (0)

static enum canvas_kind main_of(
        const struct meeting *meeting, const struct stages *stages, const char *member)
{
    return stages_main_of(stages, meeting_member(meeting, member));
}

static void who_speaks_sees_the_chair_and_not_itself(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    grant(meeting, "room-1");
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(main_of(meeting, &stages, "room-1"), CANVAS_KIND_CHAIR);
    assert_int_equal(main_of(meeting, &stages, "room-0"), CANVAS_KIND_PROGRAM);
    assert_int_equal(main_of(meeting, &stages, "chair"), CANVAS_KIND_PROGRAM);
    assert_int_equal(stages.canvases[CANVAS_KIND_CHAIR].layout, STAGE_LAYOUT_SPEAKER);
    ASSERT_TILES(&stages.canvases[CANVAS_KIND_CHAIR], "chair", "room-0", "room-2", "delegate");
    // The chair fills that canvas: it is asked for more than a small tile needs.
    assert_int_equal(stages_send(&stages, "chair", 0).height, 720);
    meeting_free(meeting);
}

static void a_speaking_chair_and_the_hall_see_the_others(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    meeting_member(meeting, "room-2")->level = UNIT_LEVEL_PROVINCE;
    grant(meeting, "chair");
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(main_of(meeting, &stages, "chair"), CANVAS_KIND_CHAIR);
    assert_int_equal(main_of(meeting, &stages, "room-2"), CANVAS_KIND_CHAIR);
    assert_int_equal(main_of(meeting, &stages, "room-0"), CANVAS_KIND_PROGRAM);
    assert_int_equal(stages.canvases[CANVAS_KIND_CHAIR].layout, STAGE_LAYOUT_GRID);
    ASSERT_TILES(&stages.canvases[CANVAS_KIND_CHAIR], "room-0", "room-1", "room-2", "delegate");
    meeting_free(meeting);
}

static void with_a_free_floor_all_see_the_same(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    make(meeting, everybody, NULL, &stages);
    for (int kind = CANVAS_KIND_CHAIR; kind <= CANVAS_KIND_CONTENT; kind++)
        assert_int_equal(stages.canvases[kind].layout, STAGE_LAYOUT_NONE);
    assert_int_equal(main_of(meeting, &stages, "chair"), CANVAS_KIND_PROGRAM);
    meeting_free(meeting);
}

static void an_absent_holder_leaves_the_others_on_stage(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    const struct stage *program = &stages.canvases[CANVAS_KIND_PROGRAM];
    char absent[] = "room-2";
    grant(meeting, "room-2");
    make(meeting, everybody, absent, &stages);
    assert_int_equal(program->layout, STAGE_LAYOUT_GRID);
    ASSERT_TILES(program, "room-2", "chair", "room-0", "room-1", "delegate");
    // Nor when the chair asked for one alone.
    order(meeting,
            (struct meeting_stage_order){ .mode = STAGE_MODE_AUTO, .layout = STAGE_LAYOUT_SINGLE });
    make(meeting, everybody, absent, &stages);
    assert_int_equal(program->tile_count, 5);
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(program->layout, STAGE_LAYOUT_SINGLE);
    ASSERT_TILES(program, "room-2");
    meeting_free(meeting);
}

static void a_declared_stage_is_as_it_was_said(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    const struct stage *program = &stages.canvases[CANVAS_KIND_PROGRAM];
    struct meeting_stage_order wanted = { .mode = STAGE_MODE_DECLARED,
        .layout = STAGE_LAYOUT_PAIR,
        .tile_count = 3,
        .tiles = { "room-2", "room-0", "room-1" } };
    order(meeting, wanted);
    grant(meeting, "room-1");
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(program->layout, STAGE_LAYOUT_PAIR);
    ASSERT_TILES(program, "room-2", "room-0");
    // Who left is left out; when all did, it is as without an order.
    wanted.layout = STAGE_LAYOUT_SPEAKER;
    g_strlcpy(wanted.tiles[0], "gone", sizeof(wanted.tiles[0]));
    order(meeting, wanted);
    make(meeting, everybody, NULL, &stages);
    ASSERT_TILES(program, "room-0", "room-1");
    wanted.tile_count = 1;
    order(meeting, wanted);
    make(meeting, everybody, NULL, &stages);
    assert_string_equal(program->tiles[0], "room-1");
    assert_int_equal(program->layout, STAGE_LAYOUT_SPEAKER);
    meeting_free(meeting);
}

static void the_voice_stands_first_until_somebody_has_the_floor(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    const struct stage *program = &stages.canvases[CANVAS_KIND_PROGRAM];
    order(meeting, (struct meeting_stage_order){
                           .mode = STAGE_MODE_AUTO, .layout = STAGE_LAYOUT_SPEAKER });
    make_at(meeting, everybody, NULL, "", 0, &stages);
    assert_string_equal(program->tiles[0], "chair");
    make_at(meeting, everybody, NULL, "room-2", 0, &stages);
    ASSERT_TILES(program, "room-2", "chair", "room-0", "room-1", "delegate");
    make_at(meeting, everybody, NULL, "tech", 0, &stages); // works behind the stage
    assert_string_equal(program->tiles[0], "chair");
    grant(meeting, "room-1");
    make_at(meeting, everybody, NULL, "room-2", 0, &stages);
    assert_string_equal(program->tiles[0], "room-1");
    meeting_free(meeting);
}

static bool all_but_technicians(void *context, const char *member)
{
    (void)context;
    return strcmp(member, "tech") != 0;
}

static void a_roll_turns_its_pages_by_the_clock(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(34); // and a chair, and a delegate: three pages
    struct stages stages;
    const struct stage *program = &stages.canvases[CANVAS_KIND_PROGRAM];
    order(meeting, (struct meeting_stage_order){
                           .mode = STAGE_MODE_AUTO, .layout = STAGE_LAYOUT_ROLL, .dwell_s = 10 });
    make_at(meeting, all_but_technicians, NULL, "", 30000, &stages);
    assert_int_equal(program->layout, STAGE_LAYOUT_GRID);
    assert_int_equal(program->tile_count, 16);
    assert_string_equal(program->tiles[0], "room-0");
    assert_int_equal(stages.soon_count, 0);
    assert_int_equal(stages.next_ms, 38500);

    // Shortly before the page turns, those of the next one are asked to send.
    make_at(meeting, all_but_technicians, NULL, "", 38500, &stages);
    assert_string_equal(program->tiles[0], "room-0");
    assert_int_equal(stages.soon_count, 16);
    assert_string_equal(stages.soon[0], "room-16");
    assert_int_equal(stages_send(&stages, "room-16", 0).height, 180);
    assert_int_equal(stages_send(&stages, "room-33", 0).height, 0);
    assert_int_equal(stages.next_ms, 40000);

    make_at(meeting, all_but_technicians, NULL, "", 40000, &stages);
    assert_string_equal(program->tiles[0], "room-16");
    make_at(meeting, all_but_technicians, NULL, "", 50000, &stages);
    assert_int_equal(program->tile_count, 4);
    make_at(meeting, all_but_technicians, NULL, "", 60000, &stages);
    assert_string_equal(program->tiles[0], "room-0");

    // Who has the floor stands on each page.
    grant(meeting, "room-5");
    make_at(meeting, all_but_technicians, NULL, "", 40000, &stages);
    assert_string_equal(program->tiles[0], "room-5");
    assert_string_equal(program->tiles[1], "room-16");
    meeting_free(meeting);
}

static void a_watching_technician_sees_pages_of_everybody(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(40);
    struct stages stages;
    const struct stage *multiview = &stages.canvases[CANVAS_KIND_MULTIVIEW];
    make(meeting, all_but_technicians, NULL, &stages);
    assert_int_equal(multiview->layout, STAGE_LAYOUT_NONE);
    assert_int_equal(stages_send(&stages, "room-24", 0).height, 0);
    assert_int_equal(main_of(meeting, &stages, "tech"), CANVAS_KIND_PROGRAM);
    make(meeting, everybody, NULL, &stages);
    assert_int_equal(multiview->layout, STAGE_LAYOUT_GRID);
    assert_int_equal(multiview->tile_count, 25);
    assert_int_equal(main_of(meeting, &stages, "tech"), CANVAS_KIND_MULTIVIEW);
    assert_int_equal(main_of(meeting, &stages, "chair"), CANVAS_KIND_PROGRAM);
    assert_int_equal(stages_send(&stages, "room-24", 0).height, 180);
    assert_int_equal(stages_send(&stages, "room-30", 0).height, 0);
    assert_int_equal(stages_send(&stages, "room-0", 0).height, 360); // on the program too
    meeting_free(meeting);
}

static void a_shared_screen_has_a_canvas_of_its_own(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(3);
    struct stages stages;
    struct message_member_desired desired;
    struct message_room_desired room;
    apply(meeting,
            (struct meeting_event){ .type = MEETING_EVENT_CONTENT_STARTED, .member = "room-0" });
    make(meeting, everybody, NULL, &stages);
    ASSERT_TILES(&stages.canvases[CANVAS_KIND_CONTENT], "room-0");
    assert_int_equal(stages.canvases[CANVAS_KIND_PROGRAM].tile_count, 4);
    desired_member(meeting, &stages, "room-0", "ab12", 0, &desired);
    assert_string_equal(desired.content, "room-0");
    assert_int_equal(desired.send_content.height, 1080);
    desired_member(meeting, &stages, "room-1", "ab12", 0, &desired);
    assert_string_equal(desired.content, "room-0");
    assert_false(desired.has_send_content);
    desired_room(meeting, "room-1", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_CONTENT);
    // A link that carries little: the screen before the camera, and sound has its quarter.
    desired_member(meeting, &stages, "room-0", "ab12", 1000, &desired);
    assert_int_equal(desired.send_content.kbps, 500);
    assert_int_equal(desired.send.kbps, 250);
    char absent[] = "room-0";
    make(meeting, everybody, absent, &stages);
    assert_int_equal(stages.canvases[CANVAS_KIND_CONTENT].layout, STAGE_LAYOUT_NONE);
    apply(meeting,
            (struct meeting_event){ .type = MEETING_EVENT_CONTENT_STOPPED, .member = "room-0" });
    make(meeting, everybody, NULL, &stages);
    desired_member(meeting, &stages, "room-0", "ab12", 0, &desired);
    assert_false(desired.has_content);
    desired_room(meeting, "room-1", "Phòng", &room);
    assert_int_equal(room.scene, SCENE_MEETING);
    meeting_free(meeting);
}

static void the_mcu_is_told_every_canvas_and_who_gets_which(void **state)
{
    (void)state;
    struct meeting *meeting = meeting_of(2);
    struct stages stages;
    grant(meeting, "room-1");
    make(meeting, everybody, NULL, &stages);
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    desired_conference(meeting, &stages, NULL, 1, desired);
    assert_int_equal(desired->canvases_count, 3);
    assert_int_equal(desired->canvases[1].kind, CANVAS_KIND_CHAIR);
    assert_string_equal(desired->canvases[1].tiles[0].member, "chair");
    assert_int_equal(desired->canvases[2].kind, CANVAS_KIND_MULTIVIEW);
    assert_false(desired->members[0].has_main);
    assert_int_equal(desired->members[1].main, CANVAS_KIND_CHAIR);
    meeting_free(meeting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_free_floor_it_is_a_grid_of_chairs_then_rooms),
        cmocka_unit_test(the_holder_comes_first_then_chairs_then_the_others),
        cmocka_unit_test(who_has_no_media_is_not_on_stage_but_the_holder_is),
        cmocka_unit_test(it_has_no_more_tiles_than_fit),
        cmocka_unit_test(it_is_empty_before_the_opening_and_after_the_end),
        cmocka_unit_test(only_who_is_shown_is_asked_to_send),
        cmocka_unit_test(who_speaks_sees_the_chair_and_not_itself),
        cmocka_unit_test(a_speaking_chair_and_the_hall_see_the_others),
        cmocka_unit_test(with_a_free_floor_all_see_the_same),
        cmocka_unit_test(an_absent_holder_leaves_the_others_on_stage),
        cmocka_unit_test(a_declared_stage_is_as_it_was_said),
        cmocka_unit_test(the_voice_stands_first_until_somebody_has_the_floor),
        cmocka_unit_test(a_roll_turns_its_pages_by_the_clock),
        cmocka_unit_test(a_watching_technician_sees_pages_of_everybody),
        cmocka_unit_test(a_shared_screen_has_a_canvas_of_its_own),
        cmocka_unit_test(the_mcu_is_told_every_canvas_and_who_gets_which),
        cmocka_unit_test(a_member_is_told_its_place_and_its_microphone),
        cmocka_unit_test(without_a_meeting_everything_is_closed),
        cmocka_unit_test(a_rooms_scene_follows_the_meeting_and_the_floor),
        cmocka_unit_test(a_large_conference_comes_in_parts_and_whole),
        cmocka_unit_test(counts_are_by_the_units_right_below),
        cmocka_unit_test(a_thin_link_is_sent_thin_sound),
        cmocka_unit_test(the_mcu_learns_languages_and_gain),
        cmocka_unit_test(heard_is_who_is_not_muted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
