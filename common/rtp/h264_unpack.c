// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/h264_unpack.h"

#include <stdlib.h>
#include <string.h>

#include "common/rtp/packet.h"

enum {
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_FILLER = 12,
    NAL_LAST = 23,
    NAL_STAP_A = 24,
    NAL_FU_A = 28
};

#define PARAMETER_SET_MAX 512

static const uint8_t start_code[4] = { 0, 0, 0, 1 };

struct parameter_set {
    size_t size; // 0: not seen
    uint8_t data[PARAMETER_SET_MAX];
};

struct h264_unpack {
    h264_unpack_fn *fn;
    void *user;
    size_t unit_max;

    bool started;
    uint16_t next_seq;
    bool needs_key_frame;
    struct parameter_set sps, pps; // the last ones
    bool repeats_sets;             // the last IDR came with its own

    // The access unit in the making.
    bool is_open;
    bool is_spoiled;
    bool follows_loss; // packets of it may have been lost before the first that came
    bool has_idr, has_sps;
    uint32_t timestamp;
    bool in_fragment;
    size_t nal_at; // where the last NAL unit begins
    size_t size;
    uint8_t *data;
};

struct h264_unpack *h264_unpack_new(size_t unit_max, h264_unpack_fn *fn, void *user)
{
    struct h264_unpack *unpack = calloc(1, sizeof(*unpack));
    if (!unpack)
        abort();
    unpack->data = malloc(unit_max);
    if (!unpack->data)
        abort();
    unpack->unit_max = unit_max;
    unpack->fn = fn;
    unpack->user = user;
    unpack->needs_key_frame = true;
    return unpack;
}

void h264_unpack_free(struct h264_unpack *unpack)
{
    if (!unpack)
        return;
    free(unpack->data);
    free(unpack);
}

bool h264_unpack_needs_key_frame(const struct h264_unpack *unpack)
{
    return unpack->needs_key_frame;
}

void h264_unpack_reset(struct h264_unpack *unpack)
{
    unpack->started = false;
    unpack->is_open = false;
    unpack->needs_key_frame = true;
    unpack->sps.size = 0;
    unpack->pps.size = 0;
}

// --- the unit's bytes ---------------------------------------------------------------------------

static void spoil(struct h264_unpack *unpack)
{
    unpack->is_spoiled = true;
    unpack->in_fragment = false;
    unpack->needs_key_frame = true;
}

static void append(struct h264_unpack *unpack, const uint8_t *data, size_t size)
{
    if (unpack->is_spoiled)
        return;
    if (unpack->unit_max - unpack->size < size) {
        spoil(unpack);
        return;
    }
    memcpy(unpack->data + unpack->size, data, size);
    unpack->size += size;
}

static void append_set(struct h264_unpack *unpack, const struct parameter_set *set)
{
    append(unpack, start_code, sizeof(start_code));
    append(unpack, set->data, set->size);
}

// H.264 §7.3.3: first_mb_in_slice is ue(v), so that 0 is a single 1 bit.
static bool is_first_slice(uint8_t first_slice_byte)
{
    return first_slice_byte & 0x80;
}

// Does this IDR slice, which comes without parameter sets,
// begin a unit that the earlier sets go with?
static bool goes_with_earlier_sets(const struct h264_unpack *unpack, uint8_t first_slice_byte)
{
    if (unpack->sps.size == 0 || unpack->pps.size == 0)
        return false;
    // New sets may be in what was lost before it: certainly where each IDR has had its own.
    return !unpack->follows_loss || (!unpack->repeats_sets && is_first_slice(first_slice_byte));
}

static void begin_idr(struct h264_unpack *unpack, uint8_t first_slice_byte)
{
    if (unpack->has_idr)
        return;
    unpack->has_idr = true;
    if (unpack->has_sps) {
        unpack->repeats_sets = true;
        return;
    }
    if (!goes_with_earlier_sets(unpack, first_slice_byte)) {
        spoil(unpack);
        return;
    }
    unpack->repeats_sets = false;
    append_set(unpack, &unpack->sps);
    append_set(unpack, &unpack->pps);
}

static void begin_nal(struct h264_unpack *unpack, uint8_t header, uint8_t second)
{
    uint8_t type = header & 0x1f;
    if (type == NAL_IDR)
        begin_idr(unpack, second);
    if (type == NAL_SPS)
        unpack->has_sps = true;
    append(unpack, start_code, sizeof(start_code));
    unpack->nal_at = unpack->size;
    append(unpack, &header, 1);
}

static void keep_parameter_set(
        struct h264_unpack *unpack, struct parameter_set *set, const uint8_t *data, size_t size)
{
    if (size > sizeof(set->data)) {
        spoil(unpack);
        return;
    }
    memcpy(set->data, data, size);
    set->size = size;
}

static void end_nal(struct h264_unpack *unpack)
{
    if (unpack->is_spoiled)
        return;
    const uint8_t *nal = unpack->data + unpack->nal_at;
    size_t size = unpack->size - unpack->nal_at;
    uint8_t type = nal[0] & 0x1f;
    if (type == NAL_SPS) {
        keep_parameter_set(unpack, &unpack->sps, nal, size);
    } else if (type == NAL_PPS) {
        keep_parameter_set(unpack, &unpack->pps, nal, size);
    }
}

static void add_nal(struct h264_unpack *unpack, const uint8_t *nal, size_t size)
{
    uint8_t type = size > 0 ? nal[0] & 0x1f : 0;
    if (type == 0 || type > NAL_LAST) {
        spoil(unpack);
        return;
    }
    if (type == NAL_FILLER)
        return;
    begin_nal(unpack, nal[0], size > 1 ? nal[1] : 0);
    append(unpack, nal + 1, size - 1);
    end_nal(unpack);
}

static void add_aggregate(struct h264_unpack *unpack, const uint8_t *payload, size_t size)
{
    for (size_t at = 1; at < size;) {
        size_t nal = size - at >= 2 ? (size_t)payload[at] << 8 | payload[at + 1] : 0;
        if (nal == 0 || nal > size - at - 2) {
            spoil(unpack);
            return;
        }
        add_nal(unpack, payload + at + 2, nal);
        at += 2 + nal;
    }
}

static void add_fragment(struct h264_unpack *unpack, const uint8_t *payload, size_t size)
{
    if (size < 3) {
        spoil(unpack);
        return;
    }
    bool is_start = payload[1] & 0x80;
    bool is_end = payload[1] & 0x40;
    if (is_start == unpack->in_fragment) { // begins twice, or goes on with what never began
        spoil(unpack);
        return;
    }
    if (is_start) {
        begin_nal(unpack, (uint8_t)((payload[0] & 0xe0) | (payload[1] & 0x1f)), payload[2]);
        unpack->in_fragment = true;
    }
    append(unpack, payload + 2, size - 2);
    if (is_end) {
        end_nal(unpack);
        unpack->in_fragment = false;
    }
}

static void add_payload(struct h264_unpack *unpack, const uint8_t *payload, size_t size)
{
    uint8_t type = payload[0] & 0x1f;
    if (type != NAL_FU_A && unpack->in_fragment)
        spoil(unpack);
    if (type == NAL_FU_A) {
        add_fragment(unpack, payload, size);
    } else if (type == NAL_STAP_A) {
        add_aggregate(unpack, payload, size);
    } else {
        add_nal(unpack, payload, size);
    }
}

// --- units --------------------------------------------------------------------------------------

static void open_unit(struct h264_unpack *unpack, uint32_t timestamp, bool follows_loss)
{
    unpack->is_open = true;
    unpack->is_spoiled = false;
    unpack->follows_loss = follows_loss;
    unpack->has_idr = false;
    unpack->has_sps = false;
    unpack->in_fragment = false;
    unpack->timestamp = timestamp;
    unpack->size = 0;
}

static void close_unit(struct h264_unpack *unpack)
{
    if (!unpack->is_open)
        return;
    unpack->is_open = false;
    if (unpack->in_fragment)
        spoil(unpack);
    if (unpack->is_spoiled || unpack->size == 0)
        return;
    if (unpack->needs_key_frame && !unpack->has_idr)
        return;
    unpack->needs_key_frame = unpack->needs_key_frame && !unpack->has_idr;
    struct h264_access_unit unit = {
        .data = unpack->data,
        .size = unpack->size,
        .timestamp = unpack->timestamp,
        .is_key_frame = unpack->has_idr,
    };
    unpack->fn(unpack->user, &unit);
}

// True when packets are missing between the last one and this.
static bool note_seq(struct h264_unpack *unpack, uint16_t seq)
{
    bool is_gap = unpack->started && seq != unpack->next_seq;
    bool is_first = !unpack->started;
    unpack->started = true;
    unpack->next_seq = (uint16_t)(seq + 1);
    if (is_gap) {
        if (unpack->is_open)
            spoil(unpack);
        unpack->needs_key_frame = true;
    }
    return is_gap || is_first;
}

void h264_unpack_push(struct h264_unpack *unpack, uint16_t seq, uint32_t timestamp, bool marker,
        const uint8_t *payload, size_t size)
{
    if (unpack->started && rtp_seq_distance(unpack->next_seq, seq) < 0)
        return;
    bool follows_loss = note_seq(unpack, seq);
    if (size == 0) // only padding
        return;
    if (unpack->is_open && unpack->timestamp != timestamp)
        close_unit(unpack);
    if (!unpack->is_open)
        open_unit(unpack, timestamp, follows_loss);
    if (!unpack->is_spoiled)
        add_payload(unpack, payload, size);
    if (marker)
        close_unit(unpack);
}
