// SPDX-License-Identifier: Apache-2.0
// The UVC driver and its link against a camera whose ioctls the test plays.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>
#include <unistd.h>

#include "hw/device.h"
#include "hw/uvc_port.h"

#include <cmocka.h>

#define DEADLINE_MS 10000

// Touched by the link's thread and the test's.
struct camera {
    GMutex mutex;
    int error;      // of every ioctl but the first look; 0: none
    unsigned burst; // how many calls still fail with it; UINT_MAX: all
    bool is_gone;
    bool is_metadata;
    int32_t pan;
    int32_t tilt;
    int32_t zoom;
    int32_t pan_speed;
    unsigned opens;
};

struct bench {
    struct loop *loop;
    struct hw_clock *clock;
    struct hw_device *device;
    struct camera camera;
    struct uvc_system system;
    char *presets;
};

static int32_t *cell_of(struct camera *camera, uint32_t id)
{
    static int32_t other;
    switch (id) {
    case V4L2_CID_PAN_ABSOLUTE:
        return &camera->pan;
    case V4L2_CID_TILT_ABSOLUTE:
        return &camera->tilt;
    case V4L2_CID_ZOOM_ABSOLUTE:
        return &camera->zoom;
    case V4L2_CID_PAN_SPEED:
        return &camera->pan_speed;
    default:
        return &other;
    }
}

static int play(struct camera *camera, unsigned long request, void *argument)
{
    if (camera->is_gone)
        return -ENODEV;
    if (request == VIDIOC_QUERYCAP) {
        struct v4l2_capability *capability = argument;
        g_strlcpy((char *)capability->card, "Posed camera", sizeof(capability->card));
        capability->device_caps =
                camera->is_metadata ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE;
        return 0;
    }
    if (camera->error && camera->burst) {
        camera->burst -= camera->burst != UINT_MAX;
        return camera->error;
    }
    if (request == VIDIOC_QUERY_EXT_CTRL) {
        struct v4l2_query_ext_ctrl *query = argument;
        if (query->id == V4L2_CID_ZOOM_CONTINUOUS)
            return -EINVAL; // this camera has none
        query->minimum = -8;
        query->maximum = 8;
        return 0;
    }
    struct v4l2_ext_controls *controls = argument;
    for (unsigned i = 0; i < controls->count; i++) {
        struct v4l2_ext_control *control = &controls->controls[i];
        int32_t *cell = cell_of(camera, control->id);
        if (request == VIDIOC_G_EXT_CTRLS)
            control->value = *cell;
        else if (control->id == V4L2_CID_ZOOM_ABSOLUTE && control->value > 500)
            return -ERANGE;
        else
            *cell = control->value;
    }
    return 0;
}

static int camera_ioctl(void *context, int fd, unsigned long request, void *argument)
{
    struct camera *camera = context;
    assert_int_equal(fd, 7);
    g_mutex_lock(&camera->mutex);
    int rc = play(camera, request, argument);
    g_mutex_unlock(&camera->mutex);
    return rc;
}

static int camera_open(void *context, const char *path)
{
    struct camera *camera = context;
    (void)path;
    g_mutex_lock(&camera->mutex);
    camera->opens++;
    int rc = camera->is_gone ? -ENOENT : 7;
    g_mutex_unlock(&camera->mutex);
    return rc;
}

static void camera_close(void *context, int fd)
{
    (void)context;
    (void)fd;
}

static void plug(struct bench *bench)
{
    struct hw_device_config config = {
        .id = "camera",
        .driver = &hw_uvc,
        .link = hw_link_uvc_new(bench->loop, &bench->system, "/dev/video0", bench->presets),
        .clock = bench->clock,
    };
    bench->device = hw_device_new(&config);
    hw_device_start(bench->device);
}

static int setup(void **state)
{
    struct bench *bench = g_new0(struct bench, 1);
    bench->loop = loop_new_main();
    bench->clock = hw_clock_loop_new(bench->loop);
    g_mutex_init(&bench->camera.mutex);
    bench->system = (struct uvc_system){ camera_open, camera_close, camera_ioctl, &bench->camera };
    int fd = g_file_open_tmp("presets-XXXXXX", &bench->presets, NULL);
    assert_true(fd >= 0);
    close(fd);
    plug(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    hw_device_free(bench->device);
    hw_clock_loop_free(bench->clock);
    loop_free(bench->loop);
    unlink(bench->presets);
    g_free(bench->presets);
    g_mutex_clear(&bench->camera.mutex);
    g_free(bench);
    return 0;
}

static struct hw_report report_of(const struct bench *bench)
{
    struct hw_report report;
    hw_device_report(bench->device, &report);
    return report;
}

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

#define WAIT_FOR(bench, condition) \
    do { \
        int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000; \
        GSource *tick = loop_add_timer((bench)->loop, 5, wake, NULL); \
        while (!(condition) && g_get_monotonic_time() < until_us) \
            g_main_context_iteration(loop_context((bench)->loop), TRUE); \
        loop_clear_source(&tick); \
        assert_true(condition); \
    } while (0)

struct ends {
    unsigned count;
    enum hw_result last;
};

static void note_end(void *context, enum hw_result result)
{
    struct ends *ends = context;
    ends->count++;
    ends->last = result;
}

static enum hw_result ask(struct bench *bench, struct hw_command command)
{
    struct ends ends = { 0 };
    WAIT_FOR(bench, report_of(bench).link == HW_LINK_UP);
    hw_device_submit(bench->device, &command, note_end, &ends);
    WAIT_FOR(bench, ends.count == 1);
    return ends.last;
}

static void set_fault(struct bench *bench, int error, unsigned burst, bool is_gone)
{
    g_mutex_lock(&bench->camera.mutex);
    bench->camera.error = error;
    bench->camera.burst = burst;
    bench->camera.is_gone = is_gone;
    g_mutex_unlock(&bench->camera.mutex);
}

static void keeps_presets_for_a_camera_that_has_none(void **state)
{
    struct bench *bench = *state;
    WAIT_FOR(bench, report_of(bench).link == HW_LINK_UP);
    assert_string_equal(report_of(bench).model, "Posed camera");
    g_mutex_lock(&bench->camera.mutex);
    bench->camera.pan = 36000;
    bench->camera.tilt = -7200;
    bench->camera.zoom = 120;
    g_mutex_unlock(&bench->camera.mutex);
    assert_int_equal(ask(bench, (struct hw_command){ .verb = HW_STORE, .value = 3 }), HW_OK);
    assert_int_equal(ask(bench, (struct hw_command){ .verb = HW_HOME }), HW_OK);
    assert_int_equal(bench->camera.pan, 0);
    // The box was started anew: the file has them.
    hw_device_free(bench->device);
    plug(bench);
    assert_int_equal(
            ask(bench, (struct hw_command){ .verb = HW_SET, .field = HW_PRESET, .value = 3 }),
            HW_OK);
    assert_int_equal(bench->camera.pan, 36000);
    assert_int_equal(bench->camera.zoom, 120);
    assert_int_equal(report_of(bench).actual[HW_PRESET].quality, HW_CONFIRMED);
    assert_int_equal(
            ask(bench, (struct hw_command){ .verb = HW_SET, .field = HW_PRESET, .value = 9 }),
            HW_BAD_VALUE);
}

static void drives_and_stops(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(ask(bench, (struct hw_command){ .verb = HW_DRIVE, .pan = 50 }), HW_OK);
    assert_int_equal(bench->camera.pan_speed, 4);
    WAIT_FOR(bench, bench->camera.pan_speed == 0); // nobody renewed it
    assert_int_equal(
            ask(bench, (struct hw_command){ .verb = HW_DRIVE_ZOOM, .zoom = 50 }), HW_UNSUPPORTED);
}

static void outlasts_a_burst_of_errors_and_names_one_that_stays(void **state)
{
    struct bench *bench = *state;
    const struct hw_command zoom = { .verb = HW_SET, .field = HW_ZOOM, .value = 77 };
    WAIT_FOR(bench, report_of(bench).link == HW_LINK_UP);
    set_fault(bench, -EIO, 3, false);
    assert_int_equal(ask(bench, zoom), HW_OK);
    set_fault(bench, -EBUSY, UINT_MAX, false);
    assert_int_equal(
            ask(bench, (struct hw_command){ .verb = HW_SET, .field = HW_ZOOM, .value = 5 }),
            HW_BUSY);
    set_fault(bench, 0, 0, false);
    assert_int_equal(
            ask(bench, (struct hw_command){ .verb = HW_SET, .field = HW_ZOOM, .value = 501 }),
            HW_BAD_VALUE);
}

static void notices_the_plug_and_sets_again_after_it(void **state)
{
    struct bench *bench = *state;
    hw_device_desire(bench->device, HW_ZOOM, 42);
    WAIT_FOR(bench, report_of(bench).wishes[HW_ZOOM].state == HW_WISH_REACHED);
    set_fault(bench, 0, 0, true);
    WAIT_FOR(bench, report_of(bench).fault == HW_OFFLINE);
    assert_int_equal(report_of(bench).actual[HW_ZOOM].quality, HW_STALE);
    g_mutex_lock(&bench->camera.mutex);
    bench->camera.zoom = 0;
    bench->camera.is_gone = false;
    g_mutex_unlock(&bench->camera.mutex);
    WAIT_FOR(bench, report_of(bench).wishes[HW_ZOOM].state == HW_WISH_REACHED);
    assert_int_equal(bench->camera.zoom, 42);
}

static void refuses_the_node_that_moves_nothing(void **state)
{
    struct bench *bench = *state;
    hw_device_free(bench->device);
    bench->camera.is_metadata = true;
    plug(bench);
    WAIT_FOR(bench, report_of(bench).fault == HW_MISCONFIGURED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_presets_for_a_camera_that_has_none, setup, teardown),
        cmocka_unit_test_setup_teardown(drives_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(
                outlasts_a_burst_of_errors_and_names_one_that_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(notices_the_plug_and_sets_again_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_the_node_that_moves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
