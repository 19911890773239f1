// SPDX-License-Identifier: Apache-2.0
#include "hw/web/link_ws.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "common/base/log.h"
#include "common/net/lws_glue.h"
#include "hw/address.h"

#define LOG_TOPIC "hw-web"

enum {
    MAX_FILES = 32, // of this context: a connection, and the library's own
    BUFFER_BYTES = 4096,
    MESSAGE_MAX_BYTES = 65536,
    QUEUED_MAX = 64, // messages
    CONNECT_TIMEOUT_S = 3,
    STATUS_UNAUTHORIZED = 401,
};

struct outgoing {
    size_t size;
    unsigned char bytes[]; // LWS_PRE bytes, then the text
};

struct ws_link {
    struct hw_link link; // first
    struct loop *loop;
    char *address;
    char *local_address;
    char *path;
    char *host; // "[::1]:443"
    uint16_t port;
    char *authorization; // secret
    uint8_t fingerprint[LINK_WS_FINGERPRINT_BYTES];
    uint8_t refused[LINK_WS_FINGERPRINT_BYTES]; // the last certificate that was
    bool is_pinned;

    GMainLoop *main_loop;
    void *loops[1];
    SSL_CTX *ssl;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[2];

    struct lws *wsi; // NULL: none
    bool is_opening; // within open(): a refusal is its answer
    bool is_up;
    bool is_untrusted;
    int open_error;
    GString *incoming;
    GQueue outgoing;
};

bool link_ws_parse_fingerprint(const char *text, uint8_t *out)
{
    size_t count = 0;
    for (; *text && count < LINK_WS_FINGERPRINT_BYTES; count++) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        if (low < 0)
            return false;
        out[count] = (uint8_t)(high << 4 | low);
        text += 2;
        text += *text == ':' && text[1];
    }
    return count == LINK_WS_FINGERPRINT_BYTES && !*text;
}

static void forget_messages(struct ws_link *self)
{
    g_queue_clear_full(&self->outgoing, g_free);
    g_string_set_size(self->incoming, 0);
}

// What was said just before the end, such as a stop, still goes out where the line takes it.
static void send_last(struct ws_link *self)
{
    struct outgoing *next;
    while (self->is_up && !lws_send_pipe_choked(self->wsi) &&
            (next = g_queue_pop_head(&self->outgoing))) {
        self->is_up = lws_write(self->wsi, next->bytes + LWS_PRE, next->size, LWS_WRITE_TEXT) >= 0;
        g_free(next);
    }
}

static void ws_close(struct hw_link *link)
{
    struct ws_link *self = (struct ws_link *)link;
    if (self->wsi) {
        send_last(self);
        lws_set_opaque_user_data(self->wsi, NULL); // nothing of it is heard any more
        lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        lws_cancel_service(self->lws);
    }
    self->wsi = NULL;
    self->is_up = false;
    forget_messages(self);
}

static void ended(struct ws_link *self, int error)
{
    self->wsi = NULL;
    self->is_up = false;
    forget_messages(self);
    if (self->is_untrusted)
        error = -ENOKEY;
    self->is_untrusted = false;
    if (self->is_opening)
        self->open_error = error ? error : -ECONNRESET;
    else
        self->link.listener.down(self->link.listener.context, error);
}

// So that whoever looked at the device and knows it is the right one can pin what it shows; once,
// not at each attempt.
static void tell_fingerprint(struct ws_link *self, const uint8_t *digest, size_t size)
{
    if (size != sizeof(self->refused) || memcmp(digest, self->refused, size) == 0)
        return;
    memcpy(self->refused, digest, size);
    char text[2 * LINK_WS_FINGERPRINT_BYTES + 1];
    for (size_t i = 0; i < size; i++)
        g_snprintf(text + 2 * i, 3, "%02x", digest[i]);
    log_warn("certificate refused host=%s shown=%s", self->host, text);
}

// Each certificate of the chain comes by, the device's own last: its fingerprint decides.
static int check_certificate(struct ws_link *self, X509_STORE_CTX *chain)
{
    if (X509_STORE_CTX_get_error_depth(chain) == 0) {
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        const X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
        bool is_known = certificate && X509_digest(certificate, EVP_sha256(), digest, &size) == 1;
        if (!is_known || (self->is_pinned && memcmp(digest, self->fingerprint, size) != 0)) {
            self->is_untrusted = true;
            tell_fingerprint(self, digest, size);
            return -1;
        }
    }
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 0;
}

static int add_authorization(struct ws_link *self, struct lws *wsi, unsigned char **at, size_t room)
{
    return lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
            (unsigned char *)self->authorization, (int)strlen(self->authorization), at, *at + room);
}

static int receive(struct ws_link *self, struct lws *wsi, const void *data, size_t size)
{
    if (self->incoming->len + size > MESSAGE_MAX_BYTES) {
        log_warn("message too long host=%s", self->host);
        return -1;
    }
    g_string_append_len(self->incoming, data, (gssize)size);
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
        return 0;
    GString *message = self->incoming;
    self->incoming = g_string_new(NULL); // whoever hears it may close the link
    self->link.listener.received(
            self->link.listener.context, (const uint8_t *)message->str, message->len);
    g_string_free(message, TRUE);
    return 0;
}

static int write_next(struct ws_link *self, struct lws *wsi)
{
    struct outgoing *next = g_queue_pop_head(&self->outgoing);
    if (!next)
        return 0;
    int written = lws_write(wsi, next->bytes + LWS_PRE, next->size, LWS_WRITE_TEXT);
    g_free(next);
    if (written < 0)
        return -1;
    if (!g_queue_is_empty(&self->outgoing))
        lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(
        struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct ws_link *self = lws_get_opaque_user_data(wsi);
    if (!self)
        return reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION ? -1 : 0;
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        return check_certificate(self, user);
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_authorization(self, wsi, in, length);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: {
        bool is_refused = lws_http_client_http_response(wsi) == STATUS_UNAUTHORIZED ||
                          (in && strstr(in, "unauthorized"));
        ended(self, is_refused ? -EKEYREJECTED : -ECONNREFUSED);
        return 0;
    }
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        self->wsi = wsi;
        self->is_up = true;
        self->link.listener.up(self->link.listener.context);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(self, wsi, in, length);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return write_next(self, wsi);
    case LWS_CALLBACK_CLIENT_CLOSED:
        lws_set_opaque_user_data(wsi, NULL);
        ended(self, 0);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        // Some ways out of a TLS handshake tell nothing before.
        if (self->wsi == wsi)
            ended(self, -ECONNRESET);
        return 0;
    default:
        return 0;
    }
}

static int ws_open(struct hw_link *link)
{
    struct ws_link *self = (struct ws_link *)link;
    ws_close(link);
    struct lws_client_connect_info info = {
        .context = self->lws,
        .vhost = self->vhost,
        .address = self->address,
        .port = self->port,
        .ssl_connection = LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK,
        .path = self->path,
        .host = self->host,
        .local_protocol_name = self->protocols[0].name,
        .ietf_version_or_minus_one = -1,
        .alpn = "http/1.1",
        .iface = self->local_address,
        .opaque_user_data = self,
        .pwsi = &self->wsi,
    };
    self->open_error = 0;
    self->is_untrusted = false;
    self->is_opening = true;
    const struct lws *wsi = lws_client_connect_via_info(&info);
    self->is_opening = false;
    lws_cancel_service(self->lws);
    if (!wsi && !self->open_error)
        self->open_error = -ECONNREFUSED;
    return self->open_error;
}

static int ws_send(struct hw_link *link, const void *data, size_t size)
{
    struct ws_link *self = (struct ws_link *)link;
    if (!self->is_up)
        return -ENOTCONN;
    if (g_queue_get_length(&self->outgoing) >= QUEUED_MAX)
        return -EAGAIN;
    struct outgoing *outgoing = g_malloc(sizeof(*outgoing) + LWS_PRE + size);
    outgoing->size = size;
    memcpy(outgoing->bytes + LWS_PRE, data, size);
    g_queue_push_tail(&self->outgoing, outgoing);
    lws_callback_on_writable(self->wsi);
    return 0;
}

static void ws_free(struct hw_link *link)
{
    struct ws_link *self = (struct ws_link *)link;
    if (self->lws)
        lws_context_destroy(self->lws);
    SSL_CTX_free(self->ssl);
    if (self->main_loop)
        g_main_loop_unref(self->main_loop);
    forget_messages(self);
    g_string_free(self->incoming, TRUE);
    if (self->authorization)
        OPENSSL_cleanse(self->authorization, strlen(self->authorization));
    g_free(self->authorization);
    g_free(self->address);
    g_free(self->local_address);
    g_free(self->path);
    g_free(self->host);
    g_free(self);
}

static const struct hw_link_class ws_class = {
    .open = ws_open,
    .close = ws_close,
    .send = ws_send,
    .free = ws_free,
};

static char *make_authorization(const struct link_ws_config *config)
{
    g_autofree char *plain = g_strdup_printf("%s:%s", config->user, config->password);
    g_autofree char *encoded = g_base64_encode((const guchar *)plain, strlen(plain));
    char *header = g_strdup_printf("Basic %s", encoded);
    OPENSSL_cleanse(plain, strlen(plain));
    OPENSSL_cleanse(encoded, strlen(encoded));
    return header;
}

static void make_context(struct ws_link *self)
{
    struct lws_context_creation_info info;
    self->ssl = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(self->ssl, TLS1_2_VERSION);
    SSL_CTX_set_verify(self->ssl, SSL_VERIFY_PEER, NULL);
    self->main_loop = g_main_loop_new(loop_context(self->loop), FALSE);
    lws_glue_fill(&info, self->main_loop, self->loops);
    info.fd_limit_per_thread = MAX_FILES;
    self->lws = lws_glue_create(&info);
    self->protocols[0] = (struct lws_protocols){
        .name = "device", .callback = on_event, .rx_buffer_size = BUFFER_BYTES
    };
    info.vhost_name = "device";
    info.protocols = self->protocols;
    info.connect_timeout_secs = CONNECT_TIMEOUT_S;
    info.provided_client_ssl_ctx = self->ssl;
    info.alpn = "http/1.1";
    self->vhost = lws_create_vhost(self->lws, &info);
}

int link_ws_new(struct loop *loop, const struct link_ws_config *config, struct hw_link **out)
{
    struct hw_address parsed;
    if (hw_address_parse(config->address, config->port, &parsed) < 0 ||
            (config->local_address && hw_address_parse(config->local_address, 0, &parsed) < 0))
        return -EINVAL;
    struct ws_link *self = g_new0(struct ws_link, 1);
    self->link.class = &ws_class;
    self->link.is_datagram = true; // what comes is whole
    self->loop = loop;
    self->address = g_strdup(config->address);
    self->local_address = g_strdup(config->local_address);
    self->path = g_strdup(config->path);
    self->host = g_strdup_printf(
            strchr(config->address, ':') ? "[%s]:%u" : "%s:%u", config->address, config->port);
    self->port = config->port;
    self->authorization = make_authorization(config);
    self->is_pinned = config->fingerprint != NULL;
    if (self->is_pinned)
        memcpy(self->fingerprint, config->fingerprint, sizeof(self->fingerprint));
    self->incoming = g_string_new(NULL);
    g_queue_init(&self->outgoing);
    make_context(self);
    *out = &self->link;
    return 0;
}
