// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/agc.h"

#include <math.h>
#include <stdbool.h>

#include "mcu/audio/mix.h"

#define SPEECH_DBOV   (-55) // less is a room, not a voice
#define PAUSE_DB      15.0f // under the speech: a pause in it
#define LEARN         0.01f // of the difference, a frame: 2 s
#define LEARN_QUICKLY 0.1f  // at first
#define TRUSTED_AFTER 25    // frames of speech
#define TOLERANCE_DB  2.0f  // that nobody would turn a knob for
#define RISE_DB       0.06f // a frame: 3 dB a second
#define FALL_DB       0.24f

void agc_init(struct agc *agc)
{
    *agc = (struct agc){ .level_db = AGC_TARGET_DBOV };
}

static float clamp(float value, float least, float most)
{
    return value < least ? least : value > most ? most : value;
}

int agc_step(struct agc *agc, int level_dbov)
{
    const float level = (float)level_dbov;
    const bool is_known = agc->heard >= TRUSTED_AFTER;
    if (level > SPEECH_DBOV && (!is_known || level > agc->level_db - PAUSE_DB)) {
        if (agc->heard == 0)
            agc->level_db = level;
        agc->level_db += (level - agc->level_db) * (is_known ? LEARN : LEARN_QUICKLY);
        agc->heard += !is_known;
        const float wanted = clamp(AGC_TARGET_DBOV - agc->level_db, -AGC_MOST_DB, AGC_MOST_DB);
        const float off = wanted - agc->gain_db;
        if (is_known && fabsf(off) > TOLERANCE_DB)
            agc->gain_db += clamp(off, -FALL_DB, RISE_DB);
    }
    return (int)lroundf(AUDIO_GAIN_ONE * powf(10.0f, agc->gain_db / 20.0f));
}
