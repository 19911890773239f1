// SPDX-License-Identifier: Apache-2.0
#include "common/net/lws_glue.h"

#include <string.h>

#include "common/base/log.h"

#define LOG_TOPIC "websockets"

#define HEADER_BYTES 8192
#define HEADER_POOL  1024

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
        .timeout_secs = 10,
    };
}
