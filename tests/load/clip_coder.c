// SPDX-License-Identifier: Apache-2.0
#include "tests/load/clip_coder.h"

#include <stdatomic.h>

enum order_state { ORDER_WAITS, ORDER_DONE, ORDER_FAILED };

struct clip_coder {
    struct clip_picture picture;
    GThreadPool *thread;
};

struct clip_order {
    atomic_int references; // of who ordered and of the thread
    atomic_int state;      // enum order_state
    unsigned mark;
    char *name;
    struct clip clip;
};

static void unref(struct clip_order *order)
{
    if (atomic_fetch_sub(&order->references, 1) > 1)
        return;
    clip_close(&order->clip);
    g_free(order->name);
    g_free(order);
}

static void code(gpointer data, gpointer user)
{
    const struct clip_coder *coder = user;
    struct clip_order *order = data;
    const int rc = clip_open_picture(&coder->picture, order->mark, order->name, &order->clip);
    atomic_store(&order->state, rc < 0 ? ORDER_FAILED : ORDER_DONE);
    unref(order);
}

struct clip_coder *clip_coder_new(const struct clip_picture *picture)
{
    struct clip_coder *coder = g_new0(struct clip_coder, 1);
    coder->picture = *picture;
    coder->thread = g_thread_pool_new(code, coder, 1, TRUE, NULL);
    return coder;
}

void clip_coder_free(struct clip_coder *coder)
{
    if (!coder)
        return;
    g_thread_pool_free(coder->thread, FALSE, TRUE);
    g_free(coder);
}

struct clip_order *clip_order_new(struct clip_coder *coder, unsigned mark, const char *name)
{
    struct clip_order *order = g_new0(struct clip_order, 1);
    atomic_init(&order->references, 2);
    atomic_init(&order->state, ORDER_WAITS);
    order->mark = mark;
    order->name = g_strdup(name);
    g_thread_pool_push(coder->thread, order, NULL);
    return order;
}

void clip_order_free(struct clip_order *order)
{
    if (order)
        unref(order);
}

const struct clip *clip_order_look(struct clip_order *order)
{
    return atomic_load(&order->state) == ORDER_DONE ? &order->clip : NULL;
}
