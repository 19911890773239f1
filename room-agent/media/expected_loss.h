// SPDX-License-Identifier: Apache-2.0
// For how much loss Opus is to be prepared: rises with the first report of more, falls only when
// the link was better for a while. Pure: the time is a parameter.
#pragma once

#include <stdint.h>

struct expected_loss {
    int percent;
    int64_t needed_us; // when so much was last needed; 0: never asked
};

void expected_loss_init(struct expected_loss *expected);
// `reported_percent`: what the receiver last said of what we send. Returns what to expect.
int expected_loss_step(struct expected_loss *expected, double reported_percent, int64_t now_us);
