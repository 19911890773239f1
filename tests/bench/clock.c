// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define BATCHES 5

static int64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_thread_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_process_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

void clock_sleep_until_ns(int64_t at_ns)
{
    const struct timespec at = { .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// The CPU clock of a thread costs a system call: it is not read after every call of a short one.
static double batch_us(clock_once_fn *once, void *user, int64_t calls)
{
    const int64_t begun_ns = clock_thread_ns();
    for (int64_t i = 0; i < calls; i++)
        once(user);
    return (double)(clock_thread_ns() - begun_ns) / 1000 / (double)calls;
}

double clock_time_us(clock_once_fn *once, void *user, int for_ms)
{
    const double batch_ms = (double)for_ms / (BATCHES + 1);
    int64_t calls = 1;
    double us = batch_us(once, user, calls); // warms up, too
    while (us * (double)calls < batch_ms * 1000 / 4) {
        calls *= 2;
        us = batch_us(once, user, calls);
    }
    calls = us > 0 ? (int64_t)(batch_ms * 1000 / us) + 1 : calls;
    double batches[BATCHES];
    for (int i = 0; i < BATCHES; i++)
        batches[i] = batch_us(once, user, calls);
    qsort(batches, BATCHES, sizeof(batches[0]), compare);
    return batches[BATCHES / 2];
}
