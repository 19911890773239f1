// SPDX-License-Identifier: Apache-2.0
// The names of hw/hw.h.
#include <glib.h>
#include <string.h>

#include "common/base/check.h"
#include "hw/device.h"

static const char *const results[HW_RESULT_COUNT] = {
    [HW_OK] = "ok",
    [HW_UNSUPPORTED] = "unsupported",
    [HW_BAD_VALUE] = "bad_value",
    [HW_OFFLINE] = "offline",
    [HW_TIMEOUT] = "timeout",
    [HW_BUSY] = "busy",
    [HW_NOT_NOW] = "not_now",
    [HW_REFUSED] = "refused",
    [HW_UNTRUSTED] = "untrusted",
    [HW_LOCKED] = "locked",
    [HW_BAD_ANSWER] = "bad_answer",
    [HW_DEVICE_FAULT] = "fault",
    [HW_UNVERIFIED] = "unverified",
    [HW_CANCELLED] = "cancelled",
    [HW_MISCONFIGURED] = "misconfigured",
};

const char *hw_result_name(enum hw_result result)
{
    return results[result];
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

static bool parse_zoom_to(char **words, struct hw_command *out)
{
    out->verb = HW_SET;
    out->field = HW_ZOOM;
    return hw_field_parse(HW_ZOOM, words[1], &out->value);
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

#define ZOOM_TO "zoom-to" // sets the field, whose own name is the verb that zooms at a speed

static const struct {
    const char *name;
    guint words;
    enum hw_verb verb; // of those without a parser
    bool (*parse)(char **words, struct hw_command *out);
} verbs[] = {
    { "drive", 3, HW_DRIVE, parse_drive },
    { "zoom", 2, HW_DRIVE_ZOOM, parse_zoom },
    { ZOOM_TO, 2, HW_SET, parse_zoom_to },
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
        g_strlcat(out, field == HW_ZOOM ? ZOOM_TO : fields[field].name, size);
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (verbs[i].verb == HW_SET || !hw_driver_can(driver, verbs[i].verb, HW_FIELD_COUNT))
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
