// SPDX-License-Identifier: Apache-2.0
// A small picture in the corner of a large one: the stage beside a shared screen, where a room has
// one display. Pure.
#pragma once

#include "common/media/picture.h"

struct inset_rect {
    int x, y, width, height; // even
};

// A quarter as wide as the large picture, in the small one's own proportions, at the lower right.
struct inset_rect inset_place(const struct picture *large, const struct picture *small);
void inset_draw(struct picture *large, const struct picture *small);
