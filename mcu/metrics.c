// SPDX-License-Identifier: Apache-2.0
#include "mcu/metrics.h"

METRICS_DEFINE(METRICS_MCU, mcu_metrics)
