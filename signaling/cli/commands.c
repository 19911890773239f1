// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "signaling/cli/cli.h"
#include "signaling/unit_tree.h"

#define EXIT_BAD_USE 2

// --- units --------------------------------------------------------------------------------------

int cli_unit_import(const struct cli *cli)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(cli->words[0], &text, &size, &error))
        return cli_fail(EXIT_BAD_USE, "%s", error->message);
    // Asked here first, so that a bad file is named with its line even when no server runs.
    struct unit_fault fault;
    struct unit_tree *tree = unit_tree_parse(text, size, &fault);
    unit_tree_free(tree);
    if (!tree)
        return cli_fail(1,
                "%s:%d: %s (%s): correct that line and import again; nothing was changed",
                cli->words[0], fault.line, fault.text, error_code_name(fault.code));
    g_autofree struct message_rest_unit_import_reply *reply = NULL;
    int exit_code =
            cli_ask_text(cli, MESSAGE_REST_UNIT_IMPORT, "text/csv", text, size, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        printf("%" G_GINT64_FORMAT " units imported\n", reply->imported);
    return exit_code;
}

int cli_unit_list(const struct cli *cli)
{
    g_autofree struct message_rest_unit_list_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_UNIT_LIST, NULL, NULL, (void **)&reply);
    if (exit_code != 0 || cli->wants_json)
        return exit_code;
    for (size_t i = 0; i < reply->units_count; i++) {
        const struct type_unit *unit = &reply->units[i];
        printf("%-16s %-16s %-9s %7" G_GINT64_FORMAT " kb/s  %-6s  %s\n", unit->code, unit->parent,
                unit_level_name(unit->level), unit->link_kbps,
                unit->has_language ? language_name(unit->language) : "", unit->name);
    }
    return 0;
}

// --- machines -----------------------------------------------------------------------------------

static bool is_red(enum device_state state)
{
    return state == DEVICE_STATE_DOWN || state == DEVICE_STATE_FAULT;
}

static void print_room(const struct type_room_row *row)
{
    printf("%-16s %-8s %-10s %-8s %-10s  %s\n", row->room, row->present ? "present" : "absent",
            row->has_media ? media_state_name(row->media) : "-", row->has_scene ? row->scene : "-",
            row->has_scene_state ? scene_state_name(row->scene_state) : "-", row->name);
    for (size_t i = 0; i < row->devices_count; i++) {
        const struct type_room_device *device = &row->devices[i];
        printf("  %s %-14s %-10s since %s%s%s\n", is_red(device->state) ? "!" : " ", device->id,
                device_state_name(device->state), device->since, device->has_code ? "  " : "",
                device->code);
    }
}

int cli_room_list(const struct cli *cli)
{
    g_autofree struct message_rest_room_list_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_ROOM_LIST, NULL, NULL, (void **)&reply);
    if (exit_code != 0 || cli->wants_json)
        return exit_code;
    for (size_t i = 0; i < reply->rooms_count; i++)
        print_room(&reply->rooms[i]);
    return 0;
}

static void print_code(const char *program, const char *code, const char *expires_at)
{
    printf("%s\nOnce, until %s, on the machine itself: %s --enroll %s\n", code, expires_at, program,
            code);
}

int cli_room_code(const struct cli *cli)
{
    g_autofree struct message_rest_room_code_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_ROOM_CODE, cli->words[0], NULL, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        print_code("rong-room", reply->code, reply->expires_at);
    return exit_code;
}

int cli_mcu_code(const struct cli *cli)
{
    g_autofree struct message_rest_mcu_code_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_MCU_CODE, cli->words[0], NULL, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        print_code("rong-mcu", reply->code, reply->expires_at);
    return exit_code;
}

// --- meetings -----------------------------------------------------------------------------------

static int fill_meeting(const struct cli *cli, struct message_rest_meeting_create *body)
{
    const char *title = cli_option(cli, "title");
    const char *units = cli_option(cli, "units");
    const char *mode = cli_option(cli, "mode");
    if (!title || !units)
        return cli_fail(EXIT_BAD_USE, "say --title \"…\" and --units 64,622,23557");
    if (g_strlcpy(body->title, title, sizeof(body->title)) >= sizeof(body->title))
        return cli_fail(EXIT_BAD_USE, "the title is too long: at most 200 characters");
    body->has_mode = mode != NULL;
    body->mode = mode ? meeting_mode_from_name(mode) : MEETING_MODE_NONE;
    if (mode && body->mode == MEETING_MODE_NONE)
        return cli_fail(EXIT_BAD_USE, "--mode is floor or discussion, not %s", mode);
    body->has_open = true;
    body->open = cli_option(cli, "open") != NULL;
    g_auto(GStrv) codes = g_strsplit_set(units, ", ", -1);
    for (size_t i = 0; codes[i]; i++) {
        if (!codes[i][0])
            continue;
        if (!unit_code_is_valid(codes[i]))
            return cli_fail(EXIT_BAD_USE, "%s is no unit code: see rong unit list", codes[i]);
        if (body->units_count == COUNT_OF(body->units))
            return cli_fail(EXIT_BAD_USE, "a meeting has at most %zu units", COUNT_OF(body->units));
        g_strlcpy(body->units[body->units_count++], codes[i], sizeof(body->units[0]));
    }
    return 0;
}

int cli_meeting_create(const struct cli *cli)
{
    g_autofree struct message_rest_meeting_create *body =
            g_new0(struct message_rest_meeting_create, 1);
    int exit_code = fill_meeting(cli, body);
    if (exit_code != 0)
        return exit_code;
    g_autofree struct message_rest_meeting_create_reply *reply = NULL;
    exit_code = cli_ask(cli, MESSAGE_REST_MEETING_CREATE, NULL, body, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        printf("%s\n", reply->id);
    return exit_code;
}

static void print_meetings(const struct message_rest_meeting_list_reply *list)
{
    for (size_t i = 0; i < list->meetings_count; i++) {
        const struct type_meeting_summary *meeting = &list->meetings[i];
        printf("%s  %-7s  %-10s  %4" G_GINT64_FORMAT " members  %s\n", meeting->id,
                meeting_state_name(meeting->state), meeting_mode_name(meeting->mode),
                meeting->member_count, meeting->title);
    }
    if (list->meetings_count == 0)
        puts("no meeting yet: rong meeting create --title \"…\" --units 64,622 --open");
}

int cli_meeting_list(const struct cli *cli)
{
    g_autofree struct message_rest_meeting_list_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_MEETING_LIST, NULL, NULL, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        print_meetings(reply);
    return exit_code;
}

static int change_meeting(const struct cli *cli, enum message_type type, const char *done)
{
    g_autofree void *reply = NULL;
    int exit_code = cli_ask(cli, type, cli->words[0], NULL, &reply);
    if (exit_code == 0 && !cli->wants_json)
        printf("meeting %s %s\n", cli->words[0], done);
    return exit_code;
}

int cli_meeting_open(const struct cli *cli)
{
    return change_meeting(cli, MESSAGE_REST_MEETING_OPEN, "opened");
}

int cli_meeting_end(const struct cli *cli)
{
    return change_meeting(cli, MESSAGE_REST_MEETING_END, "ended");
}

// --- people -------------------------------------------------------------------------------------

static int fill_link(const struct cli *cli, struct message_rest_link_create *body)
{
    const char *name = cli_option(cli, "name");
    const char *ttl = cli_option(cli, "ttl");
    body->role = role_from_name(cli->words[0]);
    if (body->role == ROLE_NONE)
        return cli_fail(EXIT_BAD_USE,
                "%s is no role: chair, secretary, technician, delegate or interpreter",
                cli->words[0]);
    if (!name || g_strlcpy(body->name, name, sizeof(body->name)) >= sizeof(body->name))
        return cli_fail(EXIT_BAD_USE, "say --name \"…\" with at most 64 characters");
    if (strcmp(cli->words[1], "-") != 0) {
        body->has_meeting = true;
        if (g_strlcpy(body->meeting, cli->words[1], sizeof(body->meeting)) != 8)
            return cli_fail(EXIT_BAD_USE, "%s is no meeting: see rong meeting list", cli->words[1]);
    }
    body->has_ttl_s = ttl != NULL;
    guint64 seconds = 0;
    if (ttl && !g_ascii_string_to_unsigned(ttl, 10, 1, 31536000, &seconds, NULL))
        return cli_fail(EXIT_BAD_USE, "--ttl is a number of seconds from 1 to 31536000");
    body->ttl_s = (int64_t)seconds;
    return 0;
}

int cli_link(const struct cli *cli)
{
    g_autofree struct message_rest_link_create *body = g_new0(struct message_rest_link_create, 1);
    int exit_code = fill_link(cli, body);
    if (exit_code != 0)
        return exit_code;
    g_autofree struct message_rest_link_create_reply *reply = NULL;
    exit_code = cli_ask(cli, MESSAGE_REST_LINK_CREATE, NULL, body, (void **)&reply);
    if (exit_code == 0 && !cli->wants_json)
        printf("%s\n", reply->url);
    return exit_code;
}

// --- status -------------------------------------------------------------------------------------

static int print_members(const struct cli *cli, const char *meeting)
{
    g_autofree struct message_rest_meeting_get_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_MEETING_GET, meeting, NULL, (void **)&reply);
    size_t present = 0;
    size_t connected = 0;
    for (size_t i = 0; exit_code == 0 && i < reply->members_count; i++) {
        present += reply->members[i].present;
        connected += reply->members[i].connected;
    }
    if (exit_code == 0)
        printf("          %zu of %zu present, %zu with media, floor: %s, %zu in the queue\n",
                present, reply->members_count, connected,
                reply->has_floor ? reply->floor.member : "free", reply->queue_count);
    return exit_code;
}

static int print_rooms(const struct cli *cli)
{
    g_autofree struct message_rest_room_list_reply *reply = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_ROOM_LIST, NULL, NULL, (void **)&reply);
    size_t present = 0;
    size_t devices = 0;
    size_t red = 0;
    for (size_t i = 0; exit_code == 0 && i < reply->rooms_count; i++) {
        const struct type_room_row *row = &reply->rooms[i];
        present += row->present;
        devices += row->present ? row->devices_count : 0;
        for (size_t k = 0; row->present && k < row->devices_count; k++)
            red += is_red(row->devices[k].state);
    }
    if (exit_code == 0)
        printf("rooms: %zu of %zu present, %zu of their %zu devices down or faulty\n", present,
                reply->rooms_count, red, devices);
    return exit_code;
}

int cli_status(const struct cli *cli)
{
    g_autofree struct message_rest_meeting_list_reply *list = NULL;
    int exit_code = cli_ask(cli, MESSAGE_REST_MEETING_LIST, NULL, NULL, (void **)&list);
    if (exit_code != 0 || cli->wants_json)
        return exit_code;
    printf("rong-signal answers at %s\n", cli->url);
    print_meetings(list);
    exit_code = print_rooms(cli);
    for (size_t i = 0; exit_code == 0 && i < list->meetings_count; i++) {
        if (list->meetings[i].state == MEETING_STATE_OPEN)
            exit_code = print_members(cli, list->meetings[i].id);
    }
    return exit_code;
}
