// SPDX-License-Identifier: Apache-2.0
#include "common/transport/certificate.h"

#include <errno.h>
#include <glib.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/transport/dtls.h"

#define VALID_FOR_S (365L * 24 * 3600)
// Clocks of boxes without a battery are behind.
#define VALID_BEFORE_S (-2L * 24 * 3600)

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
    SSL_CTX *context;
    char fingerprint[DTLS_FINGERPRINT_SIZE];
};

static int random_serial(X509 *x509)
{
    uint64_t serial = 0;
    if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
        return 0;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1);
}

static int fill_and_sign(X509 *x509, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(x509);
    return X509_set_version(x509, 2) == 1 && random_serial(x509) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x509), VALID_BEFORE_S) &&
           X509_gmtime_adj(X509_getm_notAfter(x509), VALID_FOR_S) &&
           X509_NAME_add_entry_by_txt(
                   name, "CN", MBSTRING_ASC, (const unsigned char *)"rong", -1, -1, 0) == 1 &&
           X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key) == 1 &&
           X509_sign(x509, key, EVP_sha256()) > 0;
}

int certificate_new(struct certificate **out)
{
    struct certificate *certificate = g_new0(struct certificate, 1);
    certificate->key = EVP_EC_gen("P-256");
    certificate->x509 = X509_new();
    if (!certificate->key || !certificate->x509 ||
            !fill_and_sign(certificate->x509, certificate->key) ||
            dtls_fingerprint(certificate->x509, certificate->fingerprint) < 0)
        goto fail;
    certificate->context = dtls_context_new(certificate->x509, certificate->key);
    if (!certificate->context)
        goto fail;
    *out = certificate;
    return 0;

fail:
    certificate_free(certificate);
    return -EIO;
}

void certificate_free(struct certificate *certificate)
{
    if (!certificate)
        return;
    SSL_CTX_free(certificate->context);
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    g_free(certificate);
}

const char *certificate_fingerprint(const struct certificate *certificate)
{
    return certificate->fingerprint;
}

struct ssl_ctx_st *certificate_dtls_context(const struct certificate *certificate)
{
    return certificate->context;
}
