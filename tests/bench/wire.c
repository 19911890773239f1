// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "wire"

#include "tests/bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rtp/h264_pack.h"
#include "common/rtp/packet.h"
#include "common/transport/rtp_crypt.h"
#include "common/transport/udp_send.h"

#define PAYLOAD_MAX   1168 // TIER_PAYLOAD_MAX of mcu/tier.h
#define PACKETS_MAX   64
#define PROFILE       "SRTP_AEAD_AES_128_GCM"
#define SOCKET_BUFFER (1 << 20)
#define DRAIN_MS      50

struct member {
    int out_fd, in_fd;
    struct sockaddr_in address; // of in_fd
    struct rtp_crypt *crypt;
    uint16_t picture_seq, sound_seq;
};

struct wire {
    size_t count;
    struct member *members;
    struct udp_send send;
    uint32_t timestamp;
    pthread_t drain;
    bool has_drain;
    _Atomic bool is_ending;
    uint8_t cut[PACKETS_MAX * (RTP_HEADER_SIZE + PAYLOAD_MAX)];
    struct h264_pack_payload payloads[PACKETS_MAX];
    uint8_t burst[UDP_SEND_BURST_MAX + RTP_CRYPT_TRAILER];
};

static void *drain(void *user)
{
    struct wire *wire = user;
    g_autofree struct pollfd *fds = g_new0(struct pollfd, wire->count);
    uint8_t packet[2048];
    for (size_t i = 0; i < wire->count; i++)
        fds[i] = (struct pollfd){ .fd = wire->members[i].in_fd, .events = POLLIN };
    while (!atomic_load(&wire->is_ending)) {
        if (poll(fds, wire->count, DRAIN_MS) <= 0)
            continue;
        for (size_t i = 0; i < wire->count; i++)
            while (fds[i].revents && recv(fds[i].fd, packet, sizeof(packet), MSG_DONTWAIT) > 0)
                continue;
    }
    return NULL;
}

static int open_socket(struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    const int buffer = SOCKET_BUFFER;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    if (bind(fd, (struct sockaddr *)address, size) < 0 ||
            getsockname(fd, (struct sockaddr *)address, &size) < 0) {
        const int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int open_member(struct member *member)
{
    const struct rtp_crypt_profile *profile = rtp_crypt_profile_find(PROFILE);
    struct rtp_crypt_keys keys = { .size = profile->key_size + profile->salt_size };
    struct sockaddr_in own;
    for (size_t i = 0; i < keys.size; i++)
        keys.send[i] = keys.receive[i] = (uint8_t)g_random_int_range(0, 256);
    member->in_fd = open_socket(&member->address);
    member->out_fd = open_socket(&own);
    if (member->in_fd < 0 || member->out_fd < 0)
        return -EMFILE;
    return rtp_crypt_open(profile, &keys, &member->crypt);
}

int wire_open(size_t members, struct wire **out)
{
    struct wire *wire = g_new0(struct wire, 1);
    int rc = 0;
    wire->members = g_new0(struct member, members);
    for (; rc == 0 && wire->count < members; wire->count++)
        rc = open_member(&wire->members[wire->count]);
    if (rc == 0) {
        rc = -pthread_create(&wire->drain, NULL, drain, wire);
        wire->has_drain = rc == 0;
    }
    if (rc < 0) {
        log_error("no sockets for the members error=\"%s\"", g_strerror(-rc));
        wire_close(wire);
        return rc;
    }
    *out = wire;
    return 0;
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    atomic_store(&wire->is_ending, true);
    if (wire->has_drain)
        pthread_join(wire->drain, NULL);
    for (size_t i = 0; i < wire->count; i++) {
        struct member *member = &wire->members[i];
        rtp_crypt_close(member->crypt);
        if (member->in_fd >= 0)
            close(member->in_fd);
        if (member->out_fd >= 0)
            close(member->out_fd);
    }
    g_free(wire->members);
    g_free(wire);
}

static struct udp_destination destination_of(const struct member *member)
{
    return (struct udp_destination){ .fd = member->out_fd,
        .address = (const struct sockaddr *)&member->address,
        .address_size = sizeof(member->address) };
}

// Equal packets in a row are one call; of a frame only the parameter sets and the last one differ.
static void send_frame(struct wire *wire, struct member *member, int count)
{
    const struct udp_destination to = destination_of(member);
    size_t used = 0, segment = 0;
    for (int i = 0; i < count; i++) {
        const struct h264_pack_payload *payload = &wire->payloads[i];
        const struct rtp_header header = { .marker = i == count - 1,
            .payload_type = 102,
            .seq = member->picture_seq++,
            .timestamp = wire->timestamp,
            .ssrc = 1 };
        uint8_t *at = wire->burst + used;
        const int written = rtp_packet_write_header(at, RTP_HEADER_SIZE, &header, NULL, NULL);
        memcpy(at + written, payload->data, payload->size);
        const int size = rtp_crypt_protect_rtp(member->crypt, at, (size_t)written + payload->size);
        if (size < 0)
            continue;
        segment = segment ? segment : (size_t)size;
        used += (size_t)size;
        const bool is_last = i == count - 1;
        const bool fits = !is_last && (size_t)size == segment && payload[1].size <= payload->size &&
                          used + PAYLOAD_MAX + RTP_CRYPT_TRAILER < UDP_SEND_BURST_MAX;
        if (fits)
            continue;
        udp_send_burst(&wire->send, &to, wire->burst, used, segment);
        used = segment = 0;
    }
}

void wire_send_picture(struct wire *wire, const uint8_t *unit, size_t size)
{
    const struct h264_pack_target target = { .buffer = wire->cut,
        .room = sizeof(wire->cut),
        .payload_max = PAYLOAD_MAX,
        .payloads = wire->payloads,
        .payloads_max = PACKETS_MAX };
    const int count = h264_pack(unit, size, &target);
    if (count < 0) {
        log_warn("a picture is too large to be sent size=%zu", size);
        return;
    }
    wire->timestamp += 3600;
    for (size_t i = 0; i < wire->count; i++)
        send_frame(wire, &wire->members[i], count);
}

void wire_send_sound(struct wire *wire, const uint8_t *payload, size_t size)
{
    uint8_t packet[RTP_HEADER_SIZE + PAYLOAD_MAX + RTP_CRYPT_TRAILER];
    if (size > PAYLOAD_MAX)
        return;
    wire->timestamp += 960;
    for (size_t i = 0; i < wire->count; i++) {
        struct member *member = &wire->members[i];
        const struct udp_destination to = destination_of(member);
        const struct rtp_header header = {
            .payload_type = 111, .seq = member->sound_seq++, .timestamp = wire->timestamp, .ssrc = 2
        };
        const int written = rtp_packet_write_header(packet, RTP_HEADER_SIZE, &header, NULL, NULL);
        memcpy(packet + written, payload, size);
        const int protected = rtp_crypt_protect_rtp(member->crypt, packet, (size_t)written + size);
        if (protected > 0 && udp_send_one(&to, packet, (size_t) protected) < 0)
            log_debug("a sound packet was not taken");
    }
}

double wire_packets_of(size_t size)
{
    return (double)((size + PAYLOAD_MAX - 1) / PAYLOAD_MAX);
}
