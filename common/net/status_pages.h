// SPDX-License-Identifier: Apache-2.0
// /healthz, /metrics and /version of a daemon, on a listener of their own.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/check.h"
#include "common/base/metrics.h"
#include "common/net/web_server.h"

struct status_pages;

// All lent for the life of the pages.
struct status_pages_config {
    const char *program; // "rong-mcu"
    const char *listen;  // "127.0.0.1:9081"
    // True when well; else appends the reason. NULL: always well.
    bool (*is_healthy)(void *context, GString *reason);
    // Brings gauges up to date before /metrics is written. NULL: nothing to do.
    void (*collect)(void *context);
    void *context;
    // NULL-terminated list of tables; those of common/net and process_* are added.
    struct metric *const *const *tables;
};

// On the server's loop. Errors as web_server_listen().
int status_pages_open(struct web_server *server, const struct status_pages_config *config,
        struct status_pages **out) MUST_CHECK;
// After web_server_free(). NULL is fine.
void status_pages_close(struct status_pages *pages);
uint16_t status_pages_port(const struct status_pages *pages);
