// SPDX-License-Identifier: Apache-2.0
// What technicians ask of the room's devices from afar: orders in the contract's words become the
// engine's, and each is answered once. The engine lets go of what nobody renews for a second.
#pragma once

#include "room-agent/core/devices.h"

// An order that the device still works on is answered after this long; the centre waits 3 s.
#define BY_HAND_PATIENCE_MS 2000

struct by_hand;

typedef void by_hand_answer_fn(void *context, const struct message_room_answer *answer);

// `devices` is lent.
struct by_hand *by_hand_new(
        struct loop *loop, struct devices *devices, by_hand_answer_fn *answer, void *context);
// After the devices were freed, which ends every order. NULL is fine.
void by_hand_free(struct by_hand *by_hand);

// An order for a device (not a scene). Answers perhaps before this returns. A stop goes to the
// device at once, and ends the presses that are held: their renewals get device.stopped.
void by_hand_take(struct by_hand *by_hand, const struct message_room_driven *driven);
