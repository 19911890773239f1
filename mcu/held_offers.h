// SPDX-License-Identifier: Apache-2.0
// Offers of members that the desired state does not name yet: it may be on its way (it is told at
// most 20 times a second, an offer at once). Pure: the time is a parameter.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/protocol/messages.h"

#define HELD_OFFERS_MAX    256
#define HELD_OFFERS_FOR_US 2000000

struct held_offers;

struct held_offers *held_offers_new(void);
void held_offers_free(struct held_offers *held);
bool held_offers_is_empty(const struct held_offers *held);
// Copies it; a newer offer of the same member takes the older one's place. False: there are too
// many.
bool held_offers_add(
        struct held_offers *held, const struct message_media_offered *offer, int64_t now_us);
// The next offer of this conference whose member `desired_has` knows, NULL: none. g_free().
struct message_media_offered *held_offers_take(struct held_offers *held, const char *conference,
        bool (*desired_has)(void *context, const char *member), void *context);
// The next offer that waited too long, NULL: none. g_free().
struct message_media_offered *held_offers_take_expired(struct held_offers *held, int64_t now_us);
