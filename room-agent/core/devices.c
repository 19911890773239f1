// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/devices.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "hw/uvc_port.h"

#define LOG_TOPIC "devices"

struct devices {
    struct hw_clock *clock;
    struct loop *loop;
    uint16_t visca_port;
    const char *state_dir;
    GHashTable *hubs; // local address → struct hw_udp_hub
    GPtrArray *list;  // struct hw_device
    void (*changed)(void *context);
    void *context;
};

static void device_changed(void *context, struct hw_device *device)
{
    struct devices *devices = context;
    (void)device;
    devices->changed(devices->context);
}

// Cameras that are spoken to from one local address share its port.
static struct hw_udp_hub *need_hub(struct devices *devices, const struct device_settings *from)
{
    const char *any = strchr(from->address, ':') ? "::" : "0.0.0.0";
    const char *local = from->bind[0] ? from->bind : any;
    struct hw_udp_hub *hub = g_hash_table_lookup(devices->hubs, local);
    if (!hub) {
        hub = hw_udp_hub_new(devices->loop, local, devices->visca_port);
        g_hash_table_insert(devices->hubs, g_strdup(local), hub);
    }
    return hub;
}

// Its presets are kept beside the room's key.
static struct hw_link *new_uvc_link(struct devices *devices, const struct device_settings *from)
{
    g_autofree char *name = g_strdup_printf("presets-%s", from->id);
    g_autofree char *presets = g_build_filename(devices->state_dir, name, NULL);
    return hw_link_uvc_new(devices->loop, &uvc_linux, from->address, presets);
}

static int new_ws_link(
        struct devices *devices, const struct device_settings *from, struct hw_link **out)
{
    struct link_ws_config config = {
        .address = from->address,
        .port = from->port,
        .local_address = from->bind[0] ? from->bind : NULL,
        .path = from->driver->web_socket_path,
        .user = from->user,
        .password = from->password,
        .fingerprint = from->is_pinned ? from->fingerprint : NULL,
    };
    return link_ws_new(devices->loop, &config, out);
}

static void add(struct devices *devices, const struct device_settings *from)
{
    struct hw_link *link = NULL;
    int rc = 0;
    if (from->driver->is_file)
        link = new_uvc_link(devices, from);
    else if (from->driver->web_socket_path)
        rc = new_ws_link(devices, from, &link);
    else if (from->is_serial)
        rc = hw_link_serial_new(devices->loop, from->address, from->baud, &link);
    else if (from->is_udp)
        rc = hw_link_udp_new(need_hub(devices, from), from->address, from->port, &link);
    else
        rc = hw_link_tcp_new(devices->loop, from->address, from->port,
                from->bind[0] ? from->bind : NULL, from->driver->user_timeout_ms, &link);
    if (rc < 0) { // the settings were checked
        log_error("no link device=%s error=\"%s\"", from->id, g_strerror(-rc));
        return;
    }
    struct hw_device_config config = {
        .id = from->id,
        .driver = from->driver,
        .link = link,
        .clock = devices->clock,
        .options = from->options,
        .changed = device_changed,
        .context = devices,
    };
    g_ptr_array_add(devices->list, hw_device_new(&config));
}

struct devices *devices_new(struct loop *loop, const struct room_settings *settings,
        void (*changed)(void *context), void *context)
{
    struct devices *devices = g_new0(struct devices, 1);
    devices->clock = hw_clock_loop_new(loop);
    devices->loop = loop;
    devices->visca_port = settings->visca_port;
    devices->state_dir = settings->state_dir;
    devices->hubs =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)hw_udp_hub_free);
    devices->list = g_ptr_array_new();
    devices->changed = changed;
    devices->context = context;
    for (guint i = 0; i < settings->devices->len; i++)
        add(devices, g_ptr_array_index(settings->devices, i));
    return devices;
}

void devices_free(struct devices *devices)
{
    if (!devices)
        return;
    for (guint i = 0; i < devices->list->len; i++)
        hw_device_free(g_ptr_array_index(devices->list, i));
    g_ptr_array_unref(devices->list);
    g_hash_table_unref(devices->hubs);
    hw_clock_loop_free(devices->clock);
    g_free(devices);
}

void devices_start(struct devices *devices)
{
    for (guint i = 0; i < devices->list->len; i++)
        hw_device_start(g_ptr_array_index(devices->list, i));
}

guint devices_count(const struct devices *devices)
{
    return devices->list->len;
}

struct hw_device *devices_at(const struct devices *devices, guint index)
{
    return g_ptr_array_index(devices->list, index);
}

static enum device_quality quality_of(enum hw_quality quality)
{
    switch (quality) {
    case HW_ASSUMED:
        return DEVICE_QUALITY_ASSUMED;
    case HW_STALE:
        return DEVICE_QUALITY_STALE;
    case HW_CONFIRMED:
        return DEVICE_QUALITY_CONFIRMED;
    default:
        return DEVICE_QUALITY_UNKNOWN;
    }
}

static bool is_known(const struct hw_report *report, enum hw_field field)
{
    return report->actual[field].quality != HW_UNKNOWN;
}

static void describe_values(const struct hw_report *report, struct type_device_values *out)
{
    out->has_power = is_known(report, HW_POWER);
    out->power = report->actual[HW_POWER].value != 0;
    out->has_preset = is_known(report, HW_PRESET);
    out->preset = report->actual[HW_PRESET].value;
    out->has_brightness = is_known(report, HW_BRIGHTNESS);
    out->brightness = report->actual[HW_BRIGHTNESS].value;
    out->has_blank = is_known(report, HW_BLANK);
    out->blank = report->actual[HW_BLANK].value != 0;
}

static const struct error_info *error_of(enum hw_result result)
{
    char code[64];
    g_snprintf(code, sizeof(code), "device.%s", hw_result_name(result));
    return &error_infos[error_code_from_name(code)];
}

const char *device_result_text_vi(enum hw_result result)
{
    const char *text = error_of(result)->vi;
    return text ? text : "";
}

const char *device_result_text_en(enum hw_result result)
{
    const char *text = error_of(result)->en;
    return text ? text : "";
}

void device_describe(const struct hw_report *report, struct type_device *out)
{
    memset(out, 0, sizeof(*out));
    g_strlcpy(out->id, report->id, sizeof(out->id));
    g_strlcpy(out->driver, report->driver, sizeof(out->driver));
    out->has_can = true;
    hw_driver_orders(hw_driver_find(report->driver), out->can, sizeof(out->can));
    out->has_values = true;
    describe_values(report, &out->values);
    out->quality = quality_of(hw_report_quality(report));

    enum hw_result fault = report->fault;
    for (int field = 0; field < HW_FIELD_COUNT && fault == HW_OK; field++)
        if (report->wishes[field].state == HW_WISH_FAILED)
            fault = report->wishes[field].result;
    if (report->link == HW_LINK_UP)
        out->state = fault == HW_OK ? DEVICE_STATE_UP : DEVICE_STATE_FAULT;
    else
        out->state = fault == HW_OK ? DEVICE_STATE_CONNECTING : DEVICE_STATE_DOWN;
    if (fault != HW_OK) {
        out->has_code = out->has_text = true;
        g_snprintf(out->code, sizeof(out->code), "device.%s", hw_result_name(fault));
        g_strlcpy(out->text, device_result_text_vi(fault), sizeof(out->text));
    }
}

size_t devices_report(const struct devices *devices, struct type_device *out)
{
    for (guint i = 0; i < devices->list->len; i++) {
        struct hw_report report;
        hw_device_report(g_ptr_array_index(devices->list, i), &report);
        device_describe(&report, &out[i]);
    }
    return devices->list->len;
}

static void probe_field(const struct hw_report *report, enum hw_field field, int64_t now_ms,
        struct message_local_probed *out)
{
    const struct hw_value *actual = &report->actual[field];
    const struct hw_wish *wish = &report->wishes[field];
    bool is_wanted = wish->state != HW_WISH_NONE;
    if (actual->quality == HW_UNKNOWN && !is_wanted)
        return;
    struct type_device_field *to = &out->fields[out->fields_count++];
    g_strlcpy(to->name, hw_field_name(field), sizeof(to->name));
    to->quality = quality_of(actual->quality);
    if (actual->quality != HW_UNKNOWN) {
        hw_field_format(field, actual->value, to->value, sizeof(to->value));
        to->age_s = (now_ms - actual->at_ms) / 1000;
    }
    if (is_wanted) {
        to->has_wanted = true;
        hw_field_format(field, wish->value, to->wanted, sizeof(to->wanted));
    }
}

static void probe(const struct devices *devices, const struct hw_report *report,
        struct message_local_probed *out)
{
    int64_t now_ms = devices->clock->now_ms(devices->clock);
    struct type_device device;
    device_describe(report, &device);
    g_strlcpy(out->id, device.id, sizeof(out->id));
    g_strlcpy(out->driver, device.driver, sizeof(out->driver));
    g_strlcpy(out->model, report->model, sizeof(out->model));
    out->state = device.state;
    out->since_s = (now_ms - report->link_since_ms) / 1000;
    out->has_code = device.has_code;
    out->has_text = device.has_text;
    g_strlcpy(out->code, device.code, sizeof(out->code));
    g_strlcpy(out->text, device.text, sizeof(out->text));
    hw_driver_orders(hw_driver_find(report->driver), out->can, sizeof(out->can));
    for (int field = 0; field < HW_FIELD_COUNT; field++)
        probe_field(report, field, now_ms, out);
    out->sent = (int64_t)report->counters.sent;
    out->timeouts = (int64_t)report->counters.timeouts;
    out->retries = (int64_t)report->counters.retries;
    out->malformed = (int64_t)report->counters.malformed;
    out->connects = (int64_t)report->counters.connects;
}

static struct hw_device *find(const struct devices *devices, const char *id)
{
    for (guint i = 0; i < devices->list->len; i++)
        if (strcmp(hw_device_id(g_ptr_array_index(devices->list, i)), id) == 0)
            return g_ptr_array_index(devices->list, i);
    return NULL;
}

int devices_probe(const struct devices *devices, const char *id, struct message_local_probed *out)
{
    const struct hw_device *device = find(devices, id);
    if (!device)
        return -ENOENT;
    struct hw_report report;
    hw_device_report(device, &report);
    memset(out, 0, sizeof(*out));
    probe(devices, &report, out);
    return 0;
}

// --- by hand -----------------------------------------------------------------------------------

struct set_by_hand {
    struct hw_device *device;
    enum hw_field field;
    int64_t value;
    hw_done_fn *done; // may be NULL
    void *context;
};

// What somebody set stays wished for, so that it outlives a restart of the device as a scene's
// does; unless something else has been wished for since.
static void set_by_hand(void *context, enum hw_result result)
{
    g_autofree struct set_by_hand *set = context;
    struct hw_report *report = g_new(struct hw_report, 1);
    hw_device_report(set->device, report);
    if (result == HW_OK && report->wishes[set->field].state == HW_WISH_NONE)
        hw_device_desire(set->device, set->field, set->value);
    g_free(report);
    if (set->done)
        set->done(set->context, result);
}

bool devices_keep(const struct hw_command *command)
{
    if (command->verb != HW_SET)
        return false;
    switch (command->field) {
    case HW_POWER:
    case HW_INPUT:
    case HW_BRIGHTNESS:
    case HW_BLANK:
    case HW_FREEZE:
    case HW_PATTERN:
    case HW_VOLUME:
        return true;
    default:
        return false;
    }
}

int devices_drive(
        struct devices *devices, const char *id, const char *order, hw_done_fn *done, void *context)
{
    struct hw_command command;
    struct hw_device *device = find(devices, id);
    if (!device)
        return -ENOENT;
    if (!hw_command_parse(order, &command))
        return -EINVAL;
    if (command.verb == HW_STOP)
        hw_device_submit(device, &(struct hw_command){ .verb = HW_STOP_ZOOM }, NULL, NULL);
    if (!devices_keep(&command)) {
        hw_device_submit(device, &command, done, context);
        return 0;
    }
    struct set_by_hand *set = g_new(struct set_by_hand, 1);
    *set = (struct set_by_hand){ device, command.field, command.value, done, context };
    hw_device_submit(device, &command, set_by_hand, set);
    return 0;
}
