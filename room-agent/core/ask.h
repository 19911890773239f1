// SPDX-License-Identifier: Apache-2.0
// `rong-room ask [--withdraw|--yield]`, `rong-room scene NAME [--preview]`, `rong-room status`,
// `rong-room drive DEVICE ORDER…` and `rong-room probe`: the page from a shell.
#pragma once

#include <stdbool.h>

#include "common/base/daemon.h"

extern const struct daemon_command ask_commands[]; // of rong-room, for --help and the man page

// Whether the command line is one of these.
bool ask_is_asked(int argc, char **argv);
// The exit code: 0 done, 1 refused or no rong-room there, 2 a bad command line.
int ask_run(int argc, char **argv);
