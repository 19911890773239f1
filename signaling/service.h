// SPDX-License-Identifier: Apache-2.0
// Everything rong-signal is made of, made and wired by service_open() and ended in reverse.
// One thread, the loop's; certificates are signed by a helper thread.
#pragma once

#include "common/base/config.h"
#include "common/base/loop.h"
#include "common/net/status_pages.h"
#include "common/net/web_server.h"
#include "signaling/auth.h"
#include "signaling/pki.h"
#include "signaling/session.h"
#include "signaling/store.h"
#include "signaling/unit_tree.h"

struct conference;
struct conference_plan;
struct drives;
struct relay;
struct rooms;

struct service {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct pki *pki;
    struct auth *auth;
    struct unit_tree *units; // NULL: none imported yet
    GHashTable *conferences; // meeting id → struct conference, owned
    GPtrArray *order;        // the same, oldest first, lent
    struct sessions *sessions;
    struct relay *relay;
    struct drives *drives;
    struct rooms *rooms;
    struct web_server *web;
    struct web_listener *public_listener;
    struct web_listener *machine_listener;
    struct status_pages *status;
    GThreadPool *signers; // rest_machines.c: certificates
    GSource *counts;
    GSource *place_timer; // running: some MCU is away for a moment only, perhaps
    GSource *housekeeping;
    uint32_t housekeepings;
    char *public_url; // "https://host:8443/"
    bool is_ending;
};

int service_open(struct loop *loop, const struct config *config, struct service **out) MUST_CHECK;
void service_close(struct service *service);

struct conference *service_conference(const struct service *service, const char *meeting);
// A new meeting, journalled; NULL with *error.
struct conference *service_create_meeting(
        struct service *service, const struct conference_plan *plan, enum error_code *error);
// Tells a session all it has to do now, where that changed.
void service_tell(struct service *service, struct session *session);
// After a tree was imported: takes it.
void service_take_units(struct service *service, struct unit_tree *units);
// Places conferences without an MCU on one, and those whose MCU is gone.
void service_place_conferences(struct service *service);
