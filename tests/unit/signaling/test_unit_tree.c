// SPDX-License-Identifier: Apache-2.0
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "signaling/unit_tree.h"

#include <cmocka.h>

#define HEADER   "code,parent,level,name,link_kbps\n"
#define PROVINCE "64,,province,Tỉnh Gia Lai,100000\n"

static struct unit_tree *parse(const char *csv, struct unit_fault *fault)
{
    return unit_tree_parse(csv, strlen(csv), fault);
}

// The file is refused with this code at this line, and no tree comes of it.
static void refuses(const char *csv, enum error_code code, int line)
{
    struct unit_fault fault = { 0 };
    struct unit_tree *tree = parse(csv, &fault);
    assert_null(tree);
    assert_string_equal(error_code_name(fault.code), error_code_name(code));
    assert_int_equal(fault.line, line);
    assert_true(fault.text[0]);
}

static void reads_three_levels_in_the_files_order(void **state)
{
    (void)state;
    struct unit_fault fault;
    struct unit_tree *tree = parse(HEADER PROVINCE "23557,622,commune,Phường Yên Đỗ,4000\n"
                                                   "622,64,district,Thành phố Pleiku,20000\n",
            &fault);
    assert_non_null(tree);
    assert_int_equal(unit_tree_count(tree), 3);
    assert_string_equal(unit_tree_at(tree, 1)->code, "23557");
    const struct unit *pleiku = unit_tree_find(tree, "622");
    assert_string_equal(pleiku->name, "Thành phố Pleiku");
    assert_string_equal(pleiku->parent, "64");
    assert_int_equal(pleiku->level, UNIT_LEVEL_DISTRICT);
    assert_int_equal(pleiku->link_kbps, 20000);
    assert_null(unit_tree_find(tree, "999"));
    unit_tree_free(tree);
}

static void a_sixth_column_says_what_a_room_hears_at_first(void **state)
{
    (void)state;
    struct unit_fault fault;
    struct unit_tree *tree = parse("code,parent,level,name,link_kbps,language\n"
                                   "64,,province,Tỉnh Gia Lai,100000,\n"
                                   "23557,64,commune,Xã Ia Phí,64,jrai\n",
            &fault);
    assert_non_null(tree);
    assert_int_equal(unit_tree_find(tree, "64")->language, LANGUAGE_FLOOR);
    assert_int_equal(unit_tree_find(tree, "23557")->language, LANGUAGE_JRAI);
    unit_tree_free(tree);
    refuses("code,parent,level,name,link_kbps,language\n64,,province,G,1,latin\n",
            ERROR_UNIT_BAD_LINE, 2);
    refuses("code,parent,level,name,link_kbps,language\n64,,province,G,1\n", ERROR_UNIT_BAD_LINE,
            2);
    refuses(HEADER "64,,province,G,1,jrai\n", ERROR_UNIT_BAD_LINE, 2);
}

static void knows_what_is_below_what(void **state)
{
    (void)state;
    struct unit_fault fault;
    struct unit_tree *tree = parse(HEADER PROVINCE "622,64,district,A,1\n23557,622,commune,B,1\n"
                                                   "623,64,district,C,1\n",
            &fault);
    assert_true(unit_tree_is_within(tree, "23557", "64"));
    assert_true(unit_tree_is_within(tree, "23557", "622"));
    assert_true(unit_tree_is_within(tree, "622", "622"));
    assert_false(unit_tree_is_within(tree, "622", "23557"));
    assert_false(unit_tree_is_within(tree, "23557", "623"));
    assert_false(unit_tree_is_within(tree, "nobody", "64"));
    assert_false(unit_tree_is_within(tree, "64", "nobody"));
    unit_tree_free(tree);
}

static void takes_a_mark_of_windows_and_its_line_ends(void **state)
{
    (void)state;
    struct unit_fault fault;
    struct unit_tree *tree =
            parse("\xef\xbb\xbf"
                  "code,parent,level,name,link_kbps\r\n64,,province,Gia Lai,1\r\n\r\n"
                  "622,64,commune,Xã,2\r\n",
                    &fault);
    assert_non_null(tree);
    assert_int_equal(unit_tree_count(tree), 2);
    assert_int_equal(unit_tree_at(tree, 1)->link_kbps, 2);
    unit_tree_free(tree);
}

static void takes_a_last_line_without_an_end_and_quotes(void **state)
{
    (void)state;
    struct unit_fault fault;
    struct unit_tree *tree = parse(HEADER "64,,province,\"Gia Lai, \"\"phố núi\"\"\",1", &fault);
    assert_non_null(tree);
    assert_string_equal(unit_tree_at(tree, 0)->name, "Gia Lai, \"phố núi\"");
    unit_tree_free(tree);
}

static void refuses_a_code_that_stands_twice(void **state)
{
    (void)state;
    refuses(HEADER PROVINCE "622,64,district,A,1\n622,64,district,B,1\n", ERROR_UNIT_DUPLICATE, 4);
}

static void refuses_an_orphan(void **state)
{
    (void)state;
    refuses(HEADER PROVINCE "622,64,district,A,1\n7,99,commune,B,1\n", ERROR_UNIT_ORPHAN, 4);
}

static void refuses_a_second_root(void **state)
{
    (void)state;
    refuses(HEADER PROVINCE "65,,province,B,1\n", ERROR_UNIT_TWO_ROOTS, 3);
}

static void refuses_a_circle(void **state)
{
    (void)state;
    refuses(HEADER PROVINCE "1,2,district,A,1\n2,1,district,B,1\n", ERROR_UNIT_CYCLE, 3);
    refuses(HEADER "1,1,district,A,1\n", ERROR_UNIT_CYCLE, 2);
}

static void refuses_levels_that_are_unknown_or_do_not_fall(void **state)
{
    (void)state;
    refuses(HEADER PROVINCE "622,64,village,A,1\n", ERROR_UNIT_BAD_LEVEL, 3);
    refuses(HEADER PROVINCE "622,64,,A,1\n", ERROR_UNIT_BAD_LEVEL, 3);
    refuses(HEADER PROVINCE "622,64,district,A,1\n7,622,district,B,1\n", ERROR_UNIT_BAD_LEVEL, 4);
}

static void refuses_lines_that_are_no_units(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "622,64,district,A\n",     // too few
        "622,64,district,A,1,2\n", // too many
        "622,64,district,A,1,\n",
        ",64,district,A,1\n", // no code
        "6 2,64,district,A,1\n", "ABC,64,district,A,1\n", "-1,64,district,A,1\n",
        "12345678901234567,64,district,A,1\n", // code too long
        "622,6/4,district,A,1\n",
        "622,64,district,,1\n", // no name
        "622,64,district,   ,1\n", "622,64,district,A\tB,1\n",
        "622,64,district,A,\n", // no rate
        "622,64,district,A,-1\n", "622,64,district,A,1.5\n", "622,64,district,A,9999999999\n",
        "622,64,district,\"A,1\n", // a quote without its other
        "622,64,district,A\"B,1\n", "622,64,district,\"A\"B,1\n",
        "622,64,district,\xff\xfe,1\n", // not UTF-8
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        g_autofree char *csv = g_strconcat(HEADER PROVINCE, lines[i], NULL);
        refuses(csv, ERROR_UNIT_BAD_LINE, 3);
    }
    g_autofree char *name = g_strnfill(UNIT_NAME_MAX + 1, 'n');
    g_autofree char *csv = g_strdup_printf(HEADER PROVINCE "622,64,district,%s,1\n", name);
    refuses(csv, ERROR_UNIT_BAD_LINE, 3);
}

static void refuses_a_file_without_header_or_units(void **state)
{
    (void)state;
    refuses("", ERROR_UNIT_BAD_LINE, 1);
    refuses("\n", ERROR_UNIT_BAD_LINE, 1);
    refuses(PROVINCE, ERROR_UNIT_BAD_LINE, 1);
    refuses("code,parent,level,name\n", ERROR_UNIT_BAD_LINE, 1);
    refuses(HEADER, ERROR_UNIT_EMPTY, 1);
    struct unit_fault fault;
    assert_null(unit_tree_parse("code\0", 5, &fault));
}

static void refuses_more_units_than_a_list_may_have(void **state)
{
    (void)state;
    g_autoptr(GString) csv = g_string_new(HEADER PROVINCE);
    for (int i = 1; i <= UNIT_COUNT_MAX; i++)
        g_string_append_printf(csv, "c%d,64,commune,Xã %d,1000\n", i, i);
    refuses(csv->str, ERROR_UNIT_BAD_LINE, UNIT_COUNT_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_three_levels_in_the_files_order),
        cmocka_unit_test(a_sixth_column_says_what_a_room_hears_at_first),
        cmocka_unit_test(knows_what_is_below_what),
        cmocka_unit_test(takes_a_mark_of_windows_and_its_line_ends),
        cmocka_unit_test(takes_a_last_line_without_an_end_and_quotes),
        cmocka_unit_test(refuses_a_code_that_stands_twice),
        cmocka_unit_test(refuses_an_orphan),
        cmocka_unit_test(refuses_a_second_root),
        cmocka_unit_test(refuses_a_circle),
        cmocka_unit_test(refuses_levels_that_are_unknown_or_do_not_fall),
        cmocka_unit_test(refuses_lines_that_are_no_units),
        cmocka_unit_test(refuses_a_file_without_header_or_units),
        cmocka_unit_test(refuses_more_units_than_a_list_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
