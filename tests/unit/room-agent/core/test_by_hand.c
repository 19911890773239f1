// SPDX-License-Identifier: Apache-2.0
// Orders of technicians. This file stands in for room-agent/core/devices.c: the test is the
// devices.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <string.h>

#include "room-agent/core/by_hand.h"

#include <cmocka.h>

#define DEADLINE_MS 5000

// --- the devices -------------------------------------------------------------------------------

struct devices {
    GPtrArray *orders; // "camera drive 50 -20", in turn
    hw_done_fn *done;  // of the last one
    void *context;
};

int devices_drive(
        struct devices *devices, const char *id, const char *order, hw_done_fn *done, void *context)
{
    struct hw_command command;
    if (strcmp(id, "camera") != 0 && strcmp(id, "led") != 0)
        return -ENOENT;
    if (!hw_command_parse(order, &command))
        return -EINVAL;
    g_ptr_array_add(devices->orders, g_strdup_printf("%s %s", id, order));
    devices->done = done;
    devices->context = context;
    return 0;
}

static void end(struct devices *devices, enum hw_result result)
{
    assert_non_null(devices->done);
    hw_done_fn *done = devices->done;
    devices->done = NULL;
    done(devices->context, result);
}

// --- the room ----------------------------------------------------------------------------------

struct room {
    struct loop *loop;
    struct devices devices;
    struct by_hand *by_hand;
    struct message_room_answer answer; // the last one
    unsigned answers;
};

static void note_answer(void *context, const struct message_room_answer *answer)
{
    struct room *room = context;
    room->answer = *answer;
    room->answers++;
}

static int setup(void **state)
{
    struct room *room = g_new0(struct room, 1);
    room->loop = loop_new_main();
    room->devices.orders = g_ptr_array_new_with_free_func(g_free);
    room->by_hand = by_hand_new(room->loop, &room->devices, note_answer, room);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    struct room *room = *state;
    if (room->devices.done)
        end(&room->devices, HW_CANCELLED); // as freeing the devices does
    by_hand_free(room->by_hand);
    g_ptr_array_unref(room->devices.orders);
    loop_free(room->loop);
    g_free(room);
    return 0;
}

static struct message_room_driven driven(enum drive_op op)
{
    return (struct message_room_driven){ .drive_id = "d-1",
        .by = "tech-1",
        .has_device = true,
        .device = "camera",
        .has_op = true,
        .op = op };
}

static struct message_room_driven drive(const char *by, int64_t press)
{
    struct message_room_driven order = driven(DRIVE_OP_DRIVE);
    g_strlcpy(order.by, by, sizeof(order.by));
    order.has_pan = order.has_tilt = order.has_press = true;
    order.pan = 50;
    order.tilt = -20;
    order.press = press;
    return order;
}

static void give(struct room *room, struct message_room_driven order)
{
    by_hand_take(room->by_hand, &order);
}

static void assert_last_order(const struct room *room, const char *expected)
{
    assert_true(room->devices.orders->len > 0);
    assert_string_equal(
            g_ptr_array_index(room->devices.orders, room->devices.orders->len - 1), expected);
}

// --- tests -------------------------------------------------------------------------------------

static void says_every_order_in_the_engines_words(void **state)
{
    struct room *room = *state;
    static const struct {
        enum drive_op op;
        int64_t value;
        const char *order;
    } orders[] = {
        { DRIVE_OP_STOP, 0, "camera stop" },
        { DRIVE_OP_HOME, 0, "camera home" },
        { DRIVE_OP_RECALL, 3, "camera preset 3" },
        { DRIVE_OP_STORE, 4, "camera store 4" },
        { DRIVE_OP_BRIGHTNESS, 70, "camera brightness 70" },
        { DRIVE_OP_BLANK, 1, "camera blank on" },
        { DRIVE_OP_BLANK, 0, "camera blank off" },
    };
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct message_room_driven order = driven(orders[i].op);
        order.has_value = true;
        order.value = orders[i].value;
        give(room, order);
        assert_last_order(room, orders[i].order);
        end(&room->devices, HW_OK);
        assert_true(room->answer.done);
        assert_int_equal(room->answers, i + 1);
    }
    give(room, drive("tech-1", 1));
    assert_last_order(room, "camera drive 50 -20");
}

static void answers_once_with_what_the_device_found(void **state)
{
    struct room *room = *state;
    give(room, driven(DRIVE_OP_HOME));
    assert_int_equal(room->answers, 0);
    end(&room->devices, HW_LOCKED);
    assert_int_equal(room->answers, 1);
    assert_string_equal(room->answer.drive_id, "d-1");
    assert_false(room->answer.done);
    assert_string_equal(room->answer.error.code, "device.locked");
}

static void refuses_what_is_not_there_and_what_lacks_its_value(void **state)
{
    struct room *room = *state;
    struct message_room_driven lamp = driven(DRIVE_OP_HOME);
    g_strlcpy(lamp.device, "lamp", sizeof(lamp.device));
    give(room, lamp);
    assert_string_equal(room->answer.error.code, "device.unknown");
    static const enum drive_op without[] = { DRIVE_OP_RECALL, DRIVE_OP_STORE, DRIVE_OP_BRIGHTNESS,
        DRIVE_OP_BLANK, DRIVE_OP_ZOOM, DRIVE_OP_DRIVE };
    for (size_t i = 0; i < COUNT_OF(without); i++) {
        give(room, driven(without[i]));
        assert_string_equal(room->answer.error.code, "device.bad_value");
    }
    assert_int_equal(room->answers, 1 + COUNT_OF(without));
    assert_int_equal(room->devices.orders->len, 0);
}

static void ends_what_is_held_by_the_stop_of_anybody(void **state)
{
    struct room *room = *state;
    give(room, drive("tech-1", 7));
    end(&room->devices, HW_OK);
    struct message_room_driven stop = driven(DRIVE_OP_STOP);
    g_strlcpy(stop.by, "tech-2", sizeof(stop.by));
    give(room, stop);
    assert_last_order(room, "camera stop");
    end(&room->devices, HW_OK);

    give(room, drive("tech-1", 7)); // the renewal of who still holds
    assert_string_equal(room->answer.error.code, "device.stopped");
    assert_last_order(room, "camera stop");
    give(room, drive("tech-1", 8)); // let go, pressed again
    assert_last_order(room, "camera drive 50 -20");
}

static void keeps_what_is_held_on_another_device(void **state)
{
    struct room *room = *state;
    struct message_room_driven other = drive("tech-1", 7);
    g_strlcpy(other.device, "led", sizeof(other.device));
    give(room, other);
    end(&room->devices, HW_OK);
    give(room, driven(DRIVE_OP_STOP));
    end(&room->devices, HW_OK);
    give(room, other);
    assert_last_order(room, "led drive 50 -20");
}

static gboolean wake(gpointer data)
{
    (void)data;
    return G_SOURCE_CONTINUE;
}

static void answers_before_a_slow_device_and_not_again_after(void **state)
{
    struct room *room = *state;
    give(room, driven(DRIVE_OP_HOME));
    int64_t until_us = g_get_monotonic_time() + DEADLINE_MS * 1000;
    GSource *tick = loop_add_timer(room->loop, 5, wake, NULL);
    while (!room->answers && g_get_monotonic_time() < until_us)
        g_main_context_iteration(loop_context(room->loop), TRUE);
    loop_clear_source(&tick);
    assert_int_equal(room->answers, 1);
    assert_false(room->answer.done); // it still works on it
    assert_false(room->answer.has_error);
    end(&room->devices, HW_OK);
    assert_int_equal(room->answers, 1);
}

#define BY_HAND_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BY_HAND_TEST(says_every_order_in_the_engines_words),
        BY_HAND_TEST(answers_once_with_what_the_device_found),
        BY_HAND_TEST(refuses_what_is_not_there_and_what_lacks_its_value),
        BY_HAND_TEST(ends_what_is_held_by_the_stop_of_anybody),
        BY_HAND_TEST(keeps_what_is_held_on_another_device),
        BY_HAND_TEST(answers_before_a_slow_device_and_not_again_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
