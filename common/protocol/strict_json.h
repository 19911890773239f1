// SPDX-License-Identifier: Apache-2.0
// JSON text ↔ json-c object, stricter than json-c: UTF-8 without halves of surrogate pairs, no NaN,
// nothing after the value, at most STRICT_JSON_MAX_DEPTH deep. Pure: any thread.
#pragma once

#include <stddef.h>

#include "common/base/check.h"
#include "common/protocol/fields.h"

#define STRICT_JSON_MAX_DEPTH 16

// 0 with an object that the caller owns (json_object_put), or -EBADMSG with "proto.bad_utf8" or
// "proto.bad_json". The value has to be an object.
int strict_json_parse(const char *text, size_t size, struct json_object **out,
        struct fields_error *error) MUST_CHECK;

// Takes the object; the text is the caller's (g_free).
char *strict_json_take_text(struct json_object *object);
