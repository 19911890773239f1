// SPDX-License-Identifier: Apache-2.0
// Numeric addresses as people write them in settings. Pure; never asks a name server.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"

// "10.1.2.3", "fd00::1"
bool address_text_is_numeric(const char *text);
// 127.0.0.0/8 or ::1; false for what is not numeric.
bool address_text_is_loopback(const char *text);

// "127.0.0.1:80", "[::1]:80", "localhost:80" → the numeric address (g_free) and the port; port 0
// is for the kernel to choose. -EINVAL for all else.
int address_text_split(const char *text, char **host, uint16_t *port) MUST_CHECK;
