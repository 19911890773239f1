// SPDX-License-Identifier: Apache-2.0
// What a shell on the box reads, in Vietnamese or English: one catalogue. Sentences for codes are
// the contract's own (error_infos).
#pragma once

#include <stdbool.h>

#include "common/protocol/messages.h"

enum ask_word {
    WORD_CENTRE,
    WORD_CONNECTED,
    WORD_ALONE,
    WORD_MEETING,
    WORD_NO_MEETING,
    WORD_MEDIA,
    WORD_FLOOR,
    WORD_SPEAKING,
    WORD_QUEUED,
    WORD_OF,
    WORD_NOT_SPEAKING,
    WORD_HEARS,
    WORD_AS_IN_THE_HALL,
    WORD_SCENE,
    WORD_SETS_NOTHING,
    WORD_WANTED,
    WORD_ORDERS,
    WORD_SENT,
    WORD_TIMEOUTS,
    WORD_RETRIES,
    WORD_MALFORMED,
    WORD_CONNECTS,
    WORD_NO_PAGE,
    WORD_BAD_PAGE,
    WORD_COUNT,
};

// "vi" or "en"; NULL: English where LC_ALL, LC_MESSAGES or LANG begin with "en", else Vietnamese.
// False: no such language.
bool ask_words_choose(const char *language);

const char *ask_word(enum ask_word word);
const char *ask_word_media(enum media_state state);
const char *ask_word_device(enum device_state state);
const char *ask_word_quality(enum device_quality quality);
const char *ask_word_scene_state(enum scene_state state);
// Of an event's scene; any other name is given back.
const char *ask_word_scene(const char *name);
// The contract's sentence for a code; `otherwise` where it has none.
const char *ask_sentence(const char *code, const char *otherwise);
