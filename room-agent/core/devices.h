// SPDX-License-Identifier: Apache-2.0
// The room's devices: made from the settings, kept up by their engines, reported in the contract's
// words.
#pragma once

#include "common/base/loop.h"
#include "common/protocol/messages.h"
#include "hw/device.h"
#include "room-agent/core/settings.h"

struct devices;

// `changed` is called from the loop when a report may differ.
struct devices *devices_new(struct loop *loop, const struct room_settings *settings,
        void (*changed)(void *context), void *context);
void devices_free(struct devices *devices);
void devices_start(struct devices *devices);

guint devices_count(const struct devices *devices);
struct hw_device *devices_at(const struct devices *devices, guint index);
// Overwrites `out`, at most ROOM_DEVICES_MAX; returns how many.
size_t devices_report(const struct devices *devices, struct type_device *out);
// What became of an order, as people read it: the contract's sentence of "device.<result>"; "" for
// HW_OK.
const char *device_result_text_vi(enum hw_result result);
const char *device_result_text_en(enum hw_result result);
// Pure: what a device's report says in the contract's words.
void device_describe(const struct hw_report *report, struct type_device *out);

// Everything that is known of a device; overwrites `out`. -ENOENT: there is none of that name.
int devices_probe(
        const struct devices *devices, const char *id, struct message_local_probed *out) MUST_CHECK;

// Pure: whether what somebody sets stays wished for, so that it outlives a restart of the device.
// What a screen shows and how loud a room is does. Where a camera looks does not, nor what people
// in the room do themselves: a call that was ended once is not ended for ever.
bool devices_keep(const struct hw_command *command);

// Somebody drives a device by hand: `order` in the words of hw_command_parse(), such as
// "drive 50 -20", "stop", "preset 3". "stop" also ends a zoom. A drive goes on for a second: hold
// it by asking again, each 300 ms or so; whoever dies lets go of it. `done` (may be NULL) is called
// exactly once, perhaps before this returns, unless this refuses: -ENOENT for a device that is not
// there, -EINVAL for an order that is none. What devices_keep() says stays wished for, as if a
// scene had named it.
int devices_drive(struct devices *devices, const char *id, const char *order, hw_done_fn *done,
        void *context) MUST_CHECK;
