// SPDX-License-Identifier: Apache-2.0
// The connection to rong-signal: what is desired and offered goes to the engine, answers, reports
// and levels come back. While it is lost, media goes on. Main loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "mcu/engine.h"

struct control;

// Strings are lent during the call.
struct control_config {
    const char *machine_url;
    const char *state_dir; // certificate, key and CA of --enroll; NULL: a plain ws:// url
};

int control_open(
        struct loop *loop, const struct control_config *config, struct control **out) MUST_CHECK;
void control_close(struct control *control);
// What the engine says; `user` is the control.
extern const struct engine_events control_engine_events;
// Before the first message can come.
void control_set_engine(struct control *control, struct engine *engine);
bool control_is_connected(const struct control *control);
