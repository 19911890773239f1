// SPDX-License-Identifier: Apache-2.0
// The page's files, inside the program.
#pragma once

#include <stddef.h>

struct page_file {
    const char *path; // "/page.js"
    const char *type;
    const char *begin;
    const char *end;
};

extern const struct page_file page_files[3];
