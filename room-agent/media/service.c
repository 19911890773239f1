// SPDX-License-Identifier: Apache-2.0
#include "room-agent/media/service.h"

#include <errno.h>
#include <string.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/endpoint/endpoint.h"
#include "common/protocol/messages.h"
#include "room-agent/media/camera.h"
#include "room-agent/media/expected_loss.h"
#include "room-agent/media/link.h"
#include "room-agent/media/loudspeaker.h"
#include "room-agent/media/microphone.h"
#include "room-agent/media/screen.h"
#include "room-agent/media/uplink.h"

#define LOG_TOPIC "media"

#define TICK_US        20000
#define TICK_SAMPLES   960
#define LATE_MAX_US    200000 // then the clock jumped or we were stopped: begin anew
#define CHECK_EVERY    5      // seconds: opening a device that is not there may take a while
#define STATE_MS       1000
#define ADAPT_MS       200
#define DEFAULT_HEIGHT 360
#define DEFAULT_FPS    25
#define DEFAULT_KBPS   600
// Without a picture for so long it was another screen before.
#define SHARED_PAUSE_US (2 * G_USEC_PER_SEC)

// What local.state says of the time since it was last said.
struct interval {
    int64_t begun_us;
    uint64_t frames, samples, concealed;
};

struct service {
    struct loop *loop;
    struct link *link;
    struct certificate *certificate;
    struct message_local_start start;
    bool is_started;
    struct camera *camera;
    struct microphone *microphone;
    struct loudspeaker *loudspeaker;
    struct screen *screen;
    struct screen *shared;   // NULL: no screen was shared yet
    int64_t shared_us;       // when something of it came last
    struct camera_wish wish; // of the centre
    struct uplink uplink;    // what of it the way there carries
    bool is_open;            // the microphone, as told

    struct endpoint *endpoint; // NULL: no connection
    uint64_t offers;
    char offer_id[49];
    enum media_state state;
    char reason[64];
    uint8_t level; // of what was sent last
    struct expected_loss expected_loss;
    bool had_key_frame;
    uint32_t timestamp; // of the next 20 ms, 48 kHz
    int64_t next_tick_us;
    GSource *tick, *every_second, *adapt;
    struct interval interval;
    unsigned seconds;
};

static void say_state(struct service *service)
{
    const int64_t now_us = g_get_monotonic_time();
    struct interval *interval = &service->interval;
    struct message_local_state message = { .state = service->state, .level = -service->level };
    if (service->reason[0]) {
        message.has_reason = true;
        g_strlcpy(message.reason, service->reason, sizeof(message.reason));
    }
    if (service->endpoint) {
        struct endpoint_stats stats;
        endpoint_read_stats(service->endpoint, &stats);
        for (int line = 0; line < SDP_LINE_COUNT; line++) {
            message.rtp_in += (int64_t)stats.lines[line].packets_in;
            message.rtp_out += (int64_t)stats.lines[line].packets_out;
        }
    }
    if (service->is_started && now_us - interval->begun_us >= G_USEC_PER_SEC / 2) {
        const struct loudspeaker_counters *sound = loudspeaker_counters(service->loudspeaker);
        struct screen_counters picture;
        screen_read_counters(service->screen, &picture);
        const uint64_t samples = sound->samples - interval->samples;
        const double seconds = (double)(now_us - interval->begun_us) / G_USEC_PER_SEC;
        message.has_concealed = samples > 0;
        if (samples > 0)
            message.concealed =
                    100.0 * (double)(sound->concealed - interval->concealed) / (double)samples;
        message.has_picture_in_fps = true;
        message.picture_in_fps = (double)(picture.frames - interval->frames) / seconds;
        *interval = (struct interval){ now_us, picture.frames, sound->samples, sound->concealed };
    }
    link_send(service->link, MESSAGE_LOCAL_STATE, &message);
}

static void change_state(struct service *service, enum media_state state, const char *reason)
{
    service->state = state;
    g_strlcpy(service->reason, reason ? reason : "", sizeof(service->reason));
    say_state(service);
}

// A device that is missing is no reason to leave: the others go on, and it is looked for again.
static const char *missing_device(struct service *service)
{
    if (!camera_check(service->camera))
        return "media.no_camera";
    if (!microphone_check(service->microphone))
        return "media.no_microphone";
    return loudspeaker_check(service->loudspeaker) ? "" : "media.no_loudspeaker";
}

// Opus carries as much FEC as the centre says that our sound needs.
static void follow_loss(struct service *service)
{
    struct endpoint_stats stats;
    const int before = service->expected_loss.percent;
    endpoint_read_stats(service->endpoint, &stats);
    const int now = expected_loss_step(
            &service->expected_loss, stats.loss_out_percent, g_get_monotonic_time());
    if (now == before)
        return;
    log_info("expected loss room=%s percent=%d", service->start.room, now);
    microphone_set_loss(service->microphone, now);
}

static gboolean on_second(gpointer data)
{
    struct service *service = data;
    if (service->state == MEDIA_STATE_CONNECTED && service->endpoint)
        follow_loss(service);
    if (service->state == MEDIA_STATE_CONNECTED && ++service->seconds % CHECK_EVERY == 1)
        g_strlcpy(service->reason, missing_device(service), sizeof(service->reason));
    say_state(service);
    return G_SOURCE_CONTINUE;
}

// --- sending and playing -------------------------------------------------------------------------

static void send_sound(struct service *service)
{
    uint8_t opus[MICROPHONE_OPUS_MAX];
    const size_t size = microphone_read(service->microphone, opus, &service->level);
    if (size > 0)
        endpoint_send_audio(service->endpoint, opus, size, service->timestamp, service->level);
    service->timestamp += TICK_SAMPLES;
}

static gboolean on_tick(gpointer data)
{
    struct service *service = data;
    const int64_t now_us = g_get_monotonic_time();
    if (now_us - service->next_tick_us > LATE_MAX_US) {
        const int64_t missed = (now_us - service->next_tick_us) / TICK_US;
        service->timestamp += (uint32_t)(missed * TICK_SAMPLES);
        service->next_tick_us += missed * TICK_US;
    }
    while (service->next_tick_us <= now_us) {
        send_sound(service);
        loudspeaker_tick(service->loudspeaker, service->endpoint);
        service->next_tick_us += TICK_US;
    }
    g_source_set_ready_time(service->tick, service->next_tick_us);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_tick(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

// A source that only has a ready time, asleep at first.
static GSource *new_tick(struct service *service)
{
    static GSourceFuncs functions = { .dispatch = dispatch_tick };
    GSource *tick = g_source_new(&functions, sizeof(GSource));
    g_source_set_priority(tick, G_PRIORITY_HIGH);
    g_source_set_callback(tick, on_tick, service, NULL);
    g_source_set_ready_time(tick, -1);
    g_source_attach(tick, loop_context(service->loop));
    return tick;
}

static void send_picture(
        void *user, const uint8_t *unit, size_t size, bool is_key_frame, int64_t pts_us)
{
    struct service *service = user;
    if (!service->endpoint || service->state != MEDIA_STATE_CONNECTED)
        return;
    if (!is_key_frame && !service->had_key_frame)
        return;
    service->had_key_frame = true;
    endpoint_send_video(service->endpoint, SDP_MAIN, unit, size, pts_us);
}

// As the centre wishes, as far as the way there carries it.
static int set_camera(struct service *service)
{
    struct endpoint_stats stats;
    endpoint_read_stats(service->endpoint, &stats);
    const struct camera_wish fitting = uplink_fit(&service->uplink, &service->wish,
            stats.has_estimate ? stats.estimate_bps : 0, g_get_monotonic_time());
    return camera_set(service->camera, &fitting);
}

static gboolean on_adapt(gpointer data)
{
    struct service *service = data;
    if (service->state == MEDIA_STATE_CONNECTED && service->endpoint &&
            endpoint_may_send(service->endpoint, SDP_MAIN) && set_camera(service) < 0)
        return G_SOURCE_CONTINUE; // camera_check() tries again and says so
    return G_SOURCE_CONTINUE;
}

static void start_sending(struct service *service)
{
    const int64_t now_us = g_get_monotonic_time();
    service->had_key_frame = false;
    service->next_tick_us = now_us;
    g_source_set_ready_time(service->tick, now_us);
    uplink_init(&service->uplink);
    if (endpoint_may_send(service->endpoint, SDP_MAIN) && set_camera(service) < 0)
        log_warn("the room is heard but not seen room=%s", service->start.room);
    camera_request_key_frame(service->camera);
}

static void stop_sending(struct service *service)
{
    const struct camera_wish nothing = { 0 };
    g_source_set_ready_time(service->tick, -1);
    service->level = 127;
    if (service->camera && camera_set(service->camera, &nothing) < 0)
        return; // ending a pipeline can not fail
}

// --- the connection ------------------------------------------------------------------------------

static void endpoint_changed(void *user, enum peer_state state, const char *reason)
{
    struct service *service = user;
    switch (state) {
    case PEER_NEW:
        break;
    case PEER_CONNECTING:
        change_state(service, MEDIA_STATE_CONNECTING, NULL);
        break;
    case PEER_CONNECTED:
        log_info("connected room=%s profile=%s", service->start.room,
                endpoint_srtp_profile(service->endpoint));
        change_state(service, MEDIA_STATE_CONNECTED, NULL);
        start_sending(service);
        break;
    case PEER_FAILED:
        log_warn("the connection failed room=%s reason=%s", service->start.room, reason);
        stop_sending(service);
        change_state(service, MEDIA_STATE_FAILED, reason);
        break;
    }
}

static void shared_needs_key_frame(void *user)
{
    struct service *service = user;
    if (service->endpoint && service->state == MEDIA_STATE_CONNECTED)
        endpoint_need_key_frame(service->endpoint, SDP_CONTENT);
}

// A box that never sees a shared screen does without the decoder.
static void take_shared(struct service *service, const struct h264_access_unit *unit)
{
    const int64_t now_us = g_get_monotonic_time();
    const bool is_new = now_us - service->shared_us > SHARED_PAUSE_US;
    service->shared_us = now_us;
    if (!service->shared) {
        if (!is_new || screen_open(service->loop, false, shared_needs_key_frame, service,
                               &service->shared) < 0)
            return; // logged
        screen_set_look(service->shared, screen_take_shared, service->screen);
    }
    if (is_new) {
        log_info("a shared screen is shown room=%s", service->start.room);
        screen_begin_stream(service->shared);
    }
    screen_push(service->shared, unit);
}

static void take_unit(void *user, enum sdp_line line, const struct h264_access_unit *unit)
{
    struct service *service = user;
    if (line == SDP_MAIN)
        screen_push(service->screen, unit);
    else
        take_shared(service, unit);
}

static void key_frame_wanted(void *user, enum sdp_line line)
{
    struct service *service = user;
    if (line == SDP_MAIN)
        camera_request_key_frame(service->camera);
}

static void screen_needs_key_frame(void *user)
{
    struct service *service = user;
    if (service->endpoint && service->state == MEDIA_STATE_CONNECTED)
        endpoint_need_key_frame(service->endpoint, SDP_MAIN);
}

static void path_lost(void *user);

static void disconnect(struct service *service)
{
    stop_sending(service);
    g_clear_pointer(&service->endpoint, endpoint_close);
    service->offer_id[0] = '\0';
}

static int connect_anew(struct service *service)
{
    const char *addresses[] = { service->start.address, NULL };
    const struct endpoint_config config = {
        .context = loop_context(service->loop),
        .certificate = service->certificate,
        .local_addresses = service->start.address[0] ? addresses : NULL,
        .cname = service->start.room,
        .send_red = true,
        .events = { endpoint_changed, take_unit, key_frame_wanted, path_lost },
        .user = service,
    };
    disconnect(service);
    return endpoint_open(&config, &service->endpoint);
}

static bool send_offer(struct service *service, char *take_sdp)
{
    g_autofree struct message_local_offer *message = g_new0(struct message_local_offer, 1);
    g_autofree char *sdp = take_sdp;
    g_snprintf(service->offer_id, sizeof(service->offer_id), "offer-%" G_GUINT64_FORMAT,
            ++service->offers);
    g_strlcpy(message->offer_id, service->offer_id, sizeof(message->offer_id));
    if (g_strlcpy(message->sdp, sdp, sizeof(message->sdp)) >= sizeof(message->sdp)) {
        change_state(service, MEDIA_STATE_FAILED, "media.offer_too_large");
        return false;
    }
    link_send(service->link, MESSAGE_LOCAL_OFFER, message);
    return true;
}

// The meeting goes on where we are, by another way. Failing that, the endpoint fails and the core
// asks for a new connection.
static void path_lost(void *user)
{
    struct service *service = user;
    char *sdp = endpoint_restart(service->endpoint);
    log_warn("the way to the centre is lost, looking for another room=%s restarts=%s",
            service->start.room, sdp ? "yes" : "no");
    if (sdp)
        send_offer(service, sdp);
}

static void offer(struct service *service)
{
    if (!service->is_started) {
        log_warn("asked for an offer before the start");
        return;
    }
    const int rc = connect_anew(service);
    if (rc < 0) {
        log_error("no connection can be begun error=\"%s\"", g_strerror(-rc));
        change_state(service, MEDIA_STATE_FAILED, "media.no_socket");
        return;
    }
    screen_begin_stream(service->screen);
    if (send_offer(service, endpoint_offer(service->endpoint)))
        change_state(service, MEDIA_STATE_CONNECTING, NULL);
}

static void take_answer(struct service *service, const struct message_local_answer *answer)
{
    if (!service->endpoint || strcmp(answer->offer_id, service->offer_id) != 0) {
        log_info("an answer to an old offer offer=%s", answer->offer_id);
        return;
    }
    const char *error = "media.no_answer";
    if (answer->has_error)
        error = answer->error.code;
    else if (answer->has_sdp && endpoint_answer(service->endpoint, answer->sdp, &error) == 0)
        return;
    log_warn("no connection room=%s reason=%s", service->start.room, error);
    change_state(service, MEDIA_STATE_FAILED, error);
}

// --- the core's messages -------------------------------------------------------------------------

static int open_media(struct service *service)
{
    const bool uses_devices = service->start.source == MEDIA_SOURCE_DEVICES;
    const bool has_display = g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY");
    const struct microphone_config microphone = { .uses_devices = uses_devices,
        .mark = (unsigned)service->start.mark,
        .tone_hz = (int)service->start.tone_hz };
    const struct camera_config camera = { .loop = service->loop,
        .uses_devices = uses_devices,
        .mark = (unsigned)service->start.mark,
        .name = service->start.line1,
        .fn = send_picture,
        .user = service };
    int rc = microphone_open(&microphone, &service->microphone);
    if (rc == 0)
        rc = loudspeaker_open(uses_devices, &service->loudspeaker);
    if (rc == 0)
        rc = screen_open(service->loop, uses_devices && has_display, screen_needs_key_frame,
                service, &service->screen);
    if (rc == 0)
        service->camera = camera_new(&camera);
    return rc;
}

static void start(struct service *service, const struct message_local_start *message)
{
    if (service->is_started) {
        log_warn("started twice, the first start stays");
        return;
    }
    service->start = *message;
    if (service->start.tone_hz == 0)
        service->start.tone_hz = 1000 + 125 * (service->start.mark % 24);
    const int rc = open_media(service);
    if (rc < 0) {
        change_state(service, MEDIA_STATE_FAILED, "media.no_device");
        return;
    }
    service->is_started = true;
    microphone_set_open(service->microphone, service->is_open);
    log_info("started room=%s source=%s mark=%d", service->start.room,
            media_source_name(service->start.source), (int)service->start.mark);
}

static void set_wish(struct service *service, const struct message_local_send *message)
{
    service->wish =
            (struct camera_wish){ (int)message->height, (int)message->fps, (int)message->kbps };
    if (service->state == MEDIA_STATE_CONNECTED && endpoint_may_send(service->endpoint, SDP_MAIN) &&
            set_camera(service) < 0)
        log_warn("the wished picture can not be sent room=%s", service->start.room);
}

static void set_microphone(struct service *service, const struct message_local_microphone *message)
{
    service->is_open = message->open;
    if (service->microphone)
        microphone_set_open(service->microphone, message->open);
}

static void take_message(void *context, enum message_type type, const void *body)
{
    struct service *service = context;
    switch (type) {
    case MESSAGE_LOCAL_START:
        start(service, body);
        break;
    case MESSAGE_LOCAL_OFFER_WANTED:
        offer(service);
        break;
    case MESSAGE_LOCAL_ANSWER:
        take_answer(service, body);
        break;
    case MESSAGE_LOCAL_SEND:
        set_wish(service, body);
        break;
    case MESSAGE_LOCAL_MICROPHONE:
        set_microphone(service, body);
        break;
    case MESSAGE_LOCAL_STOP:
        disconnect(service);
        change_state(service, MEDIA_STATE_OFF, NULL);
        break;
    default:
        log_warn("a message that is not for us name=%s", message_infos[type].name);
        break;
    }
}

static void core_gone(void *context)
{
    struct service *service = context;
    log_info("the core closed the socket, ending");
    loop_quit(service->loop);
}

int service_open(struct loop *loop, int fd, struct service **out)
{
    static const struct link_handler handler = { take_message, core_gone };
    struct service *service = g_new0(struct service, 1);
    service->loop = loop;
    service->state = MEDIA_STATE_OFF;
    service->level = 127;
    expected_loss_init(&service->expected_loss);
    service->wish = (struct camera_wish){ DEFAULT_HEIGHT, DEFAULT_FPS, DEFAULT_KBPS };
    service->tick = new_tick(service);
    int rc = certificate_new(&service->certificate);
    if (rc == 0)
        rc = link_open(loop, fd, &handler, service, &service->link);
    if (rc < 0) {
        service_close(service);
        return rc;
    }
    service->every_second = loop_add_timer(loop, STATE_MS, on_second, service);
    service->adapt = loop_add_timer(loop, ADAPT_MS, on_adapt, service);
    struct message_local_ready ready = { 0 };
    g_strlcpy(ready.version, daemon_version(), sizeof(ready.version));
    link_send(service->link, MESSAGE_LOCAL_READY, &ready);
    *out = service;
    return 0;
}

void service_close(struct service *service)
{
    if (!service)
        return;
    loop_clear_source(&service->every_second);
    loop_clear_source(&service->adapt);
    disconnect(service);
    loop_clear_source(&service->tick);
    camera_free(service->camera);
    screen_close(service->shared); // it gives to the other
    screen_close(service->screen);
    loudspeaker_close(service->loudspeaker);
    microphone_close(service->microphone);
    link_close(service->link);
    certificate_free(service->certificate);
    g_free(service);
}
