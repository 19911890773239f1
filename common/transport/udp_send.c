// SPDX-License-Identifier: Apache-2.0
#include "common/transport/udp_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int send_message(const struct udp_destination *to, const struct msghdr *message)
{
    ssize_t sent;
    do {
        sent = sendmsg(to->fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    return errno == ENOBUFS ? -EAGAIN : -errno;
}

int udp_send_one(const struct udp_destination *to, const uint8_t *data, size_t size)
{
    struct iovec vector = { .iov_base = (void *)data, .iov_len = size };
    struct msghdr message = {
        .msg_name = (void *)to->address,
        .msg_namelen = to->address_size,
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };
    return send_message(to, &message);
}

static int send_segmented(
        const struct udp_destination *to, const uint8_t *data, size_t size, uint16_t segment)
{
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec vector = { .iov_base = (void *)data, .iov_len = size };
    struct msghdr message = {
        .msg_name = (void *)to->address,
        .msg_namelen = to->address_size,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(header), &segment, sizeof(segment));
    return send_message(to, &message);
}

static size_t send_each(
        const struct udp_destination *to, const uint8_t *data, size_t size, size_t segment)
{
    size_t sent = 0;
    for (size_t at = 0; at < size; at += segment) {
        size_t one = size - at < segment ? size - at : segment;
        if (udp_send_one(to, data + at, one) < 0)
            break; // what does not fit now would only delay what follows
        sent++;
    }
    return sent;
}

size_t udp_send_burst(struct udp_send *send, const struct udp_destination *to, const uint8_t *data,
        size_t size, size_t segment)
{
    if (size <= segment || send->is_gso_refused)
        return send_each(to, data, size, segment);
    int rc = send_segmented(to, data, size, (uint16_t)segment);
    if (rc == 0)
        return (size + segment - 1) / segment;
    if (rc != -EIO && rc != -EINVAL && rc != -ENOPROTOOPT && rc != -EOPNOTSUPP)
        return 0;
    send->is_gso_refused = true;
    return send_each(to, data, size, segment);
}
