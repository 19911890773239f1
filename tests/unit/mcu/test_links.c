// SPDX-License-Identifier: Apache-2.0
// What members on the links of the province receive: the net thread's own code (estimate, choice of
// a tier, switching, pacing, repair) between encoders that are not there and links that are posed,
// in a time that only the test moves. Every run is the same.
#include <glib.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/rtp/feedback.h"
#include "common/rtp/reorder.h"
#include "common/rtp/rtx.h"
#include "mcu/metrics.h"
#include "mcu/video_out.h"
#include "tests/load/link.h"

#include <cmocka.h>

#define STEP_US       5000
#define TICK_US       40000
#define POLL_US       20000
#define FEEDBACK_US   100000
#define PLI_US        500000
#define ORDER_US      60000 // until the control thread has started a tier and told the net thread
#define START_US      INT64_C(100000000)
#define SECOND        INT64_C(1000000)
#define WIDTH         1280
#define HEIGHT        720
#define FPS           25
#define KBPS          1500
#define EXTENSION     3
#define VIDEO_TYPE    102
#define RTX_TYPE      103
#define SOUND_TYPE    111
#define VIDEO_SSRC    1000
#define RTX_SSRC      2000
#define SOUND_SSRC    3000
#define RECEIVERS_MAX 8
#define SHOWN_MAX     20000
#define SOUND_LATE_US 200000 // a jitter buffer waits no longer

// --- tiers without encoders: these stand for mcu/tier.c ------------------------------------------

struct tier {
    struct tier_config config;
    struct ring *ring;
    bool is_running, key_wanted;
    int64_t key_us, pushed_us;
    uint16_t seq;
    uint32_t frame;
    int key_frames;
};

const struct tier_config *tier_config(const struct tier *tier)
{
    return &tier->config;
}

struct ring *tier_ring(struct tier *tier, int net)
{
    (void)net;
    return tier->ring;
}

void tier_want_key_frame(struct tier *tier)
{
    tier->key_wanted = true;
}

// --- the world -----------------------------------------------------------------------------------

// What each payload begins with.
struct mark {
    uint32_t frame;
    uint16_t step, index, count;
    uint8_t is_key;
};

struct packet {
    int64_t due_us, sent_us;
    bool is_rtcp;
    size_t size;
    uint8_t data[1400];
};

struct shown {
    int64_t at_us;
    enum tier_step step;
};

struct world;

struct receiver {
    struct world *world;
    struct link_out link;
    struct video_out out;
    struct link down, up;
    GQueue on_way[2]; // down, up
    int64_t ordered_us;
    enum tier_step ordered;
    bool is_told;

    // The far end.
    struct transport_cc_log arrivals;
    struct reorder *reorder;
    int64_t feedback_us, pli_us;
    bool has_picture;
    struct mark last; // decoded
    struct mark part; // being gathered
    uint16_t gathered;
    int plis, switches;
    size_t shown_count;
    struct shown shown[SHOWN_MAX];
    int64_t sound_sent, sound_arrived, sound_late;
    uint16_t sound_seq;
    int64_t bytes_down;
};

struct world {
    int64_t now_us;
    struct tier tiers[TIER_STEP_COUNT];
    struct tier_feed *feeds[TIER_STEP_COUNT];
    size_t count;
    struct receiver *receivers[RECEIVERS_MAX];
    uint64_t random;
    double overspent; // times what an encoder was told
    int64_t most_waiting_us;
};

static double draw(struct world *world)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (double)(world->random >> 11) / 9007199254740992.0;
}

static void encode(struct world *world, struct tier *tier)
{
    const struct tier_shape *shape = &tier->config.shape;
    const bool is_still = shape->interval_us > SECOND;
    if (world->now_us - tier->pushed_us < shape->interval_us - TICK_US / 2)
        return;
    const bool is_key = is_still || tier->frame == 0 ||
                        (tier->key_wanted && world->now_us - tier->key_us >= SECOND);
    if (is_key) {
        tier->key_us = world->now_us;
        tier->key_wanted = false;
        tier->key_frames++;
    }
    tier->pushed_us = world->now_us;
    tier->frame++;
    // As x264 does it with a buffer of 400 ms.
    const double mean = world->overspent * shape->kbps * 125.0 * shape->interval_us / 1e6;
    size_t left = (size_t)(is_still ? mean
                           : is_key ? world->overspent * shape->kbps * 125.0 * 0.35
                                    : mean * (0.6 + 0.6 * draw(world)));
    struct tier_packet packet = {
        .pts_us = world->now_us,
        .is_key = is_key,
        .timestamp = (uint32_t)(world->now_us * 9 / 100),
    };
    struct mark mark = {
        .frame = tier->frame,
        .step = (uint16_t)(tier - world->tiers),
        .count = (uint16_t)((left + (size_t)shape->payload_max - 1) / (size_t)shape->payload_max),
        .is_key = is_key,
    };
    for (; mark.index < mark.count; mark.index++) {
        packet.is_first = mark.index == 0;
        packet.is_last = mark.index == mark.count - 1;
        packet.seq = tier->seq++;
        const size_t size = MIN(left, (size_t)shape->payload_max);
        packet.size = (uint16_t)MAX(size, sizeof(mark));
        left -= size;
        memcpy(packet.data + LINK_OUT_HEADROOM, &mark, sizeof(mark));
        assert_true(ring_push(tier->ring, &packet));
    }
}

static void start_tier(struct world *world, enum tier_step step)
{
    struct tier *tier = &world->tiers[step];
    if (tier->is_running)
        return;
    tier->is_running = true;
    tier->config.id = (uint16_t)(step + 1);
    tier->config.shape = tier_step_shape(step, WIDTH, HEIGHT, FPS, KBPS);
    tier->ring = ring_new(sizeof(struct tier_packet), TIER_RING);
    world->feeds[step] = tier_feed_new(tier, 0);
}

// --- the way down and up -------------------------------------------------------------------------

static void put(struct receiver *receiver, int way, bool is_rtcp, const uint8_t *data, size_t size)
{
    struct link *link = way == 0 ? &receiver->down : &receiver->up;
    const int64_t due_us = link_take(link, receiver->world->now_us, size);
    if (due_us == LINK_LOST)
        return;
    struct packet *packet = g_new0(struct packet, 1);
    packet->due_us = due_us;
    packet->sent_us = receiver->world->now_us;
    packet->is_rtcp = is_rtcp;
    packet->size = size;
    assert_true(size <= sizeof(packet->data));
    memcpy(packet->data, data, size);
    g_queue_push_tail(&receiver->on_way[way], packet);
}

static size_t send_train(void *user, const struct peer_packet *packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(user, 0, false, packets[i].data, packets[i].size);
    return count;
}

static void begin_rtcp(struct bytes_writer *out, uint8_t *buffer, size_t room)
{
    const struct rtcp_report report = { .ssrc = 1 };
    bytes_writer_init(out, buffer, room);
    rtcp_write_report(out, &report);
}

static void end_rtcp(struct receiver *receiver, const struct bytes_writer *out)
{
    put(receiver, 1, true, out->begin, (size_t)bytes_writer_status(out));
}

static void ask_for_key_frame(struct receiver *receiver)
{
    uint8_t buffer[200];
    struct bytes_writer out;
    if (receiver->world->now_us - receiver->pli_us < PLI_US)
        return;
    receiver->pli_us = receiver->world->now_us;
    receiver->plis++;
    begin_rtcp(&out, buffer, sizeof(buffer));
    feedback_write_pli(&out, 1, VIDEO_SSRC);
    end_rtcp(receiver, &out);
}

static void show(struct receiver *receiver, const struct mark *mark)
{
    const bool follows = receiver->has_picture && receiver->last.step == mark->step &&
                         receiver->last.frame + 1 == mark->frame;
    if (!mark->is_key && !follows) {
        ask_for_key_frame(receiver);
        return;
    }
    receiver->switches += receiver->has_picture && receiver->last.step != mark->step;
    receiver->has_picture = true;
    receiver->last = *mark;
    assert_true(receiver->shown_count < SHOWN_MAX);
    const int64_t now_us = receiver->world->now_us;
    receiver->shown[receiver->shown_count++] = (struct shown){
        .at_us = now_us,
        .step = (enum tier_step)mark->step,
    };
}

static void take_ready(struct receiver *receiver)
{
    const uint8_t *data;
    uint16_t seq;
    size_t size;
    while ((data = reorder_next(receiver->reorder, receiver->world->now_us / 1000, &seq, &size)) !=
            NULL) {
        struct rtp_packet packet;
        struct mark mark;
        assert_int_equal(rtp_packet_read(data, size, &packet), 0);
        memcpy(&mark, packet.payload, sizeof(mark));
        if (mark.index == 0)
            receiver->gathered = 0;
        const bool is_next = mark.index == receiver->gathered &&
                             (mark.index == 0 || (mark.frame == receiver->part.frame &&
                                                         mark.step == receiver->part.step));
        receiver->part = mark;
        receiver->gathered = is_next ? (uint16_t)(receiver->gathered + 1) : UINT16_MAX;
        if (packet.marker && receiver->gathered == mark.count)
            show(receiver, &mark);
        else if (packet.marker)
            ask_for_key_frame(receiver);
    }
}

static void take_down(struct receiver *receiver, struct packet *way)
{
    struct rtp_packet packet;
    uint16_t transport_seq = 0;
    const int64_t now_us = receiver->world->now_us;
    assert_int_equal(rtp_packet_read(way->data, way->size, &packet), 0);
    receiver->bytes_down += (int64_t)way->size;
    assert_true(rtp_packet_transport_seq(&packet, EXTENSION, &transport_seq));
    transport_cc_log_arrived(&receiver->arrivals, transport_seq, way->due_us);
    if (packet.ssrc == SOUND_SSRC) {
        receiver->sound_arrived++;
        receiver->sound_late += way->due_us - way->sent_us > SOUND_LATE_US;
        return;
    }
    if (packet.ssrc == RTX_SSRC) {
        const int size = rtx_restore(way->data, way->size, VIDEO_SSRC, VIDEO_TYPE);
        assert_true(size > 0);
        way->size = (size_t)size;
        assert_int_equal(rtp_packet_read(way->data, way->size, &packet), 0);
    }
    reorder_push(receiver->reorder, packet.seq, way->data, way->size, now_us / 1000);
}

static void take_up(struct receiver *receiver, const struct packet *way)
{
    struct rtcp_packet packet;
    size_t at = 0;
    const int64_t now_us = receiver->world->now_us;
    while (rtcp_next(way->data, way->size, &at, &packet) == 1) {
        uint32_t ssrc;
        uint16_t seqs[64];
        switch (feedback_kind(&packet)) {
        case FEEDBACK_TRANSPORT_CC:
            link_out_feedback(&receiver->link, &packet, now_us);
            break;
        case FEEDBACK_PLI:
            video_out_need_key_frame(&receiver->out);
            break;
        case FEEDBACK_NACK:;
            const int count = feedback_read_nack(&packet, &ssrc, seqs, 64);
            for (int i = 0; i < count; i++)
                video_out_resend(&receiver->out, &receiver->link, seqs[i], now_us);
            break;
        default:
            break;
        }
    }
}

static void deliver(struct receiver *receiver)
{
    for (int way = 0; way < 2; way++) {
        struct packet *packet;
        while ((packet = g_queue_peek_head(&receiver->on_way[way])) != NULL &&
                packet->due_us <= receiver->world->now_us) {
            g_queue_pop_head(&receiver->on_way[way]);
            if (way == 0)
                take_down(receiver, packet);
            else
                take_up(receiver, packet);
            g_free(packet);
        }
    }
}

static void give_feedback(struct receiver *receiver)
{
    uint8_t buffer[1200];
    struct bytes_writer out;
    uint16_t seqs[64];
    const int64_t now_us = receiver->world->now_us;
    const size_t count = reorder_due(receiver->reorder, now_us / 1000, seqs, 64);
    if (count > 0) {
        begin_rtcp(&out, buffer, sizeof(buffer));
        feedback_write_nack(&out, 1, VIDEO_SSRC, seqs, count);
        end_rtcp(receiver, &out);
    }
    if (now_us - receiver->feedback_us < FEEDBACK_US)
        return;
    receiver->feedback_us = now_us;
    begin_rtcp(&out, buffer, sizeof(buffer));
    if (transport_cc_write(&receiver->arrivals, &out, 1, VIDEO_SSRC))
        end_rtcp(receiver, &out);
}

// --- what the net and control threads do ---------------------------------------------------------

static void send_sound(struct receiver *receiver)
{
    uint8_t packet[LINK_OUT_HEADROOM + 400] = { 0 };
    const bool is_thin = link_out_step(&receiver->link) <= TIER_STILL;
    const int64_t tick = receiver->world->now_us / POLL_US;
    if (is_thin && tick % 3 != 0)
        return;
    const struct rtp_header header = {
        .payload_type = SOUND_TYPE,
        .ssrc = SOUND_SSRC,
        .seq = receiver->sound_seq++,
    };
    struct peer_packet train;
    link_out_write(&receiver->link, LINK_SOUND, packet + LINK_OUT_HEADROOM, is_thin ? 120 : 80,
            &header, EXTENSION, receiver->world->now_us, &train);
    link_out_send(&receiver->link, &train, 1);
    receiver->sound_sent++;
}

static void poll(struct receiver *receiver)
{
    const int64_t now_us = receiver->world->now_us;
    send_sound(receiver);
    video_out_poll(&receiver->out, &receiver->link, now_us);
    if (link_out_poll(&receiver->link, now_us))
        receiver->ordered_us = now_us;
    const size_t padding = link_out_padding(&receiver->link, now_us);
    if (padding > 0)
        video_out_pad(&receiver->out, &receiver->link, padding, now_us);
}

static void obey(struct receiver *receiver)
{
    const enum tier_step step = link_out_step(&receiver->link);
    if (receiver->is_told && step == receiver->ordered)
        return;
    if (receiver->world->now_us - receiver->ordered_us < ORDER_US)
        return;
    receiver->is_told = true;
    receiver->ordered = step;
    if (step != TIER_AUDIO)
        start_tier(receiver->world, step);
    video_out_set_feed(&receiver->out, step == TIER_AUDIO ? NULL : receiver->world->feeds[step],
            receiver->world->now_us);
}

static void tick(struct world *world)
{
    for (int step = 0; step < TIER_STEP_COUNT; step++) {
        struct tier_frame frame;
        if (!world->tiers[step].is_running)
            continue;
        encode(world, &world->tiers[step]);
        while (tier_feed_next(world->feeds[step], world->now_us, &frame))
            for (size_t i = 0; i < world->count; i++)
                video_out_send(&world->receivers[i]->out, &world->receivers[i]->link,
                        world->feeds[step], &frame, world->now_us);
    }
}

static void run(struct world *world, double seconds)
{
    const int64_t until_us = world->now_us + (int64_t)(seconds * 1e6);
    while (world->now_us < until_us) {
        world->now_us += STEP_US;
        for (size_t i = 0; i < world->count; i++)
            deliver(world->receivers[i]);
        for (size_t i = 0; i < world->count && world->now_us % POLL_US == 0; i++)
            poll(world->receivers[i]);
        if (world->now_us % TICK_US == 0)
            tick(world);
        for (size_t i = 0; i < world->count; i++) {
            obey(world->receivers[i]);
            take_ready(world->receivers[i]);
            give_feedback(world->receivers[i]);
            const struct receiver *receiver = world->receivers[i];
            const int64_t waiting_us =
                    (int64_t)receiver->out.bytes * 8 * SECOND / link_out_pace_bps(&receiver->link);
            world->most_waiting_us = MAX(world->most_waiting_us, waiting_us);
        }
    }
}

// --- who is there --------------------------------------------------------------------------------

static int begin(void **state)
{
    struct world *world = g_new0(struct world, 1);
    world->now_us = START_US;
    world->random = 5;
    world->overspent = 1;
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->count; i++) {
        struct receiver *receiver = world->receivers[i];
        g_queue_clear_full(&receiver->on_way[0], g_free);
        g_queue_clear_full(&receiver->on_way[1], g_free);
        reorder_free(receiver->reorder);
        g_free(receiver);
    }
    for (int step = 0; step < TIER_STEP_COUNT; step++) {
        tier_feed_free(world->feeds[step]);
        ring_free(world->tiers[step].ring);
    }
    g_free(world);
    return 0;
}

static void pose(struct link *link, const char *profile, uint64_t seed)
{
    struct link_profile parsed;
    assert_int_equal(link_profile_parse(profile, &parsed), 0);
    link_init(link, &parsed, seed);
}

static struct receiver *join(
        struct world *world, const char *down, const char *up, int declared_kbps)
{
    struct receiver *receiver = g_new0(struct receiver, 1);
    const struct tier_choice_config canvas = { .kbps = KBPS, .top = TIER_720P };
    const struct video_out_config out = {
        .kind = LINK_MAIN,
        .ssrc = VIDEO_SSRC,
        .rtx_ssrc = RTX_SSRC,
        .payload_type = VIDEO_TYPE,
        .rtx_payload_type = RTX_TYPE,
        .extension = EXTENSION,
    };
    const struct reorder_config reorder = {
        .capacity = 512,
        .packet_max = 1400,
        .wait_max_ms = 400,
        .retry_after_ms = 30,
    };
    assert_true(world->count < RECEIVERS_MAX);
    world->receivers[world->count++] = receiver;
    receiver->world = world;
    pose(&receiver->down, down, 1 + world->count);
    pose(&receiver->up, up, 101 + world->count);
    link_out_init(&receiver->link, send_train, receiver, world->now_us);
    link_out_set_declared(&receiver->link, declared_kbps);
    link_out_set_canvas(&receiver->link, &canvas);
    video_out_init(&receiver->out, &out);
    transport_cc_log_init(&receiver->arrivals);
    receiver->reorder = reorder_new(&reorder);
    return receiver;
}

// --- what they got -------------------------------------------------------------------------------

struct seen {
    double fps, frozen_percent, sound_lost_percent, kbps;
    double share[TIER_STEP_COUNT];
};

static void forget(struct receiver *receiver)
{
    receiver->shown_count = 0;
    receiver->sound_sent = receiver->sound_arrived = receiver->sound_late = 0;
    receiver->bytes_down = 0;
    receiver->plis = receiver->switches = 0;
}

// WebRTC's rule: frozen is a gap over max(3 × mean, mean + 150 ms).
static struct seen seen_by(const struct receiver *receiver, double seconds)
{
    struct seen seen = { .fps = (double)receiver->shown_count / seconds };
    const double mean_us = 1e6 / seen.fps;
    const double limit_us = fmax(3 * mean_us, mean_us + 150000);
    for (size_t i = 0; i < receiver->shown_count; i++) {
        seen.share[receiver->shown[i].step] += 100.0 / (double)receiver->shown_count;
        const double gap_us =
                i == 0 ? 0 : (double)(receiver->shown[i].at_us - receiver->shown[i - 1].at_us);
        if (gap_us > limit_us)
            seen.frozen_percent += gap_us / seconds / 1e4;
    }
    const int64_t good = receiver->sound_arrived - receiver->sound_late;
    seen.sound_lost_percent = 100.0 - 100.0 * (double)good / (double)receiver->sound_sent;
    seen.kbps = (double)receiver->bytes_down * 8 / seconds / 1000;
    if (g_getenv("VERBOSE"))
        print_message(
                "fps %.1f frozen %.2f%% sound %.2f%% kbps %.0f plis %d switches %d est %.0f | "
                "still %.0f 180 %.0f 360 %.0f 480 %.0f 720 %.0f\n",
                seen.fps, seen.frozen_percent, seen.sound_lost_percent, seen.kbps, receiver->plis,
                receiver->switches, (double)link_out_estimate_bps(&receiver->link) / 1000,
                seen.share[TIER_STILL], seen.share[TIER_180P], seen.share[TIER_360P],
                seen.share[TIER_480P], seen.share[TIER_720P]);
    return seen;
}

static struct seen after(struct world *world, struct receiver *receiver, double seconds)
{
    forget(receiver);
    run(world, seconds);
    return seen_by(receiver, seconds);
}

static void an_urban_link_carries_720p(void **state)
{
    struct world *world = *state;
    struct receiver *urban = join(world, "rate=4000,rtt=20", "rate=4000,rtt=20", 4000);
    run(world, 1);
    assert_true(urban->shown_count > 15);
    const struct seen seen = after(world, urban, 60);
    assert_true(seen.fps > 24.5 && seen.frozen_percent < 1 && seen.sound_lost_percent == 0);
    assert_true(seen.share[TIER_720P] > 99);
}

static void a_rural_link_carries_720p_beside_the_sound(void **state)
{
    struct world *world = *state;
    struct receiver *rural = join(world, "rate=2000,rtt=60", "rate=500,rtt=60", 2000);
    run(world, 5);
    const struct seen seen = after(world, rural, 60);
    assert_true(seen.fps > 24.5 && seen.frozen_percent < 1 && seen.sound_lost_percent < 0.5);
    assert_true(seen.share[TIER_720P] > 99);
}

static void a_thin_and_lossy_link_stays_usable(void **state)
{
    struct world *world = *state;
    struct receiver *thin = join(world, "rate=512,rtt=60,loss=5", "rate=256,rtt=60,loss=5", 0);
    run(world, 10); // it was taken for a good one
    const struct seen seen = after(world, thin, 120);
    assert_true(seen.fps > 20 && seen.frozen_percent < 8);
    assert_true(seen.share[TIER_720P] + seen.share[TIER_480P] == 0);
    assert_true(seen.sound_lost_percent < 8); // 5 % are the link's own; copies make them good
}

static void the_least_link_carries_speech_and_stills(void **state)
{
    struct world *world = *state;
    struct receiver *least = join(world, "rate=64,rtt=80", "rate=64,rtt=80", 64);
    run(world, 10);
    const struct seen seen = after(world, least, 120);
    assert_true(seen.sound_lost_percent < 2);
    assert_true(seen.share[TIER_STILL] > 99);
    assert_in_range(least->shown_count, 25, 31);
}

static void the_least_link_is_found_out_as_well(void **state)
{
    struct world *world = *state;
    struct receiver *least = join(world, "rate=64,rtt=80", "rate=64,rtt=80", 0);
    run(world, 20);
    const struct seen seen = after(world, least, 60);
    assert_true(seen.sound_lost_percent < 3);
}

static void loss_alone_costs_no_picture(void **state)
{
    struct world *world = *state;
    struct receiver *lossy = join(world, "rtt=60,loss=10", "rtt=60,loss=10", 0);
    run(world, 5);
    const struct seen seen = after(world, lossy, 60);
    assert_true(seen.share[TIER_720P] > 99);
    assert_true(seen.fps > 24 && seen.frozen_percent < 1);
}

static void one_thin_link_drags_no_other(void **state)
{
    struct world *world = *state;
    struct receiver *good[3];
    for (int i = 0; i < 3; i++)
        good[i] = join(world, "rtt=20", "rtt=20", 0);
    run(world, 5);
    join(world, "rate=512,rtt=60,loss=5", "rate=256,rtt=60,loss=5", 0);
    join(world, "rate=64,rtt=80", "rate=64,rtt=80", 0);
    for (int i = 0; i < 3; i++)
        forget(good[i]);
    run(world, 60);
    for (int i = 0; i < 3; i++) {
        const struct seen seen = seen_by(good[i], 60);
        assert_true(seen.fps > 24.5 && seen.frozen_percent < 0.5);
        assert_true(seen.share[TIER_720P] > 99.9);
    }
}

static void falls_within_a_second_and_comes_back_slowly(void **state)
{
    struct world *world = *state;
    struct receiver *receiver = join(world, "rate=4000,rtt=40", "rate=4000,rtt=40", 0);
    run(world, 10);
    assert_int_equal(receiver->last.step, TIER_720P);
    receiver->down.profile.rate_kbps = 700;
    forget(receiver);
    run(world, 2);
    assert_true(receiver->last.step <= TIER_360P); // shown, not only decided
    const struct seen narrow = seen_by(receiver, 2);
    assert_true(narrow.fps > 12);
    run(world, 5);
    receiver->down.profile.rate_kbps = 4000;
    run(world, 5);
    assert_true(receiver->last.step <= TIER_360P);
    run(world, 40);
    assert_int_equal(receiver->last.step, TIER_720P);
}

static void a_switch_is_no_freeze(void **state)
{
    struct world *world = *state;
    struct receiver *receiver = join(world, "rate=4000,rtt=40", "rate=4000,rtt=40", 0);
    run(world, 5);
    forget(receiver);
    link_out_set_most(&receiver->link, TIER_360P);
    run(world, 3);
    link_out_set_most(&receiver->link, TIER_1080P);
    run(world, 30);
    assert_int_equal(receiver->last.step, TIER_720P);
    assert_int_equal(receiver->switches, 3);
    const struct seen seen = seen_by(receiver, 33);
    assert_true(seen.fps > 24.5 && seen.frozen_percent == 0 && receiver->plis == 0);
}

static void who_comes_soon_after_a_key_frame_is_served_from_it(void **state)
{
    struct world *world = *state;
    join(world, "rate=4000,rtt=20", "rate=4000,rtt=20", 4000);
    run(world, 0.3);
    const int64_t gops = metric_get(&mcu_video_gops_sent_total);
    struct receiver *early = join(world, "rate=4000,rtt=20", "rate=4000,rtt=20", 4000);
    run(world, 0.5);
    assert_int_equal(metric_get(&mcu_video_gops_sent_total), gops + 1);
    assert_int_equal(world->tiers[TIER_720P].key_frames, 1);
    assert_true(early->shown_count > 3);
    // A second's worth is more than this link takes in 300 ms: a new key frame is less.
    struct receiver *late = join(world, "rate=2000,rtt=20", "rate=2000,rtt=20", 2000);
    run(world, 1);
    assert_int_equal(metric_get(&mcu_video_gops_sent_total), gops + 1);
    assert_int_equal(world->tiers[TIER_720P].key_frames, 2);
    assert_true(late->shown_count > 3);
    assert_int_equal(early->plis + late->plis, 0);
}

static void who_comes_late_on_a_thin_link_sees_a_still_picture_at_once(void **state)
{
    struct world *world = *state;
    join(world, "rate=4000,rtt=20", "rate=4000,rtt=20", 4000);
    run(world, 0.5);
    struct receiver *late = join(world, "rate=2000,rtt=20", "rate=2000,rtt=20", 2000);
    run(world, 0.4);
    assert_int_equal(world->tiers[TIER_720P].key_frames, 1);
    assert_int_equal(late->shown_count, 1);
    run(world, 1);
    assert_int_equal(world->tiers[TIER_720P].key_frames, 2);
    assert_true(late->shown_count > 8);
    assert_int_equal(late->plis, 0); // what lies between is no gap
}

static void what_waits_for_a_slow_link_is_bounded(void **state)
{
    struct world *world = *state;
    world->overspent = 2.5;
    struct receiver *slow = join(world, "rtt=20", "rtt=20", 512);
    const int64_t left_out = metric_get(&mcu_video_out_backlog_total);
    run(world, 20);
    assert_true(metric_get(&mcu_video_out_backlog_total) > left_out);
    // A key frame and 400 ms behind it.
    assert_in_range(world->most_waiting_us, SECOND / 2, 3 * SECOND / 2);
    assert_true(slow->shown_count > 60);
    assert_int_equal(slow->plis, 0); // what was left out is no gap
    assert_true(100 * slow->sound_late < slow->sound_sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_urban_link_carries_720p, begin, end),
        cmocka_unit_test_setup_teardown(a_rural_link_carries_720p_beside_the_sound, begin, end),
        cmocka_unit_test_setup_teardown(a_thin_and_lossy_link_stays_usable, begin, end),
        cmocka_unit_test_setup_teardown(the_least_link_carries_speech_and_stills, begin, end),
        cmocka_unit_test_setup_teardown(the_least_link_is_found_out_as_well, begin, end),
        cmocka_unit_test_setup_teardown(loss_alone_costs_no_picture, begin, end),
        cmocka_unit_test_setup_teardown(one_thin_link_drags_no_other, begin, end),
        cmocka_unit_test_setup_teardown(falls_within_a_second_and_comes_back_slowly, begin, end),
        cmocka_unit_test_setup_teardown(a_switch_is_no_freeze, begin, end),
        cmocka_unit_test_setup_teardown(
                who_comes_soon_after_a_key_frame_is_served_from_it, begin, end),
        cmocka_unit_test_setup_teardown(
                who_comes_late_on_a_thin_link_sees_a_still_picture_at_once, begin, end),
        cmocka_unit_test_setup_teardown(what_waits_for_a_slow_link_is_bounded, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
