// SPDX-License-Identifier: Apache-2.0
#include "signaling/relay.h"

#include <string.h>

#include "common/base/log.h"
#include "signaling/metrics.h"

#define LOG_TOPIC "relay"

struct offer {
    struct relay *relay;
    char id[49];
    char sid[65];        // who offered …
    uint32_t connection; // … on which of its connections
    int64_t request_id;
    char mcu_sid[65];
    char epoch[33];
    GSource *deadline;
};

struct relay {
    struct service *service;
    GHashTable *offers; // id → struct offer
    uint64_t count;
};

static void free_offer(gpointer data)
{
    struct offer *offer = data;
    loop_clear_source(&offer->deadline);
    g_free(offer);
}

struct relay *relay_new(struct service *service)
{
    struct relay *relay = g_new0(struct relay, 1);
    relay->service = service;
    relay->offers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_offer);
    return relay;
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    g_hash_table_destroy(relay->offers);
    g_free(relay);
}

// Who offered, if it still waits on the same connection.
static struct session *asker_of(const struct offer *offer)
{
    struct session *session = sessions_find_sid(offer->relay->service->sessions, offer->sid);
    if (!session || !session_is_connected(session) ||
            session_connection(session) != offer->connection)
        return NULL;
    return session;
}

static void fail_offer(struct offer *offer, enum error_code code, const char *detail)
{
    metric_add(&signal_offers_failed_total, 1);
    struct session *asker = asker_of(offer);
    if (asker)
        session_refuse(asker, offer->request_id, code, detail);
    g_hash_table_remove(offer->relay->offers, offer->id);
}

static gboolean on_deadline(gpointer data)
{
    struct offer *offer = data;
    log_warn("no answer to an offer offer=%s epoch=%s", offer->id, offer->epoch);
    fail_offer(offer, ERROR_MEDIA_TIMEOUT, NULL);
    return G_SOURCE_REMOVE;
}

static void send_offered(const struct offer *offer, struct session *mcu, const char *conference,
        const char *member, const char *sdp)
{
    g_autofree struct message_media_offered *offered = g_new0(struct message_media_offered, 1);
    g_strlcpy(offered->conference, conference, sizeof(offered->conference));
    g_strlcpy(offered->member, member, sizeof(offered->member));
    g_strlcpy(offered->offer_id, offer->id, sizeof(offered->offer_id));
    g_strlcpy(offered->sdp, sdp, sizeof(offered->sdp));
    session_send_event(mcu, MESSAGE_MEDIA_OFFERED, 0, offered);
}

enum error_code relay_offer(struct relay *relay, struct session *session, int64_t request_id,
        struct conference *conference, const char *sdp)
{
    struct session *mcu = conference_mcu(conference);
    if (!mcu)
        return ERROR_MEDIA_NO_MCU;
    struct offer *offer = g_new0(struct offer, 1);
    offer->relay = relay;
    offer->request_id = request_id;
    offer->connection = session_connection(session);
    g_snprintf(offer->id, sizeof(offer->id), "o-%" G_GUINT64_FORMAT, ++relay->count);
    g_strlcpy(offer->sid, session_sid(session), sizeof(offer->sid));
    g_strlcpy(offer->mcu_sid, session_sid(mcu), sizeof(offer->mcu_sid));
    g_strlcpy(offer->epoch, conference_media_epoch(conference), sizeof(offer->epoch));
    offer->deadline = loop_add_timer(relay->service->loop, RELAY_DEADLINE_MS, on_deadline, offer);
    g_hash_table_insert(relay->offers, offer->id, offer);
    metric_add(&signal_offers_total, 1);
    // The MCU has to know the member before its offer.
    conference_flush_desired(conference);
    send_offered(offer, mcu, conference_meeting(conference)->id, session_who(session)->self, sdp);
    return ERROR_NONE;
}

static void pass_answer(const struct offer *offer, const char *sdp)
{
    struct session *asker = asker_of(offer);
    if (!asker)
        return;
    g_autofree struct message_media_offer_reply *reply =
            g_new0(struct message_media_offer_reply, 1);
    g_strlcpy(reply->sdp, sdp, sizeof(reply->sdp));
    g_strlcpy(reply->media_epoch, offer->epoch, sizeof(reply->media_epoch));
    session_reply(asker, MESSAGE_MEDIA_OFFER, offer->request_id, reply);
}

enum error_code relay_answer(
        struct relay *relay, const struct session *mcu, const struct message_mcu_answer *answer)
{
    struct offer *offer = g_hash_table_lookup(relay->offers, answer->offer_id);
    if (!offer || strcmp(offer->mcu_sid, session_sid(mcu)) != 0)
        return ERROR_MEDIA_UNKNOWN_OFFER;
    if (answer->has_sdp && !answer->has_error) {
        pass_answer(offer, answer->sdp);
        g_hash_table_remove(relay->offers, answer->offer_id);
        return ERROR_NONE;
    }
    enum error_code code = error_code_from_name(answer->error.code);
    log_warn("offer refused by the MCU offer=%s code=%s text=\"%s\"", offer->id, answer->error.code,
            answer->error.text);
    fail_offer(offer, code == ERROR_NONE ? ERROR_MEDIA_BAD_OFFER : code,
            answer->error.has_text ? answer->error.text : NULL);
    return ERROR_NONE;
}

void relay_forget(struct relay *relay, const struct session *session)
{
    g_autoptr(GPtrArray) failed = g_ptr_array_new();
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, relay->offers);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        struct offer *offer = item;
        if (strcmp(offer->sid, session_sid(session)) == 0)
            g_hash_table_iter_remove(&iter);
        else if (strcmp(offer->mcu_sid, session_sid(session)) == 0)
            g_ptr_array_add(failed, offer);
    }
    for (guint i = 0; i < failed->len; i++)
        fail_offer(g_ptr_array_index(failed, i), ERROR_MEDIA_NO_MCU, NULL);
}
