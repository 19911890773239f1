// SPDX-License-Identifier: Apache-2.0
// `rong`, the administrator's command line: what was asked for, and how to ask the server.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/check.h"
#include "common/protocol/messages.h"

// What was typed, checked against the command's row.
struct cli {
    bool wants_json;
    char *url;           // "https://127.0.0.1:8443"
    char *ca_file;       // the only authority that is trusted
    char *token;         // admin.token
    char **words;        // the arguments after the command's own words, NULL-terminated
    GHashTable *options; // "title" → value; "" for a flag
};

// The value of --name, or NULL.
const char *cli_option(const struct cli *cli, const char *name);

// Asks the server: `body` is the message's struct (NULL: none), {name} in the path is replaced by
// `parameter`. 0 with *reply the reply's struct (g_free), and with --json its text printed.
// Else the exit code, said on stderr.
int cli_ask(const struct cli *cli, enum message_type type, const char *parameter, const void *body,
        void **reply) MUST_CHECK;
// The same with a text body of another type.
int cli_ask_text(const struct cli *cli, enum message_type type, const char *content_type,
        const char *text, size_t size, void **reply) MUST_CHECK;
// "rong: what is wrong; what to do" on stderr; returns `exit_code`.
int cli_fail(int exit_code, const char *format, ...) PRINTF_LIKE(2, 3);

// --- the commands: 0 or the exit code
// -------------------------------------------------------------

typedef int cli_fn(const struct cli *cli);
cli_fn cli_unit_import, cli_unit_list, cli_room_list, cli_room_code, cli_mcu_code,
        cli_meeting_create, cli_meeting_list, cli_meeting_open, cli_meeting_end, cli_link,
        cli_status;
