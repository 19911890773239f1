// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/protocol/body.h"
#include "room-agent/core/devices.h"
#include "room-agent/core/metrics.h"
#include "room-agent/core/page_files.h"

#define LOG_TOPIC "page"

#define ACTION_MAX_BYTES 1024

struct page {
    struct room *room;
    struct web_listener *listener;
};

bool page_is_own_host(const char *host, uint16_t port)
{
    if (!host)
        return false;
    const char *colon = strrchr(host, ':');
    const char *bracket = strrchr(host, ']');
    bool has_port = colon && (!bracket || colon > bracket);
    g_autofree char *name = has_port ? g_strndup(host, (gsize)(colon - host)) : g_strdup(host);
    if (has_port) {
        guint64 number;
        if (!g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL) || number != port)
            return false;
    } else if (port != 80) {
        return false;
    }
    if (g_ascii_strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
        return true;
    return g_str_has_prefix(name, "127.") && g_hostname_is_ip_address(name);
}

bool page_is_own_origin(const char *origin, const char *host)
{
    // Programs send none; browsers always do with an action.
    return !origin ||
           (g_str_has_prefix(origin, "http://") && strcmp(origin + strlen("http://"), host) == 0);
}

static bool is_allowed(const struct page *page, struct web_request *request)
{
    const char *host = web_request_header(request, "host");
    if (page_is_own_host(host, web_listener_port(page->listener)) &&
            page_is_own_origin(web_request_header(request, "origin"), host))
        return true;
    metric_add(&room_page_refused_total, 1);
    web_reply_problem(request, ERROR_PAGE_FOREIGN, NULL);
    return false;
}

static void answer_file(void *context, struct web_request *request)
{
    const struct page *page = context;
    if (!is_allowed(page, request))
        return;
    for (size_t i = 0; i < COUNT_OF(page_files); i++)
        if (strcmp(page_files[i].path, web_request_path(request)) == 0)
            web_reply(request, 200, NULL, page_files[i].type, page_files[i].begin,
                    (size_t)(page_files[i].end - page_files[i].begin));
}

static char *build_state(struct page *page)
{
    g_autofree struct message_local_page *state = g_new(struct message_local_page, 1);
    room_describe(page->room, state);
    return body_build(message_infos[MESSAGE_LOCAL_PAGE].fields, state);
}

static void answer_state(void *context, struct web_request *request)
{
    struct page *page = context;
    if (!is_allowed(page, request))
        return;
    g_autofree char *json = build_state(page);
    web_reply_json(request, 200, json);
}

struct asked {
    struct page *page;
    struct web_request *request;
    bool is_english; // the page's own language, sent with each action
};

static struct asked *new_asked(struct page *page, struct web_request *request)
{
    const char *language = web_request_header(request, "accept-language");
    struct asked *asked = g_new(struct asked, 1);
    *asked = (struct asked){ page, request, language && g_str_has_prefix(language, "en") };
    return asked;
}

static void acted(void *context, enum error_code error, const char *text, int64_t position)
{
    g_autofree struct asked *asked = context;
    if (error != ERROR_NONE) {
        bool is_known = g_strcmp0(text, error_infos[error].vi) == 0;
        web_reply_problem(asked->request, error,
                is_known && asked->is_english ? error_infos[error].en : text);
        return;
    }
    // The centre's answer may be here before what it declares: the place in the queue is in both.
    g_autofree struct message_local_page *state = g_new(struct message_local_page, 1);
    room_describe(asked->page->room, state);
    if (position > 0 && state->floor == FLOOR_STATE_NONE) {
        state->floor = FLOOR_STATE_QUEUED;
        state->position = position;
        state->queue_length = MAX(state->queue_length, position);
    }
    g_autofree char *json = body_build(message_infos[MESSAGE_LOCAL_PAGE].fields, state);
    web_reply_json(asked->request, 200, json);
}

// Whether the request may act and holds such a message; else it has been answered.
static bool read_body(
        struct page *page, struct web_request *request, enum message_type type, void *out)
{
    struct fields_error error;
    size_t size;
    if (!is_allowed(page, request))
        return false;
    const char *content_type = web_request_header(request, "content-type");
    if (!content_type || !g_str_has_prefix(content_type, "application/json")) {
        metric_add(&room_page_refused_total, 1);
        web_reply_problem(request, ERROR_PAGE_NOT_JSON, NULL);
        return false;
    }
    const char *body = web_request_body(request, &size);
    if (body_parse(message_infos[type].fields, body, size, out, &error) < 0) {
        web_reply_problem(request, error_code_from_name(error.code), error.path);
        return false;
    }
    return true;
}

static void driven(void *context, enum hw_result result)
{
    g_autofree struct asked *asked = context;
    struct message_local_driven reply = { .has_text = result != HW_OK };
    g_strlcpy(reply.result, hw_result_name(result), sizeof(reply.result));
    if (reply.has_text)
        g_strlcpy(reply.text,
                asked->is_english ? device_result_text_en(result) : device_result_text_vi(result),
                sizeof(reply.text));
    g_autofree char *json = body_build(message_infos[MESSAGE_LOCAL_DRIVEN].fields, &reply);
    web_reply_json(asked->request, 200, json);
}

static void answer_drive(void *context, struct web_request *request)
{
    struct page *page = context;
    struct message_local_drive order;
    if (!read_body(page, request, MESSAGE_LOCAL_DRIVE, &order))
        return;
    struct asked *asked = new_asked(page, request);
    int rc = devices_drive(room_get_devices(page->room), order.device, order.order, driven, asked);
    if (rc < 0) {
        g_free(asked);
        web_reply_problem(request, rc == -ENOENT ? ERROR_DEVICE_UNKNOWN : ERROR_DEVICE_BAD_ORDER,
                rc == -ENOENT ? order.device : order.order);
    }
}

static void answer_probe(void *context, struct web_request *request)
{
    struct page *page = context;
    struct message_local_probe asked;
    if (!read_body(page, request, MESSAGE_LOCAL_PROBE, &asked))
        return;
    g_autofree struct message_local_probed *probed = g_new(struct message_local_probed, 1);
    if (devices_probe(room_get_devices(page->room), asked.device, probed) < 0) {
        web_reply_problem(request, ERROR_DEVICE_UNKNOWN, asked.device);
        return;
    }
    g_autofree char *json = body_build(message_infos[MESSAGE_LOCAL_PROBED].fields, probed);
    web_reply_json(request, 200, json);
}

static void answer_action(void *context, struct web_request *request)
{
    struct page *page = context;
    struct message_local_action action;
    if (!read_body(page, request, MESSAGE_LOCAL_ACTION, &action))
        return;
    struct asked *asked = new_asked(page, request);
    room_act(page->room, &action, acted, asked);
}

static const struct web_route routes[] = {
    { "GET", "/", answer_file, 0 },
    { "GET", "/page.js", answer_file, 0 },
    { "GET", "/page.css", answer_file, 0 },
    { "GET", "/api/state", answer_state, 0 },
    { "POST", "/api/action", answer_action, ACTION_MAX_BYTES },
    { "POST", "/api/drive", answer_drive, ACTION_MAX_BYTES },
    { "POST", "/api/probe", answer_probe, ACTION_MAX_BYTES },
    { NULL, NULL, NULL, 0 },
};

int page_open(struct web_server *server, const char *listen, struct room *room, struct page **out)
{
    struct page *page = g_new0(struct page, 1);
    page->room = room;
    struct web_listener_config config = {
        .name = "page",
        .listen = listen,
        .tls = WEB_PLAIN,
        .routes = routes,
        .context = page,
    };
    int rc = web_server_listen(server, &config, &page->listener);
    if (rc < 0) {
        g_free(page);
        return rc;
    }
    log_info("listening page port=%u", web_listener_port(page->listener));
    *out = page;
    return 0;
}

void page_close(struct page *page)
{
    g_free(page);
}
