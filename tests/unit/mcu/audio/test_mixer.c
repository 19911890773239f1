// SPDX-License-Identifier: Apache-2.0
// The mixer with real Opus: who hears whom, what is encoded, and that a tick allocates nothing.
#include <math.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/audio/mixer.h"

#include <cmocka.h>

#define ROOMS   12
#define TICK_US 20000
#define BUS     3
#define FIRST   40 // slot of the first room

// --- counting allocations ------------------------------------------------------------------------

static _Atomic int allocations;

// The sanitizers bring a malloc of their own, which must not be replaced.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

#ifndef HAS_SANITIZER
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(block, size);
}
#endif

// --- rooms that speak a tone and listen ----------------------------------------------------------

struct room {
    uint16_t seq;
    uint32_t timestamp;
    double hz, amplitude, phase;
    OpusEncoder *encoder;
    OpusDecoder *decoder;
    int16_t pcm[AUDIO_FRAME]; // what it heard last
    uint32_t heard_tick;
    bool was_own;
    uint8_t hears;
    bool is_thin;
    int thin_packets;
    size_t thin_bytes;
};

struct hall {
    struct mixer *mixer;
    struct room rooms[ROOMS];
    int count;
    bool says_level;
    uint32_t tick;
    int own_outputs, shared_outputs; // of the last tick
};

static void hear(struct hall *hall, struct room *room, const struct mixer_output *output)
{
    if (room->heard_tick == output->tick)
        return;
    if (output->slot == MIXER_SHARED &&
            (output->language != room->hears || output->is_thin != room->is_thin))
        return;
    if (output->is_thin) {
        int16_t pcm[MIXER_THIN_TICKS * AUDIO_FRAME];
        assert_int_equal(output->tick, hall->tick - MIXER_THIN_TICKS + 1);
        assert_int_equal(opus_decode(room->decoder, output->data, (opus_int32)output->size, pcm,
                                 MIXER_THIN_TICKS * AUDIO_FRAME, 0),
                MIXER_THIN_TICKS * AUDIO_FRAME);
        memcpy(room->pcm, pcm + AUDIO_FRAME, sizeof(room->pcm));
        room->thin_packets++;
        room->thin_bytes += output->size;
        return;
    }
    room->heard_tick = output->tick;
    room->was_own = output->slot != MIXER_SHARED;
    assert_int_equal(opus_decode(room->decoder, output->data, (opus_int32)output->size, room->pcm,
                             AUDIO_FRAME, 0),
            AUDIO_FRAME);
}

static void take_output(void *user, const struct mixer_output *output)
{
    struct hall *hall = user;
    assert_int_equal(output->bus, BUS);
    if (output->slot != MIXER_SHARED) {
        assert_int_equal(hall->shared_outputs, 0); // own ones come first
        hall->own_outputs++;
        hear(hall, &hall->rooms[output->slot - FIRST], output);
        return;
    }
    hall->shared_outputs += output->language == 0 && !output->is_thin;
    for (int i = 0; i < hall->count; i++)
        hear(hall, &hall->rooms[i], output);
}

static void speak(struct hall *hall, int number)
{
    struct room *room = &hall->rooms[number];
    int16_t pcm[AUDIO_FRAME];
    for (int i = 0; i < AUDIO_FRAME; i++) {
        pcm[i] = (int16_t)lround(room->amplitude * sin(room->phase));
        room->phase = fmod(room->phase + 2 * M_PI * room->hz / AUDIO_RATE_HZ, 2 * M_PI);
    }
    struct mixer_packet packet = {
        .slot = (uint16_t)(FIRST + number),
        .seq = room->seq++,
        .timestamp = room->timestamp,
        .has_level = hall->says_level,
        .level = room->amplitude > 0
                         ? (uint8_t)lround(-20 * log10(room->amplitude / 32767 / M_SQRT2))
                         : 127,
    };
    int size = opus_encode(room->encoder, pcm, AUDIO_FRAME, packet.data, sizeof(packet.data));
    assert_true(size > 0);
    packet.size = (uint16_t)size;
    room->timestamp += AUDIO_FRAME;
    mixer_push(hall->mixer, &packet, (int64_t)hall->tick * TICK_US);
}

static void step(struct hall *hall)
{
    hall->tick++;
    for (int i = 0; i < hall->count; i++)
        speak(hall, i);
    hall->own_outputs = hall->shared_outputs = 0;
    mixer_tick(hall->mixer, hall->tick, (int64_t)hall->tick * TICK_US + 5000, take_output, hall);
    assert_int_equal(hall->shared_outputs, 1);
}

static void steps(struct hall *hall, int count)
{
    for (int i = 0; i < count; i++)
        step(hall);
}

static struct hall *open_hall(int count, bool says_level)
{
    struct hall *hall = calloc(1, sizeof(*hall));
    const struct mixer_bus_config config = { .id = BUS, .bit_rate = 32000, .loss_percent = 5 };
    struct mixer_bus *bus = NULL;
    hall->mixer = mixer_new();
    hall->count = count;
    hall->says_level = says_level;
    hall->tick = 1000;
    assert_int_equal(mixer_bus_open(&config, &bus), 0);
    assert_int_equal(mixer_add_bus(hall->mixer, bus), 0);
    for (int i = 0; i < count; i++) {
        struct room *room = &hall->rooms[i];
        struct mixer_input *input = NULL;
        int error = 0;
        room->hz = 500 + 200 * i;
        room->amplitude = 8000;
        room->encoder =
                opus_encoder_create(AUDIO_RATE_HZ, 1, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
        room->decoder = opus_decoder_create(AUDIO_RATE_HZ, 1, &error);
        assert_int_equal(mixer_input_open((uint16_t)(FIRST + i), &input), 0);
        assert_int_equal(mixer_add_input(hall->mixer, BUS, input), 0);
        mixer_set(hall->mixer, (uint16_t)(FIRST + i), true, false, AUDIO_GAIN_ONE);
    }
    return hall;
}

static void close_hall(struct hall *hall)
{
    for (int i = 0; i < hall->count; i++) {
        opus_encoder_destroy(hall->rooms[i].encoder);
        opus_decoder_destroy(hall->rooms[i].decoder);
    }
    mixer_free(hall->mixer);
    free(hall);
}

// How loud a room's tone is in what another hears, dB below full scale.
static double hears(const struct hall *hall, int listener, int talker)
{
    const int16_t *pcm = hall->rooms[listener].pcm;
    double re = 0, im = 0, step_of = 2 * M_PI * hall->rooms[talker].hz / AUDIO_RATE_HZ;
    for (int i = 0; i < AUDIO_FRAME; i++) {
        re += pcm[i] * cos(step_of * i);
        im += pcm[i] * sin(step_of * i);
    }
    return 20 * log10(2 * hypot(re, im) / AUDIO_FRAME / 32767 + 1e-9);
}

static void each_hears_the_others_and_not_itself(void **state)
{
    (void)state;
    struct hall *hall = open_hall(3, true);
    steps(hall, 60);
    assert_int_equal(hall->own_outputs, 3);
    for (int listener = 0; listener < 3; listener++)
        for (int talker = 0; talker < 3; talker++) {
            const double level = hears(hall, listener, talker);
            if (listener == talker)
                assert_true(level < -45);
            else
                assert_true(level > -25);
        }
    close_hall(hall);
}

static void who_is_not_heard_is_neither_mixed_nor_decoded(void **state)
{
    (void)state;
    struct hall *hall = open_hall(4, true);
    for (int i = 1; i < 4; i++)
        mixer_set(hall->mixer, (uint16_t)(FIRST + i), false, false, AUDIO_GAIN_ONE);
    steps(hall, 60);
    const uint64_t decoded = mixer_counters(hall->mixer)->decoded;
    steps(hall, 50);
    assert_in_range(mixer_counters(hall->mixer)->decoded - decoded, 48, 51);
    assert_int_equal(hall->own_outputs, 1); // one shared encode for the three listeners
    assert_true(hears(hall, 2, 0) > -25);
    assert_true(hears(hall, 2, 1) < -45);
    assert_true(mixer_level(hall->mixer, FIRST + 1) > -30); // its level is shown all the same
    close_hall(hall);
}

static void only_the_loudest_are_mixed(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ROOMS, true);
    for (int i = 0; i < ROOMS; i++)
        hall->rooms[i].amplitude = i < MIXER_CHOSEN_MAX ? 3000 : 600;
    steps(hall, 80);
    assert_int_equal(hall->own_outputs, MIXER_CHOSEN_MAX);
    const uint64_t decoded = mixer_counters(hall->mixer)->decoded;
    step(hall);
    assert_int_equal(mixer_counters(hall->mixer)->decoded - decoded, MIXER_CHOSEN_MAX);
    close_hall(hall);
}

static void the_pinned_are_mixed_however_quiet(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ROOMS, true);
    for (int i = 0; i < ROOMS; i++)
        hall->rooms[i].amplitude = i == 0 ? 300 : 3000;
    mixer_set(hall->mixer, FIRST, true, true, AUDIO_GAIN_ONE);
    steps(hall, 80);
    assert_true(hall->rooms[0].was_own);
    const uint64_t decoded = mixer_counters(hall->mixer)->decoded;
    step(hall);
    assert_int_equal(mixer_counters(hall->mixer)->decoded - decoded, MIXER_CHOSEN_MAX);
    close_hall(hall);
}

// The mean over some frames: Opus spreads a tone differently over each.
static double level_over(struct hall *hall, int listener, int talker)
{
    double sum = 0;
    for (int i = 0; i < 20; i++) {
        step(hall);
        sum += hears(hall, listener, talker);
    }
    return sum / 20;
}

static void a_quiet_room_is_evened_out_where_that_is_wished(void **state)
{
    (void)state;
    struct hall *hall = open_hall(3, true);
    hall->rooms[1].amplitude = 1000; // -33 dBov
    hall->rooms[2].amplitude = 0;    // which would be heard over it
    steps(hall, 60);
    const double before = level_over(hall, 0, 1);
    mixer_set_even(hall->mixer, FIRST + 1, true);
    steps(hall, 400);
    const double after = level_over(hall, 0, 1);
    assert_true(after > before + 5.5 && after < before + 11);
    mixer_set_even(hall->mixer, FIRST + 1, false);
    steps(hall, 20);
    assert_true(fabs(level_over(hall, 0, 1) - before) < 2);
    close_hall(hall);
}

static void a_gain_makes_a_room_louder_or_quieter(void **state)
{
    (void)state;
    struct hall *hall = open_hall(3, true);
    steps(hall, 60);
    const double before = level_over(hall, 0, 1);
    mixer_set(hall->mixer, FIRST + 1, true, false, mix_gain_from_db(-6));
    steps(hall, 20);
    assert_true(fabs(level_over(hall, 0, 1) - (before - 6)) < 1.5);
    mixer_set(hall->mixer, FIRST + 1, true, false, mix_gain_from_db(-60));
    steps(hall, 20);
    assert_true(level_over(hall, 0, 1) < -45);
    close_hall(hall);
}

static void set_language(struct hall *hall, int room, uint8_t speaks, uint8_t hears, bool is_thin)
{
    hall->rooms[room].hears = hears;
    hall->rooms[room].is_thin = is_thin;
    mixer_set_language(hall->mixer, (uint16_t)(FIRST + room), speaks, hears, is_thin);
}

// 0 speaks on the floor and hears it, 1 interprets into language 1 and hears the floor, 2 and 3
// listen to language 1, 4 listens to the floor.
static struct hall *open_interpretation(void)
{
    struct hall *hall = open_hall(5, true);
    set_language(hall, 1, 1, 0, false);
    for (int i = 2; i < 5; i++)
        mixer_set(hall->mixer, (uint16_t)(FIRST + i), false, false, AUDIO_GAIN_ONE);
    set_language(hall, 2, 0, 1, false);
    set_language(hall, 3, 0, 1, false);
    return hall;
}

static void an_interpreter_is_heard_over_a_faint_floor(void **state)
{
    (void)state;
    struct hall *hall = open_interpretation();
    steps(hall, 60);
    for (int listener = 2; listener < 4; listener++) {
        const double floor = hears(hall, listener, 0);
        assert_true(hears(hall, listener, 1) > -25);
        assert_true(floor < -28 && floor > -38);
    }
    assert_true(hears(hall, 4, 0) > -25);
    assert_true(hears(hall, 4, 1) < -45); // the floor is not interpreted back
    assert_true(hears(hall, 1, 0) > -25);
    assert_true(hears(hall, 1, 1) < -45);
    assert_int_equal(hall->own_outputs, 1); // the speaker's; the interpreter takes the floor's
    const uint64_t shared = mixer_counters(hall->mixer)->encoded_shared;
    step(hall);
    assert_int_equal(mixer_counters(hall->mixer)->encoded_shared - shared, 2); // one a bus
    // The interpreter falls silent: the floor comes back.
    hall->rooms[1].amplitude = 0;
    steps(hall, 200);
    assert_true(hears(hall, 2, 0) > -25);
    close_hall(hall);
}

static void a_listener_changes_its_language_in_the_meeting(void **state)
{
    (void)state;
    struct hall *hall = open_interpretation();
    steps(hall, 60);
    set_language(hall, 2, 0, 0, false);
    steps(hall, 30);
    assert_true(hears(hall, 2, 0) > -25);
    assert_true(hears(hall, 2, 1) < -45);
    // Who speaks on the floor and hears another language does not hear itself there either.
    set_language(hall, 0, 0, 1, false);
    steps(hall, 30);
    assert_true(hears(hall, 0, 1) > -25);
    assert_true(hears(hall, 0, 0) < -45);
    close_hall(hall);
}

static void thin_links_share_an_encode_of_their_own(void **state)
{
    (void)state;
    struct hall *hall = open_interpretation();
    set_language(hall, 4, 0, 0, true);
    set_language(hall, 3, 0, 1, true);
    steps(hall, 150);
    assert_in_range(hall->rooms[4].thin_packets, 49, 50);
    assert_true(hall->rooms[4].thin_bytes * 8 / 3 < 18000); // bits a second
    assert_true(hears(hall, 4, 0) > -25);
    assert_true(hears(hall, 3, 1) > -25);
    assert_true(hears(hall, 2, 1) > -25);
    assert_true(mixer_counters(hall->mixer)->encoded_thin <= 100);
    close_hall(hall);
}

static void levels_are_measured_where_no_extension_says_them(void **state)
{
    (void)state;
    struct hall *hall = open_hall(2, false);
    hall->rooms[1].amplitude = 0;
    steps(hall, 150);
    assert_in_range(-mixer_level(hall->mixer, FIRST), 10, 20);
    assert_in_range(-mixer_level(hall->mixer, FIRST + 1), 80, 127);
    close_hall(hall);
}

// The second room listens to a tone; it begins and ends to speak, so that it moves from the shared
// stream to its own and back. What it hears has no step that the tone itself does not have.
static void moving_between_streams_makes_no_click(void **state)
{
    (void)state;
    struct hall *hall = open_hall(2, true);
    hall->rooms[0].hz = 440;
    hall->rooms[1].hz = 3000;
    hall->rooms[1].amplitude = 0;
    steps(hall, 100);
    const double steepest = 8000 * 2 * M_PI * 440 / AUDIO_RATE_HZ;
    bool was_own = hall->rooms[1].was_own;
    int moves = 0;
    for (int tick = 0; tick < 300; tick++) {
        hall->rooms[1].amplitude = tick > 50 && tick < 100 ? 6000 : 0;
        const int16_t last = hall->rooms[1].pcm[AUDIO_FRAME - 1];
        step(hall);
        moves += hall->rooms[1].was_own != was_own;
        was_own = hall->rooms[1].was_own;
        assert_true(abs(hall->rooms[1].pcm[0] - last) < 3 * steepest);
        for (int i = 1; i < AUDIO_FRAME; i++)
            assert_true(abs(hall->rooms[1].pcm[i] - hall->rooms[1].pcm[i - 1]) < 3 * steepest);
    }
    assert_int_equal(moves, 2);
    close_hall(hall);
}

// How much of a click is in what a room heard last: the greatest third difference, which a low tone
// hardly has and a step has much of. `tail` keeps the three samples before.
static double roughness(const struct room *room, int16_t tail[3])
{
    int16_t pcm[AUDIO_FRAME + 3];
    int most = 0;
    memcpy(pcm, tail, 3 * sizeof(pcm[0]));
    memcpy(pcm + 3, room->pcm, sizeof(room->pcm));
    memcpy(tail, room->pcm + AUDIO_FRAME - 3, 3 * sizeof(pcm[0]));
    for (int i = 3; i < AUDIO_FRAME + 3; i++) {
        const int third = abs(pcm[i] - 3 * pcm[i - 1] + 3 * pcm[i - 2] - pcm[i - 3]);
        most = third > most ? third : most;
    }
    return most;
}

// The second room hears a low tone while everything that moves a receiver happens to it; the third
// stays on the shared stream all the while.
static void no_move_is_rougher_than_the_steady_stream(void **state)
{
    (void)state;
    struct hall *hall = open_hall(4, true);
    hall->rooms[0].hz = 440;
    for (int i = 1; i < 4; i++)
        hall->rooms[i].amplitude = 0;
    set_language(hall, 3, 1, 0, false); // interprets, and is silent
    steps(hall, 100);
    int16_t tails[2][3] = { { 0 } };
    double steady = 0, moving = 0;
    int moves = 0;
    bool was_own = false;
    roughness(&hall->rooms[1], tails[0]);
    roughness(&hall->rooms[2], tails[1]);
    for (int tick = 0; tick < 1500; tick++) {
        hall->rooms[1].amplitude = tick % 307 > 50 && tick % 307 < 100 ? 30 : 0; // -64 dBov
        if (tick % 307 == 200 || tick % 307 == 250)
            set_language(hall, 1, 0, tick % 307 == 200, false);
        step(hall);
        moves += hall->rooms[1].was_own != was_own;
        was_own = hall->rooms[1].was_own;
        moving = fmax(moving, roughness(&hall->rooms[1], tails[0]));
        steady = fmax(steady, roughness(&hall->rooms[2], tails[1]));
    }
    assert_true(moves >= 10);
    assert_true(moving < 2 * steady);
    close_hall(hall);
}

static void muting_and_opening_a_microphone_makes_no_click(void **state)
{
    (void)state;
    struct hall *hall = open_hall(3, true);
    hall->rooms[0].hz = 440;
    hall->rooms[1].amplitude = hall->rooms[2].amplitude = 0;
    steps(hall, 100);
    int16_t tail[3] = { 0 };
    double steady = 0, moving = 0;
    roughness(&hall->rooms[1], tail);
    for (int tick = 0; tick < 100; tick++) {
        step(hall);
        steady = fmax(steady, roughness(&hall->rooms[1], tail));
    }
    for (int tick = 0; tick < 500; tick++) {
        if (tick % 37 == 0)
            mixer_set(hall->mixer, FIRST, tick % 2, false, AUDIO_GAIN_ONE);
        step(hall);
        moving = fmax(moving, roughness(&hall->rooms[1], tail));
    }
    assert_true(moving < 4 * steady);
    close_hall(hall);
}

static void eight_talkers_at_full_scale_wrap_no_sample(void **state)
{
    (void)state;
    struct hall *hall = open_hall(9, true);
    for (int i = 0; i < 9; i++) {
        hall->rooms[i].hz = 440; // all in step: the worst sum
        hall->rooms[i].amplitude = i < 8 ? 32000 : 0;
    }
    steps(hall, 100);
    int16_t last = hall->rooms[8].pcm[AUDIO_FRAME - 1];
    for (int tick = 0; tick < 100; tick++) {
        step(hall);
        for (int i = 0; i < AUDIO_FRAME; i++) {
            // A wrapped sample leaps from one end to the other; the tone goes 1 900 at most.
            assert_true(abs(hall->rooms[8].pcm[i] - last) < 4000);
            last = hall->rooms[8].pcm[i];
        }
    }
    assert_true(hears(hall, 8, 0) > -6);
    close_hall(hall);
}

static void a_member_that_leaves_and_one_that_restarts_change_nothing_else(void **state)
{
    (void)state;
    struct hall *hall = open_hall(3, true);
    steps(hall, 60);
    hall->count = 2;
    mixer_input_close(mixer_remove_input(hall->mixer, FIRST + 2));
    assert_null(mixer_remove_input(hall->mixer, FIRST + 2));
    hall->rooms[1].seq += 5000;
    hall->rooms[1].timestamp += 1234567;
    mixer_restart(hall->mixer, FIRST + 1);
    steps(hall, 60);
    assert_true(hears(hall, 0, 1) > -25);
    assert_true(hears(hall, 1, 0) > -25);
    hall->count = 3; // so that it is freed
    close_hall(hall);
}

static void a_packet_of_nobody_is_counted(void **state)
{
    (void)state;
    struct hall *hall = open_hall(1, true);
    struct mixer_packet packet = { .slot = FIRST + 7, .size = 10 };
    mixer_push(hall->mixer, &packet, 0);
    packet.slot = UINT16_MAX;
    mixer_push(hall->mixer, &packet, 0);
    assert_int_equal(mixer_counters(hall->mixer)->no_input, 2);
    close_hall(hall);
}

static void payloads_that_are_not_opus_are_survived(void **state)
{
    (void)state;
    struct hall *hall = open_hall(2, true);
    struct mixer_packet packet = { .slot = FIRST, .has_level = true, .level = 5 };
    for (int i = 0; i < 100; i++) {
        hall->tick++;
        packet.seq++;
        packet.timestamp += AUDIO_FRAME;
        packet.size = (uint16_t)(i * 11 % 300 + 1);
        memset(packet.data, i * 37, packet.size);
        mixer_push(hall->mixer, &packet, (int64_t)hall->tick * TICK_US);
        hall->shared_outputs = 0;
        mixer_tick(
                hall->mixer, hall->tick, (int64_t)hall->tick * TICK_US + 5000, take_output, hall);
        assert_int_equal(hall->shared_outputs, 1);
    }
    close_hall(hall);
}

static void a_tick_allocates_nothing(void **state)
{
    (void)state;
    struct hall *hall = open_hall(ROOMS, true);
    steps(hall, 60);
    const int before = atomic_load(&allocations);
    for (int tick = 0; tick < 100; tick++) {
        for (int i = 0; i < ROOMS; i++) // talkers come and go
            hall->rooms[i].amplitude = (tick / 20 + i) % 3 ? 5000 : 100;
        step(hall);
    }
    assert_int_equal(atomic_load(&allocations), before);
    close_hall(hall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hears_the_others_and_not_itself),
        cmocka_unit_test(who_is_not_heard_is_neither_mixed_nor_decoded),
        cmocka_unit_test(only_the_loudest_are_mixed),
        cmocka_unit_test(the_pinned_are_mixed_however_quiet),
        cmocka_unit_test(a_quiet_room_is_evened_out_where_that_is_wished),
        cmocka_unit_test(a_gain_makes_a_room_louder_or_quieter),
        cmocka_unit_test(an_interpreter_is_heard_over_a_faint_floor),
        cmocka_unit_test(a_listener_changes_its_language_in_the_meeting),
        cmocka_unit_test(thin_links_share_an_encode_of_their_own),
        cmocka_unit_test(levels_are_measured_where_no_extension_says_them),
        cmocka_unit_test(moving_between_streams_makes_no_click),
        cmocka_unit_test(no_move_is_rougher_than_the_steady_stream),
        cmocka_unit_test(muting_and_opening_a_microphone_makes_no_click),
        cmocka_unit_test(eight_talkers_at_full_scale_wrap_no_sample),
        cmocka_unit_test(a_member_that_leaves_and_one_that_restarts_change_nothing_else),
        cmocka_unit_test(a_packet_of_nobody_is_counted),
        cmocka_unit_test(payloads_that_are_not_opus_are_survived),
        cmocka_unit_test(a_tick_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
