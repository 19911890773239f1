// SPDX-License-Identifier: Apache-2.0
// The path to one member, all its lines: transport-wide sequence numbers, what the path carries,
// which step of the picture that is enough for, and what may be sent now. Owned by the member's net
// thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/bandwidth.h"
#include "common/rtp/packet.h"
#include "common/transport/peer.h"
#include "mcu/tier_choice.h"

// Before each payload there is so much room for the header that it gets here.
#define LINK_OUT_HEADROOM 20

enum link_kind { LINK_SOUND, LINK_MAIN, LINK_CONTENT, LINK_REPAIR, LINK_KIND_COUNT };

// Sends a train of packets of one size, of which the last may be smaller; how many went.
typedef size_t link_out_send_fn(void *user, const struct peer_packet *packets, size_t count);

// Fields are private to link_out.c.
struct link_out {
    link_out_send_fn *send;
    void *user;
    int64_t declared_bps;
    struct tier_choice_config canvas;
    enum tier_step most;
    struct bandwidth bandwidth;
    struct tier_choice choice;
    int64_t polled_us, second_us, overrun_us;
    int64_t credit_us, credit_bytes, held_until_us;
    int64_t bytes[LINK_KIND_COUNT];               // in this second
    int64_t bps[LINK_KIND_COUNT];                 // in the last whole seconds, falling slowly
    int64_t probe_bps, probe_end_us, probe_bytes; // of the probe that runs
};

void link_out_init(struct link_out *link, link_out_send_fn *send, void *user, int64_t now_us);
// Another path: what was known is void.
void link_out_restart(struct link_out *link, int64_t now_us);
// What the main line shows at its best.
void link_out_set_canvas(struct link_out *link, const struct tier_choice_config *canvas);
// What signalling knows of the link, 0: nothing.
void link_out_set_declared(struct link_out *link, int declared_kbps);
// No step above this, while the machine is overloaded.
void link_out_set_most(struct link_out *link, enum tier_step most);

// Writes the header into the LINK_OUT_HEADROOM bytes before the payload; `extension` is the
// negotiated id of transport-wide sequence numbers, 0: none. *out is what is to be sent now.
void link_out_write(struct link_out *link, enum link_kind kind, uint8_t *payload, size_t size,
        const struct rtp_header *header, uint8_t extension, int64_t now_us,
        struct peer_packet *out);
// Bursts where sizes allow.
void link_out_send(struct link_out *link, const struct peer_packet *packets, size_t count);

// What came back.
void link_out_feedback(struct link_out *link, const struct rtcp_packet *packet, int64_t now_us);
void link_out_report(
        struct link_out *link, uint8_t fraction_lost, int64_t round_trip_us, int64_t now_us);

// What was to be sent did not fit. Once may be the encoder; twice is a step that is too large.
void link_out_overrun(struct link_out *link, int64_t now_us);
// Each 20 ms; true: link_out_step() is another one than before.
bool link_out_poll(struct link_out *link, int64_t now_us);
enum tier_step link_out_step(const struct link_out *link);
int64_t link_out_estimate_bps(const struct link_out *link);
bool link_out_has_estimate(const struct link_out *link); // more than a guess
// Padding that a probe wants to be sent now.
size_t link_out_padding(struct link_out *link, int64_t now_us);

// Pacing: an ordinary frame of a thin link and each key frame takes what the path carries; while a
// queue empties, nothing goes.
bool link_out_is_paced(const struct link_out *link, int64_t now_us);
// It carried less than it was given, a moment ago.
bool link_out_is_low(const struct link_out *link, int64_t now_us);
int64_t link_out_pace_bps(const struct link_out *link);
// How many bytes of pictures may go now; what is sent is taken from it, sound as well.
int64_t link_out_credit(struct link_out *link, int64_t now_us);
