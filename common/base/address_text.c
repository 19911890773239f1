// SPDX-License-Identifier: Apache-2.0
#include "common/base/address_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

bool address_text_is_numeric(const char *text)
{
    struct in6_addr binary;
    return inet_pton(AF_INET, text, &binary) == 1 || inet_pton(AF_INET6, text, &binary) == 1;
}

bool address_text_is_loopback(const char *text)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, text, &four) == 1)
        return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

int address_text_split(const char *text, char **host, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    guint64 number = 0;
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, &number, NULL))
        return -EINVAL;
    const size_t size = (size_t)(colon - text);
    const bool is_bracketed = size > 2 && text[0] == '[' && text[size - 1] == ']';
    g_autofree char *name = is_bracketed ? g_strndup(text + 1, size - 2) : g_strndup(text, size);
    if (!is_bracketed && strcmp(name, "localhost") == 0) {
        g_free(name);
        name = g_strdup("127.0.0.1");
    }
    // Brackets are for IPv6 alone, and it needs them: "::1:80" is an address without a port.
    if (!address_text_is_numeric(name) || (strchr(name, ':') != NULL) != is_bracketed)
        return -EINVAL;
    *host = g_steal_pointer(&name);
    *port = (uint16_t)number;
    return 0;
}
