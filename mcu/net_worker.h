// SPDX-License-Identifier: Apache-2.0
// A net thread: the peers of the members pinned to it, RTP and RTCP in and out. The control thread
// speaks to it by the functions below (each posts to its loop) and hears from it by `events`, which
// run on the control thread's loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "mcu/member.h"

struct net_worker;

struct net_answer {
    uint16_t slot;
    uint32_t generation;
    uint32_t offer; // the number that net_worker_offer() was given
    int rc;         // 0, or why there is no peer
    struct peer_description local;
};

struct net_connection {
    uint16_t slot;
    uint32_t generation;
    bool connected;
    char reason[64]; // "" or a stable code: the peer failed
};

struct net_step {
    uint16_t slot;
    uint32_t generation;
    enum tier_step step;
};

#define NET_STATISTICS_MAX 64

struct net_statistics {
    size_t count;
    struct member_statistics members[NET_STATISTICS_MAX];
};

struct net_events {
    void (*answered)(void *user, const struct net_answer *answer);
    void (*connection_changed)(void *user, const struct net_connection *connection);
    void (*step_changed)(void *user, const struct net_step *step);           // of the main line
    void (*statistics)(void *user, const struct net_statistics *statistics); // each second
};

struct net_worker_config {
    int index;
    struct loop *control;
    const struct certificate *certificate; // lent, as are the addresses
    const char *const *addresses;
    uint16_t min_port, max_port;
    struct net_events events;
    void *user;
};

int net_worker_open(const struct net_worker_config *config, struct net_worker **out) MUST_CHECK;
// Closes all peers and ends the thread.
void net_worker_close(struct net_worker *worker);
// An eventfd: audio thread and tiers write to it when there is something to send.
int net_worker_wake_fd(const struct net_worker *worker);
// Once, before the first member.
void net_worker_set_audio(struct net_worker *worker, struct audio_thread *audio);

void net_worker_add_member(
        struct net_worker *worker, uint16_t conference, uint16_t slot, uint32_t generation);
void net_worker_remove_member(struct net_worker *worker, uint16_t slot);
// Leads to one `answered`, unless the member is removed before.
void net_worker_offer(struct net_worker *worker, uint16_t slot, uint32_t offer,
        const struct negotiation *negotiation);
// The decoder stays the control thread's. NULL waits until the former one is no more touched.
void net_worker_set_decoder(
        struct net_worker *worker, uint16_t slot, enum sdp_line line, struct h264_decoder *decoder);
// Any thread: the decoder of a member's line lost its way.
void net_worker_need_key_frame(
        struct net_worker *worker, uint16_t slot, uint32_t generation, enum sdp_line line);

// A tier is removed before it is closed; that call waits.
void net_worker_add_tier(struct net_worker *worker, struct tier *tier);
void net_worker_remove_tier(struct net_worker *worker, struct tier *tier);
// Which tier a member is sent on a line (main or content); -1: none.
void net_worker_set_tier(struct net_worker *worker, uint16_t slot, enum sdp_line line, int tier);
// What is known of a member's link (kb/s, 0: nothing) and what its main line shows.
void net_worker_set_link(struct net_worker *worker, uint16_t slot, int declared_kbps,
        const struct tier_choice_config *canvas);
// No step above this while the machine is overloaded.
void net_worker_set_most(struct net_worker *worker, uint16_t slot, enum tier_step most);
// Which shared sound a member is sent.
void net_worker_set_sound(struct net_worker *worker, uint16_t slot, uint8_t language, bool is_thin);
