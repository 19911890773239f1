// SPDX-License-Identifier: Apache-2.0
#include "common/net/net_metrics.h"

METRICS_DEFINE(METRICS_NET, net_metrics)
