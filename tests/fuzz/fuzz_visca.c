// SPDX-License-Identifier: Apache-2.0
// module: hw/codec
// visca_stream_take, visca_parse_command, visca_parse_reply, visca_parse_datagram: what is accepted
// is written back to the same bytes, and a stream says the same however it is cut.
#include <stdlib.h>
#include <string.h>

#include "hw/codec/visca_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

// Tele and wide have two spellings each, a standing axis any speed: those come back in ours.
static bool has_one_spelling(const struct visca_command *command)
{
    return command->kind != VISCA_ZOOM_DRIVE && command->kind != VISCA_DRIVE;
}

static void check_command(const struct visca_packet *packet)
{
    struct visca_command command;
    struct visca_command again;
    if (visca_parse_command(packet, &command) < 0 || command.camera == 0)
        return;
    struct visca_packet back;
    struct bytes_writer out;
    bytes_writer_init(&out, back.bytes, sizeof(back.bytes));
    int size = visca_write_command(&out, &command);
    require(size > 0);
    back.size = (size_t)size;
    if (has_one_spelling(&command))
        require(back.size == packet->size && memcmp(back.bytes, packet->bytes, back.size) == 0);
    require(visca_parse_command(&back, &again) == 0);
    require(memcmp(&command, &again, sizeof(again)) == 0);
}

static void check_reply(const struct visca_packet *packet)
{
    struct visca_reply reply;
    if (visca_parse_reply(packet, &reply) < 0)
        return;
    struct visca_packet back = { 0 };
    struct bytes_writer out;
    bytes_writer_init(&out, back.bytes, sizeof(back.bytes));
    int size = visca_write_reply(&out, &reply);
    require(size == (int)packet->size);
    // An answer may carry a socket, as Sony's manual has it; we write none.
    require(back.bytes[0] == packet->bytes[0]);
    require(memcmp(back.bytes + 2, packet->bytes + 2, (size_t)size - 2) == 0);

    bool on;
    int pan;
    int tilt;
    int zoom;
    struct visca_version version;
    require(visca_read_power(&reply, &on) <= 0);
    require(visca_read_position(&reply, &pan, &tilt) <= 0);
    require(visca_read_zoom(&reply, &zoom) <= 0);
    require(visca_read_version(&reply, &version) <= 0);
}

static void check_datagram(const uint8_t *data, size_t size)
{
    struct visca_datagram datagram;
    uint8_t back[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    if (visca_parse_datagram(data, size, &datagram) < 0)
        return;
    bytes_writer_init(&out, back, sizeof(back));
    require(visca_write_datagram(&out, &datagram) == (int)size);
    require(memcmp(back, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct visca_stream whole;
    struct visca_stream cut;
    struct visca_packet packet;
    struct visca_packet other;
    visca_stream_init(&whole);
    visca_stream_init(&cut);
    check_datagram(data, size);

    const uint8_t *at = data;
    const uint8_t *cut_at = data;
    const uint8_t *end = data + size;
    while (visca_stream_take(&whole, &at, end, &packet)) {
        bool found = false;
        while (!found && cut_at < end)
            found = visca_stream_take(&cut, &cut_at, cut_at + 1, &other);
        require(found && other.size == packet.size);
        require(memcmp(other.bytes, packet.bytes, packet.size) == 0);
        check_command(&packet);
        check_reply(&packet);
    }
    return 0;
}
