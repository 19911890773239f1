// SPDX-License-Identifier: Apache-2.0
// The bare cost of a meeting: the same codecs, scaling, protection and system calls as rong-mcu, at
// the same pace and with the same settings, and nothing around them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/check.h"

struct json_object;

struct bare_config {
    size_t rooms;   // that receive picture and sound
    size_t tiles;   // decoded and on the canvas
    size_t talkers; // heard: decoded, and given an encode of their own
    int part_ms;    // how long each part is measured
    bool is_sound;  // only what a meeting without pictures has
};

// Runs one part after the other. *out: {"rooms":…,"parts":{"decode":cores,…},"sum":cores,…}; the
// caller puts it.
int bare_run(const struct bare_config *config, struct json_object **out) MUST_CHECK;
