// SPDX-License-Identifier: Apache-2.0
#include "mcu/settings.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/daemon.h"

const struct config_setting mcu_settings[] = {
    { .section = "signal",
            .key = "url",
            .kind = CONFIG_STRING,
            .default_text = "https://127.0.0.1:8443",
            .help = "Where --enroll finds rong-signal." },
    { .section = "signal",
            .key = "machine_url",
            .kind = CONFIG_STRING,
            .default_text = "wss://127.0.0.1:8444/ws",
            .help = "The machines' WebSocket of rong-signal." },
    { .section = "mcu",
            .key = "state_dir",
            .kind = CONFIG_STRING,
            .default_text = "/var/lib/rong-mcu",
            .help = "Where key and certificate of --enroll are kept." },
    { .section = "mcu",
            .key = "media_addresses",
            .kind = CONFIG_STRING,
            .default_text = "",
            .help = "Addresses that members send media to, separated by commas; empty: all of this "
                    "machine." },
    { .section = "mcu",
            .key = "media_min_port",
            .kind = CONFIG_INTEGER,
            .default_text = "20000",
            .minimum = 0,
            .maximum = 65535,
            .help = "First UDP port of media, one a member; 0 with media_max_port=0: any." },
    { .section = "mcu",
            .key = "media_max_port",
            .kind = CONFIG_INTEGER,
            .default_text = "29999",
            .minimum = 0,
            .maximum = 65535,
            .help = "Last UDP port of media." },
    { .section = "mcu",
            .key = "net_threads",
            .kind = CONFIG_INTEGER,
            .default_text = "1",
            .minimum = 1,
            .maximum = 4,
            .help = "Threads that receive and send; one carries some hundred members." },
    { .section = "mcu",
            .key = "status_listen",
            .kind = CONFIG_STRING,
            .default_text = "127.0.0.1:9081",
            .help = "Address of /healthz and /metrics (plain HTTP, no credential)." },
    { .section = "canvas",
            .key = "width",
            .kind = CONFIG_INTEGER,
            .default_text = "1280",
            .minimum = 320,
            .maximum = 1920,
            .help = "Width of the program picture; its height is 9/16 of that." },
    { .section = "canvas",
            .key = "fps",
            .kind = CONFIG_INTEGER,
            .default_text = "25",
            .minimum = 5,
            .maximum = 30,
            .help = "Pictures a second of the program." },
    { .section = "canvas",
            .key = "kbps",
            .kind = CONFIG_INTEGER,
            .default_text = "1500",
            .minimum = 100,
            .maximum = 8000,
            .help = "Bit rate of the program picture." },
    { .section = "audio",
            .key = "kbps",
            .kind = CONFIG_INTEGER,
            .default_text = "32",
            .minimum = 8,
            .maximum = 128,
            .help = "Bit rate of the mixed sound." },
    { .section = "audio",
            .key = "loss_percent",
            .kind = CONFIG_INTEGER,
            .default_text = "5",
            .minimum = 0,
            .maximum = 30,
            .help = "Loss that the mixed sound is made to survive (Opus FEC); 0: none." },
    DAEMON_SETTING_LOG_LEVEL,
    { .key = NULL },
};

static char *fault(
        const struct config *config, const char *section, const char *key, const char *text)
{
    return g_strdup_printf(
            "%s:%d: %s", config_path(config), config_line(config, section, key), text);
}

static bool is_address(const char *text)
{
    uint8_t binary[16];
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

char *mcu_settings_check(const struct config *config)
{
    const int64_t min_port = config_integer(config, "mcu", "media_min_port");
    const int64_t max_port = config_integer(config, "mcu", "media_max_port");
    if (min_port > max_port || (min_port == 0) != (max_port == 0))
        return fault(config, "mcu", "media_max_port",
                "media_max_port is below media_min_port; both or none may be 0");
    if (config_integer(config, "canvas", "width") % 32 != 0)
        return fault(config, "canvas", "width", "width must be a multiple of 32");

    g_auto(GStrv) addresses = g_strsplit(config_string(config, "mcu", "media_addresses"), ",", -1);
    for (char **address = addresses; *address; address++) {
        g_strstrip(*address);
        if (**address && !is_address(*address)) {
            g_autofree char *text =
                    g_strdup_printf("'%s' is not an IPv4 or IPv6 address", *address);
            return fault(config, "mcu", "media_addresses", text);
        }
    }
    return NULL;
}
