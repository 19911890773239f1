// SPDX-License-Identifier: Apache-2.0
// The names and sentences of hw/hw.h.
#include <glib.h>
#include <string.h>

#include "common/base/check.h"
#include "hw/device.h"

static const struct {
    const char *name;
    const char *vi; // what is wrong, and what to do about it
    const char *en;
} results[HW_RESULT_COUNT] = {
    [HW_OK] = { "ok", "Hoạt động bình thường.", "Working." },
    [HW_UNSUPPORTED] = { "unsupported",
            "Thiết bị không có chức năng này: bỏ dòng này khỏi khung cảnh.",
            "The device can not do this: take the line out of the scene." },
    [HW_BAD_VALUE] = { "bad_value",
            "Thiết bị từ chối giá trị được yêu cầu: sửa giá trị trong khung cảnh.",
            "The device refused the value: mend it in the scene." },
    [HW_OFFLINE] = { "offline", "Không kết nối được thiết bị: kiểm tra nguồn điện và dây mạng.",
            "The device can not be reached: check its power and network cable." },
    [HW_TIMEOUT] = { "timeout", "Thiết bị không trả lời: tắt rồi bật lại thiết bị.",
            "The device does not answer: switch it off and on." },
    [HW_BUSY] = { "busy", "Thiết bị đang bận: chờ một phút rồi thử lại.",
            "The device is busy: wait a minute and try again." },
    [HW_NOT_NOW] = { "not_now",
            "Thiết bị đang ở chế độ chờ hoặc đang mở trình đơn: bật thiết bị, đóng trình đơn.",
            "The device is in standby, or a menu is open: switch it on, close the menu." },
    [HW_REFUSED] = { "refused",
            "Thiết bị từ chối hộp phòng họp: kiểm tra mật khẩu và quyền trong cấu hình.",
            "The device refuses the box: check the password and the rights in the settings." },
    [HW_UNTRUSTED] = { "untrusted",
            "Chứng thư của thiết bị không phải chứng thư đã ghi: kiểm tra có đúng thiết bị không, "
            "rồi ghi lại vân tay trong cấu hình.",
            "The device shows another certificate than the one in the settings: see that it is "
            "the right device, then write its fingerprint anew." },
    [HW_LOCKED] = { "locked",
            "Một chương trình khác đang giữ thiết bị: đóng NovaLCT hoặc SmartLCT trên máy tính.",
            "Another program holds the device: close NovaLCT or SmartLCT on the computer." },
    [HW_BAD_ANSWER] = { "bad_answer",
            "Thiết bị trả lời sai quy cách: kiểm tra loại thiết bị trong cấu hình.",
            "The device answered nonsense: check its driver in the settings." },
    [HW_DEVICE_FAULT] = { "fault",
            "Thiết bị báo lỗi phần cứng: kiểm tra cáp, quạt và nguồn của các tấm màn hình, xem có "
            "khói không.",
            "The device reports a fault: check the cabinets' cables, fans and power, and look for "
            "smoke." },
    [HW_UNVERIFIED] = { "unverified",
            "Thiết bị báo đã làm nhưng trạng thái đọc lại không đúng: tắt rồi bật lại thiết bị.",
            "The device said done, but reads back otherwise: switch it off and on." },
    [HW_CANCELLED] = { "cancelled", "Lệnh đã được thay bằng lệnh mới hơn.",
            "A newer command took its place." },
    [HW_MISCONFIGURED] = { "misconfigured",
            "Cấu hình của hộp phòng họp sai: địa chỉ, cổng hoặc tệp thiết bị không dùng được.",
            "The box's settings are wrong: the address, port or device file can not be used." },
};

const char *hw_result_name(enum hw_result result)
{
    return results[result].name;
}

const char *hw_result_text_vi(enum hw_result result)
{
    return results[result].vi;
}

const char *hw_result_text_en(enum hw_result result)
{
    return results[result].en;
}

static const char *const inputs[HW_INPUT_COUNT + 1] = { "hdmi", "dvi", "sdi", "dp", "vga", NULL };
static const char *const patterns[HW_PATTERN_COUNT + 1] = { "none", "red", "green", "blue", "white",
    "horizontal", "vertical", "slash", "grey", NULL };
static const char *const switches[] = { "off", "on", NULL };

static const struct {
    const char *name;
    const char *const *choices; // their index is the value; NULL: a number
    int64_t minimum;
    int64_t maximum;
} fields[HW_FIELD_COUNT] = {
    [HW_POWER] = { "power", switches, 0, 1 },
    [HW_INPUT] = { "input", inputs, 0, HW_INPUT_COUNT - 1 },
    [HW_PRESET] = { "preset", NULL, 0, 254 },
    [HW_PAN] = { "pan", NULL, INT16_MIN, INT16_MAX },
    [HW_TILT] = { "tilt", NULL, INT16_MIN, INT16_MAX },
    [HW_ZOOM] = { "zoom", NULL, 0, 65535 },
    [HW_BRIGHTNESS] = { "brightness", NULL, 0, 100 },
    [HW_BLANK] = { "blank", switches, 0, 1 },
    [HW_FREEZE] = { "freeze", switches, 0, 1 },
    [HW_PATTERN] = { "pattern", patterns, 0, HW_PATTERN_COUNT - 1 },
    [HW_CARDS] = { "cards", NULL, 0, 4096 },
    [HW_HOTTEST] = { "hottest", NULL, -128, 127 },
    [HW_VOLTAGE] = { "voltage", NULL, 0, 127 },
    [HW_FAN] = { "fan", NULL, 0, 6350 },
    [HW_SMOKE] = { "smoke", NULL, 0, 4096 },
    [HW_DOORS] = { "doors", NULL, 0, 4096 },
    [HW_VOLUME] = { "volume", NULL, 0, 100 },
    [HW_MUTE] = { "mute", switches, 0, 1 },
    [HW_CALL] = { "call", switches, 0, 1 },
};

const char *hw_field_name(enum hw_field field)
{
    return fields[field].name;
}

enum hw_field hw_field_find(const char *name)
{
    enum hw_field field = HW_POWER;
    while (field < HW_FIELD_COUNT && strcmp(fields[field].name, name) != 0)
        field++;
    return field;
}

bool hw_field_parse(enum hw_field field, const char *text, int64_t *value)
{
    if (fields[field].choices) {
        for (int i = 0; fields[field].choices[i]; i++) {
            if (strcmp(fields[field].choices[i], text) == 0) {
                *value = i;
                return true;
            }
        }
        return false;
    }
    gint64 number;
    if (!g_ascii_string_to_signed(
                text, 10, fields[field].minimum, fields[field].maximum, &number, NULL))
        return false;
    *value = number;
    return true;
}

void hw_field_format(enum hw_field field, int64_t value, char *out, size_t size)
{
    bool is_choice = fields[field].choices && value >= fields[field].minimum &&
                     value <= fields[field].maximum;
    if (is_choice)
        g_strlcpy(out, fields[field].choices[value], size);
    else
        g_snprintf(out, size, "%" G_GINT64_FORMAT, value);
}

// --- commands ----------------------------------------------------------------------------------

static bool parse_percent(const char *text, int *out)
{
    gint64 number;
    if (!g_ascii_string_to_signed(text, 10, -100, 100, &number, NULL))
        return false;
    *out = (int)number;
    return true;
}

static bool parse_drive(char **words, struct hw_command *out)
{
    out->verb = HW_DRIVE;
    return parse_percent(words[1], &out->pan) && parse_percent(words[2], &out->tilt);
}

static bool parse_zoom(char **words, struct hw_command *out)
{
    out->verb = HW_DRIVE_ZOOM;
    return parse_percent(words[1], &out->zoom);
}

static bool parse_store(char **words, struct hw_command *out)
{
    out->verb = HW_STORE;
    return hw_field_parse(HW_PRESET, words[1], &out->value);
}

static bool parse_dial(char **words, struct hw_command *out)
{
    out->verb = HW_DIAL;
    return g_strlcpy(out->to, words[1], sizeof(out->to)) < sizeof(out->to) && out->to[0];
}

static bool parse_read(char **words, struct hw_command *out)
{
    out->verb = HW_READ;
    out->field = hw_field_find(words[1]);
    return out->field < HW_FIELD_COUNT;
}

static const struct {
    const char *name;
    guint words;
    enum hw_verb verb; // of those without a parser
    bool (*parse)(char **words, struct hw_command *out);
} verbs[] = {
    { "drive", 3, HW_DRIVE, parse_drive },
    { "zoom", 2, HW_DRIVE_ZOOM, parse_zoom },
    { "stop", 1, HW_STOP, NULL },
    { "stop-zoom", 1, HW_STOP_ZOOM, NULL },
    { "home", 1, HW_HOME, NULL },
    { "store", 2, HW_STORE, parse_store },
    { "keep", 1, HW_KEEP, NULL },
    { "dial", 2, HW_DIAL, parse_dial },
    { "read", 2, HW_READ, parse_read },
};

void hw_driver_orders(const struct hw_driver *driver, char *out, size_t size)
{
    out[0] = '\0';
    for (int field = 0; field < HW_FIELD_COUNT; field++) {
        if (!hw_driver_can(driver, HW_SET, field))
            continue;
        g_strlcat(out, out[0] ? " " : "", size);
        g_strlcat(out, fields[field].name, size);
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!hw_driver_can(driver, verbs[i].verb, HW_FIELD_COUNT))
            continue;
        g_strlcat(out, out[0] ? " " : "", size);
        g_strlcat(out, verbs[i].name, size);
    }
}

bool hw_command_parse(const char *text, struct hw_command *out)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 4);
    guint count = g_strv_length(words);
    *out = (struct hw_command){ .field = HW_FIELD_COUNT };
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (count != verbs[i].words || strcmp(words[0], verbs[i].name) != 0)
            continue;
        out->verb = verbs[i].verb;
        return !verbs[i].parse || verbs[i].parse(words, out);
    }
    if (count != 2)
        return false;
    out->verb = HW_SET;
    out->field = hw_field_find(words[0]);
    return out->field < HW_FIELD_COUNT && hw_field_parse(out->field, words[1], &out->value);
}
