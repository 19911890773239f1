// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/address_text.h"
#include "common/base/daemon.h"
#include "common/base/url.h"
#include "hw/address.h"
#include "hw/device.h"

#define LABEL_MAX_CHARACTERS 64 // as the contract has it

static const char *const transports[] = { "auto", "udp", "tcp", "serial", NULL };
static const char *const sources[] = { "synthetic", "devices", NULL };
static const char *const https[] = { "https", NULL };
static const char *const websocket[] = { "wss", "ws", NULL };

const struct config_setting room_settings_table[] = {
    { "room", "name", CONFIG_STRING, "", 0, 255, NULL,
            "Name on the room's picture and page; empty: the unit's name at the centre" },
    { "room", "line2", CONFIG_STRING, "", 0, 255, NULL,
            "Second line of the name, such as the district" },
    { "room", "address", CONFIG_ADDRESS, "", 0, 45, NULL,
            "The box's own address, from which it speaks to devices and to the centre; empty: "
            "any" },
    { "room", "visca_port", CONFIG_INTEGER, "52381", 0, 65535, NULL,
            "Local UDP port for cameras: some answer to 52381 only; 0: chosen by the kernel" },
    { "signal", "url", CONFIG_URL, "https://127.0.0.1:8443", 0, 255, https,
            "Where the room enrols: https://host:port" },
    { "signal", "machine_url", CONFIG_URL, "wss://127.0.0.1:8444/ws", 0, 255, websocket,
            "Where the room connects: wss://host:port/ws" },
    { "room", "state_dir", CONFIG_STRING, "/var/lib/rong-room", 0, 1024, NULL,
            "Folder of the room's key and certificate" },
    { "media", "program", CONFIG_STRING, "", 0, 1024, NULL,
            "The media program; empty: rong-room-media beside rong-room" },
    { "media", "source", CONFIG_CHOICE, "devices", 0, 0, sources,
            "Picture and sound from the box's devices, or synthetic ones for trials" },
    { "media", "address", CONFIG_ADDRESS, "", 0, 45, NULL,
            "Local address of picture and sound; empty: the box's own" },
    { "media", "mark", CONFIG_INTEGER, "0", 0, 65535, NULL, "Number in the synthetic picture" },
    { "media", "tone_hz", CONFIG_INTEGER, "0", 0, 20000, NULL,
            "Pilot tone of the synthetic sound; 0: made from the mark" },
    { "page", "listen", CONFIG_LISTEN, "127.0.0.1:8480", 0, 64, NULL,
            "Loopback address:port of the room's own page" },
    { "status", "listen", CONFIG_LISTEN, "127.0.0.1:9082", 0, 64, NULL,
            "Address:port of /healthz and /metrics" },
    { "device *", "driver", CONFIG_STRING, NULL, 0, 32, NULL,
            "What it speaks: visca, novastar, uvc, roomos" },
    { "device *", "address", CONFIG_STRING, NULL, 0, 64, NULL,
            "Its numeric IP address, or address:port; of a serial line or a USB camera /dev/…" },
    { "device *", "port", CONFIG_INTEGER, "0", 0, 65535, NULL,
            "Its port; 0: the driver's usual one" },
    { "device *", "bind", CONFIG_ADDRESS, "", 0, 45, NULL,
            "Local address to speak from; empty: the box's own" },
    { "device *", "transport", CONFIG_CHOICE, "auto", 0, 0, transports,
            "udp, tcp or serial; auto: a serial line where the address is /dev/…, else UDP where "
            "the "
            "driver speaks it" },
    { "device *", "baud", CONFIG_INTEGER, "0", 0, 115200, NULL,
            "Speed of its serial line; 0: the driver's usual one" },
    { "device *", "header", CONFIG_BOOLEAN, "true", 0, 0, NULL,
            "VISCA over UDP with Sony's eight-byte header; false: bare packets" },
    { "device *", "camera", CONFIG_INTEGER, "1", 1, 7, NULL, "VISCA address of the camera" },
    { "device *", "verify_port", CONFIG_INTEGER, "0", 0, 3, NULL,
            "NovaStar: output whose card is read back" },
    { "device *", "verify_card", CONFIG_INTEGER, "0", 0, 65534, NULL,
            "NovaStar: the card on that output that is read back" },
    { "device *", "user", CONFIG_STRING, "", 0, 64, NULL, "Room codec: the name to log in with" },
    { "device *", "password_file", CONFIG_STRING, "", 0, 255, NULL,
            "Room codec: the file whose first line is the password; only its owner may read it" },
    { "device *", "certificate", CONFIG_STRING, "", 0, 120, NULL,
            "Room codec: pinned:SHA256 of its certificate, in hex, or any-on-this-lan, which "
            "trusts whoever answers at that address" },
    { "microphones *", "udp_listen", CONFIG_LISTEN, "", 0, 64, NULL,
            "Local UDP address:port where a microphone system recalls presets by VISCA; empty: "
            "none" },
    { "microphones *", "tcp_listen", CONFIG_LISTEN, "", 0, 64, NULL,
            "The same by TCP; one of the two is needed" },
    { "microphones *", "peer", CONFIG_ADDRESS, "", 0, 45, NULL,
            "The system's own address: nobody else is heard; empty: anybody is, VISCA has no "
            "login" },
    { "microphones *", "camera", CONFIG_STRING, NULL, 0, 32, NULL,
            "The device whose preset is recalled" },
    { "microphones *", "hold_ms", CONFIG_INTEGER, "2000", 0, 60000, NULL,
            "The camera stays this long after a move; the last recall in between counts" },
    DAEMON_SETTING_LOG_LEVEL,
    { "scene *", "label", CONFIG_STRING, "", 0, 255, NULL,
            "What stands on the scene's button; with it the scene may have any name, without it "
            "that of an event: idle, meeting, floor, content, ended" },
    { "scene *", "*", CONFIG_STRING, "", 0, 64, NULL,
            "DEVICE.FIELD = value, such as camera.preset = 2: what the device shall be in the "
            "scene" },
    { NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL },
};

static void secret_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    g_free(text);
}

static void device_settings_free(void *data)
{
    struct device_settings *device = data;
    g_free(device->id);
    g_free(device->address);
    g_free(device->bind);
    g_free(device->user);
    secret_free(device->password);
    g_free(device);
}

static char *fault_at(const struct config *config, int line, const char *format, ...)
        PRINTF_LIKE(3, 4);
static char *fault_at(const struct config *config, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return g_strdup_printf("%s:%d: %s", config_path(config), line, text);
}

static bool is_device_id(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return length >= 1 && length <= 32 && text[length] == '\0';
}

// Two names of one port are one port; a name of what is not plugged in yet is at least spelt one
// way.
static char *place_of(const struct device_settings *device)
{
    if (!device->is_serial)
        return g_strdup(device->address);
    char *real = realpath(device->address, NULL);
    char *place = real ? g_strdup(real) : g_canonicalize_filename(device->address, "/");
    free(real);
    return place;
}

// The line is a device's alone: two that speak at once garble each other.
static char *check_place(const struct config *config, const struct device_settings *device,
        const struct room_settings *settings)
{
    g_autofree char *place = place_of(device);
    for (guint i = 0; i < settings->devices->len; i++) {
        const struct device_settings *other = g_ptr_array_index(settings->devices, i);
        g_autofree char *other_place = place_of(other);
        if (strcmp(other_place, place) != 0 || other->port != device->port ||
                other->is_udp != device->is_udp)
            continue;
        if (device->is_serial)
            return fault_at(config, device->line, "device %s: %s is taken by device %s, line %d",
                    device->id, place, other->id, other->line);
        return fault_at(config, device->line,
                "device %s: %s port %u is taken by device %s, line %d", device->id, device->address,
                device->port, other->id, other->line);
    }
    return NULL;
}

static char *read_file_device(const struct config *config, const char *section,
        const struct hw_driver *driver, struct room_settings *settings)
{
    static const gint64 speeds[] = { 2400, 4800, 9600, 19200, 38400, 57600, 115200 };
    const char *id = strchr(section, ' ') + 1;
    const char *address = config_string(config, section, "address");
    gint64 baud = config_integer(config, section, "baud");
    if (!driver->baud && !driver->is_file)
        return config_fault(config, section, "transport",
                "expected udp, tcp or auto: %s does not speak on a serial line", driver->name);
    if (address[0] != '/')
        return fault_at(config, config_line(config, section, "address"),
                "device %s: '%s' is not the path of a device file", id, address);
    bool is_speed = baud == 0;
    for (size_t i = 0; i < COUNT_OF(speeds); i++)
        is_speed |= baud == speeds[i];
    if (!is_speed)
        return fault_at(config, config_line(config, section, "baud"),
                "device %s: no serial port has the speed %d", id, (int)baud);
    struct device_settings *device = g_new0(struct device_settings, 1);
    device->id = g_strdup(id);
    device->driver = driver;
    device->address = g_strdup(address); // a link of udev's is followed at each opening
    device->bind = g_strdup("");
    device->is_serial = true;
    device->baud = baud ? (unsigned)baud : driver->baud;
    device->line = config_line(config, section, "address");
    device->options.camera = (unsigned)config_integer(config, section, "camera");
    char *fault = check_place(config, device, settings);
    if (fault)
        device_settings_free(device);
    else
        g_ptr_array_add(settings->devices, device);
    return fault;
}

// Behind a room's own network there is nobody else; in front of it there may be.
static bool is_local(const struct hw_address *address)
{
    if (address->any.sa_family == AF_INET) {
        uint32_t ip = ntohl(address->v4.sin_addr.s_addr);
        return ip >> 24 == 10 || ip >> 24 == 127 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 ||
               ip >> 16 == 0xa9fe;
    }
    const struct in6_addr *six = &address->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_LINKLOCAL(six) ||
           (six->s6_addr[0] & 0xfe) == 0xfc;
}

static char *read_password(const struct config *config, const char *section, char **out)
{
    const char *path = config_string(config, section, "password_file");
    int line = config_line(config, section, "password_file");
    const char *id = strchr(section, ' ') + 1;
    struct stat about;
    g_autofree char *text = NULL;
    if (!path[0])
        return fault_at(config, config_line(config, section, "driver"),
                "device %s: needs a password_file", id);
    if (stat(path, &about) < 0)
        return fault_at(config, line, "device %s: %s: %s", id, path, g_strerror(errno));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return fault_at(config, line,
                "device %s: %s can be read by others than its owner: chmod 600", id, path);
    if (!g_file_get_contents(path, &text, NULL, NULL) || strcspn(text, "\r\n") == 0)
        return fault_at(config, line, "device %s: %s has no password in its first line", id, path);
    *out = g_strndup(text, strcspn(text, "\r\n"));
    explicit_bzero(text, strlen(text));
    return NULL;
}

static char *read_login(const struct config *config, const char *section,
        const struct hw_address *address, struct device_settings *device)
{
    const char *certificate = config_string(config, section, "certificate");
    int line = config_line(config, section, "certificate");
    device->user = g_strdup(config_string(config, section, "user"));
    if (!device->user[0] || strchr(device->user, ':'))
        return fault_at(config, device->line, "device %s: needs a user, without ':'", device->id);
    device->is_pinned = g_str_has_prefix(certificate, "pinned:");
    if (device->is_pinned) {
        if (!link_ws_parse_fingerprint(certificate + strlen("pinned:"), device->fingerprint))
            return fault_at(config, line, "device %s: pinned: needs 32 bytes in hex", device->id);
    } else if (strcmp(certificate, "any-on-this-lan") != 0) {
        return fault_at(config, certificate[0] ? line : device->line,
                "device %s: certificate is pinned:SHA256 or any-on-this-lan", device->id);
    } else if (!is_local(address)) {
        return fault_at(config, line, "device %s: %s is not on this lan: pin its certificate",
                device->id, device->address);
    }
    return read_password(config, section, &device->password);
}

// An address of one device: not of nobody, nor of all.
static bool is_of_one(const struct hw_address *address)
{
    if (address->any.sa_family == AF_INET) {
        uint32_t ip = ntohl(address->v4.sin_addr.s_addr);
        return ip >> 24 != 0 && ip < 0xe0000000;
    }
    const struct in6_addr *six = &address->v6.sin6_addr;
    return !IN6_IS_ADDR_UNSPECIFIED(six) && !IN6_IS_ADDR_MULTICAST(six);
}

static char *read_device(
        const struct config *config, const char *section, struct room_settings *settings)
{
    int driver_line = config_line(config, section, "driver");
    int address_line = config_line(config, section, "address");
    const char *id = strchr(section, ' ') + 1;
    const char *driver_name = config_string(config, section, "driver");
    const char *address = config_string(config, section, "address");
    const char *bind_address = config_string(config, section, "bind");
    const char *transport = config_string(config, section, "transport");
    struct hw_address parsed;

    if (!is_device_id(id))
        return fault_at(config, driver_line,
                "device '%s': a name has only a-z, 0-9, - and _, at most 32", id);
    if (settings->devices->len == ROOM_DEVICES_MAX)
        return fault_at(config, driver_line, "device %s: a room has at most %d devices", id,
                ROOM_DEVICES_MAX);
    const struct hw_driver *driver = hw_driver_find(driver_name);
    if (!driver)
        return fault_at(config, driver_line, "device %s: unknown driver '%s'; there are: %s", id,
                driver_name, hw_driver_names());
    bool is_serial = strcmp(transport, "serial") == 0 ||
                     (strcmp(transport, "auto") == 0 && g_str_has_prefix(address, "/dev/"));
    if (is_serial || driver->is_file)
        return read_file_device(config, section, driver, settings);
    if (hw_address_parse(address, 0, &parsed) < 0 &&
            hw_address_parse_with_port(address, &parsed) < 0)
        return fault_at(
                config, address_line, "device %s: '%s' is not a numeric IP address", id, address);
    if (!is_of_one(&parsed))
        return fault_at(
                config, address_line, "device %s: '%s' is no address of one device", id, address);
    if (hw_address_port(&parsed) && config_integer(config, section, "port"))
        return config_fault(config, section, "port", "expected one port: the address has one too");
    bool is_udp =
            strcmp(transport, "udp") == 0 || (strcmp(transport, "auto") == 0 && driver->udp_port);
    uint16_t usual_port = is_udp ? driver->udp_port : driver->tcp_port;
    if (!usual_port)
        return config_fault(config, section, "transport", "expected what %s speaks: %s",
                driver->name, driver->udp_port ? "udp" : "tcp");

    struct device_settings *device = g_new0(struct device_settings, 1);
    uint16_t port = (uint16_t)config_integer(config, section, "port");
    if (port == 0)
        port = hw_address_port(&parsed);
    device->id = g_strdup(id);
    device->driver = driver;
    device->address = hw_address_host(&parsed);
    device->bind = g_strdup(bind_address[0] ? bind_address : settings->address);
    device->port = port ? port : usual_port;
    device->is_udp = is_udp;
    device->line = address_line;
    device->options = (struct hw_options){
        .has_udp_header = config_boolean(config, section, "header"),
        .camera = (unsigned)config_integer(config, section, "camera"),
        .verify_port = (unsigned)config_integer(config, section, "verify_port"),
        .verify_card = (unsigned)config_integer(config, section, "verify_card"),
    };
    char *fault = check_place(config, device, settings);
    if (!fault && driver->web_socket_path)
        fault = read_login(config, section, &parsed, device);
    if (fault)
        device_settings_free(device);
    else
        g_ptr_array_add(settings->devices, device);
    return fault;
}

static const struct device_settings *find_device(
        const struct room_settings *settings, const char *id, guint *index)
{
    for (guint i = 0; i < settings->devices->len; i++) {
        const struct device_settings *device = g_ptr_array_index(settings->devices, i);
        if (strcmp(device->id, id) == 0) {
            *index = i;
            return device;
        }
    }
    return NULL;
}

static void microphone_settings_free(void *data)
{
    struct microphone_settings *microphones = data;
    g_free(microphones->id);
    g_free(microphones->udp_listen);
    g_free(microphones->tcp_listen);
    g_free(microphones->peer);
    g_free(microphones);
}

static char *read_microphones(
        const struct config *config, const char *section, struct room_settings *settings)
{
    const char *camera = config_string(config, section, "camera");
    const char *udp_listen = config_string(config, section, "udp_listen");
    const char *tcp_listen = config_string(config, section, "tcp_listen");
    guint index = 0;
    const struct device_settings *device = find_device(settings, camera, &index);
    if (!device || !hw_driver_can(device->driver, HW_SET, HW_PRESET))
        return config_fault(config, section, "camera",
                "expected a device that has presets; '%s' is none", camera);
    if (!udp_listen[0] && !tcp_listen[0])
        return config_fault(config, section, "camera", "expected udp_listen or tcp_listen too");
    struct microphone_settings *microphones = g_new0(struct microphone_settings, 1);
    microphones->id = g_strdup(strchr(section, ' ') + 1);
    microphones->udp_listen = g_strdup(udp_listen);
    microphones->tcp_listen = g_strdup(tcp_listen);
    microphones->peer = g_strdup(config_string(config, section, "peer"));
    microphones->camera = index;
    microphones->hold_ms = (unsigned)config_integer(config, section, "hold_ms");
    g_ptr_array_add(settings->microphones, microphones);
    return NULL;
}

static char *read_scene_line(const struct config *config, const char *section, const char *key,
        struct room_settings *settings, struct scene_settings *scene)
{
    struct scene_line line = { 0 };
    int at = config_line(config, section, key);
    const char *value = config_string(config, section, key);

    g_auto(GStrv) parts = g_strsplit(key, ".", 2);
    if (g_strv_length(parts) != 2)
        return fault_at(config, at, "'%s' is not DEVICE.FIELD", key);
    const struct device_settings *device = find_device(settings, parts[0], &line.device);
    if (!device)
        return fault_at(config, at, "scene %s names device '%s', which is not there", scene->name,
                parts[0]);
    line.field = hw_field_find(parts[1]);
    if (line.field == HW_FIELD_COUNT || !hw_driver_can(device->driver, HW_SET, line.field))
        return fault_at(config, at, "scene %s: driver %s has no '%s' to set", scene->name,
                device->driver->name, parts[1]);
    if (!hw_field_parse(line.field, value, &line.value))
        return fault_at(
                config, at, "scene %s: '%s' is no value of %s", scene->name, value, parts[1]);
    if (line.field == HW_PRESET && device->driver->preset_last &&
            (line.value < device->driver->preset_first || line.value > device->driver->preset_last))
        return fault_at(config, at, "scene %s: driver %s has presets %u to %u, not %s", scene->name,
                device->driver->name, device->driver->preset_first, device->driver->preset_last,
                value);
    g_array_append_val(scene->lines, line);
    return NULL;
}

static void scene_settings_free(void *data)
{
    struct scene_settings *scene = data;
    g_free(scene->label);
    g_array_unref(scene->lines);
    g_free(scene);
}

static struct scene_settings *add_scene(GPtrArray *scenes, const char *name, const char *label)
{
    struct scene_settings *scene = g_new0(struct scene_settings, 1);
    g_strlcpy(scene->name, name, sizeof(scene->name));
    scene->label = g_strdup(label);
    scene->lines = g_array_new(FALSE, FALSE, sizeof(struct scene_line));
    g_ptr_array_add(scenes, scene);
    return scene;
}

static GPtrArray *new_scenes(void)
{
    GPtrArray *scenes = g_ptr_array_new_with_free_func(scene_settings_free);
    for (enum scene event = SCENE_NONE + 1; event < SCENE_COUNT; event++)
        add_scene(scenes, scene_name(event), NULL);
    return scenes;
}

static bool is_button_name(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length >= 1 && length <= 32 && text[length] == '\0';
}

// A button is known by its label: a slip in an event's name makes none.
static char *read_button(const struct config *config, const char *section,
        struct room_settings *settings, struct scene_settings **out)
{
    const char *name = strchr(section, ' ') + 1;
    const char *label = config_string(config, section, "label");
    int label_line = config_line(config, section, "label");
    char *const *keys = config_keys(config, section);
    int at = label_line ? label_line : config_line(config, section, keys[0]);
    if (!label[0])
        return fault_at(config, at,
                "unknown scene '%s'; there are: idle, meeting, floor, content, ended; a button "
                "has its label = …",
                name);
    if (!is_button_name(name))
        return fault_at(config, at, "scene '%s': a name has only a-z, 0-9 and -, at most 32", name);
    if (!g_utf8_validate(label, -1, NULL) || g_utf8_strlen(label, -1) > LABEL_MAX_CHARACTERS)
        return fault_at(config, at, "scene %s: a label has at most %d characters", name,
                LABEL_MAX_CHARACTERS);
    if (settings->scenes->len - (SCENE_COUNT - 1) == ROOM_BUTTONS_MAX)
        return fault_at(
                config, at, "scene %s: a room has at most %d buttons", name, ROOM_BUTTONS_MAX);
    *out = add_scene(settings->scenes, name, label);
    return NULL;
}

static char *read_scene(
        const struct config *config, const char *section, struct room_settings *settings)
{
    enum scene event = scene_from_name(strchr(section, ' ') + 1);
    struct scene_settings *scene = NULL;
    char *fault = NULL;
    if (event != SCENE_NONE && config_string(config, section, "label")[0])
        return fault_at(config, config_line(config, section, "label"),
                "scene %s is an event's: the page has its name already", scene_name(event));
    if (event != SCENE_NONE)
        scene = g_ptr_array_index(settings->scenes, event - 1);
    else
        fault = read_button(config, section, settings, &scene);
    char *const *key = config_keys(config, section);
    for (; *key && scene && !fault; key++)
        if (strcmp(*key, "label") != 0)
            fault = read_scene_line(config, section, *key, settings, scene);
    return fault;
}

const struct scene_settings *room_settings_scene(const GPtrArray *scenes, const char *name)
{
    for (guint i = 0; i < scenes->len; i++) {
        const struct scene_settings *scene = g_ptr_array_index(scenes, i);
        if (strcmp(scene->name, name) == 0)
            return scene;
    }
    return NULL;
}

static bool is_same_device(const struct device_settings *a, const struct device_settings *b)
{
    return strcmp(a->id, b->id) == 0 && a->driver == b->driver &&
           strcmp(a->address, b->address) == 0 && strcmp(a->bind, b->bind) == 0 &&
           a->port == b->port && a->is_udp == b->is_udp && a->is_serial == b->is_serial &&
           a->baud == b->baud && g_strcmp0(a->user, b->user) == 0 &&
           g_strcmp0(a->password, b->password) == 0 && a->is_pinned == b->is_pinned &&
           memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) == 0;
}

bool room_settings_same_devices(const struct room_settings *a, const struct room_settings *b)
{
    bool is_same = a->devices->len == b->devices->len;
    for (guint i = 0; is_same && i < a->devices->len; i++)
        is_same =
                is_same_device(g_ptr_array_index(a->devices, i), g_ptr_array_index(b->devices, i));
    return is_same;
}

// A room speaks with its key over TLS; without it only with a centre on the box itself, in trials.
static bool is_machine_url(const char *text)
{
    struct url url;
    if (url_read(text, websocket, &url) < 0)
        return false;
    const bool is_fine = strcmp(url.scheme, "wss") == 0 || address_text_is_loopback(url.host);
    url_fini(&url);
    return is_fine;
}

static char *check_listeners(const struct config *config, const struct room_settings *settings)
{
    g_autofree char *page_host = NULL;
    g_autofree char *status_host = NULL;
    uint16_t page_port = 0;
    uint16_t status_port = 0;
    if (address_text_split(settings->page_listen, &page_host, &page_port) < 0 ||
            !address_text_is_loopback(page_host))
        return config_fault(
                config, "page", "listen", "expected a loopback address: the page has no login");
    if (address_text_split(settings->status_listen, &status_host, &status_port) < 0)
        return config_fault(config, "status", "listen", "expected ADDRESS:PORT");
    // The library tells listeners of one program apart by their port alone.
    if (page_port && page_port == status_port)
        return config_fault(
                config, "status", "listen", "expected another port than that of [page] listen");
    return NULL;
}

static char *read_all(const struct config *config, struct room_settings *settings)
{
    if (!is_machine_url(settings->machine_url))
        return config_fault(config, "signal", "machine_url",
                "expected wss://HOST:PORT/PATH; ws:// is for 127.0.0.1 only");
    char *fault = check_listeners(config, settings);
    char *const *section = config_sections(config, "device *");
    for (; *section && !fault; section++)
        fault = read_device(config, *section, settings);
    section = config_sections(config, "microphones *");
    for (; *section && !fault; section++)
        fault = read_microphones(config, *section, settings);
    for (section = config_sections(config, "scene *"); *section && !fault; section++)
        fault = read_scene(config, *section, settings);
    return fault;
}

static char *find_media_program(const char *setting)
{
    if (setting[0])
        return g_strdup(setting);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self ? self : "/usr/bin/rong-room");
    return g_build_filename(folder, "rong-room-media", NULL);
}

struct room_settings *room_settings_new(const struct config *config, char **fault)
{
    struct room_settings *settings = g_new0(struct room_settings, 1);
    settings->name = g_strdup(config_string(config, "room", "name"));
    settings->line2 = g_strdup(config_string(config, "room", "line2"));
    settings->address = g_strdup(config_string(config, "room", "address"));
    const char *media_address = config_string(config, "media", "address");
    settings->media_address = g_strdup(media_address[0] ? media_address : settings->address);
    settings->visca_port = (uint16_t)config_integer(config, "room", "visca_port");
    settings->signal_url = g_strdup(config_string(config, "signal", "url"));
    settings->machine_url = g_strdup(config_string(config, "signal", "machine_url"));
    settings->state_dir = g_strdup(config_string(config, "room", "state_dir"));
    settings->media_program = find_media_program(config_string(config, "media", "program"));
    settings->source = strcmp(config_string(config, "media", "source"), "synthetic") == 0
                               ? MEDIA_SOURCE_SYNTHETIC
                               : MEDIA_SOURCE_DEVICES;
    settings->mark = (unsigned)config_integer(config, "media", "mark");
    settings->tone_hz = (unsigned)config_integer(config, "media", "tone_hz");
    settings->page_listen = g_strdup(config_string(config, "page", "listen"));
    settings->status_listen = g_strdup(config_string(config, "status", "listen"));
    settings->devices = g_ptr_array_new_with_free_func(device_settings_free);
    settings->microphones = g_ptr_array_new_with_free_func(microphone_settings_free);
    settings->scenes = new_scenes();
    *fault = read_all(config, settings);
    if (!*fault)
        return settings;
    room_settings_free(settings);
    return NULL;
}

void room_settings_free(struct room_settings *settings)
{
    if (!settings)
        return;
    g_free(settings->name);
    g_free(settings->line2);
    g_free(settings->address);
    g_free(settings->media_address);
    g_free(settings->signal_url);
    g_free(settings->machine_url);
    g_free(settings->state_dir);
    g_free(settings->media_program);
    g_free(settings->page_listen);
    g_free(settings->status_listen);
    g_ptr_array_unref(settings->devices);
    g_ptr_array_unref(settings->microphones);
    g_ptr_array_unref(settings->scenes);
    g_free(settings);
}

char *room_settings_check(const struct config *config)
{
    char *fault = NULL;
    room_settings_free(room_settings_new(config, &fault));
    return fault;
}
