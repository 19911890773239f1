// SPDX-License-Identifier: Apache-2.0
// A numeric IPv4 or IPv6 address with a port, as the socket calls take it.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/check.h"

struct hw_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

// -EINVAL unless `text` is a numeric address; never asks a name server.
int hw_address_parse(const char *text, uint16_t port, struct hw_address *out) MUST_CHECK;
// "ADDRESS:PORT" or "[ADDRESS]:PORT".
int hw_address_parse_with_port(const char *text, struct hw_address *out) MUST_CHECK;
char *hw_address_host(const struct hw_address *address); // its numeric text (g_free)
uint16_t hw_address_port(const struct hw_address *address);
bool hw_address_same_host(const struct hw_address *a, const struct hw_address *b);
