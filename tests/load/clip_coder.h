// SPDX-License-Identifier: Apache-2.0
// Codes the rooms' pictures on a thread of its own, each when it is first asked for: of hundreds of
// rooms only those on stage ever send one. Owned by the loop's thread.
#pragma once

#include <stdbool.h>

#include "tests/load/clip.h"

struct clip_coder;
struct clip_order;

struct clip_coder *clip_coder_new(const struct clip_picture *picture);
// Waits until what is being coded is done. All orders were freed before.
void clip_coder_free(struct clip_coder *coder);
// `name` is copied.
struct clip_order *clip_order_new(struct clip_coder *coder, unsigned mark, const char *name);
void clip_order_free(struct clip_order *order);
// NULL: not yet, or it can not be coded (logged). Lent.
const struct clip *clip_order_look(struct clip_order *order);
