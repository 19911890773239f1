// SPDX-License-Identifier: Apache-2.0
// A mark of coarse black and white blocks in a picture that says which room it is from and which
// frame it is, and survives scaling and two encodings. Pure; tests in the browser read the same
// mark.
//
// Let u = width / 20. The mark is 12 columns × 4 rows of cells u × u whose top left corner is (u,
// u). Bit i (0…47, most significant first) is the cell at column i mod 12, row i div 12; white (Y ≥
// 180) is 1, black (Y ≤ 60) is 0:
//   bits  0–3   sync 1010
//   bits  4–15  room number, 0…4095
//   bits 16–35  frame number modulo 2^20
//   bits 36–47  CRC-12 (polynomial 0x80F, initial 0, most significant bit first) of bits 0…35
// A border of u/2 around the mark is mid grey (Y 128). Read a cell by the mean of its middle half.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/media/picture.h"

struct frame_mark {
    uint16_t room;
    uint32_t frame;
};

void frame_mark_draw(struct picture *picture, const struct frame_mark *mark);
// Reads the mark of a tile at (x, y) of size width × height inside a picture. False: none, or a
// wrong CRC.
bool frame_mark_read(
        const struct picture *picture, int x, int y, int width, int height, struct frame_mark *out);
