// SPDX-License-Identifier: Apache-2.0
// How much later sound is heard because it goes through the centre: two endpoints with real ICE,
// DTLS and SRTP against the engine, on loopback. Each packet that is sent is also handed straight
// to a jitter buffer and decoder like the listener's; chirps are found in both, and what lies
// between them is what the centre adds.
#pragma once

#include "common/base/check.h"

struct json_object;

struct delay_config {
    const char *link; // profile of the talker's link, "" for none; see tests/load/link.h
    int chirps;       // to be measured, in phases of the talker's clock against the centre's
};

// *out: {"median_ms","p95_ms","least_ms","most_ms","chirps","jitter_p99_ms","concealed_percent"};
// the caller puts it.
int delay_run(const struct delay_config *config, struct json_object **out) MUST_CHECK;
