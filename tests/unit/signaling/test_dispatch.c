// SPDX-License-Identifier: Apache-2.0
// Every role × operation pair, against the schema files themselves (not what was made of them).
#include <glib.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "signaling/dispatch.h"

#include <cmocka.h>

static struct json_object *schema_of(const char *name)
{
    g_autofree char *path = g_strdup_printf("protocol/schema/%s.json", name);
    struct json_object *schema = json_object_from_file(path);
    assert_non_null(schema);
    return schema;
}

static bool lists(struct json_object *schema, const char *key, const char *word)
{
    struct json_object *list = json_object_object_get(schema, key);
    if (!json_object_is_type(list, json_type_array))
        return list && strcmp(json_object_get_string(list), word) == 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), word) == 0)
            return true;
    }
    return false;
}

static void a_role_may_send_what_the_schema_says_and_nothing_else(void **state)
{
    (void)state;
    int pairs = 0;
    for (int type = MESSAGE_NONE + 1; type < MESSAGE_COUNT; type++) {
        struct json_object *schema = schema_of(message_infos[type].name);
        bool is_request = lists(schema, "x-kind", "request");
        for (int role = ROLE_NONE; role < ROLE_COUNT; role++) {
            const char *name = role_name((enum role)role);
            bool may = is_request && name && lists(schema, "x-roles", name);
            if (dispatch_is_allowed((enum message_type)type, (enum role)role) != may)
                fail_msg("%s by %s", message_infos[type].name, name ? name : "nobody");
            pairs++;
        }
        json_object_put(schema);
    }
    assert_true(pairs > 400);
}

static void every_request_has_a_handler(void **state)
{
    (void)state;
    for (int type = MESSAGE_NONE + 1; type < MESSAGE_COUNT; type++) {
        bool is_request = message_infos[type].kinds & MESSAGE_KIND_REQUEST;
        // The session answers hello itself.
        bool wants = is_request && type != MESSAGE_HELLO;
        if (dispatch_has_handler((enum message_type)type) != wants)
            fail_msg("%s", message_infos[type].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_may_send_what_the_schema_says_and_nothing_else),
        cmocka_unit_test(every_request_has_a_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
