// SPDX-License-Identifier: Apache-2.0
// A member that shares no code with Rông's media path: GStreamer's webrtcbin with a ball and a
// tone. JSON lines: {"offer":"…"} on stdout, {"answer":"…"} on stdin, then twice a second what came
// in. Ends when stdin does.
#define GST_USE_UNSTABLE_API
#include <gst/gst.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>
#include <json-c/json.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REPORT_EVERY_MS 500

#define PIPELINE \
    "webrtcbin name=peer bundle-policy=max-bundle " \
    "audiotestsrc is-live=true wave=sine freq=440 volume=0.3 ! audio/x-raw,rate=48000,channels=1 " \
    "! opusenc ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 " \
    "! peer.sink_0 " \
    "videotestsrc is-live=true pattern=ball " \
    "! video/x-raw,width=640,height=360,framerate=25/1,format=I420 " \
    "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=500 key-int-max=50 " \
    "! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 " \
    "! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer.sink_1"

#define AUDIO_CHAIN "rtpopusdepay ! opusdec ! fakesink name=end sync=false"
#define VIDEO_CHAIN \
    "rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! fakesink name=end sync=false"

// Counted by GStreamer's threads.
struct received {
    atomic_ulong rtp;
    atomic_ulong frames;
    atomic_int width, height;
};

struct member {
    GMainLoop *loop;
    GstElement *pipeline;
    GstElement *peer;
    struct received audio, video;
};

// --- signalling over stdin and stdout -----------------------------------------------------------

static void print_line(struct json_object *line)
{
    printf("%s\n", json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
    fflush(stdout);
    json_object_put(line);
}

static void offer_made(GstPromise *promise, gpointer user)
{
    struct member *member = user;
    GstWebRTCSessionDescription *offer = NULL;
    gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
            &offer, NULL);
    gst_promise_unref(promise);
    g_signal_emit_by_name(member->peer, "set-local-description", offer, NULL);
    char *text = gst_sdp_message_as_text(offer->sdp);
    struct json_object *line = json_object_new_object();
    json_object_object_add(line, "offer", json_object_new_string(text));
    print_line(line);
    g_free(text);
    gst_webrtc_session_description_free(offer);
}

static void negotiation_needed(GstElement *peer, gpointer user)
{
    GstPromise *promise = gst_promise_new_with_change_func(offer_made, user, NULL);
    g_signal_emit_by_name(peer, "create-offer", NULL, promise);
}

static void take_answer(struct member *member, const char *text)
{
    GstSDPMessage *message = NULL;
    if (gst_sdp_message_new_from_text(text, &message) != GST_SDP_OK) {
        fprintf(stderr, "the answer is not SDP\n");
        g_main_loop_quit(member->loop);
        return;
    }
    GstWebRTCSessionDescription *answer =
            gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
    g_signal_emit_by_name(member->peer, "set-remote-description", answer, NULL);
    gst_webrtc_session_description_free(answer);
}

static gboolean line_came(GIOChannel *channel, GIOCondition condition, gpointer user)
{
    (void)condition;
    struct member *member = user;
    char *text = NULL;
    if (g_io_channel_read_line(channel, &text, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(member->loop);
        return G_SOURCE_REMOVE;
    }
    struct json_object *line = json_tokener_parse(text);
    struct json_object *answer = NULL;
    if (json_object_object_get_ex(line, "answer", &answer))
        take_answer(member, json_object_get_string(answer));
    json_object_put(line);
    g_free(text);
    return G_SOURCE_CONTINUE;
}

// --- what is received ---------------------------------------------------------------------------

static GstPadProbeReturn packet_came(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    (void)pad;
    struct received *received = user;
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    bool is_list = info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST;
    atomic_fetch_add(&received->rtp, is_list ? gst_buffer_list_length(list) : 1);
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn frame_came(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
    (void)info;
    struct received *received = user;
    atomic_fetch_add(&received->frames, 1);
    GstCaps *caps = gst_pad_get_current_caps(pad);
    int width = 0;
    int height = 0;
    if (caps) {
        const GstStructure *format = gst_caps_get_structure(caps, 0);
        gst_structure_get_int(format, "width", &width);
        gst_structure_get_int(format, "height", &height);
        gst_caps_unref(caps);
    }
    atomic_store(&received->width, width);
    atomic_store(&received->height, height);
    return GST_PAD_PROBE_OK;
}

static bool is_audio(GstPad *pad)
{
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const char *media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
    bool is = g_strcmp0(media, "audio") == 0;
    gst_caps_unref(caps);
    return is;
}

static void pad_added(GstElement *peer, GstPad *pad, gpointer user)
{
    (void)peer;
    struct member *member = user;
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
        return;
    bool is_sound = is_audio(pad);
    struct received *received = is_sound ? &member->audio : &member->video;
    GstElement *chain =
            gst_parse_bin_from_description(is_sound ? AUDIO_CHAIN : VIDEO_CHAIN, TRUE, NULL);
    GstElement *end = gst_bin_get_by_name(GST_BIN(chain), "end");
    GstPad *end_pad = gst_element_get_static_pad(end, "sink");
    gst_pad_add_probe(end_pad, GST_PAD_PROBE_TYPE_BUFFER, frame_came, received, NULL);
    gst_object_unref(end_pad);
    gst_object_unref(end);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, packet_came,
            received, NULL);
    gst_bin_add(GST_BIN(member->pipeline), chain);
    GstPad *sink = gst_element_get_static_pad(chain, "sink");
    gst_pad_link(pad, sink);
    gst_object_unref(sink);
    gst_element_sync_state_with_parent(chain);
}

static void add_count(struct json_object *line, const char *name, unsigned long value)
{
    json_object_object_add(line, name, json_object_new_int64((int64_t)value));
}

static gboolean report(gpointer user)
{
    struct member *member = user;
    GstWebRTCPeerConnectionState state;
    g_object_get(member->peer, "connection-state", &state, NULL);
    struct json_object *line = json_object_new_object();
    json_object_object_add(line, "connected",
            json_object_new_boolean(state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED));
    add_count(line, "audio_rtp", atomic_load(&member->audio.rtp));
    add_count(line, "audio_frames", atomic_load(&member->audio.frames));
    add_count(line, "video_rtp", atomic_load(&member->video.rtp));
    add_count(line, "video_frames", atomic_load(&member->video.frames));
    add_count(line, "width", (unsigned long)atomic_load(&member->video.width));
    add_count(line, "height", (unsigned long)atomic_load(&member->video.height));
    print_line(line);
    return G_SOURCE_CONTINUE;
}

// --- the pipeline -------------------------------------------------------------------------------

// webrtcbin never gathers the loopback interface by itself.
static void use_loopback(GstElement *peer)
{
    GObject *agent = NULL;
    gboolean is_added = FALSE;
    g_object_get(peer, "ice-agent", &agent, NULL);
    g_signal_emit_by_name(agent, "add-local-ip-address", "127.0.0.1", &is_added);
    g_object_unref(agent);
}

// RTX is offered only where retransmission is asked for.
static void ask_for_retransmission(GstElement *peer)
{
    GArray *transceivers = NULL;
    g_signal_emit_by_name(peer, "get-transceivers", &transceivers);
    for (guint i = 0; transceivers && i < transceivers->len; i++)
        g_object_set(g_array_index(transceivers, GObject *, i), "do-nack", TRUE, NULL);
    if (transceivers)
        g_array_unref(transceivers);
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer user)
{
    (void)bus;
    struct member *member = user;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        fprintf(stderr, "%s: %s\n", GST_OBJECT_NAME(message->src), error->message);
        g_error_free(error);
        g_main_loop_quit(member->loop);
    }
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    static struct member member;
    GError *error = NULL;
    member.loop = g_main_loop_new(NULL, FALSE);
    member.pipeline = gst_parse_launch(PIPELINE, &error);
    if (!member.pipeline || error) {
        fprintf(stderr, "pipeline: %s\n", error ? error->message : "?");
        return 1;
    }
    member.peer = gst_bin_get_by_name(GST_BIN(member.pipeline), "peer");
    use_loopback(member.peer);
    ask_for_retransmission(member.peer);
    g_signal_connect(member.peer, "on-negotiation-needed", G_CALLBACK(negotiation_needed), &member);
    g_signal_connect(member.peer, "pad-added", G_CALLBACK(pad_added), &member);
    GstBus *bus = gst_element_get_bus(member.pipeline);
    guint watch = gst_bus_add_watch(bus, bus_message, &member);
    GIOChannel *input = g_io_channel_unix_new(0);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, line_came, &member);
    guint timer = g_timeout_add(REPORT_EVERY_MS, report, &member);

    gst_element_set_state(member.pipeline, GST_STATE_PLAYING);
    g_main_loop_run(member.loop);
    gst_element_set_state(member.pipeline, GST_STATE_NULL);

    g_source_remove(timer);
    g_source_remove(watch);
    g_io_channel_unref(input);
    gst_object_unref(bus);
    gst_object_unref(member.peer);
    gst_object_unref(member.pipeline);
    g_main_loop_unref(member.loop);
    return 0;
}
