// SPDX-License-Identifier: Apache-2.0
// The words of device control: what can be asked of a device, what came of it, what is known of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What came of a request. Every request ends with exactly one of these, also when the device is
// closed.
enum hw_result {
    HW_OK,
    HW_UNSUPPORTED,   // this device or model can not
    HW_BAD_VALUE,     // refused before or by the device: never retried
    HW_OFFLINE,       // no link
    HW_TIMEOUT,       // sent, no answer
    HW_BUSY,          // the device asks to try again later
    HW_NOT_NOW,       // standby, a menu is open, warming up
    HW_REFUSED,       // wrong password, not allowed
    HW_UNTRUSTED,     // it shows a certificate that is not the one in the settings
    HW_LOCKED,        // another program holds the device
    HW_BAD_ANSWER,    // malformed or unexpected
    HW_DEVICE_FAULT,  // the device reports a fault of its own
    HW_UNVERIFIED,    // answered "done", but reads back otherwise
    HW_CANCELLED,     // replaced by a newer request of the same name, or the device was closed
    HW_MISCONFIGURED, // the box's settings: address taken, port not free
    HW_RESULT_COUNT,
};

// "ok", "timeout", …: the code in reports, after "device.". The contract has its sentences
// (protocol/schema/errors.json), with a cure each.
const char *hw_result_name(enum hw_result result);

enum hw_link_state {
    HW_LINK_DOWN,
    HW_LINK_CONNECTING,
    HW_LINK_IDENTIFYING,
    HW_LINK_UP,
};

enum hw_quality {
    HW_UNKNOWN,
    HW_ASSUMED,   // sent and accepted, can not be read back
    HW_STALE,     // was confirmed, the link went since
    HW_CONFIRMED, // read from the device
};

// What a device has, in the order in which a scene is applied: power first.
enum hw_field {
    HW_POWER,      // 0, 1
    HW_INPUT,      // enum hw_input
    HW_PRESET,     // camera: 0 to 254; LED wall: 1 to 128
    HW_PAN,        // only read
    HW_TILT,       // only read
    HW_ZOOM,       // 0 to 65535, the device's own units
    HW_BRIGHTNESS, // percent
    HW_BLANK,      // 0, 1
    HW_FREEZE,     // 0, 1
    HW_PATTERN,    // enum hw_pattern
    HW_CARDS,      // only read: how many receiving cards of an LED wall answered one by one
    HW_HOTTEST,    // only read: degrees of the hottest card of that walk
    HW_VOLTAGE,    // only read: tenths of a volt, the lowest of that walk
    HW_FAN,        // only read: turns a minute of the slowest fan
    HW_SMOKE,      // only read: how many cards smell smoke
    HW_DOORS,      // only read: how many cabinets stand open
    HW_VOLUME,     // percent
    HW_MUTE,       // 0, 1: the room's microphones
    HW_CALL,       // 0, 1: in a call; only 0 can be set
    HW_FIELD_COUNT,
};
const char *hw_field_name(enum hw_field field);
// HW_FIELD_COUNT for a name that is none.
enum hw_field hw_field_find(const char *name);
// Reads a value as people write it ("2", "on", "hdmi", "red"). False: no such value of that field.
bool hw_field_parse(enum hw_field field, const char *text, int64_t *value);

// Writes it as hw_field_parse() reads it.
void hw_field_format(enum hw_field field, int64_t value, char *out, size_t size);

enum hw_input {
    HW_INPUT_HDMI,
    HW_INPUT_DVI,
    HW_INPUT_SDI,
    HW_INPUT_DP,
    HW_INPUT_VGA,
    HW_INPUT_COUNT,
};

enum hw_pattern {
    HW_PATTERN_NONE,
    HW_PATTERN_RED,
    HW_PATTERN_GREEN,
    HW_PATTERN_BLUE,
    HW_PATTERN_WHITE,
    HW_PATTERN_HORIZONTAL,
    HW_PATTERN_VERTICAL,
    HW_PATTERN_SLASH,
    HW_PATTERN_GREY,
    HW_PATTERN_COUNT,
};

struct hw_value {
    int64_t value;
    enum hw_quality quality;
    int64_t at_ms; // when it was last read or assumed
};

#define HW_ADDRESS_MAX 128 // of what is called: a number or name@host

enum hw_verb {
    HW_SET,   // field = value
    HW_READ,  // field
    HW_STORE, // the present picture as preset `value`
    HW_HOME,
    HW_DRIVE, // pan and tilt, -100 to 100 percent; stops by itself after a second without renewal
    HW_DRIVE_ZOOM, // zoom, -100 (wide) to 100 (tele); likewise
    HW_STOP,       // pan and tilt: never queued, never merged, repeated until the device took it
    HW_STOP_ZOOM,
    HW_KEEP,     // store what is set through power-off
    HW_DIAL,     // calls `to`
    HW_IDENTIFY, // the engine's own
};

struct hw_command {
    enum hw_verb verb;
    enum hw_field field;
    int64_t value;
    int pan;
    int tilt;
    int zoom;
    char to[HW_ADDRESS_MAX];
};

// Reads a command as people write it: "drive 50 -20", "zoom -30", "zoom-to 5000", "stop",
// "stop-zoom", "home", "store 3", "keep", "read zoom", or a field and its value: "preset 3", "blank
// on", "brightness 70", "dial hall@province.vn". Pan, tilt and zoom are percent of full speed.
// False: no such command, or no such value.
bool hw_command_parse(const char *text, struct hw_command *out);
