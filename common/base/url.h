// SPDX-License-Identifier: Apache-2.0
// URLs as people write them in settings: scheme, host, port and path. Pure.
#pragma once

#include <stdint.h>

#include "common/base/check.h"

struct url {
    char *scheme;
    char *host; // a name or a numeric address, without brackets
    char *path; // "/" when there is none
    uint16_t port;
};
// SCHEME://HOST[:PORT][/PATH] with one of these schemes (NULL-terminated; http, https, ws, wss have
// a port of their own, others must say it). -EINVAL for all else, with *out untouched.
int url_read(const char *text, const char *const *schemes, struct url *out) MUST_CHECK;
void url_fini(struct url *url);
