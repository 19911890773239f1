// SPDX-License-Identifier: Apache-2.0
// Evens out how loud rooms speak: a slow gain that follows the level of speech, and stands still in
// pauses, so that it lifts no noise. Pure, in place.
#pragma once

#define AGC_TARGET_DBOV (-24) // of speech, pauses left out
#define AGC_MOST_DB     12.0f // either way

struct agc {
    float level_db; // of speech so far
    float gain_db;
    int heard; // frames of speech, up to a limit
};

void agc_init(struct agc *agc);
// One 20 ms frame with this level (dBov, before any gain) goes by. Returns the gain for it, of
// AUDIO_GAIN_ONE.
int agc_step(struct agc *agc, int level_dbov);
