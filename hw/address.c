// SPDX-License-Identifier: Apache-2.0
#include "hw/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/base/address_text.h"

int hw_address_parse(const char *text, uint16_t port, struct hw_address *out)
{
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        out->size = sizeof(out->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        out->size = sizeof(out->v6);
        return 0;
    }
    return -EINVAL;
}

int hw_address_parse_with_port(const char *text, struct hw_address *out)
{
    g_autofree char *host = NULL;
    uint16_t port = 0;
    const int rc = address_text_split(text, &host, &port);
    return rc < 0 ? rc : hw_address_parse(host, port, out);
}

char *hw_address_host(const struct hw_address *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const void *bytes = address->any.sa_family == AF_INET ? (const void *)&address->v4.sin_addr
                                                          : (const void *)&address->v6.sin6_addr;
    return g_strdup(inet_ntop(address->any.sa_family, bytes, text, sizeof(text)));
}

uint16_t hw_address_port(const struct hw_address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

bool hw_address_same_host(const struct hw_address *a, const struct hw_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}
