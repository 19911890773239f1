// SPDX-License-Identifier: Apache-2.0
// The engine's inside, shared by hw/device*.c and nobody else: one device, and what each file does
// to it.
#pragma once

#include "hw/device.h"

enum { RECONCILE_MS = 60000 };

enum priority { PRIORITY_POLL, PRIORITY_DESIRED, PRIORITY_ASKED, PRIORITY_LIVE };

struct wish {
    struct hw_wish seen;
    uint32_t request; // what is under way for it; 0: nothing
};

struct hw_device {
    char *id;
    const struct hw_driver *driver;
    void *driver_state;
    struct hw_link *link;
    struct hw_clock *clock;
    struct hw_options options;
    void (*changed)(void *context, struct hw_device *device);
    void *context;

    enum hw_link_state state;
    int64_t state_since_ms;
    int64_t opened_ms;
    int64_t up_ms;
    int64_t reopen_ms; // 0: not waiting
    unsigned failures; // to connect or to stay, in a row
    enum hw_result fault;
    enum hw_field fault_field; // whose read or set brought the fault; HW_FIELD_COUNT: the link
    unsigned misses;
    int64_t last_contact_ms;
    char model[64];
    char last_model[64]; // of the device that was there before; "": none was

    struct hw_value actual[HW_FIELD_COUNT];
    bool is_unreadable[HW_FIELD_COUNT];  // the device said so
    int64_t read_ms[HW_FIELD_COUNT];     // when a read last ended well
    uint32_t newest_set[HW_FIELD_COUNT]; // an older set is neither verified nor retried
    struct wish wishes[HW_FIELD_COUNT];
    struct hw_counters counters;

    GPtrArray *queue;     // struct hw_request, owned
    GPtrArray *in_flight; // struct hw_request, owned, oldest first
    uint32_t last_id;
    uint32_t ending_id; // whose `done` is being called

    int64_t drive_until_ms; // 0: stands still
    int64_t zoom_until_ms;
    bool stop_owed; // a camera that may move was lost, or never met: stop comes first
    bool stop_zoom_owed;

    int64_t next_poll_ms;
    int64_t next_inventory_ms; // 0: never
    int64_t next_reconcile_ms;
    size_t poll_at;

    struct hw_timer timer;
    unsigned depth; // calls into the device that are under way
    int send_error;
    bool is_restarted; // the driver saw it
    bool is_changed;
    bool is_closing;
};

static inline int64_t device_now(const struct hw_device *device)
{
    return device->clock->now_ms(device->clock);
}

static inline unsigned device_jitter(struct hw_device *device, unsigned ms)
{
    return ms ? device->clock->random(device->clock) % ms : 0;
}

static inline bool device_request_is_stop(const struct hw_request *request)
{
    return request->command.verb == HW_STOP || request->command.verb == HW_STOP_ZOOM;
}

// --- abilities.c --------------------------------------------------------------------------------

// NULL: unsupported.
hw_start_fn *abilities_find_start(
        const struct hw_driver *driver, enum hw_verb verb, enum hw_field field);

// --- device.c -----------------------------------------------------------------------------------

// Each way in is bracketed by these; what follows from it is done once, on the way out.
void device_enter(struct hw_device *device);
void device_leave(struct hw_device *device);

// --- device_request.c ---------------------------------------------------------------------------

// Ends it for good. The one place where `done` is called.
void device_request_complete(
        struct hw_device *device, struct hw_request *request, enum hw_result result);
// Hands it to the driver, which may have ended it when this returns.
void device_request_start(struct hw_device *device, struct hw_request *request);
// The driver reads, and the device has not said that it has no such thing.
bool device_request_can_read(const struct hw_device *device, enum hw_field field);
// An attempt has ended: verify, try again, or end the request.
void device_request_finish(
        struct hw_device *device, struct hw_request *request, enum hw_result result);

// --- device_queue.c -----------------------------------------------------------------------------

// Everything queued or in flight.
void device_queue_end_all(struct hw_device *device, enum hw_result result);
// May end it before it returns; gives its number, which is the next one.
uint32_t device_queue_submit(struct hw_device *device, const struct hw_command *command,
        enum priority priority, hw_done_fn *done, void *context);
// Something was sent that the device has neither taken nor refused yet.
bool device_queue_is_waiting(const struct hw_device *device);
// The most urgent of what may start now, the older of equals; NULL if none.
struct hw_request *device_queue_take_next(struct hw_device *device);

// --- device_wishes.c ----------------------------------------------------------------------------

// Does what it takes to have a field as it is wished: reads it first, or believes what is known.
void device_wishes_pursue(struct hw_device *device, enum hw_field field, bool read_first);
// All wishes, when a minute has passed or the device was doubted.
void device_wishes_reconcile(struct hw_device *device);

// --- device_link.c ------------------------------------------------------------------------------

void device_link_listen(struct hw_device *device);
void device_link_open(struct hw_device *device);
// Before it is closed for good: what moves is stopped, as far as one message can.
void device_link_part(struct hw_device *device);
// Closed, with the fault that it is shown with; opened again later.
void device_link_go_down(struct hw_device *device, enum hw_result fault);
// Finds the fault that an error of the link means, and goes down with it.
void device_link_lost(struct hw_device *device, int error);
// The link held, but the device behind it began anew.
void device_link_begin_anew(struct hw_device *device);

// --- device_timer.c -----------------------------------------------------------------------------

void device_timer_fired(void *context);
// For the earliest of what the device waits for.
void device_timer_arm(struct hw_device *device);
