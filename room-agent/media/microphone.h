// SPDX-License-Identifier: Apache-2.0
// What the room says: recorded speech with the room's pilot tone, or the box's sound card; coded as
// Opus. Owned by the media loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define MICROPHONE_SAMPLES  960 // 20 ms at 48 kHz
#define MICROPHONE_OPUS_MAX 512 // bytes of a frame

struct microphone_config {
    bool uses_devices;  // false: synthetic
    const char *device; // ALSA name; NULL: its default
    unsigned mark;
    int tone_hz;
};

struct microphone;

// A card that does not open is no error: the room sends silence, see microphone_check().
int microphone_open(const struct microphone_config *config, struct microphone **out) MUST_CHECK;
void microphone_close(struct microphone *microphone);
// It is closed at first.
void microphone_set_open(struct microphone *microphone, bool is_open);
// What the receiver is expected to lose, in percent: so much FEC Opus carries.
void microphone_set_loss(struct microphone *microphone, int percent);
// Once a second: opens a card that is not there, or was lost, again. False: it still is not there.
bool microphone_check(struct microphone *microphone);
// The next 20 ms. Returns the size of the Opus frame in `opus`, *level as RFC 6464 says; 0: nothing
// is to be sent. A closed microphone sends one silent frame of ten, so that the path stays alive.
size_t microphone_read(
        struct microphone *microphone, uint8_t opus[MICROPHONE_OPUS_MAX], uint8_t *level);
