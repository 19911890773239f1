// SPDX-License-Identifier: Apache-2.0
// module: common/protocol
// corpus: protocol/examples/valid protocol/examples/invalid
// fields_parse and fields_build of every table: whatever is accepted comes back the same.
#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "common/protocol/body.h"
#include "common/protocol/strict_json.h"

// The few bodies beyond this are long lists of what others have too; clearing them for every input
// would leave no time for the rest.
#define LARGEST_BYTES (128 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_table(const struct field_table *table, struct json_object *d)
{
    static _Alignas(16) char first[LARGEST_BYTES];
    static _Alignas(16) char second[LARGEST_BYTES];
    struct fields_error error;
    if (table->size > LARGEST_BYTES || fields_parse(table, d, first, &error) < 0)
        return;
    g_autofree char *text = body_build(table, first);
    if (body_parse(table, text, strlen(text), second, &error) < 0 ||
            memcmp(first, second, table->size) != 0)
        g_error("%s did not come back: %s", table->name, text);
}

// The input is an example's file: {"d": …}.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_object *example;
    struct json_object *d;
    struct fields_error error;
    if (strict_json_parse((const char *)data, size, &example, &error) < 0)
        return 0;
    if (json_object_object_get_ex(example, "d", &d))
        for (enum message_type type = 1; type < MESSAGE_COUNT; type++) {
            try_table(message_infos[type].fields, d);
            try_table(message_infos[type].reply_fields, d);
        }
    json_object_put(example);
    return 0;
}
