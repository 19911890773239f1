// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "service"

#include "mcu/service.h"

#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "common/media/media.h"
#include "common/net/enroll.h"
#include "common/net/status_pages.h"
#include "mcu/control.h"
#include "mcu/engine.h"
#include "mcu/metrics.h"

struct service {
    char **addresses;
    struct web_server *web;
    struct status_pages *status;
    struct engine *engine;
    struct control *control;
};

static struct metric *const *const metric_tables[] = { mcu_metrics, NULL };

static char **read_addresses(const struct config *config)
{
    g_auto(GStrv) parts = g_strsplit(config_string(config, "mcu", "media_addresses"), ",", -1);
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
    for (char **part = parts; *part; part++)
        if (*g_strstrip(*part))
            g_strv_builder_add(kept, *part);
    return g_strv_builder_end(kept);
}

static bool is_healthy(void *context, GString *reason)
{
    const struct service *service = context;
    if (control_is_connected(service->control))
        return true;
    g_string_append(reason, "not connected to rong-signal");
    return false;
}

static int open_status(struct service *service, struct loop *loop, const struct config *config)
{
    service->web = web_server_new(loop);
    const struct status_pages_config status = {
        .program = "rong-mcu",
        .listen = config_string(config, "mcu", "status_listen"),
        .is_healthy = is_healthy,
        .context = service,
        .tables = metric_tables,
    };
    return status_pages_open(service->web, &status, &service->status);
}

static int open_control(struct service *service, struct loop *loop, const struct config *config)
{
    const char *url = config_string(config, "signal", "machine_url");
    const char *state_dir = config_string(config, "mcu", "state_dir");
    const bool is_plain = g_str_has_prefix(url, "ws://");
    g_autofree char *certificate = g_build_filename(state_dir, ENROLL_CERTIFICATE_FILE, NULL);
    if (!is_plain && !g_file_test(certificate, G_FILE_TEST_EXISTS)) {
        log_error("not enrolled: run rong-mcu --enroll CODE (from `rong mcu code NAME`) missing=%s",
                certificate);
        return -ENOENT;
    }
    const struct control_config control = {
        .machine_url = url,
        .state_dir = is_plain ? NULL : state_dir,
    };
    return control_open(loop, &control, &service->control);
}

static int open_engine(struct service *service, struct loop *loop, const struct config *config)
{
    const char *const elements[] = { "appsrc", "appsink",
        config_string(config, "canvas", "encoder"), "avdec_h264", NULL };
    const char *missing = NULL;
    if (media_init(elements, &missing) < 0) {
        log_error("GStreamer has no element %s", missing);
        return -ENOENT;
    }
    const int width = (int)config_integer(config, "canvas", "width");
    const int content_width = (int)config_integer(config, "content", "width");
    const struct engine_config engine = {
        .loop = loop,
        .addresses = (const char *const *)service->addresses,
        .min_port = (uint16_t)config_integer(config, "mcu", "media_min_port"),
        .max_port = (uint16_t)config_integer(config, "mcu", "media_max_port"),
        .net_threads = (int)config_integer(config, "mcu", "net_threads"),
        .width = width,
        .height = width * 9 / 16,
        .fps = (int)config_integer(config, "canvas", "fps"),
        .kbps = (int)config_integer(config, "canvas", "kbps"),
        .encoder = config_string(config, "canvas", "encoder"),
        .content_width = content_width,
        .content_height = content_width * 9 / 16,
        .content_fps = (int)config_integer(config, "content", "fps"),
        .content_kbps = (int)config_integer(config, "content", "kbps"),
        .audio_bit_rate = (int)config_integer(config, "audio", "kbps") * 1000,
        .audio_loss_percent = (int)config_integer(config, "audio", "loss_percent"),
    };
    int rc = engine_open(&engine, &control_engine_events, service->control, &service->engine);
    if (rc == 0)
        control_set_engine(service->control, service->engine);
    return rc;
}

int service_open(struct loop *loop, const struct config *config, struct service **out)
{
    struct service *service = g_new0(struct service, 1);
    service->addresses = read_addresses(config);
    int rc = open_control(service, loop, config);
    if (rc == 0)
        rc = open_engine(service, loop, config);
    if (rc == 0)
        rc = open_status(service, loop, config);
    if (rc < 0) {
        service_close(service);
        return rc;
    }
    log_info("listening status=%u", status_pages_port(service->status));
    *out = service;
    return 0;
}

void service_close(struct service *service)
{
    if (!service)
        return;
    web_server_free(service->web);
    status_pages_close(service->status);
    // The connection first: rong-signal learns at once that this MCU is gone.
    control_close(service->control);
    engine_close(service->engine);
    g_strfreev(service->addresses);
    g_free(service);
}
