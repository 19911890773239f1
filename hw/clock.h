// SPDX-License-Identifier: Apache-2.0
// The time as devices see it: a loop's in programs, set by hand in tests.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/loop.h"

struct hw_timer {
    void (*fn)(void *context);
    void *context;
    int64_t at_ms;   // the clock's own
    bool is_armed;   // the clock's own
    GSource *source; // the clock's own
    struct hw_timer *next;
};

struct hw_clock {
    int64_t (*now_ms)(struct hw_clock *clock); // monotonic
    uint32_t (*random)(struct hw_clock *clock);
    // Calls the timer's fn once at `at_ms` (at once, but not from here, when that is past); arming
    // an armed timer moves it.
    void (*arm)(struct hw_clock *clock, struct hw_timer *timer, int64_t at_ms);
    void (*disarm)(struct hw_clock *clock, struct hw_timer *timer);
};

struct hw_clock *hw_clock_loop_new(struct loop *loop);
void hw_clock_loop_free(struct hw_clock *clock);

// For tests: time stands still until it is moved.
struct hw_clock *hw_clock_fake_new(void);
void hw_clock_fake_free(struct hw_clock *clock);
// Runs what falls due on the way, in order.
void hw_clock_fake_advance(struct hw_clock *clock, int64_t ms);
