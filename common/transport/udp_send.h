// SPDX-License-Identifier: Apache-2.0
// Sends datagrams on an unconnected socket, equal ones in one
// call (UDP GSO, Linux ≥ 4.18). Never waits.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/check.h"

#define UDP_SEND_SEGMENTS_MAX 64    // UDP_MAX_SEGMENTS of the kernel
#define UDP_SEND_BURST_MAX    65000 // bytes: all segments are one UDP datagram until they are cut

struct udp_destination {
    int fd;
    const struct sockaddr *address;
    socklen_t address_size;
};

// In place, zeroed. Remembers that the kernel or its device refused GSO.
struct udp_send {
    bool is_gso_refused;
};

// 0, or a negative errno (-EAGAIN: the socket is full).
int udp_send_one(const struct udp_destination *to, const uint8_t *data, size_t size) MUST_CHECK;
// `data` holds datagrams of `segment` bytes one after the other, the last one may be shorter. At
// most UDP_SEND_SEGMENTS_MAX of them and UDP_SEND_BURST_MAX bytes. Returns how many were sent.
size_t udp_send_burst(struct udp_send *send, const struct udp_destination *to, const uint8_t *data,
        size_t size, size_t segment);
