// SPDX-License-Identifier: Apache-2.0
#include "tests/load/ear.h"

#include "common/media/tone.h"

#define RATE_HZ         48000
#define HEARD_FROM_DBFS (-50)

static void judge(struct ear *ear)
{
    ear->windows++;
    for (unsigned tone = 0; tone < CLIP_TONES; tone++) {
        const double level = tone_level_dbfs(ear->samples, EAR_WINDOW, clip_tone_hz(tone), RATE_HZ);
        ear->is_heard[tone] = level > HEARD_FROM_DBFS;
        ear->heard[tone] += ear->is_heard[tone];
    }
}

void ear_listen(struct ear *ear, const int16_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ear->samples[ear->count++] = samples[i];
        if (ear->count < EAR_WINDOW)
            continue;
        judge(ear);
        ear->count = 0;
    }
}
