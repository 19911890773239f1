// SPDX-License-Identifier: Apache-2.0
// Jitter buffer of one Opus stream: orders by timestamp, adapts its delay to
// the network (grows by concealing, shrinks by leaving out quiet frames), and
// says each time what to decode. Copies packets into memory that is taken once;
// never allocates, locks or logs after audio_jitter_new(). Owned by one thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIO_JITTER_PACKET_MAX 1276 // largest Opus frame (RFC 6716 §3.4) and its TOC byte
#define AUDIO_JITTER_SLOTS      64

struct audio_jitter_config {
    uint32_t min_delay_ms; // 0: 20
    uint32_t max_delay_ms; // 0: 200
};

enum audio_jitter_action {
    AUDIO_JITTER_PACKET, // opus_decode(data, size, samples, fec 0)
    AUDIO_JITTER_FEC, // lost, but `data` is the packet after it: opus_decode(data, size, samples,
                      // fec 1)
    AUDIO_JITTER_CONCEAL, // lost: opus_decode(NULL, 0, samples)
    AUDIO_JITTER_SILENCE, // nothing is being sent (DTX, mute, not started): do not decode
};

struct audio_jitter_frame {
    const uint8_t *data; // lent until the next call on this object
    size_t size;
    uint32_t timestamp;
    uint8_t level; // RFC 6464 as pushed; 127 when unknown or no packet
    int samples;   // at 48 kHz a channel that this answer lasts: often 960, but ask
};

struct audio_jitter_counters {
    uint64_t packets, late, duplicate, overflow; // pushed; came too late; twice; no slot
    uint64_t red_used;                           // packets that only a RED copy brought
    uint64_t fec_used, concealed, silent;        // answers
    uint64_t dropped;                            // left out to shrink the delay
    uint64_t missing; // frames that nothing brought, whenever: no packet, copy or FEC
};

struct audio_jitter;

struct audio_jitter *audio_jitter_new(const struct audio_jitter_config *config);
void audio_jitter_free(struct audio_jitter *jitter);

// `level`: RFC 6464, 127 when there is none. `is_copy`: it came as a redundant RED block (seq of
// the lost packet, timestamp of the copy); copies fill holes and do not count as arrivals.
void audio_jitter_push(struct audio_jitter *jitter, uint16_t seq, uint32_t timestamp,
        const uint8_t *payload, size_t size, uint8_t level, bool is_copy, int64_t now_us);
// What to play next. Ask again when frame->samples of it are used up: once a 20 ms tick for 20 ms
// packets, every third tick for 60 ms ones.
enum audio_jitter_action audio_jitter_next(
        struct audio_jitter *jitter, int64_t now_us, struct audio_jitter_frame *frame);
// The stream is exchanged (other SSRC): as new, counters stay.
void audio_jitter_reset(struct audio_jitter *jitter);

uint32_t audio_jitter_target_ms(const struct audio_jitter *jitter);
uint32_t audio_jitter_delay_ms(const struct audio_jitter *jitter); // now buffered
const struct audio_jitter_counters *audio_jitter_counters(const struct audio_jitter *jitter);
