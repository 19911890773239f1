// SPDX-License-Identifier: Apache-2.0
// What every daemon does alike: command line, settings file, limits, signals, readiness, the end.
#pragma once

#include <stdbool.h>

#include "common/base/config.h"
#include "common/base/loop.h"

struct daemon_option {
    const char *name; // "enroll": --enroll VALUE
    const char *help;
    char **value; // set when given; g_free
};

// What the program does besides being a daemon: "fleet", for --help and the man page.
struct daemon_command {
    const char *usage; // "scene NAME [--preview]"
    const char *help;
};

struct daemon_info {
    const char *name;    // "rong-mcu"
    const char *summary; // one sentence for --help and the man page
    const char *default_config;
    const struct config_setting *settings;
    // Beyond the common ones; ends with a NULL name; may be NULL.
    const struct daemon_option *options;
    // Read by the program itself; ends with a NULL usage; may be NULL.
    const struct daemon_command *commands;
    // Faults that the table can not express ("file:line: …", g_free), or NULL when it is fine.
    char *(*check)(const struct config *config);
};

// Rows for a daemon's settings table that mean the same everywhere.
extern const char *const daemon_log_levels[];
#define DAEMON_SETTING_LOG_LEVEL \
    { \
        .section = "log", .key = "level", .kind = CONFIG_CHOICE, .default_text = "info", \
        .choices = daemon_log_levels, .help = "Lines above this level are not written" \
    }
#define DAEMON_SETTING_STATUS(default_listen) \
    { \
        .section = "status", .key = "listen", .kind = CONFIG_LISTEN, \
        .default_text = default_listen, \
        .help = "Address and port of /healthz, /metrics and /version, plain HTTP without a " \
                "credential: keep it on loopback" \
    }

// Handles --help, --version, --check-config, --sample-config, --man, --config FILE, and ignores
// SIGPIPE; raises RLIMIT_NOFILE to 65 536 or its hard limit; sets the log level from [log] level
// when the table has it. Returns the settings, or NULL with *exit_code set (0 after --help and the
// like; 2 for a bad command line or a bad file, said on stderr).
struct config *daemon_start(const struct daemon_info *info, int argc, char **argv, int *exit_code);
// On the loop's thread, once everything listens. Says READY=1 to systemd, feeds its watchdog from
// `loop`, ends loop_run() on SIGTERM and SIGINT. The main loop of the process only.
void daemon_ready(struct loop *loop);
// Calls `reload` (which returns G_SOURCE_CONTINUE) on each SIGHUP, from the loop. `context` lives
// as long as the loop runs.
void daemon_on_reload(struct loop *loop, GSourceFunc reload, void *context);
// "0.1.0"
const char *daemon_version(void);
// The section COMMANDS of a man page, in roff; nothing for NULL.
void daemon_write_man_commands(
        GString *out, const char *program, const struct daemon_command *commands);
