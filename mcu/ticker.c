// SPDX-License-Identifier: Apache-2.0
#include "mcu/ticker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int ticker_open(struct ticker *ticker, int64_t interval_us)
{
    *ticker = (struct ticker){ .interval_us = interval_us };
    ticker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ticker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ticker->timer_fd < 0 || ticker->wake_fd < 0 ? -errno : 0;
}

void ticker_close(struct ticker *ticker)
{
    if (ticker->timer_fd >= 0)
        close(ticker->timer_fd);
    if (ticker->wake_fd >= 0)
        close(ticker->wake_fd);
}

void ticker_wake(const struct ticker *ticker)
{
    const uint64_t one = 1;
    ssize_t written = write(ticker->wake_fd, &one, sizeof(one));
    (void)written; // EAGAIN: it is awake already
}

int64_t ticker_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void arm(const struct ticker *ticker)
{
    struct itimerspec when = { 0 };
    when.it_value.tv_sec = ticker->next_us / 1000000;
    when.it_value.tv_nsec = ticker->next_us % 1000000 * 1000;
    timerfd_settime(ticker->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void ticker_run(struct ticker *ticker, bool running)
{
    if (running == (ticker->next_us != 0))
        return;
    ticker->next_us = running ? ticker_now_us() + ticker->interval_us : 0;
    arm(ticker);
}

static void drain(int fd)
{
    uint64_t count = 0;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got;
}

bool ticker_take(struct ticker *ticker, int64_t *due_us)
{
    if (ticker->next_us == 0 || ticker_now_us() < ticker->next_us)
        return false;
    *due_us = ticker->next_us;
    ticker->next_us += ticker->interval_us;
    arm(ticker); // also makes the descriptor unreadable until then
    return true;
}

bool ticker_wait(struct ticker *ticker, int64_t *due_us)
{
    if (ticker_take(ticker, due_us))
        return true;
    struct pollfd fds[] = {
        { .fd = ticker->timer_fd, .events = POLLIN },
        { .fd = ticker->wake_fd, .events = POLLIN },
    };
    poll(fds, 2, -1);
    if (fds[1].revents & POLLIN)
        drain(ticker->wake_fd);
    return ticker_take(ticker, due_us);
}

int ticker_skip(struct ticker *ticker, int64_t behind_us)
{
    int skipped = 0;
    while (ticker->next_us != 0 && ticker_now_us() - ticker->next_us > behind_us) {
        ticker->next_us += ticker->interval_us;
        skipped++;
    }
    if (skipped > 0)
        arm(ticker);
    return skipped;
}
