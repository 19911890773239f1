// SPDX-License-Identifier: Apache-2.0
// The engine, and what every driver must do: over a scripted link, with a clock set by hand.
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
    bool byte_at_a_time;
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

static void receive(struct bench *bench, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t piece = bench->byte_at_a_time ? 1 : size;
    for (size_t at = 0; at < size; at += piece)
        hw_link_script_receive(bench->link, bytes + at, piece);
}

#define RECEIVE(bench, text) receive(bench, text, sizeof(text) - 1)

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
    receive(bench, bytes, (size_t)novastar_write(&out, frame));
}

static void open_wall(struct bench *bench)
{
    open_bench(bench, &hw_novastar, false);
    answer_wall(bench, "\x06\x61", 2, NOVASTAR_OK);
    assert_int_equal(report_of(bench).link, HW_LINK_UP);
}

// --- exactly once ------------------------------------------------------------------------------

static void ends_every_request_once_also_on_close(void **state)
{
    (void)state;
    static void (*const opens[])(struct bench * bench) = { open_camera, open_wall };
    static const struct hw_command commands[] = {
        { .verb = HW_SET, .field = HW_PRESET, .value = 1 },
        { .verb = HW_SET, .field = HW_PRESET, .value = 2 }, // takes the place of the first
        { .verb = HW_SET, .field = HW_BRIGHTNESS, .value = 1 },
        { .verb = HW_SET, .field = HW_BRIGHTNESS, .value = 101 },
        { .verb = HW_READ, .field = HW_ZOOM },
        { .verb = HW_READ, .field = HW_BLANK },
        { .verb = HW_STOP },
        { .verb = HW_HOME },
        { .verb = HW_KEEP },
        { .verb = HW_STORE, .value = 999 },
    };
    enum { CLOSED, LINK_LOST, SILENT, HOW_MANY };
    for (size_t driver = 0; driver < COUNT_OF(opens); driver++) {
        for (int how = CLOSED; how < HOW_MANY; how++) {
            struct bench bench = { 0 };
            struct ends ends[COUNT_OF(commands)] = { 0 };
            opens[driver](&bench);
            for (size_t i = 0; i < COUNT_OF(commands); i++)
                submit(&bench, commands[i], &ends[i]);
            if (how == LINK_LOST)
                hw_link_script_down(bench.link, -ECONNRESET);
            if (how == SILENT)
                hw_clock_fake_advance(bench.clock, 120000);
            close_bench(&bench);
            for (size_t i = 0; i < COUNT_OF(commands); i++)
                assert_int_equal(ends[i].count, 1);
        }
    }
}

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

static void sends_nothing_for_what_it_can_not_do(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_camera(&bench);
    submit(&bench, (struct hw_command){ .verb = HW_SET, .field = HW_BLANK, .value = 1 }, &ends);
    submit(&bench, (struct hw_command){ .verb = HW_READ, .field = HW_BLANK }, &ends);
    submit(&bench, (struct hw_command){ .verb = HW_KEEP }, &ends);
    assert_sent(&bench, "");
    assert_int_equal(ends.count, 3);
    assert_int_equal(ends.last, HW_UNSUPPORTED);
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

static void sets_again_every_minute_what_somebody_changed(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    bool was_set_again = false;
    open_wall(&bench);
    hw_device_desire(bench.device, HW_BRIGHTNESS, 100);
    answer_wall(&bench, "\xff", 1, NOVASTAR_OK);
    for (int ms = 0; ms < 62000 && !was_set_again; ms += 10) {
        hw_clock_fake_advance(bench.clock, 10);
        g_autoptr(GPtrArray) sent = hw_link_script_take_sent(bench.link);
        for (guint i = 0; i < sent->len; i++) {
            gsize size;
            const uint8_t *at = g_bytes_get_data(g_ptr_array_index(sent, i), &size);
            g_autofree struct novastar_reader *reader = g_new(struct novastar_reader, 1);
            g_autofree struct novastar_frame *frame = g_new(struct novastar_frame, 1);
            novastar_reader_init(reader, false);
            assert_true(novastar_reader_take(reader, &at, at + size, frame));
            if (frame->is_write) {
                assert_int_equal(frame->address, NOVASTAR_BRIGHTNESS);
                was_set_again = true;
            }
            frame->is_reply = true;
            frame->size = frame->is_write ? 0 : 1; // everything reads 0
            frame->data[0] = 0;
            uint8_t bytes[64];
            struct bytes_writer out;
            bytes_writer_init(&out, bytes, sizeof(bytes));
            receive(&bench, bytes, (size_t)novastar_write(&out, frame));
        }
    }
    assert_true(was_set_again);
    close_bench(&bench);
}

static void identifies_then_sets_again_after_a_restart(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_camera(&bench);
    hw_device_desire(bench.device, HW_POWER, 1);
    assert_int_equal(report_of(&bench).wishes[HW_POWER].state, HW_WISH_REACHED);
    hw_link_script_down(bench.link, 0);
    assert_int_equal(report_of(&bench).actual[HW_POWER].quality, HW_STALE);
    assert_int_equal(report_of(&bench).wishes[HW_POWER].state, HW_WISH_FAILED);
    wait_for_link(&bench);
    assert_sent(&bench, "81010001ff");
    RECEIVE(&bench, "\x90\x50\xff");
    assert_sent(&bench, "81090002ff");
    RECEIVE(&bench, "\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    assert_sent(&bench, "81090400ff");
    RECEIVE(&bench, "\x90\x50\x03\xff"); // it came back in standby
    assert_sent(&bench, "8101040002ff");
    RECEIVE(&bench, "\x90\x41\xff\x90\x51\xff");
    assert_sent(&bench, "81090400ff");
    RECEIVE(&bench, "\x90\x50\x02\xff");
    assert_int_equal(report_of(&bench).wishes[HW_POWER].state, HW_WISH_REACHED);
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

// --- silence -----------------------------------------------------------------------------------

static void notices_silence_without_an_end_of_the_link(void **state)
{
    (void)state;
    static const struct {
        const struct hw_driver *driver;
        int64_t within_ms;
    } drivers[] = { { &hw_visca, 6000 }, { &hw_novastar, 10000 } };
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        struct bench bench = { 0 };
        if (drivers[i].driver == &hw_visca)
            open_camera(&bench);
        else
            open_wall(&bench);
        int64_t waited_ms = 0;
        while (report_of(&bench).fault == HW_OK && waited_ms < 60000) {
            hw_clock_fake_advance(bench.clock, 10);
            waited_ms += 10;
        }
        assert_int_equal(report_of(&bench).fault, HW_TIMEOUT);
        assert_true(waited_ms <= drivers[i].within_ms);
        close_bench(&bench);
    }
}

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

// A controller that several programs want is polled by none more often than its budget.
static void keeps_the_poll_budget(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    open_camera(&bench);
    unsigned inquiries = 0;
    for (int ms = 0; ms < 60000; ms += 10) {
        hw_clock_fake_advance(bench.clock, 10);
        g_autofree char *sent = take_sent(&bench);
        inquiries += sent[0] != '\0';
        if (strcmp(sent, "81090400ff") == 0)
            RECEIVE(&bench, "\x90\x50\x02\xff");
        else if (sent[0])
            RECEIVE(&bench, "\x90\x50\x00\x00\x00\x00\x00\x00\x00\x00\xff");
    }
    assert_int_equal(report_of(&bench).link, HW_LINK_UP);
    assert_in_range(inquiries, 20, 60);
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

// Lost datagrams: what the camera refused is said again, and nothing is set that holds already.
static void survives_a_gap_in_the_numbers(void **state)
{
    (void)state;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_bench(&bench, &hw_visca, true);
    RECEIVE(&bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01");
    RECEIVE(&bench, "\x01\x11\x00\x0a\x00\x00\x00\x01\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    g_free(take_sent(&bench));
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    assert_sent(&bench, "010000050000000281010604ff");
    RECEIVE(&bench, "\x02\x01\x00\x02\x00\x00\x00\x02\x0f\x01");
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
    hw_clock_fake_advance(bench.clock, 1);
    assert_sent(&bench, "011000050000000281090400ff");
    RECEIVE(&bench, "\x02\x01\x00\x02\x00\x00\x00\x02\x0f\x01");
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

// --- input -------------------------------------------------------------------------------------

static void takes_input_byte_by_byte_as_in_one_piece(void **state)
{
    (void)state;
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct bench bench = { .byte_at_a_time = piecewise };
        struct ends ends = { 0 };
        open_camera(&bench);
        submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
        submit(&bench, (struct hw_command){ .verb = HW_READ, .field = HW_ZOOM }, &ends);
        RECEIVE(&bench, "\x90\x38\xff\x90\x41\xff"); // the inquiry goes out after the ack
        RECEIVE(&bench, "\x90\x50\x01\x02\x03\x04\xff\x90\x51\xff\x90\x38\xff");
        assert_int_equal(ends.count, 2);
        assert_int_equal(report_of(&bench).actual[HW_ZOOM].value, 0x1234);
        assert_sent(&bench, "81010604ff 81090447ff");
        close_bench(&bench);
    }
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct bench bench = { .byte_at_a_time = piecewise };
        open_wall(&bench);
        hw_device_desire(bench.device, HW_BLANK, 1);
        answer_wall(&bench, "\xff", 1, NOVASTAR_OK);
        assert_int_equal(report_of(&bench).wishes[HW_BLANK].state, HW_WISH_REACHED);
        close_bench(&bench);
    }
}

static bool has_confirmed(const struct bench *bench)
{
    struct hw_report report = report_of(bench);
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        if (report.actual[field].quality == HW_CONFIRMED)
            return true;
    return false;
}

// Noise may not crash a driver, nor make it believe anything of a device that was asked nothing.
static void believes_nothing_of_a_million_random_bytes(void **state)
{
    (void)state;
    static const struct {
        const struct hw_driver *driver;
        bool is_datagram;
    } ways[] = { { &hw_visca, false }, { &hw_visca, true }, { &hw_novastar, false } };
    GRand *random = g_rand_new_with_seed(6);
    for (size_t way = 0; way < COUNT_OF(ways); way++) {
        struct bench bench = { 0 };
        open_bench(&bench, ways[way].driver, ways[way].is_datagram);
        for (size_t sent = 0; sent < 1000000;) {
            uint8_t noise[64];
            size_t size = (size_t)g_rand_int_range(random, 1, sizeof(noise));
            for (size_t i = 0; i < size; i++)
                noise[i] = (uint8_t)g_rand_int(random);
            hw_link_script_receive(bench.link, noise, size);
            sent += size;
            // Without the clock no poll is sent: an answer to nothing is nothing.
            assert_false(has_confirmed(&bench));
        }
        g_ptr_array_unref(hw_link_script_take_sent(bench.link));
        close_bench(&bench);
    }
    g_rand_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_every_request_once_also_on_close),
        cmocka_unit_test(says_offline_at_once_without_a_link),
        cmocka_unit_test(sends_nothing_for_what_it_can_not_do),
        cmocka_unit_test(replaces_a_queued_request_of_the_same_name),
        cmocka_unit_test(sends_stop_at_once_and_never_merges_it),
        cmocka_unit_test(repeats_stop_until_it_is_taken),
        cmocka_unit_test(stops_first_after_a_link_that_was_lost_while_driving),
        cmocka_unit_test(stops_a_drive_that_is_not_renewed),
        cmocka_unit_test(tries_again_when_busy_and_never_what_was_refused),
        cmocka_unit_test(reads_before_it_sets_and_believes_what_reads_back),
        cmocka_unit_test(does_not_repeat_what_the_device_has_already),
        cmocka_unit_test(names_a_card_that_does_not_answer),
        cmocka_unit_test(sets_again_every_minute_what_somebody_changed),
        cmocka_unit_test(identifies_then_sets_again_after_a_restart),
        cmocka_unit_test(forgets_a_wish_for_a_preset_when_somebody_drives),
        cmocka_unit_test(notices_silence_without_an_end_of_the_link),
        cmocka_unit_test(connects_again_within_five_seconds_for_ever),
        cmocka_unit_test(names_a_port_that_is_taken),
        cmocka_unit_test(keeps_the_poll_budget),
        cmocka_unit_test(tolerates_what_real_cameras_say),
        cmocka_unit_test(survives_a_gap_in_the_numbers),
        cmocka_unit_test(agrees_on_sequence_numbers_anew_when_the_camera_lost_count),
        cmocka_unit_test(takes_input_byte_by_byte_as_in_one_piece),
        cmocka_unit_test(believes_nothing_of_a_million_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
