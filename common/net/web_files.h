// SPDX-License-Identifier: Apache-2.0
// The files of a built page, read once at start: a page is small, and serving it must not wait for
// a disk.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/check.h"

struct web_files;

struct web_file {
    const char *content_type;
    const char *cache_control;
    const char *etag; // quoted
    const char *data;
    size_t size;
    const char *packed; // by gzip; NULL where that saves nothing
    size_t packed_size;
};

// -ENOENT when the folder or its index.html can not be read.
int web_files_open(const char *dir, struct web_files **out) MUST_CHECK;
void web_files_close(struct web_files *files);
// The file for a path ("/", "/assets/index-3f2a.js"); paths whose last segment has no dot are views
// of the page and get its index.html. NULL: there is none. Lent.
const struct web_file *web_files_find(const struct web_files *files, const char *path);
