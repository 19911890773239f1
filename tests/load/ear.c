// SPDX-License-Identifier: Apache-2.0
#include "tests/load/ear.h"

#include <stdlib.h>
#include <string.h>

#include "common/media/tone.h"

#define RATE_HZ         48000
#define HEARD_FROM_DBFS (-50)

static void judge(struct ear *ear)
{
    for (unsigned tone = 0; tone < CLIP_TONES; tone++) {
        const double level = tone_level_dbfs(ear->samples, EAR_WINDOW, clip_tone_hz(tone), RATE_HZ);
        ear->is_heard[tone] = level > HEARD_FROM_DBFS;
        ear->heard[tone] += ear->is_heard[tone];
        ear->newest[tone][ear->windows % EAR_NEWEST] = (float)level;
    }
    ear->windows++;
}

static int by_value(const void *a, const void *b)
{
    const float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

double ear_level_dbfs(const struct ear *ear, unsigned tone)
{
    float sorted[EAR_NEWEST];
    const size_t count = ear->windows < EAR_NEWEST ? (size_t)ear->windows : EAR_NEWEST;
    memcpy(sorted, ear->newest[tone], sizeof(sorted));
    qsort(sorted, count, sizeof(sorted[0]), by_value);
    return count > 0 ? (double)sorted[count / 2] : -200;
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
