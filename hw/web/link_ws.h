// SPDX-License-Identifier: Apache-2.0
// A link to a device that speaks messages over a WebSocket and TLS, such as a room codec. Apart
// from hw/ because it brings libwebsockets with it.
#pragma once

#include "hw/link.h"

#define LINK_WS_FINGERPRINT_BYTES 32 // SHA-256 of the certificate

struct link_ws_config {
    const char *address; // numeric
    uint16_t port;
    const char *local_address; // NULL: the kernel's choice
    const char *path;          // "/ws"
    const char *user;
    const char *password; // never logged; "" for none
    // Codecs sign their certificates themselves: NULL takes any, else it has to be this one.
    const uint8_t *fingerprint;
};

// Each message is one receive. Down with -EKEYREJECTED when the device refuses the password, with
// -ENOKEY when its certificate is another one. -EINVAL for a bad address. Strings are copied.
int link_ws_new(
        struct loop *loop, const struct link_ws_config *config, struct hw_link **out) MUST_CHECK;

// Reads "AB:CD:…" or "abcd…". False: not 32 bytes in hex.
bool link_ws_parse_fingerprint(const char *text, uint8_t *out);
