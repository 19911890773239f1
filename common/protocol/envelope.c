// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/envelope.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <json-c/json.h>
#include <string.h>

#include "common/protocol/strict_json.h"

static int fault(enum error_code code, const char *path, struct fields_error *error)
{
    error->code = error_code_name(code);
    g_strlcpy(error->path, path, sizeof(error->path));
    return -EBADMSG;
}

static int read_request(
        const struct type_envelope *header, struct envelope *out, struct fields_error *error)
{
    out->kind = ENVELOPE_REQUEST;
    out->id = header->id;
    if (!header->has_id)
        return fault(ERROR_PROTO_BAD_ENVELOPE, "id", error);
    const struct message_info *info = message_find(header->op);
    if (!info || !(info->kinds & MESSAGE_KIND_REQUEST))
        return fault(ERROR_PROTO_UNKNOWN_OP, header->op, error);
    out->type = info->type;
    return 0;
}

static void read_answer(const struct type_envelope *header, struct envelope *out)
{
    out->kind = header->has_err ? ENVELOPE_ERROR : ENVELOPE_REPLY;
    out->id = header->re;
    if (!header->has_err)
        return;
    out->error = error_code_from_name(header->err.code);
    g_strlcpy(out->error_code, header->err.code, sizeof(out->error_code));
    g_strlcpy(out->error_text, header->err.msg, sizeof(out->error_text));
}

static int read_event(
        const struct type_envelope *header, struct envelope *out, struct fields_error *error)
{
    const unsigned kinds = MESSAGE_KIND_EVENT | MESSAGE_KIND_JOURNAL | MESSAGE_KIND_LOCAL;
    out->kind = ENVELOPE_EVENT;
    out->seq = header->seq;
    g_strlcpy(out->at, header->at, sizeof(out->at));
    const struct message_info *info = message_find(header->ev);
    if (!info || !(info->kinds & kinds))
        return fault(ERROR_PROTO_UNKNOWN_EVENT, header->ev, error);
    out->type = info->type;
    return 0;
}

static int read_header(struct json_object *root, struct envelope *out, struct fields_error *error)
{
    struct type_envelope header;
    int rc = fields_parse(&type_envelope_fields, root, &header, error);
    out->id = header.id; // comes first in the table: known even when a later field is wrong
    if (rc < 0)
        return rc;
    if (header.has_op + header.has_re + header.has_ev != 1)
        return fault(ERROR_PROTO_BAD_ENVELOPE, "", error);
    if (json_object_object_get_ex(root, "d", &out->d)) {
        if (!json_object_is_type(out->d, json_type_object)) {
            out->d = NULL;
            return fault(ERROR_PROTO_BAD_FIELD, "d", error);
        }
        json_object_get(out->d);
    }
    if (header.has_op)
        return read_request(&header, out, error);
    if (header.has_ev)
        return read_event(&header, out, error);
    read_answer(&header, out);
    return 0;
}

// The id of a text that is JSON but holds half a character somewhere: whoever asked wants an
// answer.
static int64_t id_in_spite_of(const char *text, size_t size)
{
    if (!g_utf8_validate_len(text, size, NULL))
        return 0;
    struct json_tokener *tokener = json_tokener_new_ex(STRICT_JSON_MAX_DEPTH);
    struct json_object *root = json_tokener_parse_ex(tokener, text, (int)size);
    struct json_object *id = NULL;
    int64_t value = 0;
    if (json_object_is_type(root, json_type_object) && json_object_object_get_ex(root, "id", &id) &&
            json_object_is_type(id, json_type_int))
        value = json_object_get_int64(id);
    json_object_put(root);
    json_tokener_free(tokener);
    return value > 0 ? value : 0;
}

int envelope_parse(const char *text, size_t size, struct envelope *out, struct fields_error *error)
{
    memset(out, 0, sizeof(*out));
    if (size > ENVELOPE_MAX_BYTES)
        return fault(ERROR_PROTO_TOO_LARGE, "", error);
    struct json_object *root;
    int rc = strict_json_parse(text, size, &root, error);
    if (rc < 0) {
        out->id = id_in_spite_of(text, size);
        return rc;
    }
    rc = read_header(root, out, error);
    json_object_put(root);
    return rc;
}

void envelope_fini(struct envelope *envelope)
{
    json_object_put(envelope->d);
    memset(envelope, 0, sizeof(*envelope));
}

int envelope_body(const struct envelope *envelope, void *out, struct fields_error *error)
{
    assert(envelope->type != MESSAGE_NONE);
    return fields_parse(message_infos[envelope->type].fields, envelope->d, out, error);
}

int envelope_reply_body(const struct envelope *envelope, enum message_type asked, void *out,
        struct fields_error *error)
{
    return fields_parse(message_infos[asked].reply_fields, envelope->d, out, error);
}

// The envelope around a body. The generator has proved that the whole can not be too large.
static char *envelope_text(
        const struct type_envelope *header, const struct field_table *table, const void *body)
{
    struct json_object *root = fields_build(&type_envelope_fields, header);
    if (!header->has_err)
        json_object_object_add(
                root, "d", body ? fields_build(table, body) : json_object_new_object());
    return strict_json_take_text(root);
}

char *envelope_request(enum message_type type, int64_t id, const void *body)
{
    struct type_envelope header = { .has_op = true, .has_id = true, .id = id };
    g_strlcpy(header.op, message_infos[type].name, sizeof(header.op));
    return envelope_text(&header, message_infos[type].fields, body);
}

char *envelope_reply(enum message_type asked, int64_t id, const void *body)
{
    struct type_envelope header = { .has_re = true, .re = id };
    return envelope_text(&header, message_infos[asked].reply_fields, body);
}

char *envelope_error(int64_t id, enum error_code code, const char *text)
{
    struct type_envelope header = { .has_re = true, .re = id, .has_err = true };
    g_strlcpy(header.err.code, error_code_name(code), sizeof(header.err.code));
    header.err.has_msg = true;
    g_strlcpy(header.err.msg, text ? text : error_infos[code].en, sizeof(header.err.msg));
    return envelope_text(&header, NULL, NULL);
}

char *envelope_fault(int64_t id, const struct fields_error *error)
{
    return envelope_error(
            id, error_code_from_name(error->code), error->path[0] ? error->path : NULL);
}

char *envelope_event(enum message_type type, int64_t seq, const char *at, const void *body)
{
    struct type_envelope header = { .has_ev = true, .has_seq = seq > 0, .seq = seq, .has_at = at };
    g_strlcpy(header.ev, message_infos[type].name, sizeof(header.ev));
    g_strlcpy(header.at, at ? at : "", sizeof(header.at));
    return envelope_text(&header, message_infos[type].fields, body);
}

char *close_reason_build(enum close_next next, enum error_code code)
{
    struct type_close_reason reason = { .next = next };
    g_strlcpy(reason.code, error_code_name(code), sizeof(reason.code));
    return strict_json_take_text(fields_build(&type_close_reason_fields, &reason));
}

enum close_next close_reason_next(const char *text, size_t size)
{
    struct type_close_reason reason;
    struct fields_error error;
    struct json_object *d;
    if (strict_json_parse(text, size, &d, &error) < 0)
        return CLOSE_NEXT_RESUME;
    int rc = fields_parse(&type_close_reason_fields, d, &reason, &error);
    json_object_put(d);
    return rc < 0 ? CLOSE_NEXT_RESUME : reason.next;
}
