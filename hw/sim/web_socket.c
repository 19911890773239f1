// SPDX-License-Identifier: Apache-2.0
#include "hw/sim/web_socket.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "common/net/lws_glue.h"
#include "hw/address.h"
#include "hw/sim/self_signed.h"

enum { BUFFER_BYTES = 4096, MESSAGE_MAX_BYTES = 65536, MAX_FILES = 64, UNAUTHORIZED = 401 };

struct sim_socket {
    struct loop *loop;
    struct sim_socket_handler handler;
    void *context;
    char *path;
    char *host;
    char *fingerprint;
    char *basic;       // "Basic …"
    char *subprotocol; // "auth-…"
    GMainLoop *main_loop;
    void *loops[1];
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3];
    GPtrArray *sessions;
    uint32_t last_id;
    unsigned refused;
    bool is_ending;
};

struct sim_session {
    struct sim_socket *socket;
    struct lws *wsi;
    uint32_t id;
    GString *incoming;
    GQueue outgoing; // GBytes with LWS_PRE bytes in front
    void *data;
};

// --- sessions ----------------------------------------------------------------------------------

static void session_free(struct sim_session *session)
{
    g_string_free(session->incoming, TRUE);
    g_queue_clear_full(&session->outgoing, (GDestroyNotify)g_bytes_unref);
    g_free(session->data);
    g_free(session);
}

static void open_session(struct sim_socket *socket, struct lws *wsi)
{
    struct sim_session *session = g_new0(struct sim_session, 1);
    session->socket = socket;
    session->wsi = wsi;
    session->id = ++socket->last_id;
    session->incoming = g_string_new(NULL);
    g_queue_init(&session->outgoing);
    lws_set_opaque_user_data(wsi, session);
    g_ptr_array_add(socket->sessions, session);
    socket->handler.opened(socket->context, session);
}

static void end_session(struct sim_socket *socket, struct sim_session *session)
{
    lws_set_opaque_user_data(session->wsi, NULL);
    g_ptr_array_remove(socket->sessions, session);
    if (!socket->is_ending)
        socket->handler.closed(socket->context, session);
    session_free(session);
}

static int receive(
        struct sim_socket *socket, struct sim_session *session, const void *data, size_t size)
{
    if (session->incoming->len + size > MESSAGE_MAX_BYTES)
        return -1;
    g_string_append_len(session->incoming, data, (gssize)size);
    if (!lws_is_final_fragment(session->wsi) || lws_remaining_packet_payload(session->wsi))
        return 0;
    socket->handler.received(
            socket->context, session, session->incoming->str, session->incoming->len);
    g_string_set_size(session->incoming, 0);
    return 0;
}

static int write_next(struct sim_session *session)
{
    g_autoptr(GBytes) next = g_queue_pop_head(&session->outgoing);
    if (!next)
        return 0;
    gsize size;
    unsigned char *bytes = (unsigned char *)g_bytes_get_data(next, &size);
    if (lws_write(session->wsi, bytes + LWS_PRE, size - LWS_PRE, LWS_WRITE_TEXT) < 0)
        return -1;
    if (!g_queue_is_empty(&session->outgoing))
        lws_callback_on_writable(session->wsi);
    return 0;
}

// --- the library's callback --------------------------------------------------------------------

static bool has_header(struct lws *wsi, enum lws_token_indexes token, const char *wanted)
{
    char text[512];
    return lws_hdr_copy(wsi, text, sizeof(text), token) > 0 && strcmp(text, wanted) == 0;
}

static int confirm(struct sim_socket *socket, struct lws *wsi)
{
    if (!has_header(wsi, WSI_TOKEN_GET_URI, socket->path)) {
        lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
        return -1;
    }
    if (has_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, socket->basic) ||
            has_header(wsi, WSI_TOKEN_PROTOCOL, socket->subprotocol))
        return 0;
    socket->refused++;
    lws_return_http_status(wsi, UNAUTHORIZED, NULL);
    return -1;
}

static int on_event(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    struct sim_socket *socket = vhost ? lws_vhost_user(vhost) : NULL;
    struct sim_session *session = lws_get_opaque_user_data(wsi);
    if (!socket)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return socket->is_ending || !socket->handler.accepts(socket->context) ? -1 : 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm(socket, wsi);
    case LWS_CALLBACK_HTTP:
        lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
        return -1;
    case LWS_CALLBACK_ESTABLISHED:
        open_session(socket, wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return session ? receive(socket, session, in, length) : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return session ? write_next(session) : -1;
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        if (session)
            end_session(socket, session);
        return 0;
    default:
        return 0;
    }
}

// --- life --------------------------------------------------------------------------------------

static void make_credentials(struct sim_socket *socket, const struct sim_socket_config *config)
{
    g_autofree char *plain = g_strdup_printf("%s:%s", config->user, config->password);
    g_autofree char *encoded = g_base64_encode((const guchar *)plain, strlen(plain));
    socket->basic = g_strdup_printf("Basic %s", encoded);
    g_strdelimit(encoded, "+", '-');
    g_strdelimit(encoded, "/", '_');
    encoded[strcspn(encoded, "=")] = '\0';
    socket->subprotocol = g_strdup_printf("auth-%s", encoded);
}

static int listen_on(struct sim_socket *socket, const char *name, const struct hw_address *address,
        const char *certificate_dir)
{
    g_autofree char *certificate = g_build_filename(certificate_dir, "certificate.pem", NULL);
    g_autofree char *key = g_build_filename(certificate_dir, "key.pem", NULL);
    struct lws_context_creation_info info;
    lws_glue_fill(&info, socket->main_loop, socket->loops);
    socket->protocols[0] = (struct lws_protocols){
        .name = "device", .callback = on_event, .rx_buffer_size = BUFFER_BYTES
    };
    socket->protocols[1] = (struct lws_protocols){
        .name = socket->subprotocol, .callback = on_event, .rx_buffer_size = BUFFER_BYTES
    };
    info.port = hw_address_port(address);
    info.iface = socket->host;
    info.vhost_name = name;
    info.protocols = socket->protocols;
    info.user = socket;
    info.options |= LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_DISABLE_IPV6;
    info.ssl_cert_filepath = certificate;
    info.ssl_private_key_filepath = key;
    info.alpn = "http/1.1";
    socket->vhost = lws_create_vhost(socket->lws, &info);
    return socket->vhost ? 0 : -EADDRINUSE;
}

int sim_socket_open(struct loop *loop, const struct sim_socket_config *config,
        const struct sim_socket_handler *handler, void *context, struct sim_socket **out)
{
    struct hw_address address;
    struct lws_context_creation_info info;
    if (hw_address_parse_with_port(config->listen, &address) < 0 ||
            address.any.sa_family != AF_INET)
        return -EINVAL;
    g_autofree char *dir = g_dir_make_tmp("rong-sim-XXXXXX", NULL);
    if (!dir)
        return -EIO;
    struct sim_socket *socket = g_new0(struct sim_socket, 1);
    socket->loop = loop;
    socket->handler = *handler;
    socket->context = context;
    socket->path = g_strdup(config->path);
    socket->host = hw_address_host(&address);
    socket->sessions = g_ptr_array_new();
    make_credentials(socket, config);
    socket->main_loop = g_main_loop_new(loop_context(loop), FALSE);
    lws_glue_fill(&info, socket->main_loop, socket->loops);
    info.fd_limit_per_thread = MAX_FILES;
    socket->lws = lws_glue_create(&info);

    int rc = self_signed_write(dir, config->name, &socket->fingerprint);
    if (rc == 0)
        rc = listen_on(socket, config->name, &address, dir);
    // Only the running server needs them.
    static const char *const files[] = { "certificate.pem", "key.pem", "" };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        g_remove(path);
    }
    if (rc < 0) {
        sim_socket_close(socket);
        return rc;
    }
    *out = socket;
    return 0;
}

void sim_socket_close(struct sim_socket *socket)
{
    if (!socket)
        return;
    socket->is_ending = true;
    lws_context_destroy(socket->lws);
    while (socket->sessions->len)
        session_free(g_ptr_array_steal_index(socket->sessions, 0));
    g_ptr_array_unref(socket->sessions);
    g_main_loop_unref(socket->main_loop);
    g_free(socket->subprotocol);
    g_free(socket->basic);
    g_free(socket->fingerprint);
    g_free(socket->path);
    g_free(socket->host);
    g_free(socket);
}

uint16_t sim_socket_port(const struct sim_socket *socket)
{
    return (uint16_t)lws_get_vhost_listen_port(socket->vhost);
}

const char *sim_socket_fingerprint(const struct sim_socket *socket)
{
    return socket->fingerprint;
}

unsigned sim_socket_sessions(const struct sim_socket *socket)
{
    return socket->sessions->len;
}

unsigned sim_socket_refused(const struct sim_socket *socket)
{
    return socket->refused;
}

void sim_socket_cut(struct sim_socket *socket)
{
    for (guint i = 0; i < socket->sessions->len; i++) {
        const struct sim_session *session = g_ptr_array_index(socket->sessions, i);
        lws_set_timeout(session->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
    lws_cancel_service(socket->lws);
}

void sim_session_send(struct sim_session *session, const char *text, size_t size)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)(LWS_PRE + size));
    g_byte_array_set_size(bytes, LWS_PRE);
    g_byte_array_append(bytes, (const guint8 *)text, (guint)size);
    g_queue_push_tail(&session->outgoing, g_byte_array_free_to_bytes(bytes));
    lws_callback_on_writable(session->wsi);
}

uint32_t sim_session_id(const struct sim_session *session)
{
    return session->id;
}

struct sim_session *sim_socket_at(const struct sim_socket *socket, unsigned index)
{
    return index < socket->sessions->len ? g_ptr_array_index(socket->sessions, index) : NULL;
}

struct sim_session *sim_socket_find(const struct sim_socket *socket, uint32_t id)
{
    for (guint i = 0; i < socket->sessions->len; i++) {
        struct sim_session *session = g_ptr_array_index(socket->sessions, i);
        if (session->id == id)
            return session;
    }
    return NULL;
}

void sim_session_set_data(struct sim_session *session, void *data)
{
    g_free(session->data);
    session->data = data;
}

void *sim_session_data(const struct sim_session *session)
{
    return session->data;
}
