// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/mix.h"

#include <math.h>
#include <string.h>

#define GAIN_BITS 12

void mix_scale(int32_t out[AUDIO_FRAME], const int16_t pcm[AUDIO_FRAME], int gain_from, int gain_to)
{
    if (gain_from == gain_to) {
        for (int i = 0; i < AUDIO_FRAME; i++)
            out[i] = (pcm[i] * gain_to) >> GAIN_BITS;
        return;
    }
    for (int i = 0; i < AUDIO_FRAME; i++) {
        int gain = gain_from + (gain_to - gain_from) * i / AUDIO_FRAME;
        out[i] = (pcm[i] * gain) >> GAIN_BITS;
    }
}

void mix_clear(int32_t sum[AUDIO_FRAME])
{
    memset(sum, 0, AUDIO_FRAME * sizeof(sum[0]));
}

void mix_add(int32_t sum[AUDIO_FRAME], const int32_t part[AUDIO_FRAME])
{
    for (int i = 0; i < AUDIO_FRAME; i++)
        sum[i] += part[i];
}

void mix_minus(
        int32_t out[AUDIO_FRAME], const int32_t sum[AUDIO_FRAME], const int32_t own[AUDIO_FRAME])
{
    for (int i = 0; i < AUDIO_FRAME; i++)
        out[i] = sum[i] - own[i];
}

int mix_gain_from_db(int db)
{
    if (db <= -60)
        return 0;
    if (db > 18)
        db = 18;
    return (int)lround(AUDIO_GAIN_ONE * pow(10.0, db / 20.0));
}
