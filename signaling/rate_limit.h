// SPDX-License-Identifier: Apache-2.0
// A token bucket: so many at once, so many a second. Pure; the clock is a parameter.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    double tokens;
    double burst;
    double per_second;
    int64_t at_us;
};

void rate_limit_init(struct rate_limit *limit, double burst, double per_second, int64_t now_us);
// Takes one; false when there is none left.
bool rate_limit_take(struct rate_limit *limit, int64_t now_us);
