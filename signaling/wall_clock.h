// SPDX-License-Identifier: Apache-2.0
// The time of day as the journal and the contract have it.
#pragma once

#include <stdint.h>

#define WALL_CLOCK_TEXT_SIZE 36

int64_t wall_clock_ms(void);
// "2026-11-21T08:30:01.120+07:00", in the server's time zone.
void wall_clock_format(int64_t ms, char text[WALL_CLOCK_TEXT_SIZE]);
