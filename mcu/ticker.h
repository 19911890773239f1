// SPDX-License-Identifier: Apache-2.0
// A thread's heartbeat: absolute deadlines by timerfd, and a wake-up that others may give. Stopped,
// it sleeps without end. Allocates nothing after ticker_open().
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"

struct ticker {
    int timer_fd, wake_fd;
    int64_t interval_us;
    int64_t next_us; // deadline of the next tick, monotonic; 0: stopped
};

int ticker_open(struct ticker *ticker, int64_t interval_us) MUST_CHECK;
void ticker_close(struct ticker *ticker);
// Any thread, also without a lock or memory: ends the current ticker_wait().
void ticker_wake(const struct ticker *ticker);
// The owner's thread. Running: deadlines every interval from now.
void ticker_run(struct ticker *ticker, bool running);
// Waits for a deadline or a wake-up. True at a deadline, *due_us is when it was due; deadlines that
// have passed come one by one.
bool ticker_wait(struct ticker *ticker, int64_t *due_us);
// The same without waiting, for who watches timer_fd itself.
bool ticker_take(struct ticker *ticker, int64_t *due_us);
// Leaves the deadlines out that are over by more than `behind_us`; returns how many.
int ticker_skip(struct ticker *ticker, int64_t behind_us);
int64_t ticker_now_us(void);
