// SPDX-License-Identifier: Apache-2.0
// DTLS in memory: ours against ours, and ours against plain OpenSSL with other habits.
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/transport/certificate.h"
#include "common/transport/dtls.h"

#include <cmocka.h>

#define ROUNDS_MAX 50

static struct certificate *ours, *theirs;
static EVP_PKEY *rsa_key; // of foreign clients, as webrtcbin has one

static int make_certificates(void **state)
{
    (void)state;
    rsa_key = EVP_RSA_gen(2048);
    return !rsa_key || certificate_new(&ours) < 0 || certificate_new(&theirs) < 0;
}

static int free_certificates(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa_key);
    certificate_free(ours);
    certificate_free(theirs);
    return 0;
}

// Carries what one wrote to the other; how many datagrams.
static int carry(struct dtls *from, struct dtls *to)
{
    uint8_t datagram[DTLS_DATAGRAM_MAX];
    size_t size;
    int count = 0;
    while ((size = dtls_take_output(from, datagram, sizeof(datagram))) > 0) {
        assert_true(size <= DTLS_DATAGRAM_MAX);
        dtls_receive(to, datagram, size);
        count++;
    }
    return count;
}

static void both_sides_end_with_the_same_keys(void **state)
{
    (void)state;
    struct dtls *server, *client;
    struct rtp_crypt_keys server_keys, client_keys;
    assert_int_equal(dtls_open(ours, true, certificate_fingerprint(theirs), &server), 0);
    assert_int_equal(dtls_open(theirs, false, certificate_fingerprint(ours), &client), 0);
    assert_int_equal(dtls_timeout_us(server), -1);
    dtls_start(client);
    assert_in_range(dtls_timeout_us(client), 1, 100000); // not a whole second
    for (int i = 0; i < ROUNDS_MAX && carry(client, server) + carry(server, client) > 0; i++) {
    }
    assert_int_equal(dtls_state(server), DTLS_DONE);
    assert_int_equal(dtls_state(client), DTLS_DONE);
    assert_string_equal(dtls_srtp_profile(server)->name, "SRTP_AEAD_AES_128_GCM");
    assert_int_equal(dtls_srtp_keys(server, &server_keys), 0);
    assert_int_equal(dtls_srtp_keys(client, &client_keys), 0);
    assert_int_equal(server_keys.size, 28);
    assert_memory_equal(server_keys.send, client_keys.receive, 28);
    assert_memory_equal(server_keys.receive, client_keys.send, 28);
    assert_memory_not_equal(server_keys.send, server_keys.receive, 28);

    dtls_say_goodbye(client);
    carry(client, server);
    assert_int_equal(dtls_state(server), DTLS_CLOSED);
    dtls_close(server);
    dtls_close(client);
}

static void rubbish_is_passed_over(void **state)
{
    (void)state;
    struct dtls *server, *client;
    uint8_t rubbish[300];
    assert_int_equal(dtls_open(ours, true, certificate_fingerprint(theirs), &server), 0);
    assert_int_equal(dtls_open(theirs, false, certificate_fingerprint(ours), &client), 0);
    for (size_t size = 0; size < sizeof(rubbish); size++) {
        memset(rubbish, (int)size, sizeof(rubbish));
        rubbish[0] = 22;
        dtls_receive(server, rubbish, size);
    }
    dtls_start(client);
    for (int i = 0; i < ROUNDS_MAX && carry(client, server) + carry(server, client) > 0; i++)
        dtls_receive(server, rubbish, sizeof(rubbish));
    assert_int_equal(dtls_state(server), DTLS_DONE);
    dtls_receive(server, rubbish, sizeof(rubbish));
    assert_int_equal(dtls_state(server), DTLS_DONE);
    dtls_close(server);
    dtls_close(client);
}

static void a_fingerprint_of_another_length_is_refused(void **state)
{
    (void)state;
    struct dtls *server;
    assert_true(dtls_open(ours, true, "AB:CD", &server) < 0);
}

// --- a plain OpenSSL client ---------------------------------------------------------------------

struct foreign {
    SSL_CTX *context;
    SSL *ssl;
    char fingerprint[DTLS_FINGERPRINT_SIZE];
};

static void foreign_open(struct foreign *foreign, const char *profiles, bool has_certificate)
{
    X509 *x509 = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, rsa_key);
    assert_true(X509_sign(x509, rsa_key, EVP_sha256()) > 0);
    assert_int_equal(dtls_fingerprint(x509, foreign->fingerprint), 0);
    foreign->context = SSL_CTX_new(DTLS_client_method());
    if (has_certificate) {
        SSL_CTX_use_certificate(foreign->context, x509);
        SSL_CTX_use_PrivateKey(foreign->context, rsa_key);
    }
    if (profiles)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(foreign->context, profiles), 0);
    foreign->ssl = SSL_new(foreign->context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(foreign->ssl, in, out);
    SSL_set_options(foreign->ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(foreign->ssl, 1200);
    SSL_set_connect_state(foreign->ssl);
    X509_free(x509);
}

static void foreign_close(struct foreign *foreign)
{
    SSL_free(foreign->ssl);
    SSL_CTX_free(foreign->context);
}

static void shake_hands(struct foreign *foreign, struct dtls *server)
{
    for (int i = 0; i < ROUNDS_MAX && dtls_state(server) == DTLS_HANDSHAKING; i++) {
        uint8_t flight[16384];
        uint8_t datagram[DTLS_DATAGRAM_MAX];
        size_t taken;
        SSL_do_handshake(foreign->ssl);
        int size = BIO_read(SSL_get_wbio(foreign->ssl), flight, sizeof(flight));
        // One record a datagram, as a careful sender would.
        for (int at = 0; at + 13 <= size;) {
            int record = 13 + (flight[at + 11] << 8 | flight[at + 12]);
            dtls_receive(server, flight + at, (size_t)record);
            at += record;
        }
        while ((taken = dtls_take_output(server, datagram, sizeof(datagram))) > 0) {
            BIO_write(SSL_get_rbio(foreign->ssl), datagram, (int)taken);
            SSL_do_handshake(foreign->ssl);
        }
    }
}

static void a_client_without_gcm_gets_aes_cm(void **state)
{
    (void)state;
    struct foreign foreign;
    struct dtls *server;
    struct rtp_crypt_keys keys;
    foreign_open(&foreign, "SRTP_AES128_CM_SHA1_80", true);
    assert_int_equal(dtls_open(ours, true, foreign.fingerprint, &server), 0);
    shake_hands(&foreign, server);
    assert_int_equal(dtls_state(server), DTLS_DONE);
    assert_string_equal(dtls_srtp_profile(server)->name, "SRTP_AES128_CM_SHA1_80");
    assert_int_equal(dtls_srtp_keys(server, &keys), 0);
    assert_int_equal(keys.size, 30);
    dtls_close(server);
    foreign_close(&foreign);
}

static void the_servers_order_of_profiles_decides(void **state)
{
    (void)state;
    struct foreign foreign;
    struct dtls *server;
    foreign_open(&foreign, "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", true);
    assert_int_equal(dtls_open(ours, true, foreign.fingerprint, &server), 0);
    shake_hands(&foreign, server);
    assert_string_equal(dtls_srtp_profile(server)->name, "SRTP_AEAD_AES_128_GCM");
    dtls_close(server);
    foreign_close(&foreign);
}

static void expect_failure(const char *profiles, bool has_certificate, const char *reason)
{
    struct foreign foreign;
    struct dtls *server;
    foreign_open(&foreign, profiles, has_certificate);
    assert_int_equal(dtls_open(ours, true, foreign.fingerprint, &server), 0);
    shake_hands(&foreign, server);
    assert_int_equal(dtls_state(server), DTLS_FAILED);
    assert_string_equal(dtls_failure(server), reason);
    dtls_close(server);
    foreign_close(&foreign);
}

static void a_client_without_srtp_is_refused(void **state)
{
    (void)state;
    expect_failure(NULL, true, "dtls.no_srtp_profile");
    expect_failure("SRTP_AES128_CM_SHA1_32", true, "dtls.no_srtp_profile");
}

static void a_client_without_certificate_is_refused(void **state)
{
    (void)state;
    expect_failure("SRTP_AEAD_AES_128_GCM", false, "dtls.handshake");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_end_with_the_same_keys),
        cmocka_unit_test(rubbish_is_passed_over),
        cmocka_unit_test(a_fingerprint_of_another_length_is_refused),
        cmocka_unit_test(a_client_without_gcm_gets_aes_cm),
        cmocka_unit_test(the_servers_order_of_profiles_decides),
        cmocka_unit_test(a_client_without_srtp_is_refused),
        cmocka_unit_test(a_client_without_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
