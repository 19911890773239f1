// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "common/net/http_client.h"
#include "common/protocol/body.h"
#include "signaling/cli/cli.h"

#define EXIT_REFUSED     1
#define EXIT_UNREACHABLE 3

// What an administrator does about it.
static const struct {
    enum error_code code;
    const char *cure;
} cures[] = {
    { ERROR_AUTH_REQUIRED,
            "the token is not this server's: use the settings file that rong-signal was started "
            "with, and the newest admin.token" },
    { ERROR_UNIT_UNKNOWN, "see which units there are: rong unit list" },
    { ERROR_UNIT_DUPLICATE, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_ORPHAN, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_BAD_LINE, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_BAD_LEVEL, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_CYCLE, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_TWO_ROOTS, "correct that line and import again; nothing was changed" },
    { ERROR_UNIT_EMPTY, "the first line is code,parent,level,name,link_kbps (and ,language if "
                        "wanted); units follow" },
    { ERROR_MEETING_UNKNOWN, "see which meetings there are: rong meeting list" },
    { ERROR_MEETING_ENDED, "create another: rong meeting create" },
    { ERROR_LINK_BAD_ROLE, "roles with a link are chair, secretary, technician, delegate, "
                           "interpreter" },
};

static const char *cure_of(enum error_code code)
{
    for (size_t i = 0; i < COUNT_OF(cures); i++) {
        if (cures[i].code == code)
            return cures[i].cure;
    }
    return "see the log of rong-signal";
}

int cli_fail(int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "rong: %s\n", text);
    return exit_code;
}

static int refused(const struct http_response *response)
{
    g_autofree struct type_problem *problem = g_new0(struct type_problem, 1);
    struct fields_error error;
    if (body_parse(&type_problem_fields, response->body, response->size, problem, &error) < 0)
        return cli_fail(EXIT_REFUSED, "the server answered %d; see the log of rong-signal",
                response->status);
    enum error_code code = error_code_from_name(problem->code);
    return cli_fail(EXIT_REFUSED, "%s%s%s (%s): %s",
            code == ERROR_NONE ? problem->title : error_infos[code].en,
            problem->has_detail && problem->detail[0] ? " " : "",
            problem->has_detail ? problem->detail : "", problem->code, cure_of(code));
}

static int ask(
        const struct cli *cli, enum message_type type, struct http_request *request, void **reply)
{
    const struct message_info *info = &message_infos[type];
    request->method = info->method;
    request->ca_file = cli->ca_file;
    request->bearer = cli->token;
    struct http_response response = { 0 };
    g_autofree char *fault = NULL;
    if (http_request(request, &response, &fault) < 0)
        return cli_fail(EXIT_UNREACHABLE, "%s; is rong-signal running at %s?", fault, cli->url);
    int exit_code = 0;
    struct fields_error error;
    void *parsed = g_malloc0(info->reply_size);
    if (response.status != 200)
        exit_code = refused(&response);
    else if (body_parse(info->reply_fields, response.body, response.size, parsed, &error) < 0)
        exit_code = cli_fail(EXIT_REFUSED,
                "the server's answer is not understood (%s %s): rong and rong-signal differ in "
                "version",
                error.code, error.path);
    else if (cli->wants_json)
        puts(response.body);
    http_response_fini(&response);
    if (exit_code == 0)
        *reply = parsed;
    else
        g_free(parsed);
    return exit_code;
}

// "/api/v1/rooms/{code}/code" with the one parameter in its place.
static char *path_with(const char *path, const char *parameter)
{
    const char *open = strchr(path, '{');
    if (!open)
        return g_strdup(path);
    g_autofree char *escaped = g_uri_escape_string(parameter, NULL, FALSE);
    return g_strdup_printf("%.*s%s%s", (int)(open - path), path, escaped, strchr(open, '}') + 1);
}

int cli_ask(const struct cli *cli, enum message_type type, const char *parameter, const void *body,
        void **reply)
{
    const struct message_info *info = &message_infos[type];
    g_autofree char *path = path_with(info->path, parameter ? parameter : "");
    g_autofree char *url = g_strconcat(cli->url, path, NULL);
    g_autofree char *text = body ? body_build(info->fields, body) : NULL;
    // A POST without a body still says how long it is.
    const char *content = text ? text : strcmp(info->method, "POST") == 0 ? "{}" : NULL;
    struct http_request request = {
        .url = url,
        .content_type = content ? BODY_CONTENT_TYPE : NULL,
        .body = content,
        .size = content ? strlen(content) : 0,
    };
    return ask(cli, type, &request, reply);
}

int cli_ask_text(const struct cli *cli, enum message_type type, const char *content_type,
        const char *text, size_t size, void **reply)
{
    g_autofree char *url = g_strconcat(cli->url, message_infos[type].path, NULL);
    struct http_request request = {
        .url = url, .content_type = content_type, .body = text, .size = size
    };
    return ask(cli, type, &request, reply);
}
