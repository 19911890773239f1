// SPDX-License-Identifier: Apache-2.0
#include "common/net/web_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/address_text.h"
#include "common/base/log.h"
#include "common/net/lws_glue.h"
#include "common/net/net_metrics.h"
#include "common/net/web_internal.h"

#define LOG_TOPIC "web"

#define SERVICE_BUFFER_BYTES    16384
#define MAX_KNOWN_ADDRESSES     8192
#define KEEPALIVE_S             30
#define DEFAULT_CONNECTIONS     4096
#define DEFAULT_PER_ADDRESS     512
#define DEFAULT_NEW_PER_SECOND  200
#define DEFAULT_QUEUED_BYTES    (1024 * 1024)
#define DEFAULT_PING_INTERVAL_S 10

struct web_server {
    struct loop *loop;
    GMainLoop *main_loop;
    void *loops[1];
    struct lws_context *context;
    GPtrArray *listeners;
    bool is_ending;
};

// --- who connects --------------------------------------------------------------------------------

static void write_address(const struct sockaddr_storage *from, char *text, size_t size)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
    text[0] = '\0';
    if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &four->sin_addr, text, (socklen_t)size);
    else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text, (socklen_t)size);
    else if (from->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, text, (socklen_t)size);
}

// One line of IPv6 has a /64 to choose from: that is what a limit is about.
static char *limit_key(const char *address)
{
    struct in6_addr six;
    if (inet_pton(AF_INET6, address, &six) != 1)
        return g_strdup(address);
    memset(six.s6_addr + 8, 0, 8);
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, &six, text, sizeof(text));
    return g_strdup(text);
}

static gboolean is_address_idle(gpointer key, gpointer value, gpointer data)
{
    (void)key;
    const struct web_address_use *use = value;
    const int64_t *second = data;
    return use->open == 0 && use->second < *second;
}

static struct web_address_use *use_of(struct web_listener *listener, const char *address)
{
    g_autofree char *key = limit_key(address);
    struct web_address_use *use = g_hash_table_lookup(listener->addresses, key);
    if (use)
        return use;
    int64_t second = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (g_hash_table_size(listener->addresses) >= MAX_KNOWN_ADDRESSES)
        g_hash_table_foreach_remove(listener->addresses, is_address_idle, &second);
    use = g_new0(struct web_address_use, 1);
    g_hash_table_insert(listener->addresses, g_steal_pointer(&key), use);
    return use;
}

static bool is_within_limits(struct web_listener *listener, const char *address)
{
    const struct web_listener_config *config = &listener->config;
    struct web_address_use *use = use_of(listener, address);
    int64_t second = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (use->second != second) {
        use->second = second;
        use->opened_in_second = 0;
    }
    use->opened_in_second++;
    return listener->connections < config->max_connections &&
           use->open < config->max_connections_per_address &&
           use->opened_in_second <= config->max_new_per_address_per_second;
}

static int filter_connection(struct web_listener *listener, int fd)
{
    struct sockaddr_storage from = { 0 };
    socklen_t size = sizeof(from);
    char *address = listener->accepted_address;
    if (listener->server->is_ending || getpeername(fd, (struct sockaddr *)&from, &size) < 0)
        return -1;
    write_address(&from, address, sizeof(listener->accepted_address));
    if (is_within_limits(listener, address)) {
        listener->is_accepting = true;
        return 0;
    }
    metric_add(&net_connections_refused_total, 1);
    log_debug("connection refused listener=%s address=%s", listener->config.name, address);
    return -1;
}

static void add_connection(struct web_listener *listener, struct lws *wsi)
{
    struct web_connection *connection = g_new0(struct web_connection, 1);
    connection->listener = listener;
    connection->wsi = wsi;
    listener->is_accepting = false;
    g_strlcpy(connection->address, listener->accepted_address, sizeof(connection->address));
    lws_set_opaque_user_data(wsi, connection);
    use_of(listener, connection->address)->open++;
    listener->connections++;
    metric_add(&net_connections, 1);
    metric_add(&net_connections_total, 1);
}

static void count_tls_failure(const struct web_listener *listener, const char *address)
{
    metric_add(&net_tls_failures_total, 1);
    log_debug("tls failed listener=%s address=%s", listener->config.name, address);
}

static void remove_connection(struct web_connection *connection)
{
    struct web_listener *listener = connection->listener;
    web_http_gone(connection);
    web_session_gone(connection);
    if (listener->config.tls != WEB_PLAIN && !connection->is_handshake_done)
        count_tls_failure(listener, connection->address);
    use_of(listener, connection->address)->open--;
    listener->connections--;
    metric_add(&net_connections, -1);
    g_free(connection->peer_name);
    g_free(connection->peer_serial);
    g_free(connection);
}

// The certificate's only common name, without NUL bytes inside.
static char *common_name(const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return NULL;
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (length < 0)
        return NULL;
    char *name = strlen((char *)utf8) == (size_t)length ? g_strdup((char *)utf8) : NULL;
    OPENSSL_free(utf8);
    return name;
}

static char *serial_hex(const X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    char *serial = hex ? g_ascii_strdown(hex, -1) : NULL;
    OPENSSL_free(hex);
    BN_free(number);
    return serial;
}

static void read_peer(struct web_connection *connection)
{
    if (connection->peer_name || connection->listener->config.tls != WEB_TLS_CLIENT_CERTIFICATE)
        return;
    SSL *ssl = lws_get_ssl(connection->wsi);
    const X509 *certificate = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
        return;
    connection->peer_name = common_name(certificate);
    if (connection->peer_name)
        connection->peer_serial = serial_hex(certificate);
}

const char *web_connection_peer_name(struct web_connection *connection)
{
    read_peer(connection);
    return connection->peer_name;
}

const char *web_connection_peer_serial(struct web_connection *connection)
{
    read_peer(connection);
    return connection->peer_serial;
}

bool web_connection_is_host_allowed(
        const struct web_connection *connection, const struct web_headers *headers)
{
    const char *host = headers->values[WEB_HEADER_HOST];
    if (connection->listener->config.tls != WEB_PLAIN)
        return true;
    if (!host)
        return false;
    g_autofree char *url = g_strdup_printf("http://%s/", host);
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const char *name = uri ? g_uri_get_host(uri) : NULL;
    struct in6_addr address;
    return name &&
           (g_ascii_strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1 ||
                   inet_pton(AF_INET6, name, &address) == 1);
}

// --- the library's callback ----------------------------------------------------------------------

static struct web_listener *listener_of(struct lws *wsi)
{
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    return vhost ? lws_vhost_user(vhost) : NULL;
}

static void on_destroyed(struct lws *wsi, struct web_connection *connection)
{
    struct web_listener *listener = listener_of(wsi);
    if (connection) {
        lws_set_opaque_user_data(wsi, NULL);
        remove_connection(connection);
    } else if (listener && listener->is_accepting) {
        // The handshake failed with what came together with the connection.
        listener->is_accepting = false;
        count_tls_failure(listener, listener->accepted_address);
    }
}

static int on_event(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    struct web_connection *connection = lws_get_opaque_user_data(wsi);
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION: {
        struct web_listener *listener = listener_of(wsi);
        return listener ? filter_connection(listener, (int)(intptr_t)in) : -1;
    }
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        add_connection(listener_of(wsi), wsi);
        return 0;
    case LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION:
        return length ? 0 : -1; // `length` is OpenSSL's own verdict, which nothing overrules
    case LWS_CALLBACK_SSL_INFO:
        if (connection && ((struct lws_ssl_info *)in)->where & SSL_CB_HANDSHAKE_DONE)
            connection->is_handshake_done = true;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_destroyed(wsi, connection);
        return 0;
    default:
        break;
    }
    if (!connection)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return web_http_begin(connection, in);
    case LWS_CALLBACK_HTTP_BODY:
        return web_http_body(connection, in, length);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return web_http_complete(connection);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return web_http_writable(connection);
    case LWS_CALLBACK_CLOSED_HTTP:
        web_http_gone(connection);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return web_session_confirm(connection);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return connection->session ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        web_session_opened(connection);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return web_session_received(connection, in, length);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return web_session_writable(connection);
    case LWS_CALLBACK_CLOSED:
        web_session_gone(connection);
        return 0;
    default:
        return 0;
    }
}

// --- server and listeners ------------------------------------------------------------------------

struct web_server *web_server_new(struct loop *loop)
{
    loop_assert_current(loop);
    struct web_server *server = g_new0(struct web_server, 1);
    server->loop = loop;
    server->main_loop = g_main_loop_new(loop_context(loop), FALSE);
    server->listeners = g_ptr_array_new();
    struct lws_context_creation_info info;
    lws_glue_fill(&info, server->main_loop, server->loops);
    info.pt_serv_buf_size = SERVICE_BUFFER_BYTES;
    server->context = lws_glue_create(&info);
    return server;
}

static void listener_free(struct web_listener *listener)
{
    web_files_close(listener->files);
    g_hash_table_unref(listener->addresses);
    g_hash_table_unref(listener->sessions);
    g_free(listener->interface);
    g_free(listener);
}

void web_server_free(struct web_server *server)
{
    if (!server)
        return;
    loop_assert_current(server->loop);
    server->is_ending = true;
    for (guint i = 0; i < server->listeners->len; i++) {
        struct web_listener *listener = g_ptr_array_index(server->listeners, i);
        GHashTableIter each;
        gpointer session = NULL;
        g_hash_table_iter_init(&each, listener->sessions);
        while (g_hash_table_iter_next(&each, &session, NULL))
            web_session_say_goodbye(session);
    }
    lws_context_destroy(server->context);
    for (guint i = 0; i < server->listeners->len; i++)
        listener_free(g_ptr_array_index(server->listeners, i));
    g_ptr_array_unref(server->listeners);
    g_main_loop_unref(server->main_loop);
    g_free(server);
}

// "127.0.0.1:80", "[::1]:80" → address and port.
static int parse_listen(const char *text, struct sockaddr_storage *address, uint16_t *port)
{
    g_autofree char *host = NULL;
    const int rc = address_text_split(text, &host, port);
    if (rc < 0)
        return rc;
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(*port);
        return 0;
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(*port);
    return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 ? 0 : -EINVAL;
}

// The library says only that it failed; this says why.
static int try_bind(const struct sockaddr_storage *address)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    socklen_t size = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6);
    int rc = bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, 1) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static int check_files(const struct web_listener_config *config)
{
    const char *const paths[] = { config->certificate_file, config->key_file,
        config->client_ca_file };
    size_t count = config->tls == WEB_PLAIN ? 0 : config->tls == WEB_TLS ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        if (paths[i] && access(paths[i], R_OK) == 0)
            continue;
        log_error("tls file unreadable listener=%s path=%s", config->name,
                paths[i] ? paths[i] : "(none)");
        return -ENOENT;
    }
    return 0;
}

static bool is_port_taken(const struct web_server *server, uint16_t port)
{
    for (guint i = 0; port && i < server->listeners->len; i++) {
        const struct web_listener *other = g_ptr_array_index(server->listeners, i);
        if (other->port == port)
            return true;
    }
    return false;
}

static void fill_defaults(struct web_listener_config *config)
{
    config->max_connections = config->max_connections ?: DEFAULT_CONNECTIONS;
    config->max_connections_per_address =
            config->max_connections_per_address ?: DEFAULT_PER_ADDRESS;
    config->max_new_per_address_per_second =
            config->max_new_per_address_per_second ?: DEFAULT_NEW_PER_SECOND;
    config->max_queued_bytes = config->max_queued_bytes ?: DEFAULT_QUEUED_BYTES;
    config->ping_interval_s = config->ping_interval_s ?: DEFAULT_PING_INTERVAL_S;
}

// The address in the library's terms: its name, or none for all.
static uint64_t set_interface(struct web_listener *listener, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    char text[INET6_ADDRSTRLEN] = "";
    bool is_four = address->ss_family == AF_INET;
    bool is_all = is_four ? four->sin_addr.s_addr == htonl(INADDR_ANY)
                          : IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
    write_address(address, text, sizeof(text));
    listener->interface = is_all ? NULL : g_strdup(text);
    return is_four ? LWS_SERVER_OPTION_DISABLE_IPV6 : 0;
}

static struct lws_vhost *make_vhost(struct web_listener *listener, uint64_t options, uint16_t port)
{
    const struct web_listener_config *config = &listener->config;
    struct lws_context_creation_info info;
    lws_glue_fill(&info, listener->server->main_loop, listener->server->loops);
    listener->protocols[0] = (struct lws_protocols){
        .name = "http", .callback = on_event, .tx_packet_size = SERVICE_BUFFER_BYTES
    };
    listener->protocols[1] = (struct lws_protocols){
        .name = WEB_SUBPROTOCOL, .callback = on_event, .rx_buffer_size = SERVICE_BUFFER_BYTES
    };
    listener->ping = (lws_retry_bo_t){
        .secs_since_valid_ping = (uint16_t)config->ping_interval_s,
        .secs_since_valid_hangup = (uint16_t)(2 * config->ping_interval_s),
    };
    info.port = port;
    info.iface = listener->interface;
    info.vhost_name = config->name;
    info.protocols = listener->protocols;
    info.user = listener;
    info.options |= options | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    info.keepalive_timeout = KEEPALIVE_S;
    info.retry_and_idle_policy = &listener->ping;
    if (config->tls != WEB_PLAIN) {
        info.ssl_cert_filepath = config->certificate_file;
        info.ssl_private_key_filepath = config->key_file;
        info.ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION;
        info.alpn = "http/1.1";
        info.ssl_info_event_mask = SSL_CB_HANDSHAKE_DONE;
    }
    if (config->tls == WEB_TLS_CLIENT_CERTIFICATE) {
        info.ssl_ca_filepath = config->client_ca_file;
        info.options |= LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT;
    }
    return lws_create_vhost(listener->server->context, &info);
}

int web_server_listen(struct web_server *server, const struct web_listener_config *config,
        struct web_listener **out)
{
    loop_assert_current(server->loop);
    struct sockaddr_storage address;
    uint16_t port = 0;
    int rc = parse_listen(config->listen, &address, &port);
    if (rc == 0)
        rc = try_bind(&address);
    // The library tells listeners apart by their port alone.
    if (rc == 0 && is_port_taken(server, port))
        rc = -EADDRINUSE;
    if (rc < 0) {
        log_error("can not listen listener=%s address=%s error=%s", config->name, config->listen,
                g_strerror(-rc));
        return rc;
    }
    rc = check_files(config);
    if (rc < 0)
        return rc;

    struct web_listener *listener = g_new0(struct web_listener, 1);
    listener->server = server;
    listener->config = *config;
    fill_defaults(&listener->config);
    listener->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    listener->sessions = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (config->files_dir)
        rc = web_files_open(config->files_dir, &listener->files);
    if (rc == 0) {
        listener->vhost = make_vhost(listener, set_interface(listener, &address), port);
        rc = listener->vhost ? 0 : -EINVAL;
        if (rc < 0)
            log_error("listener refused listener=%s: certificate and key?", config->name);
    }
    if (rc < 0) {
        listener_free(listener);
        return rc;
    }
    listener->port = (uint16_t)lws_get_vhost_listen_port(listener->vhost);
    g_ptr_array_add(server->listeners, listener);
    log_info("listening listener=%s address=%s port=%u", config->name, config->listen,
            (unsigned)listener->port);
    *out = listener;
    return 0;
}

uint16_t web_listener_port(const struct web_listener *listener)
{
    return listener->port;
}

void web_listener_close_sessions(struct web_listener *listener, int code, const char *reason)
{
    GHashTableIter each;
    gpointer session = NULL;
    g_hash_table_iter_init(&each, listener->sessions);
    while (g_hash_table_iter_next(&each, &session, NULL))
        web_session_close(session, code, reason);
}
