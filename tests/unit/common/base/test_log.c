// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

#include <cmocka.h>

#define LOG_TOPIC "test"

static int kept_stderr;
static int ends[2];

static void begin_capture(void)
{
    assert_int_equal(pipe(ends), 0);
    kept_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

static char *end_capture(void)
{
    static char text[4096];
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void writes_one_line_with_level_and_topic(void **state)
{
    (void)state;
    begin_capture();
    log_info("member joined room=%s count=%d", "64", 3);
    const char *text = end_capture();
    assert_true(
            g_regex_match_simple("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}[+-]\\d{4} "
                                 "info test member joined room=64 count=3\n$",
                    text, 0, 0));
}

static void input_can_not_forge_a_line(void **state)
{
    (void)state;
    begin_capture();
    log_error("bad name=%s", "x\nerror test forged\x1b[31m\x7f");
    const char *text = end_capture();
    assert_non_null(strstr(text, "bad name=x\\x0aerror test forged\\x1b[31m\\x7f\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void drops_what_is_above_its_level(void **state)
{
    (void)state;
    begin_capture();
    log_debug("unseen");
    assert_true(log_set_level("debug"));
    log_debug("seen");
    assert_true(log_set_level("warn"));
    log_info("unseen");
    assert_false(log_set_level("loud"));
    log_warn("seen too");
    assert_true(log_set_level("info"));
    const char *text = end_capture();
    assert_null(strstr(text, "unseen"));
    assert_non_null(strstr(text, "debug test seen\n"));
    assert_non_null(strstr(text, "warn test seen too\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_one_line_with_level_and_topic),
        cmocka_unit_test(input_can_not_forge_a_line),
        cmocka_unit_test(drops_what_is_above_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
