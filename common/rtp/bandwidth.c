// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/bandwidth.h"

#include <string.h>

#include "common/rtp/packet.h"

#define SENT_MASK      (BANDWIDTH_SENT_MAX - 1)
#define BUCKET_US      50000
#define RATE_BUCKETS   10 // half a second
#define RATE_MIN       4  // buckets that a rate needs
#define BASE_EVERY_US  5000000
#define NO_BASE        INT64_MAX
#define STANDS_US      80000  // a queue that never was shorter than this
#define OVERFLOWS_US   180000 // so long is it soon after it began
#define STANDS_FOR_US  250000 // within this time
#define LOWER_EVERY_US 700000 // the sender needs a moment to obey
#define LOWER_TO       0.85   // of what arrives, so that the queue empties
#define LOWERED_US     5000000
#define GROWS_US       20000 // in half a second
#define LOSS_OURS      0.03
#define RAISE_AFTER_US 2000000
#define RAISE_A_SECOND 0.08
#define RAISE_UP_TO    1.5  // times what arrives: nothing more was tried
#define LOSS_HEAVY     0.25 // a policer drops instead of queueing
#define LOSS_FOR_US    1000000
#define LOSS_WEIGHT    0.02 // of one packet
#define SILENT_US      2000000
#define AFTER_PROBE_US 500000
#define HEAP_US        4000
#define HEAP_SENT_US   60000
#define AFTER_HEAP_US  1000000
#define PROBE_MIN_US   20000
#define PROBE_CARRIED  0.85   // of the rate it was sent with
#define PROBE_TO       0.9    // of what a full path let through
#define ROUND_TRIP_US  250000 // over the least: reports alone show a queue so

_Static_assert((BANDWIDTH_SENT_MAX & SENT_MASK) == 0, "a power of two");

static int64_t limited(const struct bandwidth *bandwidth, double bps)
{
    const int64_t most = bandwidth->config.max_bps;
    if (bps < BANDWIDTH_MIN_BPS)
        return BANDWIDTH_MIN_BPS;
    return most > 0 && bps > (double)most ? most : (int64_t)bps;
}

static void forget_arrivals(struct bandwidth *bandwidth)
{
    bandwidth->first_bucket = bandwidth->bucket = -1;
    memset(bandwidth->arrived, 0, sizeof(bandwidth->arrived));
    for (size_t i = 0; i < BANDWIDTH_BASES; i++)
        bandwidth->bases[i] = NO_BASE;
    bandwidth->base_at_us = 0;
    bandwidth->queue_count = 0;
}

void bandwidth_init(struct bandwidth *bandwidth, const struct bandwidth_config *config)
{
    memset(bandwidth, 0, sizeof(*bandwidth));
    bandwidth->config = *config;
    bandwidth->estimate_bps = limited(bandwidth, (double)config->start_bps);
    bandwidth->next_seq = 1;
    bandwidth->least_round_trip_us = -1;
    forget_arrivals(bandwidth);
}

void bandwidth_set_limits(struct bandwidth *bandwidth, const struct bandwidth_config *config)
{
    bandwidth->config = *config;
    if (bandwidth->source == BANDWIDTH_GUESS)
        bandwidth->estimate_bps = config->start_bps;
    bandwidth->estimate_bps = limited(bandwidth, (double)bandwidth->estimate_bps);
}

// --- sending -------------------------------------------------------------------------------------

uint16_t bandwidth_sent(struct bandwidth *bandwidth, size_t size, int64_t now_us)
{
    const uint16_t seq = bandwidth->next_seq++;
    bandwidth->sent[seq & SENT_MASK] = (struct bandwidth_packet){
        .sent_us = now_us,
        .seq = seq,
        .size = (uint16_t)size,
    };
    bandwidth->sent_us = now_us;
    if (!bandwidth->is_probing)
        return seq;
    if (bandwidth->probe_sent_us[0] == 0)
        bandwidth->probe_sent_us[0] = bandwidth->probe_sent_us[1] = now_us;
    // A train counts when the next one leaves: it took so long.
    if (now_us > bandwidth->probe_sent_us[1]) {
        bandwidth->probe_sent_bytes += bandwidth->probe_train_bytes;
        bandwidth->probe_train_bytes = 0;
        bandwidth->probe_sent_us[1] = now_us;
    }
    bandwidth->probe_train_bytes += (uint32_t)size;
    return seq;
}

void bandwidth_probe_begin(struct bandwidth *bandwidth, int64_t now_us)
{
    bandwidth->probe_end_us = now_us;
    bandwidth->is_probing = true;
    bandwidth->has_probe = false;
    bandwidth->probe_first = bandwidth->next_seq;
    bandwidth->probe_sent_bytes = bandwidth->probe_train_bytes = bandwidth->probe_bytes = 0;
    bandwidth->probe_sent_us[0] = 0;
}

void bandwidth_probe_end(struct bandwidth *bandwidth, int64_t now_us)
{
    bandwidth->probe_end_us = now_us;
    bandwidth->has_probe = bandwidth->is_probing && bandwidth->probe_sent_bytes > 0;
    bandwidth->is_probing = false;
    bandwidth->probe_last = (uint16_t)(bandwidth->next_seq - 1);
}

// --- what arrived --------------------------------------------------------------------------------

static void note_bytes(struct bandwidth *bandwidth, int64_t arrival_us, uint32_t size)
{
    const int64_t bucket = arrival_us / BUCKET_US;
    const int64_t step = bucket - bandwidth->bucket;
    if (bandwidth->bucket < 0 || step < -BANDWIDTH_BUCKETS || step > 20 * BANDWIDTH_BUCKETS) {
        memset(bandwidth->arrived, 0, sizeof(bandwidth->arrived));
        bandwidth->first_bucket = bandwidth->bucket = bucket;
    }
    for (int64_t next = bandwidth->bucket + 1; next <= bucket; next++)
        bandwidth->arrived[next % BANDWIDTH_BUCKETS] = 0;
    if (bucket > bandwidth->bucket)
        bandwidth->bucket = bucket;
    if (bucket > bandwidth->bucket - BANDWIDTH_BUCKETS)
        bandwidth->arrived[bucket % BANDWIDTH_BUCKETS] += size;
}

static int64_t rate_of(const struct bandwidth *bandwidth, int64_t most)
{
    int64_t count = bandwidth->bucket - bandwidth->first_bucket; // the newest is not full yet
    if (bandwidth->bucket < 0 || count < RATE_MIN)
        return 0;
    if (count > most)
        count = most;
    int64_t bytes = 0;
    for (int64_t bucket = bandwidth->bucket - count; bucket < bandwidth->bucket; bucket++)
        bytes += bandwidth->arrived[bucket % BANDWIDTH_BUCKETS];
    return bytes * 8 * 1000000 / (count * BUCKET_US);
}

// While a queue stands the path is busy: what arrived since it does is what the path carries.
static int64_t carried_bps(const struct bandwidth *bandwidth)
{
    const int64_t lately_bps = rate_of(bandwidth, RATE_BUCKETS / 2);
    const int64_t bps = rate_of(bandwidth, RATE_BUCKETS);
    return lately_bps > bps ? lately_bps : bps;
}

// The delay of an empty path: the least of half a minute, so that clocks may drift and routes
// change.
static int64_t base_delay(struct bandwidth *bandwidth, int64_t delay_us, int64_t now_us)
{
    if (bandwidth->base_at_us == 0 || now_us - bandwidth->base_at_us >= BASE_EVERY_US) {
        memmove(bandwidth->bases + 1, bandwidth->bases,
                (BANDWIDTH_BASES - 1) * sizeof(bandwidth->bases[0]));
        bandwidth->bases[0] = delay_us;
        bandwidth->base_at_us = now_us;
    }
    if (delay_us < bandwidth->bases[0])
        bandwidth->bases[0] = delay_us;
    int64_t least = bandwidth->bases[0];
    for (size_t i = 1; i < BANDWIDTH_BASES; i++)
        if (bandwidth->bases[i] < least)
            least = bandwidth->bases[i];
    return least;
}

static bool is_of_probe(const struct bandwidth *bandwidth, uint16_t seq)
{
    if (!bandwidth->is_probing && !bandwidth->has_probe)
        return false;
    const uint16_t last = bandwidth->is_probing ? bandwidth->next_seq : bandwidth->probe_last;
    return rtp_seq_distance(bandwidth->probe_first, seq) >= 0 && rtp_seq_distance(seq, last) >= 0;
}

static void note_probe(struct bandwidth *bandwidth, uint16_t seq, uint32_t size, int64_t arrival_us)
{
    if (!is_of_probe(bandwidth, seq))
        return;
    if (bandwidth->probe_bytes == 0) {
        bandwidth->probe_arrived_us[0] = arrival_us;
        bandwidth->probe_bytes = 1;
    } else {
        bandwidth->probe_bytes += size;
    }
    bandwidth->probe_arrived_us[1] = arrival_us;
}

// The whole of it was told of.
static void end_probe(struct bandwidth *bandwidth)
{
    const int64_t sent_us = bandwidth->probe_sent_us[1] - bandwidth->probe_sent_us[0];
    const int64_t arrived_us = bandwidth->probe_arrived_us[1] - bandwidth->probe_arrived_us[0];
    bandwidth->has_probe = false;
    if (sent_us < PROBE_MIN_US || arrived_us < PROBE_MIN_US / 2)
        return;
    const double sent_bps = bandwidth->probe_sent_bytes * 8e6 / (double)sent_us;
    const double arrived_bps = bandwidth->probe_bytes * 8e6 / (double)arrived_us;
    const double found = arrived_bps >= sent_bps * PROBE_CARRIED
                                 ? (arrived_bps < sent_bps ? arrived_bps : sent_bps)
                                 : arrived_bps * PROBE_TO;
    if (found > (double)bandwidth->estimate_bps)
        bandwidth->estimate_bps = limited(bandwidth, found);
}

static void note_loss(struct bandwidth *bandwidth, bool is_lost, int64_t now_us)
{
    bandwidth->loss += ((double)is_lost - bandwidth->loss) * LOSS_WEIGHT;
    if (bandwidth->loss < LOSS_HEAVY)
        bandwidth->lossy_us = 0;
    else if (bandwidth->lossy_us == 0)
        bandwidth->lossy_us = now_us;
}

static void note_queue(struct bandwidth *bandwidth, int64_t least_us, int64_t now_us)
{
    memmove(bandwidth->queues + 1, bandwidth->queues,
            (BANDWIDTH_QUEUES - 1) * sizeof(bandwidth->queues[0]));
    bandwidth->queues[0] = (struct bandwidth_queue){ .at_us = now_us, .least_us = least_us };
    if (bandwidth->queue_count < BANDWIDTH_QUEUES)
        bandwidth->queue_count++;
}

// One message may tell of a frame that was sent as one burst, so it takes several of them.
static bool queue_stands(const struct bandwidth *bandwidth, int64_t now_us)
{
    for (size_t i = 0; i < bandwidth->queue_count; i++) {
        if (bandwidth->queues[i].least_us < STANDS_US)
            return i > 1 && bandwidth->queues[0].least_us >= OVERFLOWS_US;
        if (now_us - bandwidth->queues[i].at_us >= STANDS_FOR_US)
            return true;
    }
    return bandwidth->queue_count == BANDWIDTH_QUEUES;
}

static void lower(struct bandwidth *bandwidth, double bps, int64_t now_us)
{
    bandwidth->lower_at_us = now_us;
    bandwidth->lossy_us = 0;
    if (bps < (double)bandwidth->estimate_bps)
        bandwidth->estimate_bps = limited(bandwidth, bps);
}

// A probe may fill a queue; that is gone soon.
static bool may_lower(const struct bandwidth *bandwidth, int64_t now_us)
{
    if (bandwidth->probe_end_us != 0 && now_us - bandwidth->probe_end_us < AFTER_PROBE_US)
        return false;
    return bandwidth->lower_at_us == 0 || now_us - bandwidth->lower_at_us >= LOWER_EVERY_US;
}

static void raise(struct bandwidth *bandwidth, double most_bps, int64_t since_us, int64_t now_us)
{
    const double bps = (double)bandwidth->estimate_bps;
    if (bandwidth->lower_at_us != 0 && now_us - bandwidth->lower_at_us < RAISE_AFTER_US)
        return;
    double raised = bps * (1 + RAISE_A_SECOND * (double)since_us / 1e6);
    if (raised > most_bps)
        raised = most_bps;
    if (raised > bps)
        bandwidth->estimate_bps = limited(bandwidth, raised);
}

static int64_t since_heard(struct bandwidth *bandwidth, int64_t now_us)
{
    const int64_t since_us = bandwidth->heard_us ? now_us - bandwidth->heard_us : 0;
    bandwidth->heard_us = now_us;
    return since_us < 1000000 ? since_us : 1000000;
}

// After less was sent, what waits on the path gets less. Where it stays as it was though nothing is
// lost, it is no queue of ours: an end that is late, a longer way.
static bool is_ours(const struct bandwidth *bandwidth, int64_t now_us)
{
    const size_t oldest = bandwidth->queue_count - 1;
    const bool was_lowered =
            bandwidth->lower_at_us != 0 && now_us - bandwidth->lower_at_us < LOWERED_US;
    const int64_t grown_us =
            bandwidth->queues[0].least_us - bandwidth->queues[oldest > 5 ? 5 : oldest].least_us;
    return !was_lowered || grown_us > GROWS_US || bandwidth->loss >= LOSS_OURS;
}

static void begin_anew(struct bandwidth *bandwidth, int64_t now_us)
{
    const int64_t base_us = bandwidth->delay_us;
    for (size_t i = 0; i < BANDWIDTH_BASES; i++)
        bandwidth->bases[i] = NO_BASE;
    bandwidth->bases[0] = base_us;
    bandwidth->base_at_us = now_us;
    bandwidth->queue_count = 0;
}

static void judge(struct bandwidth *bandwidth, int64_t now_us, int64_t since_us)
{
    const int64_t arrived_bps = rate_of(bandwidth, RATE_BUCKETS);
    if (arrived_bps == 0)
        return;
    const bool is_lossy = bandwidth->lossy_us != 0 && now_us - bandwidth->lossy_us >= LOSS_FOR_US;
    const bool stands = queue_stands(bandwidth, now_us) && may_lower(bandwidth, now_us);
    if (stands && !is_ours(bandwidth, now_us))
        begin_anew(bandwidth, now_us);
    else if (stands || (is_lossy && may_lower(bandwidth, now_us)))
        lower(bandwidth, (double)carried_bps(bandwidth) * LOWER_TO, now_us);
    else if (bandwidth->queue_count > 0 && bandwidth->queues[0].least_us < STANDS_US / 2)
        raise(bandwidth, (double)arrived_bps * RAISE_UP_TO, since_us, now_us);
}

// What left over some time and arrived in one moment waited for its reader, not for the path: a
// path lets one after the other through.
struct heap {
    bool has_first;
    int64_t sent_us, arrived_us;
};

static bool is_heap(struct heap *heap, int64_t sent_us, int64_t arrived_us)
{
    if (!heap->has_first || arrived_us - heap->arrived_us > HEAP_US)
        *heap = (struct heap){ .has_first = true, .sent_us = sent_us, .arrived_us = arrived_us };
    return sent_us - heap->sent_us >= HEAP_SENT_US;
}

void bandwidth_feedback(struct bandwidth *bandwidth, const struct transport_cc_result *results,
        size_t count, int64_t now_us)
{
    struct heap heap = { 0 };
    int64_t least_us = INT64_MAX, base_us = 0;
    bool ends_probe = false;
    for (size_t i = 0; i < count; i++) {
        const struct transport_cc_result *result = &results[i];
        struct bandwidth_packet *packet = &bandwidth->sent[result->seq & SENT_MASK];
        if (packet->size == 0 || packet->seq != result->seq)
            continue;
        note_loss(bandwidth, !result->received, now_us);
        ends_probe |=
                bandwidth->has_probe && rtp_seq_distance(bandwidth->probe_last, result->seq) >= 0;
        if (result->received) {
            const int64_t delay_us = result->arrival_us - packet->sent_us;
            if (is_heap(&heap, packet->sent_us, result->arrival_us))
                bandwidth->heap_us = now_us;
            base_us = base_delay(bandwidth, delay_us, now_us);
            if (delay_us < least_us)
                least_us = delay_us;
            note_bytes(bandwidth, result->arrival_us, packet->size);
            note_probe(bandwidth, result->seq, packet->size, result->arrival_us);
        }
        packet->size = 0;
    }
    const int64_t since_us = since_heard(bandwidth, now_us);
    bandwidth->source = BANDWIDTH_FEEDBACK;
    if (least_us != INT64_MAX)
        bandwidth->delay_us = least_us;
    if (bandwidth->heap_us != 0 && now_us - bandwidth->heap_us < AFTER_HEAP_US)
        bandwidth->queue_count = 0;
    else if (least_us != INT64_MAX)
        note_queue(bandwidth, least_us - base_us, now_us);
    judge(bandwidth, now_us, since_us);
    if (ends_probe)
        end_probe(bandwidth);
}

// --- less precise sources ------------------------------------------------------------------------

void bandwidth_remb(struct bandwidth *bandwidth, uint64_t bps, int64_t now_us)
{
    if (bandwidth->source == BANDWIDTH_FEEDBACK)
        return;
    bandwidth->source = BANDWIDTH_REMB;
    since_heard(bandwidth, now_us);
    const double said = bps > INT32_MAX ? (double)INT32_MAX : (double)bps;
    if (said < (double)bandwidth->estimate_bps * LOWER_TO)
        lower(bandwidth, said, now_us);
    bandwidth->estimate_bps = limited(bandwidth, said);
}

void bandwidth_report(
        struct bandwidth *bandwidth, uint8_t fraction_lost, int64_t round_trip_us, int64_t now_us)
{
    if (round_trip_us >= 0) {
        const int64_t least_us = bandwidth->least_round_trip_us;
        bandwidth->round_trip_us = round_trip_us;
        if (least_us < 0 || round_trip_us < least_us)
            bandwidth->least_round_trip_us = round_trip_us;
    }
    if (bandwidth->source == BANDWIDTH_FEEDBACK || bandwidth->source == BANDWIDTH_REMB)
        return;
    const int64_t since_us = since_heard(bandwidth, now_us);
    const double loss = fraction_lost / 256.0;
    const bool waits = bandwidth->least_round_trip_us >= 0 &&
                       bandwidth->round_trip_us - bandwidth->least_round_trip_us > ROUND_TRIP_US;
    bandwidth->source = BANDWIDTH_REPORTS;
    if ((loss >= LOSS_HEAVY || waits) && may_lower(bandwidth, now_us)) {
        const double left = 1 - loss / 2;
        lower(bandwidth,
                (double)bandwidth->estimate_bps * (left < LOWER_TO || !waits ? left : LOWER_TO),
                now_us);
    } else {
        raise(bandwidth, 1e12, since_us, now_us);
    }
}

void bandwidth_lower(struct bandwidth *bandwidth, int64_t now_us)
{
    lower(bandwidth, (double)bandwidth->estimate_bps * LOWER_TO, now_us);
}

void bandwidth_poll(struct bandwidth *bandwidth, int64_t now_us)
{
    // Nothing comes back though something is sent: whatever it carried, it does no more.
    const bool is_silent = bandwidth->source == BANDWIDTH_FEEDBACK &&
                           now_us - bandwidth->heard_us >= SILENT_US &&
                           now_us - bandwidth->sent_us < SILENT_US / 2;
    if (is_silent && now_us - bandwidth->lower_at_us >= SILENT_US)
        lower(bandwidth, (double)bandwidth->estimate_bps / 2, now_us);
}

int64_t bandwidth_bps(const struct bandwidth *bandwidth)
{
    return bandwidth->estimate_bps;
}

int64_t bandwidth_queue_us(const struct bandwidth *bandwidth)
{
    return bandwidth->queue_count > 0 ? bandwidth->queues[0].least_us : 0;
}

enum bandwidth_source bandwidth_source(const struct bandwidth *bandwidth)
{
    return bandwidth->source;
}

bool bandwidth_is_low(const struct bandwidth *bandwidth, int64_t now_us, int64_t us)
{
    return bandwidth->lower_at_us != 0 && now_us - bandwidth->lower_at_us < us;
}
