// SPDX-License-Identifier: Apache-2.0
#include "signaling/pki.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S             (24 * 60 * 60)
#define CA_DAYS           3653
#define SERVER_DAYS       730
#define MACHINE_DAYS      1826
#define RENEW_BEFORE_DAYS 30
#define CSR_PEM_MAX       8192
#define SERIAL_BYTES      16

struct pki {
    char *ca_path;
    char *ca_key_path;
    char *server_path;
    char *server_key_path;
    EVP_PKEY *ca_key;
    X509 *ca;
    EVP_PKEY *server_key;
    X509 *server;
    char *ca_pem;
    char *server_pin;
};

const char *pki_ca_path(const struct pki *pki)
{
    return pki->ca_path;
}

const char *pki_server_certificate_path(const struct pki *pki)
{
    return pki->server_path;
}

const char *pki_server_key_path(const struct pki *pki)
{
    return pki->server_key_path;
}

const char *pki_ca_pem(const struct pki *pki)
{
    return pki->ca_pem;
}

const char *pki_server_pin(const struct pki *pki)
{
    return pki->server_pin;
}

// --- files --------------------------------------------------------------------------------------

static char *text_of(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    char *text = g_strndup(data, (gsize)size);
    BIO_free(bio);
    return text;
}

static char *certificate_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return text_of(bio);
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return text_of(bio);
}

static int write_file(const char *path, const char *text, int mode, char **fault)
{
    g_autoptr(GError) error = NULL;
    if (g_file_set_contents_full(path, text, -1,
                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode, &error))
        return 0;
    *fault = g_strdup(error->message);
    return -EIO;
}

static EVP_PKEY *read_key(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static X509 *read_certificate(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

// The key of `path`, made when there is none. A file that is no key is a fault, not overwritten.
static int open_key(const char *path, EVP_PKEY **key, char **fault)
{
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        *key = read_key(path);
        if (*key)
            return 0;
        *fault = g_strdup_printf("%s holds no private key", path);
        return -EBADMSG;
    }
    *key = EVP_EC_gen("P-256");
    if (!*key)
        return -EIO;
    g_autofree char *pem = key_pem(*key);
    int rc = write_file(path, pem, 0600, fault);
    OPENSSL_cleanse(pem, strlen(pem));
    return rc;
}

// --- certificates -------------------------------------------------------------------------------

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool set_random_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); // positive, and always 16 bytes long
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return good;
}

// A certificate for `key` with the name, not yet signed and without extensions.
static X509 *draft(EVP_PKEY *key, const char *name, X509 *issuer, int days)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    bool good = X509_set_version(certificate, X509_VERSION_3) == 1 &&
                set_random_serial(certificate)
                // Machines with a slow clock must not refuse a certificate that was made just now.
                && X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY_S) &&
                X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                        (const unsigned char *)name, -1, -1, 0) == 1 &&
                X509_set_issuer_name(
                        certificate, issuer ? X509_get_subject_name(issuer) : subject) == 1 &&
                X509_set_pubkey(certificate, key) == 1;
    if (good)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static X509 *make_ca(EVP_PKEY *key)
{
    X509 *ca = draft(key, "Rong CA", NULL, CA_DAYS);
    if (ca && add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
            add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
            add_extension(ca, ca, NID_subject_key_identifier, "hash") &&
            X509_sign(ca, key, EVP_sha256()) > 0)
        return ca;
    X509_free(ca);
    return NULL;
}

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static X509 *make_server(struct pki *pki, char *const *names)
{
    g_autoptr(GString) alternatives = g_string_new(NULL);
    for (size_t i = 0; names[i]; i++)
        g_string_append_printf(alternatives, "%s%s:%s", i ? "," : "",
                is_address(names[i]) ? "IP" : "DNS", names[i]);
    X509 *server = draft(pki->server_key, names[0], pki->ca, SERVER_DAYS);
    if (server && add_extension(server, pki->ca, NID_basic_constraints, "critical,CA:FALSE") &&
            add_extension(server, pki->ca, NID_key_usage, "critical,digitalSignature") &&
            add_extension(server, pki->ca, NID_ext_key_usage, "serverAuth") &&
            add_extension(server, pki->ca, NID_subject_key_identifier, "hash") &&
            add_extension(server, pki->ca, NID_authority_key_identifier, "keyid") &&
            add_extension(server, pki->ca, NID_subject_alt_name, alternatives->str) &&
            X509_sign(server, pki->ca_key, EVP_sha256()) > 0)
        return server;
    X509_free(server);
    return NULL;
}

static bool server_is_good(const struct pki *pki, char *const *names)
{
    time_t limit = time(NULL) + (time_t)RENEW_BEFORE_DAYS * DAY_S;
    if (!pki->server || X509_cmp_time(X509_get0_notAfter(pki->server), &limit) <= 0 ||
            X509_verify(pki->server, X509_get0_pubkey(pki->ca)) != 1 ||
            X509_check_private_key(pki->server, pki->server_key) != 1)
        return false;
    for (size_t i = 0; names[i]; i++) {
        int found = is_address(names[i]) ? X509_check_ip_asc(pki->server, names[i], 0)
                                         : X509_check_host(pki->server, names[i], 0, 0, NULL);
        if (found != 1)
            return false;
    }
    return true;
}

static char *spki_pin(X509 *certificate)
{
    unsigned char *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0)
        return NULL;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, der, size);
    OPENSSL_free(der);
    guint8 digest[32];
    gsize length = sizeof(digest);
    g_checksum_get_digest(sum, digest, &length);
    char *pin = g_base64_encode(digest, length);
    g_strdelimit(pin, "+", '-');
    g_strdelimit(pin, "/", '_');
    *strchrnul(pin, '=') = '\0';
    return pin;
}

// --- opening ------------------------------------------------------------------------------------

static int open_directory(const char *path, char **fault)
{
    if (g_mkdir_with_parents(path, 0700) < 0 || g_chmod(path, 0700) < 0) {
        int rc = -errno;
        *fault = g_strdup_printf("%s: %s", path, g_strerror(errno));
        return rc;
    }
    return 0;
}

static int open_ca(struct pki *pki, char **fault)
{
    bool is_known = g_file_test(pki->ca_path, G_FILE_TEST_EXISTS);
    if (is_known && !g_file_test(pki->ca_key_path, G_FILE_TEST_EXISTS)) {
        *fault = g_strdup_printf("%s is missing beside %s", pki->ca_key_path, pki->ca_path);
        return -ENOENT;
    }
    int rc = open_key(pki->ca_key_path, &pki->ca_key, fault);
    if (rc < 0)
        return rc;
    pki->ca = is_known ? read_certificate(pki->ca_path) : make_ca(pki->ca_key);
    if (!pki->ca || X509_check_private_key(pki->ca, pki->ca_key) != 1) {
        *fault = g_strdup_printf("%s does not belong to %s", pki->ca_path, pki->ca_key_path);
        return -EBADMSG;
    }
    pki->ca_pem = certificate_pem(pki->ca);
    return is_known ? 0 : write_file(pki->ca_path, pki->ca_pem, 0644, fault);
}

static int open_server(struct pki *pki, char *const *names, char **fault)
{
    int rc = open_key(pki->server_key_path, &pki->server_key, fault);
    if (rc < 0)
        return rc;
    pki->server = read_certificate(pki->server_path);
    if (!server_is_good(pki, names)) {
        X509_free(pki->server);
        pki->server = make_server(pki, names);
        if (!pki->server) {
            *fault = g_strdup("the server's names make no certificate");
            return -EINVAL;
        }
        g_autofree char *pem = certificate_pem(pki->server);
        rc = write_file(pki->server_path, pem, 0644, fault);
    }
    pki->server_pin = spki_pin(pki->server);
    return rc;
}

int pki_open(const char *state_dir, char *const *names, struct pki **out, char **fault)
{
    struct pki *pki = g_new0(struct pki, 1);
    pki->ca_path = g_build_filename(state_dir, "ca.pem", NULL);
    pki->ca_key_path = g_build_filename(state_dir, "ca-key.pem", NULL);
    pki->server_path = g_build_filename(state_dir, "server.pem", NULL);
    pki->server_key_path = g_build_filename(state_dir, "server-key.pem", NULL);
    *fault = NULL;

    int rc = open_directory(state_dir, fault);
    if (rc == 0)
        rc = open_ca(pki, fault);
    if (rc == 0)
        rc = open_server(pki, names, fault);
    if (rc < 0) {
        if (!*fault)
            *fault = g_strdup("the certificates can not be made");
        pki_close(pki);
        return rc;
    }
    *out = pki;
    return 0;
}

void pki_close(struct pki *pki)
{
    if (!pki)
        return;
    EVP_PKEY_free(pki->ca_key);
    EVP_PKEY_free(pki->server_key);
    X509_free(pki->ca);
    X509_free(pki->server);
    g_free(pki->ca_path);
    g_free(pki->ca_key_path);
    g_free(pki->server_path);
    g_free(pki->server_key_path);
    g_free(pki->ca_pem);
    g_free(pki->server_pin);
    g_free(pki);
}

// --- signing ------------------------------------------------------------------------------------

static X509_REQ *read_request(const char *pem)
{
    if (strlen(pem) > CSR_PEM_MAX)
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return request;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t length = 0;
    return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static char *serial_hex(X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), NULL);
    char *hex = BN_bn2hex(number);
    char *copy = g_ascii_strdown(hex, -1);
    OPENSSL_free(hex);
    BN_free(number);
    return copy;
}

char *pki_sign_csr(const struct pki *pki, const char *csr_pem, const char *name, char **serial)
{
    X509_REQ *request = read_request(csr_pem);
    EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
    X509 *certificate = NULL;
    char *pem = NULL;
    if (is_p256(key) && X509_REQ_verify(request, key) == 1)
        certificate = draft(key, name, pki->ca, MACHINE_DAYS);
    if (certificate &&
            add_extension(certificate, pki->ca, NID_basic_constraints, "critical,CA:FALSE") &&
            add_extension(certificate, pki->ca, NID_key_usage, "critical,digitalSignature") &&
            add_extension(certificate, pki->ca, NID_ext_key_usage, "clientAuth") &&
            add_extension(certificate, pki->ca, NID_subject_key_identifier, "hash") &&
            add_extension(certificate, pki->ca, NID_authority_key_identifier, "keyid") &&
            X509_sign(certificate, pki->ca_key, EVP_sha256()) > 0) {
        pem = certificate_pem(certificate);
        *serial = serial_hex(certificate);
    }
    X509_free(certificate);
    X509_REQ_free(request);
    return pem;
}
