// SPDX-License-Identifier: Apache-2.0
// What every daemon does alike: command line, settings file, limits, signals, readiness, the end.
#pragma once

#include "common/base/config.h"
#include "common/base/loop.h"

#include <stdbool.h>

struct daemon_option {
    const char *name; // "enroll": --enroll VALUE
    const char *help;
    char **value; // set when given; g_free
};

struct daemon_info {
    const char *name;    // "rong-mcu"
    const char *summary; // one sentence for --help and the man page
    const char *default_config;
    const struct config_setting *settings;
    const struct daemon_option *options; // beyond the common ones; ends with a NULL name; may be NULL
    // Faults that the table can not express ("file:line: …", g_free), or NULL when it is fine.
    char *(*check)(const struct config *config);
};

// Handles --help, --version, --check-config, --sample-config, --config FILE, and ignores SIGPIPE;
// raises RLIMIT_NOFILE to its hard limit. Returns the settings, or NULL with *exit_code set (0 after
// --help and the like; 2 for a bad command line or a bad file, said on stderr).
struct config *daemon_start(
        const struct daemon_info *info, int argc, char **argv, int *exit_code);
// Says READY=1 to systemd, feeds its watchdog from `loop`, ends loop_run() on SIGTERM and SIGINT.
void daemon_ready(struct loop *loop);
// "0.1.0"
const char *daemon_version(void);
