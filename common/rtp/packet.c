// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/packet.h"

#include <errno.h>
#include <string.h>

#include "common/base/bytes.h"

#define VERSION_BITS     0x80
#define PROFILE_ONE_BYTE 0xbede
#define PROFILE_TWO_BYTE 0x1000
#define ONE_BYTE_ID_MAX  14

static bool is_two_byte_profile(uint16_t profile)
{
    return (profile & 0xfff0) == PROFILE_TWO_BYTE;
}

static int read_extensions(struct bytes_reader *in, struct rtp_packet *out)
{
    out->extension_profile = bytes_read_u16(in);
    out->extensions_size = (size_t)bytes_read_u16(in) * 4;
    out->extensions = bytes_read(in, out->extensions_size);
    return out->extensions ? 0 : -EBADMSG;
}

int rtp_packet_read(const uint8_t *data, size_t size, struct rtp_packet *out)
{
    struct bytes_reader in;
    memset(out, 0, sizeof(*out));
    bytes_reader_init(&in, data, size);
    uint8_t first = bytes_read_u8(&in);
    uint8_t second = bytes_read_u8(&in);
    out->seq = bytes_read_u16(&in);
    out->timestamp = bytes_read_u32(&in);
    out->ssrc = bytes_read_u32(&in);
    bytes_read(&in, (size_t)(first & 0x0f) * 4); // contributing sources are of no use to us
    if (bytes_reader_status(&in) < 0 || (first & 0xc0) != VERSION_BITS)
        return -EBADMSG;
    out->marker = second & 0x80;
    out->payload_type = second & 0x7f;
    if ((first & 0x10) && read_extensions(&in, out) < 0)
        return -EBADMSG;

    size_t left = bytes_reader_left(&in);
    size_t padding = 0;
    if (first & 0x20) {
        padding = left > 0 ? data[size - 1] : 0;
        if (padding == 0 || padding > left)
            return -EBADMSG;
    }
    out->header_size = size - left;
    out->payload = data + out->header_size;
    out->payload_size = left - padding;
    return 0;
}

// RFC 8285 §4.2: id and length − 1 share a byte; 0 is padding, id 15 ends the list.
static const uint8_t *find_one_byte(const struct rtp_packet *packet, uint8_t id, size_t *size)
{
    const uint8_t *at = packet->extensions;
    const uint8_t *end = at + packet->extensions_size;
    while (at < end) {
        if (*at == 0) {
            at++;
            continue;
        }
        uint8_t found = *at >> 4;
        size_t length = (size_t)(*at & 0x0f) + 1;
        if (found == 15 || (size_t)(end - at - 1) < length)
            return NULL;
        if (found == id) {
            *size = length;
            return at + 1;
        }
        at += 1 + length;
    }
    return NULL;
}

// RFC 8285 §4.3: a byte each for id and length; 0 is padding.
static const uint8_t *find_two_byte(const struct rtp_packet *packet, uint8_t id, size_t *size)
{
    const uint8_t *at = packet->extensions;
    const uint8_t *end = at + packet->extensions_size;
    while (at < end) {
        if (*at == 0) {
            at++;
            continue;
        }
        if (end - at < 2 || end - at - 2 < at[1])
            return NULL;
        if (*at == id) {
            *size = at[1];
            return at + 2;
        }
        at += 2 + at[1];
    }
    return NULL;
}

const uint8_t *rtp_packet_extension(const struct rtp_packet *packet, uint8_t id, size_t *size)
{
    if (id == 0 || !packet->extensions)
        return NULL;
    if (packet->extension_profile == PROFILE_ONE_BYTE)
        return find_one_byte(packet, id, size);
    if (is_two_byte_profile(packet->extension_profile))
        return find_two_byte(packet, id, size);
    return NULL;
}

bool rtp_packet_audio_level(
        const struct rtp_packet *packet, uint8_t id, uint8_t *level, bool *voice)
{
    size_t size = 0;
    const uint8_t *value = rtp_packet_extension(packet, id, &size);
    if (!value || size < 1)
        return false;
    *level = value[0] & 0x7f;
    if (voice)
        *voice = value[0] & 0x80;
    return true;
}

bool rtp_packet_transport_seq(const struct rtp_packet *packet, uint8_t id, uint16_t *seq)
{
    size_t size = 0;
    const uint8_t *value = rtp_packet_extension(packet, id, &size);
    if (!value || size < 2)
        return false;
    *seq = (uint16_t)(value[0] << 8 | value[1]);
    return true;
}

bool rtp_packet_abs_send_time(const struct rtp_packet *packet, uint8_t id, uint32_t *time)
{
    size_t size = 0;
    const uint8_t *value = rtp_packet_extension(packet, id, &size);
    if (!value || size < 3)
        return false;
    *time = (uint32_t)value[0] << 16 | (uint32_t)value[1] << 8 | value[2];
    return true;
}

bool rtp_packet_mid(const struct rtp_packet *packet, uint8_t id, char *mid, size_t room)
{
    size_t size = 0;
    const uint8_t *value = rtp_packet_extension(packet, id, &size);
    if (!value || size == 0 || size >= room)
        return false;
    memcpy(mid, value, size);
    mid[size] = '\0';
    return true;
}

// --- writing ------------------------------------------------------------------------------------

static void put_element(
        struct bytes_writer *out, bool is_two_byte, uint8_t id, const void *value, size_t size)
{
    if (is_two_byte) {
        bytes_put_u8(out, id);
        bytes_put_u8(out, (uint8_t)size);
    } else {
        bytes_put_u8(out, (uint8_t)(id << 4 | (size - 1)));
    }
    bytes_put(out, value, size);
}

static void put_elements(struct bytes_writer *out, bool is_two_byte,
        const struct rtp_extension_ids *ids, const struct rtp_extensions *values)
{
    if (ids->audio_level && values->has_audio_level) {
        uint8_t level = (uint8_t)((values->voice ? 0x80 : 0) | (values->audio_level & 0x7f));
        put_element(out, is_two_byte, ids->audio_level, &level, 1);
    }
    if (ids->transport_seq && values->has_transport_seq) {
        const uint8_t seq[2] = { (uint8_t)(values->transport_seq >> 8),
            (uint8_t)values->transport_seq };
        put_element(out, is_two_byte, ids->transport_seq, seq, sizeof(seq));
    }
    if (ids->abs_send_time && values->has_abs_send_time) {
        const uint8_t time[3] = { (uint8_t)(values->abs_send_time >> 16),
            (uint8_t)(values->abs_send_time >> 8), (uint8_t)values->abs_send_time };
        put_element(out, is_two_byte, ids->abs_send_time, time, sizeof(time));
    }
    size_t mid_size = values->mid ? strnlen(values->mid, 16) : 0;
    if (ids->mid && mid_size > 0)
        put_element(out, is_two_byte, ids->mid, values->mid, mid_size);
}

static void put_extensions(struct bytes_writer *out, const struct rtp_extension_ids *ids,
        const struct rtp_extensions *values)
{
    bool is_two_byte = ids->audio_level > ONE_BYTE_ID_MAX || ids->transport_seq > ONE_BYTE_ID_MAX ||
                       ids->mid > ONE_BYTE_ID_MAX || ids->abs_send_time > ONE_BYTE_ID_MAX;
    uint8_t *header = out->at;
    bytes_put_u16(out, is_two_byte ? PROFILE_TWO_BYTE : PROFILE_ONE_BYTE);
    bytes_put_u16(out, 0);
    size_t before = bytes_writer_size(out);
    put_elements(out, is_two_byte, ids, values);
    size_t size = bytes_writer_size(out) - before;
    if (size == 0) { // nothing to say: no extension at all
        if (!out->overflow)
            out->at = header;
        return;
    }
    for (; size % 4 != 0; size++)
        bytes_put_u8(out, 0);
    if (out->overflow)
        return;
    header[3] = (uint8_t)(size / 4);
    out->begin[0] |= 0x10;
}

int rtp_packet_write_header(uint8_t *data, size_t room, const struct rtp_header *header,
        const struct rtp_extension_ids *ids, const struct rtp_extensions *extensions)
{
    struct bytes_writer out;
    bytes_writer_init(&out, data, room);
    bytes_put_u8(&out, VERSION_BITS);
    bytes_put_u8(&out, (uint8_t)((header->marker ? 0x80 : 0) | (header->payload_type & 0x7f)));
    bytes_put_u16(&out, header->seq);
    bytes_put_u32(&out, header->timestamp);
    bytes_put_u32(&out, header->ssrc);
    if (ids && extensions)
        put_extensions(&out, ids, extensions);
    return bytes_writer_status(&out);
}

void rtp_packet_set_marker(uint8_t *data, bool marker)
{
    data[1] = (uint8_t)((data[1] & 0x7f) | (marker ? 0x80 : 0));
}

void rtp_packet_set_payload_type(uint8_t *data, uint8_t payload_type)
{
    data[1] = (uint8_t)((data[1] & 0x80) | (payload_type & 0x7f));
}

void rtp_packet_set_seq(uint8_t *data, uint16_t seq)
{
    data[2] = (uint8_t)(seq >> 8);
    data[3] = (uint8_t)seq;
}

static void set_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void rtp_packet_set_timestamp(uint8_t *data, uint32_t timestamp)
{
    set_u32(data + 4, timestamp);
}

void rtp_packet_set_ssrc(uint8_t *data, uint32_t ssrc)
{
    set_u32(data + 8, ssrc);
}

// The element's place in the caller's own, writable packet.
static uint8_t *find_writable(uint8_t *data, size_t size, uint8_t id, size_t element_size)
{
    struct rtp_packet packet;
    size_t found = 0;
    if (rtp_packet_read(data, size, &packet) < 0)
        return NULL;
    const uint8_t *at = rtp_packet_extension(&packet, id, &found);
    return at && found == element_size ? data + (at - data) : NULL;
}

bool rtp_packet_set_transport_seq(uint8_t *data, size_t size, uint8_t id, uint16_t seq)
{
    uint8_t *at = find_writable(data, size, id, 2);
    if (!at)
        return false;
    at[0] = (uint8_t)(seq >> 8);
    at[1] = (uint8_t)seq;
    return true;
}

bool rtp_packet_set_abs_send_time(uint8_t *data, size_t size, uint8_t id, uint32_t time)
{
    uint8_t *at = find_writable(data, size, id, 3);
    if (!at)
        return false;
    at[0] = (uint8_t)(time >> 16);
    at[1] = (uint8_t)(time >> 8);
    at[2] = (uint8_t)time;
    return true;
}
