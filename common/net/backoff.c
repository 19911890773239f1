// SPDX-License-Identifier: Apache-2.0
#include "common/net/backoff.h"

void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms)
{
    *backoff = (struct backoff){ .min_ms = min_ms, .max_ms = max_ms, .next_ms = min_ms };
}

void backoff_reset(struct backoff *backoff)
{
    backoff->next_ms = backoff->min_ms;
}

uint32_t backoff_next(struct backoff *backoff, uint32_t random)
{
    uint32_t step = backoff->next_ms;
    uint64_t doubled = (uint64_t)step * 2;
    backoff->next_ms = doubled > backoff->max_ms ? backoff->max_ms : (uint32_t)doubled;
    return step / 2 + random % (step - step / 2 + 1);
}
