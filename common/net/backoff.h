// SPDX-License-Identifier: Apache-2.0
// Pauses between attempts: doubling up to a limit, each drawn from the upper half so that a
// thousand clients do not come back in step. Pure: chance comes from the caller.
#pragma once

#include <stdint.h>

struct backoff {
    uint32_t min_ms;
    uint32_t max_ms;
    uint32_t next_ms;
};

void backoff_init(struct backoff *backoff, uint32_t min_ms, uint32_t max_ms);
// After a success.
void backoff_reset(struct backoff *backoff);
// The pause before the next attempt, from half of the step to the whole of it. `random`: any 32
// bits.
uint32_t backoff_next(struct backoff *backoff, uint32_t random);
