// SPDX-License-Identifier: Apache-2.0
#include "common/net/status_pages.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/version.h"
#include "common/net/net_metrics.h"

struct status_pages {
    struct status_pages_config config;
    struct web_listener *listener;
    int64_t started_at; // seconds since 1970
};

static void answer_health(void *context, struct web_request *request)
{
    const struct status_pages *pages = context;
    g_autoptr(GString) reason = g_string_new(NULL);
    bool is_healthy =
            !pages->config.is_healthy || pages->config.is_healthy(pages->config.context, reason);
    if (is_healthy)
        g_string_assign(reason, "ok");
    g_string_append_c(reason, '\n');
    web_reply(request, is_healthy ? 200 : 503, NULL, "text/plain; charset=utf-8", reason->str,
            reason->len);
}

static void answer_version(void *context, struct web_request *request)
{
    const struct status_pages *pages = context;
    g_autofree char *json = g_strdup_printf(
            "{\"program\":\"%s\",\"version\":\"" RONG_VERSION "\"}", pages->config.program);
    web_reply_json(request, 200, json);
}

static int64_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int64_t count = 0;
    while (dir && readdir(dir)) // NOLINT(concurrency-mt-unsafe): a stream of this thread's own
        count++;
    if (dir)
        closedir(dir);
    return count > 2 ? count - 2 : 0; // "." and ".."
}

static int64_t resident_bytes(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        return 0;
    const char *second = strchr(text, ' ');
    return second ? g_ascii_strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static void append_value(GString *out, const char *name, const char *kind, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, kind, name);
}

static void write_process(const struct status_pages *pages, GString *out)
{
    struct rusage usage = { 0 };
    getrusage(RUSAGE_SELF, &usage);
    double seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    append_value(out, "process_cpu_seconds_total", "counter", "CPU time used");
    g_string_append_printf(out, "%s\n", g_ascii_formatd(number, sizeof(number), "%.6f", seconds));
    append_value(out, "process_resident_memory_bytes", "gauge", "Memory in use");
    g_string_append_printf(out, "%" G_GINT64_FORMAT "\n", resident_bytes());
    append_value(out, "process_open_fds", "gauge", "Open files");
    g_string_append_printf(out, "%" G_GINT64_FORMAT "\n", count_entries("/proc/self/fd"));
    append_value(out, "process_threads", "gauge", "Threads");
    g_string_append_printf(out, "%" G_GINT64_FORMAT "\n", count_entries("/proc/self/task"));
    append_value(out, "process_start_time_seconds", "gauge", "When it started, since 1970");
    g_string_append_printf(out, "%" G_GINT64_FORMAT "\n", pages->started_at);
    append_value(out, "rong_build_info", "gauge", "Which program and version this is");
    g_string_truncate(out, out->len - 1);
    g_string_append_printf(
            out, "{program=\"%s\",version=\"" RONG_VERSION "\"} 1\n", pages->config.program);
}

static void answer_metrics(void *context, struct web_request *request)
{
    const struct status_pages *pages = context;
    if (pages->config.collect)
        pages->config.collect(pages->config.context);
    g_autoptr(GString) out = g_string_new(NULL);
    for (struct metric *const *const *table = pages->config.tables; table && *table; table++)
        metrics_write(out, *table);
    metrics_write(out, net_metrics);
    write_process(pages, out);
    web_reply(request, 200, NULL, "text/plain; version=0.0.4; charset=utf-8", out->str, out->len);
}

static const struct web_route routes[] = {
    { "GET", "/healthz", answer_health, 0 },
    { "GET", "/metrics", answer_metrics, 0 },
    { "GET", "/version", answer_version, 0 },
    { NULL, NULL, NULL, 0 },
};

int status_pages_open(struct web_server *server, const struct status_pages_config *config,
        struct status_pages **out)
{
    struct status_pages *pages = g_new0(struct status_pages, 1);
    pages->config = *config;
    pages->started_at = g_get_real_time() / G_USEC_PER_SEC;
    const struct web_listener_config listener = {
        .name = "status",
        .listen = config->listen,
        .tls = WEB_PLAIN,
        .routes = routes,
        .context = pages,
    };
    int rc = web_server_listen(server, &listener, &pages->listener);
    if (rc < 0) {
        g_free(pages);
        return rc;
    }
    *out = pages;
    return 0;
}

void status_pages_close(struct status_pages *pages)
{
    g_free(pages);
}

uint16_t status_pages_port(const struct status_pages *pages)
{
    return web_listener_port(pages->listener);
}
