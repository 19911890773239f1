// SPDX-License-Identifier: Apache-2.0
// A request to the running rong-room, through its page. What goes wrong is said on stderr.
#pragma once

#include "common/base/config.h"
#include "common/protocol/fields.h"

enum { EXIT_REFUSED = 1 };

// POST of `body` to /api/PATH, or GET without one. 0 with *out (g_free), else the exit code.
int ask_box(const struct config *config, const char *path, const char *body, char **out);
// The exit code for an answer that is none.
int ask_bad_answer(const struct fields_error *error);
