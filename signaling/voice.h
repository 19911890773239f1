// SPDX-License-Identifier: Apache-2.0
// Whose voice the stage follows, from levels that come four times a second. Slow on purpose: a
// cough or a word thrown in does not turn the province's screens. Pure.
#pragma once

#include "signaling/meeting.h"

struct voice {
    char speaker[MEMBER_ID_SIZE]; // "": nobody spoke yet
    int64_t since_ms;             // since when
    char candidate[MEMBER_ID_SIZE];
    int64_t candidate_since_ms;
};

// True: another one speaks now.
bool voice_note(
        struct voice *voice, const struct type_member_level *levels, size_t count, int64_t now_ms);
