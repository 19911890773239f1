// SPDX-License-Identifier: Apache-2.0
#include "common/net/web_socket_client.h"

#include <errno.h>
#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/url.h"
#include "common/net/backoff.h"
#include "common/net/lws_glue.h"
#include "common/net/net_metrics.h"
#include "common/net/web_server.h"
#include "common/protocol/envelope.h"

#define LOG_TOPIC "client"

#define SUBPROTOCOL             "rong.v1"
#define MAX_FILES               64 // of this context: a connection or two, and the library's own
#define BUFFER_BYTES            16384
#define CONNECT_TIMEOUT_S       5
#define STOP_FACTOR             12 // pauses after {"next":"stop"} are this much longer
#define NO_CLOSE_CODE           1006
#define DEFAULT_RETRY_MIN_MS    250
#define DEFAULT_RETRY_MAX_MS    5000
#define DEFAULT_PING_INTERVAL_S 10
#define DEFAULT_QUEUED_BYTES    (1024 * 1024)

struct outgoing {
    size_t size;
    unsigned char bytes[]; // LWS_PRE bytes, then the text
};

struct web_socket_client {
    struct loop *loop;
    struct web_socket_client_handler handler;
    void *context;
    char *host;
    char *path;
    char *host_header; // with the port when it is not the usual one
    int port;
    bool is_secure;
    bool is_six; // the host is an IPv6 address
    char *local_address;
    uint32_t retry_max_ms;
    size_t max_queued_bytes;

    GMainLoop *main_loop;
    void *loops[1];
    SSL_CTX *ssl;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];
    lws_retry_bo_t ping;

    struct backoff backoff;
    guint attempts; // that failed since the last connection
    GSource *retry;
    GCancellable *resolving; // NULL: no look-up under way
    struct lws *wsi;         // NULL: none under way
    bool is_connecting;
    bool is_open;
    bool is_ending;
    int64_t opened_at; // monotonic µs
    int close_code;
    char close_reason[128];
    GString *incoming;
    GQueue outgoing;
    size_t queued_bytes;
};

static void connect_now(struct web_socket_client *client);

static gboolean on_retry(gpointer data)
{
    struct web_socket_client *client = data;
    loop_clear_source(&client->retry);
    connect_now(client);
    return G_SOURCE_REMOVE;
}

static void retry_later(struct web_socket_client *client)
{
    if (client->retry || client->is_ending)
        return;
    uint32_t pause_ms = backoff_next(&client->backoff, g_random_int());
    if (close_reason_next(client->close_reason, strlen(client->close_reason)) == CLOSE_NEXT_STOP)
        pause_ms = client->retry_max_ms * STOP_FACTOR;
    client->retry = loop_add_timer(client->loop, pause_ms, on_retry, client);
}

static void drop_outgoing(struct web_socket_client *client)
{
    g_queue_clear_full(&client->outgoing, g_free);
    client->queued_bytes = 0;
}

// The connection is gone, or never came to be.
static void lost(struct web_socket_client *client, const char *why)
{
    bool was_open = client->is_open;
    client->wsi = NULL;
    client->is_connecting = client->is_open = false;
    drop_outgoing(client);
    g_string_set_size(client->incoming, 0);
    if (client->is_ending)
        return;
    metric_add(&net_client_failures_total, 1);
    if (was_open)
        log_warn("connection lost host=%s code=%d reason=%s", client->host_header,
                client->close_code, client->close_reason);
    else
        log_info("no connection host=%s reason=%s", client->host_header, why);
    client->attempts = was_open ? 0 : client->attempts + 1;
    // A server that takes connections only to end them is not come back to any faster.
    if (was_open &&
            g_get_monotonic_time() - client->opened_at > client->retry_max_ms * INT64_C(1000))
        backoff_reset(&client->backoff);
    retry_later(client);
    if (was_open)
        client->handler.closed(client->context, client->close_code, client->close_reason);
}

static void keep_close_reason(
        struct web_socket_client *client, const unsigned char *in, size_t size)
{
    if (size < 2)
        return;
    client->close_code = in[0] << 8 | in[1];
    size_t length = MIN(size - 2, sizeof(client->close_reason) - 1);
    memcpy(client->close_reason, in + 2, length);
    client->close_reason[length] = '\0';
}

static int receive(struct web_socket_client *client, const void *data, size_t size)
{
    if (lws_frame_is_binary(client->wsi) || client->incoming->len + size > WEB_MESSAGE_MAX_BYTES) {
        metric_add(&net_messages_bad_total, 1);
        log_warn("message refused host=%s", client->host_header);
        return -1;
    }
    g_string_append_len(client->incoming, data, (gssize)size);
    if (!lws_is_final_fragment(client->wsi) || lws_remaining_packet_payload(client->wsi))
        return 0;
    metric_add(&net_messages_in_total, 1);
    client->handler.message(client->context, client->incoming->str, client->incoming->len);
    g_string_set_size(client->incoming, 0);
    return 0;
}

static int write_next(struct web_socket_client *client)
{
    struct outgoing *next = g_queue_pop_head(&client->outgoing);
    if (!next)
        return 0;
    client->queued_bytes -= next->size;
    int written = lws_write(client->wsi, next->bytes + LWS_PRE, next->size, LWS_WRITE_TEXT);
    g_free(next);
    if (written < 0)
        return -1;
    metric_add(&net_messages_out_total, 1);
    if (!g_queue_is_empty(&client->outgoing))
        lws_callback_on_writable(client->wsi);
    return 0;
}

// The library cuts names at the first colon: it can not tell whether a certificate is for an IPv6
// address.
static int check_six(const struct web_socket_client *client, X509_STORE_CTX *chain)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
    if (!client->is_six || X509_STORE_CTX_get_error_depth(chain) != 0)
        return 0;
    return X509_check_ip_asc(certificate, client->host, 0) == 1 ? 0 : -1;
}

static int on_event(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct web_socket_client *client = lws_get_opaque_user_data(wsi);
    if (!client || client->is_ending)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        return check_six(client, user);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        lost(client, in ? in : "refused");
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        client->wsi = wsi;
        client->is_connecting = false;
        client->is_open = true;
        client->opened_at = g_get_monotonic_time();
        metric_add(&net_client_connects_total, 1);
        log_info("connected host=%s", client->host_header);
        client->handler.open(client->context);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(client, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_next(client);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        keep_close_reason(client, in, length);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        lost(client, "closed");
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        // Some ways out of a TLS handshake tell nothing before.
        if (client->wsi == wsi && (client->is_connecting || client->is_open))
            lost(client, "ended");
        return 0;
    default:
        return 0;
    }
}

// --- connecting ----------------------------------------------------------------------------------

static void connect_to(struct web_socket_client *client, const char *address)
{
    struct lws_client_connect_info info = {
        .context = client->lws,
        .vhost = client->vhost,
        .address = address,
        .port = client->port,
        .ssl_connection = !client->is_secure ? 0
                          : client->is_six ? LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK
                                           : LCCSCF_USE_SSL,
        .path = client->path,
        .host = client->host_header,
        .protocol = SUBPROTOCOL,
        .local_protocol_name = SUBPROTOCOL,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .iface = client->local_address,
        .opaque_user_data = client,
        .retry_and_idle_policy = &client->ping,
        .pwsi = &client->wsi,
    };
    client->close_code = NO_CLOSE_CODE;
    client->close_reason[0] = '\0';
    client->is_connecting = true;
    // A failure may have been told through the callback already, or not at all.
    if (!lws_client_connect_via_info(&info) && client->is_connecting)
        lost(client, "can not connect");
    lws_cancel_service(client->lws);
}

static void on_resolved(GObject *resolver, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GList *addresses = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; // the client is gone
    struct web_socket_client *client = data;
    g_clear_object(&client->resolving);
    if (!addresses) {
        lost(client, error->message);
        return;
    }
    // A name may stand for several addresses, of which not all answer: each attempt takes the next.
    guint turn = client->attempts % g_list_length(addresses);
    g_autofree char *address = g_inet_address_to_string(g_list_nth_data(addresses, turn));
    g_resolver_free_addresses(addresses);
    connect_to(client, address);
}

// libwebsockets would look names up on this thread, and wait.
static void connect_now(struct web_socket_client *client)
{
    if (g_hostname_is_ip_address(client->host)) {
        connect_to(client, client->host);
        return;
    }
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    client->resolving = g_cancellable_new();
    g_resolver_lookup_by_name_async(resolver, client->host, client->resolving, on_resolved, client);
}

// --- life ----------------------------------------------------------------------------------------

static int read_url(struct web_socket_client *client, const char *url)
{
    static const char *const schemes[] = { "wss", "ws", NULL };
    struct url parts;
    if (url_read(url, schemes, &parts) < 0) {
        log_error("bad url url=%s: wss://host:port/path", url);
        return -EINVAL;
    }
    client->is_secure = strcmp(parts.scheme, "wss") == 0;
    client->host = g_steal_pointer(&parts.host);
    client->port = parts.port;
    client->path = g_steal_pointer(&parts.path);
    url_fini(&parts);
    client->is_six = strchr(client->host, ':') != NULL;
    client->host_header =
            g_strdup_printf(client->is_six ? "[%s]:%d" : "%s:%d", client->host, client->port);
    return 0;
}

static int make_ssl(const struct web_socket_client_config *config, struct web_socket_client *client)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    client->ssl = ssl;
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    ERR_clear_error();
    const char *path = config->ca_file;
    if (path ? SSL_CTX_load_verify_file(ssl, path) != 1
             : SSL_CTX_set_default_verify_paths(ssl) != 1)
        goto fail;
    path = config->certificate_file;
    if (path && SSL_CTX_use_certificate_chain_file(ssl, path) != 1)
        goto fail;
    path = config->key_file;
    if (path && (SSL_CTX_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM) != 1 ||
                        SSL_CTX_check_private_key(ssl) != 1))
        goto fail;
    // Reading PEM ends with "no start line", which another client's handshake would take for its
    // own.
    ERR_clear_error();
    return 0;

fail:;
    const unsigned long error = ERR_get_error();
    const char *reason = ERR_reason_error_string(error); // NULL: the system's errno
    log_error("tls file refused path=%s error=%s", path ? path : "(system)",
            reason ? reason : g_strerror(ERR_GET_REASON(error)));
    ERR_clear_error();
    return -ENOENT;
}

static int make_context(
        const struct web_socket_client_config *config, struct web_socket_client *client)
{
    struct lws_context_creation_info info;
    client->main_loop = g_main_loop_new(loop_context(client->loop), FALSE);
    lws_glue_fill(&info, client->main_loop, client->loops);
    info.fd_limit_per_thread = MAX_FILES;
    client->lws = lws_glue_create(&info);

    uint32_t ping_s = config->ping_interval_s ?: DEFAULT_PING_INTERVAL_S;
    client->ping = (lws_retry_bo_t){
        .secs_since_valid_ping = (uint16_t)ping_s,
        .secs_since_valid_hangup = (uint16_t)(2 * ping_s),
    };
    client->protocols[0] = (struct lws_protocols){
        .name = SUBPROTOCOL, .callback = on_event, .rx_buffer_size = BUFFER_BYTES
    };
    info.vhost_name = "client";
    info.protocols = client->protocols;
    info.connect_timeout_secs = CONNECT_TIMEOUT_S;
    info.provided_client_ssl_ctx = client->ssl;
    info.alpn = "http/1.1";
    client->vhost = lws_create_vhost(client->lws, &info);
    return client->vhost ? 0 : -EINVAL;
}

int web_socket_client_open(struct loop *loop, const struct web_socket_client_config *config,
        const struct web_socket_client_handler *handler, void *context,
        struct web_socket_client **out)
{
    loop_assert_current(loop);
    struct web_socket_client *client = g_new0(struct web_socket_client, 1);
    client->loop = loop;
    client->handler = *handler;
    client->context = context;
    client->local_address = g_strdup(config->local_address);
    client->retry_max_ms = config->retry_max_ms ?: DEFAULT_RETRY_MAX_MS;
    client->max_queued_bytes = config->max_queued_bytes ?: DEFAULT_QUEUED_BYTES;
    client->incoming = g_string_new(NULL);
    g_queue_init(&client->outgoing);
    backoff_init(
            &client->backoff, config->retry_min_ms ?: DEFAULT_RETRY_MIN_MS, client->retry_max_ms);

    int rc = read_url(client, config->url);
    if (rc == 0 && client->is_secure)
        rc = make_ssl(config, client);
    if (rc == 0)
        rc = make_context(config, client);
    if (rc < 0) {
        web_socket_client_close(client);
        return rc;
    }
    client->retry = loop_add_timer(loop, 0, on_retry, client);
    *out = client;
    return 0;
}

void web_socket_client_close(struct web_socket_client *client)
{
    if (!client)
        return;
    loop_assert_current(client->loop);
    client->is_ending = true;
    loop_clear_source(&client->retry);
    if (client->resolving)
        g_cancellable_cancel(client->resolving);
    g_clear_object(&client->resolving);
    if (client->lws)
        lws_context_destroy(client->lws);
    SSL_CTX_free(client->ssl);
    if (client->main_loop)
        g_main_loop_unref(client->main_loop);
    drop_outgoing(client);
    g_string_free(client->incoming, TRUE);
    g_free(client->local_address);
    g_free(client->host_header);
    g_free(client->host);
    g_free(client->path);
    g_free(client);
}

bool web_socket_client_send(struct web_socket_client *client, const char *text, size_t size)
{
    loop_assert_current(client->loop);
    if (!client->is_open)
        return false;
    if (client->queued_bytes + size > client->max_queued_bytes) {
        log_warn("server reads too slowly host=%s queued_bytes=%zu", client->host_header,
                client->queued_bytes);
        drop_outgoing(client);
        web_socket_client_reconnect(client);
        return false;
    }
    struct outgoing *message = g_malloc(sizeof(*message) + LWS_PRE + size);
    message->size = size;
    memcpy(message->bytes + LWS_PRE, text, size);
    g_queue_push_tail(&client->outgoing, message);
    client->queued_bytes += size;
    lws_callback_on_writable(client->wsi);
    return true;
}

void web_socket_client_reconnect(struct web_socket_client *client)
{
    loop_assert_current(client->loop);
    if (!client->is_open)
        return;
    lws_set_timeout(client->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    lws_cancel_service(client->lws);
}
