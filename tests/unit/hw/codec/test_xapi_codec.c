// SPDX-License-Identifier: Apache-2.0
// The messages of xAPI, as jsxapi 6.0.0 sends them and as Cisco's guide to xAPI over WebSocket
// shows them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants the above first
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/codec/xapi_codec.h"

#include <cmocka.h>

static struct xapi_message parse(const char *text)
{
    struct xapi_message message;
    assert_int_equal(xapi_parse(text, strlen(text), &message), 0);
    return message;
}

static void writes_what_jsxapi_writes(void **state)
{
    (void)state;
    char text[XAPI_REQUEST_MAX];
    const struct xapi_parameter number[] = { { "Number", "hall@province.vn", 0 },
        { NULL, NULL, 0 } };
    assert_true(xapi_write_command(text, sizeof(text), 2, "Dial", number) > 0);
    assert_non_null(strstr(text, "\"method\":\"xCommand/Dial\""));
    assert_non_null(strstr(text, "\"id\":\"2\""));
    assert_non_null(strstr(text, "\"params\":{\"Number\":\"hall@province.vn\"}"));

    const struct xapi_parameter preset[] = { { "PresetId", NULL, 3 }, { NULL, NULL, 0 } };
    assert_true(xapi_write_command(text, sizeof(text), 3, "Camera/Preset/Activate", preset) > 0);
    assert_non_null(strstr(text, "\"method\":\"xCommand/Camera/Preset/Activate\""));
    assert_non_null(strstr(text, "{\"PresetId\":3}"));

    assert_true(xapi_write_get(text, sizeof(text), 1, "Status/Audio/Volume") > 0);
    assert_non_null(strstr(text, "\"params\":{\"Path\":[\"Status\",\"Audio\",\"Volume\"]}"));
    assert_true(xapi_write_get(text, sizeof(text), 1, "Status/Cameras/Camera/1/Position") > 0);
    assert_non_null(strstr(text, "[\"Status\",\"Cameras\",\"Camera\",1,\"Position\"]"));
}

static void reads_what_jsxapi_writes(void **state)
{
    (void)state;
    char path[XAPI_PATH_MAX];
    struct xapi_message message =
            parse("{\"jsonrpc\":\"2.0\",\"method\":\"xFeedback/Subscribe\",\"id\":\"5\","
                  "\"params\":{\"Query\":[\"Event\",\"CallDisconnect\"]}}");
    assert_int_equal(message.kind, XAPI_REQUEST);
    assert_int_equal(message.id, 5);
    assert_true(xapi_read_path(&message, path, sizeof(path)));
    assert_string_equal(path, "Event/CallDisconnect");
    xapi_message_clear(&message);
}

static void reads_answers_and_errors(void **state)
{
    (void)state;
    int64_t number;
    char text[16];
    struct xapi_message message = parse("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":50}");
    assert_int_equal(message.kind, XAPI_RESULT);
    assert_int_equal(message.id, 7);
    assert_true(xapi_find_number(&message, "", &number));
    assert_int_equal(number, 50);
    xapi_message_clear(&message);

    // An older codec: its numbers are text, with their kind beside them.
    message = parse("{\"jsonrpc\":\"2.0\",\"id\":\"8\",\"result\":{\"Volume\":{\"Value\":\"-5\"},"
                    "\"Mute\":\"On\"}}");
    assert_true(xapi_find_number(&message, "Volume", &number));
    assert_int_equal(number, -5);
    assert_true(xapi_find_text(&message, "Mute", text, sizeof(text)));
    assert_string_equal(text, "On");
    assert_false(xapi_find_number(&message, "Mute", &number));
    assert_false(xapi_find_number(&message, "Volume/Value/More", &number));
    xapi_message_clear(&message);

    message = parse("{\"jsonrpc\":\"2.0\",\"id\":\"9\",\"error\":{\"code\":-32602,"
                    "\"message\":\"Invalid params\"}}");
    assert_int_equal(message.kind, XAPI_ERROR);
    assert_int_equal(message.error, XAPI_INVALID_PARAMETERS);
    xapi_message_clear(&message);
}

static void reads_feedback_of_lists(void **state)
{
    (void)state;
    int64_t number;
    struct xapi_message message =
            parse("{\"jsonrpc\":\"2.0\",\"method\":\"xFeedback/Event\",\"params\":{\"Id\":1,"
                  "\"Status\":{\"Cameras\":{\"Camera\":[{\"id\":\"2\",\"Pan\":9},{\"id\":\"1\","
                  "\"Pan\":4}]}}}}");
    assert_int_equal(message.kind, XAPI_FEEDBACK);
    assert_true(xapi_find_number(&message, "Status/Cameras/Camera/1/Pan", &number));
    assert_int_equal(number, 4);
    assert_false(xapi_find_number(&message, "Status/Cameras/Camera/3/Pan", &number));
    xapi_message_clear(&message);
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "null",
        "[]",
        "{}",
        "{\"id\":1}",
        "{\"id\":1,\"result\":1} x",
        "{\"id\":-1,\"result\":1}",
        "{\"id\":4294967296,\"result\":1}",
        "{\"id\":\"1x\",\"result\":1}",
        "{\"id\":\"99999999999999999999\",\"result\":1}",
        "{\"result\":1}",
        "{\"id\":1,\"error\":{\"message\":\"none\"}}",
        "{\"method\":\"xFeedback/Event\"}",
        "{\"id\":1,\"result\":\"\xff\"}",
        "{\"id\":1,\"result\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}",
    };
    struct xapi_message message;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(xapi_parse(bad[i], strlen(bad[i]), &message), -EBADMSG);
}

static void refuses_text_that_no_number_has(void **state)
{
    (void)state;
    char text[XAPI_REQUEST_MAX];
    static const char *const bad[] = { "a\nb", "h\xc3\xb4", "\x7f" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct xapi_parameter number[] = { { "Number", bad[i], 0 }, { NULL, NULL, 0 } };
        assert_int_equal(xapi_write_command(text, sizeof(text), 1, "Dial", number), -EINVAL);
    }
    const struct xapi_parameter quoted[] = { { "Number", "\",\"x\":\"", 0 }, { NULL, NULL, 0 } };
    assert_true(xapi_write_command(text, sizeof(text), 1, "Dial", quoted) > 0);
    struct xapi_message message = parse(text);
    char back[16];
    assert_true(xapi_find_text(&message, "Number", back, sizeof(back)));
    assert_string_equal(back, quoted[0].text);
    xapi_message_clear(&message);
    assert_int_equal(xapi_write_command(text, 20, 1, "Dial", quoted), -EMSGSIZE);
}

static void answers_as_a_codec(void **state)
{
    (void)state;
    char text[XAPI_REQUEST_MAX];
    const struct xapi_status statuses[] = { { "Status/Audio/Volume", NULL, 50 },
        { "Status/Cameras/Camera/1/Position/Pan", NULL, 7 },
        { "Status/Cameras/Camera/2/Position/Pan", NULL, 8 }, { NULL, NULL, 0 } };
    struct xapi_message request =
            parse("{\"jsonrpc\":\"2.0\",\"id\":\"abc\",\"method\":\"xGet\",\"id\":\"6\","
                  "\"params\":{\"Path\":[\"Status\",\"Cameras\",\"Camera\",2]}}");
    assert_true(xapi_write_value(
                        text, sizeof(text), &request, "Status/Cameras/Camera/2", statuses) > 0);
    assert_string_equal(text, "{\"jsonrpc\":\"2.0\",\"id\":\"6\",\"result\":{\"id\":\"2\","
                              "\"Position\":{\"Pan\":8}}}");
    assert_int_equal(
            xapi_write_value(text, sizeof(text), &request, "Status/Nothing", statuses), -ENOENT);
    xapi_message_clear(&request);
    assert_true(xapi_write_feedback(text, sizeof(text), 4, &statuses[0]) > 0);
    assert_string_equal(text, "{\"jsonrpc\":\"2.0\",\"method\":\"xFeedback/Event\",\"params\":{"
                              "\"Id\":4,\"Status\":{\"Audio\":{\"Volume\":50}}}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_jsxapi_writes),
        cmocka_unit_test(reads_what_jsxapi_writes),
        cmocka_unit_test(reads_answers_and_errors),
        cmocka_unit_test(reads_feedback_of_lists),
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(refuses_text_that_no_number_has),
        cmocka_unit_test(answers_as_a_codec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
