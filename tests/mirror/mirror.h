// SPDX-License-Identifier: Apache-2.0
// The smallest MCU for tests: it answers one endpoint's offer and sends sound and main picture back
// as its own, loses packets on demand, and repairs them. Owned by the thread that iterates
// `context`.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct mirror_config {
    GMainContext *context;
    const char *address;     // "127.0.0.1"
    unsigned lose_out_every; // every nth picture packet is not sent back until it is asked for; 0:
                             // none
    unsigned lose_sound_every;    // every nth sound packet is not sent back
    unsigned lose_in_every;       // every nth picture packet counts as not arrived and is asked for
    bool is_silent;               // after connecting nothing is sent: a dead MCU
    bool is_silent_until_restart; // nor before ICE found another way: a dead line
};

struct mirror_counters {
    uint64_t audio_in, picture_in, rtx_in; // packets
    uint64_t pictures_in;                  // that ended
    uint64_t key_frames_in;                // that started
    uint64_t nacks_in, plis_in, byes_in, rtx_out, nacks_out;
    uint64_t mids_in; // packets with a mid extension
    uint8_t level;    // of the last sound packet, RFC 6464
    uint64_t reports_in;
};

struct mirror;

struct mirror *mirror_new(const struct mirror_config *config);
void mirror_free(struct mirror *mirror);
// The answer's SDP; g_free. An offer while it is connected is an ICE restart. Asserts that the
// offer is one of the house's.
char *mirror_answer(struct mirror *mirror, const char *offer);
bool mirror_is_connected(const struct mirror *mirror);
const struct mirror_counters *mirror_counters(const struct mirror *mirror);
void mirror_request_key_frame(struct mirror *mirror);
