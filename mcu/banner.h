// SPDX-License-Identifier: Apache-2.0
// What is written over and in place of a tile, drawn with Pango (Vietnamese diacritics) once a
// change. Shared between the control thread, which makes it, and the compositor, hence counted.
#pragma once

#include "mcu/canvas/canvas.h"

struct banner;

enum banner_kind {
    BANNER_NAME,        // line 1 large, line 2 small, in the bottom 20 % of the tile
    BANNER_PLACEHOLDER, // fills the tile of a member without a picture
    BANNER_STALLED,     // a mark over a picture that stands still
};

// For a tile of width × height. UTF-8; an empty line is left out.
struct banner *banner_new(
        enum banner_kind kind, int width, int height, const char *line1, const char *line2);
struct banner *banner_ref(struct banner *banner);
void banner_unref(struct banner *banner);
const struct overlay *banner_overlay(const struct banner *banner);
