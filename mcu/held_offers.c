// SPDX-License-Identifier: Apache-2.0
#include "mcu/held_offers.h"

#include <string.h>

struct held_offer {
    int64_t until_us;
    struct message_media_offered offer;
};

struct held_offers {
    GQueue queue; // struct held_offer, oldest first
};

struct held_offers *held_offers_new(void)
{
    struct held_offers *held = g_new0(struct held_offers, 1);
    g_queue_init(&held->queue);
    return held;
}

void held_offers_free(struct held_offers *held)
{
    if (!held)
        return;
    g_queue_clear_full(&held->queue, g_free);
    g_free(held);
}

bool held_offers_is_empty(const struct held_offers *held)
{
    return held->queue.length == 0;
}

static bool is_of(
        const struct message_media_offered *offer, const char *conference, const char *member)
{
    return strcmp(offer->conference, conference) == 0 && strcmp(offer->member, member) == 0;
}

bool held_offers_add(
        struct held_offers *held, const struct message_media_offered *offer, int64_t now_us)
{
    for (GList *at = held->queue.head; at; at = at->next) {
        struct held_offer *older = at->data;
        if (!is_of(&older->offer, offer->conference, offer->member))
            continue;
        g_free(older);
        g_queue_delete_link(&held->queue, at);
        break;
    }
    if (held->queue.length >= HELD_OFFERS_MAX)
        return false;
    struct held_offer *added = g_new0(struct held_offer, 1);
    added->until_us = now_us + HELD_OFFERS_FOR_US;
    added->offer = *offer;
    g_queue_push_tail(&held->queue, added);
    return true;
}

static struct message_media_offered *take(struct held_offers *held, GList *at)
{
    struct held_offer *taken = at->data;
    g_queue_delete_link(&held->queue, at);
    struct message_media_offered *offer = g_memdup2(&taken->offer, sizeof(taken->offer));
    g_free(taken);
    return offer;
}

struct message_media_offered *held_offers_take(struct held_offers *held, const char *conference,
        bool (*desired_has)(void *context, const char *member), void *context)
{
    for (GList *at = held->queue.head; at; at = at->next) {
        const struct message_media_offered *offer = &((struct held_offer *)at->data)->offer;
        if (strcmp(offer->conference, conference) == 0 && desired_has(context, offer->member))
            return take(held, at);
    }
    return NULL;
}

struct message_media_offered *held_offers_take_expired(struct held_offers *held, int64_t now_us)
{
    GList *oldest = held->queue.head;
    if (!oldest || ((struct held_offer *)oldest->data)->until_us > now_us)
        return NULL;
    return take(held, oldest);
}
