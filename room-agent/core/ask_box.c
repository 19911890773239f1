// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/ask_box.h"

#include <stdio.h>
#include <string.h>

#include "common/net/http_client.h"
#include "common/protocol/body.h"
#include "room-agent/core/ask_words.h"

// The sentence of the code, with the detail unless that is the sentence again.
static void print_problem(const struct type_problem *problem)
{
    enum error_code code = error_code_from_name(problem->code);
    bool is_sentence =
            code != ERROR_NONE && (strcmp(problem->detail, error_infos[code].vi) == 0 ||
                                          strcmp(problem->detail, error_infos[code].en) == 0);
    bool has_news = problem->has_detail && !is_sentence;
    fprintf(stderr, "rong-room: %s%s%s (%s)\n", ask_sentence(problem->code, problem->title),
            has_news ? " " : "", has_news ? problem->detail : "", problem->code);
}

int ask_box(const struct config *config, const char *path, const char *body, char **out)
{
    g_autofree char *fault = NULL;
    g_autofree char *url =
            g_strdup_printf("http://%s/api/%s", config_string(config, "page", "listen"), path);
    struct http_request request = {
        .method = body ? "POST" : "GET",
        .url = url,
        .content_type = body ? BODY_CONTENT_TYPE : NULL,
        .body = body,
        .size = body ? strlen(body) : 0,
        .timeout_s = 60, // a preset may take its fifteen seconds, and be tried again
    };
    struct http_response response = { 0 };
    if (http_request(&request, &response, &fault) < 0) {
        fprintf(stderr, "rong-room: %s (%s)\n", ask_word(WORD_NO_PAGE), fault);
        return EXIT_REFUSED;
    }
    int exit_code = 0;
    struct fields_error error;
    if (response.status == 200) {
        *out = g_strdup(response.body);
    } else {
        g_autofree struct type_problem *problem = g_new0(struct type_problem, 1);
        if (body_parse(&type_problem_fields, response.body, response.size, problem, &error) == 0)
            print_problem(problem);
        else
            fprintf(stderr, "rong-room: %s (HTTP %d)\n", ask_word(WORD_BAD_PAGE), response.status);
        exit_code = EXIT_REFUSED;
    }
    http_response_fini(&response);
    return exit_code;
}

int ask_bad_answer(const struct fields_error *error)
{
    fprintf(stderr, "rong-room: %s (%s %s)\n", ask_word(WORD_BAD_PAGE), error->code, error->path);
    return EXIT_REFUSED;
}
