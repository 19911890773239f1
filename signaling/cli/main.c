// SPDX-License-Identifier: Apache-2.0
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/daemon.h"
#include "signaling/cli/cli.h"
#include "signaling/settings.h"

#define DEFAULT_CONFIG "/etc/rong/signal.conf"
#define EXIT_BAD_USE   2
#define WORDS_MAX      2 // of a command's own name

static const struct command {
    const char *words[WORDS_MAX];
    size_t arguments;
    const char *options[5]; // "title=" takes a value, "open" does not
    const char *usage;
    cli_fn *run;
    const char *help;
} commands[] = {
    { { "unit", "import" }, 1, { NULL }, "unit import FILE.csv", cli_unit_import,
            "Takes the tree of units from a file: code,parent,level,name,link_kbps (,language)" },
    { { "unit", "list" }, 0, { NULL }, "unit list", cli_unit_list, "Prints the units" },
    { { "room", "list" }, 0, { NULL }, "room list", cli_room_list,
            "Prints the enrolled rooms and whether they are there" },
    { { "room", "code" }, 1, { NULL }, "room code UNIT", cli_room_code,
            "Makes the one-time code that rong-room --enroll spends" },
    { { "mcu", "code" }, 1, { NULL }, "mcu code NAME", cli_mcu_code,
            "Makes the one-time code that rong-mcu --enroll spends" },
    { { "meeting", "create" }, 0, { "title=", "units=", "mode=", "open", NULL },
            "meeting create --title T --units a,b,c [--mode floor|discussion] [--open]",
            cli_meeting_create, "Plans a meeting of these units; --open: and opens it" },
    { { "meeting", "list" }, 0, { NULL }, "meeting list", cli_meeting_list, "Prints the meetings" },
    { { "meeting", "open" }, 1, { NULL }, "meeting open MEETING", cli_meeting_open,
            "Opens a planned meeting: the rooms join" },
    { { "meeting", "end" }, 1, { NULL }, "meeting end MEETING", cli_meeting_end,
            "Ends a meeting for everybody" },
    { { "link", NULL }, 2, { "name=", "ttl=", NULL },
            "link chair|secretary|technician|delegate|interpreter MEETING --name N [--ttl S]",
            cli_link,
            "Makes a one-time link; a technician's with the meeting - is for all meetings" },
    { { "status", NULL }, 0, { NULL }, "status", cli_status,
            "Tells how the server, its rooms and MCUs do" },
};

static const struct {
    const char *head;
    const char *text;
} option_texts[] = {
    { "--config FILE", "the settings of rong-signal (" DEFAULT_CONFIG
                       "); they say where its CA and its admin.token are" },
    { "--url URL", "where it answers, https://host:port; else what it wrote down itself" },
    { "--json", "print the server's answer as JSON" },
    { "--man", "print the man page (roff)" },
    { "--version", "print the version" },
    { "--help", "print this" },
};

static void print_help(void)
{
    puts("rong: the administrator's command line of the Rong meeting house.\n\n"
         "  rong [--config FILE] [--url URL] [--json] COMMAND\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        printf("  rong %s\n      %s\n", commands[i].usage, commands[i].help);
    putchar('\n');
    for (size_t i = 0; i < COUNT_OF(option_texts); i++)
        printf("  %-14s %s\n", option_texts[i].head, option_texts[i].text);
}

static void print_man(void)
{
    struct daemon_command rows[COUNT_OF(commands) + 1] = { 0 };
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        rows[i] = (struct daemon_command){ commands[i].usage, commands[i].help };
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(
            out, ".TH RONG 8 \"\" \"rong %s\" \"Rong\"\n.SH NAME\n", daemon_version());
    g_string_append(out, "rong \\- the administrator's command line of the Rong meeting house\n"
                         ".SH SYNOPSIS\n.B rong\n[\\fIoptions\\fR] \\fIcommand\\fR\n");
    daemon_write_man_commands(out, "rong", rows);
    g_string_append(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < COUNT_OF(option_texts); i++)
        config_write_man_item(out, option_texts[i].head, option_texts[i].text);
    g_string_append(out, ".SH EXIT STATUS\n0 when it is done, 1 when the server refused or did not "
                         "answer, 2 for a bad command line or settings file.\n");
    fputs(out->str, stdout);
}

const char *cli_option(const struct cli *cli, const char *name)
{
    return g_hash_table_lookup(cli->options, name);
}

// --- what was typed -----------------------------------------------------------------------------

static const char *const common_options[] = { "config=", "url=", "json", "man", "version", "help",
    NULL };

// The row "name=" or "name" of a list; NULL: not in it.
static const char *find_option(const char *const *list, const char *name, size_t length)
{
    for (; *list; list++) {
        if (strncmp(*list, name, length) == 0 &&
                ((*list)[length] == '\0' || strcmp(*list + length, "=") == 0))
            return *list;
    }
    return NULL;
}

static const char *find_any_option(const char *name, size_t length)
{
    const char *found = find_option(common_options, name, length);
    for (size_t i = 0; !found && i < COUNT_OF(commands); i++)
        found = find_option(commands[i].options, name, length);
    return found;
}

// Splits arguments into words and options; false was said on stderr.
static bool read_arguments(int argc, char **argv, GPtrArray *words, GHashTable *options)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            g_ptr_array_add(words, argv[i]);
            continue;
        }
        const char *name = argv[i] + 2;
        size_t length = strcspn(name, "=");
        const char *row = find_any_option(name, length);
        bool takes_value = row && row[length] == '=';
        const char *value = name[length] == '=' ? name + length + 1 : NULL;
        if (!row || (value && !takes_value) || (!value && takes_value && i + 1 == argc)) {
            cli_fail(EXIT_BAD_USE, "%s: %s; see rong --help", argv[i],
                    !row    ? "no such option"
                    : value ? "takes no value"
                            : "needs a value");
            return false;
        }
        if (!value && takes_value)
            value = argv[++i];
        g_hash_table_insert(options, g_strndup(name, length), g_strdup(value ? value : ""));
    }
    g_ptr_array_add(words, NULL);
    return true;
}

static size_t own_words(const struct command *command)
{
    return command->words[1] ? 2 : 1;
}

static const struct command *find_command(char *const *words)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (g_strcmp0(commands[i].words[0], words[0]) == 0 &&
                (!commands[i].words[1] || g_strcmp0(commands[i].words[1], words[1]) == 0))
            return &commands[i];
    }
    return NULL;
}

static bool options_fit(const struct command *command, GHashTable *options)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, options);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (find_option(common_options, name, strlen(name)) ||
                find_option(command->options, name, strlen(name)))
            continue;
        cli_fail(EXIT_BAD_USE, "--%s is no option of: rong %s", (char *)name, command->usage);
        return false;
    }
    return true;
}

// --- the server ---------------------------------------------------------------------------------

static char *read_line(const char *path)
{
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    return g_strstrip(text);
}

static bool find_server(struct cli *cli)
{
    const char *path = cli_option(cli, "config");
    g_autofree char *fault = NULL;
    struct config *config = config_load(path ? path : DEFAULT_CONFIG, signal_settings, &fault);
    if (!config) {
        cli_fail(EXIT_BAD_USE, "%s", fault);
        return false;
    }
    const char *state_dir = config_string(config, "signal", "state_dir");
    g_autofree char *token = g_build_filename(state_dir, "admin.token", NULL);
    g_autofree char *url = g_build_filename(state_dir, "url", NULL);
    cli->ca_file = g_build_filename(state_dir, "ca.pem", NULL);
    cli->token = read_line(token);
    cli->url = cli_option(cli, "url") ? g_strdup(cli_option(cli, "url")) : read_line(url);
    config_free(config);
    if (!cli->token)
        cli_fail(EXIT_BAD_USE,
                "%s can not be read: start rong-signal once, and run rong as the same user or as "
                "root",
                token);
    else if (!cli->url)
        cli_fail(EXIT_BAD_USE, "%s can not be read: start rong-signal, or say --url", url);
    return cli->token && cli->url;
}

static int run(struct cli *cli, char **words)
{
    if (cli_option(cli, "help")) {
        print_help();
        return 0;
    }
    if (cli_option(cli, "man")) {
        print_man();
        return 0;
    }
    if (cli_option(cli, "version")) {
        printf("rong %s\n", daemon_version());
        return 0;
    }
    const struct command *command = find_command(words);
    if (!command)
        return cli_fail(EXIT_BAD_USE, "%s; see rong --help",
                words[0] ? "there is no such command" : "say a command");
    cli->words = words + own_words(command);
    if (g_strv_length(cli->words) != command->arguments)
        return cli_fail(EXIT_BAD_USE, "usage: rong %s", command->usage);
    if (!options_fit(command, cli->options) || !find_server(cli))
        return EXIT_BAD_USE;
    cli->wants_json = cli_option(cli, "json") != NULL;
    return command->run(cli);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, ""); // NOLINT(concurrency-mt-unsafe): no other thread yet
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    struct cli cli = { .options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
    int exit_code = EXIT_BAD_USE;
    if (read_arguments(argc, argv, words, cli.options))
        exit_code = run(&cli, (char **)words->pdata);
    g_hash_table_destroy(cli.options);
    g_free(cli.url);
    g_free(cli.ca_file);
    g_free(cli.token);
    return exit_code;
}
