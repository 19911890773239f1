// SPDX-License-Identifier: Apache-2.0
// Starts GStreamer for a program and says early what is not installed.
#pragma once

#include "common/base/check.h"

// Main thread, once, before anything else of common/media. Returns 0, or -ENOENT with *missing set
// to the first element of the NULL-terminated list that GStreamer does not know (lent from the
// list).
int media_init(const char *const *elements, const char **missing) MUST_CHECK;
