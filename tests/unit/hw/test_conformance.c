// SPDX-License-Identifier: Apache-2.0
// What every driver must do, whatever it speaks: one table of drivers, each against a device that
// the test plays, over a scripted link and with a clock set by hand. A new driver is a new row.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <string.h>

#include "hw/codec/novastar_codec.h"
#include "hw/codec/visca_codec.h"
#include "hw/codec/xapi_codec.h"
#include "hw/device.h"
#include "hw/uvc_port.h"

#include <cmocka.h>

struct bench;

// A device that behaves: answers one send.
typedef void play_fn(struct bench *bench, const uint8_t *data, size_t size);

struct way {
    const char *name;
    const struct hw_driver *driver;
    bool is_datagram;
    bool has_header;
    bool is_serial;
    play_fn *play;
    int64_t notices_ms;   // silence without an end of the link
    enum hw_field field;  // something that can be set and read back
    int64_t value;        // not the played device's first one
    enum hw_field cannot; // what it has not
};

struct bench {
    const struct way *way;
    struct hw_clock *clock;
    struct hw_link *link;
    struct hw_device *device;
    uint8_t memory[4]; // of the played device: power; brightness, blank, …
    bool is_silent;
    bool is_swapped; // another model stands in its place
    bool byte_at_a_time;
    struct novastar_reader *reader;
    GString *trace; // what was sent, a line each
    GString *answers;
    unsigned stops;
    unsigned zoom_stops;
    bool is_parting; // the link is gone: what was sent last is looked at, not answered
    unsigned sends;
    int64_t longest_us; // of a call into the device
};

// --- the played devices ------------------------------------------------------------------------

static void note_call(struct bench *bench, int64_t begin_us)
{
    bench->longest_us = MAX(bench->longest_us, g_get_monotonic_time() - begin_us);
}

static void receive(struct bench *bench, const void *data, size_t size)
{
    int64_t begin_us = g_get_monotonic_time();
    hw_link_script_receive(bench->link, data, size);
    note_call(bench, begin_us);
}

static void answer(struct bench *bench, const void *data, size_t size)
{
    if (bench->is_parting)
        return;
    g_string_append_len(bench->answers, data, (gssize)size);
    if (!bench->way->is_datagram)
        return;
    g_autofree char *copy = g_memdup2(bench->answers->str, bench->answers->len);
    gsize length = bench->answers->len;
    g_string_truncate(bench->answers, 0);
    receive(bench, copy, length);
}

static void answer_visca(
        struct bench *bench, uint32_t sequence, enum visca_reply_kind kind, const char *hex)
{
    struct visca_reply reply = { .kind = kind, .sender = 1, .socket = kind != VISCA_ANSWER };
    for (; *hex; hex += 2)
        reply.data[reply.size++] =
                (uint8_t)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]));
    struct visca_datagram datagram = { .type = VISCA_TYPE_REPLY, .sequence = sequence };
    uint8_t bytes[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, datagram.payload, sizeof(datagram.payload));
    int size = visca_write_reply(&out, &reply);
    assert_true(size > 0);
    datagram.size = (size_t)size;
    if (!bench->way->has_header) {
        answer(bench, datagram.payload, datagram.size);
        return;
    }
    bytes_writer_init(&out, bytes, sizeof(bytes));
    size = visca_write_datagram(&out, &datagram);
    answer(bench, bytes, (size_t)size);
}

static void play_visca(struct bench *bench, const uint8_t *data, size_t size)
{
    struct visca_datagram datagram = { .size = size };
    if (bench->way->has_header) {
        assert_int_equal(visca_parse_datagram(data, size, &datagram), 0);
        if (datagram.type == VISCA_TYPE_CONTROL) {
            answer(bench, "\x02\x01\x00\x01\x00\x00\x00\x00\x01", 9);
            return;
        }
    } else {
        memcpy(datagram.payload, data, size);
    }
    struct visca_packet packet = { .size = datagram.size };
    memcpy(packet.bytes, datagram.payload, datagram.size);
    struct visca_command command;
    assert_int_equal(visca_parse_command(&packet, &command), 0);
    uint32_t sequence = datagram.sequence;
    switch (command.kind) {
    case VISCA_ADDRESS_SET:
        answer_visca(bench, sequence, VISCA_ADDRESS_REPLY, "02");
        break;
    case VISCA_VERSION_INQUIRY:
        answer_visca(bench, sequence, VISCA_ANSWER,
                bench->is_swapped ? "00010511010002" : "00010513020002");
        break;
    case VISCA_POWER_INQUIRY:
        answer_visca(bench, sequence, VISCA_ANSWER, bench->memory[0] ? "02" : "03");
        break;
    case VISCA_POSITION_INQUIRY:
        answer_visca(bench, sequence, VISCA_ANSWER, "0000000000000000");
        break;
    case VISCA_ZOOM_INQUIRY:
        answer_visca(bench, sequence, VISCA_ANSWER, "00000000");
        break;
    default:
        if (command.kind == VISCA_POWER)
            bench->memory[0] = command.on;
        bool is_stop = command.kind == VISCA_DRIVE && !command.pan_speed && !command.tilt_speed;
        bench->stops += is_stop;
        bench->zoom_stops += command.kind == VISCA_ZOOM_DRIVE && !command.zoom;
        if (command.kind != VISCA_CLEAR)
            answer_visca(bench, sequence, VISCA_ACK, "");
        answer_visca(bench, sequence, VISCA_COMPLETION, "");
    }
}

static void play_novastar(struct bench *bench, const uint8_t *data, size_t size)
{
    g_autofree struct novastar_frame *frame = g_new(struct novastar_frame, 1);
    novastar_reader_init(bench->reader, false);
    const uint8_t *at = data;
    assert_true(novastar_reader_take(bench->reader, &at, data + size, frame));
    assert_true(frame->is_intact);
    uint8_t *cell = &bench->memory[frame->address == NOVASTAR_BRIGHTNESS];
    if (frame->is_write)
        *cell = frame->data[0];
    frame->is_reply = true;
    bool is_absent =
            frame->address == NOVASTAR_MONITORING && (frame->board >= 3 || frame->port >= 2);
    frame->ack = is_absent ? NOVASTAR_CARD_SILENT : NOVASTAR_OK;
    frame->size = frame->is_write || is_absent ? 0 : frame->length;
    memset(frame->data, 0, frame->size);
    if (!frame->is_write && frame->address == NOVASTAR_MODEL)
        memcpy(frame->data, bench->is_swapped ? "\x07\x11" : "\x06\x61", 2);
    else if (!frame->is_write && frame->address == NOVASTAR_BRIGHTNESS)
        frame->data[0] = *cell;
    else if (!frame->is_write && frame->address == NOVASTAR_INPUT_VX4S)
        frame->data[0] = 0xa0;
    else if (!frame->is_write && frame->address == NOVASTAR_INPUT)
        frame->data[0] = 0x58;
    uint8_t bytes[NOVASTAR_FRAME_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    answer(bench, bytes, (size_t)novastar_write(&out, frame));
}

static void play_uvc(struct bench *bench, const uint8_t *data, size_t size)
{
    struct uvc_request request;
    assert_int_equal(size, sizeof(request));
    memcpy(&request, data, size);
    if (request.op == UVC_ZOOM)
        bench->memory[0] = (uint8_t)request.zoom;
    bench->stops += request.op == UVC_SPEED && !request.pan && !request.tilt;
    bench->zoom_stops += request.op == UVC_ZOOMING && !request.zoom;
    struct uvc_reply reply = {
        .serial = request.serial,
        .op = request.op,
        .zoom = bench->memory[0],
        .preset = -1,
    };
    g_strlcpy(reply.model, bench->is_swapped ? "Another USB camera" : "USB camera",
            sizeof(reply.model));
    answer(bench, &reply, sizeof(reply));
}

static void play_roomos(struct bench *bench, const uint8_t *data, size_t size)
{
    struct xapi_message request;
    char path[XAPI_PATH_MAX] = "";
    char text[XAPI_REQUEST_MAX];
    int64_t level;
    const struct xapi_status statuses[] = {
        { "Status/SystemUnit/ProductPlatform", bench->is_swapped ? "Room Bar" : "Room Kit", 0 },
        { "Status/SystemUnit/State/NumberOfActiveCalls", NULL, 0 },
        { "Status/Audio/Volume", NULL, bench->memory[0] },
        { "Status/Audio/Microphones/Mute", "Off", 0 },
        { "Status/Standby/State", "Off", 0 },
        { "Status/Cameras/Camera/1/Position/Pan", NULL, 0 },
        { "Status/Cameras/Camera/1/Position/Tilt", NULL, 0 },
        { "Status/Cameras/Camera/1/Position/Zoom", NULL, 0 },
        { NULL, NULL, 0 },
    };
    assert_int_equal(xapi_parse((const char *)data, size, &request), 0);
    assert_int_equal(request.kind, XAPI_REQUEST);
    int length;
    if (strcmp(request.method, "xGet") == 0) {
        assert_true(xapi_read_path(&request, path, sizeof(path)));
        length = xapi_write_value(text, sizeof(text), &request, path, statuses);
    } else if (strcmp(request.method, "xFeedback/Subscribe") == 0) {
        length = xapi_write_subscribed(text, sizeof(text), &request, 0);
    } else {
        if (xapi_find_number(&request, "Level", &level))
            bench->memory[0] = (uint8_t)level;
        bool is_ramp = strstr(request.method, "Ramp") != NULL;
        bool is_stop = is_ramp && memmem(data, size, "Speed", strlen("Speed")) == NULL;
        bool is_zoom = is_ramp && memmem(data, size, "\"Zoom\"", strlen("\"Zoom\"")) != NULL;
        bench->stops += is_stop && !is_zoom;
        bench->zoom_stops += is_stop && is_zoom;
        length = xapi_write_ok(text, sizeof(text), &request);
    }
    assert_true(length > 0);
    xapi_message_clear(&request);
    answer(bench, text, (size_t)length);
}

static const struct way ways[] = {
    { "VISCA over TCP", &hw_visca, .play = play_visca, .notices_ms = 6000, .field = HW_POWER,
            .value = 1, .cannot = HW_BRIGHTNESS },
    { "VISCA over UDP", &hw_visca, .is_datagram = true, .has_header = true, .play = play_visca,
            .notices_ms = 6000, .field = HW_POWER, .value = 1, .cannot = HW_BLANK },
    { "VISCA over bare UDP", &hw_visca, .is_datagram = true, .play = play_visca, .notices_ms = 6000,
            .field = HW_POWER, .value = 1, .cannot = HW_BLANK },
    { "VISCA over a serial line", &hw_visca, .is_serial = true, .play = play_visca,
            .notices_ms = 6000, .field = HW_POWER, .value = 1, .cannot = HW_VOLUME },
    { "NovaStar", &hw_novastar, .play = play_novastar, .notices_ms = 10000, .field = HW_BRIGHTNESS,
            .value = 100, .cannot = HW_POWER },
    { "UVC", &hw_uvc, .is_datagram = true, .play = play_uvc, .notices_ms = 6000, .field = HW_ZOOM,
            .value = 100, .cannot = HW_BRIGHTNESS },
    { "RoomOS", &hw_roomos, .is_datagram = true, .play = play_roomos, .notices_ms = 6000,
            .field = HW_VOLUME, .value = 70, .cannot = HW_BRIGHTNESS },
};

// --- the bench ---------------------------------------------------------------------------------

static void flush(struct bench *bench)
{
    g_autofree char *copy = g_memdup2(bench->answers->str, bench->answers->len);
    gsize length = bench->answers->len;
    g_string_truncate(bench->answers, 0);
    gsize piece = bench->byte_at_a_time ? 1 : length;
    for (gsize at = 0; at < length; at += piece)
        receive(bench, (const uint8_t *)copy + at, piece);
}

static void play_all(struct bench *bench, const GPtrArray *sent)
{
    for (guint i = 0; i < sent->len; i++) {
        gsize size;
        const uint8_t *data = g_bytes_get_data(g_ptr_array_index(sent, i), &size);
        bench->sends++;
        for (gsize at = 0; at < size; at++)
            g_string_append_printf(bench->trace, "%02x", data[at]);
        g_string_append_c(bench->trace, '\n');
        if (!bench->is_silent)
            bench->way->play(bench, data, size);
    }
}

// Lets the played device answer until nothing more is said.
static void settle(struct bench *bench)
{
    for (int rounds = 0; rounds < 1000; rounds++) {
        g_autoptr(GPtrArray) sent = hw_link_script_take_sent(bench->link);
        if (!sent->len)
            return;
        play_all(bench, sent);
        flush(bench);
    }
    fail_msg("%s talks without end", bench->way->name);
}

static void pass(struct bench *bench, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 10) {
        int64_t begin_us = g_get_monotonic_time();
        hw_clock_fake_advance(bench->clock, 10);
        note_call(bench, begin_us);
        settle(bench);
    }
}

static void open_bench(struct bench *bench, const struct way *way)
{
    bench->way = way;
    bench->clock = hw_clock_fake_new();
    bench->link = hw_link_script_new(way->is_datagram);
    bench->link->is_serial = way->is_serial;
    bench->reader = g_new(struct novastar_reader, 1);
    bench->trace = g_string_new(NULL);
    bench->answers = g_string_new(NULL);
    struct hw_device_config config = {
        .id = "device",
        .driver = way->driver,
        .link = bench->link,
        .clock = bench->clock,
        .options = { .has_udp_header = way->has_header, .camera = 1 },
    };
    bench->device = hw_device_new(&config);
    hw_device_start(bench->device);
    settle(bench);
}

static void close_bench(struct bench *bench)
{
    hw_device_free(bench->device);
    hw_clock_fake_free(bench->clock);
    g_free(bench->reader);
    g_string_free(bench->trace, TRUE);
    g_string_free(bench->answers, TRUE);
}

static struct hw_report report_of(const struct bench *bench)
{
    struct hw_report report;
    hw_device_report(bench->device, &report);
    return report;
}

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

static void submit(struct bench *bench, struct hw_command command, struct ends *ends)
{
    int64_t begin_us = g_get_monotonic_time();
    hw_device_submit(bench->device, &command, note_end, ends);
    note_call(bench, begin_us);
}

// Every verb, and every field set and read.
static unsigned submit_everything(struct bench *bench, struct ends *ends)
{
    unsigned count = 0;
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        submit(bench, (struct hw_command){ .verb = HW_SET, .field = field, .value = 1 }, ends);
        submit(bench, (struct hw_command){ .verb = HW_READ, .field = field }, ends);
        count += 2;
    }
    struct hw_command command = { .value = 1, .pan = 50, .tilt = -1, .zoom = 9, .to = "1" };
    for (int verb = HW_STORE; verb <= HW_DIAL; verb++, count++) {
        command.verb = verb;
        submit(bench, command, ends);
    }
    return count;
}

// --- what is asked of every driver -------------------------------------------------------------

static void comes_up_and_sets_and_confirms(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    assert_int_equal(report_of(&bench).link, HW_LINK_UP);
    assert_string_not_equal(report_of(&bench).model, "");
    hw_device_desire(bench.device, way->field, way->value);
    pass(&bench, 3000);
    assert_int_equal(report_of(&bench).wishes[way->field].state, HW_WISH_REACHED);
    assert_int_equal(report_of(&bench).actual[way->field].quality, HW_CONFIRMED);
    assert_int_equal(report_of(&bench).actual[way->field].value, way->value);
    close_bench(&bench);
}

static void ends_each_request_once(const struct way *way)
{
    enum { ANSWERED, CLOSED, LOST, SILENT, HOW_MANY };
    for (int how = ANSWERED; how < HOW_MANY; how++) {
        struct bench bench = { 0 };
        struct ends ends = { 0 };
        open_bench(&bench, way);
        bench.is_silent = how != ANSWERED;
        unsigned count = submit_everything(&bench, &ends);
        if (how == LOST)
            hw_link_script_down(bench.link, -ECONNRESET);
        if (how == ANSWERED || how == SILENT)
            pass(&bench, 60000);
        if (how != CLOSED)
            assert_int_equal(ends.count, count);
        close_bench(&bench);
        assert_int_equal(ends.count, count);
    }
}

static void never_holds_the_caller(const struct way *way)
{
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_bench(&bench, way);
    // A machine shared with others may take the processor away once: not each time.
    int64_t best_us = INT64_MAX;
    for (int i = 0; i < 10; i++) {
        bench.longest_us = 0;
        submit_everything(&bench, &ends);
        pass(&bench, 1000); // what is received and what falls due are calls too
        best_us = MIN(best_us, bench.longest_us);
    }
    assert_true(best_us < 1000);
    close_bench(&bench);
}

static void takes_any_pieces(const struct way *way)
{
    char *traces[2] = { NULL, NULL };
    if (way->is_datagram)
        return; // a datagram is always whole
    for (int piecewise = 0; piecewise < 2; piecewise++) {
        struct bench bench = { .byte_at_a_time = piecewise };
        struct ends ends = { 0 };
        open_bench(&bench, way);
        submit_everything(&bench, &ends);
        pass(&bench, 10000);
        traces[piecewise] = g_strdup(bench.trace->str);
        close_bench(&bench);
    }
    assert_string_equal(traces[0], traces[1]);
    g_free(traces[0]);
    g_free(traces[1]);
}

static void notices_silence(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    pass(&bench, 5000);
    bench.is_silent = true;
    int64_t waited_ms = 0;
    for (; report_of(&bench).fault == HW_OK && waited_ms < 60000; waited_ms += 10)
        pass(&bench, 10);
    assert_int_equal(report_of(&bench).fault, HW_TIMEOUT);
    assert_in_range(waited_ms, 0, way->notices_ms);
    bench.is_silent = false;
    pass(&bench, 5000);
    assert_int_equal(report_of(&bench).link, HW_LINK_UP);
    close_bench(&bench);
}

static void identifies_then_sets_again(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    hw_device_desire(bench.device, way->field, way->value);
    pass(&bench, 3000);
    memset(bench.memory, 0, sizeof(bench.memory)); // it forgot what it was told
    g_autofree char *first = g_strndup(bench.trace->str, strcspn(bench.trace->str, "\n"));
    g_string_truncate(bench.trace, 0);
    hw_link_script_down(bench.link, 0);
    assert_int_equal(report_of(&bench).actual[way->field].quality, HW_STALE);
    pass(&bench, 8000);
    // The serial number of a frame may have gone on; what is asked first is the same.
    g_autofree char *again = g_strndup(bench.trace->str, strcspn(bench.trace->str, "\n"));
    assert_int_equal(strlen(first), strlen(again));
    assert_int_equal(report_of(&bench).wishes[way->field].state, HW_WISH_REACHED);
    assert_int_equal(report_of(&bench).actual[way->field].value, way->value);
    assert_int_equal(report_of(&bench).counters.connects, 2);
    close_bench(&bench);
}

static void sets_again_within_a_minute_what_somebody_changed(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    hw_device_desire(bench.device, way->field, way->value);
    pass(&bench, 3000);
    uint8_t as_it_was[sizeof(bench.memory)];
    memcpy(as_it_was, bench.memory, sizeof(as_it_was));
    memset(bench.memory, 0, sizeof(bench.memory));
    pass(&bench, 63000);
    assert_memory_equal(bench.memory, as_it_was, sizeof(as_it_was));
    assert_int_equal(report_of(&bench).wishes[way->field].state, HW_WISH_REACHED);
    assert_int_equal(report_of(&bench).counters.connects, 1);
    close_bench(&bench);
}

static void takes_another_device_for_what_it_is(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    hw_device_desire(bench.device, way->field, way->value);
    pass(&bench, 3000);
    g_autofree char *first = g_strdup(report_of(&bench).model);
    memset(bench.memory, 0, sizeof(bench.memory));
    hw_link_script_down(bench.link, 0);
    bench.is_swapped = true;
    // Until it is identified what was known is stale; then it is forgotten.
    assert_int_equal(report_of(&bench).actual[way->field].quality, HW_STALE);
    while (report_of(&bench).link != HW_LINK_UP)
        pass(&bench, 10);
    assert_string_not_equal(report_of(&bench).model, first);
    struct hw_report report = report_of(&bench);
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        assert_true(report.actual[field].quality != HW_STALE);
    pass(&bench, 8000);
    assert_int_equal(report_of(&bench).wishes[way->field].state, HW_WISH_REACHED);
    assert_int_equal(report_of(&bench).actual[way->field].value, way->value);
    close_bench(&bench);
}

static void says_each_stop_at_once(const struct way *way)
{
    if (!way->driver->camera)
        return;
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_bench(&bench, way);
    pass(&bench, 100);
    submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &ends);
    submit(&bench, (struct hw_command){ .verb = HW_HOME }, &ends);
    for (int i = 0; i < 3; i++)
        submit(&bench, (struct hw_command){ .verb = HW_STOP }, &ends);
    // Before anything was answered: the drive, and three stops on the wire behind it.
    g_autoptr(GPtrArray) sent = hw_link_script_take_sent(bench.link);
    assert_int_equal(sent->len, 4);
    bench.stops = 0;
    play_all(&bench, sent);
    assert_int_equal(bench.stops, 3);
    close_bench(&bench);
}

// A program that was killed while its camera moved knows nothing of that when it is back.
static void stops_at_the_first_meeting(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    assert_int_equal(bench.stops, way->driver->camera ? 1 : 0);
    assert_int_equal(bench.zoom_stops, way->driver->camera ? 1 : 0);
    pass(&bench, 5000);
    assert_int_equal(bench.stops, way->driver->camera ? 1 : 0);
    close_bench(&bench);
}

static void stops_on_close_what_it_moves(const struct way *way)
{
    enum { STANDS, MOVES, ZOOMS, UNHEARD, HOW_MANY };
    if (!way->driver->camera)
        return;
    for (int how = STANDS; how < HOW_MANY; how++) {
        struct bench bench = { 0 };
        struct ends ends = { 0 };
        open_bench(&bench, way);
        pass(&bench, 3000);
        if (how == MOVES || how == UNHEARD)
            submit(&bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 100 }, &ends);
        if (how == ZOOMS)
            submit(&bench, (struct hw_command){ .verb = HW_DRIVE_ZOOM, .zoom = 100 }, &ends);
        settle(&bench);
        bench.stops = bench.zoom_stops = 0;
        if (how == UNHEARD) // a stop that nobody has taken is none
            submit(&bench, (struct hw_command){ .verb = HW_STOP }, &ends);
        g_ptr_array_unref(hw_link_script_take_sent(bench.link));
        GPtrArray *sent = hw_link_script_hold_sent(bench.link);
        hw_device_free(bench.device);
        bench.device = NULL;
        bench.is_parting = true;
        play_all(&bench, sent);
        g_ptr_array_unref(sent);
        assert_int_equal(bench.stops, how == MOVES || how == UNHEARD);
        assert_int_equal(bench.zoom_stops, how == ZOOMS);
        close_bench(&bench);
    }
}

static void sends_nothing_for_what_it_has_not(const struct way *way)
{
    struct bench bench = { 0 };
    struct ends ends = { 0 };
    open_bench(&bench, way);
    submit(&bench, (struct hw_command){ .verb = HW_SET, .field = way->cannot, .value = 1 }, &ends);
    submit(&bench, (struct hw_command){ .verb = HW_READ, .field = way->cannot }, &ends);
    assert_int_equal(ends.count, 2);
    assert_int_equal(ends.last, HW_UNSUPPORTED);
    unsigned sends = bench.sends;
    settle(&bench);
    assert_int_equal(bench.sends, sends);
    close_bench(&bench);
}

static bool has_confirmed(const struct bench *bench)
{
    struct hw_report report = report_of(bench);
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        if (report.actual[field].quality == HW_CONFIRMED)
            return true;
    return false;
}

static void believes_no_noise(const struct way *way)
{
    struct bench bench = { .is_silent = true };
    GRand *random = g_rand_new_with_seed(6);
    open_bench(&bench, way);
    for (size_t sent = 0; sent < 1000000;) {
        uint8_t noise[64];
        size_t size = (size_t)g_rand_int_range(random, 1, sizeof(noise));
        for (size_t i = 0; i < size; i++)
            noise[i] = (uint8_t)g_rand_int(random);
        hw_link_script_receive(bench.link, noise, size);
        sent += size;
        // The clock stands still, so nothing was asked: an answer to nothing is nothing.
        assert_false(has_confirmed(&bench));
    }
    g_ptr_array_unref(hw_link_script_take_sent(bench.link));
    g_rand_free(random);
    close_bench(&bench);
}

static void takes_stock_by_itself(const struct way *way)
{
    struct bench bench = { 0 };
    if (!way->driver->inventory_ms)
        return;
    open_bench(&bench, way);
    pass(&bench, 30000);
    struct hw_value first = report_of(&bench).actual[way->driver->inventory];
    assert_int_equal(first.quality, HW_CONFIRMED);
    pass(&bench, way->driver->inventory_ms);
    struct hw_value second = report_of(&bench).actual[way->driver->inventory];
    assert_true(second.at_ms >= first.at_ms + way->driver->inventory_ms);
    close_bench(&bench);
}

static void polls_within_its_budget(const struct way *way)
{
    struct bench bench = { 0 };
    open_bench(&bench, way);
    pass(&bench, 2000);
    unsigned before = bench.sends;
    pass(&bench, 60000);
    assert_in_range(bench.sends - before, 1, 60);
    close_bench(&bench);
}

#define EACH(check) \
    static void each_##check(void **state) \
    { \
        (void)state; \
        for (size_t i = 0; i < COUNT_OF(ways); i++) \
            check(&ways[i]); \
    }

EACH(comes_up_and_sets_and_confirms)
EACH(ends_each_request_once)
EACH(never_holds_the_caller)
EACH(takes_any_pieces)
EACH(notices_silence)
EACH(identifies_then_sets_again)
EACH(sets_again_within_a_minute_what_somebody_changed)
EACH(takes_another_device_for_what_it_is)
EACH(says_each_stop_at_once)
EACH(stops_at_the_first_meeting)
EACH(stops_on_close_what_it_moves)
EACH(sends_nothing_for_what_it_has_not)
EACH(believes_no_noise)
EACH(takes_stock_by_itself)
EACH(polls_within_its_budget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comes_up_and_sets_and_confirms),
        cmocka_unit_test(each_ends_each_request_once),
        cmocka_unit_test(each_never_holds_the_caller),
        cmocka_unit_test(each_takes_any_pieces),
        cmocka_unit_test(each_notices_silence),
        cmocka_unit_test(each_identifies_then_sets_again),
        cmocka_unit_test(each_sets_again_within_a_minute_what_somebody_changed),
        cmocka_unit_test(each_takes_another_device_for_what_it_is),
        cmocka_unit_test(each_says_each_stop_at_once),
        cmocka_unit_test(each_stops_at_the_first_meeting),
        cmocka_unit_test(each_stops_on_close_what_it_moves),
        cmocka_unit_test(each_sends_nothing_for_what_it_has_not),
        cmocka_unit_test(each_believes_no_noise),
        cmocka_unit_test(each_takes_stock_by_itself),
        cmocka_unit_test(each_polls_within_its_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
