// SPDX-License-Identifier: Apache-2.0
// One conference: its members, its canvas and the tiers of it, brought to what is desired. Private
// to the engine; control thread.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "mcu/audio_thread.h"
#include "mcu/compositor.h"
#include "mcu/desired.h"
#include "mcu/engine.h"
#include "mcu/net_worker.h"

// What every conference uses; the engine's.
struct conference_host {
    struct engine_config config;
    struct audio_thread *audio;
    struct compositor *compositor;
    struct net_worker *nets[ENGINE_NETS_MAX];
    struct conference_member *slots[MIXER_SLOTS]; // by slot
    uint32_t next_generation;
    uint16_t next_tier;
};

struct video_source; // a decoder and where its pictures go

struct conference_member {
    struct conference *conference;
    char id[33];
    uint16_t slot;
    uint32_t generation;
    int net; // the thread it is pinned to
    bool connected;
    bool has_statistics;
    struct member_statistics statistics;
    double concealed_percent; // of its sound in the last second
    uint32_t concealed_before;

    struct video_source *video;                  // while it is on the canvas
    struct banner *name, *placeholder, *stalled; // for a tile of this size
    int banner_width, banner_height;

    uint32_t offer; // number of the newest, 0: none; later answers to older ones are dropped
    char offer_id[49];
    struct negotiation *negotiation; // waits for the net thread; NULL: none does
};

struct conference {
    struct conference_host *host;
    uint16_t number; // names it between threads
    struct desired *desired;
    GHashTable *members; // id → struct conference_member
    struct tier *tier;   // program; NULL: nobody receives
    int loss_percent;    // that Opus carries FEC for
    int64_t deserted_us; // since when nobody is connected; 0: somebody is
};

struct conference *conference_new(struct conference_host *host, uint16_t number, const char *id);
void conference_free(struct conference *conference);
void conference_apply(struct conference *conference, struct desired *take_desired);
struct conference_member *conference_find(const struct conference *conference, const char *id);
// A member connected or was lost: the tier starts or will stop, decoders come and go.
void conference_set_connected(struct conference_member *member, bool connected);
// Each second.
void conference_poll(struct conference *conference, int64_t now_us);
