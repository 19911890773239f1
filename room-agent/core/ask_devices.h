// SPDX-License-Identifier: Apache-2.0
// `rong-room drive DEVICE ORDER…`, `rong-room probe` and `rong-room scene NAME --preview`.
#pragma once

#include <stdbool.h>

#include "common/base/config.h"

// Each gives the exit code: 0 done, 1 refused or no rong-room there, 2 bad settings.

// `hold_s` > 0: renews the order, ten times in three seconds, for so long or until the program is
// told to end; then stops the device. Without it a drive lasts for the engine's one second.
int ask_drive(const struct config *config, const char *device, const char *order, double hold_s);
int ask_probe(const struct config *config, bool wants_json);
// What the scene would set, by the settings alone: needs neither devices nor a running rong-room.
int ask_preview(const struct config *config, const char *scene);
