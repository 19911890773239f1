// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/by_hand.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/log.h"
#include "room-agent/core/metrics.h"

#define LOG_TOPIC "by_hand"

#define PRESSES 16 // of all technicians, the latest

struct press {
    char by[33];
    char device[33];
    int64_t number; // 0: none
    bool is_stopped;
};

struct by_hand {
    struct loop *loop;
    struct devices *devices;
    by_hand_answer_fn *answer;
    void *context;
    struct press presses[PRESSES];
    unsigned next_press;
};

struct order {
    struct by_hand *by_hand;
    char drive_id[49];
    GSource *patience; // NULL: answered
};

struct by_hand *by_hand_new(
        struct loop *loop, struct devices *devices, by_hand_answer_fn *answer, void *context)
{
    struct by_hand *by_hand = g_new0(struct by_hand, 1);
    by_hand->loop = loop;
    by_hand->devices = devices;
    by_hand->answer = answer;
    by_hand->context = context;
    return by_hand;
}

void by_hand_free(struct by_hand *by_hand)
{
    g_free(by_hand);
}

// In the words of hw_command_parse() (g_free); NULL: a value is missing.
static char *order_of(const struct message_room_driven *driven)
{
    bool has_value = driven->has_value;
    switch (driven->op) {
    case DRIVE_OP_DRIVE:
        if (!driven->has_pan && !driven->has_tilt)
            return NULL;
        return g_strdup_printf("drive %" PRId64 " %" PRId64, driven->pan, driven->tilt);
    case DRIVE_OP_ZOOM:
        return driven->has_zoom ? g_strdup_printf("zoom %" PRId64, driven->zoom) : NULL;
    case DRIVE_OP_STOP:
        return g_strdup("stop");
    case DRIVE_OP_HOME:
        return g_strdup("home");
    case DRIVE_OP_RECALL:
        return has_value ? g_strdup_printf("preset %" PRId64, driven->value) : NULL;
    case DRIVE_OP_STORE:
        return has_value ? g_strdup_printf("store %" PRId64, driven->value) : NULL;
    case DRIVE_OP_BRIGHTNESS:
        return has_value ? g_strdup_printf("brightness %" PRId64, driven->value) : NULL;
    case DRIVE_OP_BLANK:
        return has_value ? g_strdup(driven->value ? "blank on" : "blank off") : NULL;
    default:
        return NULL;
    }
}

// --- presses -----------------------------------------------------------------------------------

static struct press *press_of(struct by_hand *by_hand, const struct message_room_driven *driven)
{
    for (unsigned i = 0; i < PRESSES; i++) {
        struct press *press = &by_hand->presses[i];
        if (press->number == driven->press && strcmp(press->by, driven->by) == 0 &&
                strcmp(press->device, driven->device) == 0)
            return press;
    }
    struct press *press = &by_hand->presses[by_hand->next_press++ % PRESSES];
    *press = (struct press){ .number = driven->press };
    g_strlcpy(press->by, driven->by, sizeof(press->by));
    g_strlcpy(press->device, driven->device, sizeof(press->device));
    return press;
}

static void stop_presses(struct by_hand *by_hand, const char *device)
{
    for (unsigned i = 0; i < PRESSES; i++)
        if (strcmp(by_hand->presses[i].device, device) == 0)
            by_hand->presses[i].is_stopped = true;
}

static bool is_stopped(struct by_hand *by_hand, const struct message_room_driven *driven)
{
    bool is_held = driven->op == DRIVE_OP_DRIVE || driven->op == DRIVE_OP_ZOOM;
    return is_held && driven->has_press && press_of(by_hand, driven)->is_stopped;
}

// --- orders ------------------------------------------------------------------------------------

static void answer(const struct by_hand *by_hand, const char *drive_id, bool done, const char *code)
{
    g_autofree struct message_room_answer *out = g_new0(struct message_room_answer, 1);
    g_strlcpy(out->drive_id, drive_id, sizeof(out->drive_id));
    out->done = done;
    out->has_error = code != NULL;
    if (code) {
        metric_add(&room_drives_failed_total, 1);
        g_strlcpy(out->error.code, code, sizeof(out->error.code));
    }
    by_hand->answer(by_hand->context, out);
}

static gboolean patience_over(gpointer context)
{
    struct order *order = context;
    loop_clear_source(&order->patience);
    answer(order->by_hand, order->drive_id, false, NULL);
    return G_SOURCE_REMOVE;
}

static void order_done(void *context, enum hw_result result)
{
    g_autofree struct order *order = context;
    if (!order->patience)
        return;
    loop_clear_source(&order->patience);
    g_autofree char *code = g_strdup_printf("device.%s", hw_result_name(result));
    answer(order->by_hand, order->drive_id, result == HW_OK, result == HW_OK ? NULL : code);
}

void by_hand_take(struct by_hand *by_hand, const struct message_room_driven *driven)
{
    metric_add(&room_drives_total, 1);
    if (is_stopped(by_hand, driven)) {
        answer(by_hand, driven->drive_id, false, "device.stopped");
        return;
    }
    if (driven->op == DRIVE_OP_STOP)
        stop_presses(by_hand, driven->device);
    g_autofree char *text = order_of(driven);
    struct order *order = g_new0(struct order, 1);
    order->by_hand = by_hand;
    g_strlcpy(order->drive_id, driven->drive_id, sizeof(order->drive_id));
    order->patience = loop_add_timer(by_hand->loop, BY_HAND_PATIENCE_MS, patience_over, order);
    int rc = text ? devices_drive(by_hand->devices, driven->device, text, order_done, order)
                  : -EINVAL;
    if (rc == 0)
        return; // and `order` is its own
    loop_clear_source(&order->patience);
    g_free(order);
    answer(by_hand, driven->drive_id, false, rc == -ENOENT ? "device.unknown" : "device.bad_value");
}
