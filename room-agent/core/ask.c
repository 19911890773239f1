// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/protocol/body.h"
#include "room-agent/core/ask_box.h"
#include "room-agent/core/ask_devices.h"
#include "room-agent/core/ask_words.h"
#include "room-agent/core/settings.h"

#define DEFAULT_CONFIG "/etc/rong/room.conf"

enum { EXIT_USAGE = 2 };

// Where the command stands: the first word that is neither an option nor the value of one; 0: none.
static int command_at(int argc, char **argv)
{
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--config") == 0 || strcmp(argv[at], "--language") == 0)
            at++;
        else if (argv[at][0] != '-')
            return at;
    }
    return 0;
}

bool ask_is_asked(int argc, char **argv)
{
    static const char *const commands[] = { "ask", "status", "scene", "drive", "probe", NULL };
    int at = command_at(argc, argv);
    return at > 0 && g_strv_contains(commands, argv[at]);
}

const struct daemon_command ask_commands[] = {
    { "ask [--withdraw | --yield] [--config FILE]",
            "Asks for the floor, takes it back or gives it up, and tells the place in the queue" },
    { "ask language floor|jrai|bahnar [--config FILE]",
            "Chooses the language that the room hears" },
    { "scene NAME [--preview] [--config FILE]",
            "Puts the room's devices into a scene (idle, meeting, floor, content, ended, or a "
            "button of the settings), or tells what that would do" },
    { "drive DEVICE ORDER… [--hold SECONDS] [--config FILE]",
            "Moves a device by hand. Orders: drive PAN TILT, zoom SPEED (percent, -100 to 100), "
            "zoom-to N (the device's own units), stop, stop-zoom, home, store N, keep, read FIELD, "
            "or a field and its value: preset 3, "
            "blank on" },
    { "probe [--json] [--config FILE]", "Asks each device what it is and how it does" },
    { "status [--json] [--config FILE]", "Tells how the room does" },
    { "ask|scene|drive|probe|status … [--language vi|en]",
            "All of them speak Vietnamese, or English where --language or the locale says so. "
            "Exit codes: 0 done; 1 refused, or no rong-room there; 2 a bad command line or "
            "settings file" },
    { NULL, NULL },
};

static int usage(void)
{
    for (const struct daemon_command *command = ask_commands; command->usage; command++)
        fprintf(stderr, "%s rong-room %s\n", command == ask_commands ? "usage:" : "      ",
                command->usage);
    fputs("see rong-room --help\n", stderr);
    return EXIT_USAGE;
}

struct question {
    bool is_status;
    bool is_probe;
    bool wants_json;
    bool wants_preview;
    const char *device; // to drive; NULL: not that
    GString *order;
    double hold_s;
    struct message_local_action action;
    const char *config;
    const char *language; // NULL: the locale's
};

// A word of `drive` that is no option: the device first, then the order's.
static void read_drive_word(struct question *out, const char *word)
{
    if (!out->device) {
        out->device = word;
        return;
    }
    if (out->order->len)
        g_string_append_c(out->order, ' ');
    g_string_append(out->order, word);
}

static bool read_hold(const char *text, double *out)
{
    char *end;
    *out = g_ascii_strtod(text, &end);
    return end != text && *end == '\0' && *out > 0 && *out <= 60;
}

// `ask language WORD`: where the word stands; 0: that is not asked. False: it is no language.
static bool read_language(int argc, char **argv, int command, struct question *out, int *word_at)
{
    *word_at = 0;
    if (strcmp(argv[command], "ask") != 0 || command + 1 >= argc ||
            strcmp(argv[command + 1], "language") != 0)
        return true;
    *word_at = command + 2;
    out->action.action = PAGE_ACTION_LANGUAGE;
    out->action.has_language = true;
    out->action.language = *word_at < argc ? language_from_name(argv[*word_at]) : LANGUAGE_NONE;
    return out->action.language != LANGUAGE_NONE;
}

static bool read_arguments(int argc, char **argv, struct question *out)
{
    const int command = command_at(argc, argv);
    int scene_at = 0;
    out->config = DEFAULT_CONFIG;
    out->is_status = strcmp(argv[command], "status") == 0;
    out->action.action = PAGE_ACTION_FLOOR_REQUEST;
    if (strcmp(argv[command], "scene") == 0) {
        scene_at = command + 1;
        out->action.action = PAGE_ACTION_SCENE;
        out->action.has_scene = true;
        if (scene_at >= argc || argv[scene_at][0] == '-' ||
                g_strlcpy(out->action.scene, argv[scene_at], sizeof(out->action.scene)) >=
                        sizeof(out->action.scene))
            return false;
    }
    int language_at;
    if (!read_language(argc, argv, command, out, &language_at))
        return false;
    bool is_ask = strcmp(argv[command], "ask") == 0;
    bool is_drive = strcmp(argv[command], "drive") == 0;
    out->is_probe = strcmp(argv[command], "probe") == 0;
    for (int at = 1; at < argc; at++) {
        if (at == command || at == scene_at ||
                (language_at && (at == language_at || at == language_at - 1)))
            continue;
        if (is_ask && strcmp(argv[at], "--withdraw") == 0)
            out->action.action = PAGE_ACTION_FLOOR_WITHDRAW;
        else if (is_ask && strcmp(argv[at], "--yield") == 0)
            out->action.action = PAGE_ACTION_FLOOR_YIELD;
        else if ((out->is_status || out->is_probe) && strcmp(argv[at], "--json") == 0)
            out->wants_json = true;
        else if (scene_at && strcmp(argv[at], "--preview") == 0)
            out->wants_preview = true;
        else if (strcmp(argv[at], "--config") == 0 && at + 1 < argc)
            out->config = argv[++at];
        else if (strcmp(argv[at], "--language") == 0 && at + 1 < argc)
            out->language = argv[++at];
        else if (is_drive && strcmp(argv[at], "--hold") == 0 && at + 1 < argc) {
            if (!read_hold(argv[++at], &out->hold_s))
                return false;
        } else if (is_drive && at > command && !g_str_has_prefix(argv[at], "--"))
            read_drive_word(out, argv[at]);
        else
            return false;
    }
    return !is_drive || (out->device && out->order->len > 0);
}

static void print_floor(const struct message_local_page *state)
{
    printf("%s: ", ask_word(WORD_FLOOR));
    if (state->floor == FLOOR_STATE_GRANTED)
        puts(ask_word(WORD_SPEAKING));
    else if (state->floor == FLOOR_STATE_QUEUED)
        printf("%s %" PRId64 " %s %" PRId64 "\n", ask_word(WORD_QUEUED), state->position,
                ask_word(WORD_OF), state->queue_length);
    else
        puts(ask_word(WORD_NOT_SPEAKING));
    if (state->has_hears)
        printf("%s: %s\n", ask_word(WORD_HEARS),
                state->hears == LANGUAGE_JRAI     ? "Jrai"
                : state->hears == LANGUAGE_BAHNAR ? "Bahnar"
                                                  : ask_word(WORD_AS_IN_THE_HALL));
}

static const char *scene_label(const struct message_local_page *state)
{
    for (size_t i = 0; i < state->buttons_count; i++)
        if (strcmp(state->buttons[i].name, state->scene) == 0)
            return state->buttons[i].label;
    return ask_word_scene(state->scene);
}

static void print_scene(const struct message_local_page *state)
{
    printf("%s: %s, %s", ask_word(WORD_SCENE), scene_label(state),
            ask_word_scene_state(state->scene_state));
    if (state->has_scene_fault)
        printf(": %s: %s", state->scene_fault_at,
                ask_sentence(state->scene_fault_code, state->scene_fault));
    putchar('\n');
}

static void print_state(const struct message_local_page *state)
{
    printf("%s %s\n", state->room, state->name);
    printf("%s: %s\n", ask_word(WORD_CENTRE),
            ask_word(state->signal == SIGNAL_STATE_CONNECTED ? WORD_CONNECTED : WORD_ALONE));
    printf("%s: %s\n", ask_word(WORD_MEETING),
            !state->has_meeting ? ask_word(WORD_NO_MEETING)
            : state->has_title  ? state->title
                                : state->meeting);
    printf("%s: %s%s%s\n", ask_word(WORD_MEDIA), ask_word_media(state->media),
            state->has_media_reason ? ", " : "",
            state->has_media_reason ? state->media_reason : "");
    print_floor(state);
    print_scene(state);
    for (size_t i = 0; i < state->devices_count; i++) {
        const struct type_device *device = &state->devices[i];
        printf("%s (%s): %s, %s%s%s\n", device->id, device->driver, ask_word_device(device->state),
                ask_word_quality(device->quality), device->has_code ? ": " : "",
                device->has_code ? ask_sentence(device->code, device->text) : "");
    }
}

static int print_reply(const struct question *question, const char *json)
{
    struct fields_error error;
    if (question->wants_json) {
        puts(json);
        return 0;
    }
    g_autofree struct message_local_page *state = g_new0(struct message_local_page, 1);
    if (body_parse(message_infos[MESSAGE_LOCAL_PAGE].fields, json, strlen(json), state, &error) < 0)
        return ask_bad_answer(&error);
    print_state(state);
    return 0;
}

static int ask_page(const struct question *question, const struct config *config)
{
    g_autofree char *json = NULL;
    g_autofree char *body =
            question->is_status
                    ? NULL
                    : body_build(message_infos[MESSAGE_LOCAL_ACTION].fields, &question->action);
    int exit_code = ask_box(config, question->is_status ? "state" : "action", body, &json);
    return exit_code ? exit_code : print_reply(question, json);
}

static int run(const struct question *question)
{
    g_autofree char *fault = NULL;
    struct config *config = config_load(question->config, room_settings_table, &fault);
    if (!config) {
        fprintf(stderr, "%s\n", fault);
        return EXIT_USAGE;
    }
    int exit_code;
    if (question->device)
        exit_code = ask_drive(config, question->device, question->order->str, question->hold_s);
    else if (question->is_probe)
        exit_code = ask_probe(config, question->wants_json);
    else if (question->wants_preview)
        exit_code = ask_preview(config, question->action.scene);
    else
        exit_code = ask_page(question, config);
    config_free(config);
    return exit_code;
}

int ask_run(int argc, char **argv)
{
    g_autofree struct question *question = g_new0(struct question, 1);
    question->order = g_string_new(NULL);
    bool is_good = read_arguments(argc, argv, question) && ask_words_choose(question->language);
    int exit_code = is_good ? run(question) : usage();
    g_string_free(question->order, TRUE);
    return exit_code;
}
