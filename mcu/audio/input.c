// SPDX-License-Identifier: Apache-2.0
#include "mcu/audio/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/audio/level.h"

int mixer_input_open(uint16_t slot, struct mixer_input **out)
{
    struct mixer_input *input = calloc(1, sizeof(*input));
    if (!input)
        abort();
    input->slot = slot;
    input->gain = AUDIO_GAIN_ONE;
    agc_init(&input->agc);
    input->level = input->display_level = -127;
    ranking_entry_init(&input->rank);
    input->jitter = audio_jitter_new(&(struct audio_jitter_config){ 0 });

    int error = 0;
    input->decoder = opus_decoder_create(AUDIO_RATE_HZ, 1, &error);
    if (error != OPUS_OK) {
        mixer_input_close(input);
        return -ENOMEM;
    }
    *out = input;
    return 0;
}

void mixer_input_close(struct mixer_input *input)
{
    if (!input)
        return;
    if (input->decoder)
        opus_decoder_destroy(input->decoder);
    audio_jitter_free(input->jitter);
    free(input);
}

void input_restart(struct mixer_input *input)
{
    audio_jitter_reset(input->jitter);
    input->left = 0;
    input->is_warm = false;
    input->has_levels = false;
    memset(input->kept, 0, sizeof(input->kept));
}

static void copy_payload(struct input_payload *to, const uint8_t *data, size_t size)
{
    to->size = size <= sizeof(to->data) ? (uint16_t)size : 0;
    if (to->size > 0)
        memcpy(to->data, data, to->size);
}

static void show_level(struct mixer_input *input)
{
    int fallen = input->display_level - 1;
    input->display_level = input->level > fallen ? input->level : fallen;
    if (input->display_level < -127)
        input->display_level = -127;
}

// What nobody decoded is remembered: the decoder of a member who begins to be heard starts with it.
static void leave_current(struct mixer_input *input)
{
    if (input->is_decoded)
        return;
    input->is_warm = false;
    if (input->action == AUDIO_JITTER_PACKET && input->current.size > 0)
        copy_payload(&input->kept[input->kept_next++ % INPUT_KEPT], input->current.data,
                input->current.size);
}

static void take_next(struct mixer_input *input, int64_t now_us, struct mixer_counters *counters)
{
    struct audio_jitter_frame frame = { 0 };
    const uint64_t red_before = audio_jitter_counters(input->jitter)->red_used;
    input->action = audio_jitter_next(input->jitter, now_us, &frame);
    counters->red_used += audio_jitter_counters(input->jitter)->red_used - red_before;
    bool has_data = input->action == AUDIO_JITTER_PACKET || input->action == AUDIO_JITTER_FEC;
    copy_payload(&input->current, frame.data, has_data ? frame.size : 0);
    bool is_usable = frame.samples >= AUDIO_FRAME && frame.samples <= INPUT_SAMPLES_MAX;
    input->total = input->left = is_usable ? frame.samples : AUDIO_FRAME;
    input->is_decoded = false;

    counters->silent += input->action == AUDIO_JITTER_SILENCE;
    if (input->action == AUDIO_JITTER_SILENCE)
        input->level = -127;
    else if (input->action == AUDIO_JITTER_PACKET && input->has_levels)
        input->level = -frame.level;
}

void input_advance(struct mixer_input *input, int64_t now_us, struct mixer_counters *counters)
{
    input->left -= AUDIO_FRAME;
    if (input->left < AUDIO_FRAME) {
        leave_current(input);
        take_next(input, now_us, counters);
    }
    show_level(input);
}

// An idle decoder knows nothing of the voice; the last payloads, decoded for nobody, teach it.
static void warm_up(struct mixer_input *input)
{
    opus_decoder_ctl(input->decoder, OPUS_RESET_STATE);
    for (unsigned i = 0; i < INPUT_KEPT; i++) {
        const struct input_payload *kept = &input->kept[(input->kept_next + i) % INPUT_KEPT];
        // A payload that can not be decoded teaches nothing.
        if (kept->size > 0 && opus_decode(input->decoder, kept->data, kept->size, input->pcm,
                                      INPUT_SAMPLES_MAX, 0) < 0)
            opus_decoder_ctl(input->decoder, OPUS_RESET_STATE);
    }
    memset(input->kept, 0, sizeof(input->kept));
    input->is_warm = true;
}

static int decode(struct mixer_input *input, struct mixer_counters *counters)
{
    const struct input_payload *current = &input->current;
    switch (input->action) {
    case AUDIO_JITTER_PACKET:
        counters->decoded++;
        return opus_decode(
                input->decoder, current->data, current->size, input->pcm, INPUT_SAMPLES_MAX, 0);
    case AUDIO_JITTER_FEC:
        counters->corrected++;
        return opus_decode(
                input->decoder, current->data, current->size, input->pcm, input->total, 1);
    case AUDIO_JITTER_CONCEAL:
        counters->concealed++;
        return opus_decode(input->decoder, NULL, 0, input->pcm, input->total, 0);
    case AUDIO_JITTER_SILENCE:
        break;
    }
    return 0;
}

void input_decode(struct mixer_input *input, struct mixer_counters *counters)
{
    if (!input->is_decoded) {
        if (!input->is_warm)
            warm_up(input);
        int samples = decode(input, counters);
        if (samples < 0) {
            counters->decode_errors++;
            samples = 0;
        }
        if (samples < input->total)
            memset(input->pcm + samples, 0, (size_t)(input->total - samples) * sizeof(int16_t));
        input->is_decoded = true;
    }
    if (!input->has_levels)
        input->level = level_dbov(input_pcm(input), AUDIO_FRAME);
}

const int16_t *input_pcm(const struct mixer_input *input)
{
    static const int16_t silence[AUDIO_FRAME];
    if (!input->is_decoded)
        return silence;
    return input->pcm + (input->total - input->left);
}
