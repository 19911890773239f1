// SPDX-License-Identifier: Apache-2.0
// A libwebsockets context on a loop. Of common/net only.
#pragma once

#include <libwebsockets.h>

#include "common/base/loop.h"

// Fills what all contexts share: the GLib loop, the log, HTTP/1.1, no listener of its own.
// `loops` lends storage that must live until the context is made.
void lws_glue_fill(struct lws_context_creation_info *info, GMainLoop *main_loop, void **loops);
