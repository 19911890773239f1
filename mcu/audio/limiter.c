// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/limiter.h"

#include <string.h>

#define CEILING     32000.0f // -0.2 dBFS: the encoder overshoots a little
#define RELEASE     0.01f    // of what is missing, each ms: 100 ms time constant
#define FRAME_PARTS (AUDIO_FRAME / LIMITER_BLOCK)

void limiter_init(struct limiter *limiter)
{
    memset(limiter, 0, sizeof(*limiter));
    for (int i = 0; i < LIMITER_AHEAD; i++)
        limiter->allowed[i] = 1;
    limiter->gain = 1;
}

static float allowed_gain(const int32_t *block)
{
    int32_t peak = 0;
    for (int i = 0; i < LIMITER_BLOCK; i++) {
        int32_t size = block[i] < 0 ? -block[i] : block[i];
        peak = size > peak ? size : peak;
    }
    return (float)peak <= CEILING ? 1.0f : CEILING / (float)peak;
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

// The gain at the end of block `at`: what this block and the next allow, falling in a straight line
// towards what a later block will need, rising slowly.
static float next_gain(const float *allowed, int at, float gain)
{
    float next = gain + (1.0f - gain) * RELEASE;
    next = smaller(next, smaller(allowed[at], allowed[at + 1]));
    for (int ahead = 2; ahead <= LIMITER_AHEAD; ahead++) {
        float needed = allowed[at + ahead];
        next = smaller(next, needed + (1.0f - needed) * (float)(ahead - 1) / LIMITER_AHEAD);
    }
    return next;
}

static void put_block(const int32_t *in, int16_t *out, float from, float to)
{
    float step = (to - from) / LIMITER_BLOCK;
    for (int i = 0; i < LIMITER_BLOCK; i++) {
        float value = (float)in[i] * (from + step * (float)i);
        if (value > 32767.0f)
            value = 32767.0f;
        if (value < -32768.0f)
            value = -32768.0f;
        out[i] = (int16_t)value;
    }
}

void limiter_run(struct limiter *limiter, const int32_t in[AUDIO_FRAME], int16_t out[AUDIO_FRAME])
{
    int32_t samples[LIMITER_DELAY + AUDIO_FRAME];
    float allowed[LIMITER_AHEAD + FRAME_PARTS];

    memcpy(samples, limiter->delayed, sizeof(limiter->delayed));
    memcpy(samples + LIMITER_DELAY, in, AUDIO_FRAME * sizeof(in[0]));
    memcpy(allowed, limiter->allowed, sizeof(limiter->allowed));
    for (int i = 0; i < FRAME_PARTS; i++)
        allowed[LIMITER_AHEAD + i] = allowed_gain(in + i * LIMITER_BLOCK);

    for (int i = 0; i < FRAME_PARTS; i++) {
        float to = next_gain(allowed, i, limiter->gain);
        put_block(samples + i * LIMITER_BLOCK, out + i * LIMITER_BLOCK, limiter->gain, to);
        limiter->gain = to;
    }

    memcpy(limiter->delayed, samples + AUDIO_FRAME, sizeof(limiter->delayed));
    memcpy(limiter->allowed, allowed + FRAME_PARTS, sizeof(limiter->allowed));
}
