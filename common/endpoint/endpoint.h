// SPDX-License-Identifier: Apache-2.0
// One endpoint's media session with an MCU: it offers, is ICE-controlling and DTLS client, sends
// coded sound and pictures as RTP, answers NACKs, and puts what comes back in order. It codes
// nothing. Owned by the thread that iterates `context`; every call and every event happens there.
// It must not be closed from within one of its events.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/rtp/audio_jitter.h"
#include "common/rtp/h264_unpack.h"
#include "common/sdp/session.h"
#include "common/transport/peer.h"

struct endpoint_events {
    // FAILED is for good: close it. `reason` is a stable code ("media.silent": nothing came for 5
    // s, or for 5 s after endpoint_restart() was answered).
    void (*state_changed)(void *user, enum peer_state state, const char *reason);
    // A whole access unit of the main or content line.
    void (*access_unit)(void *user, enum sdp_line line, const struct h264_access_unit *unit);
    // The MCU asks for a key frame of what we send (PLI or FIR); at most four a second.
    void (*key_frame_wanted)(void *user, enum sdp_line line);
    // The way to the MCU seems dead: nothing came for 2 s, or the kernel has no way any more.
    // endpoint_restart() may find another. Said each second until it does, but not while the answer
    // to a restart is awaited.
    void (*path_lost)(void *user);
};

enum endpoint_way {
    ENDPOINT_OUT, // plain, before it is protected
    ENDPOINT_IN,  // plain, after it was authenticated
};

struct endpoint_config {
    GMainContext *context;
    const struct certificate *certificate; // outlives the endpoint
    const char *const *local_addresses;    // NULL-terminated; NULL or empty: all
    const char *cname;                     // copied
    bool send_red;                         // offer and send Opus in RED, two frames back
    unsigned red_copies;                   // fewer than two frames back; 0: both
    bool sound_only;                       // its picture lines are offered inactive
    // NULL: packets go straight on. Else each RTP and RTCP packet is handed here, in either way,
    // and goes on when (if ever) endpoint_pass() is called: so a bad link is posed. With `user`.
    void (*path)(void *user, enum endpoint_way way, bool is_rtcp, const uint8_t *data, size_t size);
    bool is_counting_only;         // received packets are counted and dropped: load
    struct endpoint_events events; // members may be NULL
    void *user;
};

struct endpoint_line_stats {
    uint64_t packets_in, bytes_in, lost_in, packets_out, bytes_out;
    uint32_t jitter_us;
    uint64_t nacks_out, plis_out, rtx_in; // packets asked for; key frames asked for; restored
    uint64_t nacks_in, plis_in, rtx_out;
    uint64_t units_in, key_frames_in; // access units that came whole
};

struct endpoint_stats {
    struct endpoint_line_stats lines[SDP_LINE_COUNT];
    struct peer_counters transport;
    struct audio_jitter_counters audio; // zero when counting only
    int64_t round_trip_us;              // 0: not known
    double loss_out_percent;            // of our sound, as the MCU reports it, smoothed
    int64_t estimate_bps;               // what the way to the MCU carries, headers and all
    bool has_estimate;                  // it is more than a guess
    uint64_t malformed_in;              // RTP or RTCP that could not be read, or of no line
};

struct endpoint;

int endpoint_open(const struct endpoint_config *config, struct endpoint **out) MUST_CHECK;
// Says BYE when it is connected. NULL is fine.
void endpoint_close(struct endpoint *endpoint);

// The offer's SDP; g_free. Candidates are in it; it is made once in an endpoint's life.
char *endpoint_offer(struct endpoint *endpoint);
// ICE restart while CONNECTED: a further offer of the same session, with sockets on the addresses
// of now. Media stays on the former way until the answer to it led to a new one. NULL: no such
// socket, or not connected; nothing changed. Not from within an event but path_lost.
char *endpoint_restart(struct endpoint *endpoint);
// -EINVAL with a stable code (a literal) in *error when it is not an answer to our offer; an answer
// to endpoint_restart() by another MCU ("sdp.bad_transport") is none.
int endpoint_answer(struct endpoint *endpoint, const char *sdp, const char **error) MUST_CHECK;
enum peer_state endpoint_state(const struct endpoint *endpoint);
const char *endpoint_srtp_profile(const struct endpoint *endpoint);

// Whether the answer takes this line from us.
bool endpoint_may_send(const struct endpoint *endpoint, enum sdp_line line);
// One Opus frame. `timestamp` counts 48 kHz samples, also those not sent; `level`: RFC 6464, 127 is
// silence. -ENOTCONN before CONNECTED.
int endpoint_send_audio(struct endpoint *endpoint, const uint8_t *opus, size_t size,
        uint32_t timestamp, uint8_t level);
// One Annex B access unit. -ENOTCONN before CONNECTED, -EBADMSG when it is no access unit.
int endpoint_send_video(struct endpoint *endpoint, enum sdp_line line, const uint8_t *unit,
        size_t size, int64_t pts_us);

// What to play next of the mix that comes back; see audio_jitter_next(). SILENCE when counting
// only.
enum audio_jitter_action endpoint_next_audio(
        struct endpoint *endpoint, struct audio_jitter_frame *frame);
// From now on received packets are counted and dropped, as with is_counting_only. Not from within
// an event.
void endpoint_count_only(struct endpoint *endpoint);
// Likewise, and nothing is decrypted but RTCP, nothing comes by itself and no timer runs: all that
// happens in endpoint_poll(), which the owner calls every 20 ms or so. For hundreds of endpoints in
// one thread; only when CONNECTED and without `path`.
void endpoint_begin_polling(struct endpoint *endpoint);
void endpoint_poll(struct endpoint *endpoint);
// The decoder lost its references: drop what is begun and ask for a key frame.
void endpoint_need_key_frame(struct endpoint *endpoint, enum sdp_line line);

// What `path` was given goes on; `data` may be written into. Not from within `path`.
void endpoint_pass(
        struct endpoint *endpoint, enum endpoint_way way, bool is_rtcp, uint8_t *data, size_t size);

void endpoint_read_stats(const struct endpoint *endpoint, struct endpoint_stats *out);
