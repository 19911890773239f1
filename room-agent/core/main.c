// SPDX-License-Identifier: Apache-2.0
// rong-room: the core of a meeting room's box.
#include <stdio.h>
#include <stdlib.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/net/enroll.h"
#include "common/net/status_pages.h"
#include "common/net/web_server.h"
#include "room-agent/core/ask.h"
#include "room-agent/core/metrics.h"
#include "room-agent/core/page.h"
#include "room-agent/core/room.h"
#include "room-agent/core/settings.h"

#define LOG_TOPIC "main"

static char *enroll_code;

static const struct daemon_option options[] = {
    { "enroll", "fetch the room's certificate with a one-time code, then end", &enroll_code },
    { NULL, NULL, NULL },
};

static const struct daemon_info info = {
    .name = "rong-room",
    .summary = "joins its room to the meeting and drives its cameras and screens",
    .default_config = "/etc/rong/room.conf",
    .settings = room_settings_table,
    .options = options,
    .commands = ask_commands,
    .check = room_settings_check,
};

static int run_enroll(const struct room_settings *settings)
{
    g_autofree char *name = NULL;
    g_autofree char *fault = NULL;
    int rc = enroll(
            settings->signal_url, enroll_code, ROLE_ROOM, settings->state_dir, &name, &fault);
    if (rc < 0) {
        fprintf(stderr, "rong-room: %s\n", fault);
        return EXIT_FAILURE;
    }
    printf("enrolled as %s\n", name);
    return EXIT_SUCCESS;
}

static bool is_healthy(void *context, GString *reason)
{
    return room_is_healthy(context, reason);
}

static void collect(void *context)
{
    room_collect(context);
}

struct reloading {
    const struct config *config; // as the program began
    const struct room_settings *settings;
    struct room *room;
};

// SIGHUP: the technician has edited the scenes. A fault leaves everything as it was.
static gboolean reload(gpointer context)
{
    const struct reloading *reloading = context;
    g_autofree char *fault = NULL;
    struct config *config =
            config_load(config_path(reloading->config), room_settings_table, &fault);
    struct room_settings *settings = config ? room_settings_new(config, &fault) : NULL;
    if (!settings) {
        log_error("scenes stay as they were: %s", fault);
    } else if (!room_settings_same_devices(reloading->settings, settings)) {
        log_error("scenes stay as they were: devices have changed, which takes a restart");
    } else {
        room_take_scenes(reloading->room, settings->scenes);
        log_info("scenes read again file=%s", config_path(config));
    }
    room_settings_free(settings);
    config_free(config);
    return G_SOURCE_CONTINUE;
}

static int run(const struct config *config, const struct room_settings *settings)
{
    static struct metric *const *const tables[] = { room_metrics, NULL };
    struct loop *loop = loop_new_main();
    struct web_server *server = web_server_new(loop);
    struct room *room = NULL;
    struct page *page = NULL;
    struct status_pages *pages = NULL;

    int rc = room_open(loop, settings, &room);
    if (rc < 0) {
        log_error("no way to the centre; if the room is not enrolled yet: rong-room --enroll CODE "
                  "state_dir=%s",
                settings->state_dir);
        goto end;
    }
    rc = page_open(server, settings->page_listen, room, &page);
    if (rc < 0)
        goto end;
    struct status_pages_config status = {
        .program = "rong-room",
        .listen = settings->status_listen,
        .is_healthy = is_healthy,
        .collect = collect,
        .context = room,
        .tables = tables,
    };
    rc = status_pages_open(server, &status, &pages);
    if (rc < 0)
        goto end;
    struct reloading reloading = { config, settings, room };
    daemon_on_reload(loop, reload, &reloading);
    daemon_ready(loop);
    loop_run(loop);

end:
    room_close(room); // answers what the page still waits for
    web_server_free(server);
    status_pages_close(pages);
    page_close(page);
    loop_free(loop);
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (ask_is_asked(argc, argv))
        return ask_run(argc, argv);

    int exit_code = EXIT_SUCCESS;
    struct config *config = daemon_start(&info, argc, argv, &exit_code);
    if (!config)
        return exit_code;
    g_autofree char *fault = NULL;
    struct room_settings *settings = room_settings_new(config, &fault);
    if (!settings) { // --check-config's check ran before
        fprintf(stderr, "%s\n", fault);
        config_free(config);
        return EXIT_FAILURE;
    }
    exit_code = enroll_code ? run_enroll(settings) : run(config, settings);
    room_settings_free(settings);
    config_free(config);
    g_free(enroll_code);
    return exit_code;
}
