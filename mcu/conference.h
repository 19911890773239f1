// SPDX-License-Identifier: Apache-2.0
// One conference: its members, its canvases and their tiers, brought to what is desired. Private to
// the engine; control thread. conference.c: members and life; conference_stage.c: what the canvases
// show; conference_tiers.c: which encodes run and who receives which.
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
#include "mcu/overload.h"

#define TIER_NONE (-1)

// What every conference uses; the engine's.
struct conference_host {
    struct engine_config config;
    struct audio_thread *audio;
    struct compositor *compositor;
    struct net_worker *nets[ENGINE_NETS_MAX];
    struct conference_member *slots[MIXER_SLOTS]; // by slot
    enum overload_level overload;
    uint32_t next_generation;
    uint16_t next_tier;
};

struct video_source; // a decoder and where its pictures go

// The names of a member on tiles of one size.
struct conference_banners {
    int width, height;
    struct banner *name, *placeholder, *stalled;
};

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

    struct video_source *video;   // its main line, while that is on a canvas; else NULL
    struct video_source *content; // its content line, while it shows a screen
    struct conference_banners banners[CANVAS_KIND_COUNT];
    enum canvas_kind main;             // the canvas of its main line
    int main_tier, content_tier;       // what its net thread was told; TIER_NONE
    enum tier_step step, content_step; // that its link carries

    uint32_t offer; // number of the newest, 0: none; later answers to older ones are dropped
    char offer_id[49];
    struct negotiation *negotiation; // waits for the net thread; NULL: none does
    struct negotiation *answered;    // the last one that led to a peer; NULL: none did
};

struct conference_canvas {
    uint16_t number;                     // names it between threads
    bool is_open;                        // the compositor has it
    struct tier *tiers[TIER_STEP_COUNT]; // by step; NULL: it does not run
    int64_t unused_us[TIER_STEP_COUNT];  // since when nobody receives it; 0: somebody does
};

struct conference {
    struct conference_host *host;
    uint16_t number; // names it between threads
    struct desired *desired;
    GHashTable *members;                                  // id → struct conference_member
    struct conference_canvas canvases[CANVAS_KIND_COUNT]; // by kind
    int loss_percent;                                     // that Opus carries FEC for
};

struct conference *conference_new(struct conference_host *host, uint16_t number, const char *id);
void conference_free(struct conference *conference);
void conference_apply(struct conference *conference, struct desired *take_desired);
struct conference_member *conference_find(const struct conference *conference, const char *id);
// Another step suits the member's link.
void conference_set_step(struct conference_member *member, enum tier_step step);
// A member connected or was lost: tiers start or will stop, decoders come and go.
void conference_set_connected(struct conference_member *member, bool connected);
// Each second.
void conference_poll(struct conference *conference, int64_t now_us);

// --- conference_stage.c --------------------------------------------------------------------------

// What the canvas shows is made so; it is opened where it is desired and was not there.
void conference_set_stage(struct conference *conference, enum canvas_kind kind);
// Its tiers are stopped already.
void conference_close_canvas(struct conference *conference, enum canvas_kind kind);
// Decoders and tile sources of whoever stands on no canvas go.
void conference_close_hidden(struct conference *conference);
bool conference_shows(
        const struct conference *conference, enum canvas_kind kind, const char *member);
void conference_drop_banners(struct conference_member *member);

// --- conference_tiers.c --------------------------------------------------------------------------

// After anything that decides who receives what: the tiers that are wanted are started, and every
// member is sent what it shall be.
void conference_follow_receivers(struct conference *conference);
// What the net thread of a member knows of its link and its canvas.
void conference_tell_link(struct conference_member *member);
// The machine's overload is another than before: host->overload.
void conference_obey_overload(struct conference *conference);
// Each second: what nobody receives any more stops after a while.
void conference_poll_tiers(struct conference *conference, int64_t now_us);
void conference_stop_tiers(struct conference *conference, enum canvas_kind kind);
