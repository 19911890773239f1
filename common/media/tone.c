// SPDX-License-Identifier: Apache-2.0
#include "common/media/tone.h"

#include <math.h>

void tone_init(struct tone *tone, double hz, double dbfs, int rate_hz)
{
    *tone = (struct tone){ .step = 2 * M_PI * hz / rate_hz,
        .amplitude = 32767 * pow(10, dbfs / 20) };
}

static int16_t saturated(double value)
{
    return (int16_t)lrint(fmax(-32768, fmin(32767, value)));
}

void tone_add(struct tone *tone, int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        samples[i] = saturated(samples[i] + tone->amplitude * sin(tone->phase));
        tone->phase += tone->step;
    }
    tone->phase = fmod(tone->phase, 2 * M_PI);
}

double tone_level_dbfs(const int16_t *samples, size_t count, double hz, int rate_hz)
{
    const double coefficient = 2 * cos(2 * M_PI * hz / rate_hz);
    double last = 0;
    double before = 0;
    double weights = 0;
    for (size_t i = 0; i < count; i++) {
        // Hann: without it a loud neighbour's side lobes would pass for the tone.
        const double weight = 0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / (double)count);
        const double now = samples[i] * weight + coefficient * last - before;
        weights += weight;
        before = last;
        last = now;
    }
    const double power = last * last + before * before - coefficient * last * before;
    if (power < 1e-6 || weights < 1)
        return -200;
    return 20 * log10(2 * sqrt(power) / weights / 32767);
}

uint8_t audio_level(const int16_t *samples, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)samples[i] * samples[i];
    if (count == 0 || sum < 1)
        return 127;
    const double below = -10 * log10(sum / (double)count / (32768.0 * 32768.0));
    return below > 127 ? 127 : below < 0 ? 0 : (uint8_t)lrint(below);
}
