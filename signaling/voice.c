// SPDX-License-Identifier: Apache-2.0
#include "signaling/voice.h"

#include <string.h>

#define SPEECH_DBOV (-50)
#define LOUDER_BY   6    // than who speaks already
#define TAKES_MS    700  // of being the loudest
#define KEEPS_MS    3000 // at least

bool voice_note(
        struct voice *voice, const struct type_member_level *levels, size_t count, int64_t now_ms)
{
    const struct type_member_level *loudest = NULL;
    int64_t speakers = SPEECH_DBOV - LOUDER_BY;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(levels[i].member, voice->speaker) == 0)
            speakers = levels[i].level;
        else if (!loudest || levels[i].level > loudest->level)
            loudest = &levels[i];
    }
    if (!loudest || loudest->level < SPEECH_DBOV || loudest->level < speakers + LOUDER_BY) {
        voice->candidate[0] = '\0';
        return false;
    }
    if (strcmp(voice->candidate, loudest->member) != 0) {
        g_strlcpy(voice->candidate, loudest->member, sizeof(voice->candidate));
        voice->candidate_since_ms = now_ms;
    }
    if (now_ms - voice->candidate_since_ms < TAKES_MS ||
            (voice->speaker[0] && now_ms - voice->since_ms < KEEPS_MS))
        return false;
    g_strlcpy(voice->speaker, voice->candidate, sizeof(voice->speaker));
    voice->since_ms = now_ms;
    voice->candidate[0] = '\0';
    return true;
}
