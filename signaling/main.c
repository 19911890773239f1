// SPDX-License-Identifier: Apache-2.0
#include "common/base/daemon.h"
#include "signaling/service.h"
#include "signaling/settings.h"

static const struct daemon_info info = {
    .name = "rong-signal",
    .summary = "Meetings, rights, the journal and the page of the Rong meeting house.",
    .default_config = "/etc/rong/signal.conf",
    .settings = signal_settings,
    .check = signal_settings_check,
};

int main(int argc, char **argv)
{
    int exit_code = 0;
    struct config *config = daemon_start(&info, argc, argv, &exit_code);
    if (!config)
        return exit_code;
    struct loop *loop = loop_new_main();
    struct service *service = NULL;
    exit_code = 1;
    if (service_open(loop, config, &service) == 0) {
        daemon_ready(loop);
        loop_run(loop);
        exit_code = 0;
    }
    service_close(service);
    loop_free(loop);
    config_free(config);
    return exit_code;
}
