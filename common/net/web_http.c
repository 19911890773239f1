// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/net/net_metrics.h"
#include "common/net/web_internal.h"
#include "common/protocol/body.h"

#define LOG_TOPIC "http"

#define MAX_PARAMETERS    8
#define MAX_QUERY_BYTES   4096
#define MAX_SWALLOW_BYTES (16 * 1024 * 1024) // of a body that is refused anyway
#define ANSWER_TIMEOUT_S  120                // for the client to take the whole answer

struct parameter {
    const char *name; // in the route's pattern, up to '}'
    char *value;
};

struct web_request {
    struct web_connection *connection; // NULL: the client has gone
    const struct web_route *route;
    char *method;
    char *path;
    GHashTable *query;   // name → value
    GHashTable *cookies; // those asked for
    struct web_headers headers;
    struct parameter parameters[MAX_PARAMETERS];
    char address[64];
    bool is_secure;
    bool is_dispatched;
    enum error_code refused; // the answer that is certain already, when the body has been read
    size_t expected;         // bytes of body still to come
    GString *body;
    GByteArray *answer; // LWS_PRE bytes, then the answer
};

static const struct {
    enum lws_token_indexes token;
    const char *name;
} methods[] = {
    { WSI_TOKEN_GET_URI, "GET" },
    { WSI_TOKEN_POST_URI, "POST" },
    { WSI_TOKEN_PUT_URI, "PUT" },
    { WSI_TOKEN_PATCH_URI, "PATCH" },
    { WSI_TOKEN_DELETE_URI, "DELETE" },
    { WSI_TOKEN_HEAD_URI, "HEAD" },
};

static const struct {
    enum lws_token_indexes token;
    const char *name;
} header_tokens[WEB_HEADER_COUNT] = {
    [WEB_HEADER_AUTHORIZATION] = { WSI_TOKEN_HTTP_AUTHORIZATION, "authorization" },
    [WEB_HEADER_COOKIE] = { WSI_TOKEN_HTTP_COOKIE, "cookie" },
    [WEB_HEADER_HOST] = { WSI_TOKEN_HOST, "host" },
    [WEB_HEADER_CONTENT_TYPE] = { WSI_TOKEN_HTTP_CONTENT_TYPE, "content-type" },
    [WEB_HEADER_ACCEPT_LANGUAGE] = { WSI_TOKEN_HTTP_ACCEPT_LANGUAGE, "accept-language" },
    [WEB_HEADER_ORIGIN] = { WSI_TOKEN_ORIGIN, "origin" },
    [WEB_HEADER_IF_NONE_MATCH] = { WSI_TOKEN_HTTP_IF_NONE_MATCH, "if-none-match" },
    [WEB_HEADER_USER_AGENT] = { WSI_TOKEN_HTTP_USER_AGENT, "user-agent" },
    [WEB_HEADER_ACCEPT_ENCODING] = { WSI_TOKEN_HTTP_ACCEPT_ENCODING, "accept-encoding" },
};

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
};

// What a page may load and do: its own files, its own WebSocket, media from WebRTC.
static const char security_headers[] =
        "content-security-policy: default-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob: mediastream:; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'\r\n"
        "x-content-type-options: nosniff\r\n"
        "referrer-policy: no-referrer\r\n"
        "cross-origin-opener-policy: same-origin\r\n"
        "permissions-policy: camera=(self), microphone=(self), display-capture=(self), "
        "geolocation=()\r\n";

static const char *status_text(int status)
{
    for (size_t i = 0; i < COUNT_OF(status_texts); i++) {
        if (status_texts[i].status == status)
            return status_texts[i].text;
    }
    return "Status";
}

// --- headers -------------------------------------------------------------------------------------

static char *copy_token(struct lws *wsi, enum lws_token_indexes token)
{
    int length = lws_hdr_total_length(wsi, token);
    if (length <= 0)
        return NULL;
    char *text = g_malloc0((gsize)length + 1);
    if (lws_hdr_copy(wsi, text, length + 1, token) < 0)
        text[0] = '\0';
    return text;
}

void web_headers_read(struct web_headers *headers, struct lws *wsi)
{
    for (size_t i = 0; i < WEB_HEADER_COUNT; i++)
        headers->values[i] = copy_token(wsi, header_tokens[i].token);
}

void web_headers_clear(struct web_headers *headers)
{
    for (size_t i = 0; i < WEB_HEADER_COUNT; i++)
        g_clear_pointer(&headers->values[i], g_free);
}

static const char *web_headers_find(const struct web_headers *headers, const char *lower_case_name)
{
    for (size_t i = 0; i < WEB_HEADER_COUNT; i++) {
        if (strcmp(header_tokens[i].name, lower_case_name) == 0)
            return headers->values[i];
    }
    g_error("header %s is not kept", lower_case_name);
}

char *web_headers_cookie(const struct web_headers *headers, const char *name)
{
    const char *all = headers->values[WEB_HEADER_COOKIE];
    if (!all)
        return NULL;
    g_auto(GStrv) pairs = g_strsplit(all, ";", -1);
    size_t length = strlen(name);
    for (char **pair = pairs; *pair; pair++) {
        const char *text = g_strstrip(*pair);
        if (strncmp(text, name, length) == 0 && text[length] == '=')
            return g_strdup(text + length + 1);
    }
    return NULL;
}

// --- life of a request ---------------------------------------------------------------------------

static void request_free(struct web_request *request)
{
    if (request->connection)
        request->connection->request = NULL;
    g_free(request->method);
    g_free(request->path);
    g_hash_table_unref(request->query);
    g_clear_pointer(&request->cookies, g_hash_table_unref);
    web_headers_clear(&request->headers);
    for (size_t i = 0; i < MAX_PARAMETERS; i++)
        g_free(request->parameters[i].value);
    g_string_free(request->body, TRUE);
    if (request->answer)
        g_byte_array_unref(request->answer);
    g_free(request);
}

void web_http_gone(struct web_connection *connection)
{
    struct web_request *request = connection->request;
    if (!request)
        return;
    // A handler that has it still answers, and that frees it.
    if (request->is_dispatched && !request->answer) {
        request->connection = NULL;
        connection->request = NULL;
    } else {
        request_free(request);
    }
}

// --- routing -------------------------------------------------------------------------------------

static void clear_parameters(struct web_request *request)
{
    for (size_t i = 0; i < MAX_PARAMETERS; i++) {
        g_clear_pointer(&request->parameters[i].value, g_free);
        request->parameters[i].name = NULL;
    }
}

// Matches segment by segment and keeps what {name} stood for.
static bool match_path(struct web_request *request, const char *pattern)
{
    const char *path = request->path;
    size_t count = 0;
    clear_parameters(request);
    while (*pattern || *path) {
        if (*pattern == '{') {
            size_t length = strcspn(path, "/");
            if (length == 0 || count == MAX_PARAMETERS)
                return false;
            request->parameters[count].name = pattern + 1;
            request->parameters[count].value = g_strndup(path, length);
            count++;
            path += length;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return true;
}

static void find_route(struct web_request *request)
{
    const struct web_listener_config *config = &request->connection->listener->config;
    bool is_other_method = false;
    for (const struct web_route *route = config->routes; route && route->method; route++) {
        if (!match_path(request, route->path))
            continue;
        if (strcmp(route->method, request->method) == 0) {
            request->route = route;
            return;
        }
        is_other_method = true;
    }
    clear_parameters(request);
    if (is_other_method) {
        request->refused = ERROR_HTTP_METHOD_NOT_ALLOWED;
    }
}

// --- answers -------------------------------------------------------------------------------------

static bool is_header_value(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            return false;
    }
    return true;
}

static void count_answer(int status)
{
    if (status == 404)
        metric_add(&net_http_not_found_total, 1);
    if (status >= 500)
        metric_add(&net_http_server_errors_total, 1);
    else if (status >= 400)
        metric_add(&net_http_client_errors_total, 1);
}

static GString *answer_head(int status, const struct web_header *headers, const char *content_type,
        const char *cache_control, size_t size, bool is_secure)
{
    GString *head = g_string_sized_new(1024);
    g_string_append_printf(head, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (content_type)
        g_string_append_printf(head, "content-type: %s\r\n", content_type);
    if (status != 204 && status != 304)
        g_string_append_printf(head, "content-length: %zu\r\n", size);
    g_string_append_printf(head, "cache-control: %s\r\n", cache_control);
    g_string_append(head, security_headers);
    if (is_secure)
        g_string_append(head, "strict-transport-security: max-age=31536000\r\n");
    for (; headers && headers->name; headers++) {
        if (is_header_value(headers->name) && is_header_value(headers->value))
            g_string_append_printf(head, "%s: %s\r\n", headers->name, headers->value);
        else
            log_error("header dropped name=%s", headers->name);
    }
    return head;
}

static void answer(struct web_request *request, int status, const struct web_header *headers,
        const char *content_type, const char *cache_control, const char *body, size_t size)
{
    if (!request->connection) {
        request_free(request);
        return;
    }
    count_answer(status);
    GString *head =
            answer_head(status, headers, content_type, cache_control, size, request->is_secure);
    g_string_append(head, "\r\n");
    static const guint8 prefix[LWS_PRE];
    request->answer = g_byte_array_sized_new((guint)(LWS_PRE + head->len + size));
    g_byte_array_append(request->answer, prefix, LWS_PRE);
    g_byte_array_append(request->answer, (const guint8 *)head->str, (guint)head->len);
    if (strcmp(request->method, "HEAD") != 0 && size > 0)
        g_byte_array_append(request->answer, (const guint8 *)body, (guint)size);
    g_string_free(head, TRUE);
    lws_callback_on_writable(request->connection->wsi);
}

void web_reply(struct web_request *request, int status, const struct web_header *headers,
        const char *content_type, const char *body, size_t size)
{
    answer(request, status, headers, content_type, "no-store", body, size);
}

void web_reply_json(struct web_request *request, int status, const char *json)
{
    web_reply(request, status, NULL, "application/json", json, strlen(json));
}

void web_reply_problem(struct web_request *request, enum error_code code, const char *detail)
{
    g_autofree char *body = problem_build(code, detail);
    web_reply(
            request, error_infos[code].http_status, NULL, PROBLEM_CONTENT_TYPE, body, strlen(body));
}

void web_http_refuse(struct web_connection *connection, enum error_code code)
{
    int status = error_infos[code].http_status;
    count_answer(status);
    g_autofree char *body = problem_build(code, NULL);
    g_autoptr(GString) text = answer_head(status, NULL, PROBLEM_CONTENT_TYPE, "no-store",
            strlen(body), connection->listener->config.tls != WEB_PLAIN);
    g_string_append(text, "connection: close\r\n\r\n");
    g_string_append(text, body);
    size_t size = text->len;
    g_autofree unsigned char *buffer = g_malloc(LWS_PRE + size);
    memcpy(buffer + LWS_PRE, text->str, size);
    if (lws_write(connection->wsi, buffer + LWS_PRE, size, LWS_WRITE_HTTP) < 0)
        log_debug("answer lost address=%s", connection->address);
}

static void serve_file(struct web_request *request)
{
    const struct web_files *files = request->connection->listener->files;
    bool is_read = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    const struct web_file *file = files && is_read ? web_files_find(files, request->path) : NULL;
    if (!file) {
        web_reply_problem(request, ERROR_HTTP_NOT_FOUND, request->path);
        return;
    }
    const char *known = request->headers.values[WEB_HEADER_IF_NONE_MATCH];
    const char *accepted = request->headers.values[WEB_HEADER_ACCEPT_ENCODING];
    bool is_packed = file->packed && accepted && strstr(accepted, "gzip");
    const struct web_header headers[] = { { "etag", file->etag }, { "vary", "accept-encoding" },
        { is_packed ? "content-encoding" : NULL, "gzip" }, { NULL, NULL } };
    if (known && strstr(known, file->etag))
        answer(request, 304, headers, NULL, file->cache_control, NULL, 0);
    else
        answer(request, 200, headers, file->content_type, file->cache_control,
                is_packed ? file->packed : file->data, is_packed ? file->packed_size : file->size);
}

static void dispatch(struct web_request *request)
{
    if (request->is_dispatched)
        return;
    request->is_dispatched = true;
    metric_add(&net_http_requests_total, 1);
    const struct web_listener_config *config = &request->connection->listener->config;
    lws_set_timeout(request->connection->wsi, NO_PENDING_TIMEOUT, 0);
    if (request->refused != ERROR_NONE)
        web_reply_problem(request, request->refused, NULL);
    else if (request->route)
        request->route->fn(config->context, request);
    else
        serve_file(request);
}

// --- the library's callbacks ---------------------------------------------------------------------

static const char *method_of(struct lws *wsi)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (lws_hdr_total_length(wsi, methods[i].token) > 0)
            return methods[i].name;
    }
    return NULL;
}

// The library has split the query at '&' and decoded the parts.
static GHashTable *read_query(struct lws *wsi)
{
    GHashTable *query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    char part[MAX_QUERY_BYTES];
    for (int i = 0; lws_hdr_copy_fragment(wsi, part, sizeof(part), WSI_TOKEN_HTTP_URI_ARGS, i) > 0;
            i++) {
        char *equals = strchr(part, '=');
        const char *value = equals ? equals + 1 : "";
        if (equals)
            *equals = '\0';
        if (g_utf8_validate(part, -1, NULL) && g_utf8_validate(value, -1, NULL))
            g_hash_table_insert(query, g_strdup(part), g_strdup(value));
    }
    return query;
}

// Bytes of body that are announced; false when they can not be told.
static bool read_length(struct lws *wsi, bool is_post, size_t *length)
{
    g_autofree char *text = copy_token(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    guint64 value = 0;
    *length = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
        return false;
    if (!text)
        return !is_post;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &value, NULL))
        return false;
    *length = (size_t)value;
    return true;
}

int web_http_begin(struct web_connection *connection, const char *path)
{
    struct lws *wsi = connection->wsi;
    const char *method = method_of(wsi);
    if (!method || connection->request) {
        web_http_refuse(connection, ERROR_HTTP_BAD_METHOD);
        return -1;
    }
    size_t length = 0;
    bool is_post = strcmp(method, "POST") == 0;
    if (!read_length(wsi, is_post, &length)) {
        web_http_refuse(connection, ERROR_HTTP_LENGTH_REQUIRED);
        return -1;
    }
    struct web_request *request = g_new0(struct web_request, 1);
    connection->request = request;
    request->connection = connection;
    request->method = g_strdup(method);
    request->path = g_utf8_make_valid(path, -1);
    request->query = read_query(wsi);
    request->is_secure = connection->listener->config.tls != WEB_PLAIN;
    request->body = g_string_new(NULL);
    request->expected = length;
    g_strlcpy(request->address, connection->address, sizeof(request->address));
    web_headers_read(&request->headers, wsi);

    find_route(request);
    size_t max_body = request->route ? request->route->max_body_bytes : 0;
    if (!web_connection_is_host_allowed(connection, &request->headers)) {
        request->refused = ERROR_HTTP_WRONG_HOST;
    } else if (length > max_body && request->route) {
        request->refused = ERROR_HTTP_TOO_LARGE;
    }
    if (length > MAX(max_body, MAX_SWALLOW_BYTES)) {
        web_http_refuse(connection, ERROR_HTTP_TOO_LARGE);
        return -1;
    }
    // The library announces the end of a body only where it expects one: always after POST.
    if (length == 0 && !is_post)
        dispatch(request);
    return 0;
}

int web_http_body(struct web_connection *connection, const void *data, size_t size)
{
    struct web_request *request = connection->request;
    if (!request || request->is_dispatched)
        return -1;
    if (request->route && request->refused == ERROR_NONE && size > 0)
        g_string_append_len(request->body, data, (gssize)size);
    return 0;
}

int web_http_complete(struct web_connection *connection)
{
    if (!connection->request)
        return -1;
    dispatch(connection->request);
    return 0;
}

int web_http_writable(struct web_connection *connection)
{
    struct web_request *request = connection->request;
    if (!request || !request->answer)
        return 0;
    size_t size = request->answer->len - LWS_PRE;
    int written =
            lws_write(connection->wsi, request->answer->data + LWS_PRE, size, LWS_WRITE_HTTP_FINAL);
    request_free(request);
    if (written < 0)
        return -1;
    // Unless the next request sets another one: who does not take the answer is dropped.
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_TIMEOUT_S);
    return lws_http_transaction_completed(connection->wsi) ? -1 : 0;
}

// --- what handlers ask ---------------------------------------------------------------------------

const char *web_request_method(const struct web_request *request)
{
    return request->method;
}

const char *web_request_path(const struct web_request *request)
{
    return request->path;
}

const char *web_request_parameter(const struct web_request *request, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < MAX_PARAMETERS && request->parameters[i].name; i++) {
        const char *candidate = request->parameters[i].name;
        if (strncmp(candidate, name, length) == 0 && candidate[length] == '}')
            return request->parameters[i].value;
    }
    g_error("route %s has no {%s}", request->route ? request->route->path : "", name);
}

const char *web_request_query(const struct web_request *request, const char *name)
{
    return g_hash_table_lookup(request->query, name);
}

const char *web_request_header(const struct web_request *request, const char *lower_case_name)
{
    return web_headers_find(&request->headers, lower_case_name);
}

const char *web_request_bearer(const struct web_request *request)
{
    const char *text = request->headers.values[WEB_HEADER_AUTHORIZATION];
    return text && g_ascii_strncasecmp(text, "Bearer ", 7) == 0 ? text + 7 : NULL;
}

const char *web_request_cookie(const struct web_request *request, const char *name)
{
    struct web_request *writable = (struct web_request *)request;
    if (!writable->cookies)
        writable->cookies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!g_hash_table_contains(writable->cookies, name))
        g_hash_table_insert(
                writable->cookies, g_strdup(name), web_headers_cookie(&request->headers, name));
    return g_hash_table_lookup(writable->cookies, name);
}

const char *web_request_body(const struct web_request *request, size_t *size)
{
    if (size)
        *size = request->body->len;
    return request->body->str;
}

const char *web_request_address(const struct web_request *request)
{
    return request->address;
}
