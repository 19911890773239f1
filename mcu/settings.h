// SPDX-License-Identifier: Apache-2.0
// The settings of rong-mcu.
#pragma once

#include "common/base/config.h"

extern const struct config_setting mcu_settings[];
// Faults that the table can not express; g_free. NULL: none.
char *mcu_settings_check(const struct config *config);
