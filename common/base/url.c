// SPDX-License-Identifier: Apache-2.0
#include "common/base/url.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define HOST_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"

static uint16_t usual_port(const char *scheme)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } usual[] = { { "http", 80 }, { "ws", 80 }, { "https", 443 }, { "wss", 443 } };
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        if (strcmp(usual[i].scheme, scheme) == 0)
            return usual[i].port;
    }
    return 0;
}

// A name or a numeric address; GLib lets spaces and all of Unicode pass.
static bool is_host(const char *host)
{
    return host && host[0] && host[strspn(host, HOST_LETTERS)] == '\0';
}

int url_read(const char *text, const char *const *schemes, struct url *out)
{
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    if (!uri || !g_strv_contains(schemes, g_uri_get_scheme(uri)))
        return -EINVAL;
    const char *host = g_uri_get_host(uri);
    if (!is_host(host) || g_uri_get_userinfo(uri) || g_uri_get_fragment(uri))
        return -EINVAL;
    const int port =
            g_uri_get_port(uri) >= 0 ? g_uri_get_port(uri) : usual_port(g_uri_get_scheme(uri));
    if (port <= 0 || port > UINT16_MAX)
        return -EINVAL;
    const char *path = g_uri_get_path(uri);
    *out = (struct url){
        .scheme = g_strdup(g_uri_get_scheme(uri)),
        .host = g_strdup(host),
        .path = g_strdup(*path ? path : "/"),
        .port = (uint16_t)port,
    };
    return 0;
}

void url_fini(struct url *url)
{
    g_free(url->scheme);
    g_free(url->host);
    g_free(url->path);
    *url = (struct url){ 0 };
}
