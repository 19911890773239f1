// SPDX-License-Identifier: Apache-2.0
#define LOG_TOPIC "main"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/net/enroll.h"
#include "mcu/service.h"
#include "mcu/settings.h"

#define NICENESS (-10)
#define HEAPS    2

static char *enroll_code;

static const struct daemon_option options[] = {
    { .name = "enroll",
            .help = "Gets this MCU's certificate with a one-time code (`rong mcu code NAME`)",
            .value = &enroll_code },
    { .name = NULL },
};

static const struct daemon_info info = {
    .name = "rong-mcu",
    .summary = "Mixes the sound and composes the picture of the Rong meeting house.",
    .default_config = "/etc/rong/mcu.conf",
    .settings = mcu_settings,
    .options = options,
    .check = mcu_settings_check,
};

static int run_enroll(const struct config *config)
{
    g_autofree char *name = NULL;
    g_autofree char *fault = NULL;
    if (enroll(config_string(config, "signal", "url"), enroll_code, ROLE_MCU,
                config_string(config, "mcu", "state_dir"), &name, &fault) < 0) {
        fprintf(stderr, "rong-mcu: %s\n", fault);
        return 1;
    }
    printf("enrolled as %s\n", name);
    return 0;
}

// Sound and picture can not wait for what else runs on the machine. As far as the system lets us:
// the service unit says the same.
static void go_first(void)
{
    if (setpriority(PRIO_PROCESS, 0, NICENESS) < 0)
        log_debug("no higher priority reason=\"%s\"", g_strerror(errno));
}

// glibc gives each thread a heap of its own, up to eight a core, and what one thread frees the
// others can not use: half as much memory again for every room (make bench,
// wire.memory_per_listening_room).
static void share_heaps(void)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet
    if (mallopt(M_ARENA_MAX, HEAPS) == 0)
        log_debug("threads have heaps of their own");
}

static int run(const struct config *config)
{
    share_heaps();
    go_first();
    struct loop *loop = loop_new_main();
    struct service *service = NULL;
    int exit_code = 1;
    if (service_open(loop, config, &service) == 0) {
        daemon_ready(loop);
        loop_run(loop);
        exit_code = 0;
    }
    service_close(service);
    while (g_main_context_iteration(loop_context(loop), FALSE)) // what was left to be freed
        ;
    loop_free(loop);
    return exit_code;
}

int main(int argc, char **argv)
{
    int exit_code = 0;
    struct config *config = daemon_start(&info, argc, argv, &exit_code);
    if (!config)
        return exit_code;
    exit_code = enroll_code ? run_enroll(config) : run(config);
    config_free(config);
    g_free(enroll_code);
    return exit_code;
}
