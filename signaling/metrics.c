// SPDX-License-Identifier: Apache-2.0
#include "signaling/metrics.h"

METRICS_DEFINE(METRICS_SIGNAL, signal_metrics)
