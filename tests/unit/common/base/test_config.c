// SPDX-License-Identifier: Apache-2.0
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/config.h"

#include <cmocka.h>

static const char *const schemes[] = { "wss", "ws", NULL };
static const char *const modes[] = { "floor", "discussion", NULL };

static const struct config_setting table[] = {
    { .section = "mcu",
            .key = "name",
            .kind = CONFIG_STRING,
            .maximum = 10,
            .help = "What it is called" },
    { .section = "mcu",
            .key = "threads",
            .kind = CONFIG_INTEGER,
            .default_text = "2",
            .minimum = 1,
            .maximum = 4,
            .help = "How many" },
    { .section = "mcu",
            .key = "record",
            .kind = CONFIG_BOOLEAN,
            .default_text = "false",
            .help = "Whether" },
    { .section = "mcu",
            .key = "mode",
            .kind = CONFIG_CHOICE,
            .default_text = "floor",
            .choices = modes,
            .help = "Which" },
    { .section = "mcu",
            .key = "addresses",
            .kind = CONFIG_LIST,
            .default_text = "::; 0.0.0.0",
            .help = "Where" },
    { .section = "net",
            .key = "listen",
            .kind = CONFIG_LISTEN,
            .default_text = "127.0.0.1:0",
            .help = "Where" },
    { .section = "net",
            .key = "address",
            .kind = CONFIG_ADDRESS,
            .default_text = "",
            .help = "Where" },
    { .section = "net",
            .key = "url",
            .kind = CONFIG_URL,
            .default_text = "wss://a:1",
            .choices = schemes,
            .help = "Where" },
    { .section = "device *", .key = "driver", .kind = CONFIG_STRING, .help = "Which driver" },
    { .section = "device *",
            .key = "note",
            .kind = CONFIG_STRING,
            .default_text = "",
            .help = "Anything" },
    { .key = NULL },
};

static char *path;

static int set_up(void **state)
{
    (void)state;
    g_autofree char *dir = g_dir_make_tmp("rong-config-XXXXXX", NULL);
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
    return 0;
}

static struct config *load(const char *text, char **fault)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return config_load(path, table, fault);
}

// `expected` is what follows "file:".
static void assert_fault(const char *text, const char *expected)
{
    char *fault = NULL;
    assert_null(load(text, &fault));
    assert_non_null(fault);
    assert_memory_equal(fault, path, strlen(path));
    assert_string_equal(fault + strlen(path) + 1, expected);
    g_free(fault);
}

static void reads_values_and_defaults(void **state)
{
    (void)state;
    char *fault = NULL;
    struct config *config = load("# comment\r\n"
                                 "\n"
                                 "[mcu]\n"
                                 "name = Rông = 1\n"
                                 "  threads=4  \n"
                                 "record = true\n"
                                 "[device camera]\n"
                                 "driver = visca # tail\n"
                                 "[device led]\n"
                                 "driver = novastar\n",
            &fault);
    assert_null(fault);
    assert_string_equal(config_string(config, "mcu", "name"), "Rông = 1");
    assert_int_equal(config_integer(config, "mcu", "threads"), 4);
    assert_true(config_boolean(config, "mcu", "record"));
    assert_string_equal(config_string(config, "mcu", "mode"), "floor");
    char *const *addresses = config_list(config, "mcu", "addresses");
    assert_string_equal(addresses[0], "::");
    assert_string_equal(addresses[1], "0.0.0.0");
    assert_null(addresses[2]);
    char *const *devices = config_sections(config, "device *");
    assert_string_equal(devices[0], "device camera");
    assert_string_equal(devices[1], "device led");
    assert_null(devices[2]);
    assert_string_equal(config_string(config, devices[0], "driver"), "visca # tail");
    assert_string_equal(config_string(config, devices[1], "note"), "");
    assert_int_equal(config_line(config, "mcu", "threads"), 5);
    assert_int_equal(config_line(config, "mcu", "mode"), 0);
    assert_string_equal(config_path(config), path);
    config_free(config);
    config_free(NULL);
}

static void names_the_line_and_what_was_meant(void **state)
{
    (void)state;
    assert_fault("[mcv]\n", "1: unknown section [mcv]; did you mean [mcu]?");
    assert_fault(
            "[mcu]\nname=x\nthread=1\n", "3: unknown key thread in [mcu]; did you mean threads?");
    assert_fault("[device camera]\ndrivers=x\n",
            "2: unknown key drivers in [device camera]; did you mean driver?");
    assert_fault(
            "[mcu]\nname=x\nthreads=5\n", "3: threads = '5'; expected a whole number from 1 to 4");
    assert_fault("[mcu]\nname=x\nthreads=two\n",
            "3: threads = 'two'; expected a whole number from 1 to 4");
    assert_fault("[mcu]\nname=x\nthreads=99999999999999999999\n",
            "3: threads = '99999999999999999999'; expected a whole number from 1 to 4");
    assert_fault("[mcu]\nrecord=yes\n", "2: record = 'yes'; expected true or false");
    assert_fault("[mcu]\nmode=open\n", "2: mode = 'open'; expected one of floor, discussion");
    assert_fault("[mcu]\nname=12345678901\n", "2: name is longer than 10 bytes");
    assert_fault("[mcu]\nname=\n", "2: name is empty; expected: What it is called");
    assert_fault("[mcu]\nname=a\nname=b\n", "3: name is set already, in line 2");
    assert_fault("[mcu]\nname=a\n[mcu]\n", "3: section [mcu] is there already, in line 1");
    assert_fault("name=a\n", "1: name stands before any [section]");
    assert_fault("[mcu]\nname\n", "2: neither [section] nor key = value nor # comment");
    assert_fault("[mcu\n", "1: a section has no ]; expected [name]");
    assert_fault("[]\n", "1: unknown section []");
    assert_fault("[mcu]\nname=\xff\n", "2: name is not UTF-8");
}

static void means_only_what_is_near(void **state)
{
    (void)state;
    assert_fault("[nonsense]\n", "1: unknown section [nonsense]");
    assert_fault("[mcu]\nname=x\nzz=1\n", "3: unknown key zz in [mcu]");
    assert_fault("[mcu]\nname=x\npublic_listen=1\n", "3: unknown key public_listen in [mcu]");
    assert_fault(
            "[mcu]\nname=x\nrecrod=1\n", "3: unknown key recrod in [mcu]; did you mean record?");
    assert_fault("[mcu]\nname=x\nadresse=1\n",
            "3: unknown key adresse in [mcu]; did you mean addresses?");
}

static void names_the_shape_of_addresses_and_urls(void **state)
{
    (void)state;
    assert_fault("[mcu]\nname=x\n[net]\nlisten = abc\n",
            "4: listen = 'abc'; expected ADDRESS:PORT with a numeric address, such as "
            "127.0.0.1:8480 or [::1]:8480");
    assert_fault("[mcu]\nname=x\n[net]\nlisten =\n",
            "4: listen = ''; expected ADDRESS:PORT with a numeric address, such as "
            "127.0.0.1:8480 or [::1]:8480");
    assert_fault("[mcu]\nname=x\n[net]\naddress = host.local\n",
            "4: address = 'host.local'; expected a numeric IPv4 or IPv6 address");
    assert_fault("[mcu]\nname=x\n[net]\nurl = ftp://x\n",
            "4: url = 'ftp://x'; expected wss://HOST:PORT or ws://HOST:PORT");
    char *fault = NULL;
    struct config *config =
            load("[mcu]\nname=x\n[net]\nlisten=[::1]:0\naddress=\nurl=ws://a\n", &fault);
    assert_null(fault);
    config_free(config);
}

static void a_readers_own_fault_names_the_line_or_the_default(void **state)
{
    (void)state;
    char *fault = NULL;
    struct config *config = load("[mcu]\nname=x\nthreads=3\n", &fault);
    assert_null(fault);
    g_autofree char *set = config_fault(config, "mcu", "threads", "expected fewer than %d", 3);
    assert_string_equal(set + strlen(path), ":3: threads = '3'; expected fewer than 3");
    g_autofree char *unset = config_fault(config, "mcu", "mode", "expected discussion");
    assert_string_equal(unset + strlen(path), ":1: mode = 'floor' by default; expected discussion");
    config_free(config);
}

static void misses_what_is_required(void **state)
{
    (void)state;
    assert_fault("", "1: section [mcu] with name is missing; expected: What it is called");
    assert_fault("\n[mcu]\n", "2: name is missing in [mcu]; expected: What it is called");
    assert_fault("[mcu]\nname=x\n[device a]\ndriver=x\n[device b]\n",
            "5: driver is missing in [device b]; expected: Which driver");
}

static void a_file_that_is_not_there_is_a_fault(void **state)
{
    (void)state;
    char *fault = NULL;
    assert_null(config_load("/nonexistent/rong.conf", table, &fault));
    assert_non_null(strstr(fault, "/nonexistent/rong.conf: can not be read"));
    g_free(fault);
}

static void help_and_sample_come_from_the_table(void **state)
{
    (void)state;
    g_autoptr(GString) out = g_string_new(NULL);
    config_write_help(out, table);
    assert_non_null(strstr(out->str, "[mcu] threads"));
    assert_non_null(strstr(out->str, "How many (1 to 4; default 2)"));
    assert_non_null(strstr(out->str, "What it is called (text; required)"));

    // With the required keys filled in, the sample is a file that loads.
    g_string_truncate(out, 0);
    config_write_sample(out, table, "Settings of a test");
    g_string_replace(out, "\nname = ", "\nname = x", 1);
    char *fault = NULL;
    struct config *config = load(out->str, &fault);
    assert_null(fault);
    assert_int_equal(config_integer(config, "mcu", "threads"), 2);
    config_free(config);
    // And so it does with every comment sign before a setting taken away.
    g_string_replace(out, "\n#", "\n", 0);
    g_string_replace(out, "\n ", "\n# ", 0);
    g_string_replace(out, "driver = ", "driver = x", 1);
    config = load(out->str, &fault);
    assert_null(fault);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_and_defaults),
        cmocka_unit_test(names_the_line_and_what_was_meant),
        cmocka_unit_test(means_only_what_is_near),
        cmocka_unit_test(names_the_shape_of_addresses_and_urls),
        cmocka_unit_test(a_readers_own_fault_names_the_line_or_the_default),
        cmocka_unit_test(misses_what_is_required),
        cmocka_unit_test(a_file_that_is_not_there_is_a_fault),
        cmocka_unit_test(help_and_sample_come_from_the_table),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
