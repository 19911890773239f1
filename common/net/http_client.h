// SPDX-License-Identifier: Apache-2.0
// One HTTPS request after the other, blocking, by libcurl, which is loaded by the first: for
// command lines only.
#pragma once

#include <stddef.h>

#include "common/base/check.h"

// Strings are lent during the call.
struct http_request {
    const char *method; // "POST"
    const char *url;
    const char *ca_file;    // the only authority that is trusted; NULL with pinned_key
    const char *pinned_key; // "sha256//<base64>": exactly this public key is trusted, no authority
    const char *bearer;     // NULL: none
    const char *content_type;
    const char *body; // NULL: none
    size_t size;
    long timeout_s; // 0: 15
};

struct http_response {
    int status;
    char *body; // NUL-terminated behind `size`
    size_t size;
};

#define HTTP_RESPONSE_MAX_BYTES (16 * 1024 * 1024)

// 0 with *response filled for any status (http_response_fini), else -EIO, or -ENOENT without
// libcurl, with *fault = one sentence (g_free).
int http_request(const struct http_request *request, struct http_response *response,
        char **fault) MUST_CHECK;
void http_response_fini(struct http_response *response);
