// SPDX-License-Identifier: Apache-2.0
// One device: the engine above its driver. Keeps the link up, asks one thing at a time by priority
// (a newer request of the same name replaces a queued one), retries by the class of the error, and
// holds desired state against actual: on link-up and every 60 s what differs is set again.
// Everything happens on the owner's loop; nothing blocks.
#pragma once

#include "hw/clock.h"
#include "hw/driver.h"
#include "hw/link.h"

struct hw_device;

struct hw_device_config {
    const char *id; // "camera"; copied
    const struct hw_driver *driver;
    struct hw_link *link;   // becomes the device's
    struct hw_clock *clock; // lent
    struct hw_options options;
    // Something of the report changed. Never from within a call into the device.
    void (*changed)(void *context, struct hw_device *device);
    void *context;
};

struct hw_device *hw_device_new(const struct hw_device_config *config);
// Opens the link; the device keeps trying from now on.
void hw_device_start(struct hw_device *device);
// Ends every open request with HW_CANCELLED. Not from within its callbacks. NULL is fine.
void hw_device_free(struct hw_device *device);

const char *hw_device_id(const struct hw_device *device);
// Whether the driver has a function for it. HW_SET and HW_READ look at the field.
bool hw_driver_can(const struct hw_driver *driver, enum hw_verb verb, enum hw_field field);
// The first words of the orders that it takes, " " between: "power preset drive stop".
void hw_driver_orders(const struct hw_driver *driver, char *out, size_t size);

// Asks once. `done` (may be NULL) is called exactly once, perhaps before this returns. Gives the
// request's number.
uint32_t hw_device_submit(
        struct hw_device *device, const struct hw_command *asked, hw_done_fn *done, void *context);

// Wants a field to have a value from now on, through restarts of the device and the link.
void hw_device_desire(struct hw_device *device, enum hw_field field, int64_t value);

enum hw_wish_state { HW_WISH_NONE, HW_WISH_PENDING, HW_WISH_REACHED, HW_WISH_FAILED };

struct hw_wish {
    enum hw_wish_state state;
    int64_t value;
    enum hw_result result; // why it failed
};

struct hw_counters {
    uint64_t sent;
    uint64_t timeouts;
    uint64_t retries;
    uint64_t malformed;
    uint64_t connects;
};

struct hw_report {
    const char *id;
    const char *driver;
    const char *model; // "" until identified
    enum hw_link_state link;
    int64_t link_since_ms;
    int64_t last_contact_ms; // 0: never
    enum hw_result fault;    // HW_OK when nothing is wrong
    struct hw_value actual[HW_FIELD_COUNT];
    struct hw_wish wishes[HW_FIELD_COUNT];
    struct hw_counters counters;
};

// Lends its strings until the next call into the device.
void hw_device_report(const struct hw_device *device, struct hw_report *out);
// The worst quality of what is known: confirmed only if every field that was ever read or set is.
enum hw_quality hw_report_quality(const struct hw_report *report);
