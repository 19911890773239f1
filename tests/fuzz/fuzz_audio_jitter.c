// SPDX-License-Identifier: Apache-2.0
// module: common/rtp
// audio_jitter_push and audio_jitter_next with any order of packets and times. An event of the
// input: what and by how much, size, bytes.
#include <stdlib.h>

#include "common/rtp/audio_jitter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_next(struct audio_jitter *jitter, int64_t now_us)
{
    struct audio_jitter_frame frame;
    enum audio_jitter_action action = audio_jitter_next(jitter, now_us, &frame);
    bool has_data = action == AUDIO_JITTER_PACKET || action == AUDIO_JITTER_FEC;
    // What opus_decode() takes.
    if (frame.samples <= 0 || frame.samples > 5760 || frame.samples % 120 != 0 ||
            (frame.data != NULL) != has_data)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct audio_jitter_config config = { 0 };
    struct audio_jitter *jitter = audio_jitter_new(&config);
    int64_t now_us = 1000000;
    uint32_t timestamp = 4294900000u;
    uint16_t seq = 65530;
    while (size >= 3) {
        size_t payload = data[2] < size - 3 ? data[2] : size - 3;
        now_us += data[1] * 500;
        if (data[0] & 1)
            check_next(jitter, now_us);
        seq = (uint16_t)(seq + (data[0] >> 6));
        timestamp += (uint32_t)(data[0] >> 4 & 3) * 960 + (data[0] & 4 ? data[1] * 1000u : 0);
        audio_jitter_push(
                jitter, seq, timestamp, data + 3, payload, data[1] & 127, data[0] & 2, now_us);
        data += 3 + payload;
        size -= 3 + payload;
    }
    for (int i = 0; i < 8; i++)
        check_next(jitter, now_us += 20000);
    audio_jitter_free(jitter);
    return 0;
}
