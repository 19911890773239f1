// SPDX-License-Identifier: Apache-2.0
// Pure tones: made for pilot tones, found again by Goertzel's filter; and the loudness of a frame.
// Mono, signed 16 bits. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tone {
    double phase;     // of the next sample, radians
    double step;      // radians a sample
    double amplitude; // 0…32767
};

void tone_init(struct tone *tone, double hz, double dbfs, int rate_hz);
// Adds the tone to the samples, saturating.
void tone_add(struct tone *tone, int16_t *samples, size_t count);

// How loud `hz` is in the samples: dB below a full-scale sine; -200 when it is not there at all.
// The filter is about rate / count wide: 100 ms separate tones 10 Hz apart.
double tone_level_dbfs(const int16_t *samples, size_t count, double hz, int rate_hz);

// RFC 6464: the root mean square of a frame as 0…127, the negative of dBov; 127 is silence.
uint8_t audio_level(const int16_t *samples, size_t count);
