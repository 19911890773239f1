// SPDX-License-Identifier: Apache-2.0
// Poses as many participants of another server: by our own endpoint (ICE, DTLS-SRTP) or as plain
// RTP. It knows no server's signalling: offers or ports go out as lines of JSON, answers come in by
// standard input, and whoever started it carries them.
//
//   out  {"peer":0,"sdp":"…"}  or  {"peer":0,"port":5004}
//   in   {"peer":0,"sdp":"…"}  or  {"peer":0,"address":"127.0.0.1","port":10000}
//   out  {"second":1,"connected":2,"sounds":2,"ticks":50,"late_ticks":0,"packets_in":100}
#pragma once

#include <stdbool.h>

#include "common/base/check.h"

struct peers_config {
    int count, talkers;
    bool is_plain;      // RTP over UDP; else ICE and DTLS-SRTP
    bool has_picture;   // they send the program's picture, 720p25, too; not when plain
    const char *speech; // a folder, as in speech_new(); NULL: tones
    const char *local;  // their address
};

// Until standard input ends or SIGTERM.
int peers_run(const struct peers_config *config) MUST_CHECK;
