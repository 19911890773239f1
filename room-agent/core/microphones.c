// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/microphones.h"

#include "common/base/log.h"
#include "hw/visca_server.h"

#define LOG_TOPIC "microphones"

struct microphones {
    GPtrArray *list; // struct follower, owned
};

// One microphone system and its camera.
struct follower {
    struct loop *loop;
    const struct microphone_settings *settings;
    struct hw_device *camera;
    struct visca_server *server;
    GSource *hold;     // until the camera may move again; NULL: it may
    int wanted_preset; // since the last move; -1: none
};

static gboolean hold_ended(gpointer context);

// People who speak in turns must not make the camera swing to and fro: the last one counts.
static void move(struct follower *follower)
{
    hw_device_desire(follower->camera, HW_PRESET, follower->wanted_preset);
    follower->wanted_preset = -1;
    if (follower->settings->hold_ms)
        follower->hold =
                loop_add_timer(follower->loop, follower->settings->hold_ms, hold_ended, follower);
}

static gboolean hold_ended(gpointer context)
{
    struct follower *follower = context;
    loop_clear_source(&follower->hold);
    if (follower->wanted_preset >= 0)
        move(follower);
    return G_SOURCE_REMOVE;
}

static void recalled(void *context, unsigned preset)
{
    struct follower *follower = context;
    follower->wanted_preset = (int)preset;
    if (!follower->hold)
        move(follower);
}

static void tell_state(void *context, struct visca_server_state *out)
{
    const struct follower *follower = context;
    struct hw_report report;
    hw_device_report(follower->camera, &report);
    out->is_ready = report.link == HW_LINK_UP;
    out->is_on = out->is_ready && (report.actual[HW_POWER].quality < HW_CONFIRMED ||
                                          report.actual[HW_POWER].value != 0);
    out->pan = (int)report.actual[HW_PAN].value;
    out->tilt = (int)report.actual[HW_TILT].value;
    out->zoom = (int)report.actual[HW_ZOOM].value;
}

static void follower_free(void *data)
{
    struct follower *follower = data;
    loop_clear_source(&follower->hold);
    visca_server_close(follower->server);
    g_free(follower);
}

struct microphones *microphones_new(
        struct loop *loop, const struct room_settings *settings, struct devices *devices)
{
    static const struct visca_server_handler handler = {
        .state = tell_state,
        .recalled = recalled,
    };
    struct microphones *microphones = g_new0(struct microphones, 1);
    microphones->list = g_ptr_array_new_with_free_func(follower_free);
    for (guint i = 0; i < settings->microphones->len; i++) {
        const struct microphone_settings *from = g_ptr_array_index(settings->microphones, i);
        const struct visca_server_config config = {
            .udp_listen = from->udp_listen,
            .tcp_listen = from->tcp_listen,
            .peer = from->peer,
        };
        struct follower *follower = g_new0(struct follower, 1);
        follower->loop = loop;
        follower->settings = from;
        follower->camera = devices_at(devices, from->camera);
        follower->wanted_preset = -1;
        int rc = visca_server_open(loop, &config, &handler, follower, &follower->server);
        if (rc < 0) {
            log_error("not listening microphones=%s error=\"%s\"", from->id, g_strerror(-rc));
            follower_free(follower);
            continue;
        }
        log_info("listening microphones=%s udp_port=%u tcp_port=%u", from->id,
                visca_server_udp_port(follower->server), visca_server_tcp_port(follower->server));
        g_ptr_array_add(microphones->list, follower);
    }
    return microphones;
}

void microphones_free(struct microphones *microphones)
{
    if (!microphones)
        return;
    g_ptr_array_unref(microphones->list);
    g_free(microphones);
}
