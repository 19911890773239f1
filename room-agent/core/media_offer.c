// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/media_offer.h"

#include <glib.h>
#include <string.h>

enum { PAUSE_FIRST_MS = 250, PAUSE_MAX_MS = 4000 };

void media_offer_init(struct media_offer *offer)
{
    memset(offer, 0, sizeof(*offer));
}

void media_offer_want(struct media_offer *offer, const char *epoch)
{
    if (strcmp(offer->wanted_epoch, epoch) == 0)
        return;
    g_strlcpy(offer->wanted_epoch, epoch, sizeof(offer->wanted_epoch));
    // A new MCU owes us nothing for what the old one refused.
    offer->failures = 0;
    offer->retry_ms = 0;
}

void media_offer_process(struct media_offer *offer, bool is_ready)
{
    offer->is_ready = is_ready;
    offer->answered_epoch[0] = '\0';
    offer->is_offering = false;
    offer->retry_ms = 0;
}

void media_offer_answered(struct media_offer *offer, const char *epoch)
{
    offer->is_offering = false;
    g_strlcpy(offer->answered_epoch, epoch, sizeof(offer->answered_epoch));
}

void media_offer_connected(struct media_offer *offer)
{
    offer->failures = 0;
}

void media_offer_failed(struct media_offer *offer, int64_t now_ms, uint32_t random)
{
    unsigned pause_ms = MIN(PAUSE_FIRST_MS << MIN(offer->failures, 8), PAUSE_MAX_MS);
    offer->failures++;
    offer->is_offering = false;
    offer->answered_epoch[0] = '\0';
    offer->retry_ms = now_ms + pause_ms / 2 + random % (pause_ms / 2 + 1);
}

bool media_offer_begin(struct media_offer *offer, int64_t now_ms)
{
    bool is_needed = offer->is_ready && offer->wanted_epoch[0] &&
                     strcmp(offer->wanted_epoch, offer->answered_epoch) != 0;
    if (!is_needed || now_ms < offer->retry_ms ||
            (offer->is_offering && now_ms < offer->deadline_ms))
        return false;
    offer->is_offering = true;
    offer->deadline_ms = now_ms + MEDIA_OFFER_TIMEOUT_MS;
    return true;
}

int64_t media_offer_next_ms(const struct media_offer *offer)
{
    if (!offer->is_ready || !offer->wanted_epoch[0] ||
            strcmp(offer->wanted_epoch, offer->answered_epoch) == 0)
        return 0;
    return offer->is_offering ? offer->deadline_ms : MAX(offer->retry_ms, 1);
}
