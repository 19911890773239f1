// SPDX-License-Identifier: Apache-2.0
// Members that only receive: a socket and SRTP keys each, over loopback, and a thread that takes
// what arrives so that nothing is dropped unread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

struct wire;

int wire_open(size_t members, struct wire **out) MUST_CHECK;
void wire_close(struct wire *wire);

// One frame to everybody: cut once; for each member the headers are rewritten, every packet is
// protected, and all go in one GSO call.
void wire_send_picture(struct wire *wire, const uint8_t *unit, size_t size);
// One packet to everybody: protected and sent alone.
void wire_send_sound(struct wire *wire, const uint8_t *payload, size_t size);
// About how many packets a coded picture of this size makes.
double wire_packets_of(size_t size);
