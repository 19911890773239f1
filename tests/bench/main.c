// SPDX-License-Identifier: Apache-2.0
// rong-bench: what can be measured without the house: the bare cost of a meeting's media, small
// functions alone, and devices. Prints one JSON value. tests/bench/run.py makes rows of it.
#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/check.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/media/media.h"
#include "tests/bench/bare.h"
#include "tests/bench/delay.h"
#include "tests/bench/devices.h"
#include "tests/bench/fleet.h"
#include "tests/bench/material.h"
#include "tests/bench/micro.h"
#include "tests/bench/peers.h"

struct options {
    int rooms, tiles, talkers, ms, count;
    gboolean wants_version;
    gboolean sound, plain, picture;
    char *camera, *wall, *local, *folder, *link, *speech, *network;
};

static bool start_media(void)
{
    static const char *const elements[] = { "appsrc", "appsink", "x264enc", "avdec_h264", NULL };
    const char *missing = NULL;
    if (media_init(elements, &missing) == 0)
        return true;
    fprintf(stderr, "rong-bench: GStreamer lacks %s\n", missing);
    return false;
}

static int run_bare(const struct options *options, struct json_object **out)
{
    const struct bare_config config = { .rooms = (size_t)options->rooms,
        .tiles = (size_t)options->tiles,
        .talkers = (size_t)options->talkers,
        .part_ms = options->ms,
        .is_sound = options->sound };
    if (!start_media())
        return -ENOENT;
    return bare_run(&config, out);
}

static int run_micro(const struct options *options, struct json_object **out)
{
    const struct micro micro = { .for_ms = options->ms, .folder = options->folder };
    return micro_run(&micro, out);
}

static int run_delay(const struct options *options, struct json_object **out)
{
    const struct delay_config config = { .link = options->link, .chirps = options->count };
    const char *missing = NULL;
    if (media_init(NULL, &missing) < 0)
        return -ENOENT;
    return delay_run(&config, out);
}

static int run_devices(const struct options *options, struct json_object **out)
{
    const struct devices_config config = { .camera = options->camera,
        .wall = options->wall,
        .local = options->local,
        .count = options->count };
    return devices_run(&config, out);
}

// The picture of a tile as a file that other programs can decode, for --ms.
static int run_clip(const struct options *options, struct json_object **out)
{
    struct clip clip;
    if (!start_media())
        return -ENOENT;
    const int rc = clip_open_picture(&material_tile, 1, "Rông", &clip);
    if (rc < 0)
        return rc;
    g_autofree char *path = g_build_filename(options->folder, "tile.h264", NULL);
    FILE *file = fopen(path, "we");
    const int frames = options->ms * material_tile.fps / 1000;
    size_t written = 1;
    for (int i = 0; file && written && i < frames; i++) {
        size_t size;
        const void *data = g_bytes_get_data(clip.units[i % clip.frame_count], &size);
        written = fwrite(data, size, 1, file);
    }
    clip_close(&clip);
    if (!file || fclose(file) != 0 || !written)
        return -EIO;
    *out = json_object_new_string(path);
    return 0;
}

static int run_peers(const struct options *options, struct json_object **out)
{
    (void)out;
    const struct peers_config config = { .count = options->rooms,
        .talkers = options->talkers,
        .is_plain = options->plain,
        .has_picture = options->picture,
        .speech = options->speech,
        .local = options->local ? options->local : "127.0.0.1" };
    return start_media() ? peers_run(&config) : -ENOENT;
}

static int run_fleet(const struct options *options, struct json_object **out)
{
    const struct fleet_config config = { .network = options->network,
        .local = options->local,
        .rooms = options->rooms,
        .ms = options->ms };
    return fleet_run(&config, out);
}

static const struct {
    const char *name;
    int (*run)(const struct options *options, struct json_object **out);
} commands[] = {
    { "bare", run_bare },
    { "micro", run_micro },
    { "devices", run_devices },
    { "fleet", run_fleet },
    { "delay", run_delay },
    { "peers", run_peers },
    { "clip", run_clip },
};

static const char *options_fault(const struct options *options, int argc, char **argv)
{
    bool is_known = false;
    for (size_t i = 0; argc == 2 && i < COUNT_OF(commands); i++)
        is_known |= strcmp(argv[1], commands[i].name) == 0;
    if (!is_known)
        return "expected one of bare, micro, devices, fleet, delay";
    if (options->rooms <= 0 || options->tiles <= 0 || options->talkers < 0)
        return "--rooms, --tiles: expected more than 0; --talkers: not less";
    if (options->ms <= 0 || options->count <= 0)
        return "--ms, --count: expected more than 0";
    if (strcmp(argv[1], "devices") == 0 && (!options->camera || !options->wall))
        return "devices: --camera and --wall are missing";
    if (strcmp(argv[1], "fleet") == 0 && (!options->network || options->rooms > 254))
        return "fleet: --network is missing, or --rooms more than 254";
    return NULL;
}

static bool read_options(struct options *options, int *argc, char ***argv)
{
    const GOptionEntry entries[] = {
        { "rooms", 0, 0, G_OPTION_ARG_INT, &options->rooms, "bare: that receive (20)", "N" },
        { "tiles", 0, 0, G_OPTION_ARG_INT, &options->tiles, "bare: on the canvas (16)", "N" },
        { "talkers", 0, 0, G_OPTION_ARG_INT, &options->talkers, "bare: that are heard (3)", "N" },
        { "sound", 0, 0, G_OPTION_ARG_NONE, &options->sound, "bare: of a meeting without pictures",
                NULL },
        { "ms", 0, 0, G_OPTION_ARG_INT, &options->ms, "how long each part or row takes (500)",
                "MS" },
        { "folder", 0, 0, G_OPTION_ARG_FILENAME, &options->folder,
                "micro: on the disk of the journal; clip: where it goes (.)", "DIR" },
        { "camera", 0, 0, G_OPTION_ARG_STRING, &options->camera, "devices: VISCA over UDP",
                "ADDRESS:PORT" },
        { "wall", 0, 0, G_OPTION_ARG_STRING, &options->wall, "devices: NovaStar", "ADDRESS:PORT" },
        { "network", 0, 0, G_OPTION_ARG_STRING, &options->network, "fleet: of rong-sim", "127.16" },
        { "local", 0, 0, G_OPTION_ARG_STRING, &options->local,
                "devices, fleet, peers: our own address", "ADDRESS" },
        { "plain", 0, 0, G_OPTION_ARG_NONE, &options->plain, "peers: RTP, not encrypted", NULL },
        { "picture", 0, 0, G_OPTION_ARG_NONE, &options->picture, "peers: they send one, too",
                NULL },
        { "speech", 0, 0, G_OPTION_ARG_FILENAME, &options->speech,
                "peers: what the talkers say (tones)", "FOLDER" },
        { "count", 0, 0, G_OPTION_ARG_INT, &options->count,
                "devices: requests of each kind; delay: chirps (100)", "N" },
        { "link", 0, 0, G_OPTION_ARG_STRING, &options->link,
                "delay: what the talker's link does, as rong-load --link", "PROFILE" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->wants_version, "Print the version", NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context =
            g_option_context_new("bare|micro|devices|fleet|delay|peers|clip");
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, "Measures parts of Rông; prints JSON.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        fprintf(stderr, "rong-bench: %s\n", error->message);
        return false;
    }
    if (options->wants_version)
        return true;
    const char *fault = options_fault(options, *argc, *argv);
    if (fault)
        fprintf(stderr, "rong-bench: %s; see --help\n", fault);
    return !fault;
}

// A socket pair a member; 1 024 open files would end at some five hundred.
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct options options = { .rooms = 20, .tiles = 16, .talkers = 3, .ms = 500, .count = 100 };
    int rc = -EINVAL;
    struct json_object *result = NULL;
    setlocale(LC_CTYPE, ""); // NOLINT(concurrency-mt-unsafe): no other thread yet
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (!read_options(&options, &argc, &argv)) {
        rc = -EINVAL;
    } else if (options.wants_version) {
        printf("rong-bench %s\n", daemon_version());
        rc = 0;
    } else {
        if (!options.folder)
            options.folder = g_strdup(".");
        if (!options.link)
            options.link = g_strdup("");
        for (size_t i = 0; i < COUNT_OF(commands); i++)
            if (g_str_equal(argv[1], commands[i].name))
                rc = commands[i].run(&options, &result);
        if (rc < 0)
            fprintf(stderr, "rong-bench: %s: %s\n", argv[1], g_strerror(-rc));
    }
    if (result)
        printf("%s\n", json_object_to_json_string_ext(
                               result, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(result);
    g_free(options.camera);
    g_free(options.wall);
    g_free(options.local);
    g_free(options.folder);
    g_free(options.link);
    g_free(options.speech);
    return rc == -EINVAL ? 2 : rc < 0;
}
