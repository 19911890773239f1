// SPDX-License-Identifier: Apache-2.0
// Every example of protocol/examples through the C codec: what is valid comes back the same, what
// is not is refused with its code and path.
#include <glib.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol/body.h"
#include "common/protocol/envelope.h"
#include "common/protocol/strict_json.h"

#include <cmocka.h>

#define EXAMPLES "protocol/examples/"

typedef void example_fn(const char *name, const char *text, size_t size);

// Calls `check` for every file of a folder; fails if there is none.
static void for_each(const char *folder, example_fn *check)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    if (!dir)
        fail_msg("no %s: unit tests run from the root of the repository", folder);
    size_t count = 0;
    for (const char *name; (name = g_dir_read_name(dir)); count++) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;
        gsize size;
        assert_true(g_file_get_contents(path, &text, &size, NULL));
        check(name, text, size);
    }
    assert_true(count > 0);
}

// "floor.request.reply.third.json" → the reply's table; "floor.request.plain.json" → the body's.
static const struct field_table *table_of(const char *file)
{
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(".json"));
    *strrchr(name, '.') = '\0';
    const struct message_info *info = message_find(name);
    if (info)
        return info->fields;
    char *reply = strrchr(name, '.');
    assert_string_equal(reply, ".reply");
    *reply = '\0';
    info = message_find(name);
    assert_non_null(info);
    return info->reply_fields;
}

static struct json_object *read_example(const char *name, const char *text, size_t size)
{
    struct json_object *example;
    struct fields_error error;
    if (strict_json_parse(text, size, &example, &error) < 0)
        fail_msg("%s: %s", name, error.code);
    return example;
}

static void valid_example(const char *name, const char *text, size_t size)
{
    const struct field_table *table = table_of(name);
    struct json_object *example = read_example(name, text, size);
    struct json_object *d = json_object_object_get(example, "d");
    struct fields_error error;

    g_autofree void *first = g_malloc(table->size);
    if (fields_parse(table, d, first, &error) < 0)
        fail_msg("%s: %s at %s", name, error.code, error.path);

    g_autofree char *built = body_build(table, first);
    g_autofree void *second = g_malloc(table->size);
    if (body_parse(table, built, strlen(built), second, &error) < 0)
        fail_msg("%s: built %s: %s at %s", name, built, error.code, error.path);
    assert_memory_equal(first, second, table->size);
    json_object_put(example);
}

static void invalid_example(const char *name, const char *text, size_t size)
{
    const struct field_table *table = table_of(name);
    struct json_object *example = read_example(name, text, size);
    struct json_object *d = json_object_object_get(example, "d");
    struct fields_error error;

    g_autofree void *out = g_malloc(table->size);
    if (fields_parse(table, d, out, &error) == 0)
        fail_msg("%s was accepted", name);
    assert_string_equal(
            error.code, json_object_get_string(json_object_object_get(example, "code")));
    assert_string_equal(
            error.path, json_object_get_string(json_object_object_get(example, "path")));
    json_object_put(example);
}

static void valid_envelope(const char *name, const char *text, size_t size)
{
    struct envelope envelope;
    struct fields_error error;
    if (envelope_parse(text, size, &envelope, &error) < 0)
        fail_msg("%s: %s at %s", name, error.code, error.path);
    assert_int_not_equal(envelope.kind, ENVELOPE_NONE);
    envelope_fini(&envelope);
}

// The file's name begins with the code that the text is refused with.
static void invalid_envelope(const char *name, const char *text, size_t size)
{
    struct envelope envelope;
    struct fields_error error;
    if (envelope_parse(text, size, &envelope, &error) == 0)
        fail_msg("%s was accepted", name);
    if (!g_str_has_prefix(name, error.code) || name[strlen(error.code)] != '.')
        fail_msg("%s: %s at %s", name, error.code, error.path);
    envelope_fini(&envelope);
}

static void valid_examples_come_back_the_same(void **state)
{
    (void)state;
    for_each(EXAMPLES "valid", valid_example);
}

static void invalid_examples_are_refused_with_their_code_and_path(void **state)
{
    (void)state;
    for_each(EXAMPLES "invalid", invalid_example);
}

static void valid_envelopes_are_read(void **state)
{
    (void)state;
    for_each(EXAMPLES "envelope/valid", valid_envelope);
}

static void invalid_envelopes_are_refused_with_their_code(void **state)
{
    (void)state;
    for_each(EXAMPLES "envelope/invalid", invalid_envelope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_examples_come_back_the_same),
        cmocka_unit_test(invalid_examples_are_refused_with_their_code_and_path),
        cmocka_unit_test(valid_envelopes_are_read),
        cmocka_unit_test(invalid_envelopes_are_refused_with_their_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
