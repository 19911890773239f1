// SPDX-License-Identifier: Apache-2.0
// module: common/base
// Settings files: config_load().
#include <glib.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const modes[] = { "floor", "discussion", NULL };

static const struct config_setting table[] = {
    { .section = "a", .key = "text", .kind = CONFIG_STRING, .default_text = "", .maximum = 10 },
    { .section = "a", .key = "n", .kind = CONFIG_INTEGER, .default_text = "2", .maximum = 9 },
    { .section = "a", .key = "is", .kind = CONFIG_BOOLEAN, .default_text = "false" },
    { .section = "a",
            .key = "m",
            .kind = CONFIG_CHOICE,
            .default_text = "floor",
            .choices = modes },
    { .section = "b *", .key = "list", .kind = CONFIG_LIST, .default_text = "x;y" },
    { .key = NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = memfd_create("settings", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
    char *fault = NULL;
    if (write(file, data, size) != (ssize_t)size)
        g_error("no memory file");
    struct config *config = config_load(path, table, &fault);
    g_assert_true((config == NULL) == (fault != NULL));
    if (config) {
        g_assert_cmpint(config_integer(config, "a", "n"), <=, 9);
        g_assert_nonnull(config_string(config, "a", "text"));
        for (char *const *name = config_sections(config, "b *"); *name; name++)
            g_assert_nonnull(config_list(config, *name, "list"));
    }
    config_free(config);
    g_free(fault);
    close(file);
    return 0;
}
