// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "mcu/desired.h"

#include <cmocka.h>

static struct message_conference_desired *part(int64_t rev, int64_t number, int64_t of)
{
    struct message_conference_desired *made = g_new0(struct message_conference_desired, 1);
    g_strlcpy(made->conference, "abcdefgh", sizeof(made->conference));
    made->rev = rev;
    made->part = number;
    made->of = of;
    made->canvases_count = 1;
    made->canvases[0].kind = CANVAS_KIND_PROGRAM;
    made->canvases[0].layout = STAGE_LAYOUT_GRID;
    return made;
}

static void add(struct message_conference_desired *to, const char *id, bool heard)
{
    struct type_conference_member *member = &to->members[to->members_count++];
    g_strlcpy(member->id, id, sizeof(member->id));
    g_strlcpy(member->line1, id, sizeof(member->line1));
    member->heard = heard;
}

static void show(struct message_conference_desired *to, const char *id)
{
    struct type_canvas *canvas = &to->canvases[0];
    g_strlcpy(canvas->tiles[canvas->tiles_count++].member, id, sizeof(canvas->tiles[0].member));
}

static struct desired *whole(struct message_conference_desired *take)
{
    struct desired_parts *parts = desired_parts_new();
    struct desired *complete = NULL;
    assert_int_equal(desired_parts_add(parts, take, &complete), 1);
    desired_parts_free(parts);
    g_free(take);
    return complete;
}

static void parts_of_one_rev_make_a_whole(void **state)
{
    (void)state;
    struct desired_parts *parts = desired_parts_new();
    g_autofree struct message_conference_desired *first = part(7, 1, 2);
    g_autofree struct message_conference_desired *second = part(7, 2, 2);
    add(first, "64", true);
    add(second, "622", false);
    struct desired *complete = NULL;
    assert_int_equal(desired_parts_add(parts, first, &complete), 0);
    assert_null(complete);
    assert_int_equal(desired_parts_add(parts, second, &complete), 1);
    assert_int_equal(complete->member_count, 2);
    assert_int_equal(complete->rev, 7);
    assert_true(desired_find(complete, "64")->heard);
    assert_null(desired_find(complete, "65"));
    desired_free(complete);
    desired_parts_free(parts);
}

static void a_newer_rev_voids_what_was_gathered(void **state)
{
    (void)state;
    struct desired_parts *parts = desired_parts_new();
    g_autofree struct message_conference_desired *old = part(7, 1, 2);
    g_autofree struct message_conference_desired *newer = part(8, 1, 1);
    add(old, "64", true);
    add(newer, "65", true);
    struct desired *complete = NULL;
    assert_int_equal(desired_parts_add(parts, old, &complete), 0);
    assert_int_equal(desired_parts_add(parts, newer, &complete), 1);
    assert_int_equal(complete->member_count, 1);
    desired_free(complete);
    desired_parts_free(parts);
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct desired_parts *parts = desired_parts_new();
    struct desired *complete = NULL;
    g_autofree struct message_conference_desired *beyond = part(1, 3, 2);
    assert_int_equal(desired_parts_add(parts, beyond, &complete), -EINVAL);
    g_autofree struct message_conference_desired *twice = part(1, 1, 1);
    add(twice, "64", true);
    add(twice, "64", false);
    assert_int_equal(desired_parts_add(parts, twice, &complete), -EINVAL);
    assert_null(complete);
    g_autofree struct message_conference_desired *two = part(1, 1, 1);
    two->canvases[two->canvases_count++].kind = CANVAS_KIND_PROGRAM;
    assert_int_equal(desired_parts_add(parts, two, &complete), -EINVAL);
    assert_null(complete);
    g_autofree struct message_conference_desired *good = part(1, 1, 1);
    assert_int_equal(desired_parts_add(parts, good, &complete), 1);
    desired_free(complete);
    desired_parts_free(parts);
}

static const struct desired_step *step_of(const GArray *steps, const char *id)
{
    for (guint i = 0; i < steps->len; i++)
        if (strcmp(g_array_index(steps, struct desired_step, i).member->id, id) == 0)
            return &g_array_index(steps, struct desired_step, i);
    return NULL;
}

static void the_first_state_adds_everybody(void **state)
{
    (void)state;
    struct message_conference_desired *made = part(1, 1, 1);
    add(made, "64", true);
    add(made, "622", false);
    struct desired *desired = whole(made);
    g_autoptr(GArray) steps = desired_steps(NULL, desired);
    assert_int_equal(steps->len, 2);
    assert_int_equal(step_of(steps, "622")->changes, DESIRED_ADDED);
    assert_true(desired_stage_differs(NULL, desired, CANVAS_KIND_PROGRAM));
    desired_free(desired);
}

static void only_what_changed_is_a_step(void **state)
{
    (void)state;
    struct message_conference_desired *before = part(1, 1, 1), *after = part(2, 1, 1);
    add(before, "gone", true);
    add(before, "same", true);
    add(before, "muted", true);
    add(before, "renamed", true);
    add(before, "widened", true);
    add(after, "same", true);
    add(after, "muted", false);
    add(after, "renamed", true);
    g_strlcpy(after->members[2].line1, "Chư Păh", sizeof(after->members[2].line1));
    add(after, "widened", true);
    after->members[3].has_link_kbps = true;
    after->members[3].link_kbps = 4000;
    add(after, "new", true);
    struct desired *old = whole(before), *now = whole(after);
    g_autoptr(GArray) steps = desired_steps(old, now);
    assert_int_equal(steps->len, 5);
    assert_int_equal(step_of(steps, "widened")->changes, DESIRED_LINK);
    assert_int_equal(g_array_index(steps, struct desired_step, 0).changes, DESIRED_REMOVED);
    assert_string_equal(g_array_index(steps, struct desired_step, 0).member->id, "gone");
    assert_int_equal(step_of(steps, "muted")->changes, DESIRED_SOUND);
    assert_int_equal(step_of(steps, "renamed")->changes, DESIRED_BANNER);
    assert_int_equal(step_of(steps, "new")->changes, DESIRED_ADDED);
    assert_null(step_of(steps, "same"));

    g_autoptr(GArray) none = desired_steps(now, now);
    assert_int_equal(none->len, 0);
    desired_free(old);
    desired_free(now);
}

static void the_stage_differs_when_what_it_shows_does(void **state)
{
    (void)state;
    struct message_conference_desired *a = part(1, 1, 1), *b = part(2, 1, 1), *c = part(3, 1, 1);
    add(a, "64", true);
    show(a, "64");
    add(b, "64", false); // muting is not seen
    show(b, "64");
    add(c, "64", false);
    g_strlcpy(c->members[0].line2, "Tỉnh Gia Lai", sizeof(c->members[0].line2));
    show(c, "64");
    struct desired *first = whole(a), *muted = whole(b), *renamed = whole(c);
    assert_false(desired_stage_differs(first, muted, CANVAS_KIND_PROGRAM));
    assert_true(desired_stage_differs(muted, renamed, CANVAS_KIND_PROGRAM));
    renamed->canvases[0].layout = STAGE_LAYOUT_SINGLE;
    assert_true(desired_stage_differs(first, renamed, CANVAS_KIND_PROGRAM));
    muted->member_count = 0; // its member is gone
    assert_true(desired_stage_differs(first, muted, CANVAS_KIND_PROGRAM));
    desired_free(first);
    desired_free(muted);
    desired_free(renamed);
}

static void each_canvas_has_a_stage_of_its_own(void **state)
{
    (void)state;
    struct message_conference_desired *a = part(1, 1, 1), *b = part(2, 1, 1);
    add(a, "64", true);
    add(b, "64", true);
    show(a, "64");
    show(b, "64");
    b->canvases[1].kind = CANVAS_KIND_CHAIR;
    b->canvases_count = 2;
    b->members[0].has_main = true;
    b->members[0].main = CANVAS_KIND_CHAIR;
    struct desired *one = whole(a), *both = whole(b);
    assert_false(desired_stage_differs(one, both, CANVAS_KIND_PROGRAM));
    assert_true(desired_stage_differs(one, both, CANVAS_KIND_CHAIR));
    assert_true(desired_stage_differs(both, one, CANVAS_KIND_CHAIR));
    assert_false(desired_stage_differs(one, both, CANVAS_KIND_CONTENT));
    assert_null(desired_canvas(one, CANVAS_KIND_CHAIR));
    assert_non_null(desired_canvas(both, CANVAS_KIND_CHAIR));
    g_autoptr(GArray) steps = desired_steps(one, both);
    assert_int_equal(step_of(steps, "64")->changes, DESIRED_MAIN);
    assert_int_equal(desired_main(&one->members[0]), CANVAS_KIND_PROGRAM);
    desired_free(one);
    desired_free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_one_rev_make_a_whole),
        cmocka_unit_test(a_newer_rev_voids_what_was_gathered),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
        cmocka_unit_test(the_first_state_adds_everybody),
        cmocka_unit_test(only_what_changed_is_a_step),
        cmocka_unit_test(the_stage_differs_when_what_it_shows_does),
        cmocka_unit_test(each_canvas_has_a_stage_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
