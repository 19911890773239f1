// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/receive_stats.h"

#include <string.h>

#include "common/rtp/packet.h"

void receive_stats_init(struct receive_stats *stats, uint32_t ssrc, uint32_t clock_rate)
{
    memset(stats, 0, sizeof(*stats));
    stats->ssrc = ssrc;
    stats->clock_rate = clock_rate;
}

// RFC 3550 A.8, with jitter kept in sixteenths.
static void note_transit(struct receive_stats *stats, uint32_t timestamp, int64_t now_us)
{
    int64_t now =
            now_us / 1000 * stats->clock_rate / 1000 + now_us % 1000 * stats->clock_rate / 1000000;
    uint32_t transit = (uint32_t)now - timestamp;
    int32_t step = (int32_t)(transit - (uint32_t)stats->last_transit);
    stats->last_transit = transit;
    if (!stats->started)
        return;
    uint32_t size = (uint32_t)(step < 0 ? -(int64_t)step : step);
    stats->jitter_x16 += size - ((stats->jitter_x16 + 8) >> 4);
}

void receive_stats_arrived(struct receive_stats *stats, uint16_t seq, uint32_t timestamp,
        size_t payload_size, int64_t now_us)
{
    note_transit(stats, timestamp, now_us);
    stats->received++;
    stats->bytes += payload_size;
    if (!stats->started) {
        stats->started = true;
        stats->highest = seq;
        stats->base_seq = seq;
        return;
    }
    if (rtp_seq_distance(stats->highest, seq) <= 0)
        return;
    if (seq < stats->highest)
        stats->cycles += 0x10000;
    stats->highest = seq;
}

void receive_stats_sender_report(struct receive_stats *stats, uint64_t ntp, int64_t now_us)
{
    stats->last_sr = (uint32_t)(ntp >> 16);
    stats->last_sr_us = now_us;
}

static uint32_t expected(const struct receive_stats *stats)
{
    return stats->started ? stats->cycles + stats->highest - stats->base_seq + 1 : 0;
}

static int64_t lost(const struct receive_stats *stats)
{
    return (int64_t)expected(stats) - (int64_t)stats->received;
}

static uint8_t fraction_lost(struct receive_stats *stats)
{
    uint32_t expected_now = expected(stats);
    int64_t expected_since = (int64_t)expected_now - stats->expected_prior;
    int64_t received_since = (int64_t)stats->received - stats->received_prior;
    stats->expected_prior = expected_now;
    stats->received_prior = (uint32_t)stats->received;
    int64_t lost_since = expected_since - received_since;
    if (expected_since <= 0 || lost_since <= 0)
        return 0;
    int64_t fraction = (lost_since << 8) / expected_since;
    return (uint8_t)(fraction > UINT8_MAX ? UINT8_MAX : fraction);
}

void receive_stats_report(
        struct receive_stats *stats, int64_t now_us, struct rtcp_report_block *out)
{
    int64_t total = lost(stats);
    memset(out, 0, sizeof(*out));
    out->ssrc = stats->ssrc;
    out->fraction_lost = fraction_lost(stats);
    out->packets_lost = (int32_t)(total > 0x7fffff    ? 0x7fffff
                                  : total < -0x800000 ? -0x800000
                                                      : total);
    out->highest_seq = stats->cycles + stats->highest;
    out->jitter = stats->jitter_x16 >> 4;
    if (stats->last_sr_us != 0) {
        out->last_sr = stats->last_sr;
        out->delay_since_sr = (uint32_t)((now_us - stats->last_sr_us) * 65536 / 1000000);
    }
}

uint32_t receive_stats_lost(const struct receive_stats *stats)
{
    int64_t total = lost(stats);
    return total > 0 ? (uint32_t)total : 0;
}

uint32_t receive_stats_jitter_us(const struct receive_stats *stats)
{
    return (uint32_t)((uint64_t)(stats->jitter_x16 >> 4) * 1000000 / stats->clock_rate);
}
