// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/body.h"

#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "common/protocol/strict_json.h"

int body_parse(const struct field_table *table, const char *text, size_t size, void *out,
        struct fields_error *error)
{
    memset(out, 0, table->size);
    if (size > BODY_MAX_BYTES) {
        error->code = error_code_name(ERROR_PROTO_TOO_LARGE);
        error->path[0] = '\0';
        return -EBADMSG;
    }
    struct json_object *d = NULL;
    int rc = size > 0 ? strict_json_parse(text, size, &d, error) : 0;
    if (rc == 0)
        rc = fields_parse(table, d, out, error);
    json_object_put(d);
    return rc;
}

char *body_build(const struct field_table *table, const void *in)
{
    return strict_json_take_text(in ? fields_build(table, in) : json_object_new_object());
}

char *problem_build(enum error_code code, const char *detail)
{
    const struct error_info *info = &error_infos[code];
    struct type_problem problem = { .status = info->http_status, .has_detail = detail };
    g_snprintf(problem.type, sizeof(problem.type), "urn:rong:error:%s", info->code);
    g_strlcpy(problem.title, info->vi, sizeof(problem.title));
    g_strlcpy(problem.code, info->code, sizeof(problem.code));
    g_strlcpy(problem.detail, detail ? detail : "", sizeof(problem.detail));
    return body_build(&type_problem_fields, &problem);
}
