// SPDX-License-Identifier: Apache-2.0
// The picture of a room without a camera: moving stripes in the room's own colour, its name, and
// the frame mark by which tests recognise it.
#pragma once

#include <stdint.h>

#include "common/media/picture.h"

struct test_picture;

// `name` is UTF-8, drawn once.
struct test_picture *test_picture_new(int width, int height, unsigned mark, const char *name);
void test_picture_free(struct test_picture *test);
// The picture of this frame number; lent until the next call.
const struct picture *test_picture_draw(struct test_picture *test, uint32_t frame);
