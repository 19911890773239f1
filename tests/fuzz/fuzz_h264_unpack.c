// SPDX-License-Identifier: Apache-2.0
// module: common/rtp
// h264_unpack_push with a sequence of packets, h264_pack with the bytes as an access unit; what was
// packed from a unit that came out unpacks again. A packet of the input: step in sequence and
// flags, size, bytes.
#include <stdlib.h>
#include <string.h>

#include "common/rtp/h264_pack.h"
#include "common/rtp/h264_unpack.h"

#define UNIT_MAX     4096
#define PAYLOADS_MAX 128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack(const uint8_t *unit, size_t size)
{
    static uint8_t buffer[4 * UNIT_MAX];
    static struct h264_pack_payload payloads[PAYLOADS_MAX];
    const struct h264_pack_target target = { buffer, sizeof(buffer), 16, 100, payloads,
        PAYLOADS_MAX };
    int count = h264_pack(unit, size, &target);
    for (int i = 0; i < count; i++) {
        if (payloads[i].size == 0 || payloads[i].size > 100 || payloads[i].data < buffer + 16 ||
                payloads[i].data + payloads[i].size > buffer + sizeof(buffer))
            abort();
    }
}

static void on_unit(void *user, const struct h264_access_unit *unit)
{
    (void)user;
    static const uint8_t start_code[4] = { 0, 0, 0, 1 };
    if (unit->size < 5 || unit->size > UNIT_MAX || memcmp(unit->data, start_code, 4) != 0)
        abort();
    pack(unit->data, unit->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= UNIT_MAX)
        pack(data, size);
    struct h264_unpack *unpack = h264_unpack_new(UNIT_MAX, on_unit, NULL);
    uint16_t seq = 65500;
    uint32_t timestamp = 0;
    while (size >= 2) {
        size_t payload = data[1] < size - 2 ? data[1] : size - 2;
        seq = (uint16_t)(seq + 1 + (data[0] & 0x07) / 6);
        timestamp += data[0] & 0x40 ? 3600 : 0;
        h264_unpack_push(unpack, seq, timestamp, data[0] & 0x80, data + 2, payload);
        data += 2 + payload;
        size -= 2 + payload;
    }
    h264_unpack_free(unpack);
    return 0;
}
