// SPDX-License-Identifier: Apache-2.0
// Empties a socket by as few system calls as there are, with the time at which the kernel got each
// datagram. For a tool that poses as hundreds of peers in one thread. Never waits.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UDP_RECEIVE_SIZE 1536 // of the largest datagram that is read whole

struct udp_datagram {
    uint8_t *data; // the thread's own, until its next call
    size_t size;
    int64_t arrived_us; // monotonic
};

// Once a socket, before the first call.
void udp_receive_prepare(int fd);
// How many of at most `max` were there; more than UDP_RECEIVE_SIZE bytes are cut off.
size_t udp_receive(int fd, struct udp_datagram *out, size_t max);
