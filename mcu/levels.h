// SPDX-License-Identifier: Apache-2.0
// Which members' levels rong-signal is told of. Pure.
#pragma once

#include <glib.h>

#include "common/protocol/messages.h"

#define LEVELS_QUIET_DBOV (-80) // at or below it nobody speaks

// The loudest of the connected members that are not quiet, loudest first, as many as the message
// holds. `rows` is of struct engine_member, as engine_members() gives it, and is put into that
// order.
void levels_fill(GArray *rows, struct message_conference_levels *out);
