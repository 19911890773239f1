// SPDX-License-Identifier: Apache-2.0
#include "tests/load/voice.h"

#include <opus.h>

#include "common/media/tone.h"
#include "room-agent/media/speech.h"

#define RATE_HZ       48000
#define FRAME_SAMPLES 960
#define SETTLE_FRAMES 10

struct voices {
    struct voice *of_tone[CLIP_TONES];
};

// Speech repeats with a cut; the tone goes on smoothly, since it has whole periods in a second.
static struct voice *code(struct speech *speech, unsigned tone_number)
{
    struct voice *voice = g_new0(struct voice, 1);
    OpusEncoder *opus = clip_opus_new();
    struct tone tone;
    tone_init(&tone, clip_tone_hz(tone_number), CLIP_TONE_DBFS, RATE_HZ);
    if (speech)
        speech_begin_at(speech, tone_number);
    for (int frame = -SETTLE_FRAMES; frame < VOICE_FRAMES; frame++) {
        int16_t samples[FRAME_SAMPLES] = { 0 };
        if (speech)
            speech_read(speech, samples, FRAME_SAMPLES);
        tone_add(&tone, samples, FRAME_SAMPLES);
        GBytes *coded = clip_opus_code(opus, samples);
        if (frame < 0) { // the first ones are for the encoder to settle
            g_bytes_unref(coded);
            continue;
        }
        voice->frames[frame] = coded;
        voice->levels[frame] = audio_level(samples, FRAME_SAMPLES);
    }
    opus_encoder_destroy(opus);
    return voice;
}

struct voices *voices_new(const char *folder, unsigned first_mark, unsigned rooms)
{
    struct voices *voices = g_new0(struct voices, 1);
    struct speech *speech = folder ? speech_new(folder) : NULL;
    for (unsigned i = 0; i < MIN(rooms, CLIP_TONES); i++) {
        const unsigned tone = (first_mark + i) % CLIP_TONES;
        voices->of_tone[tone] = code(speech, tone);
    }
    speech_free(speech);
    return voices;
}

void voices_free(struct voices *voices)
{
    if (!voices)
        return;
    for (unsigned tone = 0; tone < CLIP_TONES; tone++) {
        for (int frame = 0; voices->of_tone[tone] && frame < VOICE_FRAMES; frame++)
            g_bytes_unref(voices->of_tone[tone]->frames[frame]);
        g_free(voices->of_tone[tone]);
    }
    g_free(voices);
}

const struct voice *voices_of(const struct voices *voices, unsigned mark)
{
    return voices->of_tone[mark % CLIP_TONES];
}
