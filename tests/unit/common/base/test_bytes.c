// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/bytes.h"

#include <cmocka.h>

static void reads_back_what_was_written(void **state)
{
    (void)state;
    uint8_t data[64];
    struct bytes_writer out;
    bytes_writer_init(&out, data, sizeof(data));
    bytes_put_u8(&out, 0xab);
    bytes_put_u16(&out, 0x0102);
    bytes_put_u24(&out, 0x030405);
    bytes_put_u32(&out, 0xfffefdfc);
    bytes_put_u64(&out, UINT64_C(0x0102030405060708));
    bytes_put_u16_le(&out, 0x1234);
    bytes_put_u32_le(&out, 0x56789abc);
    bytes_put(&out, "rong", 4);
    assert_int_equal(bytes_writer_status(&out), 28);
    assert_memory_equal(data + 1, "\x01\x02\x03\x04\x05\xff\xfe\xfd\xfc", 9);
    assert_memory_equal(data + 18, "\x34\x12\xbc\x9a\x78\x56", 6);

    struct bytes_reader in;
    bytes_reader_init(&in, data, 28);
    assert_int_equal(bytes_read_u8(&in), 0xab);
    assert_int_equal(bytes_read_u16(&in), 0x0102);
    assert_int_equal(bytes_read_u24(&in), 0x030405);
    assert_int_equal(bytes_read_u32(&in), 0xfffefdfc);
    assert_true(bytes_read_u64(&in) == UINT64_C(0x0102030405060708));
    assert_int_equal(bytes_read_u16_le(&in), 0x1234);
    assert_int_equal(bytes_read_u32_le(&in), 0x56789abc);
    assert_memory_equal(bytes_read(&in, 4), "rong", 4);
    assert_int_equal(bytes_reader_left(&in), 0);
    assert_int_equal(bytes_reader_status(&in), 0);
}

static void remembers_that_it_ran_past_the_end(void **state)
{
    (void)state;
    struct bytes_reader in;
    bytes_reader_init(&in, "\x01\x02\x03", 3);
    assert_int_equal(bytes_read_u16(&in), 0x0102);
    assert_int_equal(bytes_read_u32(&in), 0);
    assert_int_equal(bytes_read_u8(&in), 0); // though one is left
    assert_null(bytes_read(&in, 0));
    assert_int_equal(bytes_reader_status(&in), -EBADMSG);
}

static void reads_nothing_from_nothing(void **state)
{
    (void)state;
    struct bytes_reader in;
    bytes_reader_init(&in, "", 0);
    assert_non_null(bytes_read(&in, 0));
    assert_int_equal(bytes_reader_status(&in), 0);
    assert_null(bytes_read(&in, SIZE_MAX));
    assert_int_equal(bytes_reader_status(&in), -EBADMSG);
}

static void writes_nothing_more_once_something_did_not_fit(void **state)
{
    (void)state;
    uint8_t data[4] = { 0 };
    struct bytes_writer out;
    bytes_writer_init(&out, data, 3);
    bytes_put_u16(&out, 0x0102);
    bytes_put_u16(&out, 0x0304);
    bytes_put_u8(&out, 5);
    assert_int_equal(bytes_writer_size(&out), 2);
    assert_int_equal(bytes_writer_status(&out), -ENOSPC);
    assert_memory_equal(data, "\x01\x02\x00\x00", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(remembers_that_it_ran_past_the_end),
        cmocka_unit_test(reads_nothing_from_nothing),
        cmocka_unit_test(writes_nothing_more_once_something_did_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
