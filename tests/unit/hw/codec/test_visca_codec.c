// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <string.h>

#include "hw/codec/visca_codec.h"

#include <cmocka.h>

static struct visca_packet packet_of(const char *bytes, size_t size)
{
    struct visca_packet packet = { .size = size };
    memcpy(packet.bytes, bytes, size);
    return packet;
}

#define PACKET(bytes) packet_of(bytes, sizeof(bytes) - 1)

// The manuals' examples, both ways.
static const struct {
    const char *bytes;
    size_t size;
    struct visca_command command;
} examples[] = {
#define ROW(text, ...) \
    { \
        text, sizeof(text) - 1, \
        { \
            __VA_ARGS__ \
        } \
    }
    ROW("\x88\x30\x01\xff", .kind = VISCA_ADDRESS_SET),
    ROW("\x81\x01\x00\x01\xff", .kind = VISCA_CLEAR, .camera = 1),
    ROW("\x81\x09\x00\x02\xff", .kind = VISCA_VERSION_INQUIRY, .camera = 1),
    ROW("\x81\x01\x04\x00\x02\xff", .kind = VISCA_POWER, .camera = 1, .on = true),
    ROW("\x82\x01\x04\x00\x03\xff", .kind = VISCA_POWER, .camera = 2),
    ROW("\x81\x09\x04\x00\xff", .kind = VISCA_POWER_INQUIRY, .camera = 1),
    ROW("\x81\x01\x06\x01\x18\x14\x01\x01\xff", .kind = VISCA_DRIVE, .camera = 1, .pan_speed = -24,
            .tilt_speed = 20),
    ROW("\x81\x01\x06\x01\x01\x01\x03\x03\xff", .kind = VISCA_DRIVE, .camera = 1),
    ROW("\x81\x01\x06\x02\x18\x14\x0f\x0f\x0f\x0e\x00\x00\x01\x00\xff", .kind = VISCA_ABSOLUTE,
            .camera = 1, .pan_speed = 24, .tilt_speed = 20, .pan = -2, .tilt = 16),
    ROW("\x81\x01\x06\x04\xff", .kind = VISCA_HOME, .camera = 1),
    ROW("\x81\x01\x06\x05\xff", .kind = VISCA_PAN_TILT_RESET, .camera = 1),
    ROW("\x81\x09\x06\x12\xff", .kind = VISCA_POSITION_INQUIRY, .camera = 1),
    ROW("\x81\x01\x04\x07\x00\xff", .kind = VISCA_ZOOM_DRIVE, .camera = 1),
    ROW("\x81\x01\x04\x07\x27\xff", .kind = VISCA_ZOOM_DRIVE, .camera = 1, .zoom = 7),
    ROW("\x81\x01\x04\x07\x31\xff", .kind = VISCA_ZOOM_DRIVE, .camera = 1, .zoom = -1),
    ROW("\x81\x01\x04\x47\x04\x00\x00\x00\xff", .kind = VISCA_ZOOM_DIRECT, .camera = 1,
            .zoom = 0x4000),
    ROW("\x81\x09\x04\x47\xff", .kind = VISCA_ZOOM_INQUIRY, .camera = 1),
    ROW("\x81\x01\x04\x3f\x02\x05\xff", .kind = VISCA_PRESET, .camera = 1,
            .action = VISCA_PRESET_RECALL, .preset = 5),
    ROW("\x81\x01\x04\x3f\x01\xfe\xff", .kind = VISCA_PRESET, .camera = 1,
            .action = VISCA_PRESET_STORE, .preset = 254),
    ROW("\x81\x21\xff", .kind = VISCA_CANCEL, .camera = 1, .socket = 1),
#undef ROW
};

static void writes_the_manuals_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        uint8_t bytes[VISCA_PACKET_MAX];
        struct bytes_writer out;
        bytes_writer_init(&out, bytes, sizeof(bytes));
        assert_int_equal(visca_write_command(&out, &examples[i].command), examples[i].size);
        assert_memory_equal(bytes, examples[i].bytes, examples[i].size);
    }
}

static void reads_the_manuals_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct visca_packet packet = packet_of(examples[i].bytes, examples[i].size);
        struct visca_command command;
        assert_int_equal(visca_parse_command(&packet, &command), 0);
        assert_memory_equal(&command, &examples[i].command, sizeof(command));
    }
}

static void refuses_commands_that_are_not_exact(void **state)
{
    (void)state;
    struct visca_command command;
    const struct visca_packet too_long = PACKET("\x81\x01\x06\x04\x00\xff");
    const struct visca_packet too_short = PACKET("\x81\x01\x06\x01\x18\x14\x01\xff");
    const struct visca_packet unknown = PACKET("\x81\x01\x7e\x01\xff");
    const struct visca_packet too_fast = PACKET("\x81\x01\x06\x01\x19\x14\x01\x01\xff");
    const struct visca_packet no_direction = PACKET("\x81\x01\x06\x01\x18\x14\x04\x01\xff");
    const struct visca_packet not_a_nibble = PACKET("\x81\x01\x04\x47\x14\x00\x00\x00\xff");
    const struct visca_packet from_a_camera = PACKET("\x90\x01\x06\x04\xff");
    const struct visca_packet address_for_one = PACKET("\x81\x30\x01\xff");
    const struct visca_packet move_for_all = PACKET("\x88\x01\x06\x04\xff");
    assert_int_equal(visca_parse_command(&address_for_one, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&move_for_all, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&too_long, &command), -EMSGSIZE);
    assert_int_equal(visca_parse_command(&too_short, &command), -EMSGSIZE);
    assert_int_equal(visca_parse_command(&unknown, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&too_fast, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&no_direction, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&not_a_nibble, &command), -EINVAL);
    assert_int_equal(visca_parse_command(&from_a_camera, &command), -EINVAL);
}

static void writes_no_value_that_the_protocol_can_not_carry(void **state)
{
    (void)state;
    const struct visca_command wrong[] = {
        { .kind = VISCA_DRIVE, .camera = 1, .pan_speed = 25 },
        { .kind = VISCA_ZOOM_DIRECT, .camera = 1, .zoom = 0x10000 },
        { .kind = VISCA_PRESET, .camera = 1, .preset = 255 },
        { .kind = VISCA_HOME, .camera = 0 },
        { .kind = VISCA_HOME, .camera = 8 },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        uint8_t bytes[VISCA_PACKET_MAX];
        struct bytes_writer out;
        bytes_writer_init(&out, bytes, sizeof(bytes));
        assert_int_equal(visca_write_command(&out, &wrong[i]), -EINVAL);
        assert_int_equal(bytes_writer_size(&out), 0);
    }
}

static void reads_every_kind_of_reply(void **state)
{
    (void)state;
    struct visca_reply reply;
    struct visca_packet packet = PACKET("\x90\x42\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(reply.kind, VISCA_ACK);
    assert_int_equal(reply.socket, 2);

    packet = PACKET("\xa0\x51\xff"); // as a PTZOptics G3 says it
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(reply.kind, VISCA_COMPLETION);
    assert_int_equal(reply.socket, 1);

    packet = PACKET("\x90\x61\x41\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(reply.kind, VISCA_ERROR);
    assert_int_equal(reply.error, VISCA_NOT_EXECUTABLE);

    packet = PACKET("\x80\x38\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(reply.kind, VISCA_NETWORK_CHANGE);

    packet = PACKET("\x88\x30\x02\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(reply.kind, VISCA_ADDRESS_REPLY);
    assert_int_equal(reply.data[0], 2);

    int pan;
    int tilt;
    packet = PACKET("\x90\x50\x0f\x0d\x0a\x08\x00\x00\x05\x0a\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(visca_read_position(&reply, &pan, &tilt), 0);
    assert_int_equal(pan, -600);
    assert_int_equal(tilt, 90);

    struct visca_version version;
    packet = PACKET("\x90\x50\x00\x01\x05\x13\x02\x00\x02\xff");
    assert_int_equal(visca_parse_reply(&packet, &reply), 0);
    assert_int_equal(visca_read_version(&reply, &version), 0);
    assert_int_equal(version.model, 0x0513);
    assert_int_equal(version.sockets, 2);
}

static void refuses_replies_that_no_camera_may_send(void **state)
{
    (void)state;
    struct visca_reply reply;
    bool on;
    const struct visca_packet ack_with_data = PACKET("\x90\x41\x00\xff");
    const struct visca_packet short_error = PACKET("\x90\x60\xff");
    const struct visca_packet unknown = PACKET("\x90\x77\xff");
    const struct visca_packet to_a_camera = PACKET("\x81\x41\xff");
    struct visca_packet power = PACKET("\x90\x50\x04\xff");
    assert_int_equal(visca_parse_reply(&ack_with_data, &reply), -EBADMSG);
    assert_int_equal(visca_parse_reply(&short_error, &reply), -EBADMSG);
    assert_int_equal(visca_parse_reply(&unknown, &reply), -EBADMSG);
    assert_int_equal(visca_parse_reply(&to_a_camera, &reply), -EBADMSG);
    assert_int_equal(visca_parse_reply(&power, &reply), 0);
    assert_int_equal(visca_read_power(&reply, &on), -EBADMSG);
}

// One byte at a time and all at once give the same packets.
static void finds_the_same_packets_however_the_stream_is_cut(void **state)
{
    (void)state;
    static const uint8_t stream_bytes[] =
            "\x90\x41\xff\xff\x90\x50\x02\xff"
            "\x90\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\xff"
            "\x90\x51\xff\x90";
    for (size_t piece = 1; piece < sizeof(stream_bytes); piece++) {
        struct visca_stream stream;
        struct visca_packet packet;
        visca_stream_init(&stream);
        size_t sizes[8];
        size_t count = 0;
        for (size_t from = 0; from < sizeof(stream_bytes) - 1; from += piece) {
            size_t left = sizeof(stream_bytes) - 1 - from;
            const uint8_t *at = stream_bytes + from;
            const uint8_t *end = at + (left < piece ? left : piece);
            while (visca_stream_take(&stream, &at, end, &packet))
                sizes[count++] = packet.size;
        }
        assert_int_equal(count, 3);
        assert_int_equal(sizes[0], 3);
        assert_int_equal(sizes[1], 4);
        assert_int_equal(sizes[2], 3);
        assert_int_equal(stream.overlong, 1);
    }
}

static void reads_and_writes_datagrams(void **state)
{
    (void)state;
    static const uint8_t reset[] = { 0x02, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01 };
    struct visca_datagram datagram;
    assert_int_equal(visca_parse_datagram(reset, sizeof(reset), &datagram), 0);
    assert_int_equal(datagram.type, VISCA_TYPE_CONTROL);
    assert_int_equal(datagram.payload[0], VISCA_CONTROL_RESET);

    uint8_t bytes[VISCA_DATAGRAM_MAX];
    struct bytes_writer out;
    bytes_writer_init(&out, bytes, sizeof(bytes));
    assert_int_equal(visca_write_datagram(&out, &datagram), sizeof(reset));
    assert_memory_equal(bytes, reset, sizeof(reset));
}

static void refuses_datagrams_whose_length_lies(void **state)
{
    (void)state;
    uint8_t datagram[] = { 0x01, 0x11, 0x00, 0x03, 0x00, 0x00, 0x00, 0x07, 0x90, 0x41, 0xff };
    struct visca_datagram out;
    assert_int_equal(visca_parse_datagram(datagram, sizeof(datagram), &out), 0);
    assert_int_equal(out.sequence, 7);
    assert_int_equal(visca_parse_datagram(datagram, sizeof(datagram) - 1, &out), -EBADMSG);
    assert_int_equal(visca_parse_datagram(datagram, 7, &out), -EBADMSG);
    datagram[3] = 4;
    assert_int_equal(visca_parse_datagram(datagram, sizeof(datagram), &out), -EBADMSG);
    datagram[3] = 3;
    datagram[0] = 0x07;
    assert_int_equal(visca_parse_datagram(datagram, sizeof(datagram), &out), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_manuals_examples),
        cmocka_unit_test(reads_the_manuals_examples),
        cmocka_unit_test(refuses_commands_that_are_not_exact),
        cmocka_unit_test(writes_no_value_that_the_protocol_can_not_carry),
        cmocka_unit_test(reads_every_kind_of_reply),
        cmocka_unit_test(refuses_replies_that_no_camera_may_send),
        cmocka_unit_test(finds_the_same_packets_however_the_stream_is_cut),
        cmocka_unit_test(reads_and_writes_datagrams),
        cmocka_unit_test(refuses_datagrams_whose_length_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
