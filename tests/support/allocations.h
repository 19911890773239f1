// SPDX-License-Identifier: Apache-2.0
// Counts who allocates on the calling thread: each allocation is put down to the first caller that
// is not libc or GLib, which is either this program (it holds all of Rông's code) or a library such
// as libnice or libsrtp. Under a sanitizer, which brings its own malloc, nothing is counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>

extern const bool allocations_are_counted;

// Begins anew at zero.
void allocations_begin(void);
void allocations_end(void);
size_t allocations_of_ours(void);
size_t allocations_of_others(void);
