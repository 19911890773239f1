// SPDX-License-Identifier: Apache-2.0
#include "signaling/rate_limit.h"

void rate_limit_init(struct rate_limit *limit, double burst, double per_second, int64_t now_us)
{
    limit->tokens = burst;
    limit->burst = burst;
    limit->per_second = per_second;
    limit->at_us = now_us;
}

bool rate_limit_take(struct rate_limit *limit, int64_t now_us)
{
    if (now_us > limit->at_us) {
        limit->tokens += (double)(now_us - limit->at_us) / 1e6 * limit->per_second;
        if (limit->tokens > limit->burst)
            limit->tokens = limit->burst;
        limit->at_us = now_us;
    }
    if (limit->tokens < 1)
        return false;
    limit->tokens -= 1;
    return true;
}
