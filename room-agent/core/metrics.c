// SPDX-License-Identifier: Apache-2.0
#include "room-agent/core/metrics.h"

METRICS_DEFINE(METRICS_ROOM, room_metrics)
