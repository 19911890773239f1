// SPDX-License-Identifier: Apache-2.0
// What the room hears: decodes the mix and plays it; without a sound card it is decoded and
// measured all the same. Owned by the media loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/endpoint/endpoint.h"

struct loudspeaker_counters {
    uint64_t samples;   // played in all, silence too
    uint64_t concealed; // invented because the packet was lost
    uint64_t gaps;      // times that nothing real came for over 60 ms, since the first sound
    uint64_t clipped;   // samples at full scale
    uint8_t level;      // of the last 20 ms, RFC 6464
};

struct loudspeaker;

// A card that does not open is no error, see loudspeaker_check().
int loudspeaker_open(bool uses_devices, struct loudspeaker **out) MUST_CHECK;
void loudspeaker_close(struct loudspeaker *loudspeaker);
// Once a second: opens a card that is not there, or was lost, again. False: it still is not there.
bool loudspeaker_check(struct loudspeaker *loudspeaker);
// Once every 20 ms: takes what is due from the endpoint and plays it.
void loudspeaker_tick(struct loudspeaker *loudspeaker, struct endpoint *endpoint);
// The 20 ms (960 samples) that were played last; lent until the next tick.
const int16_t *loudspeaker_last(const struct loudspeaker *loudspeaker);
const struct loudspeaker_counters *loudspeaker_counters(const struct loudspeaker *loudspeaker);
