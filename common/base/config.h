// SPDX-License-Identifier: Apache-2.0
// A daemon's settings: one table makes the reader, --check-config, --help, the man page and the
// commented sample file. The file is GKeyFile's: [section] and key=value, '#' comments; sections
// that repeat with a name are written [device camera].
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

enum config_kind {
    CONFIG_STRING,
    CONFIG_INTEGER,
    CONFIG_BOOLEAN,
    CONFIG_CHOICE,
    CONFIG_LIST,
    // Strings of a shape; empty only where the default is empty.
    CONFIG_ADDRESS, // a numeric IP address
    CONFIG_LISTEN,  // ADDRESS:PORT, as address_text_split() reads it
    CONFIG_URL,     // as url_read() reads it
};

struct config_setting {
    const char *section; // "mcu"; or "device *" for sections [device NAME]
    const char *key;     // "*" as a section's last row: any key, read with config_keys()
    enum config_kind kind;
    const char *default_text; // NULL: required
    int64_t minimum; // integer: bounds; string: minimum is ignored, maximum is bytes (0: 4096)
    int64_t maximum;
    const char *const *choices; // CONFIG_CHOICE, or CONFIG_URL's schemes: NULL-terminated
    const char *help;           // one English sentence
};

// Ends with a row whose key is NULL.
struct config;

// Reads and checks a file against the table. On a fault returns NULL and sets *fault to
// "file:line: what is wrong; what was meant" (owned by the caller, g_free). Unknown sections and
// keys are faults, with the known name that they nearly are; so is a missing required key.
struct config *config_load(
        const char *path, const struct config_setting *table, char **fault) MUST_CHECK;
void config_free(struct config *config);

// The value, else the table's default. Asking for what is not in the table aborts: our own bug.
// `section` is the section as written in the file ("device camera").
const char *config_string(const struct config *config, const char *section, const char *key);
int64_t config_integer(const struct config *config, const char *section, const char *key);
bool config_boolean(const struct config *config, const char *section, const char *key);
// Lent, NULL-terminated; in the file "a; b".
char *const *config_list(const struct config *config, const char *section, const char *key);
// Sections of the file that match "device *", in the file's order: "device camera", … (lent,
// NULL-terminated).
char *const *config_sections(const struct config *config, const char *pattern);
// The keys that a section of the file sets, in the file's order (lent, NULL-terminated).
char *const *config_keys(const struct config *config, const char *section);
// The line of a key (0 when it is a default); of the section when `key` is NULL.
int config_line(const struct config *config, const char *section, const char *key);
// A fault that only the setting's reader can find: "file:line: key = 'value'; expected …" with the
// format's "expected …" (g_free). Of a default: with the line of its section, or 1.
char *config_fault(const struct config *config, const char *section, const char *key,
        const char *format, ...) PRINTF_LIKE(4, 5);
const char *config_path(const struct config *config);

// --help: one line a setting. The sample file: every setting commented with its help and default.
void config_write_help(GString *out, const struct config_setting *table);
void config_write_sample(GString *out, const struct config_setting *table, const char *title);
// The man page's part, in roff; the second is one item of it, for options too.
void config_write_man(GString *out, const struct config_setting *table);
void config_write_man_item(GString *out, const char *head, const char *text);
