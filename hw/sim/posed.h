// SPDX-License-Identifier: Apache-2.0
// What every posed device can do beside its protocol: tell its state, and fail on demand.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/loop.h"

enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_DEAF,     // hears, does and says nothing; connections stay open
    SIM_FAULT_SLOW,     // answers a second and a half late
    SIM_FAULT_REFUSE,   // answers that it can not do it now
    SIM_FAULT_BUSY,     // has no room for another command
    SIM_FAULT_RESTART,  // goes off, comes back after boot_ms without what it had not stored
    SIM_FAULT_OFF,      // without power
    SIM_FAULT_LIE,      // answers "done" and does nothing
    SIM_FAULT_LOCK,     // another program holds it: every connection is cut at once
    SIM_FAULT_CHECKSUM, // answers with a wrong checksum, or what its protocol has instead
    // Connections that there are never answer again and are never closed; new ones are good.
    SIM_FAULT_HALF_OPEN,
    SIM_FAULT_COUNT,
};
const char *sim_fault_name(enum sim_fault fault);
enum sim_fault sim_fault_find(const char *name); // SIM_FAULT_COUNT: none of them

struct sim_device;

struct sim_device_class {
    const char *kind; // "visca"
    void (*free)(struct sim_device *device);
    void (*set_fault)(struct sim_device *device, enum sim_fault fault);
    // Appends members of a JSON object: ,"power":true,…
    void (*write_state)(struct sim_device *device, GString *json);
};

// The first member of every posed device.
struct sim_device {
    const struct sim_device_class *class;
    char *name;
    enum sim_fault fault;
};

struct sim_visca_config {
    const char *name;
    const char *listen;     // UDP; "" for none
    const char *tcp_listen; // "" for none
    char *const *presets;   // "1:-400:20:0": number, pan, tilt, zoom
    unsigned move_ms;       // from one preset to another
    unsigned boot_ms;
    unsigned address; // 9: replies come from 90; 10: from A0, as some cameras do
};
bool sim_visca_is_preset(const char *text);
// On a fault: a negative errno, and *fault = one sentence (g_free).
int sim_visca_open(struct loop *loop, const struct sim_visca_config *config,
        struct sim_device **out, char **fault) MUST_CHECK;

struct sim_novastar_config {
    const char *name;
    const char *listen;
    unsigned ports;
    unsigned cards; // on each port
    uint16_t model; // 0x6106: VX4S, whose bytes are 06 61
    bool kicks_old; // a new client cuts the old one; else it is refused
    unsigned preset_ms;
    unsigned card_timeout_ms; // until an absent card is given up
    unsigned idle_ms;         // a silent client is cut; 0: never
    unsigned boot_ms;
    bool has_monitor; // cards that know of fans, smoke and doors
    bool has_smoke;
    bool is_door_open;
    unsigned fan_rpm; // of the slower of two fans, to 6350
};
int sim_novastar_open(struct loop *loop, const struct sim_novastar_config *config,
        struct sim_device **out, char **fault) MUST_CHECK;

struct sim_roomos_config {
    const char *name;
    const char *listen;
    const char *user;
    const char *password;
    const char *platform; // "Room Kit"
    const char *serial;
    unsigned boot_ms;
};
int sim_roomos_open(struct loop *loop, const struct sim_roomos_config *config,
        struct sim_device **out, char **fault) MUST_CHECK;

// The line protocol by which tests look and interfere: "list", "state NAME", "fault NAME KIND";
// each is answered with one line of JSON.
struct sim_control;
int sim_control_open(struct loop *loop, const char *listen, GPtrArray *devices,
        struct sim_control **out) MUST_CHECK;
void sim_control_close(struct sim_control *control);

// A function to be called once, later; forgotten with its owner's list.
struct sim_later;
typedef void sim_later_fn(void *context, const void *data, size_t size);
struct sim_later *sim_later_new(struct loop *loop);
void sim_later_free(struct sim_later *later);
// Copies the data.
void sim_later_add(struct sim_later *later, unsigned ms, sim_later_fn *fn, void *context,
        const void *data, size_t size);
// Drops what was planned.
void sim_later_clear(struct sim_later *later);
