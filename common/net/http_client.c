// SPDX-License-Identifier: Apache-2.0
#include "common/net/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <glib.h>
#include <openssl/err.h>
#include <string.h>

#define DEFAULT_TIMEOUT_S 15

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
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    if (request->content_type) {
        g_autofree char *line = g_strdup_printf("Content-Type: %s", request->content_type);
        headers = curl_slist_append(headers, line);
    }
    if (request->bearer) {
        g_autofree char *line = g_strdup_printf("Authorization: Bearer %s", request->bearer);
        headers = curl_slist_append(headers, line);
    }
    return headers;
}

static void set_trust(CURL *curl, const struct http_request *request)
{
    if (request->pinned_key) {
        curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, request->pinned_key);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (request->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

int http_request(const struct http_request *request, struct http_response *response, char **fault)
{
    static gsize initialised;
    if (g_once_init_enter(&initialised)) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&initialised, 1);
    }
    CURL *curl = curl_easy_init();
    if (!curl)
        g_error("curl: out of memory");
    char error[CURL_ERROR_SIZE] = "";
    GString *body = g_string_new(NULL);
    struct curl_slist *headers = make_headers(request);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
            curl, CURLOPT_TIMEOUT, request->timeout_s > 0 ? request->timeout_s : DEFAULT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (request->body || strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    set_trust(curl, request);

    CURLcode rc = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    // What OpenSSL noted on the way would be taken for a fault of this thread's next connection.
    ERR_clear_error();
    if (rc != CURLE_OK) {
        *fault = g_strdup_printf("%s: %s", request->url, error[0] ? error : curl_easy_strerror(rc));
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
