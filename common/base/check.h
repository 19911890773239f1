// SPDX-License-Identifier: Apache-2.0
// Attributes and macros that every layer uses.
#pragma once

#include <stddef.h>

// The caller must look at the result: 0 or a negative errno.
#define MUST_CHECK                       __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define COUNT_OF(array)                  (sizeof(array) / sizeof((array)[0]))
