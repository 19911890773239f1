// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/level.h"

#include <math.h>

int level_dbov(const int16_t *pcm, size_t count)
{
    if (count == 0)
        return -127;

    int64_t energy = 0;
    for (size_t i = 0; i < count; i++)
        energy += (int32_t)pcm[i] * pcm[i];
    if (energy == 0)
        return -127;

    double db = 10.0 * log10((double)energy / (double)count / (32767.0 * 32767.0));
    if (db > 0)
        return 0;
    if (db < -127)
        return -127;
    return (int)lround(db);
}
