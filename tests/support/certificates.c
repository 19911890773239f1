// SPDX-License-Identifier: Apache-2.0
#include "tests/support/certificates.h"

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    g_assert_nonnull(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// Signed by itself without an issuer.
static struct identity make_identity(
        const char *name, const struct identity *issuer, const char *alternative_names)
{
    static long serial;
    struct identity made = { EVP_EC_gen("P-256"), X509_new() };
    const struct identity *signer = issuer ? issuer : &made;
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.certificate), 3600);
    X509_set_pubkey(made.certificate, made.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.certificate), "CN", MBSTRING_UTF8,
            (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.certificate, X509_get_subject_name(signer->certificate));
    if (!issuer)
        add_extension(
                made.certificate, made.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (alternative_names)
        add_extension(
                made.certificate, signer->certificate, NID_subject_alt_name, alternative_names);
    g_assert_cmpint(X509_sign(made.certificate, signer->key, EVP_sha256()), >, 0);
    return made;
}

static void write_pem(
        const char *dir, const char *name, const struct identity *identity, int is_key)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    BIO *file = BIO_new_file(path, "w");
    g_assert_nonnull(file);
    if (is_key)
        PEM_write_bio_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_X509(file, identity->certificate);
    BIO_free(file);
}

static void free_identity(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

void certificates_write(const char *dir)
{
    struct identity ca = make_identity("test ca", NULL, NULL);
    struct identity unknown = make_identity("test ca", NULL, NULL);
    struct identity server = make_identity("server", &ca, "IP:127.0.0.1,IP:::1,DNS:localhost");
    struct identity client = make_identity("room:64", &ca, NULL);
    struct identity stranger = make_identity("room:64", &unknown, NULL);
    write_pem(dir, "ca.pem", &ca, 0);
    write_pem(dir, "unknown-ca.pem", &unknown, 0);
    write_pem(dir, "server.pem", &server, 0);
    write_pem(dir, "server-key.pem", &server, 1);
    write_pem(dir, "client.pem", &client, 0);
    write_pem(dir, "client-key.pem", &client, 1);
    write_pem(dir, "stranger.pem", &stranger, 0);
    write_pem(dir, "stranger-key.pem", &stranger, 1);
    free_identity(&ca);
    free_identity(&unknown);
    free_identity(&server);
    free_identity(&client);
    free_identity(&stranger);
}
