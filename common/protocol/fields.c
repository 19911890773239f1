// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/fields.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "common/protocol/messages.h"

// The table's nesting is known and small: types.json can not contain itself.
#define MAX_DEPTH 8

// Where the parser is: a chain of frames on the stack, so that a path costs nothing until it is
// wanted for an error.
struct place {
    const struct place *outer;
    const char *name; // of a field; NULL: an item of the outer place's array
    size_t index;
};

static void write_path(const struct place *place, char *path, size_t room)
{
    const struct place *chain[2 * MAX_DEPTH];
    size_t depth = 0;
    for (; place && depth < COUNT_OF(chain); place = place->outer)
        chain[depth++] = place;
    path[0] = '\0';
    while (depth > 0) {
        const struct place *step = chain[--depth];
        size_t used = strlen(path);
        if (step->name)
            g_snprintf(path + used, room - used, "%s%s", used ? "." : "", step->name);
        else
            g_snprintf(path + used, room - used, "[%zu]", step->index);
    }
}

static int fault(enum error_code code, const struct place *place, struct fields_error *error)
{
    error->code = error_code_name(code);
    write_path(place, error->path, sizeof(error->path));
    return -EBADMSG;
}

// Control characters would forge log lines and terminals; only tab and line ends are text.
static bool is_text(const char *text, size_t size, bool is_ascii)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == 0x7f || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r'))
            return false;
        if (is_ascii && byte >= 0x80)
            return false;
    }
    return g_utf8_validate_len(text, size, NULL);
}

static bool string_fits(const struct field *field, const char *text, size_t size)
{
    if (size >= field->room || !is_text(text, size, field->is_ascii))
        return false;
    if (field->alphabet && strspn(text, field->alphabet) != size)
        return false;
    size_t length = (size_t)g_utf8_strlen(text, (gssize)size);
    return length >= field->min_length && length <= field->max_length;
}

static bool parse_string(const struct field *field, struct json_object *value, void *out)
{
    if (!json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string(value);
    size_t size = (size_t)json_object_get_string_len(value);
    if (!string_fits(field, text, size))
        return false;
    memcpy(out, text, size + 1);
    return true;
}

// json-c keeps what does not fit into an int64 as the nearest end, which the bounds then refuse.
static bool parse_integer(const struct field *field, struct json_object *value, void *out)
{
    if (json_object_is_type(value, json_type_double)) {
        double number = json_object_get_double(value);
        if (!(number >= (double)field->min && number <= (double)field->max) ||
                number != trunc(number))
            return false;
    } else if (!json_object_is_type(value, json_type_int)) {
        return false;
    }
    int64_t number = json_object_get_int64(value);
    memcpy(out, &number, sizeof(number));
    return number >= field->min && number <= field->max;
}

static bool parse_number(const struct field *field, struct json_object *value, void *out)
{
    if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
        return false;
    double number = json_object_get_double(value);
    memcpy(out, &number, sizeof(number));
    return number >= field->min_number && number <= field->max_number; // NaN is neither
}

static bool parse_boolean(struct json_object *value, void *out)
{
    bool truth = json_object_get_boolean(value);
    memcpy(out, &truth, sizeof(truth));
    return json_object_is_type(value, json_type_boolean);
}

static bool parse_enum(const struct field *field, struct json_object *value, void *out)
{
    if (!json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string(value);
    size_t size = (size_t)json_object_get_string_len(value);
    for (size_t i = 0; i < field->name_count; i++) {
        if (!field->names[i] || strlen(field->names[i]) != size ||
                memcmp(field->names[i], text, size) != 0)
            continue;
        unsigned number = (unsigned)i;
        memcpy(out, &number, sizeof(number));
        return true;
    }
    return false;
}

static int parse_object(const struct field_table *table, struct json_object *d, void *out,
        const struct place *place, struct fields_error *error);

static int parse_value(const struct field *field, struct json_object *value, void *out,
        const struct place *place, struct fields_error *error)
{
    bool fits = false;
    switch (field->type) {
    case FIELD_OBJECT:
        return parse_object(field->fields, value, out, place, error);
    case FIELD_STRING:
        fits = parse_string(field, value, out);
        break;
    case FIELD_INTEGER:
        fits = parse_integer(field, value, out);
        break;
    case FIELD_NUMBER:
        fits = parse_number(field, value, out);
        break;
    case FIELD_BOOLEAN:
        fits = parse_boolean(value, out);
        break;
    case FIELD_ENUM:
        fits = parse_enum(field, value, out);
        break;
    }
    return fits ? 0 : fault(ERROR_PROTO_BAD_FIELD, place, error);
}

static int parse_array(const struct field *field, struct json_object *value, char *out,
        const struct place *place, struct fields_error *error)
{
    if (!json_object_is_type(value, json_type_array))
        return fault(ERROR_PROTO_BAD_FIELD, place, error);
    size_t count = json_object_array_length(value);
    if (count < field->min_items || count > field->max_items)
        return fault(ERROR_PROTO_BAD_FIELD, place, error);
    for (size_t i = 0; i < count; i++) {
        struct place here = { .outer = place, .index = i };
        int rc = parse_value(field, json_object_array_get_idx(value, i),
                out + field->offset + i * field->item_size, &here, error);
        if (rc < 0)
            return rc;
    }
    memcpy(out + field->count_offset, &count, sizeof(count));
    return 0;
}

static int parse_field(const struct field *field, struct json_object *d, char *out,
        const struct place *outer, struct fields_error *error)
{
    struct place place = { .outer = outer, .name = field->name };
    struct json_object *value = NULL;
    if (!d || !json_object_object_get_ex(d, field->name, &value))
        return field->is_required ? fault(ERROR_PROTO_MISSING_FIELD, &place, error) : 0;
    if (field->max_items)
        return parse_array(field, value, out, &place, error);
    if (field->has_flag)
        memcpy(out + field->has_offset, &(bool){ true }, sizeof(bool));
    return parse_value(field, value, out + field->offset, &place, error);
}

static int parse_object(const struct field_table *table, struct json_object *d, void *out,
        const struct place *place, struct fields_error *error)
{
    if (!json_object_is_type(d, json_type_object))
        return fault(ERROR_PROTO_BAD_FIELD, place, error);
    for (size_t i = 0; i < table->count; i++) {
        int rc = parse_field(&table->fields[i], d, out, place, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int fields_parse(const struct field_table *table, struct json_object *d, void *out,
        struct fields_error *error)
{
    memset(out, 0, table->size);
    if (d)
        return parse_object(table, d, out, NULL, error);
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].is_required) {
            struct place place = { .name = table->fields[i].name };
            return fault(ERROR_PROTO_MISSING_FIELD, &place, error);
        }
    return 0;
}

// Texts come from people, devices and libraries: what may not be sent is replaced, the rest is cut.
static struct json_object *build_text(const struct field *field, const char *text, size_t size)
{
    g_autofree char *fitting = g_utf8_make_valid(text, (gssize)size);
    for (char *at = fitting; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        bool is_break = byte == '\t' || byte == '\n' || byte == '\r';
        if ((byte < 0x20 && !is_break) || byte == 0x7f || (field->is_ascii && byte >= 0x80))
            *at = '?';
    }
    if ((size_t)g_utf8_strlen(fitting, -1) > field->max_length)
        *g_utf8_offset_to_pointer(fitting, (glong)field->max_length) = '\0';
    return json_object_new_string(fitting);
}

static struct json_object *build_string(const struct field *field, const char *text)
{
    size_t size = strnlen(text, field->room);
    if (size < field->room && string_fits(field, text, size))
        return json_object_new_string_len(text, (int)size);
    assert(!field->alphabet && field->min_length == 0); // an id, or a text that must not be empty
    return build_text(field, text, size);
}

static struct json_object *build_number(const struct field *field, const void *in)
{
    double number;
    memcpy(&number, in, sizeof(number));
    assert(!isnan(number));
    return json_object_new_double(CLAMP(number, field->min_number, field->max_number));
}

static struct json_object *build_integer(const struct field *field, const void *in)
{
    int64_t number;
    memcpy(&number, in, sizeof(number));
    return json_object_new_int64(CLAMP(number, field->min, field->max));
}

static struct json_object *build_enum(const struct field *field, const void *in)
{
    unsigned number;
    memcpy(&number, in, sizeof(number));
    assert(number < field->name_count && field->names[number]);
    return json_object_new_string(field->names[number]);
}

static struct json_object *build_value(const struct field *field, const void *in)
{
    switch (field->type) {
    case FIELD_OBJECT:
        return fields_build(field->fields, in);
    case FIELD_STRING:
        return build_string(field, in);
    case FIELD_INTEGER:
        return build_integer(field, in);
    case FIELD_NUMBER:
        return build_number(field, in);
    case FIELD_BOOLEAN:
        return json_object_new_boolean(*(const bool *)in);
    case FIELD_ENUM:
        return build_enum(field, in);
    }
    return NULL;
}

static struct json_object *build_array(const struct field *field, const char *in)
{
    size_t count;
    memcpy(&count, in + field->count_offset, sizeof(count));
    assert(count >= field->min_items && count <= field->max_items);
    struct json_object *array = json_object_new_array_ext((int)count);
    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, build_value(field, in + field->offset + i * field->item_size));
    return array;
}

struct json_object *fields_build(const struct field_table *table, const void *in)
{
    const char *bytes = in;
    struct json_object *d = json_object_new_object();
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        struct json_object *value;
        if (field->has_flag && !*(const bool *)(bytes + field->has_offset))
            continue;
        if (field->max_items)
            value = build_array(field, bytes);
        else
            value = build_value(field, bytes + field->offset);
        json_object_object_add_ex(d, field->name, value,
                JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT);
    }
    return d;
}
