// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/room.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "room-agent/core/by_hand.h"
#include "room-agent/core/control.h"
#include "room-agent/core/devices.h"
#include "room-agent/core/media_offer.h"
#include "room-agent/core/media_process.h"
#include "room-agent/core/metrics.h"
#include "room-agent/core/microphones.h"
#include "room-agent/core/scenes.h"

#define LOG_TOPIC "room"

enum {
    REPORT_GAP_MS = 100,     // reports to the centre are at least this far apart
    REPORT_EVERY_MS = 60000, // and a whole one this often
    MEDIA_SILENT_MS = 15000, // a media process that says nothing this long hangs
};

struct room {
    struct loop *loop;
    const struct room_settings *settings;
    struct devices *devices;
    struct microphones *microphones;
    struct by_hand *by_hand;
    struct control *control;
    struct media_process *media;

    char code[17]; // unit code, from the centre; "" before the first hello
    char name[257];
    struct message_member_desired desired;
    bool has_desired;

    GPtrArray *scenes;   // struct scene_settings
    char scene[33];      // the name of one of them; after a reload perhaps of none
    enum scene declared; // by the centre, last
    bool has_scene;      // it was set, not only assumed: nothing is told to devices before
    int64_t scene_set_ms;
    struct scene_verdict verdict;

    struct media_offer offer;
    enum media_state media_state;
    char media_reason[801];
    int64_t media_heard_ms;

    char *last_report; // as sent, to send only what differs
    int64_t last_report_ms;
    GSource *report_timer;
    GSource *offer_timer;
    GSource *second_timer;
    GSource *scene_timer; // runs out with the scene's deadline
};

static void update_media(struct room *room);
static void report_soon(struct room *room);

static int64_t now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

// --- scenes ------------------------------------------------------------------------------------

static void judge_scene(struct room *room)
{
    const struct scene_settings *scene = room_settings_scene(room->scenes, room->scene);
    if (!scene)
        return;
    struct hw_report *reports = g_new0(struct hw_report, ROOM_DEVICES_MAX);
    for (guint i = 0; i < devices_count(room->devices); i++)
        hw_device_report(devices_at(room->devices, i), &reports[i]);

    enum scene_state before = room->verdict.state;
    scene_judge(scene, reports, now_ms() - room->scene_set_ms, &room->verdict);
    g_free(reports);
    const struct scene_verdict *verdict = &room->verdict;
    if (verdict->state == before)
        return;
    if (verdict->state == SCENE_STATE_FAILED) {
        metric_add(&room_scenes_failed_total, 1);
        log_warn("scene failed scene=%s at=%s code=device.%s", room->scene, verdict->at,
                hw_result_name(verdict->result));
    } else {
        log_info("scene %s scene=%s", scene_state_name(verdict->state), room->scene);
    }
}

static gboolean scene_due(gpointer context)
{
    struct room *room = context;
    loop_clear_source(&room->scene_timer);
    report_soon(room);
    return G_SOURCE_REMOVE;
}

// False: there is none of that name.
static bool set_scene(struct room *room, const char *name)
{
    const struct scene_settings *scene = room_settings_scene(room->scenes, name);
    if (!scene)
        return false;
    struct hw_device *devices[ROOM_DEVICES_MAX];
    for (guint i = 0; i < devices_count(room->devices); i++)
        devices[i] = devices_at(room->devices, i);

    log_info("scene set scene=%s", name);
    metric_add(&room_scenes_total, 1);
    g_strlcpy(room->scene, scene->name, sizeof(room->scene));
    room->has_scene = true;
    room->scene_set_ms = now_ms();
    room->verdict.state = SCENE_STATE_APPLYING;
    scene_apply(scene, devices);
    loop_clear_source(&room->scene_timer);
    room->scene_timer = loop_add_timer(room->loop, SCENE_DEADLINE_MS, scene_due, room);
    judge_scene(room);
    report_soon(room);
    return true;
}

void room_take_scenes(struct room *room, GPtrArray *scenes)
{
    g_ptr_array_unref(room->scenes);
    room->scenes = g_ptr_array_ref(scenes);
    if (room->has_scene && !set_scene(room, room->scene))
        room->verdict = (struct scene_verdict){ .state = SCENE_STATE_CONFIRMED };
    report_soon(room);
}

// One sentence for people, with the cure: "led.brightness: …".
static void write_fault(const struct scene_verdict *verdict, char *text, size_t size)
{
    g_snprintf(text, size, "%s: %s", verdict->at, device_result_text_vi(verdict->result));
}

static size_t list_buttons(const struct room *room, struct type_scene_button *out)
{
    size_t count = 0;
    for (guint i = 0; i < room->scenes->len && count < ROOM_BUTTONS_MAX; i++) {
        const struct scene_settings *scene = g_ptr_array_index(room->scenes, i);
        if (!scene->label)
            continue;
        g_strlcpy(out[count].name, scene->name, sizeof(out[count].name));
        g_strlcpy(out[count].label, scene->label, sizeof(out[count].label));
        count++;
    }
    return count;
}

// --- reports to the centre ---------------------------------------------------------------------

static void build_report(struct room *room, struct message_room_report *out)
{
    memset(out, 0, sizeof(*out));
    if (room->has_desired && room->desired.has_meeting) {
        out->has_meeting = true;
        g_strlcpy(out->meeting, room->desired.meeting, sizeof(out->meeting));
    }
    out->media.state = room->media_state;
    if (room->media_reason[0]) {
        out->media.has_reason = true;
        g_strlcpy(out->media.reason, room->media_reason, sizeof(out->media.reason));
    }
    out->devices_count = devices_report(room->devices, out->devices);
    g_strlcpy(out->scene, room->scene, sizeof(out->scene));
    out->scene_state = room->verdict.state;
    out->buttons_count = list_buttons(room, out->buttons);
    if (room->verdict.state == SCENE_STATE_FAILED) {
        out->has_scene_fault = out->has_scene_fault_at = out->has_scene_fault_code = true;
        write_fault(&room->verdict, out->scene_fault, sizeof(out->scene_fault));
        g_strlcpy(out->scene_fault_at, room->verdict.at, sizeof(out->scene_fault_at));
        g_snprintf(out->scene_fault_code, sizeof(out->scene_fault_code), "device.%s",
                hw_result_name(room->verdict.result));
    }
}

// One that did not arrive is sent again within the second.
static void report_answered(
        void *context, const void *body, enum error_code error, const char *text)
{
    struct room *room = context;
    if (body)
        return;
    log_info("report not taken code=%s text=\"%s\"", error ? error_code_name(error) : "-", text);
    g_clear_pointer(&room->last_report, g_free);
}

static void send_report(struct room *room)
{
    if (!room->control || !control_is_connected(room->control))
        return;
    g_autofree struct message_room_report *report = g_new(struct message_room_report, 1);
    build_report(room, report);
    // Only to compare: the request's own text has a new id each time.
    char *text = envelope_event(MESSAGE_ROOM_REPORT, 0, NULL, report);
    bool is_same = g_strcmp0(text, room->last_report) == 0;
    g_free(room->last_report);
    room->last_report = text;
    if (is_same && now_ms() - room->last_report_ms < REPORT_EVERY_MS)
        return;
    room->last_report_ms = now_ms();
    control_request(room->control, MESSAGE_ROOM_REPORT, report, report_answered, room);
}

static gboolean report_now(gpointer context)
{
    struct room *room = context;
    loop_clear_source(&room->report_timer);
    judge_scene(room);
    send_report(room);
    return G_SOURCE_REMOVE;
}

static void report_soon(struct room *room)
{
    if (!room->report_timer)
        room->report_timer = loop_add_timer(room->loop, REPORT_GAP_MS, report_now, room);
}

static void devices_changed(void *context)
{
    report_soon(context);
}

// --- media -------------------------------------------------------------------------------------

static void set_media_state(struct room *room, enum media_state state, const char *reason)
{
    if (room->media_state != state)
        log_info("media %s reason=\"%s\"", media_state_name(state), reason);
    room->media_state = state;
    g_strlcpy(room->media_reason, reason, sizeof(room->media_reason));
    report_soon(room);
}

static void send_start(struct room *room)
{
    g_autofree struct message_local_start *start = g_new0(struct message_local_start, 1);
    const struct room_settings *settings = room->settings;
    g_strlcpy(start->room, room->code, sizeof(start->room));
    g_strlcpy(start->line1, settings->name[0] ? settings->name : room->name, sizeof(start->line1));
    g_strlcpy(start->line2, settings->line2, sizeof(start->line2));
    g_strlcpy(start->address, settings->media_address, sizeof(start->address));
    start->mark = settings->mark;
    start->tone_hz = settings->tone_hz ? settings->tone_hz : 1000 + 125 * (settings->mark % 24);
    start->source = settings->source;
    media_process_send(room->media, MESSAGE_LOCAL_START, start);
}

static void send_wishes(struct room *room)
{
    if (!room->has_desired)
        return;
    struct message_local_send send = {
        .height = room->desired.send.height,
        .fps = room->desired.send.fps,
        .kbps = room->desired.send.kbps,
    };
    struct message_local_microphone microphone = {
        .open = room->desired.microphone == MICROPHONE_STATE_OPEN,
    };
    media_process_send(room->media, MESSAGE_LOCAL_SEND, &send);
    media_process_send(room->media, MESSAGE_LOCAL_MICROPHONE, &microphone);
}

// A child is told everything when it is ready and we know who we are.
static void begin_media(struct room *room)
{
    if (!media_process_is_ready(room->media) || !room->code[0])
        return;
    send_start(room);
    send_wishes(room);
    media_offer_process(&room->offer, true);
    update_media(room);
}

static void media_ready(void *context)
{
    struct room *room = context;
    room->media_heard_ms = now_ms();
    begin_media(room);
}

static void media_ended(void *context)
{
    struct room *room = context;
    media_offer_process(&room->offer, false);
    set_media_state(room, MEDIA_STATE_OFF, "Chương trình hình và tiếng đang khởi động lại.");
}

struct offer_context {
    struct room *room;
    char offer_id[49];
};

static void refuse_offer(
        struct room *room, struct message_local_answer *answer, const char *code, const char *text)
{
    metric_add(&room_offers_failed_total, 1);
    log_warn("offer not answered code=%s text=\"%s\"", code, text);
    answer->has_error = true;
    g_strlcpy(answer->error.code, code, sizeof(answer->error.code));
    answer->error.has_text = true;
    g_strlcpy(answer->error.text, text, sizeof(answer->error.text));
    media_offer_failed(&room->offer, now_ms(), g_random_int());
}

static void offer_answered(void *context, const void *body, enum error_code error, const char *text)
{
    g_autofree struct offer_context *asked = context;
    struct room *room = asked->room;
    const struct message_media_offer_reply *reply = body;
    g_autofree struct message_local_answer *answer = g_new0(struct message_local_answer, 1);
    g_strlcpy(answer->offer_id, asked->offer_id, sizeof(answer->offer_id));
    if (reply) {
        answer->has_sdp = true;
        g_strlcpy(answer->sdp, reply->sdp, sizeof(answer->sdp));
        media_offer_answered(&room->offer, reply->media_epoch);
    } else {
        refuse_offer(room, answer, error ? error_code_name(error) : "media.timeout", text);
    }
    if (!room->media)
        return; // closing
    media_process_send(room->media, MESSAGE_LOCAL_ANSWER, answer);
    update_media(room);
}

static void take_offer(struct room *room, const struct message_local_offer *from)
{
    struct offer_context *asked = g_new0(struct offer_context, 1);
    asked->room = room;
    g_strlcpy(asked->offer_id, from->offer_id, sizeof(asked->offer_id));
    // The meeting may have ended since the offer was asked for.
    if (!room->has_desired || !room->desired.has_meeting) {
        offer_answered(asked, NULL, ERROR_MEETING_UNKNOWN, "there is no meeting");
        return;
    }
    g_autofree struct message_media_offer *offer = g_new0(struct message_media_offer, 1);
    g_strlcpy(offer->meeting, room->desired.meeting, sizeof(offer->meeting));
    g_strlcpy(offer->sdp, from->sdp, sizeof(offer->sdp));
    metric_add(&room_offers_total, 1);
    if (room->offer.is_offering)
        control_request(room->control, MESSAGE_MEDIA_OFFER, offer, offer_answered, asked);
    else // nobody asked for it: the media lost its way, and so may we have
        control_request_urgent(room->control, MESSAGE_MEDIA_OFFER, offer, offer_answered, asked);
}

static void take_state(struct room *room, const struct message_local_state *state)
{
    if (state->state == MEDIA_STATE_CONNECTED)
        media_offer_connected(&room->offer);
    if (state->state == MEDIA_STATE_FAILED && room->media_state != MEDIA_STATE_FAILED)
        media_offer_failed(&room->offer, now_ms(), g_random_int());
    const char *reason = state->has_reason ? state->reason : "";
    if (state->state != room->media_state || strcmp(reason, room->media_reason) != 0)
        set_media_state(room, state->state, reason);
    update_media(room);
}

static void media_message(void *context, enum message_type type, const void *body)
{
    struct room *room = context;
    room->media_heard_ms = now_ms();
    if (type == MESSAGE_LOCAL_OFFER)
        take_offer(room, body);
    else if (type == MESSAGE_LOCAL_STATE)
        take_state(room, body);
}

static gboolean offer_due(gpointer context)
{
    struct room *room = context;
    loop_clear_source(&room->offer_timer);
    update_media(room);
    return G_SOURCE_REMOVE;
}

static void update_media(struct room *room)
{
    bool is_in_meeting = room->has_desired && room->desired.has_meeting;
    bool can_offer = room->control && control_is_connected(room->control);
    media_offer_want(&room->offer, is_in_meeting ? room->desired.media_epoch : "");
    loop_clear_source(&room->offer_timer);
    if (!can_offer)
        return; // and again when the centre is back
    if (media_offer_begin(&room->offer, now_ms())) {
        struct message_local_offer_wanted wanted = { 0 };
        g_strlcpy(wanted.epoch, room->offer.wanted_epoch, sizeof(wanted.epoch));
        media_process_send(room->media, MESSAGE_LOCAL_OFFER_WANTED, &wanted);
    }
    int64_t next_ms = media_offer_next_ms(&room->offer);
    if (next_ms)
        room->offer_timer = loop_add_timer(room->loop,
                (guint)CLAMP(next_ms - now_ms(), 1, MEDIA_OFFER_TIMEOUT_MS), offer_due, room);
}

// --- the centre --------------------------------------------------------------------------------

static void connected(void *context, const struct message_hello_reply *hello)
{
    struct room *room = context;
    bool is_first = room->code[0] == '\0';
    g_strlcpy(room->code, hello->self, sizeof(room->code));
    if (hello->has_name)
        g_strlcpy(room->name, hello->name, sizeof(room->name));
    g_clear_pointer(&room->last_report, g_free);
    if (is_first)
        begin_media(room);
    report_soon(room);
    update_media(room);
}

static void disconnected(void *context)
{
    struct room *room = context;
    // Picture and sound go on; the offer that was under way will not be answered.
    log_warn("the centre is away: the room works on its own room=%s", room->code);
}

static void member_desired(void *context, const struct message_member_desired *desired)
{
    struct room *room = context;
    bool was_in_meeting = room->has_desired && room->desired.has_meeting;
    room->desired = *desired;
    room->has_desired = true;
    send_wishes(room);
    if (was_in_meeting && !desired->has_meeting) {
        media_process_send(room->media, MESSAGE_LOCAL_STOP, NULL);
        media_offer_process(&room->offer, media_process_is_ready(room->media));
    }
    update_media(room);
    report_soon(room);
}

static void room_desired(void *context, const struct message_room_desired *desired)
{
    struct room *room = context;
    // Said again after each reconnect: neither what holds is set anew, nor what somebody set by
    // hand since.
    const char *name = scene_name(desired->scene);
    bool is_failed = strcmp(name, room->scene) == 0 && room->verdict.state == SCENE_STATE_FAILED;
    if (desired->scene == room->declared && !is_failed)
        return;
    room->declared = desired->scene;
    set_scene(room, name);
}

static void answer_driven(void *context, const struct message_room_answer *answer)
{
    struct room *room = context;
    if (room->control) // else closing
        control_request(room->control, MESSAGE_ROOM_ANSWER, answer, NULL, NULL);
}

static void room_driven(void *context, const struct message_room_driven *driven)
{
    struct room *room = context;
    if (!driven->has_scene) {
        by_hand_take(room->by_hand, driven);
        return;
    }
    g_autofree struct message_room_answer *answer = g_new0(struct message_room_answer, 1);
    g_strlcpy(answer->drive_id, driven->drive_id, sizeof(answer->drive_id));
    answer->done = set_scene(room, driven->scene);
    answer->has_error = !answer->done;
    if (answer->has_error)
        g_strlcpy(answer->error.code, error_code_name(ERROR_ROOM_UNKNOWN_SCENE),
                sizeof(answer->error.code));
    answer_driven(room, answer);
}

// --- the page ----------------------------------------------------------------------------------

void room_describe(struct room *room, struct message_local_page *out)
{
    memset(out, 0, sizeof(*out));
    bool is_connected = control_is_connected(room->control);
    const char *name = room->settings->name[0] ? room->settings->name : room->name;
    g_strlcpy(out->room, room->code[0] ? room->code : "0", sizeof(out->room));
    g_strlcpy(out->name, name, sizeof(out->name));
    out->signal = is_connected ? SIGNAL_STATE_CONNECTED : SIGNAL_STATE_DISCONNECTED;
    out->media = room->media_state;
    if (room->media_reason[0]) {
        out->has_media_reason = true;
        g_strlcpy(out->media_reason, room->media_reason, sizeof(out->media_reason));
    }
    out->floor = FLOOR_STATE_NONE;
    out->microphone = MICROPHONE_STATE_CLOSED;
    if (room->has_desired) {
        const struct message_member_desired *desired = &room->desired;
        out->has_meeting = desired->has_meeting;
        g_strlcpy(out->meeting, desired->meeting, sizeof(out->meeting));
        out->has_title = desired->has_title;
        g_strlcpy(out->title, desired->title, sizeof(out->title));
        out->floor = desired->floor;
        out->position = desired->position;
        out->queue_length = desired->queue_length;
        out->microphone = desired->microphone;
        out->on_stage = desired->on_stage;
        out->has_hears = desired->has_meeting;
        out->hears = desired->has_hears ? desired->hears : LANGUAGE_FLOOR;
    }
    out->has_scene = out->has_scene_state = true;
    judge_scene(room);
    g_strlcpy(out->scene, room->scene, sizeof(out->scene));
    out->scene_state = room->verdict.state;
    out->buttons_count = list_buttons(room, out->buttons);
    if (room->verdict.state == SCENE_STATE_FAILED) {
        out->has_scene_fault = out->has_scene_fault_at = out->has_scene_fault_code = true;
        write_fault(&room->verdict, out->scene_fault, sizeof(out->scene_fault));
        g_strlcpy(out->scene_fault_at, room->verdict.at, sizeof(out->scene_fault_at));
        g_snprintf(out->scene_fault_code, sizeof(out->scene_fault_code), "device.%s",
                hw_result_name(room->verdict.result));
    }
    out->devices_count = devices_report(room->devices, out->devices);
}

struct action_context {
    room_action_fn *done;
    void *context;
};

static void action_answered(
        void *context, const void *body, enum error_code error, const char *text)
{
    g_autofree struct action_context *action = context;
    if (!body) {
        action->done(action->context, error ? error : ERROR_SIGNAL_AWAY,
                error ? error_infos[error].vi : text, 0);
        return;
    }
    action->done(action->context, ERROR_NONE, NULL, 0);
}

static void request_answered(
        void *context, const void *body, enum error_code error, const char *text)
{
    const struct message_floor_request_reply *reply = body;
    if (!reply) {
        action_answered(context, body, error, text);
        return;
    }
    g_autofree struct action_context *action = context;
    action->done(action->context, ERROR_NONE, NULL, reply->position);
}

void room_act(struct room *room, const struct message_local_action *asked, room_action_fn *done,
        void *context)
{
    if (asked->action == PAGE_ACTION_SCENE) {
        if (!asked->has_scene) {
            done(context, ERROR_PROTO_MISSING_FIELD, "scene", 0);
            return;
        }
        enum error_code error =
                set_scene(room, asked->scene) ? ERROR_NONE : ERROR_ROOM_UNKNOWN_SCENE;
        done(context, error, error ? error_infos[error].vi : NULL, 0);
        return;
    }
    if (asked->action == PAGE_ACTION_LANGUAGE && !asked->has_language) {
        done(context, ERROR_PROTO_MISSING_FIELD, "language", 0);
        return;
    }
    if (!control_is_connected(room->control)) {
        done(context, ERROR_SIGNAL_AWAY, error_infos[ERROR_SIGNAL_AWAY].vi, 0);
        return;
    }
    if (!room->has_desired || !room->desired.has_meeting) {
        done(context, ERROR_MEETING_NONE, error_infos[ERROR_MEETING_NONE].vi, 0);
        return;
    }
    struct action_context *action = g_new(struct action_context, 1);
    *action = (struct action_context){ done, context };
    struct message_floor_request request = { 0 };
    struct message_floor_withdraw withdraw = { 0 };
    struct message_floor_yield yield = { 0 };
    struct message_language_hear hear = { .language = asked->language };
    g_strlcpy(request.meeting, room->desired.meeting, sizeof(request.meeting));
    g_strlcpy(withdraw.meeting, room->desired.meeting, sizeof(withdraw.meeting));
    g_strlcpy(yield.meeting, room->desired.meeting, sizeof(yield.meeting));
    g_strlcpy(hear.meeting, room->desired.meeting, sizeof(hear.meeting));
    if (asked->action == PAGE_ACTION_FLOOR_REQUEST)
        control_request(room->control, MESSAGE_FLOOR_REQUEST, &request, request_answered, action);
    else if (asked->action == PAGE_ACTION_FLOOR_WITHDRAW)
        control_request(room->control, MESSAGE_FLOOR_WITHDRAW, &withdraw, action_answered, action);
    else if (asked->action == PAGE_ACTION_LANGUAGE)
        control_request(room->control, MESSAGE_LANGUAGE_HEAR, &hear, action_answered, action);
    else
        control_request(room->control, MESSAGE_FLOOR_YIELD, &yield, action_answered, action);
}

struct devices *room_get_devices(struct room *room)
{
    return room->devices;
}

// --- health ------------------------------------------------------------------------------------

bool room_is_healthy(struct room *room, GString *reason)
{
    if (control_is_connected(room->control))
        return true;
    g_string_append(reason, "the centre is not connected");
    return false;
}

void room_collect(struct room *room)
{
    int64_t up = 0;
    for (guint i = 0; i < devices_count(room->devices); i++) {
        struct hw_report report;
        hw_device_report(devices_at(room->devices, i), &report);
        up += report.link == HW_LINK_UP;
    }
    metric_set(&room_devices, devices_count(room->devices));
    metric_set(&room_devices_up, up);
    metric_set(&room_signal_connected, control_is_connected(room->control));
    metric_set(&room_media_connected, room->media_state == MEDIA_STATE_CONNECTED);
}

static gboolean each_second(gpointer context)
{
    struct room *room = context;
    if (media_process_is_ready(room->media) && room->code[0] &&
            now_ms() - room->media_heard_ms > MEDIA_SILENT_MS) {
        log_warn("media process hangs: starting another");
        room->media_heard_ms = now_ms();
        media_process_restart(room->media);
    }
    if (!room->last_report || now_ms() - room->last_report_ms >= REPORT_EVERY_MS)
        report_soon(room);
    return G_SOURCE_CONTINUE;
}

// --- opening -----------------------------------------------------------------------------------

int room_open(struct loop *loop, const struct room_settings *settings, struct room **out)
{
    static const struct control_handler control_handler = {
        .connected = connected,
        .disconnected = disconnected,
        .member_desired = member_desired,
        .room_desired = room_desired,
        .room_driven = room_driven,
    };
    static const struct media_process_handler media_handler = {
        .ready = media_ready,
        .message = media_message,
        .ended = media_ended,
    };
    struct room *room = g_new0(struct room, 1);
    room->loop = loop;
    room->settings = settings;
    room->media_state = MEDIA_STATE_OFF;
    room->scenes = g_ptr_array_ref(settings->scenes);
    g_strlcpy(room->scene, scene_name(SCENE_IDLE), sizeof(room->scene));
    room->verdict.state = SCENE_STATE_CONFIRMED;
    media_offer_init(&room->offer);
    room->devices = devices_new(loop, settings, devices_changed, room);
    room->by_hand = by_hand_new(loop, room->devices, answer_driven, room);

    struct control_config config = {
        .url = settings->machine_url,
        .state_dir = settings->state_dir,
        .local_address = settings->address[0] ? settings->address : NULL,
    };
    int rc = control_open(loop, &config, &control_handler, room, &room->control);
    if (rc < 0) {
        room_close(room);
        return rc;
    }
    room->media = media_process_new(loop, settings->media_program, &media_handler, room);
    devices_start(room->devices);
    room->microphones = microphones_new(loop, settings, room->devices);
    room->second_timer = loop_add_timer(loop, 1000, each_second, room);
    *out = room;
    return 0;
}

void room_close(struct room *room)
{
    if (!room)
        return;
    loop_clear_source(&room->report_timer);
    loop_clear_source(&room->offer_timer);
    loop_clear_source(&room->second_timer);
    loop_clear_source(&room->scene_timer);
    media_process_free(room->media);
    room->media = NULL;
    control_close(room->control);
    room->control = NULL;
    microphones_free(room->microphones);
    devices_free(room->devices);
    by_hand_free(room->by_hand);
    g_ptr_array_unref(room->scenes);
    g_free(room->last_report);
    g_free(room);
}
