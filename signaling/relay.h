// SPDX-License-Identifier: Apache-2.0
// Media offers on their way: from an endpoint to the MCU that carries its conference, and the
// answer back, within a deadline. On the loop's thread.
#pragma once

#include "signaling/conference.h"

#define RELAY_DEADLINE_MS 5000

struct relay;

struct relay *relay_new(struct service *service);
void relay_free(struct relay *relay);

// Sends media.offered; the request is answered later. ERROR_MEDIA_NO_MCU: nobody to ask.
enum error_code relay_offer(struct relay *relay, struct session *session, int64_t request_id,
        struct conference *conference, const char *sdp) MUST_CHECK;
// From an MCU. ERROR_MEDIA_UNKNOWN_OFFER: no such offer was sent to it, or too late.
enum error_code relay_answer(struct relay *relay, const struct session *mcu,
        const struct message_mcu_answer *answer) MUST_CHECK;
// The session lost its connection: its offers are moot, those to it (an MCU) fail at once.
void relay_forget(struct relay *relay, const struct session *session);
