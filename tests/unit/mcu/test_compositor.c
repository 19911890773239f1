// SPDX-License-Identifier: Apache-2.0
// The compositor's thread with a real encoder behind it: what is drawn, and above all what is not.
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/media/media.h"
#include "mcu/compositor.h"
#include "mcu/metrics.h"
#include "mcu/ticker.h"

#include <cmocka.h>

#define CANVAS    7
#define WIDTH     640
#define HEIGHT    360
#define TILES     2
#define WITHIN_US (20 * G_USEC_PER_SEC)

struct fixture {
    struct compositor *compositor;
    struct tier *tier;
    int wake_fd;
    struct tile_source *sources[TILES];
    struct picture *picture;
    int64_t drawn; // before the test
};

static int64_t drawn(const struct fixture *fixture)
{
    return metric_get(&mcu_canvas_tiles_drawn_total) - fixture->drawn;
}

// Some deadlines pass.
static void let_it_tick(int64_t count)
{
    const int64_t until = metric_get(&mcu_canvas_ticks_total) + count;
    const int64_t deadline_us = g_get_monotonic_time() + WITHIN_US;
    while (metric_get(&mcu_canvas_ticks_total) < until) {
        assert_true(g_get_monotonic_time() < deadline_us);
        g_usleep(2000);
    }
}

static void give(struct fixture *fixture, int tile)
{
    tile_source_put(fixture->sources[tile], fixture->picture, ticker_now_us());
}

static void take_stage(struct fixture *fixture)
{
    struct layout_rect rects[LAYOUT_TILES_MAX];
    struct stage *stage = stage_new();
    stage->count = layout_place(LAYOUT_GRID, TILES, WIDTH, HEIGHT, rects);
    for (int i = 0; i < TILES; i++) {
        struct stage_tile *tile = &stage->tiles[i];
        tile->rect = rects[i];
        tile->source = tile_source_ref(fixture->sources[i]);
        tile_source_set_size(tile->source, rects[i].width, rects[i].height);
        tile->placeholder =
                banner_new(BANNER_PLACEHOLDER, rects[i].width, rects[i].height, "Xã Ia Blang", "");
        tile->stalled = banner_new(BANNER_STALLED, rects[i].width, rects[i].height, "…", NULL);
    }
    compositor_take_stage(fixture->compositor, CANVAS, stage);
}

static int begin(void **state)
{
    static struct fixture fixture;
    const char *missing = NULL;
    memset(&fixture, 0, sizeof(fixture));
    assert_int_equal(media_init(NULL, &missing), 0);
    fixture.drawn = metric_get(&mcu_canvas_tiles_drawn_total);
    fixture.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    fixture.picture = picture_new(WIDTH, HEIGHT);
    for (int i = 0; i < TILES; i++)
        fixture.sources[i] = tile_source_new();
    const struct tier_config config = {
        .canvas = CANVAS,
        .id = 1,
        .canvas_width = WIDTH,
        .canvas_height = HEIGHT,
        .shape = tier_step_shape(TIER_360P, WIDTH, HEIGHT, 25, 400),
        .net_count = 1,
        .net_wake_fds = { fixture.wake_fd },
    };
    assert_int_equal(tier_open(&config, &fixture.tier), 0);
    assert_int_equal(compositor_open(25, &fixture.compositor), 0);
    compositor_add_canvas(fixture.compositor, CANVAS, WIDTH, HEIGHT, 25);
    take_stage(&fixture);
    compositor_add_tier(fixture.compositor, fixture.tier);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    compositor_remove_tier(fixture->compositor, fixture->tier);
    compositor_close(fixture->compositor);
    tier_close(fixture->tier);
    for (int i = 0; i < TILES; i++)
        tile_source_unref(fixture->sources[i]);
    picture_free(fixture->picture);
    close(fixture->wake_fd);
    return 0;
}

static void what_did_not_change_is_not_drawn_again(void **state)
{
    struct fixture *fixture = *state;
    let_it_tick(3);
    assert_int_equal(drawn(fixture), TILES); // the placeholders, once
    let_it_tick(10);
    assert_int_equal(drawn(fixture), TILES);
    give(fixture, 0);
    let_it_tick(10);
    assert_int_equal(drawn(fixture), TILES + 1);
}

static void a_room_that_stands_still_costs_the_others_nothing(void **state)
{
    struct fixture *fixture = *state;
    give(fixture, 0);
    give(fixture, 1);
    let_it_tick(3);
    const int64_t before = drawn(fixture);
    for (int i = 0; i < 5; i++) {
        give(fixture, 1);
        let_it_tick(2);
    }
    assert_int_equal(drawn(fixture) - before, 5); // the other one is as it was
}

static void pictures_faster_than_the_canvas_are_drawn_once_a_deadline(void **state)
{
    struct fixture *fixture = *state;
    let_it_tick(2);
    const int64_t before = drawn(fixture), ticks = metric_get(&mcu_canvas_ticks_total);
    for (int i = 0; i < 100; i++) {
        give(fixture, 0);
        g_usleep(2000);
    }
    let_it_tick(2);
    assert_true(drawn(fixture) - before <= metric_get(&mcu_canvas_ticks_total) - ticks);
}

static void another_arrangement_draws_each_tile_once(void **state)
{
    struct fixture *fixture = *state;
    give(fixture, 0);
    give(fixture, 1);
    let_it_tick(3);
    const int64_t before = drawn(fixture);
    take_stage(fixture);
    let_it_tick(5);
    assert_int_equal(drawn(fixture) - before, TILES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_did_not_change_is_not_drawn_again, begin, end),
        cmocka_unit_test_setup_teardown(
                a_room_that_stands_still_costs_the_others_nothing, begin, end),
        cmocka_unit_test_setup_teardown(
                pictures_faster_than_the_canvas_are_drawn_once_a_deadline, begin, end),
        cmocka_unit_test_setup_teardown(another_arrangement_draws_each_tile_once, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
