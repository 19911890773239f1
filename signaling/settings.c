// SPDX-License-Identifier: Apache-2.0
#include "signaling/settings.h"

#include <string.h>

#include "common/base/daemon.h"

const struct config_setting signal_settings[] = {
    { .section = "signal",
            .key = "state_dir",
            .kind = CONFIG_STRING,
            .default_text = "/var/lib/rong-signal",
            .help = "Where the database, the certificates and admin.token are kept." },
    { .section = "signal",
            .key = "web_root",
            .kind = CONFIG_STRING,
            .default_text = "/usr/share/rong/web",
            .help = "The built page." },
    { .section = "signal",
            .key = "public_listen",
            .kind = CONFIG_STRING,
            .default_text = "0.0.0.0:8443",
            .help = "Address of the page, REST and the people's WebSocket (TLS)." },
    { .section = "signal",
            .key = "machine_listen",
            .kind = CONFIG_STRING,
            .default_text = "0.0.0.0:8444",
            .help = "Address of the rooms' and MCUs' WebSocket (TLS with client certificates)." },
    { .section = "signal",
            .key = "status_listen",
            .kind = CONFIG_STRING,
            .default_text = "127.0.0.1:9080",
            .help = "Address of /healthz and /metrics (plain HTTP, no credential)." },
    { .section = "signal",
            .key = "public_url",
            .kind = CONFIG_STRING,
            .default_text = "",
            .maximum = 200,
            .help = "What links begin with, https://host:port; empty: the first of server_names." },
    { .section = "signal",
            .key = "server_names",
            .kind = CONFIG_STRING,
            .default_text = "",
            .help = "Names and addresses of the server's certificate, separated by commas; "
                    "127.0.0.1, localhost and ::1 are always in it." },
    DAEMON_SETTING_LOG_LEVEL,
    { .key = NULL },
};

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= 253 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") ==
                   length;
}

char **signal_server_names(const struct config *config)
{
    static const char *const always[] = { "127.0.0.1", "localhost", "::1" };
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_auto(GStrv) given =
            g_strsplit_set(config_string(config, "signal", "server_names"), ",; ", -1);
    for (size_t i = 0; given[i]; i++) {
        if (given[i][0] && !g_ptr_array_find_with_equal_func(names, given[i], g_str_equal, NULL))
            g_ptr_array_add(names, g_strdup(given[i]));
    }
    for (size_t i = 0; i < COUNT_OF(always); i++) {
        if (!g_ptr_array_find_with_equal_func(names, always[i], g_str_equal, NULL))
            g_ptr_array_add(names, g_strdup(always[i]));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static char *fault_at(const struct config *config, const char *key, const char *what)
{
    return g_strdup_printf(
            "%s:%d: %s: %s", config_path(config), config_line(config, "signal", key), key, what);
}

char *signal_settings_check(const struct config *config)
{
    const char *url = config_string(config, "signal", "public_url");
    if (url[0] && !g_str_has_prefix(url, "https://"))
        return fault_at(config, "public_url", "must begin with https://");
    g_auto(GStrv) names = signal_server_names(config);
    for (size_t i = 0; names[i]; i++) {
        if (!is_name(names[i]))
            return fault_at(config, "server_names", "must be host names or addresses");
    }
    return NULL;
}
