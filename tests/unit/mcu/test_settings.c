// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "mcu/settings.h"

#include <cmocka.h>

// What the file's reader or the check says of this text; NULL: nothing. g_free().
static char *fault_of(const char *text)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("rong-mcu-XXXXXX.conf", &path, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int64_t)strlen(text));
    close(fd);
    char *fault = NULL;
    struct config *config = config_load(path, mcu_settings, &fault);
    if (config)
        fault = mcu_settings_check(config);
    config_free(config);
    unlink(path);
    return fault;
}

static void assert_fault(const char *text, const char *line, const char *said)
{
    g_autofree char *fault = fault_of(text);
    assert_non_null(fault);
    if (!strstr(fault, line) || !strstr(fault, said))
        fail_msg("fault is: %s", fault);
}

static void the_defaults_are_fine(void **state)
{
    (void)state;
    assert_null(fault_of(""));
    assert_null(fault_of("[mcu]\nmedia_addresses=10.0.0.1, 2001:db8::1\nmedia_min_port=0\n"
                         "media_max_port=0\n"));
}

static void faults_name_their_line(void **state)
{
    (void)state;
    assert_fault("[mcu]\nmedia_addresses=10.0.0.1,nowhere\n", ":2:", "'nowhere'");
    assert_fault(
            "[mcu]\nmedia_min_port=3000\nmedia_max_port=2000\n", ":3:", "at least media_min_port");
    assert_fault("[mcu]\nmedia_min_port=0\nmedia_max_port=2000\n", ":3:", "both ports or none");
    assert_fault("[mcu]\nnet_threads=9\n", ":2:", "net_threads");
    assert_fault("[canvas]\n\nwidth=1270\n", ":3:", "multiple of 32");
    assert_fault("[mcu]\nmedia_adresses=10.0.0.1\n", ":2:", "media_addresses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_fine),
        cmocka_unit_test(faults_name_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
