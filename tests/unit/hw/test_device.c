// SPDX-License-Identifier: Apache-2.0
// The engine, and VISCA as real cameras speak it: over a scripted link, with a clock set by hand.
// What every driver must do is in test_conformance.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <string.h>

#include "hw/codec/novastar_codec.h"
#include "hw/codec/visca_codec.h"
#include "hw/device.h"

#include <cmocka.h>

struct bench {
    struct hw_clock *clock;
    struct hw_link *link;
    struct hw_device *device;
};

// How often requests ended, and how the last one did.
struct ends {
    unsigned count;
    enum hw_result last;
};

static void note_end(void *context, enum hw_result result)
{
    struct ends *ends = context;
    ends->count++;
    ends->last = result;
}

static void open_bench(struct bench *bench, const struct hw_driver *driver, bool is_datagram)
{
    bench->clock = hw_clock_fake_new();
    bench->link = hw_link_script_new(is_datagram);
    struct hw_device_config config = {
        .id = "device",
        .driver = driver,
        .link = bench->link,
        .clock = bench->clock,
        .options = { .has_udp_header = true, .camera = 1 },
    };
    bench->device = hw_device_new(&config);
    hw_device_start(bench->device);
}

static void close_bench(struct bench *bench)
{
    hw_device_free(bench->device);
    hw_clock_fake_free(bench->clock);
}

#define RECEIVE(bench, text) hw_link_script_receive((bench)->link, text, sizeof(text) - 1)

// The sends since the last call, as hexadecimal, " " between.
static char *take_sent(struct bench *bench)
{
    g_autoptr(GPtrArray) sent = hw_link_script_take_sent(bench->link);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < sent->len; i++) {
        gsize size;
        const uint8_t *data = g_bytes_get_data(g_ptr_array_index(sent, i), &size);
        g_string_append(out, i ? " " : "");
        for (gsize at = 0; at < size; at++)
            g_string_append_printf(out, "%02x", data[at]);
    }
    return g_string_free(out, FALSE);
}

// Until the link was opened anew.
static void wait_for_link(struct bench *bench)
{
    unsigned opens = hw_link_script_opens(bench->link);
    while (hw_link_script_opens(bench->link) == opens)
        hw_clock_fake_advance(bench->clock, 10);
}

static void assert_sent(struct bench *bench, const char *expected)
{
    g_autofree char *sent = take_sent(bench);
    assert_string_equal(sent, expected);
}

static struct hw_report report_of(const struct bench *bench)
{
    struct hw_report report;
    hw_device_report(bench->device, &report);
    return report;
}

static uint32_t submit(struct bench *bench, struct hw_command command, struct ends *ends)
{
    return hw_device_submit(bench->device, &command, note_end, ends);
}

// A camera on TCP, identified; what it is polled for is out of the way.
static void open_camera(struct bench *bench)
{
    open_bench(bench, &hw_visca, false);
    assert_sent(bench, "81010001ff");
    RECEIVE(bench, "\x90\x50\xff");
    assert_sent(bench, "81090002ff");
    RECEIVE(bench, "\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    assert_int_equal(report_of(bench).link, HW_LINK_UP);
    assert_sent(bench, "8101060101010303ff 8101040700ff"); // it may have been left turning
    RECEIVE(bench, "\x90\x41\xff\x90\x41\xff");
    hw_clock_fake_advance(bench->clock, 1);
    assert_sent(bench, "81090400ff");
    RECEIVE(bench, "\x90\x50\x02\xff");
    assert_sent(bench, "");
}

static void answer_wall(struct bench *bench, const char *data, size_t size, uint8_t ack)
{
    g_autoptr(GPtrArray) sent = hw_link_script_take_sent(bench->link);
    assert_int_equal(sent->len, 1);
    gsize sent_size;
    const uint8_t *at = g_bytes_get_data(g_ptr_array_index(sent, 0), &sent_size);
    g_autofree struct novastar_reader *reader = g_new(struct novastar_reader, 1);
    g_autofree struct novastar_frame *frame = g_new(struct novastar_frame, 1);
    novastar_reader_init(reader, false);
    assert_true(novastar_reader_take(reader, &at, at + sent_size, frame));
    frame->is_reply = true;
    frame->ack = ack;
    frame->size = size;
    memcpy(frame->data, data, size);
    uint8_t bytes[64];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    hw_link_script_receive(bench->link, bytes, (size_t)novastar_write(&out, frame));
}

static void open_wall(struct bench *bench)
{
    open_bench(bench, &hw_novastar, false);
    answer_wall(bench, "\x06\x61", 2, NOVASTAR_OK);
    assert_int_equal(report_of(bench).link, HW_LINK_UP);
}

// --- without a link ----------------------------------------------------------------------------

static void says_offline_at_once_without_a_link(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_camera(&bench);
    hw_link_script_on_open(bench.link, -ECONNREFUSED);
    hw_link_script_down(bench.link, 0);
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    assert_int_equal(ends.count, 1);
    assert_int_equal(ends.last, HW_OFFLINE);
    close_bench(&bench);
}

// --- queue -------------------------------------------------------------------------------------

static void replaces_a_queued_request_of_the_same_name(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends first = { 0 };
    struct ends second = { 0 };
    struct ends third = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &first);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 50 }, &second);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = -100 }, &third);
    assert_sent(&bench, "8101060118010203ff");
    assert_int_equal(second.last, HW_CANCELLED);
    RECEIVE(&bench, "\x90\x41\xff\x90\x51\xff");
    assert_int_equal(first.last, HW_OK);
    assert_sent(&bench, "8101060118010103ff");
    close_bench(&bench);
}

static void sends_stop_at_once_and_never_merges_it(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends drive = { 0 };
    struct ends stop = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &drive);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .tilt = 100 },
            &drive); // waits for the ack
    submit(&bench, (struct hw_command){ .verb = HW_STOP }, &stop);
    submit(&bench, (struct hw_command){ .verb = HW_STOP }, &stop);
    assert_sent(&bench, "8101060118010203ff 8101060101010303ff 8101060101010303ff");
    assert_int_equal(drive.count, 1); // the queued one will not start after the stop
    assert_int_equal(drive.last, HW_CANCELLED);
    RECEIVE(&bench, "\x90\x41\xff\x90\x42\xff\x90\x41\xff");
    assert_int_equal(stop.count, 2);
    assert_int_equal(stop.last, HW_OK);
    close_bench(&bench);
}

static void repeats_stop_until_it_is_taken(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends stop = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_STOP }, &stop);
    assert_sent(&bench, "8101060101010303ff");
    hw_clock_fake_advance(bench.clock, 200);
    assert_sent(&bench, "8101060101010303ff");
    RECEIVE(&bench, "\x90\x60\x03\xff"); // both sockets busy
    hw_clock_fake_advance(bench.clock, 120);
    assert_sent(&bench, "8101060101010303ff");
    assert_int_equal(stop.count, 0);
    RECEIVE(&bench, "\x90\x41\xff");
    assert_int_equal(stop.count, 1);
    assert_int_equal(stop.last, HW_OK);
    close_bench(&bench);
}

static void stops_first_after_a_link_that_was_lost_while_driving(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends drive = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &drive);
    hw_link_script_down(bench.link, -ETIMEDOUT);
    g_free(take_sent(&bench));
    wait_for_link(&bench);
    assert_sent(&bench, "81010001ff");
    RECEIVE(&bench, "\x90\x50\xff");
    g_free(take_sent(&bench));
    RECEIVE(&bench, "\x90\x60\x02\xff"); // does not know the version inquiry
    assert_sent(&bench, "8101060101010303ff");
    close_bench(&bench);
}

static void stops_a_drive_that_is_not_renewed(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends drive = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &drive);
    RECEIVE(&bench, "\x90\x41\xff\x90\x51\xff");
    hw_clock_fake_advance(bench.clock, 900);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &drive);
    RECEIVE(&bench, "\x90\x41\xff\x90\x51\xff");
    hw_clock_fake_advance(bench.clock, 900);
    assert_sent(&bench, "8101060118010203ff 8101060118010203ff");
    hw_clock_fake_advance(bench.clock, 101);
    g_autofree char *sent = take_sent(&bench);
    assert_non_null(strstr(sent, "8101060101010303ff"));
    close_bench(&bench);
}

// --- retries -----------------------------------------------------------------------------------

static void tries_again_when_busy_and_never_what_was_refused(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    for (int i = 0; i < 5; i++) {
        assert_sent(&bench, "81010604ff");
        RECEIVE(&bench, "\x90\x60\x03\xff");
        hw_clock_fake_advance(bench.clock, 100);
    }
    assert_int_equal(ends.count, 0);
    RECEIVE(&bench, "\x90\x60\x03\xff");
    assert_int_equal(ends.last, HW_BUSY);
    g_free(take_sent(&bench));

    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    RECEIVE(&bench, "\x90\x60\x02\xff");
    assert_int_equal(ends.count, 2);
    assert_int_equal(ends.last, HW_BAD_VALUE);
    close_bench(&bench);
}

// --- desired against actual --------------------------------------------------------------------

static void reads_before_it_sets_and_believes_what_reads_back(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_wall(&bench);
    hw_device_desire(bench.device, HW_BRIGHTNESS, 100);
    answer_wall(&bench, "\x80", 1, NOVASTAR_OK); // the read: 50 percent
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].state, HW_WISH_PENDING);
    answer_wall(&bench, "", 0, NOVASTAR_OK); // the write
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].state, HW_WISH_PENDING);
    answer_wall(&bench, "\xff", 1, NOVASTAR_OK); // reads back
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].state, HW_WISH_REACHED);
    assert_int_equal(report_of(&bench).actual[HW_BRIGHTNESS].quality, HW_CONFIRMED);
    close_bench(&bench);
}

static void does_not_repeat_what_the_device_has_already(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_wall(&bench);
    hw_device_desire(bench.device, HW_BRIGHTNESS, 100);
    answer_wall(&bench, "\xff", 1, NOVASTAR_OK);
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].state, HW_WISH_REACHED);
    assert_sent(&bench, "");
    close_bench(&bench);
}

static void names_a_card_that_does_not_answer(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_wall(&bench);
    hw_device_desire(bench.device, HW_BRIGHTNESS, 100);
    answer_wall(&bench, "", 0, NOVASTAR_CARD_SILENT);
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].state, HW_WISH_FAILED);
    assert_int_equal(report_of(&bench).wishes[HW_BRIGHTNESS].result, HW_DEVICE_FAULT);
    assert_int_equal(report_of(&bench).fault, HW_DEVICE_FAULT);
    assert_int_equal(report_of(&bench).link, HW_LINK_UP);
    close_bench(&bench);
}

static void forgets_a_wish_for_a_preset_when_somebody_drives(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_camera(&bench);
    hw_device_desire(bench.device, HW_PRESET, 1);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 10 }, &ends);
    assert_int_equal(report_of(&bench).wishes[HW_PRESET].state, HW_WISH_NONE);
    close_bench(&bench);
}

// --- coming back -------------------------------------------------------------------------------

static void connects_again_within_five_seconds_for_ever(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_camera(&bench);
    hw_link_script_on_open(bench.link, -ECONNREFUSED);
    hw_link_script_down(bench.link, 0);
    for (int i = 0; i < 50; i++) {
        unsigned opens = hw_link_script_opens(bench.link);
        hw_clock_fake_advance(bench.clock, 5000);
        assert_true(hw_link_script_opens(bench.link) > opens);
    }
    assert_int_equal(report_of(&bench).fault, HW_OFFLINE);
    close_bench(&bench);
}

static void names_a_port_that_is_taken(void **state)
{
    (void)state;
    struct bench bench = { .clock = hw_clock_fake_new(), .link = hw_link_script_new(true) };
    hw_link_script_on_open(bench.link, -EADDRINUSE);
    struct hw_device_config config = {
        .id = "camera",
        .driver = &hw_visca,
        .link = bench.link,
        .clock = bench.clock,
    };
    bench.device = hw_device_new(&config);
    hw_device_start(bench.device);
    assert_int_equal(report_of(&bench).fault, HW_MISCONFIGURED);
    close_bench(&bench);
}

// --- VISCA's quirks ----------------------------------------------------------------------------

static void tolerates_what_real_cameras_say(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_camera(&bench);
    RECEIVE(&bench, "\x90\x38\xff");             // network change
    RECEIVE(&bench, "\x90\x41\xff\x90\x52\xff"); // an ack and a completion of nothing
    RECEIVE(&bench, "\x90\x61\x04\xff");         // an error of nothing
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    RECEIVE(&bench, "\xa0\x41\xff"); // A0 for 90
    submit(&bench, (struct hw_command){ .verb = HW_STORE, .value = 3 }, &ends);
    RECEIVE(&bench, "\xa0\x41\xff"); // two commands in one socket
    RECEIVE(&bench, "\xa0\x51\xff");
    assert_int_equal(ends.count, 1);
    RECEIVE(&bench, "\xa0\x51\xff");
    assert_int_equal(ends.count, 2);
    assert_int_equal(ends.last, HW_OK);
    close_bench(&bench);
}

// The stops of the first meeting are datagrams 2 and 3.
static void take_first_stops(struct bench *bench)
{
    g_free(take_sent(bench));
    RECEIVE(bench, "\x01\x11\x00\x03\x00\x00\x00\x02\x90\x41\xff");
    RECEIVE(bench, "\x01\x11\x00\x03\x00\x00\x00\x03\x90\x41\xff");
}

// Lost datagrams: what the camera refused is said again, and nothing is set that holds already.
static void survives_a_gap_in_the_numbers(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_bench(&bench, &hw_visca, true);
    RECEIVE(&bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01");
    RECEIVE(&bench, "\x01\x11\x00\x0a\x00\x00\x00\x01\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    take_first_stops(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    assert_sent(&bench, "010000050000000481010604ff");
    RECEIVE(&bench, "\x02\x01\x00\x02\x00\x00\x00\x04\x0f\x01");
    assert_sent(&bench, "020000010000000001");
    RECEIVE(&bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01");
    hw_clock_fake_advance(bench.clock, 100);
    assert_sent(&bench, "010000050000000181010604ff");
    RECEIVE(&bench, "\x01\x11\x00\x03\x00\x00\x00\x01\x90\x41\xff");
    RECEIVE(&bench, "\x01\x11\x00\x03\x00\x00\x00\x01\x90\x51\xff");
    assert_int_equal(ends.count, 1);
    assert_int_equal(ends.last, HW_OK);
    assert_int_equal(report_of(&bench).link, HW_LINK_UP);
    assert_int_equal(report_of(&bench).counters.connects, 1);
    close_bench(&bench);
}

static void agrees_on_sequence_numbers_anew_when_the_camera_lost_count(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_bench(&bench, &hw_visca, true);
    assert_sent(&bench, "020000010000000001");
    RECEIVE(&bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01");
    assert_sent(&bench, "011000050000000181090002ff");
    RECEIVE(&bench, "\x01\x11\x00\x0a\x00\x00\x00\x01\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    take_first_stops(&bench);
    hw_clock_fake_advance(bench.clock, 1);
    assert_sent(&bench, "011000050000000481090400ff");
    RECEIVE(&bench, "\x02\x01\x00\x02\x00\x00\x00\x04\x0f\x01");
    assert_int_equal(report_of(&bench).link, HW_LINK_UP); // a gap is no restart
    assert_sent(&bench, "020000010000000001");
    struct ends ends = { 0 };
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    assert_sent(&bench, "010000050000000181010604ff");
    RECEIVE(&bench, "\x02\x01\x00\x02\x00\x00\x00\x01\x0f\x01"); // said twice: it is
    assert_int_equal(report_of(&bench).link, HW_LINK_IDENTIFYING);
    assert_int_equal(ends.count, 1);
    assert_sent(&bench, "020000010000000001");
    RECEIVE(&bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01");
    assert_sent(&bench, "011000050000000181090002ff");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_offline_at_once_without_a_link),
        cmocka_unit_test(replaces_a_queued_request_of_the_same_name),
        cmocka_unit_test(sends_stop_at_once_and_never_merges_it),
        cmocka_unit_test(repeats_stop_until_it_is_taken),
        cmocka_unit_test(stops_first_after_a_link_that_was_lost_while_driving),
        cmocka_unit_test(stops_a_drive_that_is_not_renewed),
        cmocka_unit_test(tries_again_when_busy_and_never_what_was_refused),
        cmocka_unit_test(reads_before_it_sets_and_believes_what_reads_back),
        cmocka_unit_test(does_not_repeat_what_the_device_has_already),
        cmocka_unit_test(names_a_card_that_does_not_answer),
        cmocka_unit_test(forgets_a_wish_for_a_preset_when_somebody_drives),
        cmocka_unit_test(connects_again_within_five_seconds_for_ever),
        cmocka_unit_test(names_a_port_that_is_taken),
        cmocka_unit_test(tolerates_what_real_cameras_say),
        cmocka_unit_test(survives_a_gap_in_the_numbers),
        cmocka_unit_test(agrees_on_sequence_numbers_anew_when_the_camera_lost_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
