// SPDX-License-Identifier: Apache-2.0
// How loud a frame is, as RFC 6464 counts it. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

// dBov: 0 is the loudest a 16 bit sample can be, -127 is silence.
int level_dbov(const int16_t *pcm, size_t count);
