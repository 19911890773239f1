// SPDX-License-Identifier: Apache-2.0
// The media plane behind one door: threads, conferences and members. It is told what is desired and
// offered, and says what is. Control thread only.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"
#include "mcu/desired.h"
#include "mcu/tier_choice.h"

#define ENGINE_NETS_MAX 4

struct engine;

// Strings are lent for the engine's life.
struct engine_config {
    struct loop *loop;
    const char *const *addresses; // NULL-terminated; empty: all
    uint16_t min_port, max_port;
    int net_threads;
    const char *encoder;          // GStreamer's element; NULL: the measured default
    int width, height, fps, kbps; // of every canvas but:
    int content_width, content_height, content_fps, content_kbps;
    int audio_bit_rate;
    int audio_loss_percent;
};

// One member as it is.
struct engine_member {
    const char *id;
    bool connected;
    bool has_statistics, has_round_trip;
    double loss_percent, round_trip_ms, jitter_ms;
    uint64_t bytes_in, bytes_out;
    enum tier_step tier; // of the picture that it is sent
    bool has_estimate;
    int estimate_kbps; // that its link carries
    int level;         // dBov
    double concealed_percent;
};

struct engine_events {
    // Exactly one for each engine_offer() that returned 0, unless the member went before. `sdp` or
    // `error` (a stable code, a literal) is NULL.
    void (*answered)(void *user, const char *offer_id, const char *sdp, const char *error);
    // Some member connected or was lost.
    void (*connection_changed)(void *user, const char *conference, const char *member);
};

int engine_open(const struct engine_config *config, const struct engine_events *events, void *user,
        struct engine **out) MUST_CHECK;
// All threads have ended when it returns; the last memory is freed when the loop runs its jobs.
void engine_close(struct engine *engine);

// Makes a conference so: begins it, changes it, or ends it.
void engine_apply(struct engine *engine, struct desired *take_desired);
bool engine_has_member(const struct engine *engine, const char *conference, const char *member);
// -EINVAL with *error a stable code (a literal): refused at once.
int engine_offer(struct engine *engine, const char *conference, const char *member,
        const char *offer_id, const char *sdp, const char **error) MUST_CHECK;

// Ids of all conferences; g_ptr_array_unref().
GPtrArray *engine_conferences(const struct engine *engine);
// GArray of struct engine_member, ids lent until the next engine_apply(); g_array_unref(). `member`
// NULL: all of them.
GArray *engine_members(const struct engine *engine, const char *conference, const char *member);
