// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol/body.h"
#include "common/protocol/fields.h"
#include "common/protocol/messages.h"

#include <cmocka.h>

static int parse(enum message_type type, const char *text, void *out, struct fields_error *error)
{
    return body_parse(message_infos[type].fields, text, strlen(text), out, error);
}

static void an_optional_field_has_a_flag(void **state)
{
    (void)state;
    struct message_hello hello;
    struct fields_error error;
    assert_int_equal(parse(MESSAGE_HELLO, "{\"versions\":[1,2]}", &hello, &error), 0);
    assert_int_equal(hello.versions_count, 2);
    assert_int_equal(hello.versions[1], 2);
    assert_false(hello.has_resume);

    const char *resumes = "{\"versions\":[1],\"resume\":{\"sid\":\"abc\",\"ack\":7}}";
    assert_int_equal(parse(MESSAGE_HELLO, resumes, &hello, &error), 0);
    assert_true(hello.has_resume);
    assert_string_equal(hello.resume.sid, "abc");
    assert_int_equal(hello.resume.ack, 7);
}

static void a_missing_body_is_an_empty_one(void **state)
{
    (void)state;
    struct message_local_stop stop;
    struct message_hello hello;
    struct fields_error error;
    assert_int_equal(fields_parse(&message_local_stop_fields, NULL, &stop, &error), 0);
    assert_true(fields_parse(&message_hello_fields, NULL, &hello, &error) < 0);
    assert_string_equal(error.code, "proto.missing_field");
    assert_string_equal(error.path, "versions");
}

static void length_is_counted_in_characters(void **state)
{
    (void)state;
    struct message_room_desired room;
    struct fields_error error;
    GString *text = g_string_new("{\"scene\":\"idle\",\"banner\":\"");
    for (int i = 0; i < 200; i++)
        g_string_append(text, "𠀀"); // four bytes each, the buffer's worst case
    g_string_append(text, "\"}");
    assert_int_equal(parse(MESSAGE_ROOM_DESIRED, text->str, &room, &error), 0);
    assert_int_equal(strlen(room.banner), 800);

    g_string_insert(text, (gssize)text->len - 2, "a");
    assert_true(parse(MESSAGE_ROOM_DESIRED, text->str, &room, &error) < 0);
    assert_string_equal(error.path, "banner");
    g_string_free(text, TRUE);
}

static void integers_at_their_bounds_pass_and_beyond_fail(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool fits;
    } cases[] = {
        { "0", true },
        { "2160", true },
        { "2161", false },
        { "-1", false },
        { "12.0", true },
        { "12.5", false },
        { "1e3", true },
        { "1e400", false },
        { "-1e400", false },
        { "9223372036854775808", false },
        { "99999999999999999999999", false },
        { "-99999999999999999999999", false },
        { "true", false },
        { "null", false },
        { "\"1\"", false },
        { "[1]", false },
        { "{}", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct message_local_send send;
        struct fields_error error;
        g_autofree char *text =
                g_strdup_printf("{\"height\":%s,\"fps\":25,\"kbps\":600}", cases[i].value);
        int rc = parse(MESSAGE_LOCAL_SEND, text, &send, &error);
        if ((rc == 0) != cases[i].fits)
            fail_msg("%s: %d", text, rc);
    }
}

static void a_nul_in_a_string_does_not_end_it_early(void **state)
{
    (void)state;
    struct message_floor_request request;
    struct message_meeting_subscribe subscribe;
    struct fields_error error;
    assert_true(parse(MESSAGE_FLOOR_REQUEST, "{\"meeting\":\"q7k3m2xa\\u0000\"}", &request,
                        &error) < 0);
    assert_true(parse(MESSAGE_MEETING_SUBSCRIBE,
                        "{\"meeting\":\"q7k3m2xa\",\"detail\":\"full\\u0000\"}", &subscribe,
                        &error) < 0);
    assert_string_equal(error.path, "detail");
}

static void a_refused_body_leaves_the_rest_of_the_struct_empty(void **state)
{
    (void)state;
    struct message_floor_grant grant;
    struct fields_error error;
    memset(&grant, 'x', sizeof(grant));
    assert_true(parse(MESSAGE_FLOOR_GRANT, "{\"meeting\":\"q7k3m2xa\"}", &grant, &error) < 0);
    assert_string_equal(grant.member, "");
}

static void zero_of_an_enum_is_on_the_wire_only_as_none(void **state)
{
    (void)state;
    assert_null(role_name(ROLE_NONE));
    assert_string_equal(role_name(ROLE_CHAIR), "chair");
    assert_null(role_name(ROLE_COUNT));
    assert_int_equal(role_from_name("technician"), ROLE_TECHNICIAN);
    assert_int_equal(role_from_name("none"), ROLE_NONE);
    assert_int_equal(role_from_name(""), ROLE_NONE);
    assert_string_equal(floor_state_name(FLOOR_STATE_NONE), "none");
}

static struct message_conference_report *one_member_report(void)
{
    struct message_conference_report *report = g_new0(struct message_conference_report, 1);
    g_strlcpy(report->conference, "q7k3m2xa", sizeof(report->conference));
    report->part = report->of = 1;
    report->members_count = 1;
    g_strlcpy(report->members[0].id, "622", sizeof(report->members[0].id));
    return report;
}

static void measurements_out_of_range_are_sent_as_the_nearest_bound(void **state)
{
    (void)state;
    g_autofree struct message_conference_report *report = one_member_report();
    report->members[0].has_loss_percent = true;
    report->members[0].loss_percent = 250;
    report->members[0].has_rtt_ms = true;
    report->members[0].rtt_ms = -INFINITY;
    report->members[0].bytes_in = INT64_MAX;
    g_autofree char *text = body_build(&message_conference_report_fields, report);

    g_autofree struct message_conference_report *back = g_new0(struct message_conference_report, 1);
    struct fields_error error;
    assert_int_equal(parse(MESSAGE_CONFERENCE_REPORT, text, back, &error), 0);
    assert_true(back->members[0].loss_percent == 100);
    assert_true(back->members[0].rtt_ms == 0);
    assert_int_equal(back->members[0].bytes_in, 9007199254740991);
    assert_false(back->members[0].has_jitter_ms);
}

static void texts_are_made_fit_to_send(void **state)
{
    (void)state;
    struct message_room_desired room = { .scene = SCENE_IDLE };
    struct message_room_desired back;
    struct fields_error error;
    g_strlcpy(room.banner, "a\x1b[2Jb\xff\xe1\xbb", sizeof(room.banner));
    g_autofree char *text = body_build(&message_room_desired_fields, &room);
    assert_int_equal(parse(MESSAGE_ROOM_DESIRED, text, &back, &error), 0);
    assert_string_equal(back.banner, "a?[2Jb���");

    memset(room.banner, 'x', sizeof(room.banner)); // not even terminated
    g_autofree char *full = body_build(&message_room_desired_fields, &room);
    assert_int_equal(parse(MESSAGE_ROOM_DESIRED, full, &back, &error), 0);
    assert_int_equal(strlen(back.banner), 200);
}

static void a_body_without_text_counts_as_empty(void **state)
{
    (void)state;
    struct message_rest_meeting_open open;
    struct fields_error error;
    assert_int_equal(body_parse(&message_rest_meeting_open_fields, NULL, 0, &open, &error), 0);
    g_autofree char *text = body_build(&message_rest_meeting_open_fields, NULL);
    assert_string_equal(text, "{}");
}

static void a_problem_names_code_status_and_detail(void **state)
{
    (void)state;
    struct type_problem problem;
    struct fields_error error;
    g_autofree char *text = problem_build(ERROR_UNIT_ORPHAN, "line 17");
    assert_int_equal(body_parse(&type_problem_fields, text, strlen(text), &problem, &error), 0);
    assert_string_equal(problem.code, "unit.orphan");
    assert_string_equal(problem.type, "urn:rong:error:unit.orphan");
    assert_string_equal(problem.detail, "line 17");
    assert_int_equal(problem.status, 400);
    assert_string_equal(problem.title, error_infos[ERROR_UNIT_ORPHAN].vi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_optional_field_has_a_flag),
        cmocka_unit_test(a_missing_body_is_an_empty_one),
        cmocka_unit_test(length_is_counted_in_characters),
        cmocka_unit_test(integers_at_their_bounds_pass_and_beyond_fail),
        cmocka_unit_test(a_nul_in_a_string_does_not_end_it_early),
        cmocka_unit_test(a_refused_body_leaves_the_rest_of_the_struct_empty),
        cmocka_unit_test(zero_of_an_enum_is_on_the_wire_only_as_none),
        cmocka_unit_test(measurements_out_of_range_are_sent_as_the_nearest_bound),
        cmocka_unit_test(texts_are_made_fit_to_send),
        cmocka_unit_test(a_body_without_text_counts_as_empty),
        cmocka_unit_test(a_problem_names_code_status_and_detail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
