// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "common/base/loop.h"

#include <cmocka.h>

#define MANY 20000

struct tally {
    int count; // only on the loop's thread, or when it waits
    int last[4];
    bool is_in_order;
};

static void note(void *context, const void *data)
{
    struct tally *tally = context;
    const int *pair = data; // who, number
    tally->is_in_order = tally->is_in_order && pair[1] == tally->last[pair[0]] + 1;
    tally->last[pair[0]] = pair[1];
    tally->count++;
}

struct poster {
    struct loop *loop;
    struct tally *tally;
    int who;
};

static void *post_many(void *data)
{
    const struct poster *poster = data;
    for (int i = 1; i <= MANY; i++) {
        int pair[2] = { poster->who, i };
        loop_post(poster->loop, note, poster->tally, pair, sizeof(pair));
    }
    return NULL;
}

static void nothing(void *context, const void *data)
{
    assert_null(context);
    assert_null(data);
}

static void runs_the_jobs_of_each_caller_in_order(void **state)
{
    (void)state;
    struct loop *loop = loop_new_thread("jobs");
    struct tally tally = { .is_in_order = true };
    struct poster posters[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        posters[i] = (struct poster){ loop, &tally, i };
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    loop_call(loop, nothing, NULL, NULL, 0);
    assert_int_equal(tally.count, 4 * MANY);
    assert_true(tally.is_in_order);
    loop_free(loop);
}

static void add_one(void *context, const void *data)
{
    const char *text = data;
    assert_string_equal(text, "copied");
    ++*(int *)context;
}

static void a_call_waits_and_data_is_copied(void **state)
{
    (void)state;
    struct loop *loop = loop_new_thread("call");
    int count = 0;
    char text[] = "copied";
    for (int i = 0; i < 100; i++) {
        loop_post(loop, add_one, &count, text, sizeof(text));
        loop_call(loop, add_one, &count, text, sizeof(text));
        assert_int_equal(count, 2 * (i + 1));
    }
    loop_free(loop);
}

static void drops_what_did_not_run(void **state)
{
    (void)state;
    struct loop *loop = loop_new_main();
    int count = 0;
    loop_post(loop, add_one, &count, "copied", 7);
    loop_free(loop);
    loop_free(NULL);
    assert_int_equal(count, 0);
}

static gboolean quit_soon(gpointer data)
{
    loop_quit(data);
    return G_SOURCE_REMOVE;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    char text[8] = "";
    assert_int_equal(condition, G_IO_IN);
    assert_int_equal(read(fd, text, sizeof(text)), 2);
    memcpy(data, text, sizeof(text));
    return G_SOURCE_CONTINUE;
}

static void timers_and_files_wake_the_main_loop(void **state)
{
    (void)state;
    struct loop *loop = loop_new_main();
    int ends[2];
    char text[8] = "";
    assert_int_equal(pipe(ends), 0);
    GSource *file = loop_add_fd(loop, ends[0], G_IO_IN, on_readable, text);
    assert_int_equal(write(ends[1], "hi", 2), 2);
    GSource *timer = loop_add_timer(loop, 5, quit_soon, loop);
    loop_run(loop);
    assert_string_equal(text, "hi");
    loop_clear_source(&timer);
    loop_clear_source(&file);
    loop_clear_source(&file);
    assert_null(file);
    close(ends[0]);
    close(ends[1]);
    loop_free(loop);
}

static void check_current(void *context, const void *data)
{
    (void)data;
    loop_assert_current(context);
}

static void *post_quit(void *data)
{
    loop_quit(data);
    return NULL;
}

static void another_thread_ends_it(void **state)
{
    (void)state;
    struct loop *loop = loop_new_main();
    struct loop *other = loop_new_thread("other");
    loop_call(other, check_current, other, NULL, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_quit, loop), 0);
    loop_run(loop); // even when the quit came first
    pthread_join(thread, NULL);
    loop_free(other);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_the_jobs_of_each_caller_in_order),
        cmocka_unit_test(a_call_waits_and_data_is_copied),
        cmocka_unit_test(drops_what_did_not_run),
        cmocka_unit_test(timers_and_files_wake_the_main_loop),
        cmocka_unit_test(another_thread_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
