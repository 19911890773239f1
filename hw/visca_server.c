// SPDX-License-Identifier: Apache-2.0
#include "hw/visca_server.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/codec/visca_codec.h"
#include "hw/listener.h"

#define LOG_TOPIC "visca-server"

enum { OUR_ADDRESS = 1, SOCKET = 1, VENDOR = 0, MODEL = 0, ROM = 0x0100 };

struct visca_server {
    struct visca_server_handler handler;
    void *context;
    struct hw_port *port;
    struct hw_listener *listener;
    struct hw_address peer;
    bool has_peer;
    uint64_t refused;
};

// Where an answer goes: by TCP to a client, else by UDP to an address, with Sony's header or bare.
struct route {
    uint32_t client; // 0: UDP
    const struct hw_address *to;
    bool has_header;
    uint32_t sequence;
};

// --- answering ---------------------------------------------------------------------------------

static void send_datagram(struct visca_server *server, const struct route *route,
        enum visca_datagram_type type, const uint8_t *payload, size_t size)
{
    struct visca_datagram datagram = { .type = type, .sequence = route->sequence, .size = size };
    memcpy(datagram.payload, payload, size);
    uint8_t bytes[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    int written = visca_write_datagram(&out, &datagram);
    if (written > 0)
        hw_port_send(server->port, route->to, bytes, (size_t)written);
}

static void reply(struct visca_server *server, const struct route *route, struct visca_reply with)
{
    uint8_t payload[VISCA_PACKET_MAX];
    struct bytes_writer out;
    with.sender = OUR_ADDRESS;
    bytes_writer_init(&out, payload, sizeof(payload));
    int size = visca_write_reply(&out, &with);
    if (size < 0)
        return;
    if (route->client)
        hw_listener_send(server->listener, route->client, payload, (size_t)size);
    else if (route->has_header)
        send_datagram(server, route, VISCA_TYPE_REPLY, payload, (size_t)size);
    else
        hw_port_send(server->port, route->to, payload, (size_t)size);
}

static void refuse(struct visca_server *server, const struct route *route, enum visca_error error)
{
    server->refused++;
    reply(server, route, (struct visca_reply){ .kind = VISCA_ERROR, .error = (uint8_t)error });
}

static void answer_inquiry(
        struct visca_server *server, const struct route *route, enum visca_kind kind)
{
    struct visca_reply answer = { .kind = VISCA_ANSWER };
    struct visca_server_state state = { 0 };
    struct bytes_writer out;
    bytes_writer_init(&out, answer.data, sizeof(answer.data));
    server->handler.state(server->context, &state);
    switch (kind) {
    case VISCA_VERSION_INQUIRY:
        bytes_put_u16(&out, VENDOR);
        bytes_put_u16(&out, MODEL);
        bytes_put_u16(&out, ROM);
        bytes_put_u8(&out, SOCKET);
        break;
    case VISCA_POWER_INQUIRY:
        bytes_put_u8(&out, state.is_on ? 2 : 3);
        break;
    case VISCA_POSITION_INQUIRY:
        visca_put_nibbles(&out, (uint16_t)(int16_t)state.pan, 4);
        visca_put_nibbles(&out, (uint16_t)(int16_t)state.tilt, 4);
        break;
    default: // zoom
        visca_put_nibbles(&out, (uint16_t)state.zoom, 4);
        break;
    }
    answer.size = bytes_writer_size(&out);
    reply(server, route, answer);
}

static void take_recall(struct visca_server *server, const struct route *route, unsigned preset)
{
    struct visca_server_state state = { 0 };
    server->handler.state(server->context, &state);
    if (!state.is_ready) {
        refuse(server, route, VISCA_NOT_EXECUTABLE);
        return;
    }
    reply(server, route, (struct visca_reply){ .kind = VISCA_ACK, .socket = SOCKET });
    reply(server, route, (struct visca_reply){ .kind = VISCA_COMPLETION, .socket = SOCKET });
    server->handler.recalled(server->context, preset);
}

static void take_packet(
        struct visca_server *server, const struct route *route, const struct visca_packet *packet)
{
    struct visca_command command;
    int rc = visca_parse_command(packet, &command);
    if (rc < 0) {
        refuse(server, route, rc == -EMSGSIZE ? VISCA_LENGTH_ERROR : VISCA_SYNTAX_ERROR);
        return;
    }
    if (visca_is_inquiry(command.kind)) {
        answer_inquiry(server, route, command.kind);
        return;
    }
    bool is_recall = command.kind == VISCA_PRESET && command.action == VISCA_PRESET_RECALL;
    if (is_recall)
        take_recall(server, route, command.preset);
    else if (command.kind == VISCA_ADDRESS_SET)
        reply(server, route,
                (struct visca_reply){
                        .kind = VISCA_ADDRESS_REPLY, .data = { OUR_ADDRESS + 1 }, .size = 1 });
    else if (command.kind == VISCA_CLEAR)
        reply(server, route, (struct visca_reply){ .kind = VISCA_COMPLETION });
    else if (command.kind == VISCA_CANCEL)
        refuse(server, route, VISCA_NO_SOCKET); // what was taken is done
    else
        refuse(server, route, VISCA_SYNTAX_ERROR);
}

// --- hearing -----------------------------------------------------------------------------------

static bool is_heard(struct visca_server *server, const struct hw_address *from)
{
    if (!server->has_peer || hw_address_same_host(&server->peer, from))
        return true;
    if (server->refused++ == 0)
        log_warn("somebody else than the microphone system speaks");
    return false;
}

static void take_bytes(struct visca_server *server, const struct route *route,
        struct visca_stream *stream, const uint8_t *data, size_t size)
{
    struct visca_packet packet;
    const uint8_t *at = data;
    while (visca_stream_take(stream, &at, data + size, &packet))
        take_packet(server, route, &packet);
}

// Numbers may come in any order: what is recalled twice is recalled.
static void datagram_received(
        void *context, const struct hw_address *from, const uint8_t *data, size_t size)
{
    static const uint8_t abnormal[] = { VISCA_CONTROL_ABNORMAL_MESSAGE >> 8,
        VISCA_CONTROL_ABNORMAL_MESSAGE & 0xff };
    static const uint8_t reset[] = { VISCA_CONTROL_RESET };
    struct visca_server *server = context;
    struct route route = { .to = from };
    struct visca_datagram datagram;
    struct visca_stream stream;
    if (!is_heard(server, from))
        return;
    visca_stream_init(&stream);
    if (visca_parse_datagram(data, size, &datagram) < 0) {
        take_bytes(server, &route, &stream, data, size);
        return;
    }
    route.has_header = true;
    route.sequence = datagram.sequence;
    if (datagram.type != VISCA_TYPE_CONTROL)
        take_bytes(server, &route, &stream, datagram.payload, datagram.size);
    else if (datagram.size == 1 && datagram.payload[0] == VISCA_CONTROL_RESET)
        send_datagram(server, &route, VISCA_TYPE_CONTROL_REPLY, reset, sizeof(reset));
    else
        send_datagram(server, &route, VISCA_TYPE_CONTROL_REPLY, abnormal, sizeof(abnormal));
}

static bool client_accepted(void *context, struct hw_client *client)
{
    struct visca_server *server = context;
    if (!is_heard(server, hw_client_address(client)))
        return false;
    if (hw_listener_clients(server->listener) >= VISCA_SERVER_CLIENTS) {
        server->refused++;
        return false;
    }
    struct visca_stream *stream = g_new0(struct visca_stream, 1);
    visca_stream_init(stream);
    hw_client_set_data(client, stream);
    return true;
}

static void client_received(
        void *context, struct hw_client *client, const uint8_t *data, size_t size)
{
    struct route route = { .client = hw_client_id(client) };
    take_bytes(context, &route, hw_client_data(client), data, size);
}

// --- life --------------------------------------------------------------------------------------

int visca_server_open(struct loop *loop, const struct visca_server_config *config,
        const struct visca_server_handler *handler, void *context, struct visca_server **out)
{
    static const struct hw_listener_handler listener = {
        .accepted = client_accepted,
        .received = client_received,
    };
    struct visca_server *server = g_new0(struct visca_server, 1);
    server->handler = *handler;
    server->context = context;
    server->has_peer = config->peer[0] != '\0';
    int rc = server->has_peer ? hw_address_parse(config->peer, 0, &server->peer) : 0;
    if (rc == 0 && config->udp_listen[0])
        rc = hw_port_open(loop, config->udp_listen, datagram_received, server, &server->port);
    if (rc == 0 && config->tcp_listen[0])
        rc = hw_listener_open(loop, config->tcp_listen, &listener, server, &server->listener);
    if (rc < 0) {
        visca_server_close(server);
        return rc;
    }
    *out = server;
    return 0;
}

void visca_server_close(struct visca_server *server)
{
    if (!server)
        return;
    hw_port_close(server->port);
    hw_listener_close(server->listener);
    g_free(server);
}

uint16_t visca_server_udp_port(const struct visca_server *server)
{
    return server->port ? hw_port_number(server->port) : 0;
}

uint16_t visca_server_tcp_port(const struct visca_server *server)
{
    return server->listener ? hw_listener_port(server->listener) : 0;
}

uint64_t visca_server_refused(const struct visca_server *server)
{
    return server->refused;
}
