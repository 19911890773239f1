// SPDX-License-Identifier: Apache-2.0
#include "common/net/http_client.h"

// Without its checks, which are macros by the names of the functions.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <string.h>

#define DEFAULT_TIMEOUT_S 15

// libcurl comes with some thirty libraries. A daemon that enrolled once in its life would carry
// them for ever, so it is loaded by who asks.
#define CURL_LIBRARY "libcurl.so.4"
#define CURL_FUNCTIONS(FUNCTION) \
    FUNCTION(curl_global_init) \
    FUNCTION(curl_easy_init) \
    FUNCTION(curl_easy_setopt) \
    FUNCTION(curl_easy_perform) \
    FUNCTION(curl_easy_getinfo) \
    FUNCTION(curl_easy_strerror) \
    FUNCTION(curl_easy_cleanup) \
    FUNCTION(curl_slist_append) \
    FUNCTION(curl_slist_free_all)

#define DECLARE(name) __typeof__(name) *(name);
static struct {
    CURL_FUNCTIONS(DECLARE)
} lib;
#undef DECLARE

// False: *fault says why. Once for the process.
static bool load_library(char **fault)
{
    static gsize is_loaded; // 1: no; 2: yes
    if (g_once_init_enter(&is_loaded)) {
        void *library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        bool is_whole = library != NULL;
#define LOAD(name) \
    *(void **)&lib.name = library ? dlsym(library, #name) : NULL; \
    is_whole = is_whole && lib.name != NULL;
        CURL_FUNCTIONS(LOAD)
#undef LOAD
        if (is_whole)
            lib.curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&is_loaded, is_whole ? 2 : 1);
    }
    if (is_loaded != 2)
        *fault = g_strdup("install libcurl4: " CURL_LIBRARY " is not there, or is another");
    return is_loaded == 2;
}

static size_t append_body(char *data, size_t size, size_t count, void *context)
{
    GString *body = context;
    if (body->len + size * count > HTTP_RESPONSE_MAX_BYTES)
        return 0;
    g_string_append_len(body, data, (gssize)(size * count));
    return size * count;
}

static struct curl_slist *make_headers(const struct http_request *request)
{
    // "Expect:" turns off the pause that curl makes before large bodies.
    struct curl_slist *headers = lib.curl_slist_append(NULL, "Expect:");
    if (request->content_type) {
        g_autofree char *line = g_strdup_printf("Content-Type: %s", request->content_type);
        headers = lib.curl_slist_append(headers, line);
    }
    if (request->bearer) {
        g_autofree char *line = g_strdup_printf("Authorization: Bearer %s", request->bearer);
        headers = lib.curl_slist_append(headers, line);
    }
    return headers;
}

static void set_trust(CURL *curl, const struct http_request *request)
{
    if (request->pinned_key) {
        lib.curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, request->pinned_key);
        lib.curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        lib.curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (request->ca_file) {
        lib.curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
        lib.curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

int http_request(const struct http_request *request, struct http_response *response, char **fault)
{
    if (!load_library(fault))
        return -ENOENT;
    CURL *curl = lib.curl_easy_init();
    if (!curl)
        g_error("curl: out of memory");
    char error[CURL_ERROR_SIZE] = "";
    GString *body = g_string_new(NULL);
    struct curl_slist *headers = make_headers(request);
    lib.curl_easy_setopt(curl, CURLOPT_URL, request->url);
    lib.curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    lib.curl_easy_setopt(curl, CURLOPT_PROXY, "");
    lib.curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    lib.curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    lib.curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt(
            curl, CURLOPT_TIMEOUT, request->timeout_s > 0 ? request->timeout_s : DEFAULT_TIMEOUT_S);
    lib.curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    lib.curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
    lib.curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (request->body || strcmp(request->method, "POST") == 0) {
        lib.curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        lib.curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
    }
    if (strcmp(request->method, "HEAD") == 0)
        lib.curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    set_trust(curl, request);

    CURLcode rc = lib.curl_easy_perform(curl);
    long status = 0;
    lib.curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    lib.curl_slist_free_all(headers);
    lib.curl_easy_cleanup(curl);
    // What OpenSSL noted on the way would be taken for a fault of this thread's next connection.
    ERR_clear_error();
    if (rc != CURLE_OK) {
        *fault = g_strdup_printf(
                "%s: %s", request->url, error[0] ? error : lib.curl_easy_strerror(rc));
        g_string_free(body, TRUE);
        return -EIO;
    }
    response->status = (int)status;
    response->size = body->len;
    response->body = g_string_free(body, FALSE);
    return 0;
}

void http_response_fini(struct http_response *response)
{
    g_clear_pointer(&response->body, g_free);
    response->size = 0;
}
