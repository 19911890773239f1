// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test, removed with what is in it.
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

static inline char *temporary_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *path = g_dir_make_tmp("rong-test-XXXXXX", &error);
    g_assert_no_error(error);
    return path;
}

// Frees the path too.
static inline void temporary_remove(char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_remove(file);
    }
    g_rmdir(path);
    g_free(path);
}
