// SPDX-License-Identifier: Apache-2.0
#include "common/transport/dtls.h"

#include <errno.h>
#include <glib.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define FIRST_TIMER_US     100000u // far below the 1 s of RFC 6347: a lost flight is not worth a second
#define LAST_TIMER_US      2000000u
#define RECORD_HEADER_SIZE 13
#define RECORD_LENGTH_AT   11
#define EXPORTER_LABEL     "EXTRACTOR-dtls_srtp" // RFC 5764 §4.2

struct dtls {
    SSL *ssl;
    BIO *in;  // owned by ssl
    BIO *out; // owned by ssl
    bool is_server;
    bool is_mismatch;
    enum dtls_state state;
    const char *failure;
    const struct rtp_crypt_profile *profile;
    char expected_fingerprint[DTLS_FINGERPRINT_SIZE];
};

int dtls_fingerprint(const struct x509_st *x509, char text[DTLS_FINGERPRINT_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (X509_digest(x509, EVP_sha256(), digest, &size) != 1 || size != 32)
        return -EIO;
    for (unsigned int i = 0; i < size; i++)
        g_snprintf(text + (size_t)i * 3, 4, i + 1 < size ? "%02X:" : "%02X", digest[i]);
    return 0;
}

// Certificates here are self-signed; what the signalling said of them is all their authority.
static int verify_certificate(X509_STORE_CTX *store, void *user)
{
    (void)user;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct dtls *dtls = SSL_get_app_data(ssl);
    X509 *x509 = X509_STORE_CTX_get0_cert(store);
    char fingerprint[DTLS_FINGERPRINT_SIZE];
    if (x509 && dtls_fingerprint(x509, fingerprint) == 0 &&
            g_ascii_strcasecmp(fingerprint, dtls->expected_fingerprint) == 0)
        return 1;
    dtls->is_mismatch = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

struct ssl_ctx_st *dtls_context_new(struct x509_st *x509, struct evp_pkey_st *key)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_method());
    if (!context)
        return NULL;
    SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify_certificate, NULL);
    bool is_set =
            SSL_CTX_use_certificate(context, x509) == 1 &&
            SSL_CTX_use_PrivateKey(context, key) == 1 &&
            SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES128") == 1 &&
            SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
            SSL_CTX_set_tlsext_use_srtp(context, rtp_crypt_profile_names()) == 0;
    if (is_set)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static unsigned int next_timer_us(SSL *ssl, unsigned int timer_us)
{
    (void)ssl;
    return timer_us == 0 ? FIRST_TIMER_US : MIN(timer_us * 2, LAST_TIMER_US);
}

int dtls_open(const struct certificate *certificate, bool is_server, const char *fingerprint,
        struct dtls **out)
{
    if (strlen(fingerprint) != DTLS_FINGERPRINT_SIZE - 1)
        return -EINVAL;
    struct dtls *dtls = g_new0(struct dtls, 1);
    dtls->is_server = is_server;
    g_strlcpy(dtls->expected_fingerprint, fingerprint, sizeof(dtls->expected_fingerprint));
    dtls->ssl = SSL_new(certificate_dtls_context(certificate));
    dtls->in = BIO_new(BIO_s_mem());
    dtls->out = BIO_new(BIO_s_mem());
    if (!dtls->ssl || !dtls->in || !dtls->out)
        goto fail;
    BIO_set_mem_eof_return(dtls->in, -1);
    BIO_set_mem_eof_return(dtls->out, -1);
    SSL_set_bio(dtls->ssl, dtls->in, dtls->out);
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_mtu(dtls->ssl, DTLS_DATAGRAM_MAX);
    DTLS_set_timer_cb(dtls->ssl, next_timer_us);
    if (is_server) {
        SSL_set_accept_state(dtls->ssl);
    } else {
        SSL_set_connect_state(dtls->ssl);
    }
    *out = dtls;
    return 0;

fail:
    BIO_free(dtls->in);
    BIO_free(dtls->out);
    SSL_free(dtls->ssl);
    g_free(dtls);
    return -EIO;
}

void dtls_close(struct dtls *dtls)
{
    if (!dtls)
        return;
    SSL_free(dtls->ssl); // and both BIOs
    g_free(dtls);
}

enum dtls_state dtls_state(const struct dtls *dtls)
{
    return dtls->state;
}

const char *dtls_failure(const struct dtls *dtls)
{
    return dtls->failure;
}

const struct rtp_crypt_profile *dtls_srtp_profile(const struct dtls *dtls)
{
    return dtls->profile;
}

static void fail_with(struct dtls *dtls, const char *reason)
{
    dtls->state = DTLS_FAILED;
    dtls->failure = reason;
}

static void finish_handshake(struct dtls *dtls)
{
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(dtls->ssl);
    dtls->profile = chosen ? rtp_crypt_profile_find(chosen->name) : NULL;
    if (dtls->profile) {
        dtls->state = DTLS_DONE;
    } else {
        fail_with(dtls, "dtls.no_srtp_profile");
    }
}

static void handshake(struct dtls *dtls)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(dtls->ssl);
    if (rc == 1) {
        finish_handshake(dtls);
        return;
    }
    int error = SSL_get_error(dtls->ssl, rc);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fail_with(dtls, dtls->is_mismatch ? "dtls.fingerprint_mismatch" : "dtls.handshake");
}

// After the handshake nothing but alerts and repeated flights is of interest.
static void read_alerts(struct dtls *dtls)
{
    uint8_t ignored[256];
    ERR_clear_error();
    int rc;
    do {
        rc = SSL_read(dtls->ssl, ignored, sizeof(ignored));
    } while (rc > 0);
    int error = SSL_get_error(dtls->ssl, rc);
    if (error == SSL_ERROR_ZERO_RETURN || error == SSL_ERROR_SSL)
        dtls->state = DTLS_CLOSED;
}

void dtls_start(struct dtls *dtls)
{
    if (dtls->state == DTLS_HANDSHAKING)
        handshake(dtls);
}

void dtls_receive(struct dtls *dtls, const uint8_t *datagram, size_t size)
{
    if (dtls->state == DTLS_FAILED || dtls->state == DTLS_CLOSED || size > INT_MAX)
        return;
    BIO_write(dtls->in, datagram, (int)size);
    if (dtls->state == DTLS_HANDSHAKING)
        handshake(dtls);
    if (dtls->state == DTLS_DONE)
        read_alerts(dtls);
}

void dtls_say_goodbye(struct dtls *dtls)
{
    ERR_clear_error();
    if (dtls->state == DTLS_DONE)
        SSL_shutdown(dtls->ssl);
}

// Whole records at the start of `data` that fit into `limit` bytes: only between them may a flight,
// which the BIO hands out in one piece, be cut into datagrams.
static size_t whole_records(const uint8_t *data, size_t size, size_t limit)
{
    size_t taken = 0;
    while (size - taken >= RECORD_HEADER_SIZE) {
        const uint8_t *length = data + taken + RECORD_LENGTH_AT;
        size_t record = RECORD_HEADER_SIZE + ((size_t)length[0] << 8 | length[1]);
        if (taken + record > MIN(size, limit))
            break;
        taken += record;
    }
    return taken;
}

size_t dtls_take_output(struct dtls *dtls, uint8_t *datagram, size_t room)
{
    char *waiting = NULL;
    long size = BIO_get_mem_data(dtls->out, &waiting);
    if (size <= 0)
        return 0;
    size_t take = whole_records(
            (const uint8_t *)waiting, (size_t)size, MIN(room, (size_t)DTLS_DATAGRAM_MAX));
    if (take == 0) { // can not be: OpenSSL keeps to SSL_set_mtu()
        (void)BIO_reset(dtls->out);
        return 0;
    }
    int read = BIO_read(dtls->out, datagram, (int)take);
    return read > 0 ? (size_t)read : 0;
}

int64_t dtls_timeout_us(struct dtls *dtls)
{
    struct timeval left;
    if (dtls->state != DTLS_HANDSHAKING || DTLSv1_get_timeout(dtls->ssl, &left) != 1)
        return -1;
    return (int64_t)left.tv_sec * G_USEC_PER_SEC + left.tv_usec;
}

void dtls_handle_timeout(struct dtls *dtls)
{
    if (dtls->state != DTLS_HANDSHAKING)
        return;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(dtls->ssl) < 0)
        fail_with(dtls, "dtls.handshake");
}

// RFC 5764 §4.2: client key, server key, client salt, server
// salt; libsrtp wants key and salt together.
int dtls_srtp_keys(struct dtls *dtls, struct rtp_crypt_keys *keys)
{
    size_t key = dtls->profile->key_size;
    size_t salt = dtls->profile->salt_size;
    uint8_t material[2 * RTP_CRYPT_KEY_MAX];
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (key + salt), EXPORTER_LABEL,
                strlen(EXPORTER_LABEL), NULL, 0, 0) != 1)
        return -EIO;
    uint8_t *client = dtls->is_server ? keys->receive : keys->send;
    uint8_t *server = dtls->is_server ? keys->send : keys->receive;
    memcpy(client, material, key);
    memcpy(server, material + key, key);
    memcpy(client + key, material + 2 * key, salt);
    memcpy(server + key, material + 2 * key + salt, salt);
    keys->size = key + salt;
    OPENSSL_cleanse(material, sizeof(material));
    return 0;
}
