// SPDX-License-Identifier: Apache-2.0
// Microphone systems that point the camera: each is a VISCA client that takes the box for its
// camera. What it recalls becomes the preset that the camera shall have, through restarts and lost
// links.
#pragma once

#include "room-agent/core/devices.h"

struct microphones;

// Listens for each that the settings name; one that can not listen is logged and left out.
// `devices` is lent.
struct microphones *microphones_new(
        struct loop *loop, const struct room_settings *settings, struct devices *devices);
// Before the devices. NULL is fine.
void microphones_free(struct microphones *microphones);
