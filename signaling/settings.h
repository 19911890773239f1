// SPDX-License-Identifier: Apache-2.0
// The settings of rong-signal; the command line `rong` reads the same file.
#pragma once

#include "common/base/config.h"

extern const struct config_setting signal_settings[];

// Faults that the table can not express, or NULL (g_free).
char *signal_settings_check(const struct config *config);
// server_names as a list, with the loopback names that are always there (g_strfreev).
char **signal_server_names(const struct config *config);
