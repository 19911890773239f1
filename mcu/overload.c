// SPDX-License-Identifier: Apache-2.0
#include "mcu/overload.h"

#define BAD_PERCENT  20
#define GOOD_PERCENT 4
#define LATE_BAD     10 // of 50 ticks of sound
#define BAD_SECONDS  4  // before something is given up, and before the next thing is
#define GOOD_SECONDS 20 // before it is given back

static int64_t percent(int64_t part, int64_t rest)
{
    return part + rest > 0 ? part * 100 / (part + rest) : 0;
}

bool overload_update(struct overload *overload, const struct overload_second *second)
{
    const int64_t skipped = percent(second->ticks_skipped, second->ticks);
    const int64_t busy = percent(second->busy, second->encoded);
    const bool is_bad =
            skipped >= BAD_PERCENT || busy >= BAD_PERCENT || second->sounds_late >= LATE_BAD;
    const bool is_good =
            skipped <= GOOD_PERCENT && busy <= GOOD_PERCENT && second->sounds_late == 0;
    overload->bad = is_bad ? overload->bad + 1 : overload->bad > 0 ? overload->bad - 1 : 0;
    overload->good = is_good ? overload->good + 1 : 0;
    if (overload->bad >= BAD_SECONDS && overload->level < OVERLOAD_FROZEN) {
        overload->level++;
        overload->bad = overload->good = 0;
        return true;
    }
    if (overload->good >= GOOD_SECONDS && overload->level > OVERLOAD_NONE) {
        overload->level--;
        overload->bad = overload->good = 0;
        return true;
    }
    return false;
}

int overload_tiles(enum overload_level level)
{
    static const int tiles[OVERLOAD_LEVELS] = { 25, 25, 9, 9, 4 };
    return tiles[level];
}
