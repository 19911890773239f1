// SPDX-License-Identifier: Apache-2.0
// JSON ↔ struct by a field table that protocol/generate.py made: the only JSON code for messages.
// Pure: no state of its own, any thread. Parsing allocates nothing; every limit is in the table.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

struct json_object;
struct field_table;

enum field_type {
    FIELD_STRING,
    FIELD_INTEGER,
    FIELD_NUMBER,
    FIELD_BOOLEAN,
    FIELD_ENUM,
    FIELD_OBJECT,
};

struct field {
    const char *name;
    enum field_type type;
    bool is_required;
    bool has_flag; // optional and not an array: a bool at has_offset says whether it is there
    bool is_ascii; // of a string: only ASCII
    size_t offset; // of the value or of the first item
    size_t has_offset;
    size_t max_items; // 0: not an array
    size_t min_items;
    size_t count_offset;
    size_t item_size;
    size_t min_length; // characters of a string, not bytes
    size_t max_length;
    size_t room;          // bytes of its buffer
    const char *alphabet; // the characters a string may have; NULL: any
    int64_t min;
    int64_t max;
    double min_number;
    double max_number;
    const char *const *names; // of an enum, by value; NULL: not on the wire
    size_t name_count;
    const struct field_table *fields; // of an object
};

struct field_table {
    const char *name; // of the message or type
    const struct field *fields;
    size_t count;
    size_t size; // of the struct
};

struct fields_error {
    const char *code; // stable and static: "proto.bad_field", "proto.missing_field"
    char path[128];   // "members[3].id"; empty: the whole
};

// Overwrites the whole struct at `out`. 0, or -EBADMSG with `error` filled in.
// Fields that the table does not name are ignored; `d` NULL counts as an empty object.
int fields_parse(const struct field_table *table, struct json_object *d, void *out,
        struct fields_error *error) MUST_CHECK;

// The JSON of a struct, owned by the caller (json_object_put); what it gives, fields_parse takes.
// Measurements and texts are made to fit: numbers to the nearest bound, texts cut to their length,
// with '?' for what no text may have. Ids, enums and counts outside of the contract are our own bug
// and asserted.
struct json_object *fields_build(const struct field_table *table, const void *in);
