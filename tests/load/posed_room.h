// SPDX-License-Identifier: Apache-2.0
// One room that is not there: enrolled, connected to rong-signal as its box would be, obeying
// member.desired, sending its clip to the MCU and counting what comes back. Owned by the loop.
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "common/transport/certificate.h"
#include "tests/load/clip_coder.h"
#include "tests/load/link.h"
#include "tests/load/voice.h"
#include "tests/load/watch.h"

struct posed_room_config {
    struct loop *loop;
    const char *unit; // code
    unsigned mark;
    const char *machine_url;               // wss://host:8444/ws
    const char *state_dir;                 // of its enrolment
    const struct certificate *certificate; // of DTLS, shared by all
    GBytes *silence;                       // one Opus frame
    struct clip_coder *pictures;           // of what it sends; lent
    const struct voices *voices;           // lent
    const char *const *local_addresses;    // of its sockets; NULL: all; lent
    unsigned red_copies;                   // of the sound, in RED; 0: two
    bool sound_only;                       // it offers no picture and takes none
    bool decodes;                          // one of the sample that looks and listens
    struct clip_coder *screens;            // it shares one while it has the floor; NULL: never
    struct link_profile link_up, link_down;
    uint64_t link_seed;
    struct watch *watch; // lent; NULL: nobody wants to know
};

struct posed_room;

// Begins to connect. Strings are copied.
int posed_room_open(const struct posed_room_config *config, struct posed_room **out) MUST_CHECK;
void posed_room_close(struct posed_room *room);
// It offers no sooner than this monotonic time.
void posed_room_join_after(struct posed_room *room, int64_t at_us);
// Every 20 ms: sends what is due.
void posed_room_tick(struct posed_room *room, int64_t now_us);
// A PLI for what it receives, whether it lost anything or not.
void posed_room_ask_for_key_frame(struct posed_room *room);
// Once a second.
void posed_room_second(struct posed_room *room);

struct posed_room_view {
    const char *unit; // lent
    bool in_meeting, connected, picture_alive, sound_alive, mic_open;
    int64_t packets_in, packets_out, lost_in, failures;
    double join_ms;    // offer → connected of the last connection; 0: none yet
    double picture_ms; // offer → first whole picture; 0: none yet
    double jitter_ms, round_trip_ms;
    double picture_fps; // decoding rooms only; else -1
    // Likewise; else 0. All since the start.
    uint64_t samples, concealed, gaps, clipped;
    uint64_t frames, freezes, frozen_us, key_frames_in, watched_us;
    int gap_ms; // between two pictures by their RTP time, the longest in the last second
};
void posed_room_view(const struct posed_room *room, struct posed_room_view *out);
// The result's object; the caller puts it.
struct json_object *posed_room_result(const struct posed_room *room);
