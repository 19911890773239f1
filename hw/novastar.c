// SPDX-License-Identifier: Apache-2.0
// NovaStar controllers of LED walls, over TCP 5200. Writes go to all cards; the sending card
// acknowledges them alone, so one card is read back before a value counts as set.
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <string.h>

#include "hw/codec/novastar_codec.h"
#include "hw/driver.h"

enum {
    REPLY_MS = 1000, // a controller gives up on a receiving card after half of it
    PRESET_MS = 5000,
    PRESETS = 128,
    PORTS = 4,
    CARDS_A_PORT = 1024,
    LOCKED_AFTER = 2, // links cut at once, in a row: another program holds the controller
    CUT_AT_ONCE_MS = 3000,
};

// Inputs by family: what the register's values are called.
struct input_value {
    enum hw_input input;
    uint8_t value;
};

static const struct family {
    uint16_t model; // 0: every other
    const char *name;
    uint32_t input_register;
    struct input_value inputs[HW_INPUT_COUNT + 1];
    bool has_presets;
} families[] = {
    { 0x6106, "VX4S", NOVASTAR_INPUT_VX4S,
            { { HW_INPUT_DVI, 0x10 }, { HW_INPUT_HDMI, 0xa0 }, { HW_INPUT_VGA, 0x01 },
                    { HW_INPUT_SDI, 0x40 }, { HW_INPUT_DP, 0x90 }, { HW_INPUT_COUNT, 0 } },
            true },
    { 0x1107, "MCTRL660Pro", NOVASTAR_INPUT,
            { { HW_INPUT_DVI, 0x58 }, { HW_INPUT_HDMI, 0x05 }, { HW_INPUT_SDI, 0x01 },
                    { HW_INPUT_DP, 0x5f }, { HW_INPUT_COUNT, 0 } },
            false },
    { 0x0001, "MCTRL300", NOVASTAR_INPUT, { { HW_INPUT_DVI, 0x58 }, { HW_INPUT_COUNT, 0 } },
            false },
    { 0x622b, "VX Pro", 0, { { HW_INPUT_COUNT, 0 } }, false },
    { 0, "NovaStar", NOVASTAR_INPUT,
            { { HW_INPUT_DVI, 0x58 }, { HW_INPUT_HDMI, 0x05 }, { HW_INPUT_SDI, 0x01 },
                    { HW_INPUT_DP, 0x5f }, { HW_INPUT_COUNT, 0 } },
            true },
};

// What the cards that were asked so far have told.
struct walk {
    unsigned cards;
    int hottest;        // tenths of a degree; INT_MIN: no card told
    int lowest_voltage; // INT_MAX: no card told
    int slowest_fan;    // likewise
    bool has_monitor;
    unsigned smoke;
    unsigned doors;
};

struct novastar {
    uint8_t serial;
    unsigned cuts; // links lost at once, in a row
    const struct family *family;
    struct walk walk; // that is under way
    struct novastar_reader in;
};

static void novastar_init(struct hw_device *device)
{
    struct novastar *novastar = hw_device_driver_state(device);
    novastar->family = &families[COUNT_OF(families) - 1];
}

static void novastar_link_up(struct hw_device *device)
{
    struct novastar *novastar = hw_device_driver_state(device);
    novastar_reader_init(&novastar->in, true);
}

// --- sending -----------------------------------------------------------------------------------

static void send_frame(
        struct hw_device *device, struct hw_request *request, struct novastar_frame *frame)
{
    struct novastar *novastar = hw_device_driver_state(device);
    request->sequence = novastar->serial++;
    frame->serial = (uint8_t)request->sequence;
    frame->source = NOVASTAR_COMPUTER;

    uint8_t bytes[64];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    int size = novastar_write(&out, frame);
    if (size < 0) {
        hw_request_done(device, request, HW_BAD_VALUE);
        return;
    }
    hw_request_set_deadline(device, request, REPLY_MS);
    hw_device_send(device, bytes, (size_t)size);
}

static void read_sending_card(
        struct hw_device *device, struct hw_request *request, uint32_t address, uint16_t length)
{
    struct novastar_frame frame = { .address = address, .length = length };
    send_frame(device, request, &frame);
}

static void read_card(struct hw_device *device, struct hw_request *request, uint32_t address)
{
    const struct hw_options *options = hw_device_options(device);
    struct novastar_frame frame = {
        .device = NOVASTAR_RECEIVING_CARD,
        .port = (uint8_t)options->verify_port,
        .board = (uint16_t)options->verify_card,
        .address = address,
        .length = 1,
    };
    send_frame(device, request, &frame);
}

static void write_sending_card(
        struct hw_device *device, struct hw_request *request, uint32_t address, uint8_t value)
{
    struct novastar_frame frame = {
        .is_write = true,
        .address = address,
        .length = 1,
        .size = 1,
        .data = { value },
    };
    send_frame(device, request, &frame);
}

static void write_all_cards(
        struct hw_device *device, struct hw_request *request, uint32_t address, uint8_t value)
{
    struct novastar_frame frame = {
        .destination = NOVASTAR_ALL,
        .device = NOVASTAR_RECEIVING_CARD,
        .port = NOVASTAR_ALL,
        .board = NOVASTAR_ALL_CARDS,
        .is_write = true,
        .address = address,
        .length = 1,
        .size = 1,
        .data = { value },
    };
    send_frame(device, request, &frame);
}

static uint8_t byte_of_percent(int64_t percent)
{
    return (uint8_t)((percent * 255 + 50) / 100);
}

static int64_t percent_of_byte(uint8_t value)
{
    return (value * 100 + 127) / 255;
}

static void start_brightness(struct hw_device *device, struct hw_request *request)
{
    if (request->command.value < 0 || request->command.value > 100)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        write_all_cards(
                device, request, NOVASTAR_BRIGHTNESS, byte_of_percent(request->command.value));
}

static void start_blank(struct hw_device *device, struct hw_request *request)
{
    write_all_cards(device, request, NOVASTAR_BLANK, request->command.value ? 0xff : 0);
}

static void start_freeze(struct hw_device *device, struct hw_request *request)
{
    write_all_cards(device, request, NOVASTAR_FREEZE, request->command.value ? 0xff : 0);
}

// Red is 2: 0 and 1 both mean none.
static void start_pattern(struct hw_device *device, struct hw_request *request)
{
    int64_t pattern = request->command.value;
    if (pattern < 0 || pattern >= HW_PATTERN_COUNT)
        hw_request_done(device, request, HW_BAD_VALUE);
    else
        write_all_cards(device, request, NOVASTAR_PATTERN, pattern ? (uint8_t)(pattern + 1) : 0);
}

static void start_keep(struct hw_device *device, struct hw_request *request)
{
    write_all_cards(device, request, NOVASTAR_STORE, 0x11);
}

static void start_input(struct hw_device *device, struct hw_request *request)
{
    const struct family *family = ((struct novastar *)hw_device_driver_state(device))->family;
    for (const struct input_value *row = family->inputs; row->input != HW_INPUT_COUNT; row++)
        if (row->input == (enum hw_input)request->command.value) {
            write_sending_card(device, request, family->input_register, row->value);
            return;
        }
    hw_request_done(device, request, HW_UNSUPPORTED);
}

static void start_preset(struct hw_device *device, struct hw_request *request)
{
    const struct novastar *novastar = hw_device_driver_state(device);
    if (!novastar->family->has_presets) {
        hw_request_done(device, request, HW_UNSUPPORTED);
    } else if (request->command.value < 1 || request->command.value > PRESETS) {
        hw_request_done(device, request, HW_BAD_VALUE);
    } else {
        write_sending_card(device, request, NOVASTAR_PRESET, (uint8_t)(request->command.value - 1));
        hw_request_set_deadline(device, request, PRESET_MS);
    }
}

// --- the walk: each card in turn until one does not answer, on each output -----------------------

static void read_next_health(struct hw_device *device, struct hw_request *request)
{
    struct novastar_frame frame = {
        .device = NOVASTAR_RECEIVING_CARD,
        .port = (uint8_t)(request->phase / CARDS_A_PORT),
        .board = (uint16_t)(request->phase % CARDS_A_PORT),
        .address = NOVASTAR_MONITORING,
        .length = NOVASTAR_MONITORING_SIZE,
    };
    send_frame(device, request, &frame);
}

static void start_walk(struct hw_device *device, struct hw_request *request)
{
    struct novastar *novastar = hw_device_driver_state(device);
    novastar->walk = (struct walk){
        .hottest = INT_MIN,
        .lowest_voltage = INT_MAX,
        .slowest_fan = INT_MAX,
    };
    read_next_health(device, request);
}

static void note_card(struct walk *walk, const struct novastar_health *health)
{
    walk->cards++;
    if (health->has_temperature)
        walk->hottest = MAX(walk->hottest, health->temperature);
    if (health->has_voltage)
        walk->lowest_voltage = MIN(walk->lowest_voltage, health->voltage);
    for (size_t i = 0; i < health->voltages_count; i++)
        walk->lowest_voltage = MIN(walk->lowest_voltage, health->voltages[i]);
    for (size_t i = 0; i < health->fans; i++)
        walk->slowest_fan = MIN(walk->slowest_fan, health->fan_rpm[i]);
    walk->has_monitor |= health->has_monitor;
    walk->smoke += health->has_smoke;
    walk->doors += health->is_door_open;
}

// Smoke, or a fan that stands, is a fault; a door that is open is only told.
static void end_walk(struct hw_device *device, struct hw_request *request, const struct walk *walk)
{
    hw_device_observed(device, HW_CARDS, walk->cards);
    if (walk->hottest != INT_MIN)
        hw_device_observed(device, HW_HOTTEST, walk->hottest / 10);
    if (walk->lowest_voltage != INT_MAX)
        hw_device_observed(device, HW_VOLTAGE, walk->lowest_voltage);
    if (walk->slowest_fan != INT_MAX)
        hw_device_observed(device, HW_FAN, walk->slowest_fan);
    if (walk->has_monitor) {
        hw_device_observed(device, HW_SMOKE, walk->smoke);
        hw_device_observed(device, HW_DOORS, walk->doors);
    }
    bool is_well = walk->smoke == 0 && walk->slowest_fan > 0;
    hw_request_done(device, request, is_well ? HW_OK : HW_DEVICE_FAULT);
}

static void walk_on(
        struct hw_device *device, struct hw_request *request, const struct novastar_frame *frame)
{
    struct novastar *novastar = hw_device_driver_state(device);
    struct novastar_health health;
    if (frame->ack == NOVASTAR_CARD_SILENT) { // the end of this output
        request->phase = (request->phase / CARDS_A_PORT + 1) * CARDS_A_PORT;
    } else if (frame->ack != NOVASTAR_OK) {
        hw_request_done(device, request,
                frame->ack == NOVASTAR_BAD_COMMAND ? HW_UNSUPPORTED : HW_DEVICE_FAULT);
        return;
    } else if (novastar_read_health(frame->data, frame->size, &health) < 0) {
        hw_request_done(device, request, HW_BAD_ANSWER);
        return;
    } else {
        note_card(&novastar->walk, &health);
        request->phase++;
    }
    if (request->phase < PORTS * CARDS_A_PORT)
        read_next_health(device, request);
    else
        end_walk(device, request, &novastar->walk);
}

static bool is_walk(enum hw_field field)
{
    return field >= HW_CARDS && field <= HW_DOORS;
}

static void start_read(struct hw_device *device, struct hw_request *request)
{
    const struct family *family = ((struct novastar *)hw_device_driver_state(device))->family;
    switch (request->command.field) {
    case HW_BRIGHTNESS:
        read_card(device, request, NOVASTAR_BRIGHTNESS);
        break;
    case HW_BLANK:
        read_card(device, request, NOVASTAR_BLANK);
        break;
    case HW_FREEZE:
        read_card(device, request, NOVASTAR_FREEZE);
        break;
    case HW_PATTERN:
        read_card(device, request, NOVASTAR_PATTERN);
        break;
    case HW_INPUT:
        if (family->input_register)
            read_sending_card(device, request, family->input_register, 1);
        else
            hw_request_done(device, request, HW_UNSUPPORTED);
        break;
    case HW_PRESET:
        if (family->has_presets)
            read_sending_card(device, request, NOVASTAR_PRESET, 1);
        else
            hw_request_done(device, request, HW_UNSUPPORTED);
        break;
    case HW_CARDS:
    case HW_HOTTEST:
    case HW_VOLTAGE:
    case HW_FAN:
    case HW_SMOKE:
    case HW_DOORS:
        start_walk(device, request);
        break;
    default:
        hw_request_done(device, request, HW_UNSUPPORTED);
    }
}

static void start_identify(struct hw_device *device, struct hw_request *request)
{
    read_sending_card(device, request, NOVASTAR_MODEL, 2);
}

// --- what comes back ---------------------------------------------------------------------------

static enum hw_result ack_result(uint8_t ack)
{
    switch (ack) {
    case NOVASTAR_OK:
        return HW_OK;
    case NOVASTAR_BAD_CHECKSUM: // ours was right when it left: the line garbled it
        return HW_BUSY;
    case NOVASTAR_BAD_COMMAND:
        return HW_UNSUPPORTED;
    default:
        return HW_DEVICE_FAULT;
    }
}

static enum hw_result take_model(struct hw_device *device, const struct novastar_frame *frame)
{
    struct novastar *novastar = hw_device_driver_state(device);
    if (frame->size != 2)
        return HW_BAD_ANSWER;
    uint16_t model = (uint16_t)(frame->data[0] | frame->data[1] << 8);
    const struct family *family = families;
    while (family->model && family->model != model)
        family++;
    novastar->family = family;
    char name[32];
    g_snprintf(name, sizeof(name), "%s %02x%02x", family->name, frame->data[0], frame->data[1]);
    hw_device_set_model(device, name);
    return HW_OK;
}

static enum hw_result take_value(
        struct hw_device *device, enum hw_field field, const struct novastar_frame *frame)
{
    const struct family *family = ((struct novastar *)hw_device_driver_state(device))->family;
    if (frame->size != 1)
        return HW_BAD_ANSWER;
    uint8_t byte = frame->data[0];
    switch (field) {
    case HW_BRIGHTNESS:
        hw_device_observed(device, field, percent_of_byte(byte));
        return HW_OK;
    case HW_BLANK:
    case HW_FREEZE:
        if (byte != 0 && byte != 0xff)
            return HW_BAD_ANSWER;
        hw_device_observed(device, field, byte == 0xff);
        return HW_OK;
    case HW_PATTERN:
        hw_device_observed(device, field, byte < 2 ? HW_PATTERN_NONE : byte - 1);
        return HW_OK;
    case HW_PRESET:
        hw_device_observed(device, field, byte + 1);
        return HW_OK;
    default:
        break;
    }
    for (const struct input_value *row = family->inputs; row->input != HW_INPUT_COUNT; row++)
        if (row->value == byte) {
            hw_device_observed(device, HW_INPUT, row->input);
            return HW_OK;
        }
    hw_device_unknown(device, HW_INPUT); // an input that we have no name for
    return HW_OK;
}

static void take_frame(struct hw_device *device, const struct novastar_frame *frame)
{
    struct hw_request *request;
    size_t at = 0;
    while ((request = hw_device_in_flight(device, at)) && request->sequence != frame->serial)
        at++;
    bool wants_write = request && !request->is_verifying && request->command.verb != HW_READ &&
                       request->command.verb != HW_IDENTIFY;
    if (!request || frame->is_write != wants_write) {
        hw_device_count_malformed(device);
        return;
    }
    if (is_walk(request->command.field)) {
        walk_on(device, request, frame);
        return;
    }
    enum hw_result result = ack_result(frame->ack);
    if (result == HW_OK && request->command.verb == HW_IDENTIFY)
        result = take_model(device, frame);
    else if (result == HW_OK && !wants_write)
        result = take_value(device, request->command.field, frame);
    hw_request_done(device, request, result);
}

static void novastar_received(struct hw_device *device, const uint8_t *data, size_t size)
{
    struct novastar *novastar = hw_device_driver_state(device);
    struct novastar_frame frame;
    uint64_t bad = novastar->in.bad_checksums;
    const uint8_t *at = data;
    while (novastar_reader_take(&novastar->in, &at, data + size, &frame))
        take_frame(device, &frame);
    if (novastar->in.bad_checksums != bad)
        hw_device_count_malformed(device);
}

// A controller has one client. A second one is cut at once, or cuts the first.
static enum hw_result novastar_link_lost(
        struct hw_device *device, int error, bool was_up, int64_t open_ms)
{
    struct novastar *novastar = hw_device_driver_state(device);
    (void)was_up; // a program that cuts us may do so before or after we know the controller
    bool is_cut = error == 0 || error == -ECONNRESET || error == -EPIPE;
    novastar->cuts = is_cut && open_ms < CUT_AT_ONCE_MS ? novastar->cuts + 1 : 0;
    return novastar->cuts >= LOCKED_AFTER ? HW_LOCKED : HW_OFFLINE;
}

static const enum hw_field polled[] = { HW_BRIGHTNESS, HW_BLANK, HW_FREEZE, HW_PATTERN, HW_INPUT,
    HW_PRESET, HW_FIELD_COUNT };

static const struct hw_display_ability display = {
    .input = start_input,
    .preset = start_preset,
    .brightness = start_brightness,
    .blank = start_blank,
    .freeze = start_freeze,
    .pattern = start_pattern,
    .keep = start_keep,
};

const struct hw_driver hw_novastar = {
    .name = "novastar",
    .tcp_port = 5200,
    .state_size = sizeof(struct novastar),
    .max_in_flight = 1,
    .user_timeout_ms = 5000,
    .poll_ms = 2000, // three silent seconds more and the loss is named: within six
    .verify_ms = 400,
    .verify_tries = 6,
    .preset_first = 1,
    .preset_last = PRESETS,
    .polled = polled,
    .inventory_ms = 300000,
    .inventory = HW_CARDS,
    .init = novastar_init,
    .link_up = novastar_link_up,
    .identify = start_identify,
    .read = start_read,
    .received = novastar_received,
    .link_lost = novastar_link_lost,
    .display = &display,
};
