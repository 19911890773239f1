// SPDX-License-Identifier: Apache-2.0
#include "common/base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

// Someone who waits in loop_call().
struct loop_waiter {
    pthread_mutex_t mutex;
    pthread_cond_t done_changed;
    bool done;
};

struct loop_job {
    struct loop_job *next;
    loop_fn *fn;
    void *context;
    struct loop_waiter *waiter; // NULL: nobody waits
    size_t size;
    max_align_t data[];
};

// Jobs cross on a pthread mutex and an eventfd, not on GLib's primitives: those are futexes that
// ThreadSanitizer can not see.
struct loop {
    GMainContext *context;
    GMainLoop *main_loop;
    GSource *jobs_source;
    int wake_fd;
    bool has_thread;
    pthread_t thread; // the owner
    char name[16];

    pthread_mutex_t mutex; // guards what follows
    struct loop_job *first;
    struct loop_job **last;
};

static struct loop_job *take_jobs(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct loop_job *jobs = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->mutex);
    return jobs;
}

static void job_end(struct loop_job *job)
{
    struct loop_waiter *waiter = job->waiter;
    free(job);
    if (!waiter)
        return;
    pthread_mutex_lock(&waiter->mutex);
    waiter->done = true;
    pthread_cond_signal(&waiter->done_changed);
    pthread_mutex_unlock(&waiter->mutex);
}

static gboolean run_jobs(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    struct loop *loop = data;
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof(count)); // EAGAIN: somebody's wake-up came with the last
    (void)got;

    struct loop_job *job = take_jobs(loop);
    while (job) {
        struct loop_job *next = job->next;
        job->fn(job->context, job->size > 0 ? job->data : NULL);
        job_end(job);
        job = next;
    }
    return G_SOURCE_CONTINUE;
}

// Takes the context over.
static struct loop *loop_new(const char *name, GMainContext *context)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        abort();
    g_strlcpy(loop->name, name, sizeof(loop->name));
    loop->context = context;
    loop->main_loop = g_main_loop_new(context, FALSE);
    loop->last = &loop->first;
    pthread_mutex_init(&loop->mutex, NULL);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0)
        g_error("loop %s: eventfd: %s", name, g_strerror(errno));
    loop->jobs_source = loop_add_fd(loop, loop->wake_fd, G_IO_IN, run_jobs, loop);
    return loop;
}

static void *thread_main(void *data)
{
    struct loop *loop = data;
    pthread_mutex_lock(&loop->mutex); // until pthread_create() has stored loop->thread
    pthread_mutex_unlock(&loop->mutex);
    pthread_setname_np(pthread_self(), loop->name);
    g_main_context_push_thread_default(loop->context);
    g_main_loop_run(loop->main_loop);
    g_main_context_pop_thread_default(loop->context);
    return NULL;
}

struct loop *loop_new_thread(const char *name)
{
    struct loop *loop = loop_new(name, g_main_context_new());
    loop->has_thread = true;
    pthread_mutex_lock(&loop->mutex);
    int rc = pthread_create(&loop->thread, NULL, thread_main, loop);
    pthread_mutex_unlock(&loop->mutex);
    if (rc != 0)
        g_error("loop %s: no thread: %s", name, g_strerror(rc));
    return loop;
}

struct loop *loop_new_main(void)
{
    struct loop *loop = loop_new("main", g_main_context_ref(g_main_context_default()));
    loop->thread = pthread_self();
    return loop;
}

void loop_run(struct loop *loop)
{
    loop_assert_current(loop);
    g_main_loop_run(loop->main_loop);
}

static void quit_here(void *context, const void *data)
{
    (void)data;
    struct loop *loop = context;
    g_main_loop_quit(loop->main_loop);
}

void loop_quit(struct loop *loop)
{
    loop_post(loop, quit_here, loop, NULL, 0);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    if (loop->has_thread) {
        loop_quit(loop);
        pthread_join(loop->thread, NULL);
    }
    struct loop_job *job = take_jobs(loop);
    while (job) {
        struct loop_job *next = job->next;
        job_end(job);
        job = next;
    }
    loop_clear_source(&loop->jobs_source);
    g_main_loop_unref(loop->main_loop);
    g_main_context_unref(loop->context);
    close(loop->wake_fd);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

GMainContext *loop_context(struct loop *loop)
{
    return loop->context;
}

void loop_assert_current(const struct loop *loop)
{
    if (!pthread_equal(pthread_self(), loop->thread))
        g_error("loop %s: called on another thread", loop->name);
}

static void post(struct loop *loop, struct loop_waiter *waiter, loop_fn *fn, void *context,
        const void *data, size_t size)
{
    struct loop_job *job = malloc(sizeof(*job) + size);
    if (!job)
        abort();
    *job = (struct loop_job){ .fn = fn, .context = context, .waiter = waiter, .size = size };
    if (size > 0)
        memcpy(job->data, data, size);

    // Woken under the mutex: after the job ran, its last act may be to free this loop's owner.
    pthread_mutex_lock(&loop->mutex);
    bool was_empty = loop->first == NULL;
    *loop->last = job;
    loop->last = &job->next;
    if (was_empty) {
        uint64_t one = 1;
        ssize_t written = write(loop->wake_fd, &one, sizeof(one)); // can not be full: it is read
        (void)written;
    }
    pthread_mutex_unlock(&loop->mutex);
}

void loop_post(struct loop *loop, loop_fn *fn, void *context, const void *data, size_t size)
{
    post(loop, NULL, fn, context, data, size);
}

void loop_call(struct loop *loop, loop_fn *fn, void *context, const void *data, size_t size)
{
    struct loop_waiter waiter = { .done = false };
    pthread_mutex_init(&waiter.mutex, NULL);
    pthread_cond_init(&waiter.done_changed, NULL);
    post(loop, &waiter, fn, context, data, size);
    pthread_mutex_lock(&waiter.mutex);
    while (!waiter.done)
        pthread_cond_wait(&waiter.done_changed, &waiter.mutex);
    pthread_mutex_unlock(&waiter.mutex);
    pthread_cond_destroy(&waiter.done_changed);
    pthread_mutex_destroy(&waiter.mutex);
}

GSource *loop_add_timer(struct loop *loop, guint interval_ms, GSourceFunc fn, void *context)
{
    GSource *source = g_timeout_source_new(interval_ms);
    g_source_set_callback(source, fn, context, NULL);
    g_source_attach(source, loop->context);
    return source;
}

GSource *loop_add_fd(
        struct loop *loop, int fd, GIOCondition condition, GUnixFDSourceFunc fn, void *context)
{
    GSource *source = g_unix_fd_source_new(fd, condition);
    // GLib's own example casts so: the source knows its callback's real type.
    g_source_set_callback(source, (GSourceFunc)(void (*)(void))fn, context, NULL);
    g_source_attach(source, loop->context);
    return source;
}

void loop_clear_source(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_source_unref(*source);
    *source = NULL;
}
