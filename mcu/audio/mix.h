// SPDX-License-Identifier: Apache-2.0
// Sums of 20 ms frames in 32 bits: what all say, and for each talker all minus itself. Pure.
#pragma once

#include <stdint.h>

#define AUDIO_RATE_HZ     48000
#define AUDIO_FRAME       960 // samples of 20 ms, mono
#define AUDIO_GAIN_ONE    4096
#define AUDIO_GAIN_MOST   (8 * AUDIO_GAIN_ONE)
#define AUDIO_TALKERS_MAX 64 // 64 full-scale talkers at the largest gain still fit 32 bits

// One talker's part: pcm with a gain (AUDIO_GAIN_ONE is 0 dB, at most 8 times that) that moves
// evenly from `gain_from` to `gain_to` over the frame, so that opening a microphone makes no click.
void mix_scale(
        int32_t out[AUDIO_FRAME], const int16_t pcm[AUDIO_FRAME], int gain_from, int gain_to);
void mix_clear(int32_t sum[AUDIO_FRAME]);
void mix_add(int32_t sum[AUDIO_FRAME], const int32_t part[AUDIO_FRAME]);
// out = sum - own.
void mix_minus(
        int32_t out[AUDIO_FRAME], const int32_t sum[AUDIO_FRAME], const int32_t own[AUDIO_FRAME]);
// Whole dB (-60 … 18) as a factor of AUDIO_GAIN_ONE.
int mix_gain_from_db(int db);
