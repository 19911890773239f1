// SPDX-License-Identifier: Apache-2.0
// Technicians whose link is of no meeting watch every room of the house: who is there, and what
// each reported last. On the loop's thread.
#pragma once

#include "signaling/service.h"

// Sends every room, and tells the session from now on what changes.
void watch_begin(struct service *service, struct session *session);
// A room has reported something new.
void watch_note_report(struct service *service, const char *room);
// Its box came or went.
void watch_note_presence(struct service *service, const char *room, bool present);
// Other units have been imported.
void watch_note_units(struct service *service);
