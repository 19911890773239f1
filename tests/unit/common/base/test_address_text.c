// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/address_text.h"

#include <cmocka.h>

static void assert_split(const char *text, const char *expected_host, uint16_t expected_port)
{
    g_autofree char *host = NULL;
    uint16_t port = 1;
    assert_int_equal(address_text_split(text, &host, &port), 0);
    assert_string_equal(host, expected_host);
    assert_int_equal(port, expected_port);
}

static void splits_an_address_from_its_port(void **state)
{
    (void)state;
    assert_split("127.0.0.1:80", "127.0.0.1", 80);
    assert_split("0.0.0.0:65535", "0.0.0.0", 65535);
    assert_split("localhost:0", "127.0.0.1", 0);
    assert_split("[::1]:8443", "::1", 8443);
}

static void refuses_what_is_no_address_with_a_port(void **state)
{
    (void)state;
    static const char *const bad[] = { "", ":", "abc", "8443", ":8443", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80", "1.2.3.4.5:1",
        "256.0.0.1:80", "host.local:80", "::1:80", "[::1]", "[]:80", "[127.0.0.1]:80", "[::1]80",
        "[::1]:80x" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char *host = NULL;
        uint16_t port = 0;
        if (address_text_split(bad[i], &host, &port) == 0)
            fail_msg("'%s' was taken for an address", bad[i]);
        assert_null(host);
    }
}

static void knows_loopback(void **state)
{
    (void)state;
    assert_true(address_text_is_loopback("127.0.0.1"));
    assert_true(address_text_is_loopback("127.255.0.9"));
    assert_true(address_text_is_loopback("::1"));
    assert_false(address_text_is_loopback("128.0.0.1"));
    assert_false(address_text_is_loopback("::"));
    assert_false(address_text_is_loopback("127.evil.example"));
    assert_true(address_text_is_numeric("fd00::1"));
    assert_false(address_text_is_numeric("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_an_address_from_its_port),
        cmocka_unit_test(refuses_what_is_no_address_with_a_port),
        cmocka_unit_test(knows_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
