// SPDX-License-Identifier: Apache-2.0
#include "common/net/enroll.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/http_client.h"
#include "common/protocol/body.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

// What a memory BIO holds, as text.
static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? g_strndup(data, (gsize)size) : NULL;
}

static char *key_pem(EVP_PKEY *key)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    if (!PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        return NULL;
    return bio_text(bio);
}

// A signing request that proves the key; the server gives the name (RFC 2986).
static char *request_pem(EVP_PKEY *key)
{
    g_autoptr(X509_REQ) request = X509_REQ_new();
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
    if (!X509_REQ_set_version(request, X509_REQ_VERSION_1) || !X509_REQ_set_pubkey(request, key) ||
            !X509_REQ_sign(request, key, EVP_sha256()) || !PEM_write_bio_X509_REQ(bio, request))
        return NULL;
    return bio_text(bio);
}

// "<code>.<base64url>" → code and libcurl's "sha256//<base64>"; false when it is not one.
static bool split_code(const char *text, char **code, char **pinned_key)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);
    if (g_strv_length(parts) != 2 || !*parts[0] || strlen(parts[1]) < 43)
        return false;
    g_strdelimit(parts[1], "-", '+');
    g_strdelimit(parts[1], "_", '/');
    g_strchomp(parts[1]);
    bool is_padded = g_str_has_suffix(parts[1], "=");
    *pinned_key = g_strdup_printf("sha256//%s%s", parts[1], is_padded ? "" : "=");
    *code = g_strdup(parts[0]);
    return true;
}

static int refused(const struct http_response *response, char **fault)
{
    g_autofree struct type_problem *problem = g_new0(struct type_problem, 1);
    struct fields_error error;
    if (body_parse(&type_problem_fields, response->body, response->size, problem, &error) < 0)
        *fault = g_strdup_printf("The server refused with status %d.", response->status);
    else
        *fault = g_strdup_printf("The server refused the code (%s): ask the administrator for a "
                                 "new one with `rong room code` or `rong mcu code`.",
                problem->code);
    return -EACCES;
}

static int ask_server(const char *url, const char *pinned_key,
        const struct message_rest_enroll *ask, struct message_rest_enroll_reply *reply,
        char **fault)
{
    g_autofree char *target = g_strdup_printf("%s/api/v1/enroll", url);
    g_autofree char *body = body_build(message_infos[MESSAGE_REST_ENROLL].fields, ask);
    struct http_request request = {
        .method = "POST",
        .url = target,
        .pinned_key = pinned_key,
        .content_type = BODY_CONTENT_TYPE,
        .body = body,
        .size = strlen(body),
    };
    struct http_response response = { 0 };
    int rc = http_request(&request, &response, fault);
    if (rc < 0)
        return rc;
    struct fields_error error;
    if (response.status / 100 != 2)
        rc = refused(&response, fault);
    else if (body_parse(message_infos[MESSAGE_REST_ENROLL].reply_fields, response.body,
                     response.size, reply, &error) < 0) {
        *fault = g_strdup("The server's answer could not be read: are both of the same version?");
        rc = -EIO;
    }
    http_response_fini(&response);
    return rc;
}

// The folder is the daemon's; who enrols as root must not leave files there that it can not read.
static int give_to_owner(const char *folder, const char *path)
{
    struct stat owner;
    if (geteuid() != 0)
        return 0;
    if (stat(folder, &owner) < 0 || lchown(path, owner.st_uid, owner.st_gid) < 0)
        return -errno;
    return 0;
}

// Writes beside the file, syncs and renames: the old one stays whole until the new one is.
static int store(const char *folder, const char *name, const char *text, char **fault)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents_full(path, text, -1,
                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error)) {
        *fault = g_strdup_printf("%s can not be written: %s", path, error->message);
        return -EIO;
    }
    const int rc = give_to_owner(folder, path);
    if (rc < 0) {
        *fault = g_strdup_printf(
                "%s can not be given to the owner of %s: %s", path, folder, g_strerror(-rc));
        return -EIO;
    }
    return 0;
}

int enroll(const char *url, const char *code, enum role role, const char *state_dir, char **name,
        char **fault)
{
    *name = NULL;
    *fault = NULL;
    g_autofree char *secret = NULL;
    g_autofree char *pinned_key = NULL;
    g_autofree struct message_rest_enroll *ask = g_new0(struct message_rest_enroll, 1);
    g_autofree struct message_rest_enroll_reply *reply =
            g_new0(struct message_rest_enroll_reply, 1);
    if (!g_str_has_prefix(url, "https://")) {
        *fault = g_strdup_printf("signal.url is \"%s\": it must begin with https://", url);
        return -EINVAL;
    }
    if (!split_code(code, &secret, &pinned_key) || strlen(secret) >= sizeof(ask->code)) {
        *fault =
                g_strdup("This is not an enrolment code: copy the whole line that `rong room code` "
                         "printed.");
        return -EINVAL;
    }
    if (g_mkdir_with_parents(state_dir, 0700) < 0) {
        *fault = g_strdup_printf("%s can not be made: %s", state_dir, g_strerror(errno));
        return -EIO;
    }

    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    g_autofree char *private_key = key ? key_pem(key) : NULL;
    g_autofree char *request = key ? request_pem(key) : NULL;
    if (!private_key || !request) {
        *fault = g_strdup("A key could not be made.");
        return -EIO;
    }
    ask->has_role = true;
    ask->role = role;
    g_strlcpy(ask->code, secret, sizeof(ask->code));
    g_strlcpy(ask->csr, request, sizeof(ask->csr));
    int rc = ask_server(url, pinned_key, ask, reply, fault);
    if (rc < 0)
        return rc;
    rc = store(state_dir, ENROLL_KEY_FILE, private_key, fault);
    if (rc == 0)
        rc = store(state_dir, ENROLL_CA_FILE, reply->ca, fault);
    if (rc == 0)
        rc = store(state_dir, ENROLL_CERTIFICATE_FILE, reply->certificate, fault);
    if (rc == 0)
        *name = g_strdup(reply->name);
    // What OpenSSL noted on the way would be taken for a fault of this thread's next connection.
    ERR_clear_error();
    return rc;
}
