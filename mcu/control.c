// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "control"

#include "mcu/control.h"

#include <stdio.h>
#include <string.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/net/enroll.h"
#include "common/net/web_socket_client.h"
#include "common/protocol/envelope.h"
#include "mcu/held_offers.h"
#include "mcu/levels.h"
#include "mcu/metrics.h"

_Static_assert(PICTURE_TIER_P1080 - PICTURE_TIER_AUDIO == TIER_1080P, "the same steps");

#define LEVELS_EVERY_MS 250
#define REPORT_EVERY    4 // of the timer for levels
#define REPORT_SOON_MS  20
#define HELD_CHECK_MS   250
#define ROWS_MAX        64
// A conference that rong-signal does not name so long after a connection ended meanwhile.
#define FORGET_AFTER_US 30000000

struct control {
    struct loop *loop;
    struct engine *engine;
    struct web_socket_client *client;
    char boot_id[33];
    int64_t next_id;
    bool is_welcome; // hello was answered
    int64_t welcome_us;
    GHashTable *parts;     // conference → struct desired_parts
    GHashTable *confirmed; // conferences named since the last hello
    GHashTable *loud;      // conferences whose last levels were not all silent
    GHashTable *changed;   // "conference member" whose connection changed, to be reported soon
    struct held_offers *held;
    GSource *soon, *ticks, *held_check;
    unsigned tick;
};

// --- to rong-signal ------------------------------------------------------------------------------

static void send_request(struct control *control, enum message_type type, const void *body)
{
    g_autofree char *text = envelope_request(type, ++control->next_id, body);
    web_socket_client_send(control->client, text, strlen(text));
}

static void send_hello(struct control *control)
{
    g_autofree struct message_hello *hello = g_new0(struct message_hello, 1);
    hello->versions_count = 1;
    hello->versions[0] = ENVELOPE_VERSION;
    hello->has_client = true;
    g_strlcpy(hello->client.name, "rong-mcu", sizeof(hello->client.name));
    g_strlcpy(hello->client.version, daemon_version(), sizeof(hello->client.version));
    hello->has_boot_id = true;
    g_strlcpy(hello->boot_id, control->boot_id, sizeof(hello->boot_id));
    send_request(control, MESSAGE_HELLO, hello);
}

// The engine's reasons in the words of the contract.
static enum error_code code_of(const char *reason)
{
    if (strcmp(reason, "sdp.no_usable_codec") == 0)
        return ERROR_MEDIA_NO_CODEC;
    if (strcmp(reason, "media.unknown_member") == 0)
        return ERROR_CONFERENCE_UNKNOWN;
    if (strcmp(reason, "media.peer_failed") == 0 || strcmp(reason, "media.no_port") == 0 ||
            strcmp(reason, "media.no_address") == 0)
        return ERROR_MEDIA_NO_MCU;
    return ERROR_MEDIA_BAD_OFFER;
}

static void on_answered(void *user, const char *offer_id, const char *sdp, const char *error)
{
    struct control *control = user;
    g_autofree struct message_mcu_answer *answer = g_new0(struct message_mcu_answer, 1);
    g_strlcpy(answer->offer_id, offer_id, sizeof(answer->offer_id));
    if (sdp && strlen(sdp) < sizeof(answer->sdp)) {
        answer->has_sdp = true;
        g_strlcpy(answer->sdp, sdp, sizeof(answer->sdp));
    } else {
        const char *reason = error ? error : "sdp.too_large";
        answer->has_error = true;
        g_strlcpy(answer->error.code, error_code_name(code_of(reason)), sizeof(answer->error.code));
        answer->error.has_text = true;
        g_strlcpy(answer->error.text, reason, sizeof(answer->error.text));
    }
    send_request(control, MESSAGE_MCU_ANSWER, answer);
}

static void put_row(const struct engine_member *member, struct type_member_statistics *row)
{
    g_strlcpy(row->id, member->id, sizeof(row->id));
    row->connected = member->connected;
    row->has_loss_percent = row->has_jitter_ms = member->has_statistics;
    row->loss_percent = member->loss_percent;
    row->jitter_ms = member->jitter_ms;
    row->has_rtt_ms = member->has_statistics && member->has_round_trip;
    row->rtt_ms = member->round_trip_ms;
    row->has_level = row->has_concealed_percent = member->has_statistics;
    row->level = member->level;
    row->concealed_percent = member->concealed_percent;
    row->has_tier = member->has_statistics;
    row->has_estimate_kbps = member->has_statistics && member->has_estimate;
    row->tier = (enum picture_tier)(PICTURE_TIER_AUDIO + member->tier);
    row->estimate_kbps = member->estimate_kbps;
    row->bytes_in = (int64_t)member->bytes_in;
    row->bytes_out = (int64_t)member->bytes_out;
}

static void report(struct control *control, const char *conference, const char *member)
{
    g_autoptr(GArray) rows = engine_members(control->engine, conference, member);
    g_autofree struct message_conference_report *body = g_new0(struct message_conference_report, 1);
    g_strlcpy(body->conference, conference, sizeof(body->conference));
    body->of = (rows->len + ROWS_MAX - 1) / ROWS_MAX;
    for (guint i = 0; i < rows->len; i++) {
        put_row(&g_array_index(rows, struct engine_member, i),
                &body->members[body->members_count++]);
        if (body->members_count < ROWS_MAX && i + 1 < rows->len)
            continue;
        body->part++;
        send_request(control, MESSAGE_CONFERENCE_REPORT, body);
        body->members_count = 0;
        memset(body->members, 0, sizeof(body->members));
    }
}

static void tell_levels(struct control *control, const char *conference)
{
    g_autoptr(GArray) rows = engine_members(control->engine, conference, NULL);
    g_autofree struct message_conference_levels *body = g_new0(struct message_conference_levels, 1);
    g_strlcpy(body->conference, conference, sizeof(body->conference));
    levels_fill(rows, body);
    // Silence is told once.
    const bool was_loud = g_hash_table_contains(control->loud, conference);
    if (body->levels_count > 0 && !was_loud)
        g_hash_table_add(control->loud, g_strdup(conference));
    if (body->levels_count == 0)
        g_hash_table_remove(control->loud, conference);
    if (body->levels_count > 0 || was_loud)
        send_request(control, MESSAGE_CONFERENCE_LEVELS, body);
}

// A wave of joins is one report.
static gboolean on_soon(gpointer data)
{
    struct control *control = data;
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, control->changed);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        g_auto(GStrv) names = g_strsplit(key, " ", 2);
        report(control, names[0], names[1]);
    }
    g_hash_table_remove_all(control->changed);
    g_source_unref(g_steal_pointer(&control->soon));
    return G_SOURCE_REMOVE;
}

static void on_connection_changed(void *user, const char *conference, const char *member)
{
    struct control *control = user;
    if (!control->is_welcome)
        return; // all is told when rong-signal is back
    g_hash_table_add(control->changed, g_strconcat(conference, " ", member, NULL));
    if (!control->soon)
        control->soon = loop_add_timer(control->loop, REPORT_SOON_MS, on_soon, control);
}

const struct engine_events control_engine_events = {
    .answered = on_answered,
    .connection_changed = on_connection_changed,
};

static void forget_unnamed(struct control *control, const char *conference)
{
    if (g_hash_table_contains(control->confirmed, conference) ||
            g_get_monotonic_time() - control->welcome_us < FORGET_AFTER_US)
        return;
    log_info("conference was ended meanwhile conference=%s", conference);
    struct desired *ended = g_new0(struct desired, 1);
    g_strlcpy(ended->conference, conference, sizeof(ended->conference));
    ended->ended = true;
    engine_apply(control->engine, ended);
}

static gboolean on_tick(gpointer data)
{
    struct control *control = data;
    g_autoptr(GPtrArray) conferences = engine_conferences(control->engine);
    if (conferences->len == 0) {
        g_source_unref(g_steal_pointer(&control->ticks));
        return G_SOURCE_REMOVE;
    }
    control->tick++;
    for (guint i = 0; control->is_welcome && i < conferences->len; i++) {
        const char *conference = g_ptr_array_index(conferences, i);
        tell_levels(control, conference);
        if (control->tick % REPORT_EVERY != 0)
            continue;
        report(control, conference, NULL);
        forget_unnamed(control, conference);
    }
    return G_SOURCE_CONTINUE;
}

// --- from rong-signal ----------------------------------------------------------------------------

static void refuse(
        struct control *control, const struct message_media_offered *offered, const char *error)
{
    log_warn("offer refused conference=%s member=%s reason=%s", offered->conference,
            offered->member, error);
    on_answered(control, offered->offer_id, NULL, error);
}

static gboolean on_held_check(gpointer data)
{
    struct control *control = data;
    struct message_media_offered *expired;
    while ((expired = held_offers_take_expired(control->held, g_get_monotonic_time())) != NULL) {
        refuse(control, expired, "media.unknown_member");
        g_free(expired);
    }
    if (!held_offers_is_empty(control->held))
        return G_SOURCE_CONTINUE;
    g_source_unref(g_steal_pointer(&control->held_check));
    return G_SOURCE_REMOVE;
}

static void take_offer(struct control *control, const struct message_media_offered *offered)
{
    const char *error = "media.unknown_member";
    if (!engine_has_member(control->engine, offered->conference, offered->member)) {
        if (!held_offers_add(control->held, offered, g_get_monotonic_time()))
            refuse(control, offered, error);
        else if (!control->held_check)
            control->held_check =
                    loop_add_timer(control->loop, HELD_CHECK_MS, on_held_check, control);
        return;
    }
    if (engine_offer(control->engine, offered->conference, offered->member, offered->offer_id,
                offered->sdp, &error) < 0)
        refuse(control, offered, error);
}

struct known_members {
    struct control *control;
    const char *conference;
};

static bool is_known(void *context, const char *member)
{
    const struct known_members *known = context;
    return engine_has_member(known->control->engine, known->conference, member);
}

static void take_held(struct control *control, const char *conference)
{
    struct known_members known = { .control = control, .conference = conference };
    struct message_media_offered *offered;
    while ((offered = held_offers_take(control->held, conference, is_known, &known)) != NULL) {
        take_offer(control, offered);
        g_free(offered);
    }
}

static void take_desired(struct control *control, const struct message_conference_desired *part)
{
    struct desired_parts *parts = g_hash_table_lookup(control->parts, part->conference);
    if (!parts) {
        parts = desired_parts_new();
        g_hash_table_insert(control->parts, g_strdup(part->conference), parts);
    }
    struct desired *complete = NULL;
    int rc = desired_parts_add(parts, part, &complete);
    if (rc < 0) {
        metric_add(&mcu_signal_refused_total, 1);
        log_warn("desired state does not fit together conference=%s rev=%" G_GINT64_FORMAT,
                part->conference, part->rev);
        return;
    }
    if (rc == 0)
        return;
    g_hash_table_add(control->confirmed, g_strdup(complete->conference));
    if (complete->ended) {
        g_hash_table_remove(control->parts, complete->conference);
        g_hash_table_remove(control->confirmed, complete->conference);
        g_hash_table_remove(control->loud, complete->conference);
    }
    engine_apply(control->engine, complete);
    take_held(control, part->conference);
    if (!control->ticks)
        control->ticks = loop_add_timer(control->loop, LEVELS_EVERY_MS, on_tick, control);
}

static void take_event(struct control *control, const struct envelope *envelope)
{
    struct fields_error fault;
    if (envelope->type != MESSAGE_CONFERENCE_DESIRED && envelope->type != MESSAGE_MEDIA_OFFERED)
        return;
    g_autofree void *body = g_malloc0(message_infos[envelope->type].size);
    if (envelope_body(envelope, body, &fault) < 0) {
        metric_add(&mcu_signal_refused_total, 1);
        log_warn("event refused event=%s code=%s path=%s", message_infos[envelope->type].name,
                fault.code, fault.path);
        return;
    }
    if (envelope->type == MESSAGE_CONFERENCE_DESIRED)
        take_desired(control, body);
    else
        take_offer(control, body);
}

static void on_open(void *context)
{
    struct control *control = context;
    metric_add(&mcu_signal_connects_total, 1);
    control->next_id = 0;
    send_hello(control);
}

static void take_reply(struct control *control, const struct envelope *envelope)
{
    if (envelope->kind == ENVELOPE_ERROR)
        log_warn("request refused id=%" G_GINT64_FORMAT " code=%s", envelope->id,
                envelope->error_code);
    if (envelope->id != 1)
        return;
    if (envelope->kind == ENVELOPE_ERROR) {
        web_socket_client_reconnect(control->client);
        return;
    }
    log_info("connected to rong-signal");
    control->is_welcome = true;
    control->welcome_us = g_get_monotonic_time();
    g_hash_table_remove_all(control->confirmed);
    g_autoptr(GPtrArray) conferences = engine_conferences(control->engine);
    for (guint i = 0; i < conferences->len; i++)
        report(control, g_ptr_array_index(conferences, i), NULL);
}

static void on_message(void *context, const char *text, size_t size)
{
    struct control *control = context;
    struct envelope envelope;
    struct fields_error fault;
    if (envelope_parse(text, size, &envelope, &fault) < 0) {
        metric_add(&mcu_signal_refused_total, 1);
        log_warn("message refused code=%s path=%s", fault.code, fault.path);
    } else if (envelope.kind == ENVELOPE_EVENT) {
        take_event(control, &envelope);
    } else if (envelope.kind == ENVELOPE_REPLY || envelope.kind == ENVELOPE_ERROR) {
        take_reply(control, &envelope);
    }
    envelope_fini(&envelope);
}

static void on_closed(void *context, int code, const char *reason)
{
    struct control *control = context;
    if (control->is_welcome)
        log_warn("connection to rong-signal lost, media goes on code=%d reason=%s", code, reason);
    control->is_welcome = false;
    g_hash_table_remove_all(control->changed);
}

// --- life ----------------------------------------------------------------------------------------

int control_open(struct loop *loop, const struct control_config *config, struct control **out)
{
    struct control *control = g_new0(struct control, 1);
    control->loop = loop;
    control->held = held_offers_new();
    control->parts = g_hash_table_new_full(
            g_str_hash, g_str_equal, g_free, (GDestroyNotify)desired_parts_free);
    control->confirmed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    control->loud = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    control->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < 4; i++)
        snprintf(control->boot_id + 8 * i, 9, "%08x", g_random_int());

    const char *folder = config->state_dir;
    g_autofree char *ca = folder ? g_build_filename(folder, ENROLL_CA_FILE, NULL) : NULL;
    g_autofree char *certificate =
            folder ? g_build_filename(folder, ENROLL_CERTIFICATE_FILE, NULL) : NULL;
    g_autofree char *key = folder ? g_build_filename(folder, ENROLL_KEY_FILE, NULL) : NULL;
    const struct web_socket_client_config client = {
        .url = config->machine_url,
        .ca_file = ca,
        .certificate_file = certificate,
        .key_file = key,
    };
    static const struct web_socket_client_handler handler = {
        .open = on_open,
        .message = on_message,
        .closed = on_closed,
    };
    int rc = web_socket_client_open(loop, &client, &handler, control, &control->client);
    if (rc < 0) {
        control_close(control);
        return rc;
    }
    *out = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    web_socket_client_close(control->client);
    loop_clear_source(&control->soon);
    loop_clear_source(&control->ticks);
    loop_clear_source(&control->held_check);
    held_offers_free(control->held);
    g_hash_table_unref(control->parts);
    g_hash_table_unref(control->confirmed);
    g_hash_table_unref(control->loud);
    g_hash_table_unref(control->changed);
    g_free(control);
}

void control_set_engine(struct control *control, struct engine *engine)
{
    control->engine = engine;
}

bool control_is_connected(const struct control *control)
{
    return control->is_welcome;
}
