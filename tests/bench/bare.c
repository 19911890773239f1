// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "bare"

#include "tests/bench/bare.h"

#include <errno.h>
#include <json-c/json.h>
#include <opus.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/h264_decoder.h"
#include "common/media/h264_encoder.h"
#include "mcu/audio/bus.h"
#include "mcu/audio/mix.h"
#include "mcu/canvas/canvas.h"
#include "tests/bench/clock.h"
#include "tests/bench/material.h"
#include "tests/bench/wire.h"

#define PICTURE_NS  (1000000000 / MATERIAL_FPS)
#define SOUND_NS    20000000
#define WARM_UP_MS  120
#define TALKERS_MAX 64
#define SOUND_MAX   1276
#define CACHE_LINE  64

struct bare {
    const struct bare_config *config;
    struct material material;
    struct wire *wire;
    struct h264_decoder *decoders[LAYOUT_TILES_MAX];
    struct h264_encoder *encoder;
    struct picture *canvas;
    OpusDecoder *ears[TALKERS_MAX];
    OpusEncoder *mouths[TALKERS_MAX + 1];
    uint8_t sound[SOUND_MAX];
    size_t sound_size;
    int64_t step; // of the part that runs
    unsigned touched;
    int64_t prepared_ns; // CPU of preparing, which does not count
};

// --- the parts -----------------------------------------------------------------------------------

static void drop_picture(void *user, const struct picture *picture, int64_t pts_us)
{
    (void)user;
    (void)picture;
    (void)pts_us;
}

static int open_decoders(struct bare *bare)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < bare->config->tiles; i++)
        rc = h264_decoder_open(drop_picture, NULL, NULL, &bare->decoders[i]);
    return rc;
}

static void decode(struct bare *bare)
{
    for (size_t i = 0; i < bare->config->tiles; i++) {
        const struct clip *clip = &bare->material.clips[i % MATERIAL_CLIPS];
        size_t size;
        const uint8_t *data = g_bytes_get_data(clip->units[bare->step % clip->frame_count], &size);
        h264_decoder_push(bare->decoders[i], data, size, bare->step * PICTURE_NS / 1000);
    }
}

static void close_decoders(struct bare *bare)
{
    for (size_t i = 0; i < LAYOUT_TILES_MAX; i++)
        g_clear_pointer(&bare->decoders[i], h264_decoder_close);
}

static int open_canvas(struct bare *bare)
{
    bare->canvas = picture_new(MATERIAL_WIDTH, MATERIAL_HEIGHT);
    return 0;
}

// Always the same few pictures: in a meeting one is scaled right after it was decoded, while it is
// in the cache.
static void scale(struct bare *bare)
{
    for (size_t i = 0; i < bare->config->tiles; i++)
        canvas_draw(bare->canvas, &bare->material.rects[i],
                bare->material.pictures[i % MATERIAL_CLIPS][0]);
}

static void close_canvas(struct bare *bare)
{
    g_clear_pointer(&bare->canvas, picture_free);
}

static void drop_unit(
        void *user, const uint8_t *data, size_t size, bool is_key_frame, int64_t pts_us)
{
    (void)user;
    (void)data;
    (void)size;
    (void)is_key_frame;
    (void)pts_us;
}

static int open_encoder(struct bare *bare)
{
    const struct h264_encoder_config config = { .width = MATERIAL_WIDTH,
        .height = MATERIAL_HEIGHT,
        .fps = MATERIAL_FPS,
        .kbps = MATERIAL_KBPS };
    return h264_encoder_open(&config, drop_unit, NULL, &bare->encoder);
}

// As if it had just been composed: what is in memory only is not the encoder's cost.
static void warm_canvas(struct bare *bare)
{
    const struct picture *canvas = bare->material.canvases[bare->step % MATERIAL_PICTURES];
    unsigned sum = 0;
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < canvas->height >> (plane > 0); y++)
            for (int x = 0; x < canvas->width >> (plane > 0); x += CACHE_LINE)
                sum += canvas->plane[plane][y * canvas->stride[plane] + x];
    bare->touched = sum;
}

static void encode(struct bare *bare)
{
    // A picture that the encoder has no time for is missing from its cost, but not from the MCU's.
    const int rc = h264_encoder_push(bare->encoder,
            bare->material.canvases[bare->step % MATERIAL_PICTURES],
            bare->step * PICTURE_NS / 1000);
    if (rc < 0)
        log_warn("the encoder is behind: the machine is too busy to measure");
}

static void close_encoder(struct bare *bare)
{
    g_clear_pointer(&bare->encoder, h264_encoder_close);
}

static int open_opus(struct bare *bare)
{
    int error = OPUS_OK;
    for (size_t i = 0; error == OPUS_OK && i < bare->config->talkers; i++)
        bare->ears[i] = opus_decoder_create(AUDIO_RATE_HZ, 1, &error);
    // One for each talker, one for all others.
    for (size_t i = 0; error == OPUS_OK && i <= bare->config->talkers; i++) {
        bare->mouths[i] = opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_VOIP, &error);
        if (error != OPUS_OK)
            break;
        opus_encoder_ctl(bare->mouths[i], OPUS_SET_BITRATE(MATERIAL_SOUND_BPS));
        opus_encoder_ctl(bare->mouths[i], OPUS_SET_COMPLEXITY(BUS_ENCODE_COMPLEXITY));
        opus_encoder_ctl(bare->mouths[i], OPUS_SET_INBAND_FEC(1));
        opus_encoder_ctl(bare->mouths[i], OPUS_SET_PACKET_LOSS_PERC(MATERIAL_SOUND_LOSS));
    }
    return error == OPUS_OK ? 0 : -ENOMEM;
}

static void code_sound(struct bare *bare)
{
    int16_t pcm[AUDIO_FRAME] = { 0 };
    for (size_t i = 0; i < bare->config->talkers; i++) {
        const struct clip *clip = &bare->material.clips[i % MATERIAL_CLIPS];
        size_t size;
        const uint8_t *data = g_bytes_get_data(clip->sound[bare->step % CLIP_SOUND_FRAMES], &size);
        const int samples = opus_decode(bare->ears[i], data, (opus_int32)size, pcm, AUDIO_FRAME, 0);
        if (samples != AUDIO_FRAME)
            log_warn("a clip's sound can not be decoded");
    }
    for (size_t i = 0; i <= bare->config->talkers; i++) {
        const int size =
                opus_encode(bare->mouths[i], pcm, AUDIO_FRAME, bare->sound, sizeof(bare->sound));
        bare->sound_size = size > 0 ? (size_t)size : 0;
    }
}

static void close_opus(struct bare *bare)
{
    for (size_t i = 0; i < TALKERS_MAX; i++)
        g_clear_pointer(&bare->ears[i], opus_decoder_destroy);
    for (size_t i = 0; i <= TALKERS_MAX; i++)
        g_clear_pointer(&bare->mouths[i], opus_encoder_destroy);
}

static int open_wire(struct bare *bare)
{
    return wire_open(bare->config->rooms, &bare->wire);
}

static void send_picture(struct bare *bare)
{
    size_t size;
    const GPtrArray *units = bare->material.units;
    GBytes *unit = g_ptr_array_index(units, bare->step % units->len);
    const uint8_t *data = g_bytes_get_data(unit, &size);
    wire_send_picture(bare->wire, data, size);
}

static void send_sound(struct bare *bare)
{
    wire_send_sound(bare->wire, bare->sound, bare->sound_size);
}

static void close_wire(struct bare *bare)
{
    g_clear_pointer(&bare->wire, wire_close);
}

// `alone`: the work is all done by the thread that asks for it; others (who drain the sockets) do
// not count.
static const struct part {
    const char *name;
    int64_t interval_ns;
    bool alone;
    bool is_sound;
    int (*open)(struct bare *bare);
    void (*prepare)(struct bare *bare); // NULL: nothing
    void (*step)(struct bare *bare);
    void (*close)(struct bare *bare);
} parts[] = {
    { "decode", PICTURE_NS, false, false, open_decoders, NULL, decode, close_decoders },
    { "scale", PICTURE_NS, true, false, open_canvas, NULL, scale, close_canvas },
    { "encode", PICTURE_NS, false, false, open_encoder, warm_canvas, encode, close_encoder },
    { "opus", SOUND_NS, true, true, open_opus, NULL, code_sound, close_opus },
    { "send_picture", PICTURE_NS, true, false, open_wire, NULL, send_picture, close_wire },
    { "send_sound", SOUND_NS, true, true, open_wire, NULL, send_sound, close_wire },
};

// --- measuring -----------------------------------------------------------------------------------

// Keeps the pace of a meeting: work at full speed would find warm caches that a meeting does not
// have.
static int64_t run_for(struct bare *bare, const struct part *part, int ms)
{
    const int64_t begun_ns = clock_now_ns();
    int64_t due_ns = begun_ns;
    while (due_ns - begun_ns < (int64_t)ms * 1000000) {
        clock_sleep_until_ns(due_ns);
        if (part->prepare) {
            const int64_t before_ns = clock_thread_ns();
            part->prepare(bare);
            bare->prepared_ns += clock_thread_ns() - before_ns;
        }
        part->step(bare);
        bare->step++;
        due_ns += part->interval_ns;
    }
    clock_sleep_until_ns(due_ns);
    return clock_now_ns() - begun_ns;
}

static int measure(struct bare *bare, const struct part *part, double *cores)
{
    int64_t (*cpu_ns)(void) = part->alone ? clock_thread_ns : clock_process_ns;
    bare->step = 0;
    int rc = part->open(bare);
    if (rc == 0) {
        run_for(bare, part, WARM_UP_MS);
        bare->prepared_ns = 0;
        const int64_t before_ns = cpu_ns();
        const int64_t lasted_ns = run_for(bare, part, bare->config->part_ms);
        *cores = (double)(cpu_ns() - before_ns - bare->prepared_ns) / (double)lasted_ns;
    }
    part->close(bare);
    return rc;
}

static double mean_packets(const GPtrArray *units)
{
    double packets = 0;
    for (guint i = 0; i < units->len; i++)
        packets += wire_packets_of(g_bytes_get_size(g_ptr_array_index(units, i)));
    return packets / units->len;
}

int bare_run(const struct bare_config *config, struct json_object **out)
{
    if (config->talkers > TALKERS_MAX || config->tiles > LAYOUT_TILES_MAX)
        return -EINVAL;
    struct bare bare = { .config = config };
    int rc = material_open(config->tiles, &bare.material);
    if (rc < 0)
        return rc;
    struct json_object *cores_of = json_object_new_object();
    double sum = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(parts); i++) {
        double cores = 0;
        if (config->is_sound && !parts[i].is_sound)
            continue;
        rc = measure(&bare, &parts[i], &cores);
        sum += cores;
        json_object_object_add(cores_of, parts[i].name, json_object_new_double(cores));
    }
    if (rc == 0) {
        *out = json_object_new_object();
        json_object_object_add(*out, "rooms", json_object_new_int((int)config->rooms));
        json_object_object_add(*out, "tiles", json_object_new_int((int)config->tiles));
        json_object_object_add(*out, "talkers", json_object_new_int((int)config->talkers));
        json_object_object_add(*out, "packets_a_picture",
                json_object_new_double(mean_packets(bare.material.units)));
        json_object_object_add(*out, "parts", json_object_get(cores_of));
        json_object_object_add(*out, "sum", json_object_new_double(sum));
    }
    json_object_put(cores_of);
    material_close(&bare.material);
    return rc;
}
