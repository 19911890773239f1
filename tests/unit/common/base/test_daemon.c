// SPDX-License-Identifier: Apache-2.0
#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/daemon.h"

#include <cmocka.h>

static const struct config_setting settings[] = {
    DAEMON_SETTING_LOG_LEVEL,
    DAEMON_SETTING_STATUS("127.0.0.1:9999"),
    { .section = "a",
            .key = "number",
            .kind = CONFIG_INTEGER,
            .default_text = "1",
            .maximum = 9,
            .help = "Any digit" },
    { .key = NULL },
};

static char *code;
static char *path;

static char *check(const struct config *config)
{
    if (config_integer(config, "a", "number") != 7)
        return NULL;
    return config_fault(config, "a", "number", "seven is taken");
}

static const struct daemon_option options[] = {
    { "enroll", "spend a one-time code", &code },
    { NULL, NULL, NULL },
};

static const struct daemon_command commands[] = {
    { "dance STEP", "moves once" },
    { NULL, NULL },
};

static const struct daemon_info info = {
    .name = "rong-test",
    .summary = "does nothing",
    .default_config = "/nonexistent/rong-test.conf",
    .settings = settings,
    .options = options,
    .commands = commands,
    .check = check,
};

// Runs daemon_start() with stdout and stderr in *text.
static struct config *start(int *exit_code, char **text, char *const *arguments)
{
    char *argv[8] = { (char *)"rong-test" };
    int argc = 1;
    while (arguments[argc - 1]) {
        argv[argc] = arguments[argc - 1];
        argc++;
    }
    FILE *captured = tmpfile();
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    int error = dup(STDERR_FILENO);
    dup2(fileno(captured), STDOUT_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
    struct config *config = daemon_start(&info, argc, argv, exit_code);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    close(out);
    close(error);
    rewind(captured);
    *text = g_malloc0(16384);
    size_t size = fread(*text, 1, 16383, captured);
    (*text)[size] = '\0';
    fclose(captured);
    return config;
}

static void assert_ends(int expected_code, const char *expected_text, char *const *arguments)
{
    int exit_code = -1;
    g_autofree char *text = NULL;
    assert_null(start(&exit_code, &text, arguments));
    assert_int_equal(exit_code, expected_code);
    if (!strstr(text, expected_text))
        fail_msg("'%s' is not in '%s'", expected_text, text);
}

#define ARGUMENTS(...) \
    (char *[]) \
    { \
        __VA_ARGS__, NULL \
    }

static void write_file(const char *text)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void says_what_it_is(void **state)
{
    (void)state;
    assert_ends(0, "rong-test 0.1.0\n", ARGUMENTS((char *)"--version"));
    assert_ends(0, "--enroll VALUE", ARGUMENTS((char *)"--help"));
    assert_ends(0, "rong-test dance STEP\n           moves once\n", ARGUMENTS((char *)"--help"));
    assert_ends(0, "rong\\-test dance STEP\nmoves once.\n", ARGUMENTS((char *)"--man"));
    assert_ends(0, "[a] number", ARGUMENTS((char *)"--help"));
    assert_ends(0, "#number = 1\n", ARGUMENTS((char *)"--sample-config"));
    assert_ends(0, ".TH RONG-TEST 8", ARGUMENTS((char *)"--man"));
    assert_ends(0, "\\-\\-enroll VALUE", ARGUMENTS((char *)"--man"));
}

static void refuses_a_bad_command_line(void **state)
{
    (void)state;
    assert_ends(2, "unknown option '--nothing'", ARGUMENTS((char *)"--nothing"));
    assert_ends(2, "unexpected argument 'x'", ARGUMENTS((char *)"x"));
    assert_ends(2, "--config needs a value", ARGUMENTS((char *)"--config"));
    assert_ends(
            2, "/nonexistent/rong-test.conf: can not be read", ARGUMENTS((char *)"--enroll=abc"));
    assert_string_equal(code, "abc");
}

static void checks_the_file(void **state)
{
    (void)state;
    write_file("[a]\nnumber = 3\n");
    assert_ends(0, ": ok\n", ARGUMENTS((char *)"--check-config", (char *)"--config", path));
    write_file("[a]\nnumber = 33\n");
    assert_ends(2, ":2: number = '33'; expected a whole number from 0 to 9",
            ARGUMENTS((char *)"--check-config", (char *)"--config", path));
    write_file("[a]\nnumber = 7\n");
    assert_ends(2, ":2: number = '7'; seven is taken", ARGUMENTS((char *)"--config", path));
}

static gboolean end_self(gpointer data)
{
    (void)data;
    raise(SIGTERM);
    return G_SOURCE_REMOVE;
}

static void runs_until_it_is_told_to_end(void **state)
{
    (void)state;
    write_file("[a]\nnumber = 4\n[log]\nlevel = error\n");
    int exit_code = -1;
    g_autofree char *text = NULL;
    struct config *config = start(&exit_code, &text,
            ARGUMENTS((char *)"--config", path, (char *)"--enroll", (char *)"spent"));
    assert_non_null(config);
    assert_int_equal(config_integer(config, "a", "number"), 4);
    assert_string_equal(config_string(config, "status", "listen"), "127.0.0.1:9999");
    assert_string_equal(code, "spent");
    struct loop *loop = loop_new_main();
    daemon_ready(loop);
    GSource *timer = loop_add_timer(loop, 0, end_self, NULL);
    loop_run(loop);
    loop_clear_source(&timer);
    loop_free(loop);
    config_free(config);
}

static int set_up(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("rong-daemon-XXXXXX", NULL);
    path = g_build_filename(dir, "test.conf", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    g_autofree char *dir = g_path_get_dirname(path);
    g_remove(path);
    g_rmdir(dir);
    g_free(path);
    g_free(code);
    return 0;
}

static void a_small_limit_of_open_files_is_raised(void **state)
{
    (void)state;
    struct rlimit before, after;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit small = { .rlim_cur = 256, .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    int exit_code = 1;
    char *text = NULL;
    write_file("[a]\nnumber = 3\n");
    config_free(start(&exit_code, &text, ARGUMENTS((char *)"--config", path)));
    g_free(text);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, MIN(before.rlim_max, 65536));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(refuses_a_bad_command_line),
        cmocka_unit_test(checks_the_file),
        cmocka_unit_test(a_small_limit_of_open_files_is_raised),
        cmocka_unit_test(runs_until_it_is_told_to_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
