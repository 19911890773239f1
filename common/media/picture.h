// SPDX-License-Identifier: Apache-2.0
// A picture in I420: three planes, 8 bits, chroma halved both ways. Pure.
#pragma once

#include <stdint.h>

struct picture {
    int width, height; // even
    uint8_t *plane[3]; // Y, U, V
    int stride[3];
};

// One allocation for all planes, black; picture_free() frees only what picture_new() made.
struct picture *picture_new(int width, int height);
void picture_free(struct picture *picture);
// Black, limited range (Y 16, U V 128).
void picture_clear(struct picture *picture);
