// SPDX-License-Identifier: Apache-2.0
#include "tests/load/posed_room.h"

#include <errno.h>
#include <string.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/endpoint/endpoint.h"
#include "common/net/enroll.h"
#include "common/net/web_socket_client.h"
#include "common/protocol/envelope.h"
#include "room-agent/media/loudspeaker.h"
#include "room-agent/media/screen.h"
#include "tests/load/ear.h"
#include "tests/load/link_queue.h"

#define LOG_TOPIC "posed_room"

#define TICK_SAMPLES  960
#define SILENT_EVERY  10
#define RETRY_US      (2 * G_USEC_PER_SEC)
#define ASKED_HELLO   1
#define WIRE_OVERHEAD (20 + 8 + 16) // of IPv4, UDP and AES-GCM's tag, in each packet

struct posed_room {
    struct loop *loop;
    const struct certificate *certificate;
    char *unit;
    unsigned mark;
    struct clip_coder *pictures;
    struct clip_order *clip; // NULL: never asked to send a picture
    struct clip_coder *screens;
    struct clip_order *screen_clip; // NULL: it never shared
    bool has_asked_to_share;
    unsigned screen_at;
    int64_t next_screen_us;
    const struct voice *voice;
    GBytes *silence;
    const char *const *local_addresses;
    unsigned red_copies;
    bool sound_only;
    struct web_socket_client *socket;
    bool is_greeted; // hello was answered
    int64_t last_id, offer_id;
    struct message_member_desired desired;
    enum scene scene;
    char epoch[33]; // under which the current connection was answered
    struct endpoint *endpoint;
    struct link_profile link_profiles[2]; // by enum endpoint_way
    uint64_t link_seed;
    struct link_queue *links[2]; // NULL: the link is plain
    bool counts_only;
    bool is_failed; // the endpoint is to be closed outside of its event
    int64_t offered_us, retry_us;
    int64_t join_after_us;
    double join_ms, picture_ms;
    struct watch *watch;
    int64_t failures, offers;
    uint32_t timestamp;
    unsigned sound_at, silent, frame_at;
    int64_t next_frame_us;
    uint64_t picture_packets, picture_before; // of this connection; a second ago
    uint64_t sound_packets, sound_before;
    bool picture_alive, sound_alive;
    // The sample that looks and listens.
    bool decodes;
    struct screen *screen;
    struct loudspeaker *loudspeaker;
    struct ear ear;
    int64_t sound_since_us; // when it was connected
    double sound_in_kbps;   // on the wire, since then
    struct watch_eye eye;
    bool has_gap_start, has_content;
    uint32_t gap_start;           // RTP time of the last picture
    int gap_ms, gap_ms_in_second; // the longest of this second, and of the one before
    uint64_t frames_before;
    double picture_fps;      // in the last second
    int64_t watching_us;     // since when; 0: not yet
    uint64_t watched_frames; // decoded before
};

static void send_request(
        struct posed_room *room, enum message_type type, int64_t id, const void *body)
{
    g_autofree char *text = envelope_request(type, id, body);
    web_socket_client_send(room->socket, text, strlen(text));
}

static bool is_in_meeting(const struct posed_room *room)
{
    return room->is_greeted && room->desired.has_meeting && room->desired.media_epoch[0];
}

static void report(struct posed_room *room)
{
    if (!room->is_greeted)
        return;
    g_autofree struct message_room_report *message = g_new0(struct message_room_report, 1);
    message->has_meeting = room->desired.has_meeting;
    g_strlcpy(message->meeting, room->desired.meeting, sizeof(message->meeting));
    message->media.state = !room->endpoint ? MEDIA_STATE_OFF
                           : endpoint_state(room->endpoint) == PEER_CONNECTED
                                   ? MEDIA_STATE_CONNECTED
                                   : MEDIA_STATE_CONNECTING;
    g_strlcpy(message->scene, scene_name(room->scene), sizeof(message->scene));
    message->scene_state = SCENE_STATE_CONFIRMED;
    send_request(room, MESSAGE_ROOM_REPORT, ++room->last_id, message);
}

// --- media ---------------------------------------------------------------------------------------

static void disconnect(struct posed_room *room)
{
    for (size_t i = 0; i < COUNT_OF(room->links); i++)
        g_clear_pointer(&room->links[i], link_queue_free);
    g_clear_pointer(&room->endpoint, endpoint_close);
    room->is_failed = room->counts_only = false;
    room->offer_id = 0;
    room->epoch[0] = '\0';
    room->picture_packets = room->picture_before = 0;
    room->sound_packets = room->sound_before = 0;
    room->picture_alive = room->sound_alive = false;
    room->has_gap_start = false;
}

static void take_path(
        void *user, enum endpoint_way way, bool is_rtcp, const uint8_t *data, size_t size)
{
    struct posed_room *room = user;
    if (room->links[way]) // none: it is being closed
        link_queue_put(room->links[way], is_rtcp, data, size);
}

static bool has_link(const struct posed_room *room)
{
    return !link_profile_is_plain(&room->link_profiles[ENDPOINT_OUT]) ||
           !link_profile_is_plain(&room->link_profiles[ENDPOINT_IN]);
}

static void open_links(struct posed_room *room)
{
    for (size_t i = 0; has_link(room) && i < COUNT_OF(room->links); i++) {
        const struct link_queue_config config = {
            .context = loop_context(room->loop),
            .profile = room->link_profiles[i],
            .seed = room->link_seed * 2 + i,
            .way = (enum endpoint_way)i,
            .endpoint = room->endpoint,
        };
        room->links[i] = link_queue_new(&config);
    }
}

static void endpoint_changed(void *user, enum peer_state state, const char *reason)
{
    struct posed_room *room = user;
    const int64_t now_us = g_get_monotonic_time();
    if (state == PEER_CONNECTED) {
        room->join_ms = (double)(now_us - room->offered_us) / 1000;
        watch_joined(room->watch, room->unit, room->join_ms);
        room->frame_at = 0;
        room->next_frame_us = now_us;
        room->watching_us = 0;
        room->sound_since_us = now_us;
        report(room);
    }
    if (state == PEER_FAILED) {
        log_warn("the connection failed room=%s reason=%s", room->unit, reason);
        room->failures++;
        room->is_failed = true;
    }
}

static void take_unit(void *user, enum sdp_line line, const struct h264_access_unit *unit)
{
    struct posed_room *room = user;
    if (line != SDP_MAIN) {
        // What comes late of a screen that is no more shown is not the next one.
        if (room->desired.has_content && !room->has_content)
            watch_content(room->watch, room->unit);
        room->has_content = room->desired.has_content;
        return;
    }
    if (room->has_gap_start)
        room->gap_ms = MAX(room->gap_ms, (int)(unit->timestamp - room->gap_start) / 90);
    room->has_gap_start = true;
    room->gap_start = unit->timestamp;
    if (room->picture_ms == 0) {
        room->picture_ms = (double)(g_get_monotonic_time() - room->offered_us) / 1000;
        watch_picture(room->watch, room->unit, room->picture_ms);
    }
    if (room->screen)
        screen_push(room->screen, unit);
}

static void key_frame_wanted(void *user, enum sdp_line line)
{
    struct posed_room *room = user;
    if (line == SDP_MAIN)
        room->frame_at = 0;
    else
        room->screen_at = 0;
}

static void screen_needs_key_frame(void *user)
{
    struct posed_room *room = user;
    if (room->endpoint)
        endpoint_need_key_frame(room->endpoint, SDP_MAIN);
}

static void send_offer(struct posed_room *room, char *take_sdp)
{
    g_autofree struct message_media_offer *message = g_new0(struct message_media_offer, 1);
    g_autofree char *sdp = take_sdp;
    g_strlcpy(message->meeting, room->desired.meeting, sizeof(message->meeting));
    g_strlcpy(message->sdp, sdp, sizeof(message->sdp));
    room->offer_id = ++room->last_id;
    room->offers++;
    send_request(room, MESSAGE_MEDIA_OFFER, room->offer_id, message);
}

static void path_lost(void *user)
{
    struct posed_room *room = user;
    char *sdp = is_in_meeting(room) ? endpoint_restart(room->endpoint) : NULL;
    log_warn("the way to the centre is lost room=%s", room->unit);
    if (sdp)
        send_offer(room, sdp);
}

static void offer(struct posed_room *room, int64_t now_us)
{
    const struct endpoint_config config = {
        .context = loop_context(room->loop),
        .certificate = room->certificate,
        .local_addresses = room->local_addresses,
        .cname = room->unit,
        .send_red = true,
        .red_copies = room->red_copies,
        .sound_only = room->sound_only,
        .path = has_link(room) ? take_path : NULL,
        .events = { endpoint_changed, take_unit, key_frame_wanted, path_lost },
        .user = room,
    };
    disconnect(room);
    room->retry_us = now_us + RETRY_US;
    const int rc = endpoint_open(&config, &room->endpoint);
    if (rc < 0) {
        log_error("no connection can be begun room=%s error=\"%s\"", room->unit, g_strerror(-rc));
        return;
    }
    open_links(room);
    if (room->screen)
        screen_begin_stream(room->screen);
    room->offered_us = now_us;
    room->picture_ms = 0;
    send_offer(room, endpoint_offer(room->endpoint));
}

static void take_answer(struct posed_room *room, const struct envelope *envelope)
{
    g_autofree struct message_media_offer_reply *reply =
            g_new0(struct message_media_offer_reply, 1);
    struct fields_error fault = { 0 };
    const char *error = envelope->error_code;
    room->offer_id = 0;
    if (envelope->kind == ENVELOPE_REPLY) {
        error = "";
        if (envelope_reply_body(envelope, MESSAGE_MEDIA_OFFER, reply, &fault) < 0)
            error = fault.code;
        else if (room->endpoint && endpoint_answer(room->endpoint, reply->sdp, &error) == 0) {
            g_strlcpy(room->epoch, reply->media_epoch, sizeof(room->epoch));
            return;
        }
    }
    log_warn("no answer room=%s code=%s", room->unit, error);
    room->failures++;
    room->is_failed = true;
    // Not all at once again, if it was because they all came at once.
    room->retry_us = g_get_monotonic_time() + RETRY_US + g_random_int_range(0, (gint32)RETRY_US);
}

static void send_sound(struct posed_room *room)
{
    const uint32_t timestamp = room->timestamp;
    const bool is_open = room->desired.microphone == MICROPHONE_STATE_OPEN;
    GBytes *frame = is_open ? room->voice->frames[room->sound_at] : room->silence;
    const uint8_t level = is_open ? room->voice->levels[room->sound_at] : 127;
    room->timestamp += TICK_SAMPLES;
    room->sound_at = (room->sound_at + 1) % VOICE_FRAMES;
    if (!is_open && ++room->silent < SILENT_EVERY)
        return;
    room->silent = 0;
    size_t size;
    const uint8_t *data = g_bytes_get_data(frame, &size);
    endpoint_send_audio(room->endpoint, data, size, timestamp, level);
}

static void send_picture(struct posed_room *room, int64_t now_us)
{
    if (room->desired.send.height == 0 || now_us < room->next_frame_us || room->sound_only)
        return;
    if (!room->clip)
        room->clip = clip_order_new(room->pictures, room->mark, room->unit);
    const struct clip *clip = clip_order_look(room->clip);
    if (!clip)
        return;
    size_t size;
    const uint8_t *data = g_bytes_get_data(clip->units[room->frame_at], &size);
    endpoint_send_video(room->endpoint, SDP_MAIN, data, size, room->next_frame_us);
    watch_sent(room->watch, room->mark, room->frame_at);
    room->frame_at = (room->frame_at + 1) % (unsigned)clip->frame_count;
    room->next_frame_us += G_USEC_PER_SEC / clip->fps;
    if (now_us - room->next_frame_us > G_USEC_PER_SEC)
        room->next_frame_us = now_us; // we were held up: do not send the past in one burst
}

// Who may, shares.
static void share(struct posed_room *room)
{
    const bool may = room->screens && room->desired.floor == FLOOR_STATE_GRANTED;
    if (may && !room->has_asked_to_share) {
        struct message_content_start message = { 0 };
        g_strlcpy(message.meeting, room->desired.meeting, sizeof(message.meeting));
        send_request(room, MESSAGE_CONTENT_START, ++room->last_id, &message);
    }
    room->has_asked_to_share = may;
}

static void send_screen(struct posed_room *room, int64_t now_us)
{
    if (!room->desired.has_send_content || room->desired.send_content.height == 0 ||
            !room->screen_clip || now_us < room->next_screen_us)
        return;
    const struct clip *clip = clip_order_look(room->screen_clip);
    if (!clip)
        return;
    size_t size;
    const uint8_t *data = g_bytes_get_data(clip->units[room->screen_at], &size);
    endpoint_send_video(room->endpoint, SDP_CONTENT, data, size, now_us);
    room->screen_at = (room->screen_at + 1) % (unsigned)clip->frame_count;
    room->next_screen_us = now_us + G_USEC_PER_SEC / clip->fps;
}

void posed_room_join_after(struct posed_room *room, int64_t at_us)
{
    room->join_after_us = at_us;
}

void posed_room_tick(struct posed_room *room, int64_t now_us)
{
    if (room->is_failed || (room->endpoint && !is_in_meeting(room) && room->is_greeted))
        disconnect(room);
    const bool is_stale = room->epoch[0] && strcmp(room->epoch, room->desired.media_epoch) != 0;
    if (is_in_meeting(room) && (!room->endpoint || is_stale) && now_us >= room->retry_us &&
            now_us >= room->join_after_us)
        offer(room, now_us);
    if (!room->endpoint || endpoint_state(room->endpoint) != PEER_CONNECTED)
        return;
    // The first picture was awaited whole; the rest need only be counted. Over a bad link all of it
    // is taken apart: what is lost has to be asked for.
    if (!room->counts_only && !room->decodes && !has_link(room) &&
            (room->picture_ms > 0 || room->sound_only)) {
        room->counts_only = true;
        endpoint_begin_polling(room->endpoint);
    }
    endpoint_poll(room->endpoint);
    if (endpoint_state(room->endpoint) != PEER_CONNECTED)
        return;
    send_sound(room);
    send_picture(room, now_us);
    send_screen(room, now_us);
    if (room->loudspeaker) {
        loudspeaker_tick(room->loudspeaker, room->endpoint);
        ear_listen(&room->ear, loudspeaker_last(room->loudspeaker), TICK_SAMPLES);
    }
}

void posed_room_ask_for_key_frame(struct posed_room *room)
{
    if (room->endpoint)
        endpoint_need_key_frame(room->endpoint, SDP_MAIN);
}

void posed_room_second(struct posed_room *room)
{
    room->gap_ms_in_second = room->gap_ms;
    room->gap_ms = 0;
    if (room->endpoint) {
        struct endpoint_stats stats;
        endpoint_read_stats(room->endpoint, &stats);
        room->picture_packets = stats.lines[SDP_MAIN].packets_in;
        room->picture_alive = room->picture_packets > room->picture_before;
        room->picture_before = room->picture_packets;
        room->sound_packets = stats.lines[SDP_AUDIO].packets_in;
        room->sound_alive = room->sound_packets > room->sound_before;
        room->sound_before = room->sound_packets;
        const struct endpoint_line_stats *sound = &stats.lines[SDP_AUDIO];
        const int64_t past_us = g_get_monotonic_time() - room->sound_since_us;
        if (room->sound_since_us && past_us > 0)
            room->sound_in_kbps = (double)(sound->bytes_in + sound->packets_in * WIRE_OVERHEAD) *
                                  8000 / (double)past_us;
    }
    if (room->screen) {
        struct screen_counters picture;
        screen_read_counters(room->screen, &picture);
        room->picture_fps = (double)(picture.frames - room->frames_before);
        if (room->watching_us == 0 && picture.frames > room->frames_before) {
            room->watching_us = g_get_monotonic_time();
            room->watched_frames = picture.frames;
        }
        room->frames_before = picture.frames;
    }
}

// --- signalling ----------------------------------------------------------------------------------

static void say_hello(void *context)
{
    struct posed_room *room = context;
    struct message_hello hello = {
        .versions_count = 1, .versions = { ENVELOPE_VERSION }, .has_client = true
    };
    g_strlcpy(hello.client.name, "rong-load", sizeof(hello.client.name));
    g_strlcpy(hello.client.version, daemon_version(), sizeof(hello.client.version));
    room->last_id = ASKED_HELLO;
    send_request(room, MESSAGE_HELLO, ASKED_HELLO, &hello);
}

static void take_event(struct posed_room *room, const struct envelope *envelope)
{
    struct fields_error fault = { 0 };
    int rc = 0;
    if (envelope->type == MESSAGE_MEMBER_DESIRED) {
        g_autofree struct message_member_desired *desired =
                g_new0(struct message_member_desired, 1);
        rc = envelope_body(envelope, desired, &fault);
        if (rc == 0)
            room->desired = *desired;
        if (rc == 0 && !desired->has_content)
            room->has_content = false;
        share(room);
    } else if (envelope->type == MESSAGE_ROOM_DESIRED) {
        g_autofree struct message_room_desired *desired = g_new0(struct message_room_desired, 1);
        rc = envelope_body(envelope, desired, &fault);
        if (rc == 0 && desired->scene != room->scene) {
            room->scene = desired->scene;
            report(room);
        }
    }
    if (rc < 0)
        log_warn("refused an event room=%s code=%s path=%s", room->unit, fault.code, fault.path);
}

static void take_message(void *context, const char *text, size_t size)
{
    struct posed_room *room = context;
    struct envelope envelope;
    struct fields_error fault = { 0 };
    if (envelope_parse(text, size, &envelope, &fault) < 0) {
        log_warn("refused a message room=%s code=%s", room->unit, fault.code);
    } else if (envelope.kind == ENVELOPE_EVENT) {
        take_event(room, &envelope);
    } else if (envelope.id == ASKED_HELLO) {
        room->is_greeted = envelope.kind == ENVELOPE_REPLY;
        if (!room->is_greeted)
            log_warn("not greeted room=%s code=%s", room->unit, envelope.error_code);
        report(room);
    } else if (room->offer_id && envelope.id == room->offer_id) {
        take_answer(room, &envelope);
    }
    envelope_fini(&envelope);
}

// Media goes on: what is desired is said again after the next hello.
static void socket_closed(void *context, int code, const char *reason)
{
    struct posed_room *room = context;
    if (room->is_greeted)
        log_warn("signalling lost room=%s code=%d reason=%s", room->unit, code, reason);
    room->is_greeted = false;
    if (room->offer_id)
        room->is_failed = true; // its answer will not come
}

static int open_socket(struct posed_room *room, const struct posed_room_config *config)
{
    static const struct web_socket_client_handler handler = { say_hello, take_message,
        socket_closed };
    g_autofree char *ca = g_build_filename(config->state_dir, ENROLL_CA_FILE, NULL);
    g_autofree char *key = g_build_filename(config->state_dir, ENROLL_KEY_FILE, NULL);
    g_autofree char *certificate =
            g_build_filename(config->state_dir, ENROLL_CERTIFICATE_FILE, NULL);
    const struct web_socket_client_config client = {
        .url = config->machine_url, .ca_file = ca, .certificate_file = certificate, .key_file = key
    };
    return web_socket_client_open(room->loop, &client, &handler, room, &room->socket);
}

int posed_room_open(const struct posed_room_config *config, struct posed_room **out)
{
    struct posed_room *room = g_new0(struct posed_room, 1);
    room->loop = config->loop;
    room->certificate = config->certificate;
    room->unit = g_strdup(config->unit);
    room->mark = config->mark;
    room->silence = g_bytes_ref(config->silence);
    room->pictures = config->pictures;
    room->screens = config->screens;
    // Coded before it is wanted: a real screen is there at once.
    if (room->screens)
        room->screen_clip = clip_order_new(room->screens, room->mark, config->unit);
    room->voice = voices_of(config->voices, config->mark);
    // Not all the same word at the same time, nor all packets of silence in the same tick.
    room->sound_at = config->mark * 7 % VOICE_FRAMES;
    room->silent = config->mark % SILENT_EVERY;
    room->local_addresses = config->local_addresses;
    room->red_copies = config->red_copies;
    room->sound_only = config->sound_only;
    room->decodes = config->decodes;
    room->watch = config->watch;
    room->link_profiles[ENDPOINT_OUT] = config->link_up;
    room->link_profiles[ENDPOINT_IN] = config->link_down;
    room->link_seed = config->link_seed;
    room->eye = (struct watch_eye){ .watch = config->watch, .unit = room->unit, .large = -1 };
    room->scene = SCENE_IDLE;
    int rc = 0;
    if (room->decodes && !room->sound_only)
        rc = screen_open(room->loop, false, screen_needs_key_frame, room, &room->screen);
    if (rc == 0 && room->screen && room->watch)
        screen_set_look(room->screen, watch_look, &room->eye);
    if (rc == 0 && room->decodes)
        rc = loudspeaker_open(false, &room->loudspeaker);
    if (rc == 0)
        rc = open_socket(room, config);
    if (rc < 0) {
        posed_room_close(room);
        return rc;
    }
    *out = room;
    return 0;
}

void posed_room_close(struct posed_room *room)
{
    if (!room)
        return;
    disconnect(room);
    web_socket_client_close(room->socket);
    screen_close(room->screen);
    loudspeaker_close(room->loudspeaker);
    clip_order_free(room->clip);
    clip_order_free(room->screen_clip);
    g_bytes_unref(room->silence);
    g_free(room->unit);
    g_free(room);
}

void posed_room_view(const struct posed_room *room, struct posed_room_view *out)
{
    *out = (struct posed_room_view){
        .unit = room->unit,
        .in_meeting = is_in_meeting(room),
        .connected = room->endpoint && endpoint_state(room->endpoint) == PEER_CONNECTED,
        .picture_alive = room->picture_alive,
        .sound_alive = room->sound_alive,
        .mic_open = room->desired.microphone == MICROPHONE_STATE_OPEN,
        .failures = room->failures,
        .join_ms = room->join_ms,
        .picture_ms = room->picture_ms,
        .picture_fps = room->decodes ? room->picture_fps : -1,
        .gap_ms = room->decodes ? room->gap_ms_in_second : 0,
    };
    if (room->loudspeaker) {
        const struct loudspeaker_counters *sound = loudspeaker_counters(room->loudspeaker);
        out->samples = sound->samples;
        out->concealed = sound->concealed;
        out->gaps = sound->gaps;
        out->clipped = sound->clipped;
    }
    if (room->screen) {
        struct screen_counters picture;
        screen_read_counters(room->screen, &picture);
        out->frames = picture.frames;
        out->freezes = picture.freezes;
        out->frozen_us = picture.frozen_us;
        if (room->watching_us > 0)
            out->watched_us = (uint64_t)(g_get_monotonic_time() - room->watching_us);
    }
    if (!room->endpoint)
        return;
    struct endpoint_stats stats;
    endpoint_read_stats(room->endpoint, &stats);
    for (int line = 0; line < SDP_LINE_COUNT; line++) {
        out->packets_in += (int64_t)stats.lines[line].packets_in;
        out->packets_out += (int64_t)stats.lines[line].packets_out;
        out->lost_in += (int64_t)stats.lines[line].lost_in;
    }
    out->key_frames_in = room->decodes ? stats.lines[SDP_MAIN].key_frames_in : 0;
    out->jitter_ms = stats.lines[SDP_AUDIO].jitter_us / 1000.0;
    out->round_trip_ms = (double)stats.round_trip_us / 1000;
}

// Since the first picture of this connection.
static double mean_fps(const struct posed_room *room, uint64_t frames)
{
    const int64_t past_us = g_get_monotonic_time() - room->watching_us;
    if (room->watching_us == 0 || past_us <= 0)
        return 0;
    return (double)(frames - room->watched_frames) * G_USEC_PER_SEC / (double)past_us;
}

static struct json_object *tones_heard(const struct ear *ear)
{
    struct json_object *tones = json_object_new_array();
    for (unsigned tone = 0; tone < CLIP_TONES; tone++)
        if (ear->is_heard[tone])
            json_object_array_add(tones, json_object_new_int(clip_tone_hz(tone)));
    return tones;
}

static struct json_object *tone_levels(const struct ear *ear)
{
    struct json_object *levels = json_object_new_object();
    for (unsigned tone = 0; tone < CLIP_TONES; tone++) {
        char hz[16];
        g_snprintf(hz, sizeof(hz), "%d", clip_tone_hz(tone));
        json_object_object_add(levels, hz, json_object_new_double(ear_level_dbfs(ear, tone)));
    }
    return levels;
}

static void add_repairs(struct json_object *result, const struct posed_room *room)
{
    struct endpoint_stats stats = { 0 };
    if (room->endpoint)
        endpoint_read_stats(room->endpoint, &stats);
    const struct endpoint_line_stats *main = &stats.lines[SDP_MAIN];
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = { { "units_in", main->units_in }, { "key_frames_in", main->key_frames_in },
        { "nacks_out", main->nacks_out }, { "plis_out", main->plis_out },
        { "rtx_in", main->rtx_in }, { "nacks_in", main->nacks_in }, { "plis_in", main->plis_in },
        { "sound_late", stats.audio.late }, { "sound_fec", stats.audio.fec_used },
        { "sound_dropped", stats.audio.dropped }, { "sound_red", stats.audio.red_used },
        { "sound_missing", stats.audio.missing }, { "sound_packets", stats.audio.packets } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        json_object_object_add(result, rows[i].name, json_object_new_int64((int64_t)rows[i].value));
}

struct json_object *posed_room_result(const struct posed_room *room)
{
    struct posed_room_view view;
    struct json_object *result = json_object_new_object();
    posed_room_view(room, &view);
    json_object_object_add(result, "unit", json_object_new_string(room->unit));
    json_object_object_add(result, "mark", json_object_new_int((int)room->mark));
    json_object_object_add(result, "tone_hz", json_object_new_int(clip_tone_hz(room->mark)));
    json_object_object_add(result, "connected", json_object_new_boolean(view.connected));
    json_object_object_add(result, "microphone_open", json_object_new_boolean(view.mic_open));
    json_object_object_add(result, "picture_alive", json_object_new_boolean(view.picture_alive));
    json_object_object_add(result, "offers", json_object_new_int64(room->offers));
    json_object_object_add(result, "failures", json_object_new_int64(room->failures));
    json_object_object_add(result, "join_ms", json_object_new_double(view.join_ms));
    json_object_object_add(result, "picture_ms", json_object_new_double(view.picture_ms));
    json_object_object_add(result, "rtp_in", json_object_new_int64(view.packets_in));
    json_object_object_add(result, "rtp_out", json_object_new_int64(view.packets_out));
    json_object_object_add(result, "lost_in", json_object_new_int64(view.lost_in));
    json_object_object_add(result, "jitter_ms", json_object_new_double(view.jitter_ms));
    json_object_object_add(result, "round_trip_ms", json_object_new_double(view.round_trip_ms));
    if (!room->decodes)
        return result;
    add_repairs(result, room);
    struct screen_counters picture = { 0 };
    if (room->screen)
        screen_read_counters(room->screen, &picture);
    const struct loudspeaker_counters *sound = loudspeaker_counters(room->loudspeaker);
    json_object_object_add(result, "picture_fps", json_object_new_double(room->picture_fps));
    json_object_object_add(
            result, "picture_fps_mean", json_object_new_double(mean_fps(room, picture.frames)));
    json_object_object_add(result, "picture_height", json_object_new_int(picture.height));
    json_object_object_add(result, "freezes", json_object_new_int64((int64_t)picture.freezes));
    json_object_object_add(
            result, "frozen_ms", json_object_new_int64((int64_t)picture.frozen_us / 1000));
    json_object_object_add(result, "concealed_percent",
            json_object_new_double(
                    sound->samples ? 100.0 * (double)sound->concealed / (double)sound->samples
                                   : 0));
    json_object_object_add(result, "gaps_over_60_ms", json_object_new_int64((int64_t)sound->gaps));
    json_object_object_add(
            result, "clipped_samples", json_object_new_int64((int64_t)sound->clipped));
    json_object_object_add(result, "tones_heard", tones_heard(&room->ear));
    json_object_object_add(result, "tone_dbfs", tone_levels(&room->ear));
    json_object_object_add(result, "sound_in_kbps", json_object_new_double(room->sound_in_kbps));
    return result;
}
