// SPDX-License-Identifier: Apache-2.0
// `rong-room ask [--withdraw|--yield]`, `rong-room scene NAME` and `rong-room status`: the page's
// button from a shell.
#pragma once

#include <stdbool.h>

// Whether the command line is one of these.
bool ask_is_asked(int argc, char **argv);
// The exit code: 0 done, 1 refused or no rong-room there, 2 a bad command line.
int ask_run(int argc, char **argv);
