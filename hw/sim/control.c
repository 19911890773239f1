// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/base/log.h"
#include "hw/listener.h"
#include "hw/sim/posed.h"

#define LOG_TOPIC "sim"

#define LINE_MAX_BYTES 256

struct sim_control {
    struct hw_listener *listener;
    GPtrArray *devices; // struct sim_device, lent
};

static struct sim_device *find_device(const struct sim_control *control, const char *name)
{
    for (guint i = 0; i < control->devices->len; i++) {
        struct sim_device *device = g_ptr_array_index(control->devices, i);
        if (strcmp(device->name, name) == 0)
            return device;
    }
    return NULL;
}

// Names come from section headers, which hold no quotes or control characters.
static void write_device(GString *out, struct sim_device *device)
{
    g_string_append_printf(out, "{\"name\":\"%s\",\"kind\":\"%s\",\"fault\":\"%s\"", device->name,
            device->class->kind, sim_fault_name(device->fault));
    device->class->write_state(device, out);
    g_string_append_c(out, '}');
}

static void answer_list(const struct sim_control *control, GString *out)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < control->devices->len; i++) {
        if (i)
            g_string_append_c(out, ',');
        write_device(out, g_ptr_array_index(control->devices, i));
    }
    g_string_append_c(out, ']');
}

static void answer(const struct sim_control *control, char *line, GString *out)
{
    g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", -1);
    guint count = g_strv_length(words);
    if (count == 1 && strcmp(words[0], "list") == 0) {
        answer_list(control, out);
        return;
    }
    struct sim_device *device = count >= 2 ? find_device(control, words[1]) : NULL;
    enum sim_fault fault = count == 3 ? sim_fault_find(words[2]) : SIM_FAULT_COUNT;
    if (count >= 2 && !device) {
        g_string_append(out, "{\"error\":\"no such device\"}");
    } else if (count == 2 && strcmp(words[0], "state") == 0) {
        write_device(out, device);
    } else if (count == 3 && strcmp(words[0], "fault") == 0 && fault != SIM_FAULT_COUNT) {
        log_info("fault device=%s fault=%s", device->name, sim_fault_name(fault));
        device->class->set_fault(device, fault);
        write_device(out, device);
    } else {
        g_string_append(out, "{\"error\":\"list, state NAME, or fault NAME KIND\"}");
    }
}

static bool client_accepted(void *context, struct hw_client *client)
{
    (void)context;
    hw_client_set_data(client, g_malloc0(LINE_MAX_BYTES));
    return true;
}

static void client_received(
        void *context, struct hw_client *client, const uint8_t *data, size_t size)
{
    struct sim_control *control = context;
    char *line = hw_client_data(client);
    size_t used = strlen(line);
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n') {
            if (used < LINE_MAX_BYTES - 1 && data[i] >= ' ')
                line[used++] = (char)data[i];
            continue;
        }
        line[used] = '\0';
        g_autoptr(GString) out = g_string_new(NULL);
        answer(control, line, out);
        g_string_append_c(out, '\n');
        hw_listener_send(control->listener, hw_client_id(client), out->str, out->len);
        memset(line, 0, LINE_MAX_BYTES);
        used = 0;
    }
}

int sim_control_open(
        struct loop *loop, const char *listen, GPtrArray *devices, struct sim_control **out)
{
    static const struct hw_listener_handler handler = {
        .accepted = client_accepted,
        .received = client_received,
    };
    struct sim_control *control = g_new0(struct sim_control, 1);
    control->devices = devices;
    int rc = hw_listener_open(loop, listen, &handler, control, &control->listener);
    if (rc < 0) {
        g_free(control);
        return rc;
    }
    log_info("listening control port=%u", hw_listener_port(control->listener));
    *out = control;
    return 0;
}

void sim_control_close(struct sim_control *control)
{
    if (!control)
        return;
    hw_listener_close(control->listener);
    g_free(control);
}
