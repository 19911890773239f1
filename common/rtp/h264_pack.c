// SPDX-License-Identifier: Apache-2.0
#include "common/rtp/h264_pack.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { NAL_DELIMITER = 9, NAL_FILLER = 12, NAL_STAP_A = 24, NAL_FU_A = 28 };

#define PENDING_MAX      16
#define PAYLOAD_MIN      64
#define FU_HEADERS       2 // FU indicator and FU header
#define STAP_HEADER      1
#define STAP_LENGTH_SIZE 2

struct nal {
    const uint8_t *data;
    size_t size;
};

struct packer {
    const struct h264_pack_target *target;
    size_t used;                     // bytes of the buffer
    size_t count;                    // payloads
    struct nal pending[PENDING_MAX]; // small ones that wait to share a payload
    size_t pending_count;
    size_t pending_size; // as a STAP-A
};

// --- Annex B ------------------------------------------------------------------------------------

// The next 00 00 01 at or after `at`; `end` when there is none.
static const uint8_t *find_start_code(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 3) {
        const uint8_t *one = memchr(at + 2, 1, (size_t)(end - at - 2));
        if (!one)
            return end;
        if (one[-1] == 0 && one[-2] == 0)
            return one - 2;
        at = one - 1;
    }
    return end;
}

// Moves *at behind the unit; false: no more. A four-byte start
// code leaves its zero on the unit before.
static bool next_nal(const uint8_t **at, const uint8_t *end, struct nal *out)
{
    const uint8_t *start = find_start_code(*at, end);
    if (start == end)
        return false;
    out->data = start + 3;
    const uint8_t *stop = find_start_code(out->data, end);
    *at = stop;
    while (stop > out->data && stop[-1] == 0)
        stop--;
    out->size = (size_t)(stop - out->data);
    return true;
}

// --- payloads -----------------------------------------------------------------------------------

static uint8_t *take_payload(struct packer *packer, size_t size)
{
    const struct h264_pack_target *target = packer->target;
    if (packer->count == target->payloads_max ||
            target->room - packer->used < target->headroom + size)
        return NULL;
    uint8_t *data = target->buffer + packer->used + target->headroom;
    target->payloads[packer->count++] = (struct h264_pack_payload){ data, size };
    packer->used += target->headroom + size;
    return data;
}

// F and the highest NRI of all, RFC 6184 §5.3.
static uint8_t aggregate_header(const struct packer *packer)
{
    uint8_t forbidden = 0;
    uint8_t importance = 0;
    for (size_t i = 0; i < packer->pending_count; i++) {
        uint8_t header = packer->pending[i].data[0];
        forbidden |= header & 0x80;
        if ((header & 0x60) > importance)
            importance = header & 0x60;
    }
    return forbidden | importance | NAL_STAP_A;
}

static int flush_pending(struct packer *packer)
{
    if (packer->pending_count == 0)
        return 0;
    const struct nal *first = &packer->pending[0];
    bool is_alone = packer->pending_count == 1;
    uint8_t *at = take_payload(packer, is_alone ? first->size : packer->pending_size);
    if (!at)
        return -ENOSPC;
    if (is_alone) {
        memcpy(at, first->data, first->size);
    } else {
        *at++ = aggregate_header(packer);
        for (size_t i = 0; i < packer->pending_count; i++) {
            const struct nal *nal = &packer->pending[i];
            *at++ = (uint8_t)(nal->size >> 8);
            *at++ = (uint8_t)nal->size;
            memcpy(at, nal->data, nal->size);
            at += nal->size;
        }
    }
    packer->pending_count = 0;
    packer->pending_size = STAP_HEADER;
    return 0;
}

static int fragment(struct packer *packer, const struct nal *nal)
{
    size_t body = nal->size - 1; // its header travels in the FU's two
    size_t most = packer->target->payload_max - FU_HEADERS;
    size_t pieces = (body + most - 1) / most;
    size_t piece = (body + pieces - 1) / pieces; // equal, the last one at most smaller
    const uint8_t *from = nal->data + 1;
    for (size_t done = 0; done < body; done += piece) {
        size_t size = body - done < piece ? body - done : piece;
        uint8_t *at = take_payload(packer, FU_HEADERS + size);
        if (!at)
            return -ENOSPC;
        bool is_start = done == 0;
        bool is_end = done + size == body;
        at[0] = (uint8_t)((nal->data[0] & 0xe0) | NAL_FU_A);
        at[1] = (uint8_t)((is_start ? 0x80 : 0) | (is_end ? 0x40 : 0) | (nal->data[0] & 0x1f));
        memcpy(at + FU_HEADERS, from + done, size);
    }
    return 0;
}

static int add_nal(struct packer *packer, const struct nal *nal)
{
    size_t payload_max = packer->target->payload_max;
    size_t as_part = STAP_LENGTH_SIZE + nal->size;
    bool shares =
            packer->pending_count < PENDING_MAX && packer->pending_size + as_part <= payload_max;
    if (!shares) {
        int rc = flush_pending(packer);
        if (rc < 0)
            return rc;
    }
    if (nal->size > payload_max)
        return fragment(packer, nal);
    packer->pending[packer->pending_count++] = *nal;
    packer->pending_size += as_part;
    return 0;
}

static bool is_left_out(const struct nal *nal)
{
    if (nal->size == 0)
        return true;
    uint8_t type = nal->data[0] & 0x1f;
    return type == NAL_DELIMITER || type == NAL_FILLER;
}

int h264_pack(const uint8_t *access_unit, size_t size, const struct h264_pack_target *target)
{
    struct packer packer = { .target = target, .pending_size = STAP_HEADER };
    const uint8_t *at = access_unit;
    struct nal nal;
    int rc = target->payload_max < PAYLOAD_MIN ? -EINVAL : 0;
    while (rc == 0 && next_nal(&at, access_unit + size, &nal)) {
        if (!is_left_out(&nal))
            rc = add_nal(&packer, &nal);
    }
    if (rc == 0)
        rc = flush_pending(&packer);
    if (rc < 0)
        return rc;
    return packer.count > 0 ? (int)packer.count : -EBADMSG;
}
