// SPDX-License-Identifier: Apache-2.0
// What a path carries, as its sender learns it: from transport-wide feedback (each packet's
// arrival), else from REMB, else from receiver reports. It follows the delay, as Google's
// congestion control (draft-ietf-rmcat-gcc-02) does: a queue that stands is too much, and then what
// arrives is what the path carries. Loss alone is not: a poor line loses without being full. Down
// within half a second, up slowly, or at once after a probe. In place, pure: time is passed in.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rtp/transport_cc.h"

#define BANDWIDTH_SENT_MAX 1024 // packets that feedback is waited for; a power of two
#define BANDWIDTH_BUCKETS  16   // of 50 ms of arrivals
#define BANDWIDTH_BASES    6    // of 5 s
#define BANDWIDTH_QUEUES   8    // feedback messages
#define BANDWIDTH_MIN_BPS  20000

struct bandwidth_config {
    int64_t start_bps; // believed until something is known
    int64_t max_bps;   // never more; 0: no such limit
};

enum bandwidth_source {
    BANDWIDTH_GUESS, // nothing came back yet
    BANDWIDTH_REPORTS,
    BANDWIDTH_REMB,
    BANDWIDTH_FEEDBACK,
};

struct bandwidth_packet {
    int64_t sent_us;
    uint16_t seq;
    uint16_t size; // 0: none, or told of
};

struct bandwidth_queue {
    int64_t at_us;
    int64_t least_us; // the shortest wait of a packet that the message tells of
};

// Fields are private to bandwidth.c.
struct bandwidth {
    struct bandwidth_config config;
    int64_t estimate_bps;
    enum bandwidth_source source;
    uint16_t next_seq;
    struct bandwidth_packet sent[BANDWIDTH_SENT_MAX];

    int64_t first_bucket, bucket; // on the receiver's clock; -1: nothing arrived
    uint32_t arrived[BANDWIDTH_BUCKETS];

    int64_t delay_us;   // of the last message's fastest packet, whatever the clocks
    int64_t base_at_us; // when the newest slot began
    int64_t bases[BANDWIDTH_BASES];
    size_t queue_count;
    struct bandwidth_queue queues[BANDWIDTH_QUEUES]; // newest first

    int64_t heap_us;     // when the reader was late last
    int64_t lower_at_us; // last made less
    int64_t heard_us;    // last feedback
    int64_t sent_us;     // last packet
    double loss;         // smoothed share of packets
    int64_t lossy_us;    // since when it is high; 0: it is not
    int64_t round_trip_us, least_round_trip_us;

    bool is_probing, has_probe;
    uint16_t probe_first, probe_last;
    int64_t probe_sent_us[2], probe_arrived_us[2], probe_end_us;
    uint32_t probe_sent_bytes, probe_train_bytes, probe_bytes;
};

void bandwidth_init(struct bandwidth *bandwidth, const struct bandwidth_config *config);
// The declared rate of the link became known, or other.
void bandwidth_set_limits(struct bandwidth *bandwidth, const struct bandwidth_config *config);

// One packet is about to be sent, of `size` bytes with all its headers. Its transport-wide number.
uint16_t bandwidth_sent(struct bandwidth *bandwidth, size_t size, int64_t now_us);
// Packets sent between these two are a probe: faster than the estimate, on purpose. What it finds
// is in the estimate once feedback tells of the last of them.
void bandwidth_probe_begin(struct bandwidth *bandwidth, int64_t now_us);
void bandwidth_probe_end(struct bandwidth *bandwidth, int64_t now_us);

// What a transport-wide message says, in the order of sequence numbers.
void bandwidth_feedback(struct bandwidth *bandwidth, const struct transport_cc_result *results,
        size_t count, int64_t now_us);
void bandwidth_remb(struct bandwidth *bandwidth, uint64_t bps, int64_t now_us);
// A receiver report; `round_trip_us` -1: it does not say.
void bandwidth_report(
        struct bandwidth *bandwidth, uint8_t fraction_lost, int64_t round_trip_us, int64_t now_us);
// The sender found that the estimate is too much.
void bandwidth_lower(struct bandwidth *bandwidth, int64_t now_us);
// About each 100 ms: what silence says.
void bandwidth_poll(struct bandwidth *bandwidth, int64_t now_us);

int64_t bandwidth_bps(const struct bandwidth *bandwidth);
enum bandwidth_source bandwidth_source(const struct bandwidth *bandwidth);
// How long a packet waited on the path lately, at least.
int64_t bandwidth_queue_us(const struct bandwidth *bandwidth);
// It found a standing queue (or heavy loss) within the last `us`.
bool bandwidth_is_low(const struct bandwidth *bandwidth, int64_t now_us, int64_t us);
