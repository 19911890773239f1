// SPDX-License-Identifier: Apache-2.0
// A libwebsockets context on a loop. Of common/net, and of hw's edges to WebSockets.
#pragma once

#include <libwebsockets.h>

#include "common/base/loop.h"

// Fills what all contexts and vhosts share: the GLib loop, the log, no listener of its own.
// `loops` lends storage that must live as long as the context.
void lws_glue_fill(struct lws_context_creation_info *info, GMainLoop *main_loop, void **loops);
// The library looks at its timers after its own events only: who sets a time-out from elsewhere
// wakes it by lws_cancel_service(). Aborts when the GLib plug-in is not installed. End it by
// lws_context_destroy(), exactly once: a second call crashes in 4.1.6.
struct lws_context *lws_glue_create(const struct lws_context_creation_info *info);
