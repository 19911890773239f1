// SPDX-License-Identifier: Apache-2.0
// module: hw/codec
// xapi_parse, xapi_find_*, xapi_read_path, xapi_write_*: whatever is taken for a request can be
// answered, and the answer is one with the same number.
#include <stdlib.h>
#include <string.h>

#include "hw/codec/xapi_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_answer(const struct xapi_message *request, const char *text, int size)
{
    struct xapi_message answer;
    require(size > 0 && xapi_parse(text, (size_t)size, &answer) == 0);
    require(answer.kind != XAPI_REQUEST && answer.id == request->id);
    xapi_message_clear(&answer);
}

static void answer_request(const struct xapi_message *request)
{
    static const struct xapi_status statuses[] = {
        { "Status/Audio/Volume", NULL, 50 },
        { "Status/Standby/State", "Off", 0 },
        { "Status/Cameras/Camera/1/Position/Pan", NULL, -7 },
        { NULL, NULL, 0 },
    };
    char text[XAPI_REQUEST_MAX];
    char path[XAPI_PATH_MAX];
    check_answer(request, text, xapi_write_ok(text, sizeof(text), request));
    check_answer(request, text, xapi_write_refusal(text, sizeof(text), request, 1, "no"));
    if (!xapi_read_path(request, path, sizeof(path)))
        return;
    require(strlen(path) < sizeof(path));
    int written = xapi_write_value(text, sizeof(text), request, path, statuses);
    if (written > 0)
        check_answer(request, text, written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = { "", "Status/Audio/Volume",
        "Status/Cameras/Camera/1/Position/Pan", "Level", "Number" };
    struct xapi_message message;
    if (xapi_parse((const char *)data, size, &message) < 0)
        return 0;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        int64_t number;
        char text[64];
        xapi_find_number(&message, paths[i], &number);
        xapi_find_flag(&message, paths[i]);
        if (xapi_find_text(&message, paths[i], text, sizeof(text)))
            require(strlen(text) < sizeof(text));
    }
    if (message.kind == XAPI_REQUEST)
        answer_request(&message);
    xapi_message_clear(&message);
    return 0;
}
