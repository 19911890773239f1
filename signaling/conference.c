// SPDX-License-Identifier: Apache-2.0
#include "signaling/conference.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "signaling/counts.h"
#include "signaling/desired.h"
#include "signaling/meeting_journal.h"
#include "signaling/metrics.h"
#include "signaling/rooms.h"
#include "signaling/voice.h"
#include "signaling/wall_clock.h"

#define LOG_TOPIC "conference"

#define DESIRED_INTERVAL_MS 50
#define FOLLOW_SOON_MS      20
#define REPORT_SILENCE_US   (5 * G_USEC_PER_SEC)
#define SNAPSHOT_MEMBERS    64
#define QUEUE_SHOWN         64
// After a start: an MCU comes back within its longest pause between attempts, and reports within a
// second.
#define SETTLE_MS     7000
#define SETTLE_MCU_MS 1500

// What is seen of a member, not decided.
struct observed {
    bool is_present;
    bool was_present; // since this process began
    bool is_connected;
    int64_t reported_us;
};

struct conference {
    struct service *service;
    struct meeting *meeting;
    GHashTable *observed; // member id → struct observed
    struct stages stages;
    struct voice voice;
    char mcu[33];
    char media_epoch[33];
    char last_mcu[33];
    char last_boot_id[33]; // of the MCU whose reports `observed` stands for
    bool is_settled;
    GSource *settle_timer;
    int64_t rev;
    int64_t desired_sent_us;
    guint desired_members; // how many members the MCU was told of
    GSource *desired_timer;
    GSource *follow_timer;
    GSource *page_timer; // of a roll
};

const struct meeting *conference_meeting(const struct conference *conference)
{
    return conference->meeting;
}

const struct stages *conference_stages(const struct conference *conference)
{
    return &conference->stages;
}

static const struct stage *conference_stage(const struct conference *conference)
{
    return &conference->stages.canvases[CANVAS_KIND_PROGRAM];
}

const char *conference_media_epoch(const struct conference *conference)
{
    return conference->media_epoch;
}

const char *conference_mcu_name(const struct conference *conference)
{
    return conference->mcu;
}

bool conference_is_settled(const struct conference *conference)
{
    return conference->is_settled;
}

const char *conference_last_boot_id(const struct conference *conference)
{
    return conference->last_boot_id;
}

static struct observed *observed_of(const struct conference *conference, const char *member)
{
    struct observed *observed = g_hash_table_lookup(conference->observed, member);
    if (!observed) {
        observed = g_new0(struct observed, 1);
        g_hash_table_insert(conference->observed, g_strdup(member), observed);
    }
    return observed;
}

static bool is_connected(void *context, const char *member)
{
    const struct conference *conference = context;
    return observed_of(conference, member)->is_connected;
}

// --- telling ------------------------------------------------------------------------------------

static bool is_of_subtree(const struct conference *conference, const struct subscription *wanted,
        const struct meeting_member *member)
{
    if (!wanted->subtree[0] || !member || member->kind == MEMBER_KIND_PERSON)
        return true;
    return conference->service->units &&
           unit_tree_is_within(conference->service->units, member->unit, wanted->subtree);
}

// What is sent to everybody who subscribed. `member` NULL: concerns all; else those whose subtree
// has it and who want it in full.
struct announcement {
    struct conference *conference;
    enum message_type type;
    int64_t at_ms;
    const void *body;
    const struct meeting_member *member;
};

static void announce_to(void *context, struct session *session)
{
    const struct announcement *what = context;
    const struct subscription *wanted = session_subscription(session);
    if (wanted->detail == SUBSCRIPTION_DETAIL_NONE ||
            strcmp(wanted->meeting, what->conference->meeting->id) != 0 ||
            !(message_infos[what->type].roles & ROLE_BIT(session_who(session)->role)))
        return;
    if (what->member && (wanted->detail != SUBSCRIPTION_DETAIL_FULL ||
                                !is_of_subtree(what->conference, wanted, what->member)))
        return;
    session_send_event(session, what->type, what->at_ms, what->body);
}

static void announce(struct conference *conference, enum message_type type, int64_t at_ms,
        const void *body, const struct meeting_member *member)
{
    struct announcement what = { conference, type, at_ms, body, member };
    sessions_each(conference->service->sessions, announce_to, &what);
}

static void tell_member(struct conference *conference, const struct meeting_member *member)
{
    struct session *session = sessions_find(
            conference->service->sessions, member->role, member->id, conference->meeting->id);
    if (session)
        service_tell(conference->service, session);
}

static gboolean on_desired_timer(gpointer data)
{
    struct conference *conference = data;
    const struct session *mcu = conference_mcu(conference);
    if (mcu && session_is_behind(mcu))
        return G_SOURCE_CONTINUE; // what it would read by then is old
    loop_clear_source(&conference->desired_timer);
    conference_send_desired(conference);
    return G_SOURCE_REMOVE;
}

// Soon, but at most 20 times a second: a mute of everybody or a wave of joins is one message.
static void schedule_desired(struct conference *conference)
{
    if (conference->desired_timer)
        return;
    int64_t passed_ms = (g_get_monotonic_time() - conference->desired_sent_us) / 1000;
    const struct session *mcu = conference_mcu(conference);
    if (passed_ms >= DESIRED_INTERVAL_MS && !(mcu && session_is_behind(mcu)))
        conference_send_desired(conference);
    else
        conference->desired_timer = loop_add_timer(conference->service->loop,
                (guint)MAX(DESIRED_INTERVAL_MS - passed_ms, 1), on_desired_timer, conference);
}

static void announce_stage(struct conference *conference)
{
    const struct stage *stage = conference_stage(conference);
    struct message_stage_changed changed = { .layout = stage->layout };
    g_strlcpy(changed.meeting, conference->meeting->id, sizeof(changed.meeting));
    changed.tiles_count = stage->tile_count;
    for (size_t i = 0; i < changed.tiles_count; i++)
        g_strlcpy(changed.tiles[i], stage->tiles[i], sizeof(changed.tiles[i]));
    announce(conference, MESSAGE_STAGE_CHANGED, 0, &changed, NULL);
}

static void make_stages(struct conference *conference, struct stages *stages)
{
    const struct stage_seen seen = {
        .connected = is_connected,
        .context = conference,
        .voice = conference->voice.speaker,
        .now_ms = wall_clock_ms(),
    };
    stages_make(conference->meeting, &seen, stages);
}

static void follow(struct conference *conference);

static gboolean on_page_timer(gpointer data)
{
    struct conference *conference = data;
    loop_clear_source(&conference->page_timer);
    follow(conference);
    return G_SOURCE_REMOVE;
}

static void wait_for_page(struct conference *conference, int64_t next_ms)
{
    loop_clear_source(&conference->page_timer);
    if (next_ms == 0)
        return;
    const int64_t wait_ms = CLAMP(next_ms - wall_clock_ms(), 1, G_MAXINT);
    conference->page_timer =
            loop_add_timer(conference->service->loop, (guint)wait_ms, on_page_timer, conference);
}

// After anything changed: the stages follow, and everybody is told what that means for them.
static void follow(struct conference *conference)
{
    struct stages stages;
    make_stages(conference, &stages);
    wait_for_page(conference, stages.next_ms);
    if (conference->is_settled) {
        const bool program_differs =
                !stage_equal(&stages.canvases[CANVAS_KIND_PROGRAM], conference_stage(conference));
        conference->stages = stages;
        if (program_differs)
            announce_stage(conference);
    }
    schedule_desired(conference);
    for (guint i = 0; i < conference->meeting->members->len; i++)
        tell_member(conference, g_ptr_array_index(conference->meeting->members, i));
}

static gboolean on_follow_timer(gpointer data)
{
    struct conference *conference = data;
    loop_clear_source(&conference->follow_timer);
    follow(conference);
    return G_SOURCE_REMOVE;
}

// For what comes in waves: 240 rooms that connect are not 240 times 240 looks at everybody.
static void follow_soon(struct conference *conference)
{
    if (!conference->follow_timer)
        conference->follow_timer = loop_add_timer(
                conference->service->loop, FOLLOW_SOON_MS, on_follow_timer, conference);
}

static void settle(struct conference *conference)
{
    loop_clear_source(&conference->settle_timer);
    conference->is_settled = true;
    follow(conference);
}

// Nobody said that the conference is on it: it goes to any MCU there is.
static gboolean on_settle_timer(gpointer data)
{
    struct conference *conference = data;
    settle(conference);
    service_place_conferences(conference->service);
    return G_SOURCE_REMOVE;
}

static void settle_within(struct conference *conference, guint ms)
{
    loop_clear_source(&conference->settle_timer);
    conference->settle_timer =
            loop_add_timer(conference->service->loop, ms, on_settle_timer, conference);
}

void conference_expect_report(struct conference *conference)
{
    if (!conference->is_settled)
        settle_within(conference, SETTLE_MCU_MS);
}

// --- operations ---------------------------------------------------------------------------------

static GArray *new_events(void)
{
    return g_array_new(FALSE, TRUE, sizeof(struct meeting_event));
}

static void announce_event(struct conference *conference, const struct meeting_event *event)
{
    g_autofree void *body = meeting_event_body(conference->meeting->id, event);
    // The floor concerns everybody; the microphone of one member those who look at it.
    const struct meeting_member *about =
            event->type == MEETING_EVENT_MEMBER_JOINED ||
                            event->type == MEETING_EVENT_MEMBER_MUTED ||
                            event->type == MEETING_EVENT_LANGUAGE_CHANGED ||
                            event->type == MEETING_EVENT_GAIN_CHANGED
                    ? meeting_member(conference->meeting, event->member)
                    : NULL;
    announce(conference, meeting_event_message(event->type), event->at_ms, body, about);
}

static int append(struct conference *conference, const GArray *events)
{
    g_autofree struct store_entry *entries = g_new0(struct store_entry, events->len);
    for (guint i = 0; i < events->len; i++) {
        const struct meeting_event *event = &g_array_index(events, struct meeting_event, i);
        entries[i].name = message_infos[meeting_event_message(event->type)].name;
        entries[i].body = meeting_event_write(conference->meeting->id, event);
        entries[i].at_ms = event->at_ms;
    }
    int rc = store_append(conference->service->store, conference->meeting->id,
            conference->meeting->event_count, entries, events->len);
    for (guint i = 0; i < events->len; i++)
        g_free((char *)entries[i].body);
    return rc;
}

// Appended and synced first, applied and told after: what somebody was told is never lost.
static enum error_code commit(struct conference *conference, const GArray *events)
{
    if (events->len == 0)
        return ERROR_NONE;
    // What does not apply must not get into the journal: it would never be read again.
    if (meeting_try(conference->meeting, events) < 0) {
        metric_add(&signal_journal_failures_total, 1);
        log_error("events that were decided do not apply meeting=%s", conference->meeting->id);
        return ERROR_PROTO_INTERNAL;
    }
    if (append(conference, events) < 0) {
        metric_add(&signal_journal_failures_total, 1);
        return ERROR_PROTO_INTERNAL;
    }
    metric_add(&signal_journal_events_total, events->len);
    for (guint i = 0; i < events->len; i++) {
        const struct meeting_event *event = &g_array_index(events, struct meeting_event, i);
        if (meeting_apply(conference->meeting, event) < 0)
            g_error("an event that was decided does not apply type=%d", (int)event->type);
        announce_event(conference, event);
    }
    return ERROR_NONE;
}

enum error_code conference_operate(
        struct conference *conference, const struct meeting_operation *operation)
{
    g_autoptr(GArray) events = new_events();
    enum error_code error = meeting_decide(conference->meeting, operation, events);
    if (error == ERROR_NONE)
        error = commit(conference, events);
    if (error != ERROR_NONE || events->len == 0)
        return error;
    if (operation->type == MEETING_LEAVE)
        g_hash_table_remove(conference->observed, operation->member);
    if (operation->type == MEETING_OPEN || operation->type == MEETING_END) {
        log_info("meeting %s meeting=%s by=%s",
                operation->type == MEETING_OPEN ? "opened" : "ended", conference->meeting->id,
                operation->actor);
        service_place_conferences(conference->service);
    }
    follow(conference);
    return ERROR_NONE;
}

static void member_of_unit(const struct unit *unit, struct meeting_member *member)
{
    memset(member, 0, sizeof(*member));
    member->kind = MEMBER_KIND_ROOM;
    member->role = ROLE_ROOM;
    member->level = unit->level;
    member->hears = unit->language;
    g_strlcpy(member->id, unit->code, sizeof(member->id));
    g_strlcpy(member->unit, unit->code, sizeof(member->unit));
    g_strlcpy(member->parent, unit->parent, sizeof(member->parent));
    g_strlcpy(member->name, unit->name, sizeof(member->name));
}

enum error_code conference_create(struct conference *conference, const struct conference_plan *plan)
{
    g_autofree struct meeting_member *members = g_new0(struct meeting_member, plan->unit_count);
    for (size_t i = 0; i < plan->unit_count; i++)
        member_of_unit(plan->units[i], &members[i]);
    const struct meeting_plan meeting = { .title = plan->title,
        .mode = plan->mode,
        .actor = "admin",
        .members = members,
        .member_count = plan->unit_count,
        .is_open = plan->is_open,
        .now_ms = wall_clock_ms() };
    g_autoptr(GArray) events = new_events();
    const enum error_code error = meeting_decide_new(&meeting, events);
    return error == ERROR_NONE ? commit(conference, events) : error;
}

void conference_begin(struct conference *conference)
{
    for (guint i = 0; i < conference->meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(conference->meeting->members, i);
        const struct session *session =
                sessions_find(conference->service->sessions, member->role, member->id, "");
        observed_of(conference, member->id)->is_present = session && session_is_connected(session);
    }
    if (conference->meeting->state == MEETING_STATE_OPEN)
        service_place_conferences(conference->service);
    follow(conference);
}

// --- snapshot -----------------------------------------------------------------------------------

void conference_fill_member(const struct conference *conference,
        const struct meeting_member *member, struct type_member *out)
{
    meeting_member_fill(member, out);
    const struct unit_tree *units = conference->service->units;
    const struct unit *parent = units ? unit_tree_find(units, member->parent) : NULL;
    out->has_parent_name = parent != NULL;
    if (parent)
        g_strlcpy(out->parent_name, parent->name, sizeof(out->parent_name));
    const struct observed *observed = observed_of(conference, member->id);
    out->present = observed->is_present;
    out->connected = observed->is_connected;
    out->on_stage = stage_has(conference_stage(conference), member->id);
}

void conference_fill_stage(const struct conference *conference, struct type_stage *out)
{
    const struct stage *stage = conference_stage(conference);
    out->layout = stage->layout;
    out->tiles_count = stage->tile_count;
    for (size_t i = 0; i < stage->tile_count; i++)
        g_strlcpy(out->tiles[i], stage->tiles[i], sizeof(out->tiles[i]));
    out->has_order = true;
    meeting_order_fill(&conference->meeting->order, &out->order);
}

static void fill_floor(
        const struct conference *conference, struct message_meeting_snapshot *snapshot)
{
    const struct meeting *meeting = conference->meeting;
    snapshot->has_floor = meeting->holder[0];
    g_strlcpy(snapshot->floor.member, meeting->holder, sizeof(snapshot->floor.member));
    wall_clock_format(meeting->holder_since_ms, snapshot->floor.since);
    for (guint i = 0; i < meeting->queue->len && i < QUEUE_SHOWN; i++) {
        const struct meeting_queued *queued =
                &g_array_index(meeting->queue, struct meeting_queued, i);
        struct type_queue_entry *entry = &snapshot->queue[snapshot->queue_count++];
        g_strlcpy(entry->member, queued->member, sizeof(entry->member));
        wall_clock_format(queued->since_ms, entry->since);
    }
    conference_fill_stage(conference, &snapshot->stage);
    snapshot->has_content = meeting->content[0];
    g_strlcpy(snapshot->content, meeting->content, sizeof(snapshot->content));
}

// The members a subscription shows, in roster order.
static GPtrArray *shown_members(
        const struct conference *conference, const struct subscription *wanted)
{
    GPtrArray *shown = g_ptr_array_new();
    const struct meeting *meeting = conference->meeting;
    for (guint i = 0; i < meeting->members->len; i++) {
        struct meeting_member *member = g_ptr_array_index(meeting->members, i);
        if (wanted->detail == SUBSCRIPTION_DETAIL_FULL && is_of_subtree(conference, wanted, member))
            g_ptr_array_add(shown, member);
    }
    return shown;
}

// In the words of one meeting; NULL: the room has not reported yet.
static struct message_room_status *status_of(const struct conference *conference, const char *room)
{
    const struct message_room_status *status = rooms_find(conference->service->rooms, room);
    if (!status)
        return NULL;
    struct message_room_status *out = g_memdup2(status, sizeof(*status));
    out->has_meeting = true;
    g_strlcpy(out->meeting, conference->meeting->id, sizeof(out->meeting));
    return out;
}

static void fill_ready(const struct conference *conference,
        const struct message_room_status *status, struct message_room_ready *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->meeting, conference->meeting->id, sizeof(out->meeting));
    g_strlcpy(out->member, status->member, sizeof(out->member));
    out->ready = room_is_ready(status);
}

static void send_statuses(
        const struct conference *conference, struct session *session, const GPtrArray *members)
{
    uint32_t role = ROLE_BIT(session_who(session)->role);
    for (guint i = 0; i < members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(members, i);
        g_autofree struct message_room_status *status =
                member->kind == MEMBER_KIND_ROOM ? status_of(conference, member->id) : NULL;
        if (!status)
            continue;
        struct message_room_ready ready;
        fill_ready(conference, status, &ready);
        if (message_infos[MESSAGE_ROOM_STATUS].roles & role)
            session_send_event(session, MESSAGE_ROOM_STATUS, 0, status);
        if (message_infos[MESSAGE_ROOM_READY].roles & role)
            session_send_event(session, MESSAGE_ROOM_READY, 0, &ready);
    }
}

void conference_send_snapshot(struct conference *conference, struct session *session)
{
    const struct meeting *meeting = conference->meeting;
    g_autoptr(GPtrArray) shown = shown_members(conference, session_subscription(session));
    guint parts = MAX(1, (shown->len + SNAPSHOT_MEMBERS - 1) / SNAPSHOT_MEMBERS);
    g_autofree struct message_meeting_snapshot *snapshot =
            g_new0(struct message_meeting_snapshot, 1);
    for (guint part = 0; part < parts; part++) {
        memset(snapshot, 0, sizeof(*snapshot));
        g_strlcpy(snapshot->meeting, meeting->id, sizeof(snapshot->meeting));
        g_strlcpy(snapshot->title, meeting->title, sizeof(snapshot->title));
        snapshot->state = meeting->state;
        snapshot->mode = meeting->mode;
        snapshot->part = part + 1;
        snapshot->of = parts;
        snapshot->stage.layout = conference_stage(conference)->layout;
        if (part == 0)
            fill_floor(conference, snapshot);
        for (guint i = part * SNAPSHOT_MEMBERS; i < shown->len && i < (part + 1) * SNAPSHOT_MEMBERS;
                i++)
            conference_fill_member(conference, g_ptr_array_index(shown, i),
                    &snapshot->members[snapshot->members_count++]);
        session_send_event(session, MESSAGE_MEETING_SNAPSHOT, 0, snapshot);
    }
    send_statuses(conference, session, shown);
}

static void observe(void *context, const char *member, bool *present, bool *connected)
{
    const struct observed *observed = observed_of(context, member);
    *present = observed->is_present;
    *connected = observed->is_connected;
}

void conference_send_counts(struct conference *conference, struct session *session)
{
    const struct subscription *wanted = session_subscription(session);
    if (wanted->detail != SUBSCRIPTION_DETAIL_COUNTS)
        return;
    struct message_meeting_counts counts;
    counts_make(conference->meeting, conference->service->units, wanted->subtree, observe,
            conference, &counts);
    session_send_changed(session, SESSION_SLOT_COUNTS, MESSAGE_MEETING_COUNTS, &counts);
}

// --- observations -------------------------------------------------------------------------------

static void announce_presence(struct conference *conference, const struct meeting_member *member)
{
    const struct observed *observed = observed_of(conference, member->id);
    struct message_member_presence presence = { .present = observed->is_present,
        .connected = observed->is_connected };
    g_strlcpy(presence.meeting, conference->meeting->id, sizeof(presence.meeting));
    g_strlcpy(presence.member, member->id, sizeof(presence.member));
    announce(conference, MESSAGE_MEMBER_PRESENCE, 0, &presence, member);
}

void conference_note_presence(struct conference *conference, const char *id, bool is_present)
{
    const struct meeting_member *member = meeting_member(conference->meeting, id);
    if (!member || observed_of(conference, id)->is_present == is_present)
        return;
    observed_of(conference, id)->is_present = is_present;
    observed_of(conference, id)->was_present |= is_present;
    announce_presence(conference, member);
}

// A person whose session is over and can not be resumed.
static bool is_gone(
        const struct conference *conference, const struct meeting_member *member, bool is_late)
{
    return member->kind == MEMBER_KIND_PERSON &&
           (is_late || observed_of(conference, member->id)->was_present) &&
           !sessions_find(conference->service->sessions, member->role, member->id,
                   conference->meeting->id);
}

void conference_drop_gone(struct conference *conference, bool is_late)
{
    const GArray *queue = conference->meeting->queue;
    for (guint i = queue->len; i > 0; i--) {
        const struct meeting_member *member = meeting_member(
                conference->meeting, g_array_index(queue, struct meeting_queued, i - 1).member);
        if (!is_gone(conference, member, is_late))
            continue;
        const struct meeting_operation operation = {
            .type = MEETING_FLOOR_WITHDRAW, .actor = member->id, .now_ms = wall_clock_ms()
        };
        if (conference_operate(conference, &operation) != ERROR_NONE)
            return; // the disk; the next round tries again
        metric_add(&signal_queue_dropped_total, 1);
        log_info("left the queue by going away meeting=%s member=%s", conference->meeting->id,
                member->id);
    }
}

void conference_note_room(struct conference *conference, const char *room, unsigned news)
{
    const struct meeting_member *member = meeting_member(conference->meeting, room);
    if (!member || conference->meeting->state == MEETING_STATE_ENDED)
        return;
    g_autofree struct message_room_status *status = status_of(conference, room);
    if (!status)
        return;
    struct message_room_ready ready;
    fill_ready(conference, status, &ready);
    if (news & ROOMS_NEW_STATUS)
        announce(conference, MESSAGE_ROOM_STATUS, 0, status, member);
    if (news & ROOMS_NEW_READINESS)
        announce(conference, MESSAGE_ROOM_READY, 0, &ready, member);
}

// True when that is news.
static bool note_connected(struct conference *conference, const char *id, bool now_connected)
{
    const struct meeting_member *member = meeting_member(conference->meeting, id);
    if (!member)
        return false;
    struct observed *observed = observed_of(conference, id);
    observed->reported_us = g_get_monotonic_time();
    if (observed->is_connected == now_connected)
        return false;
    observed->is_connected = now_connected;
    log_info("media %s meeting=%s member=%s", now_connected ? "connected" : "lost",
            conference->meeting->id, id);
    announce_presence(conference, member);
    return true;
}

// Members the MCU does not speak of any more have no media there.
static bool forget_silent(struct conference *conference, int64_t limit_us)
{
    bool changed = false;
    for (guint i = 0; i < conference->meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(conference->meeting->members, i);
        const struct observed *observed = observed_of(conference, member->id);
        if (observed->is_connected && observed->reported_us < limit_us)
            changed |= note_connected(conference, member->id, false);
    }
    return changed;
}

void conference_note_report(
        struct conference *conference, const struct message_conference_report *report)
{
    if (conference->meeting->state != MEETING_STATE_OPEN) {
        // The MCU missed the end: it is told again.
        conference_send_desired(conference);
        return;
    }
    bool changed = false;
    for (size_t i = 0; i < report->members_count; i++)
        changed |= note_connected(conference, report->members[i].id, report->members[i].connected);
    changed |= forget_silent(conference, g_get_monotonic_time() - REPORT_SILENCE_US);
    if (!conference->is_settled && report->part == report->of)
        settle(conference);
    else if (changed)
        follow_soon(conference);
}

static void send_levels_to(void *context, struct session *session)
{
    const struct announcement *what = context;
    const struct subscription *wanted = session_subscription(session);
    if (wanted->detail != SUBSCRIPTION_DETAIL_FULL ||
            strcmp(wanted->meeting, what->conference->meeting->id) != 0)
        return;
    const struct message_meeting_levels *all = what->body;
    if (!wanted->subtree[0]) {
        session_send_event(session, MESSAGE_MEETING_LEVELS, 0, all);
        return;
    }
    g_autofree struct message_meeting_levels *some = g_memdup2(all, sizeof(*all));
    some->levels_count = 0;
    for (size_t i = 0; i < all->levels_count; i++) {
        const struct meeting_member *member =
                meeting_member(what->conference->meeting, all->levels[i].member);
        if (is_of_subtree(what->conference, wanted, member))
            some->levels[some->levels_count++] = all->levels[i];
    }
    session_send_event(session, MESSAGE_MEETING_LEVELS, 0, some);
}

// Only who is heard and may stand on the stage.
static void follow_voice(struct conference *conference, const struct message_meeting_levels *levels)
{
    struct type_member_level heard[COUNT_OF(levels->levels)];
    size_t count = 0;
    for (size_t i = 0; i < levels->levels_count; i++) {
        const struct meeting_member *member =
                meeting_member(conference->meeting, levels->levels[i].member);
        if (member && meeting_is_heard(member) && stage_may_show(member))
            heard[count++] = levels->levels[i];
    }
    if (voice_note(&conference->voice, heard, count, wall_clock_ms()))
        follow_soon(conference);
}

void conference_note_levels(
        struct conference *conference, const struct message_conference_levels *levels)
{
    g_autofree struct message_meeting_levels *out = g_new0(struct message_meeting_levels, 1);
    g_strlcpy(out->meeting, conference->meeting->id, sizeof(out->meeting));
    for (size_t i = 0; i < levels->levels_count; i++) {
        if (meeting_member(conference->meeting, levels->levels[i].member))
            out->levels[out->levels_count++] = levels->levels[i];
    }
    follow_voice(conference, out);
    struct announcement what = { .conference = conference, .body = out };
    sessions_each(conference->service->sessions, send_levels_to, &what);
}

// --- the MCU ------------------------------------------------------------------------------------

static struct session *connected_mcu(const struct conference *conference, const char *name)
{
    struct session *session =
            name[0] ? sessions_find(conference->service->sessions, ROLE_MCU, name, "") : NULL;
    return session && session_is_connected(session) ? session : NULL;
}

struct session *conference_mcu(const struct conference *conference)
{
    return connected_mcu(conference, conference->mcu);
}

bool conference_may_be_carried(const struct conference *conference)
{
    return conference->last_mcu[0] && !connected_mcu(conference, conference->last_mcu);
}

void conference_send_desired(struct conference *conference)
{
    struct session *mcu = conference_mcu(conference);
    if (!mcu || !conference->is_settled || conference->meeting->state == MEETING_STATE_PLANNED)
        return;
    loop_clear_source(&conference->desired_timer);
    conference->desired_sent_us = g_get_monotonic_time();
    conference->desired_members = conference->meeting->members->len;
    metric_add(&signal_conference_desired_total, 1);
    // Rising over restarts too, without being stored.
    conference->rev = MAX(conference->rev + 1, wall_clock_ms());
    g_autofree struct message_conference_desired *desired =
            g_new0(struct message_conference_desired, 1);
    size_t parts = desired_conference_parts(conference->meeting);
    for (size_t part = 1; part <= parts; part++) {
        desired_conference(conference->meeting, &conference->stages, conference->service->units,
                part, desired);
        desired->rev = conference->rev;
        session_send_event(mcu, MESSAGE_CONFERENCE_DESIRED, 0, desired);
    }
}

void conference_flush_desired(struct conference *conference)
{
    if (conference->desired_timer &&
            conference->desired_members != conference->meeting->members->len)
        conference_send_desired(conference);
}

static void forget_media(struct conference *conference)
{
    for (guint i = 0; i < conference->meeting->members->len; i++) {
        const struct meeting_member *member = g_ptr_array_index(conference->meeting->members, i);
        note_connected(conference, member->id, false);
    }
}

void conference_set_mcu(struct conference *conference, const char *mcu, const char *boot_id)
{
    g_strlcpy(conference->mcu, mcu, sizeof(conference->mcu));
    g_strlcpy(conference->media_epoch, boot_id, sizeof(conference->media_epoch));
    // While only its WebSocket is away an MCU goes on mixing; another process knows nobody.
    if (boot_id[0] && strcmp(conference->last_boot_id, boot_id) != 0) {
        if (conference->last_boot_id[0])
            forget_media(conference);
        g_strlcpy(conference->last_boot_id, boot_id, sizeof(conference->last_boot_id));
        g_strlcpy(conference->last_mcu, mcu, sizeof(conference->last_mcu));
    }
    follow(conference);
}

// --- life ---------------------------------------------------------------------------------------

static int fold_entry(void *context, int64_t number, const struct store_entry *entry)
{
    struct conference *conference = context;
    struct meeting_event event;
    int rc = meeting_event_read(
            conference->meeting->id, entry->name, entry->body, entry->at_ms, &event);
    if (rc == 0 && number != conference->meeting->event_count)
        rc = -EBADMSG;
    if (rc == 0)
        rc = meeting_apply(conference->meeting, &event);
    if (rc < 0)
        log_error("journal damaged meeting=%s number=%" G_GINT64_FORMAT " name=%s",
                conference->meeting->id, number, entry->name);
    return rc;
}

int conference_open(struct service *service, const char *id, struct conference **out)
{
    struct conference *conference = g_new0(struct conference, 1);
    conference->service = service;
    conference->meeting = meeting_new(id);
    conference->observed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int rc = store_read_journal(service->store, id, fold_entry, conference);
    if (rc < 0) {
        conference_close(conference);
        return rc;
    }
    make_stages(conference, &conference->stages);
    conference->is_settled = conference->meeting->state != MEETING_STATE_OPEN;
    if (!conference->is_settled)
        settle_within(conference, SETTLE_MS);
    *out = conference;
    return 0;
}

void conference_close(struct conference *conference)
{
    if (!conference)
        return;
    loop_clear_source(&conference->desired_timer);
    loop_clear_source(&conference->follow_timer);
    loop_clear_source(&conference->page_timer);
    loop_clear_source(&conference->settle_timer);
    meeting_free(conference->meeting);
    g_hash_table_destroy(conference->observed);
    g_free(conference);
}
