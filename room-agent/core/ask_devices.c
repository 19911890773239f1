// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/ask_devices.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/protocol/body.h"
#include "room-agent/core/ask_box.h"
#include "room-agent/core/ask_words.h"
#include "room-agent/core/settings.h"

enum { EXIT_SETTINGS = 2 };

#define RENEW_NS 300000000

// --- drive -------------------------------------------------------------------------------------

static int give(
        const struct config *config, const char *device, const char *order, bool may_be_replaced)
{
    g_autofree struct message_local_drive *drive = g_new0(struct message_local_drive, 1);
    g_autofree struct message_local_driven *driven = g_new0(struct message_local_driven, 1);
    g_autofree char *json = NULL;
    struct fields_error error;
    g_strlcpy(drive->device, device, sizeof(drive->device));
    g_strlcpy(drive->order, order, sizeof(drive->order));
    g_autofree char *body = body_build(message_infos[MESSAGE_LOCAL_DRIVE].fields, drive);
    int exit_code = ask_box(config, "drive", body, &json);
    if (exit_code)
        return exit_code;
    if (body_parse(message_infos[MESSAGE_LOCAL_DRIVEN].fields, json, strlen(json), driven, &error) <
            0)
        return ask_bad_answer(&error);
    bool is_good = strcmp(driven->result, "ok") == 0 ||
                   (may_be_replaced && strcmp(driven->result, "cancelled") == 0);
    if (!is_good) {
        g_autofree char *code = g_strdup_printf("device.%s", driven->result);
        fprintf(stderr, "rong-room: %s: %s (%s)\n", device, ask_sentence(code, driven->text), code);
    }
    return is_good ? 0 : EXIT_REFUSED;
}

int ask_drive(const struct config *config, const char *device, const char *order, double hold_s)
{
    if (hold_s <= 0)
        return give(config, device, order, false);

    // A signal ends the wait and not the program: the device is stopped first.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    int64_t until_us = g_get_monotonic_time() + (int64_t)(hold_s * 1e6);
    int exit_code = 0;
    bool is_told = false;
    while (!exit_code && !is_told && g_get_monotonic_time() < until_us) {
        exit_code = give(config, device, order, true);
        int64_t left_ns = (until_us - g_get_monotonic_time()) * 1000;
        struct timespec wait = { .tv_nsec = CLAMP(left_ns, 0, RENEW_NS) };
        is_told = sigtimedwait(&ends, NULL, &wait) > 0;
    }
    int stop_code = give(config, device, "stop", false);
    return exit_code ? exit_code : stop_code;
}

// --- probe -------------------------------------------------------------------------------------

static void print_device(const struct message_local_probed *device)
{
    printf("%s (%s%s%s): %s, %" PRId64 " s%s%s\n", device->id, device->driver,
            device->model[0] ? " " : "", device->model, ask_word_device(device->state),
            device->since_s, device->has_code ? ": " : "",
            device->has_code ? ask_sentence(device->code, device->text) : "");
    for (size_t i = 0; i < device->fields_count; i++) {
        const struct type_device_field *field = &device->fields[i];
        printf("  %s = %s, %s, %" PRId64 " s", field->name, field->value[0] ? field->value : "?",
                ask_word_quality(field->quality), field->age_s);
        if (field->has_wanted)
            printf(", %s %s", ask_word(WORD_WANTED), field->wanted);
        putchar('\n');
    }
    printf("  %s: %s\n", ask_word(WORD_ORDERS), device->can);
    const struct {
        enum ask_word word;
        int64_t count;
    } counters[] = {
        { WORD_SENT, device->sent },
        { WORD_TIMEOUTS, device->timeouts },
        { WORD_RETRIES, device->retries },
        { WORD_MALFORMED, device->malformed },
        { WORD_CONNECTS, device->connects },
    };
    for (size_t i = 0; i < COUNT_OF(counters); i++)
        printf("%s%s %" PRId64, i ? ", " : "  ", ask_word(counters[i].word), counters[i].count);
    putchar('\n');
}

static int probe_one(const struct config *config, const char *id, bool wants_json)
{
    g_autofree char *json = NULL;
    g_autofree struct message_local_probed *probed = g_new0(struct message_local_probed, 1);
    struct message_local_probe asked = { 0 };
    struct fields_error error;
    g_strlcpy(asked.device, id, sizeof(asked.device));
    g_autofree char *body = body_build(message_infos[MESSAGE_LOCAL_PROBE].fields, &asked);
    int exit_code = ask_box(config, "probe", body, &json);
    if (exit_code)
        return exit_code;
    if (wants_json) {
        puts(json); // one line a device
        return 0;
    }
    if (body_parse(message_infos[MESSAGE_LOCAL_PROBED].fields, json, strlen(json), probed, &error) <
            0)
        return ask_bad_answer(&error);
    print_device(probed);
    return 0;
}

int ask_probe(const struct config *config, bool wants_json)
{
    g_autofree char *json = NULL;
    g_autofree struct message_local_page *state = g_new0(struct message_local_page, 1);
    struct fields_error error;
    int exit_code = ask_box(config, "state", NULL, &json);
    if (exit_code)
        return exit_code;
    if (body_parse(message_infos[MESSAGE_LOCAL_PAGE].fields, json, strlen(json), state, &error) < 0)
        return ask_bad_answer(&error);
    for (size_t i = 0; i < state->devices_count && !exit_code; i++)
        exit_code = probe_one(config, state->devices[i].id, wants_json);
    return exit_code;
}

// --- preview -----------------------------------------------------------------------------------

static void print_scene(const struct room_settings *settings, const struct scene_settings *scene)
{
    for (int field = 0; field < HW_FIELD_COUNT; field++) // the order in which they are set
        for (guint i = 0; i < scene->lines->len; i++) {
            const struct scene_line *line = &g_array_index(scene->lines, struct scene_line, i);
            const struct device_settings *device =
                    g_ptr_array_index(settings->devices, line->device);
            char value[32];
            if ((int)line->field != field)
                continue;
            hw_field_format(line->field, line->value, value, sizeof(value));
            printf("%s.%s = %s (%s, %s)\n", device->id, hw_field_name(line->field), value,
                    device->driver->name, device->address);
        }
    if (!scene->lines->len)
        printf("%s: %s\n", scene->name, ask_word(WORD_SETS_NOTHING));
}

int ask_preview(const struct config *config, const char *scene)
{
    g_autofree char *fault = NULL;
    struct room_settings *settings = room_settings_new(config, &fault);
    if (!settings) {
        fprintf(stderr, "%s\n", fault);
        return EXIT_SETTINGS;
    }
    const struct scene_settings *found = room_settings_scene(settings->scenes, scene);
    int exit_code = found ? 0 : EXIT_REFUSED;
    if (found)
        print_scene(settings, found);
    else
        fprintf(stderr, "rong-room: %s (room.unknown_scene)\n",
                ask_sentence("room.unknown_scene", ""));
    room_settings_free(settings);
    return exit_code;
}
