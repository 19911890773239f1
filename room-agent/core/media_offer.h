// SPDX-License-Identifier: Apache-2.0
// When the room (re)offers its media: pure, so that each way of losing the other side is a test.
// One offer at a time; a new one when the centre's epoch is another than the one we were answered
// under, when our own connection failed, or when the media process is a new one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MEDIA_OFFER_TIMEOUT_MS 12000

struct media_offer {
    char wanted_epoch[33];   // the centre's; "" while it has none, or there is no meeting
    char answered_epoch[33]; // of the connection that we have; "" for none
    bool is_ready;           // there is a media process
    bool is_offering;
    int64_t deadline_ms; // of the offer under way
    int64_t retry_ms;    // not before
    unsigned failures;   // in a row
};

void media_offer_init(struct media_offer *offer);
// The centre's epoch; "" to wait.
void media_offer_want(struct media_offer *offer, const char *epoch);
void media_offer_process(struct media_offer *offer, bool is_ready);
// The centre answered, or the connection failed (or the offer was refused): the next one waits a
// while, by `random`.
void media_offer_answered(struct media_offer *offer, const char *epoch);
void media_offer_connected(struct media_offer *offer);
void media_offer_failed(struct media_offer *offer, int64_t now_ms, uint32_t random);
// True when an offer has to be asked for now; it is under way then.
bool media_offer_begin(struct media_offer *offer, int64_t now_ms);
// When to call media_offer_begin() again without any event; 0: not by time.
int64_t media_offer_next_ms(const struct media_offer *offer);
