// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *journal_prefix;
} levels[] = {
    [LOG_LEVEL_ERROR] = { "error", SD_ERR },
    [LOG_LEVEL_WARN] = { "warn", SD_WARNING },
    [LOG_LEVEL_INFO] = { "info", SD_INFO },
    [LOG_LEVEL_DEBUG] = { "debug", SD_DEBUG },
};

static atomic_int highest_level = LOG_LEVEL_INFO;

bool log_set_level(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (strcmp(levels[i].name, name) == 0) {
            atomic_store_explicit(&highest_level, (int)i, memory_order_relaxed);
            return true;
        }
    }
    return false;
}

// $JOURNAL_STREAM names the device and inode of the journal's socket: systemd.exec(5).
static bool find_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM"); // NOLINT(concurrency-mt-unsafe): never set by us
    unsigned long long device = 0;
    unsigned long long inode = 0;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && // NOLINT(cert-err34-c)
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static bool is_journal(void)
{
    static gsize found; // 1: no, 2: yes
    if (g_once_init_enter(&found))
        g_once_init_leave(&found, find_journal() ? 2 : 1);
    return found == 2;
}

static void append_time(GString *line)
{
    struct timespec now;
    struct tm local;
    char date[32];
    char zone[8];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof(zone), "%z", &local);
    g_string_append_printf(line, "%s.%03ld%s ", date, now.tv_nsec / 1000000, zone);
}

static void append_escaped(GString *line, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f)
            g_string_append_printf(line, "\\x%02x", byte);
        else
            g_string_append_c(line, *text);
    }
}

void log_write(enum log_level level, const char *topic, const char *format, ...)
{
    if ((int)level > atomic_load_explicit(&highest_level, memory_order_relaxed))
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    g_autoptr(GString) line = g_string_sized_new(160);
    if (is_journal())
        g_string_append(line, levels[level].journal_prefix);
    else
        append_time(line);
    g_string_append_printf(line, "%s %s ", levels[level].name, topic);
    append_escaped(line, text);
    g_string_append_c(line, '\n');
    // One write a line, so that lines of several threads do not mix; a full disk is nothing we can
    // log.
    ssize_t written = write(STDERR_FILENO, line->str, line->len);
    (void)written;
}
