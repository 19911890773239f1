// SPDX-License-Identifier: Apache-2.0
#include "hw/sim/self_signed.h"

#include <errno.h>
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

enum { YEAR_S = 365 * 24 * 3600 };

static X509 *make(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), YEAR_S);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
            (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    return certificate;
}

static bool write_files(const char *dir, EVP_PKEY *key, X509 *certificate)
{
    g_autofree char *certificate_path = g_build_filename(dir, "certificate.pem", NULL);
    g_autofree char *key_path = g_build_filename(dir, "key.pem", NULL);
    BIO *certificate_file = BIO_new_file(certificate_path, "w");
    BIO *key_file = BIO_new_file(key_path, "w");
    bool is_written = certificate_file && key_file &&
                      PEM_write_bio_X509(certificate_file, certificate) == 1 &&
                      PEM_write_bio_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1;
    BIO_free(certificate_file);
    BIO_free(key_file);
    return is_written;
}

int self_signed_write(const char *dir, const char *name, char **fingerprint)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make(key, name);
    bool is_made = X509_sign(certificate, key, EVP_sha256()) > 0 &&
                   X509_digest(certificate, EVP_sha256(), digest, &size) == 1 &&
                   write_files(dir, key, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!is_made)
        return -EIO;
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < size; i++)
        g_string_append_printf(text, "%s%02X", i ? ":" : "", digest[i]);
    *fingerprint = g_strdup(text->str);
    return 0;
}
