// SPDX-License-Identifier: Apache-2.0
#include "hw/codec/xapi_codec.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, NUMBER_MAX_CHARACTERS = 20 };

// --- reading -----------------------------------------------------------------------------------

static bool read_number(const struct json_object *value, int64_t *out)
{
    if (json_object_is_type(value, json_type_int)) {
        *out = json_object_get_int64(value);
        return true;
    }
    if (!json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string((struct json_object *)value);
    size_t sign = text[0] == '-';
    size_t digits = strspn(text + sign, "0123456789");
    if (digits == 0 || text[sign + digits] || digits > NUMBER_MAX_CHARACTERS)
        return false;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno == 0;
}

static bool read_text(const struct json_object *value, char *out, size_t size)
{
    if (!json_object_is_type(value, json_type_string))
        return false;
    size_t length = (size_t)json_object_get_string_len(value);
    const char *text = json_object_get_string((struct json_object *)value);
    if (length >= size || strlen(text) != length)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static struct json_object *member(const struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &value);
    return value;
}

static struct json_object *item(const struct json_object *list, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *value = json_object_array_get_idx(list, i);
        int64_t id;
        int64_t wanted = strtoll(name, NULL, 10);
        if (read_number(member(value, "id"), &id) && id == wanted)
            return value;
    }
    return NULL;
}

// Cuts the next step off a path; false at its end.
static bool next_step(const char **path, char *step, size_t size)
{
    size_t length = strcspn(*path, "/");
    if (length == 0 || length >= size)
        return false;
    memcpy(step, *path, length);
    step[length] = '\0';
    *path += length;
    *path += **path == '/';
    return true;
}

// "Value" holds the leaf where a codec tells more than the leaf.
static struct json_object *find(struct json_object *value, const char *path)
{
    char step[XAPI_METHOD_MAX];
    while (value && *path) {
        if (!next_step(&path, step, sizeof(step)))
            return NULL;
        value = json_object_is_type(value, json_type_array) ? item(value, step)
                                                            : member(value, step);
    }
    struct json_object *leaf = member(value, "Value");
    return leaf ? leaf : value;
}

bool xapi_find_number(const struct xapi_message *message, const char *path, int64_t *out)
{
    return read_number(find(message->value, path), out);
}

bool xapi_find_text(const struct xapi_message *message, const char *path, char *out, size_t size)
{
    return read_text(find(message->value, path), out, size);
}

bool xapi_find_flag(const struct xapi_message *message, const char *path)
{
    const struct json_object *value = find(message->value, path);
    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool xapi_read_path(const struct xapi_message *request, char *out, size_t size)
{
    struct json_object *steps = member(request->value, "Path");
    if (!steps)
        steps = member(request->value, "Query");
    if (!json_object_is_type(steps, json_type_array))
        return false;
    size_t used = 0;
    for (size_t i = 0; i < json_object_array_length(steps); i++) {
        struct json_object *step = json_object_array_get_idx(steps, i);
        const char *text = json_object_get_string(step);
        bool is_step = json_object_is_type(step, json_type_string) ||
                       json_object_is_type(step, json_type_int);
        size_t length = is_step ? strlen(text) : 0;
        if (length == 0 || strchr(text, '/') || used + length + 2 > size)
            return false;
        if (used)
            out[used++] = '/';
        memcpy(out + used, text, length + 1);
        used += length;
    }
    return used > 0;
}

static int read_kind(struct xapi_message *message)
{
    struct json_object *root = message->root;
    struct json_object *error = member(root, "error");
    struct json_object *value = NULL;
    int64_t number;
    if (!json_object_is_type(root, json_type_object))
        return -EBADMSG;
    if (read_text(member(root, "method"), message->method, sizeof(message->method))) {
        message->kind =
                strcmp(message->method, "xFeedback/Event") == 0 ? XAPI_FEEDBACK : XAPI_REQUEST;
        message->value = member(root, "params");
        if (message->kind == XAPI_FEEDBACK)
            return message->value ? 0 : -EBADMSG;
    } else if (json_object_object_get_ex(root, "result", &value)) {
        message->kind = XAPI_RESULT;
        message->value = value;
    } else if (read_number(member(error, "code"), &number) && number >= INT32_MIN &&
               number <= INT32_MAX) {
        message->kind = XAPI_ERROR;
        message->error = (int)number;
    } else {
        return -EBADMSG;
    }
    if (!read_number(member(root, "id"), &number) || number < 0 || number > UINT32_MAX)
        return -EBADMSG;
    message->id = (uint32_t)number;
    return 0;
}

int xapi_parse(const char *text, size_t size, struct xapi_message *out)
{
    memset(out, 0, sizeof(*out));
    if (size == 0 || size > XAPI_MESSAGE_MAX)
        return -EBADMSG;
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    out->root = json_tokener_parse_ex(tokener, text, (int)size);
    bool is_whole = json_tokener_get_error(tokener) == json_tokener_success &&
                    json_tokener_get_parse_end(tokener) == size;
    json_tokener_free(tokener);
    if (is_whole && read_kind(out) == 0)
        return 0;
    xapi_message_clear(out);
    return -EBADMSG;
}

void xapi_message_clear(struct xapi_message *message)
{
    json_object_put(message->root);
    *message = (struct xapi_message){ 0 };
}

// --- writing -----------------------------------------------------------------------------------

static struct json_object *new_message(void)
{
    struct json_object *root = json_object_new_object();
    json_object_object_add(root, "jsonrpc", json_object_new_string("2.0"));
    return root;
}

// Takes the object.
static int put_text(struct json_object *root, char *out, size_t size)
{
    size_t length;
    const char *text =
            json_object_to_json_string_length(root, JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    bool fits = length < size;
    if (fits)
        memcpy(out, text, length + 1);
    json_object_put(root);
    return fits ? (int)length : -EMSGSIZE;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static struct json_object *new_request(uint32_t id, const char *method)
{
    struct json_object *root = new_message();
    char text[NUMBER_MAX_CHARACTERS];
    snprintf(text, sizeof(text), "%u", id);
    json_object_object_add(root, "id", json_object_new_string(text));
    json_object_object_add(root, "method", json_object_new_string(method));
    return root;
}

static struct json_object *new_value(const char *text, int64_t number)
{
    return text ? json_object_new_string(text) : json_object_new_int64(number);
}

int xapi_write_command(char *out, size_t size, uint32_t id, const char *command,
        const struct xapi_parameter *parameters)
{
    char method[XAPI_METHOD_MAX];
    snprintf(method, sizeof(method), "xCommand/%s", command);
    struct json_object *root = new_request(id, method);
    struct json_object *params = json_object_new_object();
    json_object_object_add(root, "params", params);
    for (; parameters->name; parameters++) {
        if (parameters->text && !is_plain(parameters->text)) {
            json_object_put(root);
            return -EINVAL;
        }
        json_object_object_add(
                params, parameters->name, new_value(parameters->text, parameters->number));
    }
    return put_text(root, out, size);
}

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

static struct json_object *new_path(const char *path)
{
    struct json_object *steps = json_object_new_array();
    char step[XAPI_METHOD_MAX];
    while (next_step(&path, step, sizeof(step)))
        json_object_array_add(
                steps, new_value(is_number(step) ? NULL : step, strtoll(step, NULL, 10)));
    return steps;
}

int xapi_write_get(char *out, size_t size, uint32_t id, const char *path)
{
    struct json_object *root = new_request(id, "xGet");
    struct json_object *params = json_object_new_object();
    json_object_object_add(root, "params", params);
    json_object_object_add(params, "Path", new_path(path));
    return put_text(root, out, size);
}

int xapi_write_subscribe(char *out, size_t size, uint32_t id, const char *path)
{
    struct json_object *root = new_request(id, "xFeedback/Subscribe");
    struct json_object *params = json_object_new_object();
    json_object_object_add(root, "params", params);
    json_object_object_add(params, "Query", new_path(path));
    json_object_object_add(params, "NotifyCurrentValue", json_object_new_boolean(true));
    return put_text(root, out, size);
}

// --- the codec's side --------------------------------------------------------------------------

static struct json_object *new_answer(const struct xapi_message *request)
{
    struct json_object *root = new_message();
    json_object_object_add(root, "id", json_object_get(member(request->root, "id")));
    return root;
}

int xapi_write_ok(char *out, size_t size, const struct xapi_message *request)
{
    struct json_object *root = new_answer(request);
    struct json_object *result = json_object_new_object();
    json_object_object_add(result, "status", json_object_new_string("OK"));
    json_object_object_add(root, "result", result);
    return put_text(root, out, size);
}

int xapi_write_refusal(
        char *out, size_t size, const struct xapi_message *request, int code, const char *text)
{
    struct json_object *root = new_answer(request);
    struct json_object *error = json_object_new_object();
    json_object_object_add(error, "code", json_object_new_int(code));
    json_object_object_add(error, "message", json_object_new_string(text));
    json_object_object_add(root, "error", error);
    return put_text(root, out, size);
}

// The element with that id of a list, made if it is not there.
static struct json_object *need_item(struct json_object *list, const char *id)
{
    struct json_object *found = item(list, id);
    if (!found) {
        found = json_object_new_object();
        json_object_object_add(found, "id", json_object_new_string(id));
        json_object_array_add(list, found);
    }
    return found;
}

// Puts a leaf where its path says: "Camera/1" is the element with id 1 of the list Camera.
static void put_status(struct json_object *to, const char *path, const struct xapi_status *status)
{
    char step[XAPI_METHOD_MAX];
    while (next_step(&path, step, sizeof(step))) {
        if (!*path) {
            json_object_object_add(to, step, new_value(status->text, status->number));
            return;
        }
        bool is_list = path[0] >= '0' && path[0] <= '9';
        struct json_object *next = member(to, step);
        if (!next) {
            next = is_list ? json_object_new_array() : json_object_new_object();
            json_object_object_add(to, step, next);
        }
        if (is_list) {
            if (!next_step(&path, step, sizeof(step)))
                return;
            next = need_item(next, step);
        }
        to = next;
    }
}

int xapi_write_value(char *out, size_t size, const struct xapi_message *request, const char *path,
        const struct xapi_status *statuses)
{
    struct json_object *tree = json_object_new_object();
    for (; statuses->path; statuses++)
        put_status(tree, statuses->path, statuses);
    struct json_object *value = json_object_get(find(tree, path));
    json_object_put(tree);
    if (!value)
        return -ENOENT;
    struct json_object *root = new_answer(request);
    json_object_object_add(root, "result", value);
    return put_text(root, out, size);
}

int xapi_write_subscribed(
        char *out, size_t size, const struct xapi_message *request, int subscription)
{
    struct json_object *root = new_answer(request);
    struct json_object *result = json_object_new_object();
    json_object_object_add(result, "Id", json_object_new_int(subscription));
    json_object_object_add(root, "result", result);
    return put_text(root, out, size);
}

int xapi_write_feedback(char *out, size_t size, int subscription, const struct xapi_status *status)
{
    struct json_object *root = new_message();
    struct json_object *params = json_object_new_object();
    json_object_object_add(root, "method", json_object_new_string("xFeedback/Event"));
    json_object_object_add(root, "params", params);
    json_object_object_add(params, "Id", json_object_new_int(subscription));
    put_status(params, status->path, status);
    return put_text(root, out, size);
}
