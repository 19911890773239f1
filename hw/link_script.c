// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "hw/link.h"

struct script_link {
    struct hw_link link; // first
    GPtrArray *sent;
    int open_result;
    unsigned opens;
    bool is_open;
    bool is_up;
};

static int script_open(struct hw_link *link)
{
    struct script_link *self = (struct script_link *)link;
    self->opens++;
    if (self->open_result < 0 && self->open_result != -EINPROGRESS)
        return self->open_result;
    self->is_open = true;
    if (self->open_result == 0)
        hw_link_script_up(link);
    return 0;
}

static void script_close(struct hw_link *link)
{
    struct script_link *self = (struct script_link *)link;
    self->is_open = false;
    self->is_up = false;
}

static int script_send(struct hw_link *link, const void *data, size_t size)
{
    struct script_link *self = (struct script_link *)link;
    if (!self->is_up)
        return -ENOTCONN;
    g_ptr_array_add(self->sent, g_bytes_new(data, size));
    return 0;
}

static void script_free(struct hw_link *link)
{
    struct script_link *self = (struct script_link *)link;
    g_ptr_array_unref(self->sent);
    g_free(self);
}

static const struct hw_link_class script_class = {
    .open = script_open,
    .close = script_close,
    .send = script_send,
    .free = script_free,
};

static GPtrArray *new_sent(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

struct hw_link *hw_link_script_new(bool is_datagram)
{
    struct script_link *self = g_new0(struct script_link, 1);
    self->link.class = &script_class;
    self->link.is_datagram = is_datagram;
    self->sent = new_sent();
    return &self->link;
}

void hw_link_script_on_open(struct hw_link *link, int result)
{
    ((struct script_link *)link)->open_result = result;
}

void hw_link_script_up(struct hw_link *link)
{
    ((struct script_link *)link)->is_up = true;
    link->listener.up(link->listener.context);
}

void hw_link_script_down(struct hw_link *link, int error)
{
    script_close(link);
    link->listener.down(link->listener.context, error);
}

void hw_link_script_receive(struct hw_link *link, const void *data, size_t size)
{
    link->listener.received(link->listener.context, data, size);
}

GPtrArray *hw_link_script_take_sent(struct hw_link *link)
{
    struct script_link *self = (struct script_link *)link;
    GPtrArray *sent = self->sent;
    self->sent = new_sent();
    return sent;
}

GPtrArray *hw_link_script_hold_sent(struct hw_link *link)
{
    return g_ptr_array_ref(((struct script_link *)link)->sent);
}

unsigned hw_link_script_opens(const struct hw_link *link)
{
    return ((const struct script_link *)link)->opens;
}
