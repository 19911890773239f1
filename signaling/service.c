// SPDX-License-Identifier: Apache-2.0
#include "signaling/service.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "common/base/log.h"
#include "signaling/conference.h"
#include "signaling/desired.h"
#include "signaling/dispatch.h"
#include "signaling/drives.h"
#include "signaling/metrics.h"
#include "signaling/relay.h"
#include "signaling/rest.h"
#include "signaling/rooms.h"
#include "signaling/settings.h"
#include "signaling/wall_clock.h"
#include "signaling/watch.h"

#define LOG_TOPIC "service"

#define ENDED_SHOWN_MS  (60 * 1000)
#define ENDED_KEPT      200 // meetings that are over and can still be listed
#define HOUSEKEEPING_MS 5000
// How long a conference waits for its MCU before it moves to another.
#define MCU_GRACE_MS 3000
#define COUNTS_MS    1000
#define EXPIRY_EVERY 120 // housekeepings

// --- meetings -----------------------------------------------------------------------------------

struct conference *service_conference(const struct service *service, const char *meeting)
{
    return g_hash_table_lookup(service->conferences, meeting);
}

static void close_conference(gpointer conference)
{
    conference_close(conference);
}

static void keep_conference(struct service *service, struct conference *conference)
{
    g_hash_table_insert(
            service->conferences, (gpointer)conference_meeting(conference)->id, conference);
    g_ptr_array_add(service->order, conference);
}

// The meeting a room belongs to now: the open one that was opened last, else the one that ended
// last within the past minute, else NULL.
static struct conference *service_conference_of_room(
        const struct service *service, const char *room)
{
    struct conference *best = NULL;
    struct conference *over = NULL;
    int64_t limit_ms = wall_clock_ms() - ENDED_SHOWN_MS;
    for (guint i = 0; i < service->order->len; i++) {
        struct conference *conference = g_ptr_array_index(service->order, i);
        const struct meeting *meeting = conference_meeting(conference);
        if (!meeting_member(meeting, room))
            continue;
        if (meeting->state == MEETING_STATE_OPEN &&
                (!best || meeting->opened_ms >= conference_meeting(best)->opened_ms))
            best = conference;
        if (meeting->state == MEETING_STATE_ENDED && meeting->ended_ms > limit_ms &&
                (!over || meeting->ended_ms >= conference_meeting(over)->ended_ms))
            over = conference;
    }
    return best ? best : over;
}

static void new_meeting_id(const struct service *service, char id[MEETING_ID_SIZE])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    do {
        unsigned char bytes[MEETING_ID_SIZE - 1];
        if (RAND_bytes(bytes, sizeof(bytes)) != 1)
            g_error("the system gives no random numbers");
        for (size_t i = 0; i < sizeof(bytes); i++)
            id[i] = letters[bytes[i] % 32];
        id[MEETING_ID_SIZE - 1] = '\0';
    } while (service_conference(service, id));
}

struct conference *service_create_meeting(
        struct service *service, const struct conference_plan *plan, enum error_code *error)
{
    char id[MEETING_ID_SIZE];
    new_meeting_id(service, id);
    struct conference *conference = NULL;
    *error = ERROR_PROTO_INTERNAL;
    if (conference_open(service, id, &conference) < 0)
        return NULL;
    *error = conference_create(conference, plan);
    if (*error != ERROR_NONE) {
        conference_close(conference);
        return NULL;
    }
    keep_conference(service, conference);
    conference_begin(conference);
    return conference;
}

static int open_meetings(struct service *service)
{
    g_autoptr(GPtrArray) ids = store_meetings(service->store, ENDED_KEPT);
    for (guint i = 0; i < ids->len; i++) {
        struct conference *conference = NULL;
        // One damaged journal must not keep the other meetings closed; it was logged.
        if (conference_open(service, g_ptr_array_index(ids, i), &conference) == 0)
            keep_conference(service, conference);
    }
    return 0;
}

// --- telling ------------------------------------------------------------------------------------

static int64_t link_kbps_of(const struct service *service, const char *unit)
{
    const struct unit *row = service->units ? unit_tree_find(service->units, unit) : NULL;
    return row ? row->link_kbps : 0;
}

static const char *unit_name(const struct service *service, const char *unit)
{
    const struct unit *row = service->units ? unit_tree_find(service->units, unit) : NULL;
    return row ? row->name : unit;
}

static void tell_member(
        struct service *service, struct session *session, const struct conference *conference)
{
    const struct identity *who = session_who(session);
    struct message_member_desired member;
    desired_member(conference ? conference_meeting(conference) : NULL,
            conference ? conference_stages(conference) : NULL, who->self,
            conference ? conference_media_epoch(conference) : "",
            who->role == ROLE_ROOM ? link_kbps_of(service, who->self) : 0, &member);
    session_send_changed(session, SESSION_SLOT_MEMBER, MESSAGE_MEMBER_DESIRED, &member);
}

void service_tell(struct service *service, struct session *session)
{
    const struct identity *who = session_who(session);
    if (who->role == ROLE_MCU)
        return;
    bool is_room = who->role == ROLE_ROOM;
    const struct conference *conference = is_room ? service_conference_of_room(service, who->self)
                                                  : service_conference(service, who->meeting);
    const struct meeting *meeting = conference ? conference_meeting(conference) : NULL;

    if (!conference || conference_is_settled(conference))
        tell_member(service, session, conference);
    if (!is_room)
        return;
    struct message_room_desired room;
    desired_room(meeting, who->self, unit_name(service, who->self), &room);
    session_send_changed(session, SESSION_SLOT_ROOM, MESSAGE_ROOM_DESIRED, &room);
}
static void tell_again(void *context, struct session *session)
{
    service_tell(context, session);
}

void service_take_units(struct service *service, struct unit_tree *units)
{
    unit_tree_free(service->units);
    service->units = units;
    sessions_each(service->sessions, tell_again, service);
    const bool is_late = service->housekeepings * (HOUSEKEEPING_MS / 1000) > SESSION_RESUME_TTL_S;
    for (guint i = 0; i < service->order->len; i++)
        conference_drop_gone(g_ptr_array_index(service->order, i), is_late);
    watch_note_units(service);
}

// --- placing conferences on MCUs ----------------------------------------------------------------

struct placing {
    struct service *service;
    const char *boot_id; // of the MCU that is preferred
    struct session *best;
    bool best_is_preferred;
    guint best_load;
};

static guint load_of(const struct service *service, const char *mcu)
{
    guint load = 0;
    for (guint i = 0; i < service->order->len; i++) {
        const struct conference *conference = g_ptr_array_index(service->order, i);
        load += conference_meeting(conference)->state == MEETING_STATE_OPEN &&
                strcmp(conference_mcu_name(conference), mcu) == 0;
    }
    return load;
}

static void consider_mcu(void *context, struct session *session)
{
    struct placing *placing = context;
    if (session_who(session)->role != ROLE_MCU || !session_is_connected(session))
        return;
    bool is_preferred = strcmp(session_boot_id(session), placing->boot_id) == 0;
    guint load = load_of(placing->service, session_who(session)->self);
    bool is_better = !placing->best || (is_preferred && !placing->best_is_preferred) ||
                     (is_preferred == placing->best_is_preferred && load < placing->best_load);
    if (!is_better)
        return;
    placing->best = session;
    placing->best_is_preferred = is_preferred;
    placing->best_load = load;
}

// The process that has the media already, else the MCU with the fewest conferences, else none.
static void place(struct service *service, struct conference *conference)
{
    if (conference_mcu(conference) || !conference_is_settled(conference))
        return;
    struct placing placing = { service, conference_last_boot_id(conference), NULL, false, 0 };
    sessions_each(service->sessions, consider_mcu, &placing);
    struct session *mcu = placing.best;
    // An MCU that lost only its connection is back in a moment, and all its members are still
    // there.
    if (service->place_timer && conference_may_be_carried(conference))
        mcu = NULL;
    const char *name = mcu ? session_who(mcu)->self : "";
    const char *epoch = mcu ? session_boot_id(mcu) : "";
    if (strcmp(conference_mcu_name(conference), name) != 0 ||
            strcmp(conference_media_epoch(conference), epoch) != 0)
        conference_set_mcu(conference, name, epoch);
}

void service_place_conferences(struct service *service)
{
    for (guint i = 0; i < service->order->len; i++) {
        struct conference *conference = g_ptr_array_index(service->order, i);
        if (conference_meeting(conference)->state == MEETING_STATE_OPEN)
            place(service, conference);
    }
}

static gboolean on_place_timer(gpointer data)
{
    struct service *service = data;
    loop_clear_source(&service->place_timer);
    service_place_conferences(service);
    return G_SOURCE_REMOVE;
}

static void mcu_went(struct service *service)
{
    loop_clear_source(&service->place_timer);
    service->place_timer = loop_add_timer(service->loop, MCU_GRACE_MS, on_place_timer, service);
    service_place_conferences(service);
}

// --- sessions -----------------------------------------------------------------------------------

static bool identify(void *context, struct web_session *web, struct identity *who)
{
    struct service *service = context;
    const char *certificate = web_session_peer_name(web);
    if (certificate)
        return auth_from_certificate(service->auth, certificate, web_session_peer_serial(web), who);
    return auth_from_cookie(
            service->auth, web_session_cookie(web, AUTH_COOKIE), wall_clock_ms(), who);
}

static void name_of(void *context, const struct identity *who, char *name, size_t size)
{
    const struct service *service = context;
    g_strlcpy(name, who->name, size);
    if (who->role == ROLE_ROOM)
        g_strlcpy(name, unit_name(service, who->self), size);
}

static void mcu_came(struct service *service, struct session *session, bool resumed)
{
    service_place_conferences(service);
    for (guint i = 0; i < service->order->len; i++) {
        struct conference *conference = g_ptr_array_index(service->order, i);
        conference_expect_report(conference);
        if (strcmp(conference_mcu_name(conference), session_who(session)->self) != 0)
            continue;
        if (strcmp(conference_media_epoch(conference), session_boot_id(session)) != 0)
            conference_set_mcu(conference, session_who(session)->self, session_boot_id(session));
        // Also after a resume: what is desired is cheaper to repeat than to wonder about.
        conference_send_desired(conference);
    }
    log_info("MCU %s name=%s boot_id=%s", resumed ? "resumed" : "connected",
            session_who(session)->self, session_boot_id(session));
}

// A person is on the roster from the first time it came; the journal knows it then.
static void join(struct service *service, const struct identity *who)
{
    struct conference *conference = service_conference(service, who->meeting);
    if (!conference || conference_meeting(conference)->state == MEETING_STATE_ENDED ||
            meeting_member(conference_meeting(conference), who->self))
        return;
    struct meeting_member member = { .kind = MEMBER_KIND_PERSON, .role = who->role };
    g_strlcpy(member.id, who->self, sizeof(member.id));
    g_strlcpy(member.name, who->name, sizeof(member.name));
    struct meeting_operation operation = {
        .type = MEETING_JOIN, .actor = who->self, .joins = &member, .now_ms = wall_clock_ms()
    };
    enum error_code error = conference_operate(conference, &operation);
    if (error != ERROR_NONE)
        log_warn("person not joined meeting=%s member=%s code=%s", who->meeting, who->self,
                error_code_name(error));
}

static void on_presence(void *context, struct session *session)
{
    struct service *service = context;
    const struct identity *who = session_who(session);
    bool is_present = session_is_connected(session);
    if (service->is_ending)
        return;
    if (!is_present) {
        relay_forget(service->relay, session);
        drives_forget(service->drives, session);
    }
    if (who->role == ROLE_MCU) {
        if (!is_present)
            mcu_went(service);
        return;
    }
    if (is_present && who->role != ROLE_ROOM)
        join(service, who);
    if (who->role == ROLE_ROOM)
        watch_note_presence(service, who->self, is_present);
    for (guint i = 0; i < service->order->len; i++) {
        struct conference *conference = g_ptr_array_index(service->order, i);
        const struct meeting *meeting = conference_meeting(conference);
        if (meeting->state != MEETING_STATE_ENDED &&
                (who->role == ROLE_ROOM || strcmp(meeting->id, who->meeting) == 0))
            conference_note_presence(conference, who->self, is_present);
    }
}

static void on_ready(void *context, struct session *session, bool resumed)
{
    struct service *service = context;
    if (session_who(session)->role == ROLE_MCU)
        mcu_came(service, session, resumed);
    else
        service_tell(service, session);
}

static void on_request(void *context, struct session *session, const struct envelope *envelope)
{
    dispatch_request(context, session, envelope);
}

static void on_ended(void *context, struct session *session)
{
    struct service *service = context;
    if (service->is_ending)
        return;
    relay_forget(service->relay, session);
    drives_forget(service->drives, session);
}

static const struct sessions_handler sessions_handler = {
    .identify = identify,
    .name = name_of,
    .ready = on_ready,
    .request = on_request,
    .presence = on_presence,
    .ended = on_ended,
};

static void on_socket_open(void *context, struct web_session *web)
{
    sessions_opened(((struct service *)context)->sessions, web);
}

static void on_socket_message(void *context, struct web_session *web, const char *text, size_t size)
{
    sessions_received(((struct service *)context)->sessions, web, text, size);
}

static void on_socket_closed(void *context, struct web_session *web)
{
    sessions_closed(((struct service *)context)->sessions, web);
}

static const struct web_socket_handler socket_handler = {
    .open = on_socket_open,
    .message = on_socket_message,
    .closed = on_socket_closed,
};

// --- housekeeping and status --------------------------------------------------------------------

static gboolean on_housekeeping(gpointer data)
{
    struct service *service = data;
    // Rooms leave the scene "ended" a minute after the end.
    sessions_each(service->sessions, tell_again, service);
    if (service->housekeepings++ % EXPIRY_EVERY == 0 &&
            store_remove_expired(service->store, wall_clock_ms()) < 0)
        log_warn("expired sessions are still stored");
    return G_SOURCE_CONTINUE;
}

static void send_counts(void *context, struct session *session)
{
    struct conference *conference =
            service_conference(context, session_subscription(session)->meeting);
    if (conference)
        conference_send_counts(conference, session);
}

static gboolean on_counts(gpointer data)
{
    struct service *service = data;
    sessions_each(service->sessions, send_counts, service);
    return G_SOURCE_CONTINUE;
}

struct census {
    int64_t sessions;
    int64_t rooms;
    int64_t mcus;
};

static void count_session(void *context, struct session *session)
{
    struct census *census = context;
    if (!session_is_connected(session))
        return;
    census->sessions++;
    census->rooms += session_who(session)->role == ROLE_ROOM;
    census->mcus += session_who(session)->role == ROLE_MCU;
}

static void collect(void *context)
{
    struct service *service = context;
    struct census census = { 0 };
    sessions_each(service->sessions, count_session, &census);
    int64_t meetings_open = 0;
    for (guint i = 0; i < service->order->len; i++)
        meetings_open += conference_meeting(g_ptr_array_index(service->order, i))->state ==
                         MEETING_STATE_OPEN;
    metric_set(&signal_sessions, census.sessions);
    metric_set(&signal_rooms, census.rooms);
    metric_set(&signal_mcus, census.mcus);
    metric_set(&signal_meetings_open, meetings_open);
    metric_set(&signal_units, service->units ? (int64_t)unit_tree_count(service->units) : 0);
}

// --- opening ------------------------------------------------------------------------------------

static int open_state(struct service *service)
{
    const char *state_dir = config_string(service->config, "signal", "state_dir");
    g_auto(GStrv) names = signal_server_names(service->config);
    g_autofree char *database = g_build_filename(state_dir, "rong.sqlite", NULL);
    g_autofree char *fault = NULL;
    int rc = pki_open(state_dir, names, &service->pki, &fault);
    if (rc == 0)
        rc = store_open(database, &service->store, &fault);
    if (rc == 0)
        rc = auth_open(service->store, service->pki, state_dir, &service->auth, &fault);
    if (rc < 0) {
        log_error("state unusable: %s", fault);
        return rc;
    }
    service->units = store_units(service->store);
    return open_meetings(service);
}

static int listen_public(struct service *service)
{
    const char *web_root = config_string(service->config, "signal", "web_root");
    bool has_page = g_file_test(web_root, G_FILE_TEST_IS_DIR);
    if (!has_page)
        log_warn("no page: web_root is no folder web_root=%s", web_root);
    struct web_listener_config config = {
        .name = "public",
        .listen = config_string(service->config, "signal", "public_listen"),
        .tls = WEB_TLS,
        .certificate_file = pki_server_certificate_path(service->pki),
        .key_file = pki_server_key_path(service->pki),
        .routes = rest_routes(),
        .files_dir = has_page ? web_root : NULL,
        .socket_path = "/ws",
        .socket = &socket_handler,
        .context = service,
    };
    return web_server_listen(service->web, &config, &service->public_listener);
}

static int listen_machines(struct service *service)
{
    struct web_listener_config config = {
        .name = "machines",
        .listen = config_string(service->config, "signal", "machine_listen"),
        .tls = WEB_TLS_CLIENT_CERTIFICATE,
        .certificate_file = pki_server_certificate_path(service->pki),
        .key_file = pki_server_key_path(service->pki),
        .client_ca_file = pki_ca_path(service->pki),
        // A province behind one address (its encryptor, or a load test) comes back all at once.
        .max_connections_per_address = 4096,
        .max_new_per_address_per_second = 1000,
        .socket_path = "/ws",
        .socket = &socket_handler,
        .context = service,
    };
    return web_server_listen(service->web, &config, &service->machine_listener);
}

static int open_status(struct service *service)
{
    static struct metric *const *const tables[] = { signal_metrics, NULL };
    struct status_pages_config config = {
        .program = "rong-signal",
        .listen = config_string(service->config, "signal", "status_listen"),
        .collect = collect,
        .context = service,
        .tables = tables,
    };
    return status_pages_open(service->web, &config, &service->status);
}

// What `rong` and tests read to find a server whose ports the kernel chose.
static int write_addresses(struct service *service)
{
    uint16_t port = web_listener_port(service->public_listener);
    const char *url = config_string(service->config, "signal", "public_url");
    g_auto(GStrv) names = signal_server_names(service->config);
    if (url[0])
        service->public_url = g_strdup_printf("%s%s", url, g_str_has_suffix(url, "/") ? "" : "/");
    else
        service->public_url = g_strdup_printf(
                strchr(names[0], ':') ? "https://[%s]:%u/" : "https://%s:%u/", names[0], port);

    const char *state_dir = config_string(service->config, "signal", "state_dir");
    g_autofree char *path = g_build_filename(state_dir, "url", NULL);
    g_autofree char *local = g_strdup_printf("https://127.0.0.1:%u\n", port);
    const char *listen = config_string(service->config, "signal", "public_listen");
    if (!g_str_has_prefix(listen, "0.0.0.0:") && !g_str_has_prefix(listen, "[::]:")) {
        g_autofree char *host = g_strndup(listen, (gsize)(strrchr(listen, ':') - listen));
        g_free(local);
        local = g_strdup_printf("https://%s:%u\n", host, port);
    }
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents(path, local, -1, &error))
        return 0;
    log_error("address not written: %s", error->message);
    return -EIO;
}

int service_open(struct loop *loop, const struct config *config, struct service **out)
{
    struct service *service = g_new0(struct service, 1);
    service->loop = loop;
    service->config = config;
    service->conferences = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, close_conference);
    service->order = g_ptr_array_new();
    service->sessions = sessions_new(loop, &sessions_handler, service);
    service->relay = relay_new(service);
    service->drives = drives_new(loop, service->sessions);
    service->rooms = rooms_new();
    service->signers = rest_signers_new(service);
    int rc = open_state(service);
    if (rc < 0)
        goto fail;
    service->web = web_server_new(loop);
    rc = listen_public(service);
    if (rc == 0)
        rc = listen_machines(service);
    if (rc == 0)
        rc = open_status(service);
    if (rc == 0)
        rc = write_addresses(service);
    if (rc < 0)
        goto fail;
    service->counts = loop_add_timer(loop, COUNTS_MS, on_counts, service);
    service->housekeeping = loop_add_timer(loop, HOUSEKEEPING_MS, on_housekeeping, service);
    log_info("listening public=%u machines=%u status=%u url=%s meetings=%u units=%zu",
            web_listener_port(service->public_listener),
            web_listener_port(service->machine_listener), status_pages_port(service->status),
            service->public_url, service->order->len,
            service->units ? unit_tree_count(service->units) : 0);
    *out = service;
    return 0;

fail:
    service_close(service);
    return rc;
}

void service_close(struct service *service)
{
    if (!service)
        return;
    service->is_ending = true;
    loop_clear_source(&service->counts);
    loop_clear_source(&service->place_timer);
    loop_clear_source(&service->housekeeping);
    // Signing jobs answer their requests by the loop: let them, while the server still knows them.
    g_thread_pool_free(service->signers, FALSE, TRUE);
    while (g_main_context_iteration(loop_context(service->loop), FALSE))
        continue;
    web_server_free(service->web);
    status_pages_close(service->status);
    relay_free(service->relay);
    drives_free(service->drives);
    rooms_free(service->rooms);
    sessions_free(service->sessions);
    g_ptr_array_free(service->order, TRUE);
    g_hash_table_destroy(service->conferences);
    unit_tree_free(service->units);
    auth_close(service->auth);
    store_close(service->store);
    pki_close(service->pki);
    g_free(service->public_url);
    g_free(service);
}
