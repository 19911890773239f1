// SPDX-License-Identifier: Apache-2.0
// The contract of a driver: a constant row of functions that turn requests into bytes and bytes
// into outcomes. The engine (hw/device*.c) owns queue, retries, time-outs, polling, reconciling and
// the link; a driver keeps only what its protocol needs. Drivers never block, and never call back
// later on their own: every request they were given ends by hw_request_done(), or is dropped by the
// engine.
#pragma once

#include <stddef.h>

#include "hw/hw.h"

struct hw_device;

typedef void hw_done_fn(void *context, enum hw_result result);

struct hw_request {
    struct hw_command command;

    // The driver's own, zeroed before each start.
    unsigned phase;
    uint32_t sequence;
    uint8_t socket;

    // The engine's own.
    uint32_t id;
    unsigned attempts;
    unsigned verifications;
    bool is_accepted;
    bool is_verifying;
    bool is_poll;
    int priority;
    int64_t not_before_ms;
    int64_t deadline_ms;
    hw_done_fn *done;
    void *context;
};

// Begins a request: sends, and sets its deadline. May end it at once.
typedef void hw_start_fn(struct hw_device *device, struct hw_request *request);

// Abilities: a NULL is something that the protocol can not do; asking for it sends nothing.
struct hw_power_ability {
    hw_start_fn *set;
};

struct hw_camera_ability {
    hw_start_fn *recall;
    hw_start_fn *store;
    hw_start_fn *home;
    hw_start_fn *zoom;
    hw_start_fn *drive;
    hw_start_fn *drive_zoom;
    hw_start_fn *stop;
    hw_start_fn *stop_zoom;
};

struct hw_display_ability {
    hw_start_fn *input;
    hw_start_fn *preset;
    hw_start_fn *brightness;
    hw_start_fn *blank;
    hw_start_fn *freeze;
    hw_start_fn *pattern;
    hw_start_fn *keep;
};

struct hw_call_ability {
    hw_start_fn *volume;
    hw_start_fn *mute;
    hw_start_fn *call;
    hw_start_fn *dial;
};

struct hw_driver {
    const char *name;
    uint16_t udp_port;           // 0: does not speak UDP
    uint16_t tcp_port;           // 0: does not speak TCP
    unsigned baud;               // the usual speed of a serial line; 0: does not speak on one
    const char *web_socket_path; // "/ws": speaks messages over TLS, to tcp_port; NULL: does not
    bool is_file;                // a device file of the box, such as /dev/video0
    size_t state_size;           // of the driver's own state, zeroed before init
    unsigned max_in_flight;
    unsigned user_timeout_ms; // of a TCP link
    unsigned poll_ms;         // one read this often while nothing else is asked
    unsigned verify_ms;       // between reads that wait for a device to get where it was sent
    unsigned verify_tries;
    unsigned preset_first; // that it takes, to be refused in settings already; last 0: any number
    unsigned preset_last;
    const enum hw_field *polled; // read in turn; ends with HW_FIELD_COUNT
    unsigned inventory_ms;       // one read of `inventory` this often: what costs more than a poll
    enum hw_field inventory;

    void (*init)(struct hw_device *device);
    void (*link_up)(struct hw_device *device); // forget partial input and sequence numbers
    hw_start_fn *identify;
    hw_start_fn *read; // command.field; HW_UNSUPPORTED for what can not be read
    // Input exactly as it came: a datagram, or any piece of a stream down to one byte.
    void (*received)(struct hw_device *device, const uint8_t *data, size_t size);
    // What a lost link means: the fault to name. `was_up`: the device had been identified.
    enum hw_result (*link_lost)(struct hw_device *device, int error, bool was_up, int64_t open_ms);

    const struct hw_power_ability *power;
    const struct hw_camera_ability *camera;
    const struct hw_display_ability *display;
    const struct hw_call_ability *call;
};

// --- what the engine offers to a driver --------------------------------------------------------

struct hw_options {
    bool has_udp_header;  // VISCA over UDP: Sony's header (default); else bare packets
    unsigned camera;      // VISCA address, 1 to 7
    unsigned verify_port; // NovaStar: the card that is read back
    unsigned verify_card;
};

void *hw_device_driver_state(struct hw_device *device);
const struct hw_options *hw_device_options(const struct hw_device *device);
bool hw_device_is_datagram(const struct hw_device *device);
bool hw_device_is_serial(const struct hw_device *device);
void hw_device_send(struct hw_device *device, const void *data, size_t size);
// Tells what the device is: "Sony 0513 rom 0100". Copied.
void hw_device_set_model(struct hw_device *device, const char *model);
// The n-th request that was started and has not ended, oldest first; NULL after the last.
struct hw_request *hw_device_in_flight(struct hw_device *device, size_t n);

// From now. Later calls move it.
void hw_request_set_deadline(struct hw_device *device, struct hw_request *request, unsigned ms);
// The device took it and works on it: others may be started. Gives it a new deadline.
void hw_request_accepted(struct hw_device *device, struct hw_request *request, unsigned ms);
// Ends it; the pointer is dead afterwards.
void hw_request_done(struct hw_device *device, struct hw_request *request, enum hw_result result);

// Read from the device just now.
void hw_device_observed(struct hw_device *device, enum hw_field field, int64_t value);
// Likely, for nothing contradicts it; the reading could not prove it.
void hw_device_assumed(struct hw_device *device, enum hw_field field, int64_t value);
// What was known of the field no longer holds.
void hw_device_unknown(struct hw_device *device, enum hw_field field);
// The device began anew behind a link that held: it is identified and set again.
void hw_device_restarted(struct hw_device *device);
// Something was lost on the way, or the device may have begun anew: what is desired is read again
// now instead of within the minute, and only what differs is set.
void hw_device_doubted(struct hw_device *device);
// Input that no device may send.
void hw_device_count_malformed(struct hw_device *device);

// --- the drivers -------------------------------------------------------------------------------

extern const struct hw_driver hw_visca;
extern const struct hw_driver hw_novastar;
extern const struct hw_driver hw_uvc;
extern const struct hw_driver hw_roomos;

// NULL for a name that is none.
const struct hw_driver *hw_driver_find(const char *name);
// All names, ", " between: for faults in settings.
const char *hw_driver_names(void);
