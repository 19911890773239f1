// SPDX-License-Identifier: Apache-2.0
// Brings a 32 bit sum into 16 bits: a limiter that looks 3 ms ahead, so that it turns down before a
// peak instead of clipping it. Pure; a value that may be copied, so that one mix can go on where
// another is.
#pragma once

#include <stdint.h>

#include "mcu/audio/mix.h"

#define LIMITER_BLOCK 48 // 1 ms
#define LIMITER_AHEAD 3  // blocks
#define LIMITER_DELAY (LIMITER_BLOCK * LIMITER_AHEAD)

struct limiter {
    int32_t delayed[LIMITER_DELAY];
    float allowed[LIMITER_AHEAD]; // the gain that each delayed block allows
    float gain;                   // at the end of what was put out
};

void limiter_init(struct limiter *limiter);
// One frame in, one frame out, LIMITER_DELAY samples later.
void limiter_run(struct limiter *limiter, const int32_t in[AUDIO_FRAME], int16_t out[AUDIO_FRAME]);
