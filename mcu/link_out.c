// SPDX-License-Identifier: Apache-2.0
#include "mcu/link_out.h"

#include <glib.h>
#include <string.h>

#include "common/rtp/feedback.h"
#include "mcu/metrics.h"

#define BEYOND         54      // bytes of a packet beside RTP: SRTP's tag, UDP, IP and Ethernet
#define START_BPS      8000000 // of a link of which nothing is known
#define MOST_BPS       20000000
#define DECLARED_SHARE 95 // percent that is ours
#define THIN_BPS       1000000
#define POLL_EVERY_US  100000
#define SECOND_US      1000000
#define OVERRUN_US     10000000
#define LOW_US         5000000 // congestion holds a step up back for so long
#define CREDIT_US      40000
#define CREDIT_MIN     300 // the last packet of a train may be larger
#define HOLD_MAX_US    400000
#define HOLD_LEFT_US   30000 // of the queue
#define PACE_MIN_BPS   30000
#define SOUND_BPS      65000 // Opus at 32 kb/s in packets of 20 ms
#define STILL_BPS      22000 // a still picture may take its time
#define SOUND_THIN_BPS 28000 // at 16 kb/s in packets of 60 ms
#define PROBE_QUEUE_US 50000 // more than that is answer enough
#define PROBE_US       100000
#define FEEDBACK_MAX   1024

void link_out_init(struct link_out *link, link_out_send_fn *send, void *user, int64_t now_us)
{
    *link = (struct link_out){
        .send = send,
        .user = user,
        .canvas = { .top = TIER_180P },
        .most = TIER_1080P,
    };
    link_out_restart(link, now_us);
}

static struct bandwidth_config limits(const struct link_out *link)
{
    const int64_t declared_bps = link->declared_bps * DECLARED_SHARE / 100;
    return (struct bandwidth_config){
        .start_bps = declared_bps > 0 ? declared_bps : START_BPS,
        .max_bps = declared_bps > 0 ? declared_bps : MOST_BPS,
    };
}

static struct tier_choice_input choice_input(const struct link_out *link, int64_t now_us)
{
    const int64_t content_bps = link->bps[LINK_CONTENT];
    return (struct tier_choice_input){
        .now_us = now_us,
        .estimate_bps = bandwidth_bps(&link->bandwidth),
        .other_bps = MAX(SOUND_BPS, link->bps[LINK_SOUND]) + content_bps,
        // Who speaks has an encode of its own, also on a thin link.
        .thin_bps = content_bps + (link->choice.step <= TIER_STILL
                                                  ? MAX(SOUND_THIN_BPS, link->bps[LINK_SOUND])
                                                  : SOUND_THIN_BPS),
        .is_low = bandwidth_is_low(&link->bandwidth, now_us, LOW_US),
        .most = link->most,
    };
}

void link_out_restart(struct link_out *link, int64_t now_us)
{
    const struct bandwidth_config config = limits(link);
    bandwidth_init(&link->bandwidth, &config);
    memset(link->bytes, 0, sizeof(link->bytes));
    memset(link->bps, 0, sizeof(link->bps));
    link->polled_us = link->second_us = link->credit_us = now_us;
    link->credit_bytes = 0;
    link->probe_bps = link->held_until_us = link->overrun_us = 0;
    const struct tier_choice_input input = choice_input(link, now_us);
    tier_choice_init(&link->choice, &link->canvas, &input);
}

void link_out_set_canvas(struct link_out *link, const struct tier_choice_config *canvas)
{
    if (link->canvas.kbps == canvas->kbps && link->canvas.top == canvas->top)
        return;
    const struct tier_choice_input input = choice_input(link, link->polled_us);
    link->canvas = *canvas;
    tier_choice_init(&link->choice, canvas, &input);
}

void link_out_set_declared(struct link_out *link, int declared_kbps)
{
    if (link->declared_bps == declared_kbps * INT64_C(1000))
        return;
    link->declared_bps = declared_kbps * INT64_C(1000);
    const struct bandwidth_config config = limits(link);
    bandwidth_set_limits(&link->bandwidth, &config);
    if (bandwidth_source(&link->bandwidth) != BANDWIDTH_GUESS)
        return; // it follows by itself
    const struct tier_choice_input input = choice_input(link, link->polled_us);
    tier_choice_init(&link->choice, &link->canvas, &input);
}

void link_out_set_most(struct link_out *link, enum tier_step most)
{
    link->most = most;
}

// --- sending -------------------------------------------------------------------------------------

void link_out_write(struct link_out *link, enum link_kind kind, uint8_t *payload, size_t size,
        const struct rtp_header *header, uint8_t extension, int64_t now_us, struct peer_packet *out)
{
    const size_t whole = LINK_OUT_HEADROOM + size + BEYOND;
    const struct rtp_extension_ids ids = { .transport_seq = extension };
    struct rtp_extensions extensions = { .has_transport_seq = extension != 0 };
    if (extension)
        extensions.transport_seq = bandwidth_sent(&link->bandwidth, whole, now_us);
    link->bytes[kind] += (int64_t)whole;
    link->credit_bytes -= (int64_t)whole;
    if (link->probe_bps > 0)
        link->probe_bytes += (int64_t)whole;

    uint8_t head[LINK_OUT_HEADROOM];
    const int written = rtp_packet_write_header(head, sizeof(head), header, &ids, &extensions);
    g_assert(written > 0); // one extension of two bytes always fits
    memcpy(payload - written, head, (size_t)written);
    *out = (struct peer_packet){ .data = payload - written, .size = size + (size_t)written };
}

// One burst takes packets of one size, of which the last may be smaller.
static size_t burst_length(const struct peer_packet *packets, size_t count)
{
    size_t length = 1;
    while (length < count && packets[length].size == packets[0].size)
        length++;
    if (length < count && packets[length].size < packets[0].size)
        length++;
    return length;
}

void link_out_send(struct link_out *link, const struct peer_packet *packets, size_t count)
{
    size_t bytes = 0, dropped = 0;
    for (size_t at = 0; at < count;) {
        const size_t length = burst_length(packets + at, count - at);
        const size_t sent = link->send(link->user, packets + at, length);
        dropped += length - sent;
        for (size_t i = 0; i < length; i++)
            bytes += packets[at + i].size;
        at += length;
    }
    metric_add(&mcu_rtp_send_dropped_total, (int64_t)dropped);
    metric_add(&mcu_rtp_out_packets_total, (int64_t)(count - dropped));
    metric_add(&mcu_rtp_out_bytes_total, (int64_t)bytes);
}

// --- what comes back -----------------------------------------------------------------------------

// Until what waits on the path is gone.
static void hold(struct link_out *link, int64_t now_us)
{
    const int64_t queue_us = bandwidth_queue_us(&link->bandwidth) - HOLD_LEFT_US;
    link->held_until_us = now_us + CLAMP(queue_us, 0, HOLD_MAX_US);
}

void link_out_feedback(struct link_out *link, const struct rtcp_packet *packet, int64_t now_us)
{
    struct transport_cc_result results[FEEDBACK_MAX];
    uint64_t bps = 0;
    if (feedback_kind(packet) == FEEDBACK_REMB) {
        if (feedback_read_remb(packet, &bps) == 0)
            bandwidth_remb(&link->bandwidth, bps, now_us);
        return;
    }
    const int count = transport_cc_read(packet, results, FEEDBACK_MAX);
    if (count < 0) {
        metric_add(&mcu_rtcp_malformed_total, 1);
        return;
    }
    const bool was_low = bandwidth_is_low(&link->bandwidth, now_us, 1);
    bandwidth_feedback(&link->bandwidth, results, (size_t)MIN(count, FEEDBACK_MAX), now_us);
    // What waits on the path would delay the sound; the smaller picture needs a moment anyway.
    if (!was_low && bandwidth_is_low(&link->bandwidth, now_us, 1))
        hold(link, now_us);
}

void link_out_report(
        struct link_out *link, uint8_t fraction_lost, int64_t round_trip_us, int64_t now_us)
{
    bandwidth_report(&link->bandwidth, fraction_lost, round_trip_us, now_us);
}

void link_out_overrun(struct link_out *link, int64_t now_us)
{
    if (link->overrun_us && now_us - link->overrun_us < OVERRUN_US)
        bandwidth_lower(&link->bandwidth, now_us);
    link->overrun_us = now_us;
}

// --- what to do about it -------------------------------------------------------------------------

static void count_second(struct link_out *link, int64_t now_us)
{
    const int64_t since_us = now_us - link->second_us;
    for (int kind = 0; since_us > 0 && kind < LINK_KIND_COUNT; kind++) {
        const int64_t bps = link->bytes[kind] * 8 * SECOND_US / since_us;
        link->bps[kind] = MAX(bps, link->bps[kind] * 3 / 4);
        link->bytes[kind] = 0;
    }
    link->second_us = now_us;
}

static void begin_probe(struct link_out *link, int64_t now_us)
{
    if (bandwidth_source(&link->bandwidth) != BANDWIDTH_FEEDBACK)
        return;
    link->probe_bps = link->choice.probe_bps;
    link->probe_end_us = now_us + PROBE_US;
    link->probe_bytes = 0;
    bandwidth_probe_begin(&link->bandwidth, now_us);
    metric_add(&mcu_link_probes_total, 1);
}

size_t link_out_padding(struct link_out *link, int64_t now_us)
{
    if (link->probe_bps == 0)
        return 0;
    if (now_us >= link->probe_end_us || bandwidth_queue_us(&link->bandwidth) > PROBE_QUEUE_US) {
        link->probe_bps = 0;
        bandwidth_probe_end(&link->bandwidth, now_us);
        hold(link, now_us);
        return 0;
    }
    const int64_t gone_us = now_us - (link->probe_end_us - PROBE_US) + POLL_EVERY_US / 5;
    const int64_t due = link->probe_bps * gone_us / SECOND_US / 8;
    return due > link->probe_bytes ? (size_t)(due - link->probe_bytes) : 0;
}

bool link_out_poll(struct link_out *link, int64_t now_us)
{
    if (now_us - link->second_us >= SECOND_US)
        count_second(link, now_us);
    if (now_us - link->polled_us < POLL_EVERY_US)
        return false;
    link->polled_us = now_us;
    bandwidth_poll(&link->bandwidth, now_us);
    const enum tier_step before = link->choice.step;
    const struct tier_choice_input input = choice_input(link, now_us);
    const bool changed = tier_choice_update(&link->choice, &input);
    if (link->choice.probe_bps > 0 && link->probe_bps == 0)
        begin_probe(link, now_us);
    if (!changed)
        return false;
    if (link->choice.step > before)
        metric_add(&mcu_tier_up_total, 1);
    else if (before > link->most)
        metric_add(&mcu_tier_down_overload_total, 1);
    else
        metric_add(&mcu_tier_down_link_total, 1);
    return true;
}

enum tier_step link_out_step(const struct link_out *link)
{
    return link->choice.step;
}

int64_t link_out_estimate_bps(const struct link_out *link)
{
    return bandwidth_bps(&link->bandwidth);
}

bool link_out_is_paced(const struct link_out *link, int64_t now_us)
{
    return bandwidth_bps(&link->bandwidth) < THIN_BPS || now_us < link->held_until_us;
}

bool link_out_has_estimate(const struct link_out *link)
{
    return bandwidth_source(&link->bandwidth) != BANDWIDTH_GUESS;
}

bool link_out_is_low(const struct link_out *link, int64_t now_us)
{
    return bandwidth_is_low(&link->bandwidth, now_us, LOW_US);
}

int64_t link_out_pace_bps(const struct link_out *link)
{
    const int64_t bps = bandwidth_bps(&link->bandwidth);
    if (link->choice.step <= TIER_STILL)
        return MAX(MIN(bps, SOUND_THIN_BPS + STILL_BPS), PACE_MIN_BPS);
    if (bps >= THIN_BPS)
        return bps * 5 / 4;
    const int64_t needs_bps = tier_choice_needs_bps(&link->canvas, link->choice.step) + SOUND_BPS;
    return MAX(bps * 9 / 10, needs_bps);
}

int64_t link_out_credit(struct link_out *link, int64_t now_us)
{
    const int64_t pace_bps = link_out_pace_bps(link);
    const int64_t most = MAX(pace_bps * CREDIT_US / SECOND_US / 8, CREDIT_MIN);
    const int64_t since_us = CLAMP(now_us - link->credit_us, 0, SECOND_US);
    link->credit_us = now_us;
    if (now_us < link->held_until_us)
        return 0;
    link->credit_bytes = MIN(link->credit_bytes + pace_bps * since_us / SECOND_US / 8, most);
    // A burst of sound or repair is paid off at once, not by a long silence of the picture.
    link->credit_bytes = MAX(link->credit_bytes, -most);
    return link->credit_bytes;
}
