// SPDX-License-Identifier: Apache-2.0
#include "common/base/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "common/base/log.h"
#include "common/base/version.h"

#define LOG_TOPIC "daemon"

#define EXIT_BAD_USE 2
#define ENOUGH_FILES 65536

const char *const daemon_log_levels[] = { "error", "warn", "info", "debug", NULL };

enum mode { MODE_RUN, MODE_CHECK, MODE_HELP, MODE_VERSION, MODE_SAMPLE, MODE_MAN };

static const struct {
    const char *name;
    enum mode mode;
    const char *help;
} common_options[] = {
    { "check-config", MODE_CHECK, "check the settings file and end" },
    { "sample-config", MODE_SAMPLE, "print a settings file with every setting and its default" },
    { "man", MODE_MAN, "print the man page (roff)" },
    { "version", MODE_VERSION, "print the version" },
    { "help", MODE_HELP, "print this" },
};

const char *daemon_version(void)
{
    return RONG_VERSION;
}

static const struct daemon_option *find_option(const struct daemon_info *info, const char *name)
{
    for (const struct daemon_option *option = info->options; option && option->name; option++) {
        if (strcmp(option->name, name) == 0)
            return option;
    }
    return NULL;
}

static bool find_mode(const char *name, enum mode *mode)
{
    for (size_t i = 0; i < COUNT_OF(common_options); i++) {
        if (strcmp(common_options[i].name, name) == 0) {
            *mode = common_options[i].mode;
            return true;
        }
    }
    return false;
}

// --name VALUE or --name=VALUE for options that take one; the others stand alone.
static bool read_arguments(
        const struct daemon_info *info, int argc, char **argv, enum mode *mode, char **path)
{
    for (int i = 1; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "--")) {
            fprintf(stderr, "%s: unexpected argument '%s'; see --help\n", info->name, argv[i]);
            return false;
        }
        const char *equals = strchr(argv[i], '=');
        g_autofree char *name = equals ? g_strndup(argv[i] + 2, (gsize)(equals - argv[i] - 2))
                                       : g_strdup(argv[i] + 2);
        if (!equals && find_mode(name, mode))
            continue;
        const struct daemon_option *option = find_option(info, name);
        char **value = strcmp(name, "config") == 0 ? path : option ? option->value : NULL;
        if (!value) {
            fprintf(stderr, "%s: unknown option '%s'; see --help\n", info->name, argv[i]);
            return false;
        }
        if (!equals && i + 1 == argc) {
            fprintf(stderr, "%s: --%s needs a value\n", info->name, name);
            return false;
        }
        g_free(*value);
        *value = g_strdup(equals ? equals + 1 : argv[++i]);
    }
    return true;
}

static void print(GString *text)
{
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
}

void daemon_write_man_commands(
        GString *out, const char *program, const struct daemon_command *commands)
{
    if (!commands)
        return;
    g_string_append(out, ".SH COMMANDS\n");
    for (const struct daemon_command *command = commands; command->usage; command++) {
        g_autofree char *head = g_strdup_printf("%s %s", program, command->usage);
        g_autofree char *text = g_strdup_printf("%s.", command->help);
        config_write_man_item(out, head, text);
    }
}

static void print_help(const struct daemon_info *info)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s %s: %s\n\nUsage: %s [options]\n", info->name, RONG_VERSION,
            info->summary, info->name);
    for (const struct daemon_command *command = info->commands; command && command->usage;
            command++)
        g_string_append_printf(
                out, "       %s %s\n           %s\n", info->name, command->usage, command->help);
    g_string_append(out, "\nOptions:\n");
    g_string_append_printf(
            out, "  --%-20s settings file (default %s)\n", "config FILE", info->default_config);
    for (const struct daemon_option *option = info->options; option && option->name; option++) {
        g_autofree char *name = g_strdup_printf("%s VALUE", option->name);
        g_string_append_printf(out, "  --%-20s %s\n", name, option->help);
    }
    for (size_t i = 0; i < COUNT_OF(common_options); i++)
        g_string_append_printf(
                out, "  --%-20s %s\n", common_options[i].name, common_options[i].help);
    g_string_append(out, "\nSettings, as [section] key:\n");
    config_write_help(out, info->settings);
    print(out);
}

static void print_man(const struct daemon_info *info)
{
    GString *out = g_string_new(NULL);
    g_autofree char *title = g_ascii_strup(info->name, -1);
    g_string_append_printf(
            out, ".TH %s 8 \"\" \"%s %s\" \"Rong\"\n.SH NAME\n", title, info->name, RONG_VERSION);
    g_string_append_printf(out, "%s \\- %s", info->name, info->summary);
    g_string_append_printf(
            out, "\n.SH SYNOPSIS\n.B %s\n[\\fIoptions\\fR]\n.SH OPTIONS\n", info->name);
    g_autofree char *config_help =
            g_strdup_printf("settings file (default %s)", info->default_config);
    config_write_man_item(out, "--config FILE", config_help);
    for (const struct daemon_option *option = info->options; option && option->name; option++) {
        g_autofree char *name = g_strdup_printf("--%s VALUE", option->name);
        config_write_man_item(out, name, option->help);
    }
    for (size_t i = 0; i < COUNT_OF(common_options); i++) {
        g_autofree char *name = g_strdup_printf("--%s", common_options[i].name);
        config_write_man_item(out, name, common_options[i].help);
    }
    daemon_write_man_commands(out, info->name, info->commands);
    g_string_append(out, ".SH SETTINGS\n");
    config_write_man(out, info->settings);
    g_string_append(out,
            ".SH EXIT STATUS\n0 after a clean end, 1 after a fault while running, 2 for "
            "a bad command line or settings file.\n");
    print(out);
}

static struct config *load(const struct daemon_info *info, const char *path)
{
    char *fault = NULL;
    struct config *config = config_load(path, info->settings, &fault);
    if (config && info->check)
        fault = info->check(config);
    if (!fault)
        return config;
    fprintf(stderr, "%s\n", fault);
    g_free(fault);
    config_free(config);
    return NULL;
}

// Debian's 1 024 are too few. More than a meeting of thousands needs is too many: libwebsockets
// keeps a table with a row for each file there could be.
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = MIN(limit.rlim_max, ENOUGH_FILES);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("open files stay limited");
}

static bool has_setting(const struct daemon_info *info, const char *section, const char *key)
{
    for (const struct config_setting *row = info->settings; row->key; row++) {
        if (strcmp(row->section, section) == 0 && strcmp(row->key, key) == 0)
            return true;
    }
    return false;
}

struct config *daemon_start(const struct daemon_info *info, int argc, char **argv, int *exit_code)
{
    enum mode mode = MODE_RUN;
    g_autofree char *path = g_strdup(info->default_config);
    *exit_code = EXIT_BAD_USE;
    if (!read_arguments(info, argc, argv, &mode, &path))
        return NULL;
    if (mode == MODE_HELP) {
        print_help(info);
    } else if (mode == MODE_VERSION) {
        printf("%s %s\n", info->name, RONG_VERSION);
    } else if (mode == MODE_MAN) {
        print_man(info);
    } else if (mode == MODE_SAMPLE) {
        GString *out = g_string_new(NULL);
        g_autofree char *title = g_strdup_printf("Settings of %s: %s", info->name, info->summary);
        config_write_sample(out, info->settings, title);
        print(out);
    } else {
        struct config *config = load(info, path);
        if (!config)
            return NULL;
        if (mode == MODE_RUN) {
            signal(SIGPIPE, SIG_IGN);
            raise_file_limit();
            if (has_setting(info, "log", "level"))
                log_set_level(config_string(config, "log", "level"));
            return config;
        }
        printf("%s: ok\n", path);
        config_free(config);
    }
    *exit_code = 0;
    return NULL;
}

static gboolean on_end_signal(gpointer data)
{
    log_info("ending on a signal");
    sd_notify(0, "STOPPING=1");
    loop_quit(data);
    return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer data)
{
    (void)data;
    sd_notify(0, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static void add_signal(struct loop *loop, int number, GSourceFunc fn, void *context)
{
    GSource *source = g_unix_signal_source_new(number);
    g_source_set_callback(source, fn, context, NULL);
    g_source_attach(source, loop_context(loop));
    g_source_unref(source); // the context keeps it until the process ends
}

void daemon_on_reload(struct loop *loop, GSourceFunc reload, void *context)
{
    loop_assert_current(loop);
    add_signal(loop, SIGHUP, reload, context);
}

void daemon_ready(struct loop *loop)
{
    loop_assert_current(loop);
    add_signal(loop, SIGTERM, on_end_signal, loop);
    add_signal(loop, SIGINT, on_end_signal, loop);
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
        GSource *source = loop_add_timer(loop, (guint)(watchdog_us / 2000), on_watchdog, NULL);
        g_source_unref(source);
    }
    sd_notify(0, "READY=1");
}
