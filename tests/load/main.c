// SPDX-License-Identifier: Apache-2.0
// rong-load: poses as many rooms with real ICE, DTLS-SRTP, H.264 and Opus, and measures what it
// gets back. It enrols its rooms over REST, obeys member.desired, and leaves nothing behind.
#include <errno.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/media/media.h"
#include "common/net/enroll.h"
#include "common/net/http_client.h"
#include "common/protocol/body.h"
#include "tests/load/clip_coder.h"
#include "tests/load/posed_room.h"

#define LOG_TOPIC "load"

#define TICK_US        20000
#define LATE_MAX_US    500000
#define PROGRESS_EVERY 5 // seconds
// Beyond these we, and not what we measure, may be what was slow.
#define CPU_SHARE_MAX  0.7
#define LATE_SHARE_MAX 0.01

struct options {
    gboolean wants_version;
    char *signal_url, *machine_url, *token_file, *ca_file, *pin, *units, *json_file, *log_level;
    char *watch_file, *speech, *local;
    gboolean sound_only, shares;
    char *link, *link_up, *link_down;
    struct link_profile up, down;
    int link_seed;
    int seconds, first_mark, decode, join_after_ms, join_every_ms, red_copies;
    struct clip_picture picture;
};

struct load {
    struct options options;
    char *token;
    char *state_dir; // of all enrolments; removed at the end
    struct loop *loop;
    struct certificate *certificate;
    GBytes *silence;
    struct clip_coder *pictures, *screens;
    struct voices *voices;
    const char *local_addresses[2];
    struct watch *watch;
    GPtrArray *rooms;
    GSource *tick, *second, *terminated, *interrupted, *storm;
    int64_t begun_us, next_tick_us;
    int seconds, ticks, late_ticks;
    double begun_cpu_seconds; // what enrolling and coding cost is not the load's
    bool is_ending;
};

// --- enrolling -----------------------------------------------------------------------------------

static int ask_code(const struct load *load, const char *unit, char **code)
{
    g_autofree char *url =
            g_strdup_printf("%s/api/v1/rooms/%s/code", load->options.signal_url, unit);
    const struct http_request request = { .method = "POST",
        .url = url,
        .ca_file = load->options.ca_file,
        .pinned_key = load->options.pin,
        .bearer = load->token,
        .content_type = BODY_CONTENT_TYPE,
        .body = "{}",
        .size = 2 };
    struct http_response response = { 0 };
    g_autofree char *fault = NULL;
    if (http_request(&request, &response, &fault) < 0) {
        fprintf(stderr, "rong-load: %s: %s\n", unit, fault);
        return -EIO;
    }
    struct message_rest_room_code_reply reply;
    struct fields_error error = { 0 };
    int rc = response.status / 100 == 2 ? 0 : -EACCES;
    if (rc == 0)
        rc = body_parse(
                &message_rest_room_code_reply_fields, response.body, response.size, &reply, &error);
    if (rc == 0)
        *code = g_strdup(reply.code);
    else
        fprintf(stderr, "rong-load: no code for room %s: status %d %s\n", unit, response.status,
                response.body ? response.body : "");
    http_response_fini(&response);
    return rc;
}

static int enroll_room(const struct load *load, const char *unit, const char *state_dir)
{
    g_autofree char *code = NULL;
    g_autofree char *name = NULL;
    g_autofree char *fault = NULL;
    int rc = ask_code(load, unit, &code);
    if (rc < 0)
        return rc;
    rc = enroll(load->options.signal_url, code, ROLE_ROOM, state_dir, &name, &fault);
    if (rc < 0)
        fprintf(stderr, "rong-load: room %s is not enrolled: %s\n", unit, fault);
    return rc;
}

static void remove_state(const char *state_dir)
{
    static const char *const files[] = { ENROLL_KEY_FILE, ENROLL_CERTIFICATE_FILE, ENROLL_CA_FILE };
    g_autoptr(GDir) rooms = state_dir ? g_dir_open(state_dir, 0, NULL) : NULL;
    const char *name;
    while (rooms && (name = g_dir_read_name(rooms)) != NULL) {
        g_autofree char *room = g_build_filename(state_dir, name, NULL);
        for (size_t i = 0; i < COUNT_OF(files); i++) {
            g_autofree char *file = g_build_filename(room, files[i], NULL);
            g_unlink(file);
        }
        g_rmdir(room);
    }
    if (state_dir)
        g_rmdir(state_dir);
}

// --- running -------------------------------------------------------------------------------------

static gboolean on_tick(gpointer data)
{
    struct load *load = data;
    const int64_t now_us = g_get_monotonic_time();
    if (now_us - load->next_tick_us > LATE_MAX_US)
        load->next_tick_us = now_us;
    while (load->next_tick_us <= now_us) {
        load->ticks++;
        load->late_ticks += now_us - load->next_tick_us > TICK_US;
        for (guint i = 0; i < load->rooms->len; i++)
            posed_room_tick(g_ptr_array_index(load->rooms, i), now_us);
        load->next_tick_us += TICK_US;
    }
    g_source_set_ready_time(load->tick, load->next_tick_us);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_tick(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

struct totals {
    guint rooms, in_meeting, connected, pictures, sounds;
    int64_t packets_in, packets_out, lost_in, failures;
    uint64_t samples, concealed, gaps, clipped;
    uint64_t frames, freezes, frozen_us, key_frames_in, watched_us;
    double join_ms_max, picture_ms_max;
    int gap_ms;
};

static void add_up(const struct load *load, struct totals *totals)
{
    *totals = (struct totals){ .rooms = load->rooms->len };
    for (guint i = 0; i < load->rooms->len; i++) {
        struct posed_room_view view;
        posed_room_view(g_ptr_array_index(load->rooms, i), &view);
        totals->in_meeting += view.in_meeting;
        totals->connected += view.connected;
        totals->pictures += view.picture_alive;
        totals->sounds += view.sound_alive;
        totals->packets_in += view.packets_in;
        totals->packets_out += view.packets_out;
        totals->lost_in += view.lost_in;
        totals->failures += view.failures;
        totals->samples += view.samples;
        totals->concealed += view.concealed;
        totals->gaps += view.gaps;
        totals->clipped += view.clipped;
        totals->frames += view.frames;
        totals->freezes += view.freezes;
        totals->frozen_us += view.frozen_us;
        totals->key_frames_in += view.key_frames_in;
        totals->watched_us += view.watched_us;
        totals->gap_ms = MAX(totals->gap_ms, view.gap_ms);
        totals->join_ms_max = MAX(totals->join_ms_max, view.join_ms);
        totals->picture_ms_max = MAX(totals->picture_ms_max, view.picture_ms);
    }
}

static gboolean on_second(gpointer data)
{
    struct load *load = data;
    for (guint i = 0; i < load->rooms->len; i++)
        posed_room_second(g_ptr_array_index(load->rooms, i));
    struct totals totals;
    add_up(load, &totals);
    const struct watch_second told = { .ticks = load->ticks,
        .late_ticks = load->late_ticks,
        .connected = totals.connected,
        .pictures = totals.pictures,
        .sounds = totals.sounds,
        .lost_in = totals.lost_in,
        .samples = totals.samples,
        .concealed = totals.concealed,
        .gaps = totals.gaps,
        .clipped = totals.clipped,
        .frames = totals.frames,
        .freezes = totals.freezes,
        .frozen_us = totals.frozen_us,
        .key_frames_in = totals.key_frames_in,
        .watched_us = totals.watched_us,
        .gap_ms = totals.gap_ms };
    watch_second(load->watch, &told);
    if (++load->seconds % PROGRESS_EVERY == 0) {
        fprintf(stderr,
                "%4d s: %u rooms, %u in a meeting, %u connected, %u see a picture, "
                "%" G_GINT64_FORMAT " packets in, %" G_GINT64_FORMAT " out, %" G_GINT64_FORMAT
                " lost\n",
                load->seconds, totals.rooms, totals.in_meeting, totals.connected, totals.pictures,
                totals.packets_in, totals.packets_out, totals.lost_in);
    }
    if (load->options.seconds > 0 && load->seconds >= load->options.seconds)
        loop_quit(load->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer data)
{
    struct load *load = data;
    load->is_ending = true;
    loop_quit(load->loop);
    return G_SOURCE_CONTINUE;
}

// All rooms ask for a key frame at once: SIGUSR1.
static gboolean on_storm(gpointer data)
{
    struct load *load = data;
    for (guint i = 0; i < load->rooms->len; i++)
        posed_room_ask_for_key_frame(g_ptr_array_index(load->rooms, i));
    return G_SOURCE_CONTINUE;
}

static GSource *call_on(struct load *load, int signal_number, GSourceFunc fn)
{
    GSource *source = g_unix_signal_source_new(signal_number);
    g_source_set_callback(source, fn, load, NULL);
    g_source_attach(source, loop_context(load->loop));
    return source;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void start_clock(struct load *load)
{
    static GSourceFuncs functions = { .dispatch = dispatch_tick };
    load->begun_us = load->next_tick_us = g_get_monotonic_time();
    load->begun_cpu_seconds = cpu_seconds();
    for (guint i = 0; i < load->rooms->len; i++)
        posed_room_join_after(g_ptr_array_index(load->rooms, i),
                load->begun_us + 1000 * ((int64_t)load->options.join_after_ms +
                                                (int64_t)load->options.join_every_ms * i));
    load->tick = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(load->tick, on_tick, load, NULL);
    g_source_set_ready_time(load->tick, load->next_tick_us);
    g_source_attach(load->tick, loop_context(load->loop));
    load->second = loop_add_timer(load->loop, 1000, on_second, load);
}

static int open_room(struct load *load, const char *unit, guint index)
{
    g_autofree char *state_dir = g_build_filename(load->state_dir, unit, NULL);
    const struct posed_room_config config = {
        .loop = load->loop,
        .unit = unit,
        .mark = (unsigned)load->options.first_mark + index,
        .machine_url = load->options.machine_url,
        .state_dir = state_dir,
        .certificate = load->certificate,
        .silence = load->silence,
        .pictures = load->pictures,
        .voices = load->voices,
        .local_addresses = load->options.local ? load->local_addresses : NULL,
        .red_copies = (unsigned)load->options.red_copies,
        .sound_only = load->options.sound_only,
        .screens = index == 0 ? load->screens : NULL,
        .watch = load->watch,
        .link_up = load->options.up,
        .link_down = load->options.down,
        .link_seed = (uint64_t)load->options.link_seed + index,
        .decodes = index < (guint)load->options.decode,
    };
    struct posed_room *room = NULL;
    int rc = enroll_room(load, unit, state_dir);
    if (rc == 0)
        rc = posed_room_open(&config, &room);
    if (rc == 0)
        g_ptr_array_add(load->rooms, room);
    return rc;
}

static int open_rooms(struct load *load)
{
    g_auto(GStrv) units = g_strsplit(load->options.units, ",", -1);
    load->local_addresses[0] = load->options.local;
    static const struct clip_picture screen = { .height = 1080, .fps = 8, .kbps = 1500 };
    load->pictures = clip_coder_new(&load->options.picture);
    load->screens = load->options.shares ? clip_coder_new(&screen) : NULL;
    load->voices = voices_new(
            load->options.speech, (unsigned)load->options.first_mark, g_strv_length(units));
    for (guint i = 0; units[i] && !load->is_ending; i++) {
        const int rc = open_room(load, g_strstrip(units[i]), i);
        if (rc < 0)
            return rc;
        // Enrolling blocks; between two rooms those before connect, and a signal is heard.
        while (g_main_context_iteration(loop_context(load->loop), FALSE))
            ;
    }
    return 0;
}

// --- the result ----------------------------------------------------------------------------------

static double cpu_share(const struct load *load)
{
    const double past_s = (double)(g_get_monotonic_time() - load->begun_us) / G_USEC_PER_SEC;
    return past_s > 0 ? (cpu_seconds() - load->begun_cpu_seconds) / past_s : 0;
}

// NULL: what was measured is not our own slowness.
static const char *bottleneck(const struct load *load)
{
    if (cpu_share(load) > CPU_SHARE_MAX)
        return "cpu";
    return load->late_ticks > LATE_SHARE_MAX * load->ticks ? "late_ticks" : NULL;
}

static struct json_object *make_result(const struct load *load)
{
    struct totals totals;
    struct json_object *result = json_object_new_object();
    struct json_object *rooms = json_object_new_array();
    add_up(load, &totals);
    for (guint i = 0; i < load->rooms->len; i++)
        json_object_array_add(rooms, posed_room_result(g_ptr_array_index(load->rooms, i)));
    json_object_object_add(result, "seconds", json_object_new_int(load->seconds));
    json_object_object_add(result, "rooms_asked", json_object_new_int((int)totals.rooms));
    json_object_object_add(result, "rooms_connected", json_object_new_int((int)totals.connected));
    json_object_object_add(result, "rooms_with_picture", json_object_new_int((int)totals.pictures));
    json_object_object_add(result, "rtp_in", json_object_new_int64(totals.packets_in));
    json_object_object_add(result, "rtp_out", json_object_new_int64(totals.packets_out));
    json_object_object_add(result, "lost_in", json_object_new_int64(totals.lost_in));
    json_object_object_add(result, "failures", json_object_new_int64(totals.failures));
    json_object_object_add(result, "join_ms_max", json_object_new_double(totals.join_ms_max));
    json_object_object_add(result, "picture_ms_max", json_object_new_double(totals.picture_ms_max));
    json_object_object_add(result, "ticks", json_object_new_int(load->ticks));
    json_object_object_add(result, "late_ticks", json_object_new_int(load->late_ticks));
    json_object_object_add(result, "cpu_seconds", json_object_new_double(cpu_seconds()));
    json_object_object_add(result, "cpu_share", json_object_new_double(cpu_share(load)));
    const char *slow = bottleneck(load);
    json_object_object_add(result, "bottleneck", slow ? json_object_new_string(slow) : NULL);
    json_object_object_add(result, "rooms", rooms);
    return result;
}

static void print_table(const struct load *load)
{
    printf("%-10s %-9s %-7s %4s %9s %9s %6s %8s %8s %5s\n", "room", "connected", "picture", "mic",
            "rtp in", "rtp out", "lost", "join ms", "jitter", "fps");
    for (guint i = 0; i < load->rooms->len; i++) {
        struct posed_room_view view;
        posed_room_view(g_ptr_array_index(load->rooms, i), &view);
        g_autofree char *fps =
                view.picture_fps < 0 ? g_strdup("-") : g_strdup_printf("%.0f", view.picture_fps);
        printf("%-10s %-9s %-7s %4s %9" G_GINT64_FORMAT " %9" G_GINT64_FORMAT " %6" G_GINT64_FORMAT
               " %8.1f %8.1f %5s\n",
                view.unit, view.connected ? "yes" : "no", view.picture_alive ? "alive" : "none",
                view.mic_open ? "open" : "-", view.packets_in, view.packets_out, view.lost_in,
                view.join_ms, view.jitter_ms, fps);
    }
    const char *slow = bottleneck(load);
    if (slow)
        printf("rong-load itself was the bottleneck: %s (%.2f of a core, %d of %d ticks late)\n",
                slow, cpu_share(load), load->late_ticks, load->ticks);
}

static int write_result(const struct load *load)
{
    struct json_object *result = make_result(load);
    const char *text = json_object_to_json_string_ext(
            result, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    g_autoptr(GError) error = NULL;
    int rc = 0;
    if (load->options.json_file &&
            !g_file_set_contents(load->options.json_file, text, -1, &error)) {
        fprintf(stderr, "rong-load: %s\n", error->message);
        rc = -EIO;
    }
    print_table(load);
    if (!load->options.json_file)
        printf("%s\n", text);
    json_object_put(result);
    return rc;
}

// --- from the command line -----------------------------------------------------------------------

static bool read_link(const char *both, const char *one, struct link_profile *out)
{
    const char *text = one ? one : both ? both : "";
    if (link_profile_parse(text, out) == 0)
        return true;
    fprintf(stderr, "rong-load: no link profile: %s\n", text);
    return false;
}

// What is missing or out of range, or NULL. Sets the log level.
static const char *options_fault(const struct options *options)
{
    const struct clip_picture *picture = &options->picture;
    if (!options->signal_url)
        return "--signal is missing";
    if (!options->machine_url)
        return "--machines is missing";
    if (!options->token_file)
        return "--token-file is missing";
    if (!options->units)
        return "--units is missing";
    if (!options->ca_file && !options->pin)
        return "--ca or --pin is missing";
    if (picture->height <= 0 || picture->height % 2 != 0)
        return "--height: expected an even number of pixels";
    if (picture->fps <= 0 || picture->fps > CLIP_FPS_MAX)
        return "--fps: expected 1 to 30";
    if (picture->kbps <= 0)
        return "--kbps: expected more than 0";
    if (options->log_level && !log_set_level(options->log_level))
        return "--log-level: expected error, warn, info or debug";
    return NULL;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){ .first_mark = 4, .decode = 1, .picture = clip_picture_default };
    const GOptionEntry entries[] = {
        { "signal", 0, 0, G_OPTION_ARG_STRING, &options->signal_url, "rong-signal's public address",
                "https://HOST:8443" },
        { "machines", 0, 0, G_OPTION_ARG_STRING, &options->machine_url, "its address for machines",
                "wss://HOST:8444/ws" },
        { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options->token_file,
                "the administrator's token", "FILE" },
        { "ca", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file, "the authority of --signal",
                "FILE" },
        { "pin", 0, 0, G_OPTION_ARG_STRING, &options->pin, "instead of --ca: the key of --signal",
                "sha256//BASE64" },
        { "units", 0, 0, G_OPTION_ARG_STRING, &options->units, "codes of the rooms to pose as",
                "A,B,…" },
        { "seconds", 0, 0, G_OPTION_ARG_INT, &options->seconds, "how long to run; 0: until SIGTERM",
                "S" },
        { "json", 0, 0, G_OPTION_ARG_FILENAME, &options->json_file,
                "where the result goes; else to standard output", "FILE" },
        { "first-mark", 0, 0, G_OPTION_ARG_INT, &options->first_mark,
                "the frame mark of the first room (4)", "N" },
        { "decode", 0, 0, G_OPTION_ARG_INT, &options->decode,
                "how many rooms decode what they receive (1)", "N" },
        { "height", 0, 0, G_OPTION_ARG_INT, &options->picture.height,
                "of the picture that the rooms send (180)", "PIXELS" },
        { "fps", 0, 0, G_OPTION_ARG_INT, &options->picture.fps, "its rate, up to 30 (15)", "N" },
        { "kbps", 0, 0, G_OPTION_ARG_INT, &options->picture.kbps, "its bit rate (150)", "N" },
        { "join-after", 0, 0, G_OPTION_ARG_INT, &options->join_after_ms, "no room offers before",
                "MS" },
        { "join-every", 0, 0, G_OPTION_ARG_INT, &options->join_every_ms,
                "and then one this often (0: all at once)", "MS" },
        { "sound-only", 0, 0, G_OPTION_ARG_NONE, &options->sound_only,
                "the rooms offer no picture and take none", NULL },
        { "share", 0, 0, G_OPTION_ARG_NONE, &options->shares,
                "the first room shares a screen of 1080 lines while it has the floor", NULL },
        { "red-copies", 0, 0, G_OPTION_ARG_INT, &options->red_copies,
                "frames sent again in RED: 1 as browsers do, or 2 (2)", "N" },
        { "speech", 0, 0, G_OPTION_ARG_FILENAME, &options->speech,
                "rooms speak what is in this folder over their tones (tones alone)", "FOLDER" },
        { "local", 0, 0, G_OPTION_ARG_STRING, &options->local,
                "the rooms' sockets are bound to this (all addresses)", "ADDRESS" },
        { "watch", 0, 0, G_OPTION_ARG_FILENAME, &options->watch_file,
                "where to tell what happens, a line of JSON each", "FILE" },
        { "link", 0, 0, G_OPTION_ARG_STRING, &options->link,
                "what the rooms' links do to packets, in both ways: "
                "loss=10,burst=3,rtt=60,delay=5,jitter=20,reorder=1,rate=512",
                "PROFILE" },
        { "link-up", 0, 0, G_OPTION_ARG_STRING, &options->link_up, "likewise, from the rooms only",
                "PROFILE" },
        { "link-down", 0, 0, G_OPTION_ARG_STRING, &options->link_down,
                "likewise, to the rooms only", "PROFILE" },
        { "link-seed", 0, 0, G_OPTION_ARG_INT, &options->link_seed,
                "another one for another fate of the packets (0)", "N" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->wants_version, "Print the version", NULL },
        { "log-level", 0, 0, G_OPTION_ARG_STRING, &options->log_level, "error, warn, info or debug",
                "LEVEL" },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, "Poses as many rooms and measures what they get back.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "rong-load: %s\n", error->message);
        return false;
    }
    if (options->wants_version)
        return true;
    if (argc > 1) {
        fprintf(stderr, "rong-load: unexpected argument '%s'; see --help\n", argv[1]);
        return false;
    }
    const char *fault = options_fault(options);
    if (fault)
        fprintf(stderr, "rong-load: %s; see --help\n", fault);
    return !fault && read_link(options->link, options->link_up, &options->up) &&
           read_link(options->link, options->link_down, &options->down);
}

static void free_options(struct options *options)
{
    char **const texts[] = { &options->signal_url, &options->machine_url, &options->token_file,
        &options->ca_file, &options->pin, &options->units, &options->json_file, &options->log_level,
        &options->watch_file, &options->link, &options->link_up, &options->link_down,
        &options->speech, &options->local };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        g_clear_pointer(texts[i], g_free);
}

static int prepare(struct load *load)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(load->options.token_file, &load->token, NULL, &error)) {
        fprintf(stderr, "rong-load: %s\n", error->message);
        return -EIO;
    }
    g_strstrip(load->token);
    load->state_dir = g_dir_make_tmp("rong-load-XXXXXX", &error);
    if (!load->state_dir) {
        fprintf(stderr, "rong-load: %s\n", error->message);
        return -EIO;
    }
    load->silence = clip_silence();
    load->rooms = g_ptr_array_new_with_free_func((GDestroyNotify)posed_room_close);
    load->loop = loop_new_main();
    load->terminated = call_on(load, SIGTERM, on_signal);
    load->interrupted = call_on(load, SIGINT, on_signal);
    load->storm = call_on(load, SIGUSR1, on_storm);
    const int rc = watch_open(load->options.watch_file, &load->watch);
    if (rc < 0)
        fprintf(stderr, "rong-load: %s: %s\n", load->options.watch_file, g_strerror(-rc));
    return rc < 0 ? rc : certificate_new(&load->certificate);
}

static void finish(struct load *load)
{
    loop_clear_source(&load->tick);
    loop_clear_source(&load->second);
    g_clear_pointer(&load->rooms, g_ptr_array_unref);
    clip_coder_free(load->pictures);
    clip_coder_free(load->screens);
    voices_free(load->voices);
    loop_clear_source(&load->terminated);
    loop_clear_source(&load->interrupted);
    loop_clear_source(&load->storm);
    if (load->loop)
        loop_free(load->loop);
    certificate_free(load->certificate);
    watch_close(load->watch);
    g_clear_pointer(&load->silence, g_bytes_unref);
    remove_state(load->state_dir);
    g_free(load->state_dir);
    g_free(load->token);
    free_options(&load->options);
}

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
    static const char *const elements[] = { "appsrc", "appsink", "x264enc", "avdec_h264", NULL };
    struct load load = { 0 };
    const char *missing = NULL;
    setlocale(LC_CTYPE, ""); // NOLINT(concurrency-mt-unsafe): no other thread yet
    if (!read_options(&load.options, argc, argv)) {
        free_options(&load.options);
        return 2;
    }
    if (load.options.wants_version) {
        printf("rong-load %s\n", daemon_version());
        free_options(&load.options);
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (media_init(elements, &missing) < 0) {
        fprintf(stderr, "rong-load: GStreamer lacks %s\n", missing);
        return 1;
    }
    int rc = prepare(&load);
    if (rc == 0)
        rc = open_rooms(&load);
    if (rc == 0) {
        start_clock(&load);
        if (!load.is_ending)
            loop_run(load.loop);
        rc = write_result(&load);
    }
    finish(&load);
    return rc < 0;
}
