// SPDX-License-Identifier: Apache-2.0
// Times and CPU times for measuring.
#pragma once

#include <stdint.h>

// Nanoseconds of CPU that the calling thread, or all threads of the process, have used.
int64_t clock_thread_ns(void);
int64_t clock_process_ns(void);
int64_t clock_now_ns(void); // monotonic
void clock_sleep_until_ns(int64_t at_ns);

typedef void clock_once_fn(void *user);
// Microseconds of CPU that one call takes: the median of several batches that together last about
// `for_ms`.
double clock_time_us(clock_once_fn *once, void *user, int for_ms);
