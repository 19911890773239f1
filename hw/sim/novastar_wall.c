// SPDX-License-Identifier: Apache-2.0
// Poses as a NovaStar controller with a wall of receiving cards: one client at a time, strict
// checksums, brightness that is lost with the power unless it was stored, absent cards that are
// given up after half a second.
#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/codec/novastar_codec.h"
#include "hw/listener.h"
#include "hw/sim/posed.h"

#define LOG_TOPIC "novastar-sim"

enum { SLOW_MS = 1500, START_BRIGHTNESS = 128, BRIGHTNESS_SIZE = 5 };

// What a receiving card keeps.
struct card {
    uint8_t brightness[BRIGHTNESS_SIZE];
    uint8_t stored_brightness[BRIGHTNESS_SIZE];
    uint8_t blank;
    uint8_t pattern;
    uint8_t freeze;
};

struct wall {
    struct sim_device device; // first
    struct sim_later *later;
    struct hw_listener *listener;
    unsigned ports;
    unsigned cards_a_port;
    uint16_t model;
    bool kicks_old;
    unsigned preset_ms;
    unsigned card_timeout_ms;
    unsigned idle_ms;
    unsigned boot_ms;
    bool has_monitor;
    bool has_smoke;
    bool is_door_open;
    unsigned fan_rpm;

    bool is_booting;
    struct card *cards; // ports × cards_a_port
    uint8_t preset;
    uint8_t input;
    uint64_t frames;
    uint64_t writes;
    uint64_t bad_checksums;
    uint64_t refused_clients;
    uint32_t heard; // changes with every byte of the client: for idle_ms
};

static struct card *find_card(struct wall *wall, unsigned port, unsigned board)
{
    if (port >= wall->ports || board >= wall->cards_a_port)
        return NULL;
    return &wall->cards[port * wall->cards_a_port + board];
}

// --- registers: one row each, where it lies and how long it is ---------------------------------

struct register_row {
    uint8_t device;
    uint32_t address;
    size_t offset;
    uint16_t size;
};

static const struct register_row registers[] = {
    { NOVASTAR_RECEIVING_CARD, NOVASTAR_BRIGHTNESS, offsetof(struct card, brightness),
            BRIGHTNESS_SIZE },
    { NOVASTAR_RECEIVING_CARD, NOVASTAR_BLANK, offsetof(struct card, blank), 1 },
    { NOVASTAR_RECEIVING_CARD, NOVASTAR_PATTERN, offsetof(struct card, pattern), 1 },
    { NOVASTAR_RECEIVING_CARD, NOVASTAR_FREEZE, offsetof(struct card, freeze), 1 },
    { NOVASTAR_SENDING_CARD, NOVASTAR_PRESET, offsetof(struct wall, preset), 1 },
    { NOVASTAR_SENDING_CARD, NOVASTAR_INPUT, offsetof(struct wall, input), 1 },
    { NOVASTAR_SENDING_CARD, NOVASTAR_INPUT_VX4S, offsetof(struct wall, input), 1 },
};

static const struct register_row *find_register(const struct novastar_frame *request)
{
    for (size_t i = 0; i < COUNT_OF(registers); i++)
        if (registers[i].device == request->device && registers[i].address == request->address &&
                request->length >= 1 && request->length <= registers[i].size)
            return &registers[i];
    return NULL;
}

// --- answering ---------------------------------------------------------------------------------

struct answer {
    uint32_t client;
    size_t size;
    uint8_t bytes[20 + NOVASTAR_MONITORING_SIZE];
};

static void put_on_wire(void *context, const void *data, size_t size)
{
    struct wall *wall = context;
    struct answer answer;
    memcpy(&answer, data, MIN(size, sizeof(answer)));
    hw_listener_send(wall->listener, answer.client, answer.bytes, answer.size);
}

static void answer_after(struct wall *wall, uint32_t client, const struct novastar_frame *request,
        uint8_t ack, const uint8_t *data, size_t size, unsigned ms)
{
    struct novastar_frame frame = *request;
    frame.is_reply = true;
    frame.ack = ack;
    frame.source = request->destination;
    frame.destination = request->source;
    frame.size = size;
    if (size)
        memcpy(frame.data, data, size);
    frame.length = (uint16_t)size; // clients find the end of the frame by it

    struct answer answer = { .client = client };
    struct bytes_writer out;
    bytes_writer_init(&out, answer.bytes, sizeof(answer.bytes));
    int written = novastar_write(&out, &frame);
    if (written < 0)
        return;
    answer.size = (size_t)written;
    if (wall->device.fault == SIM_FAULT_CHECKSUM)
        answer.bytes[answer.size - 1] ^= 0x5a;
    if (wall->device.fault == SIM_FAULT_SLOW)
        ms += SLOW_MS;
    if (ms)
        sim_later_add(wall->later, ms, put_on_wire, wall, &answer, sizeof(answer));
    else
        put_on_wire(wall, &answer, sizeof(answer));
}

static void answer_now(struct wall *wall, uint32_t client, const struct novastar_frame *request,
        uint8_t ack, const uint8_t *data, size_t size)
{
    answer_after(wall, client, request, ack, data, size, 0);
}

// --- reads -------------------------------------------------------------------------------------

// 31.5 degrees, 5.0 volts; with a monitor card two fans, a voltage of 4.8, smoke and the door.
static void read_monitoring(
        struct wall *wall, uint32_t client, const struct novastar_frame *request)
{
    uint8_t block[NOVASTAR_MONITORING_SIZE] = { [0] = 0x80, [1] = 63, [3] = 0x80 | 50 };
    if (wall->has_monitor) {
        block[0x20] = 0xff;
        block[0x2a] = 0x80 | (wall->has_smoke ? 1 : 0);
        block[0x2b] = 0x80 | 40;
        block[0x2c] = (uint8_t)(0x80 | wall->fan_rpm / 50);
        block[0x2f] = 0x80 | 48;
        block[0x41] = 0x80 | (wall->is_door_open ? 1 : 0);
    }
    answer_now(wall, client, request, NOVASTAR_OK, block, MIN(request->length, sizeof(block)));
}

static void take_read(struct wall *wall, uint32_t client, const struct novastar_frame *request)
{
    const uint8_t model[] = { wall->model & 0xff, wall->model >> 8 };
    if (request->device == NOVASTAR_SENDING_CARD && request->address == NOVASTAR_MODEL &&
            request->length == 2) {
        answer_now(wall, client, request, NOVASTAR_OK, model, sizeof(model));
        return;
    }
    const uint8_t *from = (const uint8_t *)wall;
    if (request->device == NOVASTAR_RECEIVING_CARD) {
        struct card *card = find_card(wall, request->port, request->board);
        if (!card) {
            answer_after(
                    wall, client, request, NOVASTAR_CARD_SILENT, NULL, 0, wall->card_timeout_ms);
            return;
        }
        if (request->address == NOVASTAR_MONITORING) {
            read_monitoring(wall, client, request);
            return;
        }
        from = (const uint8_t *)card;
    }
    const struct register_row *row = find_register(request);
    if (row)
        answer_now(wall, client, request, NOVASTAR_OK, from + row->offset, request->length);
    else
        answer_now(wall, client, request, NOVASTAR_BAD_COMMAND, NULL, 0);
}

// --- writes ------------------------------------------------------------------------------------

static void store(struct card *card)
{
    memcpy(card->stored_brightness, card->brightness, sizeof(card->brightness));
}

static void write_card(struct card *card, const struct novastar_frame *request)
{
    const struct register_row *row = find_register(request);
    if (request->address == NOVASTAR_STORE)
        store(card);
    else if (row)
        memcpy((uint8_t *)card + row->offset, request->data, request->size);
}

static void take_card_write(struct wall *wall, const struct novastar_frame *request)
{
    for (unsigned port = 0; port < wall->ports; port++)
        for (unsigned board = 0; board < wall->cards_a_port; board++)
            if ((request->port == NOVASTAR_ALL || request->port == port) &&
                    (request->board == NOVASTAR_ALL_CARDS || request->board == board))
                write_card(find_card(wall, port, board), request);
}

static void preset_loaded(void *context, const void *data, size_t size)
{
    struct wall *wall = context;
    if (size)
        wall->preset = *(const uint8_t *)data;
}

static void take_write(struct wall *wall, uint32_t client, const struct novastar_frame *request)
{
    bool is_store = request->device == NOVASTAR_RECEIVING_CARD &&
                    request->address == NOVASTAR_STORE && request->size == 1 &&
                    request->data[0] == 0x11;
    const struct register_row *row = find_register(request);
    wall->writes++;
    if (wall->device.fault == SIM_FAULT_REFUSE || (!row && !is_store)) {
        answer_now(wall, client, request, NOVASTAR_BAD_COMMAND, NULL, 0);
        return;
    }
    if (wall->device.fault == SIM_FAULT_LIE) {
        answer_now(wall, client, request, NOVASTAR_OK, NULL, 0);
        return;
    }
    if (request->device == NOVASTAR_RECEIVING_CARD)
        take_card_write(wall, request);
    else if (row && row->address == NOVASTAR_PRESET)
        sim_later_add(wall->later, wall->preset_ms, preset_loaded, wall, request->data, 1);
    else if (row)
        memcpy((uint8_t *)wall + row->offset, request->data, request->size);
    answer_now(wall, client, request, NOVASTAR_OK, NULL, 0);
}

static void take_frame(struct wall *wall, uint32_t client, const struct novastar_frame *request)
{
    static const uint8_t model_of_nobody[] = { 0x01, 0x00 };
    wall->frames++;
    if (!request->is_intact) {
        // As the vendor's capture shows it: refused, and yet with data.
        wall->bad_checksums++;
        bool has_data = !request->is_write && request->length == sizeof(model_of_nobody);
        answer_now(wall, client, request, NOVASTAR_BAD_CHECKSUM, model_of_nobody,
                has_data ? sizeof(model_of_nobody) : 0);
        return;
    }
    if (wall->device.fault == SIM_FAULT_BUSY) {
        answer_now(wall, client, request, NOVASTAR_CARD_SILENT, NULL, 0);
        return;
    }
    if (request->is_write)
        take_write(wall, client, request);
    else
        take_read(wall, client, request);
}

// --- clients -----------------------------------------------------------------------------------

static void check_idle(void *context, const void *data, size_t size)
{
    struct wall *wall = context;
    uint32_t heard;
    memcpy(&heard, data, MIN(size, sizeof(heard)));
    if (heard == wall->heard)
        hw_listener_cut(wall->listener, NULL);
}

static void note_heard(struct wall *wall)
{
    wall->heard++;
    if (wall->idle_ms)
        sim_later_add(
                wall->later, wall->idle_ms, check_idle, wall, &wall->heard, sizeof(wall->heard));
}

static bool client_accepted(void *context, struct hw_client *client)
{
    struct wall *wall = context;
    bool is_held = wall->device.fault == SIM_FAULT_LOCK ||
                   (hw_listener_clients(wall->listener) > 0 && !wall->kicks_old);
    if (is_held) {
        wall->refused_clients++;
        return false;
    }
    if (hw_listener_clients(wall->listener) > 0)
        hw_listener_cut(wall->listener, NULL);
    struct novastar_reader *reader = g_new0(struct novastar_reader, 1);
    novastar_reader_init(reader, false);
    hw_client_set_data(client, reader);
    note_heard(wall);
    return true;
}

static void client_received(
        void *context, struct hw_client *client, const uint8_t *data, size_t size)
{
    struct wall *wall = context;
    note_heard(wall);
    if (wall->device.fault == SIM_FAULT_DEAF)
        return;
    g_autofree struct novastar_frame *frame = g_new(struct novastar_frame, 1);
    const uint8_t *at = data;
    while (novastar_reader_take(hw_client_data(client), &at, data + size, frame))
        take_frame(wall, hw_client_id(client), frame);
}

// --- power cuts and the like -------------------------------------------------------------------

static void booted(void *context, const void *data, size_t size)
{
    struct wall *wall = context;
    (void)data;
    (void)size;
    wall->is_booting = false;
    for (unsigned i = 0; i < wall->ports * wall->cards_a_port; i++) {
        struct card *card = &wall->cards[i];
        memcpy(card->brightness, card->stored_brightness, sizeof(card->brightness));
        card->blank = card->pattern = card->freeze = 0;
    }
    hw_listener_set_on(wall->listener, true);
}

static void wall_set_fault(struct sim_device *device, enum sim_fault fault)
{
    struct wall *wall = (struct wall *)device;
    bool was_off = device->fault == SIM_FAULT_OFF;
    bool boots = fault == SIM_FAULT_RESTART || (was_off && fault != SIM_FAULT_OFF);
    device->fault = fault == SIM_FAULT_RESTART ? SIM_FAULT_NONE : fault;
    if (fault == SIM_FAULT_OFF || boots) {
        sim_later_clear(wall->later);
        hw_listener_set_on(wall->listener, false);
    }
    if (fault == SIM_FAULT_LOCK)
        hw_listener_cut(wall->listener, NULL);
    if (fault == SIM_FAULT_HALF_OPEN)
        hw_listener_forget(wall->listener);
    wall->is_booting = boots;
    if (boots)
        sim_later_add(wall->later, wall->boot_ms, booted, wall, NULL, 0);
}

static void wall_write_state(struct sim_device *device, GString *json)
{
    struct wall *wall = (struct wall *)device;
    const struct card *card = &wall->cards[0];
    g_string_append_printf(json,
            ",\"brightness\":%u,\"stored_brightness\":%u,\"blank\":%s,\"freeze\":%s,\"pattern\":%u",
            (card->brightness[0] * 100u + 127) / 255,
            (card->stored_brightness[0] * 100u + 127) / 255, card->blank == 0xff ? "true" : "false",
            card->freeze == 0xff ? "true" : "false", card->pattern);
    g_string_append_printf(json,
            ",\"preset\":%u,\"input\":%u,\"ports\":%u,\"cards\":%u,\"clients\":%u",
            wall->preset + 1u, wall->input, wall->ports, wall->cards_a_port,
            hw_listener_clients(wall->listener));
    g_string_append_printf(json,
            ",\"frames\":%" G_GUINT64_FORMAT ",\"writes\":%" G_GUINT64_FORMAT
            ",\"bad_checksums\":%" G_GUINT64_FORMAT ",\"refused_clients\":%" G_GUINT64_FORMAT
            ",\"tcp_port\":%u",
            wall->frames, wall->writes, wall->bad_checksums, wall->refused_clients,
            hw_listener_port(wall->listener));
}

static void wall_free(struct sim_device *device)
{
    struct wall *wall = (struct wall *)device;
    sim_later_free(wall->later);
    hw_listener_close(wall->listener);
    g_free(wall->cards);
    g_free(device->name);
    g_free(wall);
}

static const struct sim_device_class wall_class = {
    .kind = "novastar",
    .free = wall_free,
    .set_fault = wall_set_fault,
    .write_state = wall_write_state,
};

int sim_novastar_open(struct loop *loop, const struct sim_novastar_config *config,
        struct sim_device **out, char **fault)
{
    static const struct hw_listener_handler handler = {
        .accepted = client_accepted,
        .received = client_received,
    };
    struct wall *wall = g_new0(struct wall, 1);
    wall->device.class = &wall_class;
    wall->device.name = g_strdup(config->name);
    wall->later = sim_later_new(loop);
    wall->ports = config->ports;
    wall->cards_a_port = config->cards;
    wall->model = config->model;
    wall->kicks_old = config->kicks_old;
    wall->preset_ms = config->preset_ms;
    wall->card_timeout_ms = config->card_timeout_ms;
    wall->idle_ms = config->idle_ms;
    wall->boot_ms = config->boot_ms;
    wall->has_monitor = config->has_monitor;
    wall->has_smoke = config->has_smoke;
    wall->is_door_open = config->is_door_open;
    wall->fan_rpm = config->fan_rpm;
    wall->input = 0xa0;
    wall->cards = g_new0(struct card, (gsize)config->ports * config->cards);
    for (unsigned i = 0; i < config->ports * config->cards; i++) {
        memset(wall->cards[i].brightness, 0xff, BRIGHTNESS_SIZE);
        wall->cards[i].brightness[0] = START_BRIGHTNESS;
        store(&wall->cards[i]);
    }
    int rc = hw_listener_open(loop, config->listen, &handler, wall, &wall->listener);
    if (rc < 0) {
        *fault = g_strdup_printf(
                "wall %s can not listen on %s: %s", config->name, config->listen, g_strerror(-rc));
        wall_free(&wall->device);
        return rc;
    }
    log_info("listening device=%s kind=novastar tcp_port=%u", config->name,
            hw_listener_port(wall->listener));
    *out = &wall->device;
    return 0;
}
