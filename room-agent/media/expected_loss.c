// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/expected_loss.h"

#include <math.h>

#define LEAST_PERCENT 5 // a little FEC costs little, and the first loss comes unannounced
#define MOST_PERCENT  25
#define STEP_PERCENT  5
#define KEEP_US       15000000

void expected_loss_init(struct expected_loss *expected)
{
    *expected = (struct expected_loss){ .percent = LEAST_PERCENT };
}

int expected_loss_step(struct expected_loss *expected, double reported_percent, int64_t now_us)
{
    int wanted = STEP_PERCENT * (int)ceil(reported_percent / STEP_PERCENT);
    if (wanted < LEAST_PERCENT)
        wanted = LEAST_PERCENT;
    if (wanted > MOST_PERCENT)
        wanted = MOST_PERCENT;
    if (wanted >= expected->percent) {
        expected->percent = wanted;
        expected->needed_us = now_us;
    } else if (now_us - expected->needed_us > KEEP_US) {
        expected->percent -= STEP_PERCENT; // not all at once: bad links come back
        expected->needed_us = now_us;
    }
    return expected->percent;
}
