// SPDX-License-Identifier: Apache-2.0
// What posed rooms say over and over: some seconds of recorded speech with a pilot tone, or the
// tone alone, coded once for all rooms of the same tone.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/clip.h"

#define VOICE_FRAMES 150 // of 20 ms: whole seconds

struct voice {
    GBytes *frames[VOICE_FRAMES]; // Opus
    uint8_t levels[VOICE_FRAMES]; // RFC 6464
};

struct voices;

// `folder`: of speech, as in speech_new(); NULL: the tone alone. Blocks some 30 ms a tone that
// `rooms` rooms with marks from `first_mark` have.
struct voices *voices_new(const char *folder, unsigned first_mark, unsigned rooms);
void voices_free(struct voices *voices);
const struct voice *voices_of(const struct voices *voices, unsigned mark);
