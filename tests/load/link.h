// SPDX-License-Identifier: Apache-2.0
// What a link does to packets: loses (one by one or in bursts), delays, reorders and narrows them.
// Pure and seeded: the same profile, seed and packets give the same fate.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

struct link_profile {
    double loss_percent;
    double burst;           // packets that are lost together on average; up to 1: independently
    double delay_ms;        // of every packet
    double jitter_ms;       // up to so much more; packets do not overtake by it
    double reorder_percent; // of the packets are held back so that later ones overtake
    double rate_kbps;       // 0: not narrow. Packets that would wait over 300 ms are lost
};

// "loss=10,burst=3,rtt=60,delay=5,jitter=20,reorder=1,rate=512"; rtt is half for each direction.
// -EINVAL: an unknown name, a value that is none, or a share over 100.
int link_profile_parse(const char *text, struct link_profile *out) MUST_CHECK;
// Does it anything at all?
bool link_profile_is_plain(const struct link_profile *profile);

#define LINK_LOST (-1)

struct link {
    struct link_profile profile;
    uint64_t random;
    bool is_losing;      // within a burst
    int64_t free_us;     // when the narrow link has sent what it was given
    int64_t last_due_us; // of those that were not held back
    uint64_t packets, lost, reordered;
};

void link_init(struct link *link, const struct link_profile *profile, uint64_t seed);
// When a packet given to it now comes out; LINK_LOST: never.
int64_t link_take(struct link *link, int64_t now_us, size_t size);
