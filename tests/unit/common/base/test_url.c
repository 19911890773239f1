// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/url.h"

#include <cmocka.h>

static const char *const schemes[] = { "https", "wss", "rtmp", NULL };

static void assert_url(
        const char *text, const char *scheme, const char *host, uint16_t port, const char *path)
{
    struct url url;
    assert_int_equal(url_read(text, schemes, &url), 0);
    assert_string_equal(url.scheme, scheme);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.path, path);
    url_fini(&url);
}

static void reads_the_parts(void **state)
{
    (void)state;
    assert_url("https://127.0.0.1:8443", "https", "127.0.0.1", 8443, "/");
    assert_url("wss://rong.gialai.gov.vn/ws", "wss", "rong.gialai.gov.vn", 443, "/ws");
    assert_url("https://[fd00::1]:1/", "https", "fd00::1", 1, "/");
    assert_url("rtmp://host:1935/live", "rtmp", "host", 1935, "/live");
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "x", "https", "https:", "https://", "https://:8443",
        "https:/host", "ftp://x", "http://host", "https://host:0", "https://host:65536",
        "https://host:x", "https://a b", "https://user@host", "https://user:word@host",
        "https://host/#fragment", "rtmp://host" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct url url = { 0 };
        if (url_read(bad[i], schemes, &url) == 0)
            fail_msg("'%s' was taken for a URL", bad[i]);
        assert_null(url.host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_parts),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
