// SPDX-License-Identifier: Apache-2.0
// The settings of rong-room: the table, and what becomes of them.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/config.h"
#include "common/protocol/messages.h"
#include "hw/driver.h"
#include "hw/web/link_ws.h"

#define ROOM_DEVICES_MAX 32
#define ROOM_BUTTONS_MAX 16

extern const struct config_setting room_settings_table[];

struct device_settings {
    char *id;
    const struct hw_driver *driver;
    char *address; // numeric; of a serial line the device file, as written
    char *bind;    // local address; "" for any
    uint16_t port;
    bool is_udp;
    bool is_serial;
    unsigned baud;
    struct hw_options options;
    char *user; // of a room codec; NULL without
    char *password;
    bool is_pinned; // its certificate has to have this fingerprint
    uint8_t fingerprint[LINK_WS_FINGERPRINT_BYTES];
    int line; // of its address, for faults
};

// A microphone system that points a camera.
struct microphone_settings {
    char *id;
    char *udp_listen; // "" for none
    char *tcp_listen;
    char *peer;
    guint camera; // index into devices
    unsigned hold_ms;
};

// One line of a scene: device.field = value.
struct scene_line {
    guint device; // index into devices
    enum hw_field field;
    int64_t value;
};

// What devices shall be at an event of the meeting, or when somebody presses its button.
struct scene_settings {
    char name[33];
    char *label;   // of a button; NULL: an event's
    GArray *lines; // struct scene_line, in the file's order
};

struct room_settings {
    char *name;
    char *line2;
    char *address;       // of the box; "" for any
    char *media_address; // "" for any
    uint16_t visca_port;
    char *signal_url;
    char *machine_url;
    char *state_dir;
    char *media_program; // a path
    enum media_source source;
    unsigned mark;
    unsigned tone_hz; // 0: made from the mark
    char *page_listen;
    char *status_listen;
    GPtrArray *devices;     // struct device_settings
    GPtrArray *microphones; // struct microphone_settings
    GPtrArray *scenes; // struct scene_settings: the events in the contract's order, then buttons
};

// NULL with *fault = "file:line: …" (g_free): an unknown driver, a bad address, two devices in one
// place, a scene that names what is not there.
struct room_settings *room_settings_new(const struct config *config, char **fault) MUST_CHECK;
void room_settings_free(struct room_settings *settings);
// NULL: there is none of that name.
const struct scene_settings *room_settings_scene(const GPtrArray *scenes, const char *name);
// Whether both have the same devices in the same places, so that the scenes of one hold in the
// other.
bool room_settings_same_devices(const struct room_settings *a, const struct room_settings *b);
// For struct daemon_info.
char *room_settings_check(const struct config *config);
