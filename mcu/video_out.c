// SPDX-License-Identifier: Apache-2.0
#include "mcu/video_out.h"

#include <string.h>

#include "mcu/metrics.h"

#define GOP_PRESSED    40 // a second of pictures is shown within one picture's time
#define GOP_BACKLOG_US 300000
#define BACKLOG_US     400000 // of pictures behind a key frame
#define QUEUE_MASK     (VIDEO_OUT_QUEUE - 1)
#define BURST          24
#define OSN            2                        // bytes of the original sequence number (RFC 4588)
#define BEYOND         (LINK_OUT_HEADROOM + 54) // bytes of a packet on the wire beside its payload

_Static_assert((VIDEO_OUT_QUEUE & QUEUE_MASK) == 0, "a power of two");
_Static_assert(VIDEO_OUT_QUEUE > TIER_PACKETS_FRAME, "a picture fits");

// A payload with room before it.
struct copy {
    uint8_t data[LINK_OUT_HEADROOM + OSN + TIER_PAYLOAD_MAX];
};

void video_out_init(struct video_out *out, const struct video_out_config *config)
{
    out->config = *config;
    out->rtx_seq = (uint16_t)(config->rtx_ssrc & 0x7fff);
    out->is_waiting = out->is_new = true;
    out->has_gop = out->is_within = out->has_left_out = false;
    out->head = out->count = out->bytes = 0;
    out->former = NULL;
    stream_out_init(&out->stream, config->ssrc, 90000, (uint16_t)(config->ssrc & 0x7fff),
            config->ssrc * 2654435761u);
}

// --- which tier ----------------------------------------------------------------------------------

static void want_key_frame_if_old(const struct tier_feed *feed, int64_t now_us)
{
    struct tier_gop gop;
    if (feed && !tier_feed_recent_gop(feed, now_us, &gop))
        tier_want_key_frame(tier_feed_tier(feed));
}

// Pictures of which nothing was sent yet are left out; the receiver sees no gap.
static void forget_queued(struct video_out *out)
{
    size_t kept = 0;
    bool is_within = out->is_within;
    size_t bytes = 0;
    while (is_within && kept < out->count) {
        const struct video_out_packet *packet = &out->queue[(out->head + kept++) & QUEUE_MASK];
        bytes += packet->size;
        is_within = !packet->is_last;
    }
    out->has_left_out |= kept < out->count;
    out->count = kept;
    out->bytes = bytes;
}

void video_out_restart(struct video_out *out, int64_t now_us)
{
    if (out->next)
        out->feed = out->next;
    out->next = NULL;
    out->is_waiting = out->is_new = true;
    want_key_frame_if_old(out->feed, now_us);
}

void video_out_set_feed(struct video_out *out, struct tier_feed *feed, int64_t now_us)
{
    out->next = NULL;
    if (feed == out->feed)
        return;
    if (!feed) {
        out->former = out->feed;
        out->feed = NULL;
        forget_queued(out);
        return;
    }
    if (out->feed)
        out->next = feed;
    else
        out->feed = feed;
    out->is_waiting |= !out->next;
    want_key_frame_if_old(feed, now_us);
}

void video_out_drop_feed(struct video_out *out, const struct tier_feed *feed)
{
    if (out->former == feed)
        out->former = NULL;
    if (out->next == feed)
        out->next = NULL;
    if (out->feed != feed)
        return;
    out->feed = out->next;
    out->next = NULL;
    out->is_waiting = true;
}

static const struct tier_feed *feed_of(const struct video_out *out, uint32_t tier)
{
    const struct tier_feed *feeds[] = { out->feed, out->former, out->next };
    for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++)
        if (feeds[i] && tier_feed_id(feeds[i]) == tier)
            return feeds[i];
    return NULL;
}

// --- sending -------------------------------------------------------------------------------------

static struct rtp_header header_of(
        const struct video_out *out, bool is_last, uint16_t seq, uint32_t timestamp)
{
    return (struct rtp_header){
        .marker = is_last,
        .payload_type = out->config.payload_type,
        .seq = seq,
        .timestamp = timestamp,
        .ssrc = out->stream.ssrc,
    };
}

static void send_at_once(struct video_out *out, struct link_out *link, uint16_t tier,
        const struct tier_frame *frame, int64_t now_us)
{
    struct peer_packet packets[TIER_PACKETS_FRAME];
    size_t count = 0;
    if (out->has_left_out)
        stream_out_pause(&out->stream);
    out->has_left_out = false;
    for (size_t i = 0; i < frame->count; i++) {
        struct tier_packet *packet = &frame->packets[i];
        uint16_t seq = 0;
        uint32_t timestamp = 0;
        if (!stream_out_map(&out->stream, tier, packet->seq, packet->timestamp, packet->size,
                    frame->pts_us, &seq, &timestamp))
            continue;
        const struct rtp_header header = header_of(out, packet->is_last, seq, timestamp);
        link_out_write(link, out->config.kind, packet->data + LINK_OUT_HEADROOM, packet->size,
                &header, out->config.extension, now_us, &packets[count++]);
    }
    link_out_send(link, packets, count);
}

// The tier's time of a packet, or that of a packet that was pressed together with others.
static uint32_t tier_timestamp(
        const struct video_out *out, uint16_t tier, uint16_t seq, uint32_t timestamp)
{
    const bool is_of_gop = out->has_gop && out->gop_tier == tier &&
                           rtp_seq_distance(out->gop.first_seq, seq) >= 0 &&
                           rtp_seq_distance(seq, out->gop.last_seq) >= 0;
    if (!is_of_gop)
        return timestamp;
    return out->gop_timestamp - (out->gop_timestamp - timestamp) / GOP_PRESSED;
}

// False: it is gone, or from before the switch to its tier.
static bool write_queued(struct video_out *out, struct link_out *link,
        const struct video_out_packet *queued, struct copy *copy, int64_t now_us,
        struct peer_packet *packet)
{
    const struct tier_feed *feed = feed_of(out, queued->tier);
    struct rtp_packet kept;
    uint16_t seq = 0;
    uint32_t timestamp = 0;
    if (queued->is_after)
        stream_out_pause(&out->stream);
    if (!feed || !tier_feed_find(feed, queued->seq, &kept) ||
            !stream_out_map(&out->stream, queued->tier, queued->seq,
                    tier_timestamp(out, queued->tier, queued->seq, kept.timestamp),
                    kept.payload_size, queued->pts_us, &seq, &timestamp))
        return false;
    const struct rtp_header header = header_of(out, kept.marker, seq, timestamp);
    memcpy(copy->data + LINK_OUT_HEADROOM, kept.payload, kept.payload_size);
    link_out_write(link, out->config.kind, copy->data + LINK_OUT_HEADROOM, kept.payload_size,
            &header, out->config.extension, now_us, packet);
    return true;
}

void video_out_poll(struct video_out *out, struct link_out *link, int64_t now_us)
{
    struct copy copies[BURST];
    struct peer_packet packets[BURST];
    while (out->count > 0) {
        int64_t credit = link_out_credit(link, now_us);
        size_t count = 0;
        while (out->count > 0 && credit > 0 && count < BURST) {
            const struct video_out_packet queued = out->queue[out->head];
            out->head = (out->head + 1) & QUEUE_MASK;
            out->count--;
            out->bytes -= queued.size;
            credit -= queued.size;
            out->is_within = !queued.is_last;
            if (write_queued(out, link, &queued, &copies[count], now_us, &packets[count]))
                count++;
        }
        link_out_send(link, packets, count);
        if (credit <= 0)
            return;
    }
}

static void enqueue(struct video_out *out, uint16_t tier, uint16_t seq, size_t size, bool is_last,
        int64_t pts_us)
{
    out->queue[(out->head + out->count++) & QUEUE_MASK] = (struct video_out_packet){
        .pts_us = pts_us,
        .tier = tier,
        .seq = seq,
        .size = (uint16_t)(size + BEYOND),
        .is_last = is_last,
        .is_after = out->has_left_out,
    };
    out->has_left_out = false;
    out->bytes += size + BEYOND;
}

static int64_t backlog_us(const struct link_out *link, size_t bytes)
{
    return (int64_t)bytes * 8 * 1000000 / link_out_pace_bps(link);
}

// Behind a key frame that takes long, those that follow wait as well.
static bool has_room(
        const struct video_out *out, const struct link_out *link, const struct tier_frame *frame)
{
    if (out->count + frame->count > VIDEO_OUT_QUEUE)
        return false;
    return frame->is_key ||
           backlog_us(link, out->bytes) <= BACKLOG_US + backlog_us(link, out->key_bytes);
}

static void drop_until_key_frame(struct video_out *out, struct link_out *link, int64_t now_us)
{
    metric_add(&mcu_video_out_backlog_total, 1);
    link_out_overrun(link, now_us);
    forget_queued(out);
    out->is_waiting = true;
    video_out_need_key_frame(out);
}

static void send_picture(struct video_out *out, struct link_out *link, uint16_t tier,
        const struct tier_frame *frame, int64_t now_us)
{
    if (out->count == 0 && !frame->is_key && !link_out_is_paced(link, now_us)) {
        send_at_once(out, link, tier, frame, now_us);
        return;
    }
    // A key frame stands for all that waits before it.
    if (frame->is_key)
        forget_queued(out);
    if (!has_room(out, link, frame)) {
        drop_until_key_frame(out, link, now_us);
        return;
    }
    const size_t before = out->bytes;
    for (size_t i = 0; i < frame->count; i++)
        enqueue(out, tier, frame->packets[i].seq, frame->packets[i].size, frame->packets[i].is_last,
                frame->pts_us);
    if (frame->is_key)
        out->key_bytes = out->bytes - before;
    video_out_poll(out, link, now_us);
}

static void enqueue_kept(struct video_out *out, const struct tier_feed *feed, uint16_t first_seq,
        uint16_t last_seq, int64_t pts_us)
{
    for (uint16_t seq = first_seq; seq != (uint16_t)(last_seq + 1); seq++) {
        struct rtp_packet kept;
        if (tier_feed_find(feed, seq, &kept))
            enqueue(out, tier_feed_id(feed), seq, kept.payload_size, kept.marker, pts_us);
    }
}

// Where the pictures since the last key frame are too much for this link: that one alone, so that
// who comes sees something at once. What moves begins with the next key frame.
static void send_still(struct video_out *out, struct link_out *link, const struct tier_feed *feed,
        const struct tier_frame *newest, int64_t now_us)
{
    struct tier_gop gop;
    if (!out->is_new || !tier_feed_recent_gop(feed, newest->pts_us, &gop) ||
            backlog_us(link, gop.key_bytes) > GOP_BACKLOG_US)
        return;
    out->is_new = false;
    enqueue_kept(out, feed, gop.first_seq, gop.key_last_seq, newest->pts_us);
    out->has_left_out = true;
    video_out_poll(out, link, now_us);
}

// What came since the last key frame, if that is little for this link. The newest picture is in it.
static bool send_gop(struct video_out *out, struct link_out *link, const struct tier_feed *feed,
        const struct tier_frame *newest)
{
    struct tier_gop gop;
    if (!tier_feed_recent_gop(feed, newest->pts_us, &gop) ||
            backlog_us(link, gop.bytes) > GOP_BACKLOG_US ||
            rtp_seq_distance(gop.first_seq, gop.last_seq) >= VIDEO_OUT_QUEUE / 2)
        return false;
    forget_queued(out);
    out->has_gop = true;
    out->gop_tier = tier_feed_id(feed);
    out->gop = gop;
    out->gop_timestamp = newest->packets[0].timestamp;
    enqueue_kept(out, feed, gop.first_seq, gop.last_seq, newest->pts_us);
    out->key_bytes = out->bytes;
    metric_add(&mcu_video_gops_sent_total, 1);
    return true;
}

void video_out_send(struct video_out *out, struct link_out *link, struct tier_feed *feed,
        const struct tier_frame *frame, int64_t now_us)
{
    const bool is_next = feed == out->next && feed;
    if (feed != out->feed && !is_next)
        return;
    const uint16_t tier = tier_feed_id(feed);
    if (!is_next && !out->is_waiting) {
        send_picture(out, link, tier, frame, now_us);
        return;
    }
    const bool has_gop = !frame->is_key && send_gop(out, link, feed, frame);
    if (!frame->is_key && !has_gop) {
        if (!is_next)
            send_still(out, link, feed, frame, now_us);
        tier_want_key_frame(tier_feed_tier(feed));
        return;
    }
    if (is_next) {
        out->former = out->feed;
        out->feed = feed;
        out->next = NULL;
    }
    out->is_waiting = out->is_new = false;
    if (has_gop)
        video_out_poll(out, link, now_us);
    else
        send_picture(out, link, tier, frame, now_us);
}

// --- repair --------------------------------------------------------------------------------------

// How many bytes; 0: it is gone.
static size_t send_again(struct video_out *out, struct link_out *link, uint16_t seq, int64_t now_us)
{
    struct stream_out_origin origin;
    struct rtp_packet kept;
    if (!stream_out_find(&out->stream, seq, &origin))
        return 0;
    const struct tier_feed *feed = feed_of(out, origin.source);
    if (!feed || !tier_feed_find(feed, origin.seq, &kept))
        return 0;
    struct copy copy;
    uint8_t *payload = copy.data + LINK_OUT_HEADROOM;
    size_t size = kept.payload_size;
    struct rtp_header header = header_of(out, kept.marker, seq,
            tier_timestamp(out, (uint16_t)origin.source, origin.seq, kept.timestamp) +
                    origin.timestamp_offset);
    if (out->config.rtx_payload_type) {
        payload[0] = (uint8_t)(seq >> 8);
        payload[1] = (uint8_t)seq;
        memcpy(payload + OSN, kept.payload, size);
        size += OSN;
        header.payload_type = out->config.rtx_payload_type;
        header.ssrc = out->config.rtx_ssrc;
        header.seq = out->rtx_seq++;
    } else {
        memcpy(payload, kept.payload, size);
    }
    struct peer_packet packet;
    link_out_write(
            link, LINK_REPAIR, payload, size, &header, out->config.extension, now_us, &packet);
    link_out_send(link, &packet, 1);
    return packet.size;
}

// Asked for before, within a round trip or some.
static bool is_asked_again(struct video_out *out, uint16_t seq)
{
    for (size_t i = 0; i < VIDEO_OUT_ASKED; i++)
        if (out->asked[i] == seq)
            return true;
    out->asked[out->asked_count++ % VIDEO_OUT_ASKED] = seq;
    return false;
}

enum video_out_repair video_out_resend(
        struct video_out *out, struct link_out *link, uint16_t seq, int64_t now_us)
{
    // What does not fit is asked for again, or was not worth it.
    if (link_out_credit(link, now_us) <= 0)
        return VIDEO_OUT_NO_ROOM;
    if (send_again(out, link, seq, now_us) == 0)
        return VIDEO_OUT_GONE;
    // The third attempt would come too late to be unseen.
    if (is_asked_again(out, seq) && !link_out_is_low(link, now_us))
        send_again(out, link, seq, now_us);
    return VIDEO_OUT_SENT;
}

void video_out_pad(struct video_out *out, struct link_out *link, size_t bytes, int64_t now_us)
{
    if (!out->config.rtx_payload_type || !out->stream.started)
        return; // the same packet twice would be a replay
    uint16_t seq = (uint16_t)(out->stream.next_seq - 1);
    size_t done = 0, size = 1;
    for (int i = 0; i < BURST && done < bytes && size > 0; i++, seq--, done += size)
        size = send_again(out, link, seq, now_us);
}

void video_out_need_key_frame(const struct video_out *out)
{
    const struct tier_feed *feed = out->next ? out->next : out->feed;
    if (feed)
        tier_want_key_frame(tier_feed_tier(feed));
}
