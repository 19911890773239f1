// SPDX-License-Identifier: Apache-2.0
#include "signaling/settings.h"

#include <string.h>

#include "common/base/address_text.h"
#include "common/base/daemon.h"

static const char *const https[] = { "https", NULL };

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
            .kind = CONFIG_LISTEN,
            .default_text = "0.0.0.0:8443",
            .help = "Address of the page, REST and the people's WebSocket (TLS)." },
    { .section = "signal",
            .key = "machine_listen",
            .kind = CONFIG_LISTEN,
            .default_text = "0.0.0.0:8444",
            .help = "Address of the rooms' and MCUs' WebSocket (TLS with client certificates)." },
    { .section = "signal",
            .key = "status_listen",
            .kind = CONFIG_LISTEN,
            .default_text = "127.0.0.1:9080",
            .help = "Address of /healthz and /metrics (plain HTTP, no credential)." },
    { .section = "signal",
            .key = "public_url",
            .kind = CONFIG_URL,
            .choices = https,
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

// The library tells listeners of one program apart by their port alone.
static char *check_ports(const struct config *config)
{
    static const char *const keys[] = { "public_listen", "machine_listen", "status_listen" };
    uint16_t ports[COUNT_OF(keys)];
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        g_autofree char *host = NULL;
        if (address_text_split(config_string(config, "signal", keys[i]), &host, &ports[i]) < 0)
            return config_fault(config, "signal", keys[i], "expected ADDRESS:PORT");
        for (size_t other = 0; other < i; other++) {
            if (ports[i] && ports[i] == ports[other])
                return config_fault(config, "signal", keys[i],
                        "expected another port than that of %s", keys[other]);
        }
    }
    return NULL;
}

char *signal_settings_check(const struct config *config)
{
    g_auto(GStrv) names = signal_server_names(config);
    for (size_t i = 0; names[i]; i++) {
        if (!is_name(names[i]))
            return config_fault(
                    config, "signal", "server_names", "expected host names or addresses");
    }
    return check_ports(config);
}
