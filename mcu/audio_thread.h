// SPDX-License-Identifier: Apache-2.0
// The one thread that mixes: a tick each 20 ms while there is a conference, asleep otherwise. Sound
// packets come in and go out by one ring a net thread; the control thread's wishes by another.
// Within the tick nothing is allocated, locked or logged.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "mcu/audio/mixer.h"

#define AUDIO_THREAD_NETS_MAX 4
#define AUDIO_TICK_US         20000

struct audio_thread;

// One encoded frame on its way to the members of a net thread. All own frames of a conference's
// tick come before the shared ones.
struct audio_out {
    uint16_t conference;
    uint16_t slot;    // or MIXER_SHARED
    uint8_t language; // of a shared one
    bool is_thin;     // for thin links: MIXER_THIN_TICKS long, from `tick` on
    uint32_t tick;
    int64_t due_us; // the tick's time, monotonic
    uint16_t size;
    uint8_t data[MIXER_PAYLOAD_MAX];
};

// What is wished of a member's sound; see mixer.h.
struct audio_member {
    bool heard, pinned, is_even, is_thin;
    int gain;
    uint8_t speaks, hears;
};

struct audio_thread_config {
    int net_count;
    int net_wake_fds[AUDIO_THREAD_NETS_MAX]; // eventfds, written after each tick with output
    int bit_rate;
    int loss_percent;
};

// Control thread, as are all that follow but the two at the end.
int audio_thread_open(
        const struct audio_thread_config *config, struct audio_thread **out) MUST_CHECK;
// Ends the thread; the rings stay until audio_thread_close(), which must come after the net
// threads' end.
void audio_thread_stop(struct audio_thread *audio);
void audio_thread_close(struct audio_thread *audio);
int audio_thread_add_conference(struct audio_thread *audio, uint16_t conference) MUST_CHECK;
// Its members first.
void audio_thread_remove_conference(struct audio_thread *audio, uint16_t conference);
int audio_thread_add_member(
        struct audio_thread *audio, uint16_t conference, uint16_t slot) MUST_CHECK;
void audio_thread_remove_member(struct audio_thread *audio, uint16_t slot);
// The member offered anew: its sound begins anew.
void audio_thread_restart_member(struct audio_thread *audio, uint16_t slot);
void audio_thread_set_member(
        struct audio_thread *audio, uint16_t slot, const struct audio_member *wishes);
// What the conference's receivers lose, in percent.
void audio_thread_set_loss(struct audio_thread *audio, uint16_t conference, int loss_percent);
// Frees what came back; call it now and then. True while something is still on its way.
bool audio_thread_collect(struct audio_thread *audio);
// dBov, for display.
int audio_thread_level(const struct audio_thread *audio, uint16_t slot);
// Frames concealed since it is a member, modulo 2^32.
uint32_t audio_thread_concealed(const struct audio_thread *audio, uint16_t slot);

// Net thread number `net`; `came_us` is when the packet did, monotonic. False: the ring is full.
bool audio_thread_push(
        struct audio_thread *audio, int net, const struct mixer_packet *packet, int64_t came_us);
bool audio_thread_pop(struct audio_thread *audio, int net, struct audio_out *out);
