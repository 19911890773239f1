// SPDX-License-Identifier: Apache-2.0
#include "common/media/codec_lane.h"

#include <errno.h>
#include <gst/video/video.h>
#include <pthread.h>

#define THREADS_MIN 2 // a slow codec does not hold up all others
#define THREADS_MAX 16

struct codec_lane {
    struct codec_lane_config config;
    GstPad *source;
    bool has_begun; // the codec was told what comes; by the thread that runs the lane

    // Under the pool's mutex:
    GQueue buffers;
    bool is_running;
    bool is_queued;
    bool is_closing;
};

static struct {
    pthread_once_t once;
    pthread_mutex_t mutex;
    pthread_cond_t work, idle; // a lane is queued; a lane came out of its codec
    GQueue lanes;              // with work that nobody does yet, in turn
} pool = {
    .once = PTHREAD_ONCE_INIT,
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .idle = PTHREAD_COND_INITIALIZER,
    .lanes = G_QUEUE_INIT,
};

// --- codec threads -------------------------------------------------------------------------------

static void begin_stream(struct codec_lane *lane)
{
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(lane->source, gst_event_new_stream_start("rong"));
    gst_pad_push_event(lane->source, gst_event_new_caps((GstCaps *)lane->config.caps));
    gst_pad_push_event(lane->source, gst_event_new_segment(&segment));
    lane->has_begun = true;
}

static void run_codec(struct codec_lane *lane, GstBuffer *take_buffer)
{
    if (!lane->has_begun)
        begin_stream(lane);
    const GstFlowReturn flow = gst_pad_push(lane->source, take_buffer);
    if (flow != GST_FLOW_OK && flow != GST_FLOW_FLUSHING)
        lane->config.failed(lane->config.user);
}

// With the mutex held.
static void queue_lane(struct codec_lane *lane)
{
    if (lane->is_queued || lane->is_running || g_queue_is_empty(&lane->buffers))
        return;
    lane->is_queued = true;
    g_queue_push_tail(&pool.lanes, lane);
    pthread_cond_signal(&pool.work);
}

static void *thread_main(void *data)
{
    (void)data;
    pthread_mutex_lock(&pool.mutex);
    for (;;) {
        struct codec_lane *lane = g_queue_pop_head(&pool.lanes);
        if (!lane) {
            pthread_cond_wait(&pool.work, &pool.mutex);
            continue;
        }
        GstBuffer *buffer = g_queue_pop_head(&lane->buffers);
        lane->is_queued = false;
        lane->is_running = true;
        pthread_mutex_unlock(&pool.mutex);
        run_codec(lane, buffer);
        pthread_mutex_lock(&pool.mutex);
        lane->is_running = false;
        if (lane->is_closing)
            pthread_cond_broadcast(&pool.idle);
        else
            queue_lane(lane); // behind the others
    }
    return NULL;
}

// They live as long as the process: idle they cost nothing, and nobody has to know of the last
// lane.
static void start_threads(void)
{
    const unsigned count = CLAMP(g_get_num_processors(), THREADS_MIN, THREADS_MAX);
    for (unsigned i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
            g_error("no thread for codecs");
        pthread_setname_np(thread, "codec");
        pthread_detach(thread);
    }
}

// --- owner ---------------------------------------------------------------------------------------

// What codecs send upstream: only wishes for key frames are of interest.
static gboolean take_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    (void)parent;
    const struct codec_lane *lane = gst_pad_get_element_private(pad);
    if (gst_video_event_is_force_key_unit(event) && lane->config.wants_key_frame)
        lane->config.wants_key_frame(lane->config.user);
    gst_event_unref(event);
    return TRUE;
}

int codec_lane_open(const struct codec_lane_config *config, struct codec_lane **out)
{
    pthread_once(&pool.once, start_threads);
    struct codec_lane *lane = g_new0(struct codec_lane, 1);
    lane->config = *config;
    lane->config.caps = gst_caps_copy(config->caps);
    g_queue_init(&lane->buffers);
    lane->source = gst_pad_new("src", GST_PAD_SRC);
    gst_pad_set_element_private(lane->source, lane);
    gst_pad_set_event_function(lane->source, take_event);
    gst_pad_set_active(lane->source, TRUE);
    g_autoptr(GstPad) sink = gst_element_get_static_pad(config->codec, "sink");
    if (!sink || gst_pad_link(lane->source, sink) != GST_PAD_LINK_OK) {
        codec_lane_close(lane);
        return -EINVAL;
    }
    *out = lane;
    return 0;
}

void codec_lane_close(struct codec_lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&pool.mutex);
    lane->is_closing = true;
    if (lane->is_queued)
        g_queue_remove(&pool.lanes, lane);
    while (lane->is_running)
        pthread_cond_wait(&pool.idle, &pool.mutex);
    pthread_mutex_unlock(&pool.mutex);

    g_autoptr(GstPad) sink = gst_pad_get_peer(lane->source);
    if (sink)
        gst_pad_unlink(lane->source, sink);
    gst_pad_set_active(lane->source, FALSE);
    gst_object_unref(lane->source);
    g_queue_clear_full(&lane->buffers, (GDestroyNotify)gst_buffer_unref);
    gst_caps_unref((GstCaps *)lane->config.caps);
    g_free(lane);
}

void codec_lane_push(struct codec_lane *lane, GstBuffer *take_buffer)
{
    pthread_mutex_lock(&pool.mutex);
    g_queue_push_tail(&lane->buffers, take_buffer);
    queue_lane(lane);
    pthread_mutex_unlock(&pool.mutex);
}

unsigned codec_lane_waiting(struct codec_lane *lane)
{
    pthread_mutex_lock(&pool.mutex);
    const unsigned waiting = g_queue_get_length(&lane->buffers);
    pthread_mutex_unlock(&pool.mutex);
    return waiting;
}
