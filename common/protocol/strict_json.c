// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/strict_json.h"

#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "common/protocol/messages.h"

static int fault(enum error_code code, struct fields_error *error)
{
    error->code = error_code_name(code);
    error->path[0] = '\0';
    return -EBADMSG;
}

// The code unit of a \uXXXX escape at `at`, -1 if there is none.
static int read_escape(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = g_ascii_xdigit_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

// How long the escape at `at` is; 0 if it is half of a surrogate pair, which json-c would replace.
static size_t escape_size(const char *at, const char *end)
{
    int unit = read_escape(at, end);
    if (unit < 0xd800 || unit > 0xdfff)
        return 2; // the four digits after \u are text that the scan can pass over
    int low = unit < 0xdc00 ? read_escape(at + 6, end) : -1;
    return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

// What json-c lets through: halves of surrogate pairs, raw control characters in strings, NaN and
// Infinity outside of them.
static enum error_code scan(const char *text, size_t size)
{
    bool in_string = false;
    const char *end = text + size;
    for (const char *at = text; at < end; at++) {
        if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string) {
            if (*at == 'N' || *at == 'I' || *at == '\0')
                return ERROR_PROTO_BAD_JSON;
        } else if ((unsigned char)*at < 0x20) {
            return ERROR_PROTO_BAD_JSON;
        } else if (*at == '\\') {
            size_t skip = escape_size(at, end);
            if (skip == 0)
                return ERROR_PROTO_BAD_UTF8;
            at += skip - 1;
        }
    }
    return ERROR_NONE;
}

int strict_json_parse(
        const char *text, size_t size, struct json_object **out, struct fields_error *error)
{
    *out = NULL;
    if (size > INT_MAX)
        return fault(ERROR_PROTO_TOO_LARGE, error);
    if (!g_utf8_validate_len(text, size, NULL))
        return fault(memchr(text, '\0', size) ? ERROR_PROTO_BAD_JSON : ERROR_PROTO_BAD_UTF8, error);
    enum error_code code = scan(text, size);
    if (code != ERROR_NONE)
        return fault(code, error);

    struct json_tokener *tokener = json_tokener_new_ex(STRICT_JSON_MAX_DEPTH);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *object = json_tokener_parse_ex(tokener, text, (int)size);
    bool is_whole = json_tokener_get_error(tokener) == json_tokener_success &&
                    json_tokener_get_parse_end(tokener) == size;
    json_tokener_free(tokener);
    if (!is_whole || !json_object_is_type(object, json_type_object)) {
        json_object_put(object);
        return fault(ERROR_PROTO_BAD_JSON, error);
    }
    *out = object;
    return 0;
}

char *strict_json_take_text(struct json_object *object)
{
    char *text = g_strdup(json_object_to_json_string_ext(
            object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    return text;
}
