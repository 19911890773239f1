// SPDX-License-Identifier: Apache-2.0
// The counters of rong-room.
#pragma once

#include "common/base/metrics.h"

#define METRICS_ROOM(METRIC) \
    METRIC(COUNTER, room_connects_total, "Connections made to the centre") \
    METRIC(COUNTER, room_bad_messages_total, \
            "Messages from the centre or the media process that could not be read") \
    METRIC(COUNTER, room_media_starts_total, "Starts of the media process") \
    METRIC(COUNTER, room_offers_total, "Media offers sent to the centre") \
    METRIC(COUNTER, room_offers_failed_total, "Media offers that were not answered with an SDP") \
    METRIC(COUNTER, room_drives_total, "Orders by hand from technicians") \
    METRIC(COUNTER, room_drives_failed_total, "Orders by hand that failed") \
    METRIC(COUNTER, room_scenes_total, "Scenes that were set") \
    METRIC(COUNTER, room_scenes_failed_total, "Scenes that ended in a fault") \
    METRIC(COUNTER, room_page_refused_total, \
            "Requests to the room's page from another origin or host") \
    METRIC(GAUGE, room_signal_connected, "1 while the centre is connected") \
    METRIC(GAUGE, room_media_connected, "1 while picture and sound flow") \
    METRIC(GAUGE, room_devices, "Devices in the settings") \
    METRIC(GAUGE, room_devices_up, "Devices that work")

METRICS_DECLARE(METRICS_ROOM, room_metrics)
