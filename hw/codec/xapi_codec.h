// SPDX-License-Identifier: Apache-2.0
// Messages of Cisco's xAPI over a WebSocket (JSON-RPC 2.0) as values, for both sides of the wire.
// No socket, no clock, no state. JSON is json-c's: what is parsed lives until it is cleared.
//
//   → {"jsonrpc":"2.0","id":"7","method":"xCommand/Audio/Volume/Set","params":{"Level":50}}
//   ← {"jsonrpc":"2.0","id":"7","result":{"status":"OK"}}      or
//   {…,"error":{"code":1,"message":…}} →
//   {"jsonrpc":"2.0","id":"8","method":"xGet","params":{"Path":["Status","Audio","Volume"]}} →
//   {"jsonrpc":"2.0","id":"9","method":"xFeedback/Subscribe","params":{"Query":["Status","Audio"]}}
//   ←
//   {"jsonrpc":"2.0","method":"xFeedback/Event","params":{"Id":0,"Status":{"Audio":{"Volume":50}}}}
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/check.h"

#define XAPI_MESSAGE_MAX 65536 // bytes of one message
#define XAPI_REQUEST_MAX 1024  // bytes of one that we write
#define XAPI_METHOD_MAX  64
#define XAPI_PATH_MAX    128 // "Status/Audio/Volume", with numbers between: "Cameras/Camera/1/…"

enum xapi_kind { XAPI_REQUEST, XAPI_RESULT, XAPI_ERROR, XAPI_FEEDBACK };

// The codes of "error" that mean something to us; a codec has more.
enum xapi_error {
    XAPI_COMMAND_ERROR = 1,
    XAPI_ILLEGAL_VALUE = 2,
    XAPI_INVALID_PATH = 3,
    XAPI_PARAMETER_ERROR = 4,
    XAPI_METHOD_NOT_FOUND = -32601,
    XAPI_INVALID_PARAMETERS = -32602,
};

struct json_object;

struct xapi_message {
    enum xapi_kind kind;
    uint32_t id;                  // of all but FEEDBACK; it may be text or a number on the wire
    char method[XAPI_METHOD_MAX]; // REQUEST
    int error;                    // ERROR
    struct json_object *value;    // of RESULT; the parameters of FEEDBACK and REQUEST; or NULL
    struct json_object *root;
};

// 0, or -EBADMSG for what is no such message, and then there is nothing to clear.
int xapi_parse(const char *text, size_t size, struct xapi_message *out) MUST_CHECK;
void xapi_message_clear(struct xapi_message *message);

// What lies at "Audio/Volume" below the message's value; "" is the value itself. Of a list, a
// number picks the one of that id. Codecs send numbers as numbers or as text. False: not there, or
// not of that kind, or too long.
bool xapi_find_number(const struct xapi_message *message, const char *path, int64_t *out);
bool xapi_find_text(const struct xapi_message *message, const char *path, char *out, size_t size);
bool xapi_find_flag(const struct xapi_message *message, const char *path); // true only if true
// The "Path" of an xGet or the "Query" of a subscription, as "Status/Audio".
bool xapi_read_path(const struct xapi_message *request, char *out, size_t size);

struct xapi_parameter {
    const char *name;
    const char *text; // NULL: the number
    int64_t number;
};

// Each writes one message, NUL-terminated: its size, or -EMSGSIZE; -EINVAL for text that is not
// printable ASCII. Parameters end with a NULL name.
int xapi_write_command(char *out, size_t size, uint32_t id, const char *command,
        const struct xapi_parameter *parameters) MUST_CHECK;
int xapi_write_get(char *out, size_t size, uint32_t id, const char *path) MUST_CHECK;
int xapi_write_subscribe(char *out, size_t size, uint32_t id, const char *path) MUST_CHECK;

// The codec's side. An answer carries the request's id as it came.
struct xapi_status {
    const char *path; // "Status/Audio/Volume"
    const char *text; // NULL: the number
    int64_t number;
};
int xapi_write_ok(char *out, size_t size, const struct xapi_message *request) MUST_CHECK;
int xapi_write_refusal(char *out, size_t size, const struct xapi_message *request, int code,
        const char *text) MUST_CHECK;
// What lies at or below `path` of the statuses (ended by a NULL path), as codecs nest it.
// -ENOENT: nothing does.
int xapi_write_value(char *out, size_t size, const struct xapi_message *request, const char *path,
        const struct xapi_status *statuses) MUST_CHECK;
int xapi_write_subscribed(
        char *out, size_t size, const struct xapi_message *request, int subscription) MUST_CHECK;
int xapi_write_feedback(
        char *out, size_t size, int subscription, const struct xapi_status *status) MUST_CHECK;
