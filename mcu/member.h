// SPDX-License-Identifier: Apache-2.0
// One member as its net thread knows it: the peer, what comes in on each line, what goes out.
// Owned by the net thread it is pinned to.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/media/h264_decoder.h"
#include "common/sdp/session.h"
#include "common/transport/peer.h"
#include "mcu/audio_thread.h"
#include "mcu/negotiate.h"
#include "mcu/tier_feed.h"

struct member;

// What all members of a net thread share; outlives them.
struct member_host {
    GMainContext *context; // of the peers
    const struct certificate *certificate;
    const char *const *addresses;
    uint16_t min_port, max_port;
    struct audio_thread *audio;
    int net;                // which of the audio thread's rings
    int64_t unix_offset_us; // wall clock − monotonic: one mapping for all streams
    // Another step of the picture suits its link: member_step().
    void (*step_changed)(void *user, struct member *member);
    // The peer connected or failed (`reason` then says why), or fell silent.
    void (*connection_changed)(void *user, struct member *member, const char *reason);
    void *user;
};

struct member_statistics {
    uint16_t slot;
    uint32_t generation;
    bool connected;
    bool has_round_trip;
    double loss_percent; // of the worse direction
    double round_trip_ms, jitter_ms;
    double loss_unrepaired_percent; // of what it is sent without copies
    uint64_t bytes_in, bytes_out;
    enum tier_step step; // that its link carries
    bool has_estimate;
    int estimate_kbps;
};

struct member *member_new(
        const struct member_host *host, uint16_t conference, uint16_t slot, uint32_t generation);
void member_free(struct member *member);
uint16_t member_slot(const struct member *member);
uint32_t member_generation(const struct member *member);

// A new peer in place of the former, or the same one on another way when the offer is of its
// session; its own description comes back. Negative errno: the offer can not be used, and the
// former peer, if any, goes on. -ENOTCONN: its session is over.
int member_accept(struct member *member, const struct negotiation *negotiation,
        struct peer_description *local) MUST_CHECK;
// Connected, and media or RTCP came within the last five seconds.
bool member_is_connected(const struct member *member);

// `line` is main or content.
void member_set_decoder(struct member *member, enum sdp_line line, struct h264_decoder *decoder);
void member_need_key_frame(struct member *member, enum sdp_line line);
// What is known of its link, and what its main line shows: decides on its step.
void member_set_link(
        struct member *member, int declared_kbps, const struct tier_choice_config *canvas);
// No step above this while the machine is overloaded.
void member_set_most(struct member *member, enum tier_step most);
enum tier_step member_step(const struct member *member);
// Which tier the line carries; NULL: none. The feed outlives its use here.
void member_set_feed(struct member *member, enum sdp_line line, struct tier_feed *feed);
// The feed is going: forget it if it is this one.
void member_drop_feed(struct member *member, const struct tier_feed *feed);

// Which of the shared encodes it is sent.
void member_set_sound(struct member *member, uint8_t language, bool is_thin);
bool member_takes_shared(const struct member *member, const struct audio_out *out);

// `payload` is the Opus of `out` with LINK_OUT_HEADROOM bytes of room before it; false: not
// connected, or this tick was sent already.
bool member_send_audio(struct member *member, uint8_t *payload, const struct audio_out *out);
void member_send_frame(struct member *member, struct tier_feed *feed,
        const struct tier_frame *frame, int64_t now_us);

// Each 20 ms and each second.
void member_poll(struct member *member, int64_t now_us);
void member_poll_second(struct member *member, int64_t now_us);
void member_statistics(struct member *member, struct member_statistics *out);
