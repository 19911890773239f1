// SPDX-License-Identifier: Apache-2.0
#include "mcu/settings.h"

#include <string.h>

#include "common/base/address_text.h"
#include "common/base/daemon.h"

static const char *const https[] = { "https", NULL };
static const char *const encoders[] = { "x264enc", "openh264enc", NULL };
static const char *const websocket[] = { "wss", "ws", NULL };

const struct config_setting mcu_settings[] = {
    { .section = "signal",
            .key = "url",
            .kind = CONFIG_URL,
            .choices = https,
            .default_text = "https://127.0.0.1:8443",
            .help = "Where --enroll finds rong-signal." },
    { .section = "signal",
            .key = "machine_url",
            .kind = CONFIG_URL,
            .choices = websocket,
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
            .help = "First UDP port of media, two a member (one of them while it changes its "
                    "way); 0 with media_max_port=0: any." },
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
            .kind = CONFIG_LISTEN,
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
    { .section = "canvas",
            .key = "encoder",
            .kind = CONFIG_CHOICE,
            .choices = encoders,
            .default_text = "x264enc",
            .help = "GStreamer's encoder of all pictures: x264enc looks better at the same rate, "
                    "openh264enc takes less than half of the processor." },
    { .section = "content",
            .key = "width",
            .kind = CONFIG_INTEGER,
            .default_text = "1920",
            .minimum = 640,
            .maximum = 1920,
            .help = "Width of the shared screen's picture; its height is 9/16 of that." },
    { .section = "content",
            .key = "fps",
            .kind = CONFIG_INTEGER,
            .default_text = "8",
            .minimum = 1,
            .maximum = 30,
            .help = "Pictures a second of the shared screen, at most." },
    { .section = "content",
            .key = "kbps",
            .kind = CONFIG_INTEGER,
            .default_text = "1200",
            .minimum = 100,
            .maximum = 8000,
            .help = "Bit rate of the shared screen's picture." },
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

char *mcu_settings_check(const struct config *config)
{
    const int64_t min_port = config_integer(config, "mcu", "media_min_port");
    const int64_t max_port = config_integer(config, "mcu", "media_max_port");
    if ((min_port == 0) != (max_port == 0))
        return config_fault(config, "mcu", "media_max_port",
                "expected both ports or none to be 0; media_min_port is %d", (int)min_port);
    if (min_port > max_port)
        return config_fault(config, "mcu", "media_max_port",
                "expected at least media_min_port, which is %d", (int)min_port);
    static const char *const pictures[] = { "canvas", "content" };
    for (size_t i = 0; i < COUNT_OF(pictures); i++)
        if (config_integer(config, pictures[i], "width") % 32 != 0)
            return config_fault(config, pictures[i], "width", "expected a multiple of 32");

    g_auto(GStrv) addresses = g_strsplit(config_string(config, "mcu", "media_addresses"), ",", -1);
    for (char **address = addresses; *address; address++) {
        g_strstrip(*address);
        if (**address && !address_text_is_numeric(*address))
            return config_fault(config, "mcu", "media_addresses",
                    "expected IPv4 or IPv6 addresses, separated by commas; '%s' is none", *address);
    }
    return NULL;
}
