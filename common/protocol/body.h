// SPDX-License-Identifier: Apache-2.0
// The bodies of REST requests, replies and errors. Pure: any thread.
#pragma once

#include <stddef.h>

#include "common/base/check.h"
#include "common/protocol/fields.h"
#include "common/protocol/messages.h"

#define BODY_MAX_BYTES       (4 * 1024 * 1024)
#define BODY_CONTENT_TYPE    "application/json"
#define PROBLEM_CONTENT_TYPE "application/problem+json"

// JSON text → struct, by message_infos[type].fields or .reply_fields, or &type_problem_fields.
// No text at all (size 0) counts as {}. 0, or -EBADMSG with `error`.
int body_parse(const struct field_table *table, const char *text, size_t size, void *out,
        struct fields_error *error) MUST_CHECK;

// Struct → JSON text, owned by the caller (g_free). `in` NULL gives {}.
char *body_build(const struct field_table *table, const void *in);

// The body of an error, with the code's text as its title; `detail` such as "line 17", or NULL.
// Owned by the caller (g_free). Its HTTP status is error_infos[code].http_status.
char *problem_build(enum error_code code, const char *detail);
