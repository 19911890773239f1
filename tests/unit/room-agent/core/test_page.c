// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>

#include "room-agent/core/devices.h"
#include "room-agent/core/page.h"
#include "room-agent/core/page_files.h"

#include <cmocka.h>

static void answers_to_its_own_address_only(void **state)
{
    (void)state;
    assert_true(page_is_own_host("127.0.0.1:8480", 8480));
    assert_true(page_is_own_host("127.0.21.1:8480", 8480));
    assert_true(page_is_own_host("localhost:8480", 8480));
    assert_true(page_is_own_host("[::1]:8480", 8480));
    assert_true(page_is_own_host("127.0.0.1", 80));
    assert_false(page_is_own_host("127.0.0.1:8481", 8480));
    assert_false(page_is_own_host("127.0.0.1", 8480));
    assert_false(page_is_own_host("127.evil.example:8480", 8480));
    assert_false(page_is_own_host("evil.example:8480", 8480));
    assert_false(page_is_own_host("", 8480));
    assert_false(page_is_own_host(NULL, 8480));
}

static void acts_for_no_foreign_page(void **state)
{
    (void)state;
    assert_true(page_is_own_origin(NULL, "127.0.0.1:8480")); // a shell
    assert_true(page_is_own_origin("http://127.0.0.1:8480", "127.0.0.1:8480"));
    assert_false(page_is_own_origin("http://127.0.0.1:8481", "127.0.0.1:8480"));
    assert_false(page_is_own_origin("https://127.0.0.1:8480", "127.0.0.1:8480"));
    assert_false(page_is_own_origin("http://evil.example", "127.0.0.1:8480"));
    assert_false(page_is_own_origin("null", "127.0.0.1:8480"));
}

// The official sees Vietnamese first, and the page asks no other host for anything.
static void carries_its_files_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(page_files); i++) {
        const struct page_file *file = &page_files[i];
        g_autofree char *text = g_strndup(file->begin, (gsize)(file->end - file->begin));
        assert_true(strlen(text) > 500);
        assert_null(strstr(text, "https://"));
        assert_null(strstr(text, "http://"));
        assert_true(g_utf8_validate(text, -1, NULL));
    }
    assert_non_null(g_strstr_len(
            page_files[0].begin, page_files[0].end - page_files[0].begin, "lang=\"vi\""));
}

// The contract's sentences are the only ones: every result has one, and the page's English is
// theirs.
static void says_of_devices_what_the_contract_says(void **state)
{
    (void)state;
    g_autoptr(GString) page = g_string_new(NULL);
    for (size_t i = 0; i < COUNT_OF(page_files); i++)
        g_string_append_len(page, page_files[i].begin, page_files[i].end - page_files[i].begin);
    for (int result = HW_OK + 1; result < HW_RESULT_COUNT; result++) {
        g_autofree char *code = g_strconcat("device.", hw_result_name(result), NULL);
        const struct error_info *said = &error_infos[error_code_from_name(code)];
        assert_non_null(said->vi);
        assert_string_equal(device_result_text_vi(result), said->vi);
        assert_string_equal(device_result_text_en(result), said->en);
        if (result != HW_CANCELLED) // nobody is told
            assert_non_null(strstr(page->str, said->en));
    }
    assert_string_equal(device_result_text_vi(HW_OK), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_to_its_own_address_only),
        cmocka_unit_test(acts_for_no_foreign_page),
        cmocka_unit_test(carries_its_files_inside),
        cmocka_unit_test(says_of_devices_what_the_contract_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
