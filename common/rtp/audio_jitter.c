// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/audio_jitter.h"

#include <stdlib.h>
#include <string.h>

#include "common/rtp/packet.h"

#define CLOCK_HZ        48000
#define FRAME           960  // samples of a 20 ms tick
#define OPUS_UNIT       120  // the shortest Opus frame
#define SAMPLES_MAX     5760 // an Opus packet is at most 120 ms
#define MS              (CLOCK_HZ / 1000)
#define MIN_DELAY_MS    20
#define MAX_DELAY_MS    200
#define WINDOW          128 // arrivals that the delay is learnt from: 2.5 s
#define WINDOW_LATE     6   // of them may come later than the target: 5 %
#define LEARN_EVERY     8   // arrivals
#define CONCEAL_MAX     3   // frames in a row without anything to go by: 60 ms, then silence
#define GAP_MAX         (10 * FRAME) // a longer hole in the timestamps is a new beginning
#define QUIET_LEVEL     55           // -dBov from which a frame can be left out unheard
#define BEGIN_EARLY     (FRAME / 2)  // ticks are a frame apart: the nearest to the target
#define SHRINK_OVER     (FRAME / 4)  // above the target without a frame: leave out a quiet one
#define SHRINK_ANY_OVER (3 * FRAME)  // leave out any
#define SHRINK_SURE     (MS / 2)     // above all of the window: likewise
#define SHRINK_PAUSE    5            // frames between two that are left out
#define LEVEL_NONE      127
#define REPAIR_KEEP_US  10000000 // copies that filled holes are waited for so long

struct slot {
    bool is_copy;
    uint8_t level;
    uint16_t seq;
    uint16_t size;
    int samples;
    uint32_t timestamp;
};

_Static_assert(AUDIO_JITTER_SLOTS == 64, "a bit each in `used`");

struct audio_jitter {
    struct audio_jitter_config config;
    struct audio_jitter_counters counters;

    // The transit of a packet is when it came minus its timestamp, in samples; the smallest of the
    // window is the undisturbed way, what is above it is jitter.
    bool has_transit;
    uint32_t transit_origin; // so that the numbers are small
    int32_t transits[WINDOW];
    size_t transit_count, transit_at;
    int32_t base_transit;
    int32_t target; // samples over the base
    int32_t most;   // the greatest of the window over the base
    // The greatest transit of late copies that filled holes: shrinking below it would conceal
    // again.
    bool has_repair;
    int32_t repair_transit;
    int64_t repair_us;

    bool is_playing;
    uint32_t next_timestamp;
    uint16_t last_seq; // played last
    bool has_last_seq;
    int waiting; // frames concealed while next_timestamp may still come
    int since_shrink;

    // Hundreds of these are asked fifty times a second: what is looked through is small and apart
    // from the packets' bytes, and the lowest free slot is taken first.
    uint64_t used; // a bit for each slot
    struct slot slots[AUDIO_JITTER_SLOTS];
    uint8_t data[AUDIO_JITTER_SLOTS][AUDIO_JITTER_PACKET_MAX];
};

struct audio_jitter *audio_jitter_new(const struct audio_jitter_config *config)
{
    struct audio_jitter *jitter = calloc(1, sizeof(*jitter));
    if (!jitter)
        abort();
    jitter->config = *config;
    if (jitter->config.min_delay_ms == 0)
        jitter->config.min_delay_ms = MIN_DELAY_MS;
    if (jitter->config.max_delay_ms == 0)
        jitter->config.max_delay_ms = MAX_DELAY_MS;
    audio_jitter_reset(jitter);
    return jitter;
}

void audio_jitter_free(struct audio_jitter *jitter)
{
    free(jitter);
}

void audio_jitter_reset(struct audio_jitter *jitter)
{
    jitter->used = 0;
    jitter->has_transit = jitter->has_repair = false;
    jitter->transit_count = 0;
    jitter->transit_at = 0;
    jitter->base_transit = jitter->most = 0;
    jitter->target = (int32_t)jitter->config.min_delay_ms * MS;
    jitter->is_playing = false;
    jitter->has_last_seq = false;
    jitter->waiting = 0;
    jitter->since_shrink = SHRINK_PAUSE;
}

// RFC 6716 §3.1: frame sizes by the TOC's five bits of configuration, and §3.2 how many there are.
static int opus_samples(const uint8_t *packet, size_t size)
{
    static const int silk[4] = { 480, 960, 1920, 2880 };
    static const int hybrid[2] = { 480, 960 };
    static const int celt[4] = { 120, 240, 480, 960 };
    if (size == 0)
        return 0;
    unsigned int config = packet[0] >> 3;
    int frame = config < 12   ? silk[config & 3]
                : config < 16 ? hybrid[config & 1]
                              : celt[config & 3];
    switch (packet[0] & 3) {
    case 0:
        return frame;
    case 3:
        return size < 2 ? 0 : frame * (packet[1] & 0x3f);
    default:
        return frame * 2;
    }
}

// --- how late packets come ----------------------------------------------------------------------

static uint32_t clock_samples(int64_t now_us)
{
    return (uint32_t)(now_us * (CLOCK_HZ / 1000) / 1000);
}

static int32_t transit_of(const struct audio_jitter *jitter, uint32_t timestamp, int64_t now_us)
{
    return (int32_t)(clock_samples(now_us) - timestamp - jitter->transit_origin);
}

static int32_t clamp(int32_t value, int32_t least, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

// The base, and a target that all but a few of the window's arrivals keep to.
static void learn_delay(struct audio_jitter *jitter)
{
    int32_t late[WINDOW_LATE + 1]; // the greatest transits, descending
    size_t kept = 0;
    int32_t base = jitter->transits[0];
    for (size_t i = 0; i < jitter->transit_count; i++) {
        int32_t transit = jitter->transits[i];
        if (transit < base)
            base = transit;
        size_t at = kept;
        while (at > 0 && late[at - 1] < transit)
            at--;
        if (at > WINDOW_LATE)
            continue;
        size_t end = kept < WINDOW_LATE + 1 ? kept++ : WINDOW_LATE;
        memmove(&late[at + 1], &late[at], (end - at) * sizeof(late[0]));
        late[at] = transit;
    }
    size_t allowed = jitter->transit_count * WINDOW_LATE / WINDOW;
    jitter->base_transit = base;
    // cppcheck-suppress uninitvar ; there is at least one arrival
    jitter->most = late[0] - base;
    // cppcheck-suppress uninitvar ; `kept` is above `allowed` by now
    jitter->target = clamp(late[allowed] - base + FRAME / 4,
            (int32_t)jitter->config.min_delay_ms * MS, (int32_t)jitter->config.max_delay_ms * MS);
}

static void note_repair(struct audio_jitter *jitter, uint32_t timestamp, int64_t now_us)
{
    const int32_t transit = transit_of(jitter, timestamp, now_us);
    if (jitter->has_repair && transit < jitter->repair_transit &&
            now_us - jitter->repair_us < REPAIR_KEEP_US)
        return;
    jitter->has_repair = true;
    jitter->repair_transit = transit;
    jitter->repair_us = now_us;
}

// The delay below which nothing is left out: the target, and while copies fill holes, theirs.
static int32_t kept_delay(const struct audio_jitter *jitter, int64_t now_us)
{
    if (!jitter->has_repair || now_us - jitter->repair_us >= REPAIR_KEEP_US)
        return jitter->target;
    const int32_t repair = clamp(jitter->repair_transit - jitter->base_transit + FRAME / 4, 0,
            (int32_t)jitter->config.max_delay_ms * MS);
    return repair > jitter->target ? repair : jitter->target;
}

static void note_arrival(struct audio_jitter *jitter, uint32_t timestamp, int64_t now_us)
{
    if (!jitter->has_transit) {
        jitter->has_transit = true;
        jitter->transit_origin = clock_samples(now_us) - timestamp;
    }
    int32_t transit = transit_of(jitter, timestamp, now_us);
    // A leap of the sender's timestamps: what was learnt is void.
    if (transit > 10 * CLOCK_HZ || transit < -10 * CLOCK_HZ) {
        jitter->transit_origin += (uint32_t)transit;
        jitter->transit_count = 0;
        jitter->transit_at = 0;
        jitter->has_repair = false;
        transit = 0;
    }
    jitter->transits[jitter->transit_at] = transit;
    jitter->transit_at = (jitter->transit_at + 1) % WINDOW;
    if (jitter->transit_count < WINDOW)
        jitter->transit_count++;
    // What is out of the known range counts at once, the rest now and then.
    bool is_news =
            transit < jitter->base_transit || transit > jitter->base_transit + jitter->target;
    if (is_news || jitter->transit_count < LEARN_EVERY || jitter->transit_at % LEARN_EVERY == 0)
        learn_delay(jitter);
}

// How long after its undisturbed arrival a packet would be played now.
static int32_t delay_of(const struct audio_jitter *jitter, uint32_t timestamp, int64_t now_us)
{
    return transit_of(jitter, timestamp, now_us) - jitter->base_transit;
}

// --- slots --------------------------------------------------------------------------------------

// Takes the lowest slot out of a set.
static struct slot *take_slot(struct audio_jitter *jitter, uint64_t *set)
{
    struct slot *slot = &jitter->slots[__builtin_ctzll(*set)];
    *set &= *set - 1;
    return slot;
}

static size_t index_of(const struct audio_jitter *jitter, const struct slot *slot)
{
    return (size_t)(slot - jitter->slots);
}

static void release(struct audio_jitter *jitter, const struct slot *slot)
{
    jitter->used &= ~(UINT64_C(1) << index_of(jitter, slot));
}

static struct slot *find_slot(struct audio_jitter *jitter, uint32_t timestamp)
{
    for (uint64_t left = jitter->used; left;) {
        struct slot *slot = take_slot(jitter, &left);
        if (slot->timestamp == timestamp)
            return slot;
    }
    return NULL;
}

static struct slot *earliest_slot(struct audio_jitter *jitter)
{
    struct slot *earliest = NULL;
    for (uint64_t left = jitter->used; left;) {
        struct slot *slot = take_slot(jitter, &left);
        if (!earliest || rtp_timestamp_distance(slot->timestamp, earliest->timestamp) > 0)
            earliest = slot;
    }
    return earliest;
}

// A free one; when nobody plays, or in a flood, the oldest: what is newest is worth most.
static struct slot *claim_slot(struct audio_jitter *jitter)
{
    uint64_t free_slots = ~jitter->used;
    struct slot *slot = NULL;
    if (free_slots) {
        slot = take_slot(jitter, &free_slots);
    } else {
        jitter->counters.overflow++;
        slot = earliest_slot(jitter);
    }
    jitter->used |= UINT64_C(1) << index_of(jitter, slot);
    return slot;
}

static void drop_before(struct audio_jitter *jitter, uint32_t timestamp)
{
    for (uint64_t left = jitter->used; left;) {
        const struct slot *slot = take_slot(jitter, &left);
        if (rtp_timestamp_distance(timestamp, slot->timestamp) < 0)
            release(jitter, slot);
    }
}

void audio_jitter_push(struct audio_jitter *jitter, uint16_t seq, uint32_t timestamp,
        const uint8_t *payload, size_t size, uint8_t level, bool is_copy, int64_t now_us)
{
    int samples = opus_samples(payload, size);
    if (samples <= 0 || samples > SAMPLES_MAX || size > AUDIO_JITTER_PACKET_MAX)
        return;
    if (!is_copy) {
        jitter->counters.packets++;
        note_arrival(jitter, timestamp, now_us);
    }
    if (jitter->is_playing && rtp_timestamp_distance(jitter->next_timestamp, timestamp) < 0) {
        if (!is_copy)
            jitter->counters.late++;
        return;
    }
    if (find_slot(jitter, timestamp)) {
        if (!is_copy)
            jitter->counters.duplicate++;
        return;
    }
    if (is_copy && jitter->has_transit)
        note_repair(jitter, timestamp, now_us);
    struct slot *slot = claim_slot(jitter);
    slot->is_copy = is_copy;
    slot->level = level;
    slot->seq = seq;
    slot->size = (uint16_t)size;
    slot->samples = samples;
    slot->timestamp = timestamp;
    memcpy(jitter->data[index_of(jitter, slot)], payload, size);
}

// --- playing ------------------------------------------------------------------------------------

static void lend(const struct audio_jitter *jitter, const struct slot *slot,
        struct audio_jitter_frame *frame)
{
    frame->data = jitter->data[index_of(jitter, slot)];
    frame->size = slot->size;
}

static enum audio_jitter_action play(
        struct audio_jitter *jitter, struct slot *slot, struct audio_jitter_frame *frame)
{
    release(jitter, slot);
    lend(jitter, slot, frame);
    frame->level = slot->level;
    frame->samples = slot->samples;
    jitter->counters.red_used += slot->is_copy;
    jitter->next_timestamp = slot->timestamp + (uint32_t)slot->samples;
    jitter->last_seq = slot->seq;
    jitter->has_last_seq = true;
    jitter->waiting = 0;
    return AUDIO_JITTER_PACKET;
}

static enum audio_jitter_action be_silent(struct audio_jitter *jitter)
{
    jitter->counters.silent++;
    return AUDIO_JITTER_SILENCE;
}

static enum audio_jitter_action conceal(struct audio_jitter *jitter)
{
    jitter->counters.concealed++;
    return AUDIO_JITTER_CONCEAL;
}

// Nothing is here. It may be late (then the delay grows by
// what is concealed now), lost, or not sent at all.
static enum audio_jitter_action wait(struct audio_jitter *jitter)
{
    if (jitter->waiting < CONCEAL_MAX) {
        jitter->waiting++;
        return conceal(jitter);
    }
    jitter->is_playing = false;
    return be_silent(jitter);
}

// The next packet is missing, a later one is here.
static enum audio_jitter_action bridge(
        struct audio_jitter *jitter, struct slot *later, struct audio_jitter_frame *frame)
{
    int32_t gap = rtp_timestamp_distance(jitter->next_timestamp, later->timestamp);
    bool is_pause = jitter->has_last_seq && later->seq == (uint16_t)(jitter->last_seq + 1);
    jitter->waiting = 0;
    if (!is_pause && gap <= later->samples) {
        jitter->next_timestamp = later->timestamp;
        lend(jitter, later, frame);
        frame->samples = gap;
        jitter->counters.fec_used++;
        return AUDIO_JITTER_FEC;
    }
    frame->samples = gap < FRAME ? gap : FRAME;
    jitter->next_timestamp += (uint32_t)frame->samples;
    if (is_pause)
        return be_silent(jitter);
    jitter->counters.missing++;
    return conceal(jitter);
}

// One packet is lost, and the one after it, which can restore it, came too late for that: the delay
// grows by the frame that was concealed, so that the next such loss is not heard.
static bool is_late_for_fec(struct audio_jitter *jitter, const struct slot *later, int64_t now_us)
{
    const int32_t gap = rtp_timestamp_distance(jitter->next_timestamp, later->timestamp);
    const bool is_pause = jitter->has_last_seq && later->seq == (uint16_t)(jitter->last_seq + 1);
    if (is_pause || jitter->waiting != 1 || gap != FRAME || later->samples != FRAME ||
            delay_of(jitter, jitter->next_timestamp, now_us) >
                    (int32_t)jitter->config.max_delay_ms * MS)
        return false;
    note_repair(jitter, jitter->next_timestamp, now_us);
    return true;
}

// What was concealed while waiting stands for the missing packets: it is not concealed again.
static void settle_waiting(struct audio_jitter *jitter, const struct slot *later)
{
    int32_t gap = rtp_timestamp_distance(jitter->next_timestamp, later->timestamp);
    int32_t done = jitter->waiting * FRAME;
    const bool is_pause = jitter->has_last_seq && later->seq == (uint16_t)(jitter->last_seq + 1);
    if (!is_pause)
        jitter->counters.missing += (uint64_t)((done < gap ? done : gap) / FRAME);
    jitter->next_timestamp += (uint32_t)(done < gap ? done : gap);
    jitter->waiting = 0;
}

// Opus frames are multiples of 2.5 ms; a hole that is not is
// the sender's fault and can not be filled.
static bool is_whole_gap(const struct audio_jitter *jitter, const struct slot *later)
{
    return rtp_timestamp_distance(jitter->next_timestamp, later->timestamp) % OPUS_UNIT == 0;
}

// No packet of late would have come too late for this delay.
static bool is_needed_by_none(const struct audio_jitter *jitter, int32_t delay, int64_t now_us)
{
    const bool has_repair = jitter->has_repair && now_us - jitter->repair_us < REPAIR_KEEP_US;
    return !has_repair && delay >= jitter->most + SHRINK_SURE &&
           delay >= (int32_t)jitter->config.min_delay_ms * MS - BEGIN_EARLY;
}

// Too far behind: leave a frame out, preferably one that nobody hears.
static bool is_to_be_left_out(struct audio_jitter *jitter, const struct slot *slot, int64_t now_us)
{
    const int32_t rest = delay_of(jitter, slot->timestamp, now_us) - slot->samples;
    const int32_t over = rest - kept_delay(jitter, now_us);
    if (++jitter->since_shrink < SHRINK_PAUSE ||
            (over < SHRINK_OVER && !is_needed_by_none(jitter, rest, now_us)))
        return false;
    if (slot->level < QUIET_LEVEL && over < SHRINK_ANY_OVER)
        return false;
    // Only when the one after it is here, so that shrinking does not conceal.
    return find_slot(jitter, slot->timestamp + (uint32_t)slot->samples) != NULL;
}

static bool begin_playing(struct audio_jitter *jitter, const struct slot *first, int64_t now_us)
{
    if (delay_of(jitter, first->timestamp, now_us) < jitter->target - BEGIN_EARLY)
        return false;
    jitter->is_playing = true;
    jitter->has_last_seq = false;
    jitter->next_timestamp = first->timestamp;
    jitter->waiting = 0;
    return true;
}

enum audio_jitter_action audio_jitter_next(
        struct audio_jitter *jitter, int64_t now_us, struct audio_jitter_frame *frame)
{
    *frame = (struct audio_jitter_frame){ .level = LEVEL_NONE, .samples = FRAME };
    if (jitter->is_playing)
        drop_before(jitter, jitter->next_timestamp);
    struct slot *slot = earliest_slot(jitter);
    if (slot && jitter->is_playing &&
            rtp_timestamp_distance(jitter->next_timestamp, slot->timestamp) > GAP_MAX)
        jitter->is_playing = false;
    if (!jitter->is_playing && (!slot || !begin_playing(jitter, slot, now_us)))
        return be_silent(jitter);
    frame->timestamp = jitter->next_timestamp;
    if (!slot)
        return wait(jitter);
    if (slot->timestamp != jitter->next_timestamp && jitter->waiting > 0 &&
            !is_late_for_fec(jitter, slot, now_us))
        settle_waiting(jitter, slot);
    if (!is_whole_gap(jitter, slot))
        jitter->next_timestamp = slot->timestamp;
    if (slot->timestamp != jitter->next_timestamp)
        return bridge(jitter, slot, frame);
    if (is_to_be_left_out(jitter, slot, now_us)) {
        release(jitter, slot);
        jitter->counters.dropped++;
        jitter->since_shrink = 0;
        slot = find_slot(jitter, slot->timestamp + (uint32_t)slot->samples);
        frame->timestamp = slot->timestamp;
    }
    return play(jitter, slot, frame);
}

uint32_t audio_jitter_target_ms(const struct audio_jitter *jitter)
{
    return (uint32_t)jitter->target / MS;
}

uint32_t audio_jitter_delay_ms(const struct audio_jitter *jitter)
{
    int32_t span = 0;
    for (uint64_t left = jitter->is_playing ? jitter->used : 0; left; left &= left - 1) {
        const struct slot *slot = &jitter->slots[__builtin_ctzll(left)];
        int32_t end = rtp_timestamp_distance(jitter->next_timestamp, slot->timestamp);
        if (end + slot->samples > span)
            span = end + slot->samples;
    }
    return (uint32_t)span / MS;
}

const struct audio_jitter_counters *audio_jitter_counters(const struct audio_jitter *jitter)
{
    return &jitter->counters;
}
