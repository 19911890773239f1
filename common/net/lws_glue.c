// SPDX-License-Identifier: Apache-2.0
#include "common/net/lws_glue.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "common/base/log.h"

#define LOG_TOPIC "websockets"

#define HEADER_BYTES 8192
#define HEADER_POOL  1024
#define TIMEOUT_S    10

// The library calls what a peer does wrong an error; we count that where we see it.
static void write_log(int level, const char *line)
{
    (void)level;
    log_debug("%.*s", (int)strcspn(line, "\n"), line);
}

void lws_glue_fill(struct lws_context_creation_info *info, GMainLoop *main_loop, void **loops)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, write_log);
    loops[0] = main_loop;
    *info = (struct lws_context_creation_info){
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8,
        .foreign_loops = loops,
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool = HEADER_POOL,
        .timeout_secs = TIMEOUT_S,
    };
}

// With the context its GLib plug-in is unloaded, but sources that wait for their turn in the
// running iteration still point to its functions: it stays in memory.
static int pin_plugin(struct dl_phdr_info *module, size_t size, void *data)
{
    (void)size;
    (void)data;
    if (!strstr(module->dlpi_name, "libwebsockets-evlib_glib"))
        return 0;
    return dlopen(module->dlpi_name, RTLD_LAZY | RTLD_NODELETE) ? 1 : -1;
}

// Where the library finds its connection in OpenSSL's is one number for the process, and 4.1.6
// takes a new one with each context that initializes OpenSSL: handshakes of older contexts that are
// under way then fail. Its vhosts ask for TLS on their own.
static void initialize_once(struct lws_context_creation_info *info)
{
    static gsize is_initialized;
    if (g_once_init_enter(&is_initialized))
        g_once_init_leave(&is_initialized, 1);
    else
        info->options &= ~(uint64_t)LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
}

struct lws_context *lws_glue_create(const struct lws_context_creation_info *info)
{
    struct lws_context_creation_info own = *info;
    initialize_once(&own);
    struct lws_context *context = lws_create_context(&own);
    if (!context || dl_iterate_phdr(pin_plugin, NULL) != 1)
        g_error("no libwebsockets context: is libwebsockets-evlib-glib installed?");
    return context;
}
