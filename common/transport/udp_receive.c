// SPDX-License-Identifier: Apache-2.0
#include "common/transport/udp_receive.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH_MAX 64

union stamp {
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr align;
};

static _Thread_local struct {
    uint8_t data[BATCH_MAX][UDP_RECEIVE_SIZE];
    struct iovec vectors[BATCH_MAX];
    union stamp stamps[BATCH_MAX];
    struct mmsghdr messages[BATCH_MAX];
} batch;

void udp_receive_prepare(int fd)
{
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

// How long ago by the clock that the kernel stamps with; 0: it did not say.
static int64_t age_us(struct msghdr *message, const struct timespec *now)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS)
        return 0;
    struct timespec at;
    memcpy(&at, CMSG_DATA(header), sizeof(at));
    const int64_t age =
            (now->tv_sec - at.tv_sec) * G_USEC_PER_SEC + (now->tv_nsec - at.tv_nsec) / 1000;
    return CLAMP(age, 0, G_USEC_PER_SEC); // the clock may have been set
}

size_t udp_receive(int fd, struct udp_datagram *out, size_t max)
{
    max = MIN(max, BATCH_MAX);
    for (size_t i = 0; i < max; i++) {
        batch.vectors[i] = (struct iovec){ batch.data[i], UDP_RECEIVE_SIZE };
        batch.messages[i].msg_hdr = (struct msghdr){ .msg_iov = &batch.vectors[i],
            .msg_iovlen = 1,
            .msg_control = batch.stamps[i].bytes,
            .msg_controllen = sizeof(batch.stamps[i].bytes) };
    }
    const int count = recvmmsg(fd, batch.messages, (unsigned)max, MSG_DONTWAIT, NULL);
    if (count <= 0)
        return 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t now_us = g_get_monotonic_time();
    for (int i = 0; i < count; i++)
        out[i] = (struct udp_datagram){ batch.data[i], batch.messages[i].msg_len,
            now_us - age_us(&batch.messages[i].msg_hdr, &now) };
    return (size_t)count;
}
