// SPDX-License-Identifier: Apache-2.0
// Recorded speech for rooms without a microphone, decoded once and repeated for ever.
// Mono, 48 kHz, signed 16 bits.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct speech;

// The spoken files of package alsa-utils in this folder, with a short pause after each; a folder
// without any gives silence (logged). Blocks until they are decoded, some milliseconds.
struct speech *speech_new(const char *folder);
void speech_free(struct speech *speech);
// Begins at word `index`, so that not all rooms say the same at the same time.
void speech_begin_at(struct speech *speech, unsigned index);
void speech_read(struct speech *speech, int16_t *samples, size_t count);
