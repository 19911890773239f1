// SPDX-License-Identifier: Apache-2.0
// One thread with one GMainContext. Everything of one owner happens on its loop; others post to it.
#pragma once

#include <glib-unix.h>
#include <glib.h>

struct loop;
// Runs on the loop's thread. `data` is the loop's copy and is freed after the call.
typedef void loop_fn(void *context, const void *data);

// A loop on a thread of its own, already running.
struct loop *loop_new_thread(const char *name);
// A loop for the calling thread (the program's main thread): run it with loop_run().
struct loop *loop_new_main(void);
void loop_run(struct loop *loop);
// Any thread. Ends loop_run(), or lets the loop's thread come to its end.
void loop_quit(struct loop *loop);
// Ends and joins the thread (never call it from that thread), drops jobs that did not run.
void loop_free(struct loop *loop);

GMainContext *loop_context(struct loop *loop);
// Aborts when the caller is on another thread: opens each entry point of a loop's owner.
void loop_assert_current(const struct loop *loop);

// Any thread. Copies `size` bytes of `data` (may be NULL, 0); jobs of one caller run in order.
void loop_post(struct loop *loop, loop_fn *fn, void *context, const void *data, size_t size);
// Any thread but the loop's own: posts and waits until it ran. For starting and ending only.
void loop_call(struct loop *loop, loop_fn *fn, void *context, const void *data, size_t size);

// On the loop's thread. The source is destroyed by g_source_destroy() + g_source_unref(), or by
// `fn` returning G_SOURCE_REMOVE (the reference stays yours).
GSource *loop_add_timer(struct loop *loop, guint interval_ms, GSourceFunc fn, void *context);
GSource *loop_add_fd(
        struct loop *loop, int fd, GIOCondition condition, GUnixFDSourceFunc fn, void *context);
// Destroys and unrefs *source and sets it to NULL; NULL is fine.
void loop_clear_source(GSource **source);
