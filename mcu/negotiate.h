// SPDX-License-Identifier: Apache-2.0
// From an endpoint's offer to the MCU's answer, but for what only the peer knows. Pure.
#pragma once

#include "common/base/check.h"
#include "common/sdp/session.h"
#include "common/transport/peer.h"

#define NEGOTIATE_CNAME "rong-mcu"

struct negotiation {
    struct sdp_session offer;
    struct sdp_session answer; // without transport until negotiate_finish()
    // The offer is of the session that was answered last: our lines, SSRCs and DTLS stay.
    bool is_same_session;
    bool is_ice_restart; // of it, with new ICE credentials
};

// `former`: what the member was answered last, NULL if it was not. -EINVAL with *error a stable
// code (a literal): of sdp_session_parse() and _answer(), or "sdp.lines_changed": the same session
// with other lines, which are fixed for its life.
int negotiate_start(const char *offer, const struct negotiation *former, struct negotiation *out,
        const char **error) MUST_CHECK;
// What the offer says of the endpoint's transport.
void negotiate_remote(const struct negotiation *negotiation, struct peer_description *out);
// The answer's text; g_free.
char *negotiate_finish(struct negotiation *negotiation, const struct peer_description *local);
