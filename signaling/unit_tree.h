// SPDX-License-Identifier: Apache-2.0
// The units of the province as a tree: read from CSV, checked whole, then only looked at.
// Pure: no file, no clock. The number of levels is data; a province may have districts or not.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/protocol/messages.h"

#define UNIT_CODE_MAX  16 // characters, ASCII
#define UNIT_NAME_MAX  64 // characters
#define UNIT_COUNT_MAX 1024

struct unit {
    const char *code;
    const char *parent; // "" for the root
    const char *name;
    enum unit_level level;
    int64_t link_kbps;
    enum language language; // its room hears at first
};

// Why a file was refused.
struct unit_fault {
    int line;             // 1 is the header
    enum error_code code; // unit.bad_line, unit.bad_level, unit.duplicate, unit.orphan, …
    char text[256];
};

struct unit_tree;

// Reads "code,parent,level,name,link_kbps" and perhaps ",language" (empty: floor); UTF-8, BOM and
// CRLF tolerated, RFC 4180 quotes.
// All or nothing: NULL and *fault, or a whole valid tree.
struct unit_tree *unit_tree_parse(
        const char *csv, size_t size, struct unit_fault *fault) MUST_CHECK;
void unit_tree_free(struct unit_tree *tree);

// In the file's order.
size_t unit_tree_count(const struct unit_tree *tree);
const struct unit *unit_tree_at(const struct unit_tree *tree, size_t index);
const struct unit *unit_tree_find(const struct unit_tree *tree, const char *code); // NULL: unknown
// Is `code` the unit `ancestor` or below it? Unknown codes are in nothing.
bool unit_tree_is_within(const struct unit_tree *tree, const char *code, const char *ancestor);

// Room ids, codes in addresses and file names: [a-z0-9-]{1,16}.
bool unit_code_is_valid(const char *code);

// For the store: rebuilds a tree row by row, then checks it as unit_tree_parse() does.
struct unit_tree *unit_tree_new(void);
void unit_tree_add(struct unit_tree *tree, const struct unit *unit); // copies
bool unit_tree_check(struct unit_tree *tree, struct unit_fault *fault) MUST_CHECK;
