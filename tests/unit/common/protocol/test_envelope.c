// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol/envelope.h"

#include <cmocka.h>

static int parse(const char *text, struct envelope *out, struct fields_error *error)
{
    return envelope_parse(text, strlen(text), out, error);
}

static void a_request_comes_back_with_its_id_and_body(void **state)
{
    (void)state;
    const struct message_floor_request body = { .meeting = "q7k3m2xa" };
    g_autofree char *text = envelope_request(MESSAGE_FLOOR_REQUEST, 42, &body);
    struct envelope envelope;
    struct fields_error error;
    struct message_floor_request back;
    assert_int_equal(parse(text, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_REQUEST);
    assert_int_equal(envelope.type, MESSAGE_FLOOR_REQUEST);
    assert_int_equal(envelope.id, 42);
    assert_int_equal(envelope_body(&envelope, &back, &error), 0);
    assert_string_equal(back.meeting, "q7k3m2xa");
    envelope_fini(&envelope);
}

static void a_reply_is_read_by_what_was_asked(void **state)
{
    (void)state;
    const struct message_floor_request_reply body = { .position = 3 };
    g_autofree char *text = envelope_reply(MESSAGE_FLOOR_REQUEST, 42, &body);
    struct envelope envelope;
    struct fields_error error;
    struct message_floor_request_reply back;
    assert_int_equal(parse(text, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_REPLY);
    assert_int_equal(envelope.id, 42);
    assert_int_equal(envelope_reply_body(&envelope, MESSAGE_FLOOR_REQUEST, &back, &error), 0);
    assert_int_equal(back.position, 3);
    envelope_fini(&envelope);
}

static void an_error_carries_its_code_and_a_text(void **state)
{
    (void)state;
    g_autofree char *text = envelope_error(42, ERROR_FLOOR_NOT_HELD, NULL);
    struct envelope envelope;
    struct fields_error error;
    assert_int_equal(parse(text, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_ERROR);
    assert_int_equal(envelope.id, 42);
    assert_int_equal(envelope.error, ERROR_FLOOR_NOT_HELD);
    assert_string_equal(envelope.error_code, "floor.not_held");
    assert_string_equal(envelope.error_text, error_infos[ERROR_FLOOR_NOT_HELD].en);
    envelope_fini(&envelope);
}

static void an_error_of_a_later_version_keeps_its_code(void **state)
{
    (void)state;
    struct envelope envelope;
    struct fields_error error;
    assert_int_equal(
            parse("{\"re\":1,\"err\":{\"code\":\"floor.too_tired\"}}", &envelope, &error), 0);
    assert_int_equal(envelope.error, ERROR_NONE);
    assert_string_equal(envelope.error_code, "floor.too_tired");
    envelope_fini(&envelope);
}

static void an_event_carries_seq_and_time_only_if_it_is_replayed(void **state)
{
    (void)state;
    const struct message_floor_requested body = { .meeting = "q7k3m2xa", .member = "622" };
    const char *at = "2026-11-21T08:30:01.120+07:00";
    g_autofree char *kept = envelope_event(MESSAGE_FLOOR_REQUESTED, 1188, at, &body);
    g_autofree char *passing = envelope_event(MESSAGE_FLOOR_REQUESTED, 0, NULL, &body);
    struct envelope envelope;
    struct fields_error error;
    assert_int_equal(parse(kept, &envelope, &error), 0);
    assert_int_equal(envelope.kind, ENVELOPE_EVENT);
    assert_int_equal(envelope.type, MESSAGE_FLOOR_REQUESTED);
    assert_int_equal(envelope.seq, 1188);
    assert_string_equal(envelope.at, at);
    envelope_fini(&envelope);

    assert_null(strstr(passing, "seq"));
    assert_int_equal(parse(passing, &envelope, &error), 0);
    assert_int_equal(envelope.seq, 0);
    envelope_fini(&envelope);
}

static void a_refused_request_can_be_answered(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"op\":\"meeting.explode\",\"id\":9}",
        "{\"id\":9,\"op\":3}",
        "{\"op\":\"hello\",\"id\":9,\"d\":[]}",
        "{\"op\":\"hello\",\"id\":9,\"at\":\"yesterday\"}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct envelope envelope;
        struct fields_error error;
        assert_true(parse(texts[i], &envelope, &error) < 0);
        assert_int_equal(envelope.id, 9);
        g_autofree char *answer = envelope_fault(envelope.id, &error);
        assert_non_null(strstr(answer, error.code));
        envelope_fini(&envelope);
    }
}

static void exactly_64_kib_is_allowed(void **state)
{
    (void)state;
    g_autofree char *text = g_malloc(ENVELOPE_MAX_BYTES + 2);
    const char *begin = "{\"op\":\"hello\",\"id\":1,\"d\":{\"x\":\"";
    memset(text, 'a', ENVELOPE_MAX_BYTES);
    memcpy(text, begin, strlen(begin));
    memcpy(text + ENVELOPE_MAX_BYTES - 3, "\"}}", 3);
    struct envelope envelope;
    struct fields_error error;
    assert_int_equal(envelope_parse(text, ENVELOPE_MAX_BYTES, &envelope, &error), 0);
    envelope_fini(&envelope);

    memcpy(text + ENVELOPE_MAX_BYTES - 3, "a\"}}", 4);
    assert_true(envelope_parse(text, ENVELOPE_MAX_BYTES + 1, &envelope, &error) < 0);
    assert_string_equal(error.code, "proto.too_large");
    envelope_fini(&envelope);
}

static void a_close_reason_names_the_next_step(void **state)
{
    (void)state;
    for (enum error_code code = 1; code < ERROR_COUNT; code++) {
        g_autofree char *text = close_reason_build(CLOSE_NEXT_RESUME, code);
        assert_true(strlen(text) <= 123); // what a WebSocket close has room for
    }
    g_autofree char *text = close_reason_build(CLOSE_NEXT_WAIT, ERROR_SERVER_ENDING);
    assert_string_equal(text, "{\"next\":\"wait\",\"code\":\"server.ending\"}");
    assert_int_equal(close_reason_next(text, strlen(text)), CLOSE_NEXT_WAIT);
    assert_int_equal(close_reason_next("", 0), CLOSE_NEXT_RESUME);
    assert_int_equal(close_reason_next("{\"next\":\"dance\"}", 16), CLOSE_NEXT_RESUME);
}

// Fills a struct by its table with the largest values there are.
static void fill(const struct field_table *table, char *out);

static void fill_value(const struct field *field, char *out)
{
    const int64_t number = field->min < 0 ? field->min : field->max;
    const double real = -1.0 / 3.0 * 1e-7;
    const unsigned last = (unsigned)field->name_count - 1;
    switch (field->type) {
    case FIELD_OBJECT:
        fill(field->fields, out);
        break;
    case FIELD_STRING:
        for (size_t i = 0; i < field->max_length; i++) {
            const char *one = field->is_ascii ? "\"" : "𠀀";
            if (field->alphabet)
                out[i] = field->alphabet[0];
            else
                memcpy(out + i * strlen(one), one, strlen(one));
        }
        break;
    case FIELD_INTEGER:
        memcpy(out, &number, sizeof(number));
        break;
    case FIELD_NUMBER:
        memcpy(out, field->min_number < 0 ? &real : &field->max_number, sizeof(real));
        break;
    case FIELD_BOOLEAN:
        break; // "false" is the longer one
    case FIELD_ENUM:
        memcpy(out, &last, sizeof(last));
        break;
    }
}

static void fill(const struct field_table *table, char *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (field->has_flag)
            memcpy(out + field->has_offset, &(bool){ true }, sizeof(bool));
        if (!field->max_items)
            fill_value(field, out + field->offset);
        for (size_t item = 0; item < field->max_items; item++)
            fill_value(field, out + field->offset + item * field->item_size);
        if (field->max_items)
            memcpy(out + field->count_offset, &field->max_items, sizeof(size_t));
    }
}

static void the_largest_message_of_each_type_fits(void **state)
{
    (void)state;
    const char *at = "2026-11-21T08:30:01.120000000+07:00";
    for (enum message_type type = 1; type < MESSAGE_COUNT; type++) {
        const struct message_info *info = &message_infos[type];
        if (info->kinds & MESSAGE_KIND_REST)
            continue;
        g_autofree char *body = g_malloc0(info->size);
        fill(info->fields, body);
        g_autofree char *text = info->kinds & MESSAGE_KIND_REQUEST
                                        ? envelope_request(type, 9007199254740991, body)
                                        : envelope_event(type, 9007199254740991, at, body);
        struct envelope envelope;
        struct fields_error error;
        if (parse(text, &envelope, &error) < 0)
            fail_msg("%s: %zu bytes: %s", info->name, strlen(text), error.code);
        g_autofree char *back = g_malloc0(info->size);
        assert_int_equal(envelope_body(&envelope, back, &error), 0);
        assert_memory_equal(body, back, info->size);
        envelope_fini(&envelope);
    }
}

static void the_rights_table_is_what_the_schemas_say(void **state)
{
    (void)state;
    static const struct {
        enum message_type type;
        uint32_t roles;
    } rows[] = {
        { MESSAGE_FLOOR_REQUEST,
                ROLE_BIT(ROLE_CHAIR) | ROLE_BIT(ROLE_DELEGATE) | ROLE_BIT(ROLE_ROOM) },
        { MESSAGE_FLOOR_GRANT, ROLE_BIT(ROLE_CHAIR) | ROLE_BIT(ROLE_SECRETARY) },
        { MESSAGE_MEETING_END, ROLE_BIT(ROLE_CHAIR) },
        { MESSAGE_MCU_ANSWER, ROLE_BIT(ROLE_MCU) },
        { MESSAGE_CONFERENCE_REPORT, ROLE_BIT(ROLE_MCU) },
        { MESSAGE_ROOM_REPORT, ROLE_BIT(ROLE_ROOM) },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(message_infos[rows[i].type].roles, rows[i].roles);
    for (enum message_type type = 1; type < MESSAGE_COUNT; type++) {
        const struct message_info *info = &message_infos[type];
        assert_int_equal(info->type, type);
        assert_ptr_equal(message_find(info->name), info);
        assert_int_equal(info->fields->size, info->size);
        if (info->kinds & MESSAGE_KIND_REQUEST) {
            assert_int_not_equal(info->roles, 0);
            assert_false(info->roles & ROLE_BIT(ROLE_ADMIN)); // has no WebSocket
        }
    }
    assert_null(message_find("meeting.explode"));
    assert_null(message_find(""));
}

static void half_a_character_is_refused_by_the_id_that_asked(void **state)
{
    (void)state;
    struct envelope envelope;
    struct fields_error error;
    assert_int_not_equal(parse("{\"op\":\"floor.grant\",\"id\":7,\"d\":{\"member\":\"\\ud800\"}}",
                                 &envelope, &error),
            0);
    assert_string_equal(error.code, "proto.bad_utf8");
    assert_int_equal(envelope.id, 7);
    envelope_fini(&envelope);
    assert_int_not_equal(parse("{\"op\":\"\xff\",\"id\":7}", &envelope, &error), 0);
    assert_int_equal(envelope.id, 0);
    envelope_fini(&envelope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_with_its_id_and_body),
        cmocka_unit_test(half_a_character_is_refused_by_the_id_that_asked),
        cmocka_unit_test(a_reply_is_read_by_what_was_asked),
        cmocka_unit_test(an_error_carries_its_code_and_a_text),
        cmocka_unit_test(an_error_of_a_later_version_keeps_its_code),
        cmocka_unit_test(an_event_carries_seq_and_time_only_if_it_is_replayed),
        cmocka_unit_test(a_refused_request_can_be_answered),
        cmocka_unit_test(exactly_64_kib_is_allowed),
        cmocka_unit_test(a_close_reason_names_the_next_step),
        cmocka_unit_test(the_largest_message_of_each_type_fits),
        cmocka_unit_test(the_rights_table_is_what_the_schemas_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
