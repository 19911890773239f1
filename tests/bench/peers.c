// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "peers"

#include "tests/bench/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/loop.h"
#include "common/endpoint/endpoint.h"
#include "common/rtp/packet.h"
#include "common/transport/udp_receive.h"
#include "tests/bench/material.h"
#include "tests/load/voice.h"

#define TICK_US        20000
#define TICK_SAMPLES   960
#define SILENT_EVERY   10
#define LATE_MAX_US    500000
#define PAYLOAD_TYPE   111
#define LEVEL_ID       1
#define LINE_MAX_BYTES 65536
#define BATCH          32

struct peer_posed {
    struct peers *peers;
    int number;
    struct endpoint *endpoint; // or:
    int fd;                    // plain; -1: none
    struct sockaddr_in to;     // family 0: not known yet
    uint16_t seq;
    const struct voice *voice; // NULL: silent
    unsigned sound_at, silent, frame_at;
    uint32_t timestamp;
    uint64_t packets_in, packets_before;
};

struct peers {
    const struct peers_config *config;
    struct loop *loop;
    struct certificate *certificate;
    const char *addresses[2];
    struct voices *voices;
    GBytes *silence;
    struct clip picture;
    struct peer_posed *all;
    GSource *tick, *second, *input, *terminated, *interrupted;
    GString *unread; // of standard input
    int64_t next_tick_us;
    int ticks, late_ticks, seconds;
};

static void tell(struct json_object *line)
{
    printf("%s\n", json_object_to_json_string_ext(
                           line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    fflush(stdout);
    json_object_put(line);
}

static void add(struct json_object *line, const char *name, int64_t value)
{
    json_object_object_add(line, name, json_object_new_int64(value));
}

// --- plain RTP -----------------------------------------------------------------------------------

static int open_plain(struct peer_posed *peer)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    socklen_t size = sizeof(own);
    peer->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, peer->peers->config->local, &own.sin_addr);
    if (peer->fd < 0 || bind(peer->fd, (struct sockaddr *)&own, size) < 0 ||
            getsockname(peer->fd, (struct sockaddr *)&own, &size) < 0)
        return -errno;
    struct json_object *line = json_object_new_object();
    add(line, "peer", peer->number);
    add(line, "port", ntohs(own.sin_port));
    tell(line);
    return 0;
}

static void send_plain(struct peer_posed *peer, const uint8_t *opus, size_t size,
        uint32_t timestamp, uint8_t level)
{
    uint8_t packet[PEER_PACKET_MAX];
    const struct rtp_header header = { .payload_type = PAYLOAD_TYPE,
        .seq = peer->seq++,
        .timestamp = timestamp,
        .ssrc = (uint32_t)peer->number + 1 };
    const struct rtp_extension_ids ids = { .audio_level = LEVEL_ID };
    const struct rtp_extensions extensions = {
        .has_audio_level = true, .audio_level = level, .voice = level < 60
    };
    const int written = rtp_packet_write_header(packet, RTP_HEADER_MAX, &header, &ids, &extensions);
    if (written < 0 || (size_t)written + size > sizeof(packet))
        return;
    memcpy(packet + written, opus, size);
    if (sendto(peer->fd, packet, (size_t)written + size, MSG_DONTWAIT,
                (const struct sockaddr *)&peer->to, sizeof(peer->to)) < 0)
        log_debug("not sent errno=%d", errno);
}

static void receive_plain(struct peer_posed *peer)
{
    struct udp_datagram datagrams[BATCH];
    size_t count;
    do {
        count = udp_receive(peer->fd, datagrams, BATCH);
        peer->packets_in += count;
    } while (count == BATCH);
}

// --- our own endpoint ----------------------------------------------------------------------------

static void endpoint_changed(void *user, enum peer_state state, const char *reason)
{
    struct peer_posed *peer = user;
    if (state == PEER_FAILED)
        log_warn("peer %d failed reason=%s", peer->number, reason);
}

static void key_frame_wanted(void *user, enum sdp_line line)
{
    struct peer_posed *peer = user;
    if (line == SDP_MAIN)
        peer->frame_at = 0;
}

static int open_endpoint(struct peer_posed *peer)
{
    const struct endpoint_config config = {
        .context = loop_context(peer->peers->loop),
        .certificate = peer->peers->certificate,
        .local_addresses = peer->peers->addresses,
        .cname = "peer",
        .sound_only = !peer->peers->config->has_picture,
        .events = { .state_changed = endpoint_changed, .key_frame_wanted = key_frame_wanted },
        .user = peer,
    };
    const int rc = endpoint_open(&config, &peer->endpoint);
    if (rc < 0)
        return rc;
    struct json_object *line = json_object_new_object();
    g_autofree char *sdp = endpoint_offer(peer->endpoint);
    // The other side is to be the DTLS server, as our own MCU is: then the handshake and AES-GCM
    // are the same.
    g_autoptr(GString) text = g_string_new(sdp);
    g_string_replace(text, "a=setup:actpass", "a=setup:active", 0);
    add(line, "peer", peer->number);
    json_object_object_add(line, "sdp", json_object_new_string(text->str));
    tell(line);
    return 0;
}

static bool is_ready(const struct peer_posed *peer)
{
    return peer->endpoint ? endpoint_state(peer->endpoint) == PEER_CONNECTED
                          : peer->to.sin_family != 0;
}

// --- the clock -----------------------------------------------------------------------------------

static void send_sound(struct peer_posed *peer)
{
    const struct voice *voice = peer->voice;
    const uint32_t timestamp = peer->timestamp;
    GBytes *frame = voice ? voice->frames[peer->sound_at] : peer->peers->silence;
    const uint8_t level = voice ? voice->levels[peer->sound_at] : 127;
    peer->timestamp += TICK_SAMPLES;
    peer->sound_at = (peer->sound_at + 1) % VOICE_FRAMES;
    if (!voice && ++peer->silent < SILENT_EVERY)
        return;
    peer->silent = 0;
    size_t size;
    const uint8_t *data = g_bytes_get_data(frame, &size);
    if (peer->endpoint)
        endpoint_send_audio(peer->endpoint, data, size, timestamp, level);
    else
        send_plain(peer, data, size, timestamp, level);
}

static void send_picture(struct peer_posed *peer, int64_t now_us)
{
    const struct clip *clip = &peer->peers->picture;
    if (peer->peers->ticks % 2 || !endpoint_may_send(peer->endpoint, SDP_MAIN))
        return;
    size_t size;
    const uint8_t *data = g_bytes_get_data(clip->units[peer->frame_at], &size);
    endpoint_send_video(peer->endpoint, SDP_MAIN, data, size, now_us);
    peer->frame_at = (peer->frame_at + 1) % (unsigned)clip->frame_count;
}

static void tick_peer(struct peer_posed *peer, int64_t now_us)
{
    if (peer->endpoint && is_ready(peer)) {
        endpoint_begin_polling(peer->endpoint);
        endpoint_poll(peer->endpoint);
    } else if (!peer->endpoint) {
        receive_plain(peer); // also when it only listens
    }
    if (!is_ready(peer))
        return;
    send_sound(peer);
    if (peer->endpoint && peer->peers->config->has_picture)
        send_picture(peer, now_us);
}

static gboolean on_tick(gpointer data)
{
    struct peers *peers = data;
    const int64_t now_us = g_get_monotonic_time();
    if (now_us - peers->next_tick_us > LATE_MAX_US)
        peers->next_tick_us = now_us;
    while (peers->next_tick_us <= now_us) {
        peers->ticks++;
        peers->late_ticks += now_us - peers->next_tick_us > TICK_US;
        for (int i = 0; i < peers->config->count; i++)
            tick_peer(&peers->all[i], peers->next_tick_us);
        peers->next_tick_us += TICK_US;
    }
    g_source_set_ready_time(peers->tick, peers->next_tick_us);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_tick(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

static gboolean on_second(gpointer data)
{
    struct peers *peers = data;
    int connected = 0, sounds = 0;
    uint64_t packets = 0;
    for (int i = 0; i < peers->config->count; i++) {
        struct peer_posed *peer = &peers->all[i];
        if (peer->endpoint) {
            struct endpoint_stats stats;
            endpoint_read_stats(peer->endpoint, &stats);
            peer->packets_in = stats.lines[SDP_AUDIO].packets_in;
        }
        connected += is_ready(peer);
        sounds += peer->packets_in > peer->packets_before;
        packets += peer->packets_in;
        peer->packets_before = peer->packets_in;
    }
    struct json_object *line = json_object_new_object();
    add(line, "second", ++peers->seconds);
    add(line, "connected", connected);
    add(line, "sounds", sounds);
    add(line, "ticks", peers->ticks);
    add(line, "late_ticks", peers->late_ticks);
    add(line, "packets_in", (int64_t)packets);
    tell(line);
    return G_SOURCE_CONTINUE;
}

// --- what comes in -------------------------------------------------------------------------------

static const char *text_of(struct json_object *line, const char *name)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(line, name, &value) ? json_object_get_string(value) : NULL;
}

static int number_of(struct json_object *line, const char *name)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(line, name, &value) ? json_object_get_int(value) : -1;
}

static void take_line(struct peers *peers, const char *text)
{
    struct json_object *line = json_tokener_parse(text);
    const int number = line ? number_of(line, "peer") : -1;
    if (number < 0 || number >= peers->config->count) {
        log_warn("no such peer: %s", text);
        json_object_put(line);
        return;
    }
    struct peer_posed *peer = &peers->all[number];
    const char *sdp = text_of(line, "sdp"), *address = text_of(line, "address"), *error = "";
    if (peer->endpoint && sdp && endpoint_answer(peer->endpoint, sdp, &error) < 0)
        log_warn("peer %d: no answer: %s", number, error);
    if (!peer->endpoint && address && inet_pton(AF_INET, address, &peer->to.sin_addr) == 1) {
        peer->to.sin_family = AF_INET;
        peer->to.sin_port = htons((uint16_t)number_of(line, "port"));
    }
    json_object_put(line);
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    struct peers *peers = data;
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got <= 0 || peers->unread->len > LINE_MAX_BYTES) {
        loop_quit(peers->loop);
        return G_SOURCE_REMOVE;
    }
    g_string_append_len(peers->unread, buffer, got);
    char *end;
    while ((end = strchr(peers->unread->str, '\n')) != NULL) {
        *end = '\0';
        take_line(peers, peers->unread->str);
        g_string_erase(peers->unread, 0, end - peers->unread->str + 1);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer data)
{
    loop_quit(((struct peers *)data)->loop);
    return G_SOURCE_CONTINUE;
}

static GSource *end_on(struct peers *peers, int signal_number)
{
    GSource *source = g_unix_signal_source_new(signal_number);
    g_source_set_callback(source, on_signal, peers, NULL);
    g_source_attach(source, loop_context(peers->loop));
    return source;
}

// --- from beginning to end -----------------------------------------------------------------------

static int open_all(struct peers *peers)
{
    const struct peers_config *config = peers->config;
    int rc = certificate_new(&peers->certificate);
    if (rc == 0 && config->has_picture) {
        const struct clip_picture picture = {
            .height = MATERIAL_HEIGHT, .fps = MATERIAL_FPS, .kbps = MATERIAL_KBPS
        };
        rc = clip_open_picture(&picture, 1, "peer", &peers->picture);
    }
    for (int i = 0; rc == 0 && i < config->count; i++) {
        struct peer_posed *peer = &peers->all[i];
        peer->voice = i < config->talkers ? voices_of(peers->voices, (unsigned)i) : NULL;
        peer->sound_at = (unsigned)i * 7 % VOICE_FRAMES;
        peer->silent = (unsigned)i % SILENT_EVERY;
        rc = config->is_plain ? open_plain(peer) : open_endpoint(peer);
    }
    return rc;
}

static void run(struct peers *peers)
{
    static GSourceFuncs functions = { .dispatch = dispatch_tick };
    peers->next_tick_us = g_get_monotonic_time();
    peers->tick = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(peers->tick, on_tick, peers, NULL);
    g_source_set_ready_time(peers->tick, peers->next_tick_us);
    g_source_attach(peers->tick, loop_context(peers->loop));
    peers->second = loop_add_timer(peers->loop, 1000, on_second, peers);
    peers->input = loop_add_fd(peers->loop, STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, peers);
    peers->terminated = end_on(peers, SIGTERM);
    peers->interrupted = end_on(peers, SIGINT);
    loop_run(peers->loop);
}

static void close_all(struct peers *peers)
{
    loop_clear_source(&peers->tick);
    loop_clear_source(&peers->second);
    loop_clear_source(&peers->input);
    loop_clear_source(&peers->terminated);
    loop_clear_source(&peers->interrupted);
    for (int i = 0; i < peers->config->count; i++) {
        endpoint_close(peers->all[i].endpoint);
        if (peers->all[i].fd >= 0)
            close(peers->all[i].fd);
    }
    loop_free(peers->loop);
    certificate_free(peers->certificate);
    voices_free(peers->voices);
    clip_close(&peers->picture);
    g_bytes_unref(peers->silence);
    g_string_free(peers->unread, TRUE);
    g_free(peers->all);
}

int peers_run(const struct peers_config *config)
{
    struct peers peers = { .config = config, .addresses = { config->local, NULL } };
    peers.loop = loop_new_main();
    peers.voices = voices_new(config->speech, 0, (unsigned)MAX(config->talkers, 1));
    peers.silence = clip_silence();
    peers.unread = g_string_new(NULL);
    peers.all = g_new0(struct peer_posed, (gsize)config->count);
    for (int i = 0; i < config->count; i++)
        peers.all[i] = (struct peer_posed){ .peers = &peers, .number = i, .fd = -1 };
    const int rc = open_all(&peers);
    if (rc == 0)
        run(&peers);
    close_all(&peers);
    return rc;
}
